#include "forwarder/kept.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "forwarder/exchange.h"
#include "forwarder/lane.h"
#include "forwarder/neterror.h"
#include "forwarder/random.h"
#include "forwarder/udp.h"
#include "forwarder/way.h"

#define SOCKETS_MAX 1024
#define BASE        4  /* sockets of an upstream that are always chosen from */
#define FULL        64 /* ... and at most */
#define READS_MAX   64 /* datagrams of a socket in one turn */

struct kept_socket {
	struct kept *kept;
	int fd; /* owned; -1: free */
	struct way way;
	struct lane lane;
	uint64_t expire_ns, used_ns;
	struct event readable;
};

struct kept {
	struct forwarder *forwarder;
	struct kept_socket sockets[SOCKETS_MAX];
	unsigned high;         /* places that were used ever */
	uint8_t octets[65536]; /* the datagram in work */
};

/*
 * Close a socket; the queries in it fail, those that are waited for. One that fails may
 * end others of its question, and their numbers may be given out again meanwhile: so
 * none of them has a carrier, before the first one is told.
 */
static void end(struct kept_socket *k, enum fwdtab_error why, const char *text)
{
	struct forwarder *f = k->kept->forwarder;
	struct lane lane = k->lane;

	event_del(&k->readable);
	close(k->fd);
	k->fd = -1;
	k->lane = (struct lane){0};
	for (uint64_t left = lane_awaited(&lane); left != 0; left &= left - 1)
		*exchange_of(f, lane.exchange[__builtin_ctzll(left)]) = (struct exchange){
			0};
	for (uint64_t left = lane_awaited(&lane); left != 0; left &= left - 1) {
		uint32_t number = lane.exchange[__builtin_ctzll(left)];

		if (exchange_of(f, number)->carrier == CARRIER_NONE)
			exchange_failed(f, number, why, text);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct kept_socket *k = arg;
	struct forwarder *f = k->kept->forwarder;

	(void)what;
	for (int i = 0; i < READS_MAX && k->fd == fd; i++) {
		ssize_t n = recv(fd, k->kept->octets, sizeof(k->kept->octets), 0);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			end(k, neterror(errno), strerror(errno));
			return;
		}
		if (n < 2)
			continue;
		int place = lane_find(&k->lane, load_u16(k->kept->octets));
		if (place >= 0)
			fwdtab_reply(f->table, k->lane.exchange[place], k->kept->octets,
				(size_t)n, forwarder_now(f));
	}
}

/* A place for a socket, or NULL. */
static struct kept_socket *free_place(struct kept *k)
{
	for (unsigned i = 0; i < k->high; i++)
		if (k->sockets[i].fd < 0)
			return &k->sockets[i];
	return k->high < SOCKETS_MAX ? &k->sockets[k->high++] : NULL;
}

/* A new socket; NULL: *error says why not. */
static struct kept_socket *open_socket(
	struct kept *k, const struct fwdtab_send *s, int *error)
{
	struct kept_socket *p = free_place(k);

	if (p == NULL) {
		*error = -EMFILE;
		return NULL;
	}
	*p = (struct kept_socket){.kept = k,
		.fd = -1,
		.way = way_of(s),
		.expire_ns = s->group->expire_ms * NS_PER_MS};
	int fd = udp_open(s->group, s->to);
	if (fd < 0) {
		*error = fd;
		return NULL;
	}
	event_assign(&p->readable, k->forwarder->base, fd, EV_READ | EV_PERSIST,
		on_readable, p);
	if (event_add(&p->readable, NULL) < 0) {
		close(fd);
		*error = -ENOMEM;
		return NULL;
	}
	p->fd = fd;
	return p;
}

/*
 * One of the upstream's sockets that have room, by chance; a new one while it has few. If
 * that cannot be had, one that is there will do. NULL: there is none, *error says why.
 */
static struct kept_socket *choose(struct kept *k, const struct fwdtab_send *s, int *error)
{
	struct way way = way_of(s);
	struct kept_socket *chosen = NULL;
	unsigned n = 0, with_room = 0;

	for (unsigned i = 0; i < k->high; i++) {
		struct kept_socket *p = &k->sockets[i];

		if (p->fd < 0 || !way_equal(&p->way, &way))
			continue;
		n++;
		if (lane_room(&p->lane) && random_below(++with_room) == 0)
			chosen = p;
	}
	if (n >= FULL || (n >= BASE && chosen != NULL)) {
		*error = -EMFILE;
		return chosen;
	}
	struct kept_socket *fresh = open_socket(k, s, error);
	return fresh != NULL ? fresh : chosen;
}

int kept_send(struct kept *k, const struct fwdtab_send *s, uint16_t *id)
{
	uint8_t octets[512];
	int ret;
	struct kept_socket *p = choose(k, s, &ret);

	if (p == NULL)
		return ret;
	int place = lane_put(&p->lane, s->exchange, id);
	memcpy(octets, s->query, s->len);
	store_u16(octets, *id);
	if (send(p->fd, octets, s->len, MSG_NOSIGNAL) < 0) {
		/* An error that an earlier query caused may be told to this one. */
		ret = -errno;
		lane_free(&p->lane, (unsigned)place);
		return ret;
	}
	p->used_ns = forwarder_now(k->forwarder);
	*exchange_of(k->forwarder, s->exchange) = (struct exchange){
		.carrier = CARRIER_KEPT,
		.place = (uint8_t)place,
		.index = (uint32_t)(p - k->sockets)};
	return 0;
}

void kept_close(struct kept *k, uint32_t index, unsigned place)
{
	/* A reply that comes late belongs to no question, or is not the one to it. */
	lane_free(&k->sockets[index].lane, place);
}

void kept_configure(struct kept *k, const struct forward_settings *s)
{
	const struct forward_group *g;

	for (unsigned i = 0; i < k->high; i++) {
		struct kept_socket *p = &k->sockets[i];

		if (p->fd >= 0 && way_find(s, &p->way, &g) < 0)
			p->expire_ns = 0;
	}
}

void kept_tick(struct kept *k, uint64_t now_ns)
{
	for (unsigned i = 0; i < k->high; i++) {
		struct kept_socket *p = &k->sockets[i];

		if (p->fd >= 0 && p->lane.used == 0 &&
			now_ns - p->used_ns >= p->expire_ns)
			end(p, FWDTAB_NETWORK, "idle");
	}
}

struct kept *kept_new(struct forwarder *f)
{
	struct kept *k = mem_alloc(1, sizeof(*k));

	k->forwarder = f;
	return k;
}
