#include "worker/udp.h"

#include "base/base.h"
#include "base/clock.h"
#include "worker/answer.h"
#include "worker/encode.h"
#include "worker/needs.h"

#define ROUNDS_MAX 16

/* Upper bounds of the histogram are 1, 2, 4, ... 32. */
static void count_batch(struct stat_worker *st, unsigned n)
{
	unsigned bucket = n > 1 ? 32u - (unsigned)__builtin_clz(n - 1) : 0;

	stat_add(&st->batches, 1);
	stat_add(&st->batch_packets, n);
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
		if (needs_take(s->worker, b, p, &way))
			return;
		break;
	case VERDICT_DROP:
		p->reply_len = 0;
		break;
	}
	if (p->reply_len == 0)
		query_count_drop(p, s->worker->stat);
}

/* AC-05: is this socket's traffic limited at all? */
static bool is_limited(const struct worker_socket *s, const struct settings *set)
{
	return set->rate.per_source > 0 && (s->global || !set->rate_public);
}

/*
 * A client that asks too often is not answered, or is told to come by TCP, where an
 * address cannot be forged. Not inline: hardly anybody has a limit.
 */
__attribute__((noinline)) static bool asks_too_often(
	struct worker *w, const struct basis *b, struct packet *p)
{
	struct addr client;

	addr_of_socket(p->client, &client);
	if (rate_take(w->rate, &client, &b->settings->rate, w->workers, b->now_ns))
		return false;
	p->source = SOURCE_POLICY;
	if (rate_slips(w->rate, b->settings->slip))
		encode_truncated(p, b->settings);
	else
		stat_add(&w->stat->drops[DROP_RATE], 1);
	return true;
}

/* Everything between receiving and sending: no system call, no allocation. */
static void serve_batch(const struct worker_socket *s, const struct basis *b)
{
	struct worker *w = s->worker;
	struct packet *packet = w->batch->packet;
	struct hash128 hashes[BATCH_MAX];
	unsigned asked[BATCH_MAX], nasked = 0;
	bool limited = is_limited(s, b->settings);

	for (unsigned i = 0; i < w->batch->n; i++) {
		packet[i].arrival_ns = b->now_ns;
		packet[i].turn = worker_turn(w);
		if (!admit(b, &packet[i], w->stat) ||
			(limited && asks_too_often(w, b, &packet[i])))
			continue;
		hashes[nasked] = packet[i].hash;
		asked[nasked++] = i;
	}
	if (nasked > 1)
		snap_prefetch(b->snap, hashes, nasked);
	for (unsigned i = 0; i < nasked; i++)
		serve(s, b, asked[i]);
	for (unsigned i = 0; i < w->batch->n; i++)
		if (packet[i].reply_len > 0)
			query_count_reply(&packet[i], w->stat);
	stat_set(&w->stat->head.heartbeat_ns, b->now_ns);
	count_batch(w->stat, w->batch->n);
}

/* The replies are out: what they took, who looks on, forwarders are asked and told. */
static void follow_up(struct worker *w, const struct basis *b)
{
	uint64_t sent_ns = clock_mono_ns();

	for (unsigned i = 0; i < w->batch->n; i++) {
		const struct packet *p = &w->batch->packet[i];

		if (p->reply_len == 0)
			continue;
		query_count_time(p, w->stat, sent_ns);
		tap_reply(&w->tap, b, p, sent_ns);
		needs_replied(w, p, b->now_ns);
	}
	needs_flush(w);
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
		worker_refresh(w); /* between batches nothing is borrowed */
		int n = batch_recv(w->batch, fd, wild);
		if (n <= 0) {
			if (n < 0)
				log_receive_error(w, -n);
			break;
		}
		struct basis b = worker_basis(w, clock_mono_ns());
		serve_batch(s, &b);
		unsigned lost = batch_send(w->batch, fd);
		if (lost > 0)
			stat_add(&w->stat->drops[DROP_SEND], lost);
		follow_up(w, &b);
		if (n < BATCH_MAX)
			break;
	}
}
