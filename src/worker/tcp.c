#include "worker/tcp.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/answer.h"
#include "worker/control.h"
#include "worker/listen.h"
#include "worker/life.h"
#include "worker/needs.h"
#include "dns/stream.h"

#define SMALL       2048        /* octets of input that each connection has (T-04) */
#define FLUSH       (16 << 10)  /* octets of replies that are sent at once */
#define TURN        (256 << 10) /* octets of replies, then others have their turn */
#define BIG         (FLUSH + STREAM_PREFIX + STREAM_MESSAGE_MAX)
#define BIGS        64
#define CROWDS      8192 /* counters of connections by client */
#define ACCEPTS     16   /* connections accepted in one turn */
#define DRAINS      16   /* reads of a connection when the worker retires */
#define TICK_MS     100  /* between looks at the limits */
#define PAUSE_MS    100  /* of accepting, without descriptors (EV-08) */
#define RETIRE_MS   1000
#define SHED_EIGHTH 7 /* of eight: so full, clients are told to leave (E-17) */

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A buffer for what does not fit elsewhere. */
struct big {
	struct connection *owner; /* NULL: free */
	uint64_t since_ns;
	uint8_t *octets; /* BIG of them */
};

/* What a connection's socket is watched for. */
enum watch {
	WATCH_QUERIES,
	WATCH_ROOM,    /* for replies */
	WATCH_NOTHING, /* no more queries are taken, and replies are not there yet */
};

struct connection {
	struct tcp *tcp;
	int fd;        /* owned; -1: the place is free */
	bool eof;      /* the client has sent its FIN */
	bool over;     /* no more queries are taken: end when the replies are out, */
	uint8_t watch; /* enum watch */
	enum stat_tcp_close why; /* and this is the reason */
	uint64_t number;         /* of all connections ever: parked queries name it */
	uint16_t crowd;
	struct life life;
	struct stream in;
	struct big *in_big, *out_big; /* borrowed from the pool; NULL: none */
	size_t out_at, out_len;       /* the replies in out_big that wait */
	union address address;
	struct event readable, writable;
	struct connection *next_free;
};

struct tcp {
	struct worker *worker;
	struct connection *connections; /* SETTINGS_CONNECTIONS_MAX places */
	uint8_t *small;                 /* SMALL octets for each */
	struct connection *free;        /* places that were used before */
	unsigned used;                  /* places that were used ever */
	unsigned n;                     /* connections */
	uint64_t number;                /* of the last one */
	uint8_t *out;                   /* replies under construction, BIG octets */
	struct big big[BIGS];
	struct hash_key key; /* of clients' addresses */
	uint16_t crowds[CROWDS];
	struct event *tick, *resume;
	struct log_bucket pause_log;
	int reserve; /* a descriptor for what matters more than a connection, or -1 */
	bool retiring;
	uint64_t retire_ns; /* when the loop ends at the latest */
};

static const struct tcp_limits *limits(const struct tcp *t)
{
	return &t->worker->reader.settings.tcp;
}

static unsigned connections_max(const struct tcp *t)
{
	return MAX(MIN(limits(t)->max_connections, SETTINGS_CONNECTIONS_MAX), 1);
}

/* ---- the end of a connection ---- */

static void big_give(struct big **b)
{
	if (*b != NULL)
		(*b)->owner = NULL;
	*b = NULL;
}

static uint32_t index_of(const struct connection *c)
{
	return (uint32_t)(c - c->tcp->connections);
}

static void close_now(struct connection *c, enum stat_tcp_close why)
{
	struct tcp *t = c->tcp;

	if (c->life.pending > 0)
		needs_connection_gone(t->worker, index_of(c), c->number);
	event_del(&c->readable);
	event_del(&c->writable);
	if (why == TCP_CLOSE_WRITE) { /* what it did not read is not kept by the kernel */
		struct linger none = {.l_onoff = 1};

		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	}
	close(c->fd);
	c->fd = -1;
	big_give(&c->in_big);
	big_give(&c->out_big);
	t->crowds[c->crowd]--;
	c->next_free = t->free;
	t->free = c;
	t->n--;
	stat_set(&t->worker->stat->tcp_connections, t->n);
	stat_add(&t->worker->stat->tcp_closed[why], 1);
	if (t->n > 0)
		return;
	event_del(t->tick);
	control_end_if_done(t->worker);
}

