#include "worker/udp.h"

#include "base/base.h"
#include "base/clock.h"
#include "worker/answer.h"

#define ROUNDS_MAX 16

/* Upper bounds of the histogram are 1, 2, 4, ... 32. */
static void count_batch(struct stat_worker *st, unsigned n)
{
	unsigned bucket = n > 1 ? 32u - (unsigned)__builtin_clz(n - 1) : 0;

	stat_add(&st->batches, 1);
	stat_add(&st->batch_sizes[MIN(bucket, ARRAY_LEN(st->batch_sizes) - 1)], 1);
}

static void serve(const struct worker_socket *s, const struct basis *b, unsigned i)
{
	struct packet *p = &s->worker->batch->packet[i];
	struct park_way way;

	p->wait = WAIT_ASK;
	switch (answer(b, p)) {
	case VERDICT_REPLY:
		break; /* batch_send() takes every packet with reply_len > 0 */
	case VERDICT_NEED:
		batch_way(s->worker->batch, i, &way);
		way.key = s->key;
		way.share = s->share;
		needs_take(s->worker, b, p, &way);
		break;
	case VERDICT_DROP:
		p->reply_len = 0;
		break;
	}
}

/* Everything between receiving and sending: no system call, no allocation. */
static void serve_batch(struct worker *w)
{
	struct basis b = {.snap = reader_snap(&w->reader),
		.settings = &w->reader.settings,
		.now_ns = clock_mono_ns()};
	struct packet *asked[BATCH_MAX];
	struct hash128 hashes[BATCH_MAX];
	unsigned nasked = 0;

	for (unsigned i = 0; i < w->batch->n; i++) {
		struct packet *p = &w->batch->packet[i];

		p->arrival_ns = b.now_ns;
		p->turn = worker_turn(w);
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
