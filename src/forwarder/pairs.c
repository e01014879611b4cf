#include "forwarder/pairs.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"

#define BATCH      32   /* messages of one system call */
#define ROUNDS_MAX 4    /* batches of a pair in one turn */
#define WAITING    8192 /* SETTLED of a pair; twice what a worker parks (FP-02) */

/* A pair; `fd` -1: there is none. SETTLED from `head` to `tail` wait, modulo WAITING. */
struct peer {
	struct pairs *pairs;
	uint32_t slot;
	int fd; /* owned */
	bool dirty;
	struct event readable, writable;
	struct peer *next_dirty;
	struct ask_settled *waiting; /* owned */
	uint32_t head, tail;
};

struct pairs {
	struct forwarder *forwarder;
	uint32_t slots;
	struct peer *peers; /* owned */
	struct peer *dirty; /* those that pairs_flush() sends for */
	struct log_bucket log;
	bool begun;
	uint64_t life;
	union ask_message messages[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr headers[BATCH];
};

/* ---- what workers say ---- */

static void refuse(struct pairs *p, const struct peer *peer, size_t len)
{
	uint64_t suppressed;

	if (log_allow(&p->log, forwarder_now(p->forwarder), &suppressed))
		log_line(LOG_WARNING,
			"message refused kind=worker slot=%u octets=%zu suppressed=%llu",
			(unsigned)peer->slot, len, (unsigned long long)suppressed);
}

static void on_ask(
	struct forwarder *f, const struct peer *peer, const union ask_message *m)
{
	struct question questions[ASK_QUESTIONS_MAX];
	const struct board_page *board = f->reader.board;
	struct hash_key key = {board->key0, board->key1, UINT64_MAX};
	struct fwdtab_waiter w = {.slot = peer->slot,
		.place = m->head.place,
		.serial = m->head.serial,
		.life = m->head.life};
	uint64_t now_ns = forwarder_now(f);
	unsigned n = 0;

	if (m->head.settings != f->number)
		forwarder_refresh(f);
	/* It came in this turn: what is stored from now on is younger than the query. */
	if (m->head.arrival_ns > now_ns)
		now_ns = forwarder_later(f);
	while (n < ASK_QUESTIONS_MAX && ask_question(m, n, &key, &questions[n]))
		n++;
	if (n > 0)
		fwdtab_ask(f->table, questions, n,
			m->head.place == ASK_NOBODY ? NULL : &w, &m->head, now_ns);
}

static void on_message(
	struct pairs *p, struct peer *peer, const union ask_message *m, size_t len)
{
	struct forwarder *f = p->forwarder;

	if (!ask_check(m, len)) {
		refuse(p, peer, len);
		return;
	}
	switch (m->type) {
	case ASK_ASK:
		on_ask(f, peer, m);
		break;
	case ASK_NOTE:
		fwdtab_note(f->table, &m->note, forwarder_now(f));
		break;
	case ASK_LOOP:
		fwdtab_loop(f->table, &m->loop, forwarder_now(f));
		break;
	default:
		refuse(p, peer, len); /* that is for us to say */
		break;
	}
}

/* Take a batch of messages; how many, 0: none waits. */
static unsigned take(struct pairs *p, int fd)
{
	for (unsigned i = 0; i < BATCH; i++) {
		p->iov[i] = (struct iovec){p->messages[i].octets, sizeof(p->messages[i])};
		p->headers[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &p->iov[i], .msg_iovlen = 1}};
	}
	int n = recvmmsg(fd, p->headers, BATCH, MSG_DONTWAIT, NULL);
	return n > 0 ? (unsigned)n : 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *peer = arg;
	struct pairs *p = peer->pairs;

	(void)what;
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		unsigned n = take(p, fd);

		for (unsigned i = 0; i < n; i++)
			on_message(p, peer, &p->messages[i], p->headers[i].msg_len);
		if (n < BATCH)
			return;
	}
}

/* ---- what they are told ---- */

/* Send what waits, as much as the pair takes. */
static void flush(struct peer *peer)
{
	struct pairs *p = peer->pairs;

	while (peer->head != peer->tail) {
		unsigned n = MIN(peer->tail - peer->head, BATCH);

		for (unsigned i = 0; i < n; i++) {
			struct ask_settled *s =
				&peer->waiting[(peer->head + i) % WAITING];

			p->iov[i] = (struct iovec){s, sizeof(*s)};
			p->headers[i] = (struct mmsghdr){
				.msg_hdr = {.msg_iov = &p->iov[i], .msg_iovlen = 1}};
		}
		int sent = sendmmsg(peer->fd, p->headers, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			event_add(&peer->writable, NULL);
			return;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		/* Nobody can be told: workers ask again by themselves. */
		peer->head += sent > 0 ? (unsigned)sent : n;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

void pairs_flush(struct pairs *p)
{
	while (p->dirty != NULL) {
		struct peer *peer = p->dirty;

		p->dirty = peer->next_dirty;
		peer->dirty = false;
		if (!event_pending(&peer->writable, EV_WRITE, NULL))
			flush(peer);
	}
}

void pairs_settled(struct pairs *p, const struct fwdtab_waiter *w, enum ask_status status)
{
	struct peer *peer = &p->peers[w->slot];

	if (peer->fd < 0 || peer->tail - peer->head == WAITING)
		return;
	peer->waiting[peer->tail++ % WAITING] = (struct ask_settled){
		.type = ASK_SETTLED,
		.place = w->place,
		.serial = w->serial,
		.status = status,
		.life = w->life,
	};
	if (peer->dirty)
		return;
	peer->dirty = true;
	peer->next_dirty = p->dirty;
	p->dirty = peer;
}

/* ---- start and end ---- */

static void begin(struct peer *peer)
{
	struct pairs *p = peer->pairs;
	const struct ask_hello hello = {
		.type = ASK_HELLO, .forwarder = p->forwarder->slot, .life = p->life};

	while (take(p, peer->fd) > 0)
		;
	(void)!send(peer->fd, &hello, sizeof(hello), MSG_DONTWAIT | MSG_NOSIGNAL);
	event_add(&peer->readable, NULL);
}

void pairs_begin(struct pairs *p, uint64_t life)
{
	p->begun = true;
	p->life = life;
	for (uint32_t i = 0; i < p->slots; i++)
		if (p->peers[i].fd >= 0)
			begin(&p->peers[i]);
}

int pairs_add(struct pairs *p, uint32_t slot, int fd)
{
	struct peer *peer = slot < p->slots ? &p->peers[slot] : NULL;

	if (peer == NULL || peer->fd >= 0) {
		close(fd);
		return peer == NULL ? -EINVAL : -EEXIST;
	}
	peer->fd = fd;
	peer->waiting = mem_alloc(WAITING, sizeof(*peer->waiting));
	event_assign(&peer->readable, p->forwarder->base, fd, EV_READ | EV_PERSIST,
		on_readable, peer);
	event_assign(
		&peer->writable, p->forwarder->base, fd, EV_WRITE, on_writable, peer);
	if (p->begun)
		begin(peer);
	return 0;
}

struct pairs *pairs_new(struct forwarder *f, uint32_t slots)
{
	struct pairs *p = mem_alloc(1, sizeof(*p));

	p->forwarder = f;
	p->slots = slots;
	p->peers = mem_alloc(slots, sizeof(*p->peers));
	for (uint32_t i = 0; i < slots; i++)
		p->peers[i] = (struct peer){.pairs = p, .slot = i, .fd = -1};
	return p;
}