/* Send our FIN, and read on, so that nothing that is on its way is answered by a RST. */
static void end(struct connection *c, enum stat_tcp_close why, uint64_t now_ns)
{
	if (c->eof || shutdown(c->fd, SHUT_WR) < 0) {
		close_now(c, why);
		return;
	}
	life_end(&c->life, why, now_ns);
	big_give(&c->in_big);
	big_give(&c->out_big);
	event_del(&c->writable);
	event_add(&c->readable, NULL);
}

/* Close the connection that is missed least (T-08). */
static void close_one(struct tcp *t)
{
	struct connection *worst = NULL;

	for (unsigned i = 0; i < t->used; i++) {
		struct connection *c = &t->connections[i];

		if (c->fd >= 0 &&
			(worst == NULL || life_gives_way(&c->life, t->crowds[c->crowd],
						  &worst->life, t->crowds[worst->crowd])))
			worst = c;
	}
	if (worst != NULL)
		close_now(worst, TCP_CLOSE_LIMIT);
}

/* ---- buffers ---- */

/* A big buffer for c; who has held one longest makes room. */
static struct big *big_take(struct tcp *t, struct connection *c, uint64_t now_ns)
{
	struct big *oldest = NULL;

	for (unsigned i = 0; i < BIGS; i++) {
		struct big *b = &t->big[i];

		if (b->owner == c)
			continue;
		if (oldest == NULL || b->owner == NULL ||
			(oldest->owner != NULL && b->since_ns < oldest->since_ns))
			oldest = b;
	}
	if (oldest->owner != NULL)
		close_now(oldest->owner, TCP_CLOSE_LIMIT);
	oldest->owner = c;
	oldest->since_ns = now_ns;
	return oldest;
}

static uint8_t *small_of(const struct connection *c)
{
	return c->tcp->small + (size_t)index_of(c) * SMALL;
}

/* Where the next octets of the client go: a query that fills the small buffer moves. */
static uint8_t *input_room(struct connection *c, size_t *room, uint64_t now_ns)
{
	uint8_t *to = stream_room(&c->in, room);

	if (*room > 0)
		return to;
	c->in_big = big_take(c->tcp, c, now_ns);
	stream_move(&c->in, c->in_big->octets, BIG);
	return stream_room(&c->in, room);
}

static void input_shrink(struct connection *c)
{
	if (c->in_big == NULL || stream_left(&c->in) >= SMALL)
		return;
	stream_move(&c->in, small_of(c), SMALL);
	big_give(&c->in_big);
}

/* ---- replies ---- */

