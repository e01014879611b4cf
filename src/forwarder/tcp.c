#include "forwarder/tcp.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/stream.h"
#include "forwarder/exchange.h"
#include "forwarder/lane.h"
#include "forwarder/neterror.h"
#include "forwarder/sockname.h"
#include "forwarder/tls.h"
#include "forwarder/way.h"

#define CONNECTIONS_MAX 256
#define OF_UPSTREAM     64 /* ... to one upstream */
#define QUERY_MAX       (STREAM_PREFIX + 512)
#define INPUT           (STREAM_PREFIX + STREAM_MESSAGE_MAX)
#define OUTPUT          (LANE_MAX * QUERY_MAX)
#define READS_MAX       8              /* of a connection in one turn */
#define SETUP_NS        (3 * NS_PER_S) /* connecting and the handshake */
#define SILENT_NS       NS_PER_S       /* something was asked and nothing is heard */

enum state { STATE_CONNECT, STATE_HANDSHAKE, STATE_OPEN };

/* A query, kept until its reply comes, since the connection may end before that. */
struct query {
	uint16_t len; /* with its prefix */
	bool again;   /* it has had its silent retry */
	uint8_t octets[QUERY_MAX];
};

/* Memory that is touched only as far as it is needed. */
struct buffers {
	struct query queries[LANE_MAX];
	uint8_t input[INPUT], output[OUTPUT];
};

/*
 * `readable` is pending once the socket is connected, `writable` while something waits
 * for room.
 */
struct connection {
	struct tcp *tcp;
	int fd;        /* owned; -1: the place is free */
	uint8_t state; /* enum state */
	bool leaving;  /* gets nothing new */
	bool dirty;    /* in the list of tcp_flush() */
	bool busy;     /* in hand: not to be closed by others, nor its place to be used */
	int answering; /* the place whose reply the core looks at; -1: none */
	int upstream;  /* its number, for counters; -1: gone */
	struct way way;
	struct forward_upstream to;
	uint64_t began_ns, quiet_ns;
	uint64_t
		asked_ns; /* since when something is awaited and nothing is heard; or 0 */
	uint64_t expire_ns, max_age_ns;
	unsigned max_idle;
	struct tls_channel *tls; /* owned; NULL: plain, or not yet */
	struct lane lane;
	struct stream in;
	size_t out_at, out_len; /* octets of output that wait */
	struct event readable, writable;
	struct connection *next_dirty;
};

struct tcp {
	struct forwarder *forwarder;
	struct tls *tls;
	const struct forward_settings *settings; /* borrowed until tcp_configure() */
	unsigned high;                           /* places that were used ever */
	struct connection *dirty;
	struct connection connections[CONNECTIONS_MAX];
	struct buffers *buffers; /* one for each */
};

static struct buffers *buffers_of(const struct connection *c)
{
	return &c->tcp->buffers[c - c->tcp->connections];
}

/* ---- counters ---- */

static unsigned kind_of(const struct connection *c)
{
	return c->way.transport == EXCHANGE_TLS ? 1 : 0;
}

/* Every change of how many are open tells it anew: upstreams move. */
static void count_open(struct tcp *t)
{
	struct stat_upstream *u = t->forwarder->stat->upstreams;
	unsigned n[STAT_UPSTREAMS][2] = {{0}};

	for (unsigned i = 0; i < t->high; i++) {
		const struct connection *c = &t->connections[i];

		if (c->fd >= 0 && c->upstream >= 0)
			n[c->upstream][kind_of(c)]++;
	}
	for (unsigned i = 0; i < STAT_UPSTREAMS; i++)
		for (unsigned kind = 0; kind < 2; kind++)
			stat_set(&u[i].connections[kind], n[i][kind]);
}

/* ---- the end of a connection ---- */

static bool send_again(
	struct connection *from, struct query *q, uint32_t exchange, uint64_t since_ns);

