#include "worker/peers.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"

#define OUTBOX 128 /* a batch of needs, as many refreshes, and notes */
#define INBOX  32
#define ROUNDS 16 /* of an inbox, then others have their turn */

struct peer {
	struct peers *peers;
	int fd; /* owned; -1: none */
	unsigned number;
	struct event *readable, *writable; /* owned */
};

/* Where a message goes and for which place. */
struct envelope {
	uint32_t place;
	uint8_t forwarder;
	struct iovec iov;
};

struct peers {
	struct event_base *base;
	struct peers_handlers on;
	void *arg;
	struct peer peer[FORWARDERS_MAX];
	unsigned n; /* in the outbox */
	struct envelope envelope[OUTBOX];
	union ask_message out[OUTBOX];
	uint32_t sending[OUTBOX]; /* places of `header` */
	struct mmsghdr header[OUTBOX];
	union ask_message in[INBOX];
};

/* ---- sending ---- */

/* Those of the outbox for that forwarder as headers; how many. */
static unsigned gather(struct peers *p, unsigned forwarder)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->n; i++) {
		struct envelope *e = &p->envelope[i];

		if (e->forwarder != forwarder)
			continue;
		p->header[n].msg_hdr = (struct msghdr){
			.msg_iov = &e->iov, .msg_iovlen = 1};
		p->sending[n++] = e->place;
	}
	return n;
}

static void send_to(struct peers *p, struct peer *peer)
{
	unsigned n = gather(p, peer->number), sent = 0;

	while (sent < n) {
		int ret = sendmmsg(peer->fd, p->header + sent, n - sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (ret > 0)
			sent += (unsigned)ret;
		else if (errno != EINTR)
			break;
	}
	if (sent == n)
		return;
	event_add(peer->writable, NULL);
	for (; sent < n; sent++)
		if (p->sending[sent] != ASK_NOBODY)
			p->on.on_unsent(p->arg, p->sending[sent]);
}

void peers_flush(struct peers *p)
{
	if (p->n == 0)
		return;
	for (unsigned i = 0; i < FORWARDERS_MAX; i++)
		if (p->peer[i].fd >= 0)
			send_to(p, &p->peer[i]);
	p->n = 0;
}

union ask_message *peers_message(struct peers *p, unsigned forwarder)
{
	if (forwarder >= FORWARDERS_MAX || p->peer[forwarder].fd < 0)
		return NULL;
	if (p->n == OUTBOX)
		peers_flush(p);
	p->envelope[p->n].forwarder = (uint8_t)forwarder;
	return &p->out[p->n];
}

void peers_put(struct peers *p, size_t len, uint32_t place)
{
	struct envelope *e = &p->envelope[p->n];

	e->place = place;
	e->iov = (struct iovec){&p->out[p->n], len};
	p->n++;
}

unsigned peers_room(const struct peers *p)
{
	return OUTBOX - p->n;
}

unsigned peers_waiting(const struct peers *p)
{
	return p->n;
}

/* ---- receiving ---- */

/* Sort a round of messages: those of one kind are told together. */
static void on_messages(struct peer *peer, unsigned n)
{
	struct peers *p = peer->peers;
	struct ask_settled settled[INBOX];
	unsigned nsettled = 0;

	for (unsigned i = 0; i < n; i++) {
		const union ask_message *m = &p->in[i];

		if (!ask_check(m, p->header[i].msg_len))
			continue;
		if (m->type == ASK_SETTLED)
			settled[nsettled++] = m->settled;
		else if (m->type == ASK_HELLO)
			p->on.on_hello(p->arg, peer->number);
	}
	if (nsettled > 0)
		p->on.on_settled(p->arg, settled, nsettled);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *peer = arg;
	struct peers *p = peer->peers;
	struct iovec iov[INBOX];

	(void)what;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < INBOX; i++) {
			iov[i] = (struct iovec){&p->in[i], sizeof(p->in[i])};
			p->header[i].msg_hdr = (struct msghdr){
				.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		int n = recvmmsg(fd, p->header, INBOX, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		on_messages(peer, (unsigned)n);
		if (n < INBOX)
			return;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	const struct peer *peer = arg;

	(void)fd;
	(void)what;
	peer->peers->on.on_room(peer->peers->arg);
}

/* ---- pairs ---- */

struct peers *peers_new(
	struct event_base *base, const struct peers_handlers *on, void *arg)
{
	struct peers *p = mem_alloc(1, sizeof(*p));

	p->base = base;
	p->on = *on;
	p->arg = arg;
	for (unsigned i = 0; i < FORWARDERS_MAX; i++)
		p->peer[i] = (struct peer){.peers = p, .fd = -1, .number = i};
	return p;
}

static void drop_peer(struct peer *peer)
{
	if (peer->readable != NULL)
		event_free(peer->readable);
	if (peer->writable != NULL)
		event_free(peer->writable);
	if (peer->fd >= 0)
		close(peer->fd);
	peer->readable = peer->writable = NULL;
	peer->fd = -1;
}

int peers_add(struct peers *p, unsigned forwarder, int fd)
{
	if (forwarder >= FORWARDERS_MAX || fd < 0) {
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	struct peer *peer = &p->peer[forwarder];
	drop_peer(peer);
	peer->fd = fd;
	peer->readable = event_new(p->base, fd, EV_READ | EV_PERSIST, on_readable, peer);
	peer->writable = event_new(p->base, fd, EV_WRITE, on_writable, peer);
	if (peer->readable == NULL || peer->writable == NULL ||
		event_add(peer->readable, NULL) < 0) {
		drop_peer(peer);
		return -ENOMEM;
	}
	return 0;
}
