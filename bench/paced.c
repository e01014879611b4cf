/* paced.c - see gen.h: a constant rate, every reply matched and compared */
#include "gen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "canon.h"
#include "latency.h"

#define IDS       65536u
#define BURST     64u
#define FLOWS_MAX 64u
#define SHOW      5u /* wrong replies that are printed */

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_ANSWERED, SLOT_LOST };

struct slot {
	uint64_t sent_ns;
	uint32_t question;
	uint32_t state; /* enum slot_state */
};

/* One socket; query number n since the start has the ID n modulo 2^16. */
struct flow {
	int fd;
	uint64_t sent, expired; /* numbers below `expired` are settled or lost */
	struct slot *slot;      /* owned, IDS of them */
};

struct paced {
	const struct gen *g;
	struct flow flow[FLOWS_MAX];
	struct pollfd poll[FLOWS_MAX];
	unsigned nflows;
	int granted; /* the least of the receive buffers */
	uint64_t start_ns, asked, next_question;
	uint64_t sent, answered, lost, wrong, duplicates, late, strangers, send_errors;
	struct latency latency;
	uint8_t query[BURST][300];
	uint8_t reply[BURST][CANON_MAX];
	struct iovec out_iov[BURST], in_iov[BURST];
	struct mmsghdr out[BURST], in[BURST];
};

static void show_wrong(
	const struct paced *p, const struct question *q, const uint8_t *reply, size_t len)
{
	if (p->wrong > SHOW)
		return;
	fprintf(stderr, "gen: wrong: %s: ", q->text);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x", reply[i]);
	fputc('\n', stderr);
}

static void take_reply(struct paced *p, struct flow *f, const uint8_t *reply, size_t len,
	uint64_t now_ns)
{
	struct slot *s = &f->slot[len >= 12 ? load_u16(reply) : 0];
	const struct question *q = &p->g->questions.q[s->question];

	if (len < 12 || s->state == SLOT_FREE) {
		p->strangers++;
		return;
	}
	if (s->state != SLOT_WAITING) {
		p->duplicates += s->state == SLOT_ANSWERED;
		p->late += s->state == SLOT_LOST;
		return;
	}
	s->state = SLOT_ANSWERED;
	p->answered++;
	latency_add(&p->latency, now_ns - s->sent_ns);
	if (!question_right(q, reply, len)) {
		p->wrong++;
		show_wrong(p, q, reply, len);
	}
}

static void receive(struct paced *p, struct flow *f)
{
	int n;

	do {
		n = recvmmsg(f->fd, p->in, BURST, MSG_DONTWAIT, NULL);
		uint64_t now_ns = clock_mono_ns();
		for (int i = 0; i < n; i++)
			take_reply(p, f, p->reply[i], p->in[i].msg_len, now_ns);
	} while (n == (int)BURST);
}

/* What was sent so long ago and has no reply is lost. */
static void expire(struct paced *p, struct flow *f, uint64_t now_ns)
{
	while (f->expired < f->sent) {
		struct slot *s = &f->slot[f->expired % IDS];
		if (s->state == SLOT_WAITING && s->sent_ns + p->g->lost_ns > now_ns)
			return;
		if (s->state == SLOT_WAITING) {
			s->state = SLOT_LOST;
			p->lost++;
		}
		f->expired++;
	}
}

/* Send the next `n` queries on one socket; those that the kernel refuses are not sent. */
static void send_burst(struct paced *p, struct flow *f, unsigned n, uint64_t now_ns)
{
	const struct questions *qs = &p->g->questions;

	n = (unsigned)MIN(n, IDS - (f->sent - f->expired));
	for (unsigned i = 0; i < n; i++) {
		uint32_t k = (uint32_t)((p->next_question + i) % qs->n);
		memcpy(p->query[i], qs->q[k].query, qs->q[k].len);
		store_u16(p->query[i], (uint16_t)(f->sent + i));
		p->out_iov[i].iov_len = qs->q[k].len;
		f->slot[(f->sent + i) % IDS] = (struct slot){now_ns, k, SLOT_WAITING};
	}
	int sent = n > 0 ? sendmmsg(f->fd, p->out, n, 0) : 0;
	if (sent < (int)n)
		p->send_errors++;
	unsigned done = sent > 0 ? (unsigned)sent : 0;
	for (unsigned i = done; i < n; i++)
		f->slot[(f->sent + i) % IDS].state = SLOT_FREE;
	f->sent += done;
	p->sent += done;
	p->next_question += done;
}

/* How many queries should have been sent by now. */
static uint64_t due(const struct paced *p, uint64_t now_ns)
{
	uint64_t run_ns = MIN(now_ns - p->start_ns, p->g->length_ns);

	return run_ns / NS_PER_S * p->g->rate + run_ns % NS_PER_S * p->g->rate / NS_PER_S;
}