static void undirty(struct connection *c)
{
	struct connection **at = &c->tcp->dirty;

	while (c->dirty) {
		if (*at == c) {
			*at = c->next_dirty;
			c->dirty = false;
		} else {
			at = &(*at)->next_dirty;
		}
	}
}

static void shut(struct connection *c)
{
	event_del(&c->readable);
	event_del(&c->writable);
	undirty(c);
	if (c->tls != NULL)
		tls_close(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
	count_open(c->tcp);
}

/*
 * End a connection. Queries that are waited for are sent once more where that is allowed,
 * or fail; `text` is borrowed for the call.
 */
static void end(struct connection *c, enum fwdtab_error why, const char *text, bool again)
{
	struct forwarder *f = c->tcp->forwarder;
	uint64_t now_ns = forwarder_now(f);
	char kept[TLS_TEXT_MAX];

	snprintf(kept, sizeof(kept), "%s", text);
	shut(c);
	c->busy = true; /* the queries are here still */
	while (lane_awaited(&c->lane) != 0) {
		unsigned place = (unsigned)__builtin_ctzll(lane_awaited(&c->lane));
		struct query *q = &buffers_of(c)->queries[place];
		uint32_t exchange = c->lane.exchange[place];

		lane_free(&c->lane, place);
		if (!again || q->again || !send_again(c, q, exchange, now_ns))
			exchange_failed(f, exchange, why, kept);
	}
	c->busy = false;
}

static void end_unused(struct connection *c)
{
	end(c, FWDTAB_NETWORK, "connection ended", true);
}

/* ---- sending ---- */

static void make_dirty(struct connection *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->tcp->dirty;
	c->tcp->dirty = c;
}

/* Octets that were taken, or -errno. */
static ssize_t write_some(struct connection *c, const uint8_t *octets, size_t len)
{
	if (c->tls != NULL)
		return tls_write(c->tls, octets, len);
	ssize_t n = send(c->fd, octets, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* Send what waits, as much as is taken. The connection may be gone then. */
static void flush(struct connection *c)
{
	while (c->state == STATE_OPEN && c->out_at < c->out_len) {
		ssize_t n = write_some(
			c, buffers_of(c)->output + c->out_at, c->out_len - c->out_at);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN) {
			event_add(&c->writable, NULL);
			return;
		}
		if (n < 0) {
			end(c, FWDTAB_NETWORK,
				n == -EPROTO ? tls_text(c->tls) : strerror((int)-n),
				true);
			return;
		}
		c->out_at += (size_t)n;
	}
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
}

void tcp_flush(struct tcp *t)
{
	while (t->dirty != NULL) {
		struct connection *c = t->dirty;

		t->dirty = c->next_dirty;
		c->dirty = false;
		flush(c);
	}
}

/* Where `len` octets of output go, or NULL: there is no room for them. */
static uint8_t *output_room(struct connection *c, size_t len)
{
	struct buffers *b = buffers_of(c);

	if (c->out_len + len > OUTPUT) {
		memmove(b->output, b->output + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	return c->out_len + len > OUTPUT ? NULL : b->output + c->out_len;
}

/* Queue a query. *id is the one that it wants and becomes the one that it has. */
static int put(
	struct connection *c, const struct fwdtab_send *s, uint16_t *id, bool again)
{
	struct forwarder *f = c->tcp->forwarder;
	size_t len = STREAM_PREFIX + s->len;
	uint8_t *to = output_room(c, len);

	if (to == NULL || s->len > QUERY_MAX - STREAM_PREFIX)
		return -ENOBUFS;
	int place = lane_put(&c->lane, s->exchange, id);
	if (place < 0)
		return -ENOBUFS;
	store_u16(to, (uint16_t)s->len);
	memcpy(to + STREAM_PREFIX, s->query, s->len);
	store_u16(to + STREAM_PREFIX, *id);
	struct query *q = &buffers_of(c)->queries[place];
	*q = (struct query){.len = (uint16_t)len, .again = again};
	memcpy(q->octets, to, len);
	c->out_len += len;
	c->quiet_ns = forwarder_now(f);
	if (c->asked_ns == 0)
		c->asked_ns = c->quiet_ns;
	*exchange_of(f, s->exchange) = (struct exchange){.carrier = CARRIER_TCP,
		.place = (uint8_t)place,
		.index = (uint32_t)(c - c->tcp->connections)};
	make_dirty(c);
	return 0;
}

/* ---- setting up ---- */

static void go_on(struct connection *c);

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go_on(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go_on(arg);
}

/* The socket of a connection to s->to, under way. It, or -errno. */
static int dial(const struct fwdtab_send *s)
{
	union sockname peer, own;
	socklen_t peer_len = sockname_upstream(s->to, &peer);
	int fd = socket(
		peer.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, ret = 0;

	if (fd < 0)
		return -errno;
	/* Queries are sent as they come: none waits for the reply to the one before. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (s->group->source.len == s->to->addr.len) {
		socklen_t own_len = sockname_source(s->group, s->to, 0, &own);

		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		ret = bind(fd, &own.any, own_len) < 0 ? -errno : 0;
	}
	if (ret == 0 && connect(fd, &peer.any, peer_len) < 0 && errno != EINPROGRESS)
		ret = -errno;
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

/* A free place; if there is none, the connection that has been idle longest ends. */
static struct connection *free_place(struct tcp *t)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < t->high; i++) {
		struct connection *c = &t->connections[i];

		if (c->busy)
			continue;
		if (c->fd < 0)
			return c;
		if (lane_awaited(&c->lane) == 0 &&
			(oldest == NULL || c->quiet_ns < oldest->quiet_ns))
			oldest = c;
	}
	if (t->high < CONNECTIONS_MAX)
		return &t->connections[t->high++];
	if (oldest != NULL)
		shut(oldest);
	return oldest;
}

static void limit(struct connection *c, const struct forward_group *g)
{
	c->expire_ns = g->expire_ms * NS_PER_MS;
	c->max_age_ns = g->max_age_ms * NS_PER_MS;
	c->max_idle = g->max_idle;
}

static int open_connection(
	struct tcp *t, const struct fwdtab_send *s, struct connection **out)
{
	struct connection *c = free_place(t);
	uint64_t now_ns = forwarder_now(t->forwarder);

	if (c == NULL)
		return -EMFILE;
	*c = (struct connection){.tcp = t, .fd = -1, .answering = -1};
	int fd = dial(s);
	if (fd < 0)
		return fd;
	c->fd = fd;
	c->way = way_of(s);
	c->to = *s->to;
	c->upstream = s->upstream;
	c->began_ns = c->quiet_ns = now_ns;
	limit(c, s->group);
	stream_init(&c->in, buffers_of(c)->input, INPUT);
	event_assign(&c->readable, t->forwarder->base, fd, EV_READ | EV_PERSIST,
		on_readable, c);
	event_assign(&c->writable, t->forwarder->base, fd, EV_WRITE, on_writable, c);
	if (event_add(&c->writable, NULL) < 0) {
		shut(c);
		return -ENOMEM;
	}
	stat_add(&t->forwarder->stat->upstreams[s->upstream].connections_made[kind_of(c)],
		1);
	count_open(t);
	*out = c;
	return 0;
}

static bool silent(const struct connection *c, uint64_t now_ns)
{
	return c->asked_ns != 0 && now_ns - c->asked_ns >= SILENT_NS;
}

/*
 * A connection for that query: the first one that has room and was begun at `since_ns` or
 * later, else a new one.
 */
static int choose(struct tcp *t, const struct fwdtab_send *s, uint64_t since_ns,
	struct connection **out)
{
	struct way way = way_of(s);
	uint64_t now_ns = forwarder_now(t->forwarder);
	unsigned n = 0;

	for (unsigned i = 0; i < t->high; i++) {
		struct connection *c = &t->connections[i];

		if (c->fd < 0 || !way_equal(&c->way, &way))
			continue;
		n++;
		if (c->leaving || !lane_room(&c->lane) || c->began_ns < since_ns ||
			silent(c, now_ns))
			continue;
		stat_add(&t->forwarder->stat->upstreams[s->upstream]
				  .connections_used[kind_of(c)],
			1);
		*out = c;
		return 0;
	}
	return n < OF_UPSTREAM ? open_connection(t, s, out) : -EMFILE;
}

int tcp_send(struct tcp *t, const struct fwdtab_send *s, uint16_t *id)
{
	struct connection *c;
	int ret = choose(t, s, 0, &c);

	return ret < 0 ? ret : put(c, s, id, false);
}

/* Send a query of a connection that ended over one that has begun since then. */
static bool send_again(
	struct connection *from, struct query *q, uint32_t exchange, uint64_t since_ns)
{
	struct tcp *t = from->tcp;
	struct fwdtab_send s = {.exchange = exchange,
		.transport = from->way.transport,
		.to = &from->to,
		.query = q->octets + STREAM_PREFIX,
		.len = q->len - STREAM_PREFIX};
	int upstream = way_find(t->settings, &from->way, &s.group);
	uint16_t had = load_u16(s.query), id = had;
	struct connection *c;

	if (upstream < 0)
		return false;
	s.upstream = (uint8_t)upstream;
	if (choose(t, &s, since_ns, &c) < 0 || lane_find(&c->lane, had) >= 0)
		return false; /* the core knows it by that ID */
	return put(c, &s, &id, true) == 0;
}

/* The socket is connected: speak TLS on it where that is due. */
static void connected(struct connection *c)
{
	struct tcp *t = c->tcp;
	const struct forward_group *g;
	const char *text = "upstream is gone";
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		end(c, neterror(error), strerror(error), false);
		return;
	}
	event_add(&c->readable, NULL);
	c->state = STATE_OPEN;
	if (c->way.transport != EXCHANGE_TLS)
		return;
	c->state = STATE_HANDSHAKE;
	if (way_find(t->settings, &c->way, &g) >= 0)
		c->tls = tls_open(t->tls, g, c->way.nth, &c->to, c->fd, &text);
	if (c->tls == NULL)
		end(c, FWDTAB_HANDSHAKE, text, false);
}

static void shake_hands(struct connection *c)
{
	int ret = tls_handshake(c->tls);

	if (ret == 0)
		c->state = STATE_OPEN;
	else if (ret != -EAGAIN)
		end(c, FWDTAB_HANDSHAKE, tls_text(c->tls), false);
	else if (tls_wants_room(c->tls))
		event_add(&c->writable, NULL);
}

/* ---- replies ---- */

static void take_reply(struct connection *c, const uint8_t *msg, size_t len)
{
	struct forwarder *f = c->tcp->forwarder;
	int place = lane_find(&c->lane, load_u16(msg));

	if (place < 0)
		return;
	if ((lane_awaited(&c->lane) & UINT64_C(1) << place) == 0) {
		lane_free(&c->lane, (unsigned)place);
		return;
	}
	c->answering = place;
	fwdtab_reply(f->table, c->lane.exchange[place], msg, len, forwarder_now(f));
	c->answering = -1;
}

void tcp_close(struct tcp *t, uint32_t index, unsigned place)
{
	struct connection *c = &t->connections[index];

	if (c->answering == (int)place)
		lane_free(&c->lane, place);
	else
		lane_drop(&c->lane, place);
}

/* Octets that came, 0: the end; or -errno. */
static ssize_t read_some(struct connection *c, uint8_t *to, size_t room)
{
	if (c->tls != NULL)
		return tls_read(c->tls, to, room);
	ssize_t n = recv(c->fd, to, room, 0);
	return n < 0 ? -errno : n;
}

/* Hand over all whole messages. False: this is no stream of messages. */
static bool take_replies(struct connection *c)
{
	enum stream_result result;
	const uint8_t *msg;
	size_t len;

	while ((result = stream_next(&c->in, &msg, &len)) == STREAM_MESSAGE)
		take_reply(c, msg, len);
	return result == STREAM_MORE;
}

/* Read and hand over. The connection may be gone then. */
static void receive(struct connection *c)
{
	for (unsigned i = 0; i < READS_MAX; i++) {
		size_t room;
		uint8_t *to = stream_room(&c->in, &room);
		ssize_t n = read_some(c, to, room);

		if (n == -EAGAIN || n == -EINTR) {
			if (c->tls != NULL && tls_wants_room(c->tls))
				event_add(&c->writable, NULL);
			return;
		}
		if (n <= 0) {
			end(c, FWDTAB_NETWORK,
				n == 0         ? "connection closed"
				: n == -EPROTO ? tls_text(c->tls)
					       : strerror((int)-n),
				true);
			return;
		}
		stream_put(&c->in, (size_t)n);
		c->busy = true;
		bool good = take_replies(c);
		c->busy = false;
		c->quiet_ns = forwarder_now(c->tcp->forwarder);
		c->asked_ns = c->lane.used != 0 ? c->quiet_ns : 0;
		if (!good) {
			end(c, FWDTAB_NETWORK, "no stream of messages", false);
			return;
		}
		if (c->tls == NULL && (size_t)n < room)
			return; /* that was all */
	}
	/* TLS may hold octets that the socket does not have any more. */
	event_active(&c->readable, EV_READ, 0);
}

/* The socket became readable or writable: whatever that is good for. */
static void go_on(struct connection *c)
{
	if (c->state == STATE_CONNECT)
		connected(c);
	if (c->fd >= 0 && c->state == STATE_HANDSHAKE)
		shake_hands(c);
	if (c->fd >= 0 && c->state == STATE_OPEN)
		receive(c);
	if (c->fd >= 0)
		flush(c);
}

/* ---- time, settings, start ---- */

/* Connections of the same way that have nothing to do. */
static unsigned idle_beside(const struct connection *c)
{
	const struct tcp *t = c->tcp;
	unsigned n = 0;

	for (unsigned i = 0; i < t->high; i++) {
		const struct connection *other = &t->connections[i];

		if (other->fd >= 0 && other->lane.used == 0 &&
			way_equal(&other->way, &c->way))
			n++;
	}
	return n;
}

static void look_at(struct connection *c, uint64_t now_ns)
{
	if (c->state != STATE_OPEN && now_ns - c->began_ns >= SETUP_NS) {
		end(c, FWDTAB_NETWORK, "no connection in time", false);
		return;
	}
	if (c->max_age_ns != 0 && now_ns - c->began_ns >= c->max_age_ns)
		c->leaving = true;
	if (lane_awaited(&c->lane) != 0)
		return;
	if (c->leaving || silent(c, now_ns) || now_ns - c->quiet_ns >= c->expire_ns)
		end_unused(c);
	else if (c->max_idle != 0 && c->lane.used == 0 && idle_beside(c) > c->max_idle)
		end_unused(c);
}

void tcp_tick(struct tcp *t, uint64_t now_ns)
{
	for (unsigned i = 0; i < t->high; i++)
		if (t->connections[i].fd >= 0)
			look_at(&t->connections[i], now_ns);
	tls_look(t->tls, now_ns);
	count_open(t); /* upstreams may have moved */
}

void tcp_configure(struct tcp *t, const struct forward_settings *s)
{
	const struct forward_group *g;

	t->settings = s;
	tls_configure(t->tls, s);
	for (unsigned i = 0; i < t->high; i++) {
		struct connection *c = &t->connections[i];

		if (c->fd < 0)
			continue;
		c->upstream = way_find(s, &c->way, &g);
		if (c->upstream < 0)
			c->leaving = true;
	}
}

struct tcp *tcp_new(struct forwarder *f)
{
	struct tcp *t = mem_alloc(1, sizeof(*t));

	t->forwarder = f;
	t->buffers = mem_alloc(CONNECTIONS_MAX, sizeof(*t->buffers));
	t->tls = tls_new();
	return t;
}