/* Octets that the client took, 0: none just now; -1: the connection is gone. */
static ssize_t send_some(struct connection *c, const uint8_t *octets, size_t len)
{
	ssize_t n = send(c->fd, octets, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return MAX(n, 0);
	close_now(c, TCP_CLOSE_ERROR);
	return -1;
}

/* Send `len` octets of t->out. False: not all were taken, or the connection is gone. */
static bool send_replies(struct connection *c, size_t len, uint64_t now_ns)
{
	struct tcp *t = c->tcp;
	ssize_t n = send_some(c, t->out, len);

	if (n < 0)
		return false;
	c->out_len = len - (size_t)n;
	if (c->out_len == 0)
		return true;
	c->out_big = big_take(t, c, now_ns);
	memcpy(c->out_big->octets, t->out + n, c->out_len);
	c->out_at = 0;
	life_unsent(&c->life, now_ns);
	return false;
}

/* Send what waits. False: something waits still, or the connection is gone. */
static bool send_waiting(struct connection *c, uint64_t now_ns)
{
	if (c->out_big == NULL)
		return true;
	ssize_t n = send_some(c, c->out_big->octets + c->out_at, c->out_len - c->out_at);
	if (n < 0)
		return false;
	c->out_at += (size_t)n;
	if (c->out_at < c->out_len)
		return false;
	big_give(&c->out_big);
	life_sent(&c->life, now_ns);
	if (c->life.pending > 0)
		needs_connection_ready(c->tcp->worker, index_of(c), c->number);
	return true;
}

/* What a client that asks is told of idleness, in 100 ms (E-17). */
static uint16_t keepalive(const struct tcp *t)
{
	unsigned max = connections_max(t);

	if (t->n * 8 > max * SHED_EIGHTH)
		return 0;
	return (uint16_t)MIN(limits(t)->idle_ms / 100, UINT16_MAX);
}

/* Who asks, and by which connection. */
static struct park_way way_of(const struct connection *c)
{
	struct park_way way = {.family = c->address.sa.sa_family,
		.connection = index_of(c),
		.life = c->number};

	if (way.family == AF_INET6) {
		way.port = c->address.v6.sin6_port;
		memcpy(way.client, &c->address.v6.sin6_addr, 16);
	} else {
		way.port = c->address.v4.sin_port;
		memcpy(way.client, &c->address.v4.sin_addr, 4);
	}
	return way;
}

/* What became of a message. */
enum fate {
	FATE_REPLY,
	FATE_SILENT,   /* it waits for its reply, or gets none */
	FATE_NO_QUERY, /* W-03 */
};

/* Answer a query, or park it. */
static enum fate answer_query(
	struct connection *c, const struct basis *b, struct packet *p)
{
	struct worker *w = c->tcp->worker;
	struct park_way way;

	switch (answer(b, p)) {
	case VERDICT_REPLY:
		break;
	case VERDICT_NEED:
		way = way_of(c);
		if (!needs_take(w, b, p, &way))
			break;
		life_parked(&c->life);
		return FATE_SILENT;
	case VERDICT_DROP:
		p->reply_len = 0;
		break;
	}
	if (p->reply_len > 0)
		return FATE_REPLY;
	query_count_drop(p, w->stat);
	return FATE_SILENT;
}

/* Answer one message at `to`: *reply_len octets, with FATE_REPLY. */
static enum fate answer_one(struct connection *c, const struct basis *b, uint8_t *to,
	const uint8_t *msg, size_t len, size_t *reply_len)
{
	struct worker *w = c->tcp->worker;
	struct packet p = {
		.buf = to,
		.cap = STREAM_MESSAGE_MAX,
		.len = len,
		.arrival_ns = b->now_ns,
		.client = &c->address.sa,
		.turn = worker_turn(w),
		.tcp = true,
		.keepalive = keepalive(c->tcp),
	};

	enum fate fate = FATE_REPLY;

	stat_add(&w->stat->tcp_queries, 1);
	memcpy(to, msg, len);
	if (admit(b, &p, w->stat))
		fate = answer_query(c, b, &p);
	else if (p.reply_len == 0)
		fate = FATE_NO_QUERY;
	if (fate == FATE_REPLY) {
		query_count_reply(&p, w->stat);
		const uint64_t done_ns = clock_mono_ns();

		query_count_time(&p, w->stat, done_ns);
		tap_reply(&w->tap, b, &p, done_ns);
		needs_replied(w, &p, b->now_ns);
	}
	*reply_len = p.reply_len;
	return fate;
}

/* Note that there will be no more queries. */
static void over(struct connection *c, enum stat_tcp_close why)
{
	c->over = true;
	c->why = why;
}

/*
 * Take the next message out and put its reply behind *len octets of t->out. False: there
 * is none, or none may be taken any more.
 */
static bool take_one(struct connection *c, const struct basis *b, size_t *len)
{
	uint8_t *to = c->tcp->out + *len;
	const uint8_t *msg;
	size_t msg_len, n;

	if (life_spent(&c->life, &b->settings->tcp)) {
		over(c, TCP_CLOSE_QUERIES);
		return false;
	}
	switch (stream_next(&c->in, &msg, &msg_len)) {
	case STREAM_MESSAGE:
		break;
	case STREAM_BROKEN:
		over(c, TCP_CLOSE_ERROR);
		return false;
	case STREAM_MORE:
		return false;
	}
	enum fate fate = answer_one(c, b, to + STREAM_PREFIX, msg, msg_len, &n);
	life_turn(&c->life, 1, false, b->now_ns);
	if (fate == FATE_NO_QUERY) {
		over(c, TCP_CLOSE_ERROR);
		return false;
	}
	if (fate == FATE_REPLY) {
		store_u16(to, (uint16_t)n);
		*len += STREAM_PREFIX + n;
	}
	return true;
}

/*
 * Answer what has been read. True: all of it is answered and sent. False: the client must
 * take replies first, or others have their turn, or the connection is gone.
 */
static bool answer_read(struct connection *c, uint64_t now_ns)
{
	struct worker *w = c->tcp->worker;
	size_t len = 0, total = 0;

	worker_refresh(w); /* between turns nothing is borrowed */
	struct basis b = worker_basis(w, now_ns);
	while (total < TURN) {
		size_t before = len;

		if (c->over || !take_one(c, &b, &len))
			return len == 0 || send_replies(c, len, now_ns);
		total += len - before;
		if (len < FLUSH)
			continue;
		if (!send_replies(c, len, now_ns))
			return false;
		len = 0;
	}
	if (len > 0)
		send_replies(c, len, now_ns);
	return false;
}

/* ---- a connection's turn ---- */

static void watch(struct connection *c, enum watch what)
{
	if (c->watch == what)
		return;
	if (c->watch != WATCH_NOTHING)
		event_del(c->watch == WATCH_ROOM ? &c->writable : &c->readable);
	if (what != WATCH_NOTHING)
		event_add(what == WATCH_ROOM ? &c->writable : &c->readable, NULL);
	c->watch = (uint8_t)what;
}

/* Why no more queries are taken, if it is so. */
static bool is_over(struct connection *c, uint64_t now_ns, enum stat_tcp_close *why)
{
	if (c->over)
		*why = c->why;
	else if (c->eof)
		*why = TCP_CLOSE_CLIENT;
	else if (c->tcp->retiring)
		*why = TCP_CLOSE_AGE;
	else
		return life_check(&c->life, limits(c->tcp), now_ns, why) == LIFE_END;
	return true;
}

/* No more queries: end it, or let it wait for replies that are not there yet (T-09). */
static void wind_up(struct connection *c, enum stat_tcp_close why, uint64_t now_ns)
{
	if (c->life.pending > 0) {
		over(c, why);
		watch(c, WATCH_NOTHING);
	} else if (why == TCP_CLOSE_CLIENT) {
		close_now(c, why);
	} else {
		end(c, why, now_ns);
	}
}

/* Go on as far as it goes: send, answer, send; then wait for what is missing. */
static void go_on(struct connection *c, uint64_t now_ns)
{
	enum stat_tcp_close why;
	bool done = send_waiting(c, now_ns) && answer_read(c, now_ns);

	needs_flush(c->tcp->worker);
	if (!done) {
		if (c->fd >= 0)
			watch(c, WATCH_ROOM);
		return;
	}
	life_turn(&c->life, 0, stream_left(&c->in) > 0, now_ns);
	if (is_over(c, now_ns, &why)) {
		wind_up(c, why, now_ns);
	} else {
		input_shrink(c);
		watch(c, WATCH_QUERIES);
	}
}

/* What comes after our FIN is thrown away, until the client has ended too. */
static void discard(struct connection *c)
{
	ssize_t n = recv(c->fd, c->tcp->out, BIG, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_now(c, c->life.why);
}

/* Read once and answer. True: octets came, and more may be there. */
static bool read_once(struct connection *c, uint64_t now_ns)
{
	size_t room;
	uint8_t *to = input_room(c, &room, now_ns);
	ssize_t n = recv(c->fd, to, room, MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			close_now(c, TCP_CLOSE_ERROR);
		return false;
	}
	c->eof = n == 0;
	stream_put(&c->in, (size_t)n);
	go_on(c, now_ns);
	return n > 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->life.ended_ns != 0)
		discard(c);
	else
		read_once(c, clock_mono_ns());
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go_on(arg, clock_mono_ns());
}

/* ---- accepting ---- */

/* Which counter a client's connections are counted in: IPv6 clients have whole /64s. */
static uint16_t crowd_of(const struct tcp *t, const union address *a)
{
	const uint8_t *octets = (const uint8_t *)&a->v4.sin_addr;
	size_t len = 4;

	if (a->sa.sa_family == AF_INET6) {
		octets = a->v6.sin6_addr.s6_addr;
		len = 8;
	}
	return (uint16_t)(hash_name(&t->key, octets, len).path % CROWDS);
}

/* A place, which the caller knows to be there. */
static struct connection *place(struct tcp *t)
{
	struct connection *c = t->free;

	if (c == NULL)
		return &t->connections[t->used++];
	t->free = c->next_free;
	return c;
}

static void begin(struct tcp *t, int fd, const union address *address)
{
	static const struct timeval tick = {.tv_usec = TICK_MS * 1000};
	uint64_t now_ns = clock_mono_ns();

	while (t->n >= connections_max(t))
		close_one(t);
	struct connection *c = place(t);
	*c = (struct connection){
		.tcp = t, .fd = fd, .number = ++t->number, .address = *address};
	c->crowd = crowd_of(t, address);
	life_begin(&c->life, now_ns);
	stream_init(&c->in, small_of(c), SMALL);
	event_assign(
		&c->readable, t->worker->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(
		&c->writable, t->worker->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	event_add(&c->readable, NULL);
	t->crowds[c->crowd]++;
	if (t->n++ == 0)
		event_add(t->tick, &tick);
	stat_set(&t->worker->stat->tcp_connections, t->n);
	stat_add(&t->worker->stat->tcp_total, 1);
}

static const struct timeval pause_time = {.tv_usec = PAUSE_MS * 1000};

/*
 * EV-08: no descriptor for another connection. The reserve is let go, so that a segment
 * or a socket of the supervisor's can be taken meanwhile; one connection makes room.
 */
static void pause_accepting(struct tcp *t, int error)
{
	uint64_t suppressed;

	if (log_allow(&t->pause_log, clock_mono_ns(), &suppressed))
		log_line(LOG_WARNING,
			"accepting paused connections=%u error=\"%s\" suppressed=%llu",
			t->n, strerror(error), (unsigned long long)suppressed);
	stat_add(&t->worker->stat->tcp_pauses, 1);
	if (t->reserve >= 0)
		close(t->reserve);
	t->reserve = -1;
	close_one(t);
	listen_accept(t->worker, false);
	event_add(t->resume, &pause_time);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct tcp *t = arg;

	(void)fd;
	(void)what;
	t->reserve = fcntl(PAIR_FD, F_DUPFD_CLOEXEC, 0);
	if (t->reserve < 0)
		event_add(t->resume, &pause_time);
	else
		listen_accept(t->worker, true);
}

void on_tcp_acceptable(int fd, short what, void *arg)
{
	const struct worker_socket *s = arg;
	struct tcp *t = s->worker->tcp;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS; i++) {
		union address a = {.sa = {0}};
		socklen_t len = sizeof(a);
		int new = accept4(fd, &a.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (new >= 0) {
			begin(t, new, &a);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			pause_accepting(t, errno);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* ---- limits, start and end ---- */

static void check(struct connection *c, uint64_t now_ns)
{
	enum stat_tcp_close why;

	switch (life_check(&c->life, limits(c->tcp), now_ns, &why)) {
	case LIFE_GOES_ON:
		break;
	case LIFE_END:
		if (c->watch == WATCH_QUERIES) /* else what was read is answered first */
			wind_up(c, why, now_ns);
		break;
	case LIFE_CLOSE:
		close_now(c, why);
		break;
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct tcp *t = arg;
	uint64_t now_ns = clock_mono_ns();

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < t->used; i++)
		if (t->connections[i].fd >= 0)
			check(&t->connections[i], now_ns);
	while (t->n > connections_max(t)) /* a reload allows fewer */
		close_one(t);
	for (unsigned i = 0; t->retiring && now_ns >= t->retire_ns && i < t->used; i++)
		if (t->connections[i].fd >= 0)
			close_now(&t->connections[i], TCP_CLOSE_AGE);
}

struct tcp *tcp_new(struct worker *w)
{
	struct tcp *t = mem_alloc(1, sizeof(*t));
	uint8_t *bigs = mem_alloc(BIGS, BIG);

	t->worker = w;
	t->connections = mem_alloc(SETTINGS_CONNECTIONS_MAX, sizeof(*t->connections));
	t->small = mem_alloc(SETTINGS_CONNECTIONS_MAX, SMALL);
	t->out = mem_alloc(1, BIG);
	for (unsigned i = 0; i < BIGS; i++)
		t->big[i].octets = bigs + (size_t)i * BIG;
	if (getrandom(&t->key, sizeof(t->key), GRND_NONBLOCK) < 0)
		t->key.k0 = (uintptr_t)t; /* better than a constant */
	t->key.mask = UINT64_MAX;
	t->reserve = fcntl(PAIR_FD, F_DUPFD_CLOEXEC, 0);
	t->tick = event_new(w->base, -1, EV_PERSIST, on_tick, t);
	t->resume = event_new(w->base, -1, 0, on_resume, t);
	return t->tick != NULL && t->resume != NULL ? t : NULL;
}

/* Answer what has come by now, and end; who must take replies first ends later. */
static void retire_one(struct connection *c, uint64_t now_ns)
{
	for (int i = 0; i < DRAINS; i++)
		if (c->fd < 0 || c->watch != WATCH_QUERIES || c->life.ended_ns != 0 ||
			!read_once(c, now_ns))
			break;
	if (c->fd >= 0 && c->life.ended_ns == 0 && c->watch == WATCH_QUERIES)
		wind_up(c, TCP_CLOSE_AGE, now_ns);
}

void tcp_retire(struct worker *w)
{
	struct tcp *t = w->tcp;
	uint64_t now_ns = clock_mono_ns(), wait_ms = 0;

	event_del(t->resume);
	for (unsigned i = 0; i < t->used; i++)
		if (t->connections[i].fd >= 0)
			retire_one(&t->connections[i], now_ns);
	if (needs_any(w))
		wait_ms = w->reader.settings.forward.deadline_ms;
	t->retiring = true;
	t->retire_ns = now_ns + (wait_ms + RETIRE_MS) * NS_PER_MS;
}

bool tcp_is_over(const struct worker *w)
{
	return w->tcp->n == 0;
}

/* ---- parked queries ---- */

enum tcp_reply tcp_reply_begin(
	struct worker *w, uint32_t connection, uint64_t life, struct packet *p)
{
	struct tcp *t = w->tcp;

	if (connection >= t->used)
		return TCP_GONE;
	struct connection *c = &t->connections[connection];
	if (c->fd < 0 || c->number != life)
		return TCP_GONE;
	if (c->out_big != NULL)
		return TCP_BUSY;
	p->buf = t->out + STREAM_PREFIX;
	p->cap = STREAM_MESSAGE_MAX;
	p->client = &c->address.sa;
	p->keepalive = keepalive(t);
	return TCP_READY;
}

void tcp_reply_end(struct worker *w, uint32_t connection, size_t len, uint64_t now_ns)
{
	struct connection *c = &w->tcp->connections[connection];
	enum stat_tcp_close why;

	life_settled(&c->life, now_ns);
	if (len > 0) {
		store_u16(w->tcp->out, (uint16_t)len);
		if (!send_replies(c, STREAM_PREFIX + len, now_ns)) {
			if (c->fd >= 0)
				watch(c, WATCH_ROOM);
			return;
		}
	}
	if (c->watch == WATCH_NOTHING && is_over(c, now_ns, &why))
		wind_up(c, why, now_ns);
}
