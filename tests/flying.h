/*
 * flying.h - a forwarder's table for unit tests: upstreams are what the test says
 */
#ifndef TESTS_FLYING_H
#define TESTS_FLYING_H

#include "forwarder/flight.h"
#include <stdio.h>

#include "support.h"

#define FLYING_RING   (1u << 20)
#define FLYING_START  (1000 * NS_PER_S)
#define FLYING_PLACES 4096

static const struct hash_key flying_key = {11, 13, UINT64_MAX};

/* What the table did. */
struct flying {
	struct fwdtab *f;
	struct cachewrite cache;
	struct stat_forwarder *stat;
	struct settings *settings;
	uint8_t *object, *copies;
	uint64_t now_ns, random;
	bool open[FWDTAB_EXCHANGES];
	uint8_t upstream[FWDTAB_EXCHANGES];
	uint8_t transport[FWDTAB_EXCHANGES];
	uint8_t query[FWDTAB_EXCHANGES][REPLY_QUERY_MAX];
	uint16_t len[FWDTAB_EXCHANGES];
	uint32_t last; /* that was sent */
	unsigned sent, probes, nopen, failures;
	uint32_t wanted[FLYING_PLACES]; /* serial that waits; 0: nobody */
	unsigned settled[3];            /* by enum ask_status */
	int refuse;                     /* what send() returns now and then */
};

static int flying_send(void *arg, const struct fwdtab_send *s, uint16_t *id)
{
	struct flying *y = arg;
	uint32_t i = s->exchange;

	ck_assert_uint_lt(i, FWDTAB_EXCHANGES);
	ck_assert_msg(!y->open[i], "exchange %u is open already", i);
	ck_assert_uint_gt(s->to->addr.len, 0);
	ck_assert_uint_eq(load_u16(s->query), *id);
	ck_assert_uint_le(s->len, REPLY_QUERY_MAX);
	if (y->refuse != 0 && next_random(&y->random) % 8 == 0)
		return y->refuse;
	if (s->transport != EXCHANGE_UDP)
		*id ^= 1; /* a connection has IDs of its own */
	y->open[i] = true;
	y->upstream[i] = s->upstream;
	y->transport[i] = s->transport;
	memcpy(y->query[i], s->query, s->len);
	store_u16(y->query[i], *id);
	y->len[i] = (uint16_t)s->len;
	y->last = i;
	y->nopen++;
	y->sent++;
	y->probes += s->probe;
	return 0;
}

static void flying_close(void *arg, uint32_t exchange)
{
	struct flying *y = arg;

	ck_assert_msg(y->open[exchange], "exchange %u is not open", exchange);
	y->open[exchange] = false;
	y->nopen--;
}

static void flying_settled(
	void *arg, const struct fwdtab_waiter *w, enum ask_status status)
{
	struct flying *y = arg;

	ck_assert_msg(y->wanted[w->place] == w->serial, "place %u: %u, wanted is %u",
		w->place, w->serial, y->wanted[w->place]);
	y->wanted[w->place] = 0;
	y->settled[status]++;
}

static void flying_event(void *arg, const struct fwdtab_event *e)
{
	struct flying *y = arg;

	if (e->kind != EVENT_FAILED)
		return;
	y->failures++;
	ck_assert_uint_le(strlen(e->text), CACHE_TEXT_MAX);
	ck_assert_ptr_nonnull(e->question);
}

static uint32_t flying_draw(void *arg)
{
	struct flying *y = arg;

	return (uint32_t)(next_random(&y->random) >> 32);
}

/* One group of `n` upstreams 10.0.0.1 and so on, behind those that stand already. */
static struct forward_group *flying_group(
	struct settings *s, uint64_t digest, const char *from, unsigned n)
{
	struct forward_settings *f = &s->forward;
	struct forward_group *g = &f->groups[f->ngroups++];

	*g = (struct forward_group){
		.digest = digest,
		.first = f->nupstreams,
		.n = (uint8_t)n,
		.policy = FORWARD_SEQUENTIAL,
		.edns = true,
		.recursion = true,
		.max_fails = 2,
		.failover = 1u << 2 | 1u << 4 | 1u << 5,
		.timeout_ms = 2000,
		.probe_ms = 500,
		.probe_type = 2,
		.probe_name = {.len = 1},
	};
	ck_assert_int_eq(name_parse(from, &g->from), 0);
	for (unsigned i = 0; i < n; i++)
		f->upstreams[f->nupstreams++] = (struct forward_upstream){
			.addr = {4, {10, 0, (uint8_t)digest, (uint8_t)(i + 1)}},
			.port = 53,
		};
	return g;
}