/* Sleep until a reply is there or the next query is due, at most 10 ms. */
static void wait_for_more(struct paced *p, uint64_t now_ns)
{
	uint64_t next_ns = p->start_ns + (p->asked + 1) * NS_PER_S / p->g->rate;
	uint64_t ns = next_ns > now_ns ? MIN(next_ns - now_ns, 10 * NS_PER_MS) : 0;
	struct timespec t = {.tv_nsec = (long)ns};

	if (now_ns - p->start_ns >= p->g->length_ns)
		t.tv_nsec = 10 * (long)NS_PER_MS;
	if (t.tv_nsec > 0)
		ppoll(p->poll, p->nflows, &t, NULL);
}

static bool settled(const struct paced *p)
{
	for (unsigned i = 0; i < p->nflows; i++)
		if (p->flow[i].expired < p->flow[i].sent)
			return false;
	return true;
}

static void run(struct paced *p)
{
	unsigned turn = 0;

	p->start_ns = clock_mono_ns();
	for (;;) {
		uint64_t now_ns = clock_mono_ns();
		uint64_t target = due(p, now_ns);
		if (target > p->asked) {
			unsigned n = (unsigned)MIN(target - p->asked, BURST);
			send_burst(p, &p->flow[turn++ % p->nflows], n, now_ns);
			p->asked += n;
		}
		for (unsigned i = 0; i < p->nflows; i++) {
			receive(p, &p->flow[i]);
			expire(p, &p->flow[i], now_ns);
		}
		bool over = now_ns - p->start_ns >= p->g->length_ns && p->asked >= target;
		if (over && settled(p))
			return;
		if (p->asked >= target)
			wait_for_more(p, now_ns);
	}
}

static void init_messages(struct paced *p)
{
	for (unsigned i = 0; i < BURST; i++) {
		p->out_iov[i].iov_base = p->query[i];
		p->in_iov[i] = (struct iovec){p->reply[i], CANON_MAX};
		p->out[i].msg_hdr = (struct msghdr){
			.msg_iov = &p->out_iov[i], .msg_iovlen = 1};
		p->in[i].msg_hdr = (struct msghdr){
			.msg_iov = &p->in_iov[i], .msg_iovlen = 1};
	}
}

/* As many sockets as keep each ID unused until a second after it is lost, unless told
 * otherwise. 0 or -errno. */
static int open_flows(struct paced *p)
{
	uint64_t need = p->g->rate * (p->g->lost_ns / NS_PER_S + 1) / IDS + 1;
	unsigned n = p->g->sockets != 0 ? p->g->sockets : (unsigned)MIN(need, FLOWS_MAX);

	p->granted = UDP_BUFFER;
	for (; p->nflows < MIN(n, FLOWS_MAX); p->nflows++) {
		struct flow *f = &p->flow[p->nflows];
		int granted;

		f->fd = udp_open(NULL, &p->g->target, &granted);
		if (f->fd < 0)
			return f->fd;
		f->slot = mem_alloc(IDS, sizeof(*f->slot));
		p->granted = MIN(p->granted, granted);
		p->poll[p->nflows] = (struct pollfd){.fd = f->fd, .events = POLLIN};
	}
	return 0;
}

/* Queries lost beyond the replies that our own sockets dropped. */
static void report(const struct paced *p, uint64_t drops)
{
	bool valid = p->granted >= UDP_BUFFER;

	printf("{\"program\": \"gen\", \"mode\": \"paced\", \"valid\": %s, \"reason\": "
	       "\"%s\", "
	       "\"rate\": %llu, \"seconds\": %.3f, \"sockets\": %u, \"buffer\": %d, ",
		valid ? "true" : "false", valid ? "" : "invalid: buffer",
		(unsigned long long)p->g->rate, (double)p->g->length_ns / 1e9, p->nflows,
		p->granted);
	printf("\"sent\": %llu, \"answered\": %llu, \"lost\": %llu, \"client_drops\": "
	       "%llu, "
	       "\"wrong\": %llu, \"duplicates\": %llu, \"late\": %llu, \"strangers\": "
	       "%llu, "
	       "\"send_errors\": %llu, ",
		(unsigned long long)p->sent, (unsigned long long)p->answered,
		(unsigned long long)(p->lost - MIN(p->lost, drops)),
		(unsigned long long)drops, (unsigned long long)p->wrong,
		(unsigned long long)p->duplicates, (unsigned long long)p->late,
		(unsigned long long)p->strangers, (unsigned long long)p->send_errors);
	printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
		(double)latency_quantile(&p->latency, 500) / 1e3,
		(double)latency_quantile(&p->latency, 990) / 1e3,
		(double)p->latency.max_ns / 1e3);
}

int gen_paced(const struct gen *g)
{
	struct paced *p = mem_alloc(1, sizeof(*p));
	uint64_t drops = 0;

	p->g = g;
	init_messages(p);
	int ret = open_flows(p);
	if (ret == 0) {
		run(p);
		for (unsigned i = 0; i < p->nflows; i++)
			drops += udp_drops(p->flow[i].fd);
		report(p, drops);
		ret = p->granted < UDP_BUFFER ? -ENOBUFS : 0;
	}
	for (unsigned i = 0; i < p->nflows; i++) {
		close(p->flow[i].fd);
		free(p->flow[i].slot);
	}
	free(p);
	return ret;
}
