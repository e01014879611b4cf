#include "forwarder/udp.h"

#include <errno.h>
#include <limits.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "forwarder/exchange.h"
#include "forwarder/neterror.h"
#include "forwarder/random.h"
#include "forwarder/sockname.h"

#define PORT_FIRST 32768 /* of the range that all forwarders draw from: 15 bits, */
#define PORTS      (65536 - PORT_FIRST) /* and below it nobody's listener is in the way */
#define PORT_TRIES 16 /* ports in use in a row that nobody meets by chance */
#define KEPT_FDS   16 /* descriptors that are left for segments and connections */
#define READY_MAX  64 /* sockets of one system call */
#define ROUNDS_MAX 16 /* such calls in one turn */
#define READS_MAX  16 /* datagrams of a socket that answer nothing, in one turn */

/* `serial` tells the sockets apart that an exchange's number has had. */
struct place {
	int fd; /* owned; -1: none */
	uint32_t serial;
};

struct udp {
	struct forwarder *forwarder;
	int epoll; /* owned */
	struct event readable;
	struct place place[FWDTAB_EXCHANGES];
	uint8_t octets[65536]; /* the datagram in work */
};

static int fd_max = INT_MAX; /* sockets of queries have lower numbers */

static void limit_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < INT_MAX)
		fd_max = (int)limit.rlim_cur - KEPT_FDS;
}

int udp_open(const struct forward_group *g, const struct forward_upstream *to)
{
	union sockname peer, own;
	socklen_t peer_len = sockname_upstream(to, &peer);
	int fd = socket(peer.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	if (fd >= fd_max) { /* the lowest is given first: so many are in use */
		close(fd);
		return -EMFILE;
	}
	for (int i = 0;; i++) {
		uint16_t port = (uint16_t)(PORT_FIRST + random_below(PORTS));
		socklen_t own_len = sockname_source(g, to, port, &own);

		ret = bind(fd, &own.any, own_len) < 0 ? -errno : 0;
		if (ret != -EADDRINUSE || i == PORT_TRIES)
			break;
	}
	if (ret == 0 && connect(fd, &peer.any, peer_len) < 0)
		ret = -errno;
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int udp_send(struct udp *u, const struct fwdtab_send *s, uint16_t *id)
{
	struct place *p = &u->place[s->exchange];
	int fd = udp_open(s->group, s->to);
	int ret = 0;

	(void)id; /* nobody else is on this socket: the one that was drawn is good */
	if (fd < 0)
		return fd;
	struct epoll_event e = {
		.events = EPOLLIN, .data.u64 = (uint64_t)++p->serial << 32 | s->exchange};
	if (send(fd, s->query, s->len, MSG_NOSIGNAL) < 0 ||
		epoll_ctl(u->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		ret = -errno;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	p->fd = fd;
	exchange_of(u->forwarder, s->exchange)->carrier = CARRIER_UDP;
	return 0;
}

void udp_close(struct udp *u, uint32_t exchange)
{
	struct place *p = &u->place[exchange];

	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	p->serial++;
}

/* Datagrams of one socket, until the core has what it waits for. */
static void read_place(struct udp *u, uint32_t exchange, uint32_t serial)
{
	const struct place *p = &u->place[exchange];
	struct forwarder *f = u->forwarder;

	for (int i = 0; i < READS_MAX && p->fd >= 0 && p->serial == serial; i++) {
		ssize_t n = recv(p->fd, u->octets, sizeof(u->octets), 0);

		if (n >= 0) {
			fwdtab_reply(f->table, exchange, u->octets, (size_t)n,
				forwarder_now(f));
		} else if (errno != EINTR) {
			int error = errno;

			if (error == EAGAIN)
				return;
			udp_close(u, exchange);
			exchange_failed(f, exchange, neterror(error), strerror(error));
			return;
		}
	}
}

void udp_receive(struct udp *u)
{
	struct epoll_event ready[READY_MAX];
	int n = READY_MAX;

	for (int round = 0; round < ROUNDS_MAX && n == READY_MAX; round++) {
		n = epoll_wait(u->epoll, ready, READY_MAX, 0);
		for (int i = 0; i < n; i++)
			read_place(u, (uint32_t)ready[i].data.u64,
				(uint32_t)(ready[i].data.u64 >> 32));
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	udp_receive(arg);
}

struct udp *udp_new(struct forwarder *f)
{
	struct udp *u = mem_alloc(1, sizeof(*u));

	u->forwarder = f;
	limit_descriptors();
	for (size_t i = 0; i < FWDTAB_EXCHANGES; i++)
		u->place[i].fd = -1;
	u->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (u->epoll < 0 ||
		event_assign(&u->readable, f->base, u->epoll, EV_READ | EV_PERSIST,
			on_readable, u) < 0 ||
		event_add(&u->readable, NULL) < 0)
		return NULL;
	return u;
}
