/* flood.c - see gen.h: as fast as UDP GSO goes */
#include "gen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "canon.h"

#define SEGMENTS  32 /* queries in one sendmsg() */
#define SETTLE_MS 200

struct flood {
	int fd;
	size_t len;      /* of each query */
	uint8_t *octets; /* owned: all queries in their order, and the first ones again */
	size_t n;
	uint64_t sent, received;
	uint16_t id;
};

static int prepare(struct flood *f, const struct questions *qs)
{
	f->len = qs->q[0].len;
	f->n = qs->n;
	f->octets = mem_alloc(f->n + SEGMENTS, f->len);
	for (size_t i = 0; i < f->n + SEGMENTS; i++) {
		const struct question *q = &qs->q[i % f->n];
		if (q->len != f->len) {
			fprintf(stderr, "gen: %s: not as long as the first\n", q->text);
			return -EINVAL;
		}
		memcpy(f->octets + i * f->len, q->query, q->len);
	}
	return 0;
}

/* Send the next SEGMENTS queries with IDs that follow each other. */
static bool send_burst(struct flood *f)
{
	uint8_t *at = f->octets + (f->sent % f->n) * f->len;

	for (size_t i = 0; i < SEGMENTS; i++)
		store_u16(at + i * f->len, f->id++);
	if (send(f->fd, at, SEGMENTS * f->len, 0) < 0)
		return false;
	f->sent += SEGMENTS;
	return true;
}

static void receive_all(struct flood *f)
{
	static uint8_t octets[64][CANON_MAX];
	struct iovec iov[64];
	struct mmsghdr msgs[64];
	int n;

	for (unsigned i = 0; i < 64; i++) {
		iov[i] = (struct iovec){octets[i], CANON_MAX};
		msgs[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	}
	do {
		n = recvmmsg(f->fd, msgs, 64, MSG_DONTWAIT, NULL);
		f->received += n > 0 ? (unsigned)n : 0;
	} while (n == 64);
}

/* Flood until the time is over. 0 or -errno. */
static int run(struct flood *f, const struct gen *g, uint64_t end_ns)
{
	while (clock_mono_ns() < end_ns) {
		if (!send_burst(f) && errno != EAGAIN && errno != ENOBUFS &&
			errno != ECONNREFUSED)
			return -errno;
		if (!g->filter)
			receive_all(f);
	}
	return 0;
}

/* Replies so far: with a filter the socket's own count of drops. */
static uint64_t replies(struct flood *f, const struct gen *g)
{
	if (g->filter)
		return udp_drops(f->fd);
	receive_all(f);
	return f->received;
}

int gen_flood(const struct gen *g)
{
	struct flood f = {.fd = -1};
	int granted, ret = prepare(&f, &g->questions);
	int segment = (int)f.len;

	if (ret < 0)
		goto out;
	f.fd = udp_open(NULL, &g->target, &granted);
	if (f.fd < 0) {
		ret = f.fd;
		goto out;
	}
	if (setsockopt(f.fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		ret = -errno;
	if (ret == 0 && g->filter)
		ret = udp_filter_all(f.fd);
	uint64_t start = clock_mono_ns();
	if (ret == 0)
		ret = run(&f, g, start + g->length_ns);
	uint64_t took = clock_mono_ns() - start;
	if (ret < 0)
		goto out;
	usleep(SETTLE_MS * 1000);
	printf("{\"program\": \"gen\", \"mode\": \"flood\", \"filter\": %s, \"names\": "
	       "%zu, "
	       "\"sent\": %llu, \"replies\": %llu, \"ns\": %llu}\n",
		g->filter ? "true" : "false", f.n, (unsigned long long)f.sent,
		(unsigned long long)replies(&f, g), (unsigned long long)took);
out:
	if (f.fd >= 0)
		close(f.fd);
	free(f.octets);
	return ret;
}
