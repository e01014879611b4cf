#include "worker/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "worker/answer.h"

#define ROUNDS_MAX 16

static bool same_socket(const struct worker_socket *s, const struct message_socket *m)
{
	return s->event != NULL && s->share == m->share &&
	       memcmp(&s->key, &m->key, sizeof(s->key)) == 0;
}

static struct worker_socket *find(struct worker *w, const struct message_socket *m)
{
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++)
		if (same_socket(&w->sockets[i], m))
			return &w->sockets[i];
	return NULL;
}

static struct worker_socket *find_free(struct worker *w)
{
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++)
		if (w->sockets[i].event == NULL)
			return &w->sockets[i];
	return NULL;
}

/* The least receive buffer of all sockets, for the stat page (DE-04). */
static void note_buffer(struct worker *w, int fd)
{
	uint64_t least = stat_get(&w->stat->receive_buffer);
	int size = 0;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 || size <= 0)
		return;
	if (least == 0 || (uint64_t)size < least)
		stat_set(&w->stat->receive_buffer, (uint64_t)size);
}

int udp_add(struct worker *w, const struct message_socket *m, int fd)
{
	struct worker_socket *s = find_free(w);
	int ret = 0;

	if (m->key.kind != SOCKET_UDP && m->key.kind != SOCKET_UDP_WILD)
		ret = -ENOTSUP;
	else if (find(w, m) != NULL)
		ret = -EEXIST;
	else if (s == NULL)
		ret = -ENOSPC;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	*s = (struct worker_socket){
		.worker = w, .share = m->share, .key = m->key, .fd = fd};
	s->event = event_new(w->base, fd, EV_READ | EV_PERSIST, on_udp_readable, s);
	if (s->event == NULL) {
		close(fd);
		return -ENOSPC;
	}
	note_buffer(w, fd);
	if (w->serving)
		event_add(s->event, NULL);
	return 0;
}

int udp_remove(struct worker *w, const struct message_socket *m)
{
	struct worker_socket *s = find(w, m);

	if (s == NULL)
		return -ENOENT;
	event_free(s->event);
	close(s->fd);
	*s = (struct worker_socket){.fd = -1};
	return 0;
}

void udp_serve(struct worker *w, bool on)
{
	w->serving = on;
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++) {
		if (w->sockets[i].event == NULL)
			continue;
		if (on)
			event_add(w->sockets[i].event, NULL);
		else
			event_del(w->sockets[i].event);
	}
}

/* Upper bounds of the histogram are 1, 2, 4, ... 32. */
static void count_batch(struct stat_worker *st, unsigned n)
{
	unsigned bucket = n > 1 ? 32u - (unsigned)__builtin_clz(n - 1) : 0;

	stat_add(&st->batches, 1);
	stat_add(&st->batch_sizes[MIN(bucket, ARRAY_LEN(st->batch_sizes) - 1)], 1);
}

static void serve(struct worker *w, const struct basis *b, struct packet *p)
{
	(void)w;
	switch (answer(b, p)) {
	case VERDICT_REPLY:
		break; /* batch_send() takes every packet with reply_len > 0 */
	case VERDICT_NEED:
		p->reply_len =
			0; /* parked here, and asked for after the replies are out */
		break;
	case VERDICT_DROP:
		p->reply_len = 0;
		break;
	}
}

/*
 * Where the addresses of the next answer begin: a counter, spread so that clients that
 * always ask for A and AAAA together do not get the same half of the turns.
 */
static uint32_t next_turn(struct worker *w)
{
	return (uint32_t)(w->turn++ * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Everything between receiving and sending: no system call, no allocation. */
static void serve_batch(struct worker *w)
{
	struct basis b = {reader_snap(&w->reader), &w->reader.settings, clock_mono_ns()};
	struct packet *asked[BATCH_MAX];
	struct hash128 hashes[BATCH_MAX];
	unsigned nasked = 0;

	for (unsigned i = 0; i < w->batch->n; i++) {
		struct packet *p = &w->batch->packet[i];

		p->arrival_ns = b.now_ns;
		p->turn = next_turn(w);
		if (!admit(&b, p, w->stat))
			continue;
		hashes[nasked] = p->hash;
		asked[nasked++] = p;
	}
	if (nasked > 1)
		snap_prefetch(b.snap, hashes, nasked);
	for (unsigned i = 0; i < nasked; i++)
		serve(w, &b, asked[i]);
	for (unsigned i = 0; i < w->batch->n; i++)
		if (w->batch->packet[i].reply_len > 0)
			query_count_reply(&w->batch->packet[i], w->stat);
	stat_set(&w->stat->head.heartbeat_ns, b.now_ns);
	count_batch(w->stat, w->batch->n);
}

static void log_receive_error(struct worker *w, int error)
{
	uint64_t suppressed;

	if (log_allow(&w->receive_log, clock_mono_ns(), &suppressed))
		log_line(LOG_WARNING, "cannot receive error=%d suppressed=%llu", error,
			(unsigned long long)suppressed);
}

void on_udp_readable(int fd, short what, void *arg)
{
	struct worker_socket *s = arg;
	struct worker *w = s->worker;
	bool wild = s->key.kind == SOCKET_UDP_WILD;

	(void)what;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		reader_refresh(&w->reader); /* between batches nothing is borrowed */
		int n = batch_recv(w->batch, fd, wild);
		if (n <= 0) {
			if (n < 0)
				log_receive_error(w, -n);
			break;
		}
		serve_batch(w);
		unsigned lost = batch_send(w->batch, fd);
		if (lost > 0)
			stat_add(&w->stat->drops[DROP_SEND], lost);
		if (n < BATCH_MAX)
			break;
	}
}
