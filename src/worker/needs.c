#include "worker/needs.h"

#include <event2/event.h>
#include <sys/random.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/answer.h"
#include "worker/control.h"
#include "worker/listen.h"
#include "worker/notes.h"
#include "worker/peers.h"
#include "worker/tcp.h"

#define NOTES_MAX  8  /* of one batch */
#define NOTES_WAIT 32 /* that wait for company */
#define ROUNDS_MAX 16 /* batches of parked queries in one turn */

struct needs {
	struct worker *worker;
	struct park *park; /* NULL: there is no page, and nobody can wait */
	struct peers *peers;
	struct batch *batch;        /* of replies to parked queries */
	uint32_t places[BATCH_MAX]; /* of them, */
	int sockets[BATCH_MAX];     /* and the descriptors that they leave by */
	uint64_t timer_ns;          /* when the timer comes; UINT64_MAX: it does not */
	struct event *timer;
	unsigned notes_waiting; /* in the outbox */
	unsigned notes_left;    /* of this batch */
	bool company;           /* what may not wait is in the outbox, too */
	uint64_t foreign_ns;    /* when a loop was told of that is not ours alone */
	struct notes notes;
	struct notes refreshes; /* of stale entries; hits of others do not hide them */
};

/* ---- time ---- */

/* Have the timer come at `at_ns` at the latest. */
static void wake_at(struct needs *n, uint64_t at_ns, uint64_t now_ns)
{
	if (at_ns >= n->timer_ns)
		return;
	uint64_t us = at_ns > now_ns ? (at_ns - now_ns + 999) / 1000 : 0;
	struct timeval after = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};

	n->timer_ns = at_ns;
	event_add(n->timer, &after);
}

bool needs_any(const struct worker *w)
{
	return w->needs->park != NULL && w->needs->park->n > 0;
}

static void note_parked(struct needs *n)
{
	stat_set(&n->worker->stat->parked, n->park->n);
}

/* ---- asking ---- */

/* Put an ASK for what p needs into the outbox. False: there is nobody to ask. */
static bool ask(struct needs *n, const struct packet *p, uint32_t place, uint32_t serial,
	uint64_t deadline_ns)
{
	struct worker *w = n->worker;
	unsigned home = question_home(&p->need[0], w->ncaches);
	union ask_message *m = peers_message(n->peers, home);

	if (m == NULL)
		return false;
	m->head = (struct ask_head){.place = place,
		.serial = serial,
		.life = w->life,
		.settings = w->reader.settings.number,
		.arrival_ns = p->arrival_ns,
		.deadline_ns = deadline_ns,
		.tcp = p->tcp};
	peers_put(n->peers, ask_write(m, p->need, p->nneeds), place);
	n->company = true;
	return true;
}

/* The query waits on: ask, if it is time. False: it may not wait any longer. */
static bool wait_on(
	struct needs *n, const struct basis *b, const struct packet *p, uint32_t place)
{
	struct stat_worker *st = n->worker->stat;
	enum park_ask what = park_wait(
		n->park, place, p, &b->settings->forward, b->now_ns);
	const struct park_place *a = &n->park->page->places[place];

	if (what == PARK_SPENT)
		return false;
	wake_at(n, n->park->due_ns[place], b->now_ns);
	if (what == PARK_QUIET || !ask(n, p, place, a->serial, a->deadline_ns))
		return true;
	park_asked(n->park, place, (uint8_t)question_home(&p->need[0], b->ncaches),
		b->now_ns);
	stat_add(what == PARK_AGAIN ? &st->asks_again : &st->asks, 1);
	return true;
}

static void answer_now(const struct basis *b, struct packet *p, enum wait wait)
{
	p->wait = (uint8_t)wait;
	if (answer(b, p) != VERDICT_REPLY)
		p->reply_len = 0;
}

/* AC-08. Datagrams are dealt out to all workers, a connection stays with one. */
static bool asks_too_often(
	struct worker *w, const struct basis *b, const struct packet *p)
{
	const unsigned workers = p->tcp ? 1 : w->workers;
	struct addr client;

	if (b->settings->miss_rate.per_source == 0)
		return false;
	addr_of_socket(p->client, &client);
	return !rate_take(
		w->miss_rate, &client, &b->settings->miss_rate, workers, b->now_ns);
}

