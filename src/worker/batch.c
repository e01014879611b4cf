#include "worker/batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/mem.h"

#define BATCH_RECEIVE 4096 /* the longest query that is read whole (W-35) */
#define BATCH_ROOM    4608 /* for its reply */
#define SEND_WAIT_MS  10   /* for room in a send buffer, once in a batch */

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Room for the one item that a wildcard socket was told to give. */
struct control {
	_Alignas(struct cmsghdr) char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* The headers stand side by side, as the kernel wants them; the rest hangs from them. */
struct batch_slot {
	struct mmsghdr header[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	union address address[BATCH_MAX];
	struct control control[BATCH_MAX];
	_Alignas(64) uint8_t buf[BATCH_MAX][BATCH_ROOM];
};

struct batch *batch_new(void)
{
	struct batch *b = mem_alloc(1, sizeof(*b));
	uint8_t *raw = mem_alloc(1, sizeof(struct batch_slot) + 63);

	/* The block is never given back, so its own address may be forgotten. */
	struct batch_slot *s = (void *)round_up((uintptr_t)raw, 64);
	b->slots = s;
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		s->iov[i].iov_base = s->buf[i];
		s->header[i].msg_hdr.msg_iov = &s->iov[i];
		s->header[i].msg_hdr.msg_iovlen = 1;
		s->header[i].msg_hdr.msg_name = &s->address[i];
		b->packet[i].buf = s->buf[i];
		b->packet[i].cap = BATCH_ROOM;
		b->packet[i].client = &s->address[i].sa;
	}
	return b;
}

/* Make the headers of the last batch fit for receiving again. */
static void prepare(struct batch_slot *s, bool wild)
{
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		struct msghdr *h = &s->header[i].msg_hdr;

		s->iov[i].iov_len = BATCH_RECEIVE;
		h->msg_namelen = sizeof(s->address[i]);
		h->msg_control = wild ? &s->control[i] : NULL;
		h->msg_controllen = wild ? sizeof(s->control[i]) : 0;
		h->msg_flags = 0;
	}
}

/*
 * Turn the control data of a query into that of its reply: from the address that was
 * asked, on any interface unless the address only means something on one.
 */
static void turn_control(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	if (c != NULL && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		h->msg_controllen = CMSG_SPACE(sizeof(info));
	} else if (c != NULL && c->cmsg_level == IPPROTO_IPV6 &&
		   c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		h->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		h->msg_control = NULL;
		h->msg_controllen = 0;
	}
}

int batch_recv(struct batch *b, int fd, bool wild)
{
	struct batch_slot *s = b->slots;

	prepare(s, wild);
	b->n = 0;
	int n = recvmmsg(fd, s->header, BATCH_MAX, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct packet *p = &b->packet[i];

		p->len = s->header[i].msg_len;
		p->cut = (s->header[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		p->reply_len = 0;
		if (wild)
			turn_control(&s->header[i].msg_hdr);
	}
	b->n = (unsigned)n;
	return n;
}

/* Send the replies [from, to) that stand side by side; how many were lost. */
static unsigned send_run(
	struct batch *b, int fd, unsigned from, unsigned to, bool *waited)
{
	unsigned lost = 0;

	while (from < to) {
		int n = sendmmsg(fd, b->slots->header + from, to - from, MSG_DONTWAIT);

		if (n > 0) {
			from += (unsigned)n;
		} else if (errno == EAGAIN && !*waited) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			*waited = true;
			poll(&room, 1, SEND_WAIT_MS);
		} else if (errno != EINTR) {
			from++; /* no route, port 0: the others may leave */
			lost++;
		}
	}
	return lost;
}

unsigned batch_send_some(struct batch *b, int fd, unsigned i, unsigned to)
{
	unsigned lost = 0;
	bool waited = false;

	while (i < to) {
		unsigned from = i;

		for (; i < to && b->packet[i].reply_len > 0; i++)
			b->slots->iov[i].iov_len = b->packet[i].reply_len;
		if (i > from)
			lost += send_run(b, fd, from, i, &waited);
		else
			i++;
	}
	return lost;
}

unsigned batch_send(struct batch *b, int fd)
{
	return batch_send_some(b, fd, 0, b->n);
}

/* ---- a reply that leaves later ---- */

/* The address that was asked, as turn_control() left it. */
static void local_way(const struct msghdr *h, struct park_way *out)
{
	const struct cmsghdr *c = h->msg_controllen > 0 ? CMSG_FIRSTHDR(h) : NULL;

	if (c == NULL)
		return;
	if (c->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		memcpy(out->local, &info.ipi_spec_dst, 4);
		out->local_len = 4;
	} else {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		memcpy(out->local, &info.ipi6_addr, 16);
		out->local_index = info.ipi6_ifindex;
		out->local_len = 16;
	}
}

void batch_way(const struct batch *b, unsigned i, struct park_way *out)
{
	const union address *a = &b->slots->address[i];

	*out = (struct park_way){.family = a->sa.sa_family};
	if (a->sa.sa_family == AF_INET6) {
		out->port = a->v6.sin6_port;
		out->scope = a->v6.sin6_scope_id;
		memcpy(out->client, &a->v6.sin6_addr, 16);
	} else {
		out->port = a->v4.sin_port;
		memcpy(out->client, &a->v4.sin_addr, 4);
	}
	local_way(&b->slots->header[i].msg_hdr, out);
}

static void set_local(struct msghdr *h, const struct park_way *way, struct control *to)
{
	struct in_pktinfo v4 = {0};
	struct in6_pktinfo v6 = {.ipi6_ifindex = way->local_index};
	bool is_v4 = way->local_len == 4;
	size_t size = is_v4 ? sizeof(v4) : sizeof(v6);

	h->msg_control = NULL;
	h->msg_controllen = 0;
	if (way->local_len == 0)
		return;
	memset(to, 0, sizeof(*to));
	h->msg_control = to;
	h->msg_controllen = CMSG_SPACE(size);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(&v4.ipi_spec_dst, way->local, 4);
	memcpy(&v6.ipi6_addr, way->local, 16);
	memcpy(CMSG_DATA(c), is_v4 ? (const void *)&v4 : (const void *)&v6, size);
}

void batch_set_way(struct batch *b, unsigned i, const struct park_way *way)
{
	union address *a = &b->slots->address[i];
	struct msghdr *h = &b->slots->header[i].msg_hdr;

	memset(a, 0, sizeof(*a));
	a->sa.sa_family = way->family;
	if (way->family == AF_INET6) {
		a->v6.sin6_port = way->port;
		a->v6.sin6_scope_id = way->scope;
		memcpy(&a->v6.sin6_addr, way->client, 16);
		h->msg_namelen = sizeof(a->v6);
	} else {
		a->v4.sin_port = way->port;
		memcpy(&a->v4.sin_addr, way->client, 4);
		h->msg_namelen = sizeof(a->v4);
	}
	set_local(h, way, &b->slots->control[i]);
}