static struct settings *flying_settings(void)
{
	struct settings *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	s->number = 1;
	s->max_udp = 1232;
	s->forward.deadline_ms = 4500;
	s->forward.forwarders = 1;
	s->forward.cache.success_max_ttl_s = 3600;
	s->forward.cache.denial_max_ttl_s = 3600;
	s->forward.cache.servfail_ttl_ms = 5000;
	s->forward.cache.stale_max_age_s = 3600;
	s->forward.cache.stale_recheck_ms = 30000;
	s->forward.cache.stale_mode = STALE_VERIFY;
	s->forward.cache.prefetch_hits = 2;
	s->forward.cache.prefetch_percent = 10;
	return s;
}

static struct flying *flying_open(void)
{
	static const struct fwdtab_ops ops = {
		flying_send, flying_close, flying_settled, flying_event, flying_draw};
	struct flying *y = calloc(1, sizeof(*y));
	size_t size = cachewrite_octets(FLYING_RING, FLYING_RING);

	ck_assert_ptr_nonnull(y);
	y->now_ns = FLYING_START;
	y->random = 99;
	y->object = aligned_alloc(4096, round_up(size, 4096));
	y->copies = aligned_alloc(64, round_up(2 * CACHE_COPY_MAX, 64));
	y->stat = calloc(1, sizeof(*y->stat));
	memset(y->object, 0, size);
	cachewrite_open(&y->cache, y->object, size, FLYING_RING, FLYING_RING, "flying",
		y->copies, NULL, NULL, y->now_ns);
	y->f = fwdtab_new(&ops, y, &y->cache, y->stat, &flying_key, 5);
	return y;
}

static void flying_close_all(struct flying *y)
{
	fwdtab_free(y->f);
	free(y->object);
	free(y->copies);
	free(y->stat);
	free(y);
}

static inline struct question flying_question(
	unsigned name, uint16_t type, uint64_t group)
{
	struct question q = {.group = group, .type = type};
	struct name n;
	char text[64];

	snprintf(text, sizeof(text), "n%u.%s.example.", name, name % 3 == 0 ? "x" : "y");
	ck_assert_int_eq(name_parse(text, &n), 0);
	memcpy(q.name, n.wire, n.len);
	q.name_len = n.len;
	q.hash = hash_name(&flying_key, q.name, q.name_len);
	return q;
}

/* Ask for a place. */
static inline void flying_ask(struct flying *y, uint32_t place, uint32_t serial,
	const struct question *q, unsigned n)
{
	struct fwdtab_waiter w = {.slot = 1, .place = place, .serial = serial, .life = 3};
	struct ask_head head = {
		.arrival_ns = y->now_ns, .deadline_ns = y->now_ns + 4500 * NS_PER_MS};

	y->wanted[place] = serial;
	fwdtab_ask(y->f, q, n, &w, &head, y->now_ns);
}

/* Time goes on, with all that is due on the way. */
static inline void flying_run(struct flying *y, uint64_t ns)
{
	uint64_t end_ns = y->now_ns + ns;

	while (fwdtab_next_ns(y->f) <= end_ns) {
		y->now_ns = MAX(y->now_ns, fwdtab_next_ns(y->f));
		fwdtab_turn(y->f, y->now_ns);
	}
	y->now_ns = end_ns;
}

/* A reply to an exchange, with an A of the asked name if `good`; its length. */
static inline size_t flying_reply(
	struct flying *y, uint32_t exchange, uint8_t rcode, bool good, uint8_t *out)
{
	static const uint8_t rr[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
	size_t len = 12;

	while (y->query[exchange][len] != 0)
		len += 1u + y->query[exchange][len];
	len += 5;
	memcpy(out, y->query[exchange], len);
	out[2] = 0x81;
	out[3] = (uint8_t)(0x80 | rcode);
	memset(out + 6, 0, 6);
	if (good) {
		memcpy(out + len, rr, sizeof(rr));
		out[len + 2] = out[12 + len - 12 - 4];
		out[len + 3] = out[len - 3];
		len += sizeof(rr);
		out[7] = 1;
	}
	return len;
}

/* Hand it to the table. */
static inline void flying_answer(
	struct flying *y, uint32_t exchange, uint8_t rcode, bool good)
{
	uint8_t out[REPLY_QUERY_MAX + 64];
	size_t len = flying_reply(y, exchange, rcode, good, out);

	fwdtab_reply(y->f, exchange, out, len, y->now_ns);
}

#endif