bool needs_take(struct worker *w, const struct basis *b, struct packet *p,
	const struct park_way *way)
{
	struct needs *n = w->needs;
	uint64_t wait_ns = b->settings->forward.deadline_ms * NS_PER_MS;
	int place = -ENOSPC;

	p->reply_len = 0;
	stat_add(&w->stat->cache_misses, 1);
	if (asks_too_often(w, b, p)) {
		answer_now(b, p, WAIT_FULL);
		p->facts |= PACKET_RATED;
		return false;
	}
	if (n->park != NULL)
		place = park_add(n->park, p, way, p->arrival_ns + wait_ns);
	if (place == -EALREADY) {
		stat_add(&w->stat->duplicates, 1);
		return true;
	}
	if (place < 0) {
		answer_now(b, p, WAIT_FULL);
		return false;
	}
	stat_add(&w->stat->parked_total, 1);
	note_parked(n);
	return wait_on(n, b, p, (uint32_t)place);
}

/* ---- telling ---- */

static void tell_hit(struct needs *n, const struct packet *p, uint64_t now_ns)
{
	unsigned room = MIN(n->notes_left, peers_room(n->peers));
	uint32_t hits;

	if (!notes_hit(&n->notes, p->used_home, p->used_word, room, now_ns, &hits))
		return;
	union ask_message *m = peers_message(n->peers, p->used_home);
	if (m == NULL)
		return;
	m->note = (struct ask_note){
		.type = ASK_NOTE, .hits = hits, .word = p->used_word, .now_ns = now_ns};
	peers_put(n->peers, sizeof(m->note), ASK_NOBODY);
	n->notes_left--;
	n->notes_waiting++;
}

/* CA-15: a stale answer went out first; once a second is often enough to ask for news. */
static void tell_refresh(struct needs *n, const struct packet *p, uint64_t now_ns)
{
	const struct forward_settings *f = &n->worker->reader.settings.forward;
	const struct question *q = &p->need[0];
	uint8_t home = (uint8_t)question_home(q, n->worker->ncaches);
	uint64_t word = q->hash.check ^ q->type ^ (uint64_t)q->hops << 16;
	uint32_t hits;

	if (notes_hit(&n->refreshes, home, word, peers_room(n->peers), now_ns, &hits))
		ask(n, p, ASK_NOBODY, 0, now_ns + f->deadline_ms * NS_PER_MS);
}

static void put_loop(struct needs *n, unsigned forwarder, const struct ask_loop *loop)
{
	union ask_message *m = peers_message(n->peers, forwarder);

	if (m == NULL)
		return;
	m->loop = *loop;
	peers_put(n->peers, sizeof(m->loop), ASK_NOBODY);
	n->company = true;
}

/*
 * LO-01: each forwarder has its own view of an upstream's health. A mark that is not ours
 * is worth one line of one log: whoever sends it cannot have us send more.
 */
static void tell_loop(struct needs *n, const struct packet *p, uint64_t now_ns)
{
	struct ask_loop loop = {
		.type = ASK_LOOP, .upstream = ASK_NO_UPSTREAM, .hops = p->q.hops};
	struct mark mark;

	if (mark_read(p->q.mark, MARK_OCTETS, &n->worker->reader.snap.key, &mark)) {
		loop.upstream = mark.upstream;
		loop.life = mark.life;
		for (unsigned i = 0; i < n->worker->ncaches; i++)
			put_loop(n, i, &loop);
	} else if (n->worker->ncaches > 0 && now_ns >= n->foreign_ns + NS_PER_S) {
		n->foreign_ns = now_ns;
		put_loop(n, 0, &loop);
	}
}

void needs_replied(struct worker *w, const struct packet *p, uint64_t now_ns)
{
	if (p->facts & PACKET_HIT)
		tell_hit(w->needs, p, now_ns);
	if (p->facts & PACKET_REFRESH)
		tell_refresh(w->needs, p, now_ns);
	if (p->facts & PACKET_LOOP)
		tell_loop(w->needs, p, now_ns);
}

/* Notes alone are no reason to wake anybody: they wait for company, or for the tick. */
void needs_flush(struct worker *w)
{
	struct needs *n = w->needs;
	n->notes_left = NOTES_MAX;
	if (!n->company && n->notes_waiting < NOTES_WAIT)
		return;
	peers_flush(n->peers);
	n->notes_waiting = 0;
	n->company = false;
}

/* ---- running again ---- */

/*
 * The descriptor that a reply leaves by; -1: it is not served (any more). Our own socket
 * has the same address as one of a share that we help no longer.
 */
static int socket_of(struct worker *w, const struct park_way *way)
{
	const struct worker_socket *s = listen_find(w, way->share, &way->key);

	if (s == NULL)
		s = listen_find(w, w->share, &way->key);
	return s != NULL ? s->fd : -1;
}

