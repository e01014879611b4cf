/* ask.c - sockets of the verb query */
#include "ctl/ask.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "dns/msg.h"
#include "dns/type.h"
#include "dns/wire.h"

#define QUERY_MAX (12 + NAME_MAX_LEN + 4 + 11)

static size_t build(const struct question *q, uint16_t id, uint8_t *buf)
{
	struct wire w;

	wire_init(&w, buf, QUERY_MAX);
	wire_u16(&w, id);
	wire_u16(&w, q->recurse ? MSG_RD : 0);
	wire_u16(&w, 1);
	wire_u32(&w, 0);
	wire_u16(&w, q->udp_size > 0);
	wire_bytes(&w, q->name.wire, q->name.len);
	wire_u16(&w, q->type);
	wire_u16(&w, CLASS_IN);
	if (q->udp_size > 0) {
		wire_u8(&w, 0);
		wire_u16(&w, TYPE_OPT);
		wire_u16(&w, q->udp_size);
		wire_u32(&w, q->want_do ? 0x8000 : 0);
		wire_u16(&w, 0);
	}
	return w.len;
}

/* A reply to `query`: its ID and, if it has one, its question. */
static bool belongs(const uint8_t *query, const uint8_t *msg, size_t len)
{
	size_t n = name_scan(query + 12, NAME_MAX_LEN);

	if (len < 12 || memcmp(query, msg, 2) != 0 || (msg[2] & 0x80) == 0)
		return false;
	if (load_u16(msg + 4) == 0)
		return true; /* a header alone: FORMERR, NOTIMP */
	return len >= 12 + n + 4 && name_equal(query + 12, n, msg + 12, n) &&
	       memcmp(query + 12 + n, msg + 12 + n, 4) == 0;
}

/* Wait for `events` until the deadline: 0, -ETIMEDOUT, -errno. */
static int await(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		uint64_t now = clock_mono_ns();
		struct pollfd p = {.fd = fd, .events = events};
		int left_ms = now < deadline_ns
		                      ? (int)((deadline_ns - now + NS_PER_MS - 1) /
						NS_PER_MS)
		                      : 0;
		int n = poll(&p, 1, left_ms);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* A connected socket, or -errno. */
static int open_socket(const struct server *s, int type, uint64_t deadline_ns)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(s->port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(s->port)};
	bool is_v4 = s->addr.len == 4;
	const void *sa = is_v4 ? (const void *)&v4 : (const void *)&v6;
	socklen_t len = is_v4 ? sizeof(v4) : sizeof(v6);
	int ret, error = 0;

	memcpy(&v4.sin_addr, s->addr.octets, 4);
	memcpy(&v6.sin6_addr, s->addr.octets, 16);
	int fd = socket(
		is_v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = connect(fd, sa, len) < 0 ? -errno : 0;
	if (ret == -EINPROGRESS) {
		ret = await(fd, POLLOUT, deadline_ns);
		len = sizeof(error);
		if (ret == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
			ret = -error;
	}
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Take what belongs to the query; strangers' packets are passed over. */
static int receive(int fd, const uint8_t *query, uint64_t deadline_ns, struct reply *r)
{
	for (;;) {
		int ret = await(fd, POLLIN, deadline_ns);

		if (ret < 0)
			return ret;
		ssize_t n = recv(fd, r->msg, sizeof(r->msg), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n >= 0 && belongs(query, r->msg, (size_t)n)) {
			r->len = (size_t)n;
			return 0;
		}
	}
}

static int ask_udp(const struct ask *a, const uint8_t *query, size_t len, struct reply *r)
{
	int ret = -ETIMEDOUT;

	r->tcp = false;
	for (unsigned i = 0; i < a->tries && ret == -ETIMEDOUT; i++) {
		uint64_t deadline = clock_mono_ns() + a->wait_ms * NS_PER_MS;
		int fd = open_socket(&a->server, SOCK_DGRAM, deadline);

		if (fd < 0)
			return fd;
		ret = send(fd, query, len, 0) < 0 ? -errno : 0;
		if (ret == 0)
			ret = receive(fd, query, deadline, r);
		close(fd);
	}
	return ret;
}

/* Exactly n octets from a stream: 0, -EBADMSG at its end, -ETIMEDOUT, -errno. */
static int read_all(int fd, uint8_t *buf, size_t n, uint64_t deadline_ns)
{
	while (n > 0) {
		int ret = await(fd, POLLIN, deadline_ns);

		if (ret < 0)
			return ret;
		ssize_t got = recv(fd, buf, n, 0);
		if (got == 0)
			return -EBADMSG;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0) {
			buf += got;
			n -= (size_t)got;
		}
	}
	return 0;
}

static int ask_tcp(const struct ask *a, const uint8_t *query, size_t len, struct reply *r)
{
	uint64_t deadline = clock_mono_ns() + a->wait_ms * NS_PER_MS;
	uint8_t out[2 + QUERY_MAX], prefix[2];
	int ret, fd = open_socket(&a->server, SOCK_STREAM, deadline);

	if (fd < 0)
		return fd;
	r->tcp = true;
	store_u16(out, (uint16_t)len);
	memcpy(out + 2, query, len);
	/* A fresh connection takes so few octets at once or not at all. */
	ret = send(fd, out, len + 2, MSG_NOSIGNAL) == (ssize_t)len + 2 ? 0 : -EPIPE;
	if (ret == 0)
		ret = read_all(fd, prefix, 2, deadline);
	if (ret == 0) {
		r->len = load_u16(prefix);
		ret = read_all(fd, r->msg, r->len, deadline);
	}
	close(fd);
	return ret == 0 && !belongs(query, r->msg, r->len) ? -EBADMSG : ret;
}

int ask(const struct ask *a, const struct question *q, struct reply *r)
{
	uint8_t query[QUERY_MAX];
	uint64_t begin = clock_mono_ns();
	uint16_t id;
	int ret;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return -EIO;
	size_t len = build(q, id, query);
	ret = a->tcp ? ask_tcp(a, query, len, r) : ask_udp(a, query, len, r);
	if (ret == 0 && !r->tcp && !a->keep_tc && (r->msg[2] & 0x02) != 0)
		ret = ask_tcp(a, query, len, r);
	r->took_ns = clock_mono_ns() - begin;
	return ret;
}