/* answer() of a parked query into p. True: it is over, and its place is free. */
static bool run(struct needs *n, const struct basis *b, uint32_t place, struct packet *p)
{
	struct worker *w = n->worker;

	p->turn = worker_turn(w);
	p->wait = (uint8_t)park_patience(
		n->park, place, &b->settings->forward, b->now_ns);
	stat_add(&w->stat->rounds, 1);
	if (!park_take(n->park, place, &b->snap->key, p)) {
		park_free(n->park, place);
		return true;
	}
	enum verdict v = answer(b, p);
	if (v == VERDICT_NEED && wait_on(n, b, p, place))
		return false;
	if (v == VERDICT_NEED)
		answer_now(b, p, WAIT_OVER);
	park_free(n->park, place);
	if (p->reply_len > 0) {
		query_count_reply(p, w->stat);
		query_count_time(p, w->stat, b->now_ns);
		tap_reply(&w->tap, b, p, b->now_ns);
		needs_replied(w, p, b->now_ns);
	} else {
		query_count_drop(p, w->stat);
	}
	return true;
}

/* The reply, if there is one, stands in the batch. */
static void run_udp(struct needs *n, const struct basis *b, uint32_t place)
{
	const struct park_way way = n->park->page->places[place].way;
	int fd = socket_of(n->worker, &way);
	struct packet *p = &n->batch->packet[n->batch->n];

	if (fd < 0 && b->now_ns < n->park->page->places[place].deadline_ns) {
		/* It may be handed over yet. */
		n->park->due_ns[place] = b->now_ns + 10 * NS_PER_MS;
		return;
	}
	batch_set_way(n->batch, n->batch->n, &way);
	if (run(n, b, place, p) && p->reply_len > 0 && fd >= 0)
		n->sockets[n->batch->n++] = fd;
}

static void run_tcp(struct needs *n, const struct basis *b, uint32_t place)
{
	const struct park_way way = n->park->page->places[place].way;
	uint64_t deadline_ns = n->park->page->places[place].deadline_ns;
	struct packet p = {0};

	switch (tcp_reply_begin(n->worker, way.connection, way.life, &p)) {
	case TCP_GONE:
		park_free(n->park, place);
		break;
	case TCP_BUSY: /* needs_connection_ready() follows, or it is too late */
		if (b->now_ns < deadline_ns) {
			n->park->due_ns[place] = deadline_ns;
			break;
		}
		park_free(n->park, place);
		tcp_reply_end(n->worker, way.connection, 0, b->now_ns);
		break;
	case TCP_READY:
		if (run(n, b, place, &p))
			tcp_reply_end(n->worker, way.connection, p.reply_len, b->now_ns);
		break;
	}
}

static void send_batch(struct needs *n)
{
	struct batch *batch = n->batch;
	unsigned lost = 0;

	for (unsigned i = 0; i < batch->n;) {
		unsigned from = i;

		while (i < batch->n && n->sockets[i] == n->sockets[from])
			i++;
		lost += batch_send_some(batch, n->sockets[from], from, i);
	}
	if (lost > 0)
		stat_add(&n->worker->stat->drops[DROP_SEND], lost);
	batch->n = 0;
}

/* Run up to a batch of places that are due. How many there were. */
static unsigned run_batch(struct needs *n, uint64_t now_ns)
{
	struct worker *w = n->worker;
	unsigned due = park_due(n->park, now_ns, n->places, BATCH_MAX);

	worker_refresh(w); /* between batches nothing is borrowed */
	struct basis b = worker_basis(w, now_ns);
	for (unsigned i = 0; i < due; i++) {
		uint32_t place = n->places[i];

		if (n->park->due_ns[place] > now_ns)
			continue; /* freed with its connection, meanwhile */
		if (n->park->page->places[place].way.life != 0)
			run_tcp(n, &b, place);
		else
			run_udp(n, &b, place);
	}
	send_batch(n);
	needs_flush(w);
	return due;
}

/* Run what is due, and have the timer come for the rest. */
static void run_due(struct needs *n)
{
	struct worker *w = n->worker;
	uint64_t now_ns = clock_mono_ns();
	unsigned rounds = 0;

	if (n->park == NULL || reader_snap(&w->reader) == NULL)
		return;
	while (rounds++ < ROUNDS_MAX && run_batch(n, now_ns) == BATCH_MAX)
		;
	note_parked(n);
	n->timer_ns = UINT64_MAX;
	wake_at(n, park_next_ns(n->park), now_ns);
	control_end_if_done(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_due(arg);
}

/* ---- caches ---- */

/* Map the cache of a forwarder, once there is one. */
static void look_for_cache(struct worker *w, unsigned k)
{
	struct cache *c = &w->caches[k];
	const uint8_t *base;
	size_t size;

	if (c->base != NULL || segment_cache_map(w->reader.instance, k, &base, &size) < 0)
		return;
	if (!cache_valid(base, size, w->reader.instance)) {
		segment_cache_unmap(base, size);
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(c->copy); i++)
		if (c->copy[i] == NULL)
			c->copy[i] = mem_alloc(1, CACHE_COPY_MAX);
	c->base = base;
	c->size = size;
}

static void look_for_caches(struct worker *w)
{
	for (unsigned k = 0; k < w->ncaches; k++)
		look_for_cache(w, k);
}

/* ---- words from forwarders ---- */

static void on_settled(void *arg, const struct ask_settled *m, unsigned n)
{
	struct needs *needs = arg;
	uint64_t now_ns = clock_mono_ns();

	if (needs->park == NULL)
		return;
	look_for_caches(needs->worker); /* what is settled stands in one */
	for (unsigned i = 0; i < n; i++) {
		if (park_waits(needs->park, m[i].place, m[i].serial)) {
			park_settled(
				needs->park, m[i].place, m[i].status == ASK_FULL, now_ns);
			stat_add(&needs->worker->stat->settled, 1);
		} else {
			stat_add(&needs->worker->stat->settled_unknown, 1);
		}
	}
	run_due(needs);
}

static void on_hello(void *arg, unsigned forwarder)
{
	struct needs *n = arg;
	uint64_t now_ns = clock_mono_ns();

	if (n->park == NULL)
		return;
	park_hello(n->park, (uint8_t)forwarder, now_ns);
	wake_at(n, now_ns, now_ns);
}

static void on_unsent(void *arg, uint32_t place)
{
	struct needs *n = arg;

	park_asked(n->park, place, n->park->notes[place].home, 0);
}

static void on_room(void *arg)
{
	struct needs *n = arg;

	if (n->park == NULL)
		return;
	park_retry(n->park, clock_mono_ns());
	run_due(n);
}

/* ---- connections ---- */

void needs_connection_gone(struct worker *w, uint32_t connection, uint64_t life)
{
	if (needs_any(w))
		park_connection(w->needs->park, connection, life, 0);
}

void needs_connection_ready(struct worker *w, uint32_t connection, uint64_t life)
{
	uint64_t now_ns = clock_mono_ns();

	if (!needs_any(w))
		return;
	park_connection(w->needs->park, connection, life, now_ns);
	wake_at(w->needs, now_ns, now_ns);
}

/* ---- beginning ---- */

struct needs *needs_new(struct worker *w)
{
	static const struct peers_handlers on = {
		on_settled, on_hello, on_unsent, on_room};
	struct needs *n = mem_alloc(1, sizeof(*n));

	n->worker = w;
	n->timer_ns = UINT64_MAX;
	n->notes_left = NOTES_MAX;
	n->batch = batch_new();
	n->peers = peers_new(w->base, &on, n);
	n->timer = event_new(w->base, -1, 0, on_timer, n);
	return n->timer != NULL ? n : NULL;
}

int needs_page(struct worker *w, int fd)
{
	struct needs *n = w->needs;
	struct hash_key key = {0};
	void *page;

	if (n->park != NULL)
		return -EALREADY;
	int ret = segment_park_map_fd(fd, PARK_OCTETS, &page);
	if (ret < 0)
		return ret;
	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) < 0)
		key.k0 = (uintptr_t)n; /* better than a constant */
	n->park = park_new(page, &key, clock_mono_ns());
	stat_add(&w->stat->adopted, n->park->n);
	note_parked(n);
	return 0;
}

void needs_serve(struct worker *w)
{
	uint64_t now_ns = clock_mono_ns();

	if (needs_any(w))
		wake_at(w->needs, now_ns, now_ns);
}

int needs_peer(struct worker *w, unsigned forwarder, int fd)
{
	return peers_add(w->needs->peers, forwarder, fd);
}

void needs_tick(struct worker *w)
{
	uint64_t torn = w->before.torn;

	peers_flush(w->needs->peers);
	w->needs->notes_waiting = 0;
	w->needs->company = false;
	look_for_caches(w);
	for (unsigned k = 0; k < w->ncaches; k++)
		torn += w->caches[k].torn;
	stat_set(&w->stat->cache_torn, torn);
}
