#include "forwarder/fwdtab.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "forwarder/configure.h"
#include "forwarder/flight.h"
#include "forwarder/probe.h"

struct fwdtab *fwdtab_new(const struct fwdtab_ops *ops, void *arg,
	struct cachewrite *cache, struct stat_forwarder *stat, const struct hash_key *key,
	uint64_t life)
{
	struct fwdtab *f = mem_alloc(1, sizeof(*f));

	f->ops = ops;
	f->arg = arg;
	f->cache = cache;
	f->unread = stat == NULL ? mem_alloc(1, sizeof(*f->unread)) : NULL;
	f->stat = stat == NULL ? f->unread : stat;
	f->key = *key;
	f->life = life;
	f->upstreams = mem_alloc(FORWARD_POOL_MAX, sizeof(*f->upstreams));
	f->new_upstreams = mem_alloc(FORWARD_POOL_MAX, sizeof(*f->upstreams));
	f->new_stats = mem_alloc(FORWARD_POOL_MAX, sizeof(*f->new_stats));
	f->entry = mem_alloc(1, CACHE_COPY_MAX);
	for (unsigned i = 0; i < FORWARD_POOL_MAX; i++)
		f->probe[i] = f->look[i] = TABLE_NONE;
	heap_init(&f->timers, table_timer(FORWARD_POOL_MAX));
	waiters_init(&f->waiters);
	flight_init(f);
	attempt_init(f);
	return f;
}

void fwdtab_free(struct fwdtab *f)
{
	if (f == NULL)
		return;
	heap_fini(&f->timers);
	waiters_fini(&f->waiters);
	free(f->flights);
	free(f->bucket);
	free(f->attempts);
	free(f->upstreams);
	free(f->new_upstreams);
	free(f->new_stats);
	free(f->entry);
	free(f->unread);
	free(f);
}

void fwdtab_configure(struct fwdtab *f, const struct settings *s, uint64_t now_ns)
{
	configure_table(f, s, now_ns);
}

void fwdtab_wall(struct fwdtab *f, uint32_t wall_s, uint64_t now_ns)
{
	f->wall_s = wall_s;
	f->wall_ns = now_ns;
}

/* ---- questions ---- */

/* One ASK on its way into the table. */
struct asking {
	uint32_t ask; /* TABLE_NONE: nobody waits */
	uint64_t arrival_ns;
	struct flight_terms terms;
	uint32_t begun[ASK_QUESTIONS_MAX]; /* flights that are to be run */
	unsigned nbegun;
};

/*
 * The outcome is in the cache already. For a query: it may be used. For the cache: it is
 * newer than the wish, or has failed too short a time ago (CA-16).
 */
static bool known(struct fwdtab *f, const struct asking *a, const struct question *q,
	uint64_t now_ns)
{
	struct cache_found found;

	if (!cache_find(&f->cache->reader, q, a->arrival_ns, now_ns, &found))
		return false;
	if (a->ask == TABLE_NONE)
		return found.failure != NULL ||
		       (found.answer != NULL && found.answer->stored_ns >= a->arrival_ns);
	return (found.answer != NULL && found.fresh) ||
	       (found.failure != NULL && found.failed_now);
}

/* Wait for a question that is in flight; begin with it if it is not. */
static enum ask_status want(
	struct fwdtab *f, struct asking *a, const struct question *q, uint64_t now_ns)
{
	int group = f->settings == NULL ? -1 : forward_by_digest(f->settings, q->group);
	uint32_t id;

	if (group < 0)
		return ASK_OTHER;
	if (known(f, a, q, now_ns))
		return ASK_STORED;
	id = flight_find(f, q, a->arrival_ns);
	if (id == TABLE_NONE) {
		id = flight_begin(f, q, (unsigned)group, &a->terms, now_ns);
		if (id == TABLE_NONE)
			return ASK_FULL;
		a->begun[a->nbegun++] = id;
	} else {
		stat_add(&f->stat->coalesced, 1);
		flight_join(f, id, &a->terms);
	}
	if (a->ask == TABLE_NONE)
		return ASK_STORED;
	if (f->flights[id].waiting.n < FWDTAB_WAITERS &&
		waiters_join(&f->waiters, a->ask, &f->flights[id].waiting))
		return ASK_STORED;
	stat_add(&f->stat->rejected[REJECT_WAITERS], 1);
	return ASK_FULL;
}

/* A later ASK of a place takes the place of the one before. */
static bool open_ask(struct fwdtab *f, struct asking *a, const struct fwdtab_waiter *w)
{
	uint32_t before = waiters_find(&f->waiters, w->slot, w->place);

	if (before != WAITERS_NONE)
		waiters_drop(&f->waiters, before);
	a->ask = waiters_open(&f->waiters, w);
	return a->ask != WAITERS_NONE;
}

/* All questions are in the table, or one is not and none shall be. */
static void close_ask(struct fwdtab *f, struct asking *a, const struct fwdtab_waiter *w,
	enum ask_status status, uint64_t now_ns)
{
	if (status != ASK_STORED && a->ask != TABLE_NONE) {
		waiters_drop(&f->waiters, a->ask);
		f->ops->settled(f->arg, w, status);
	} else if (a->ask != TABLE_NONE && waiters_sealed(&f->waiters, a->ask)) {
		f->ops->settled(f->arg, w, ASK_STORED);
	}
	for (unsigned i = 0; i < a->nbegun; i++) {
		if (status == ASK_STORED)
			flight_run(f, a->begun[i], now_ns);
		else
			flight_drop(f, a->begun[i], status);
	}
}

void fwdtab_ask(struct fwdtab *f, const struct question *q, unsigned n,
	const struct fwdtab_waiter *w, const struct ask_head *head, uint64_t now_ns)
{
	enum ask_status status = ASK_STORED;
	struct asking a = {
		.ask = TABLE_NONE,
		.arrival_ns = head->arrival_ns,
		.terms = {.deadline_ns = head->deadline_ns, .tcp = head->tcp != 0},
	};

	if (w != NULL && !open_ask(f, &a, w)) {
		stat_add(&f->stat->rejected[REJECT_WAITERS], 1);
		f->ops->settled(f->arg, w, ASK_FULL);
		return;
	}
	for (unsigned i = 0; i < MIN(n, ASK_QUESTIONS_MAX) && status == ASK_STORED; i++)
		status = want(f, &a, &q[i], now_ns);
	close_ask(f, &a, w, status, now_ns);
}

/* ---- replies ---- */

static struct attempt *attempt_of(struct fwdtab *f, uint32_t exchange)
{
	if (exchange >= FWDTAB_EXCHANGES || !f->attempts[exchange].open)
		return NULL;
	return &f->attempts[exchange];
}

/* Not the reply: counted, and the wait goes on (FW-24). */
static void mismatch(
	struct fwdtab *f, uint32_t exchange, enum stat_failure what, uint64_t now_ns)
{
	const struct attempt *a = &f->attempts[exchange];

	attempt_blame(f, a->upstream, what, a->sent_ns, now_ns);
	if (a->kind == ATTEMPT_QUESTION)
		flight_mismatch(f, exchange, now_ns);
}

void fwdtab_reply(struct fwdtab *f, uint32_t exchange, const uint8_t *msg, size_t len,
	uint64_t now_ns)
{
	struct attempt *a = attempt_of(f, exchange);
	struct reply_facts facts;

	if (a == NULL)
		return;
	switch (reply_check(msg, len, &a->sent, &facts)) {
	case REPLY_OTHER:
		mismatch(f, exchange, FAILURE_MISMATCH, now_ns);
		return;
	case REPLY_BROKEN:
		mismatch(f, exchange, FAILURE_MALFORMED, now_ns);
		return;
	case REPLY_CASE:
		if (a->kind == ATTEMPT_QUESTION)
			flight_case(f, exchange, now_ns);
		return;
	case REPLY_MATCHES:
		break;
	}
	if (a->kind == ATTEMPT_QUESTION)
		flight_reply(f, exchange, msg, len, &facts, now_ns);
	else
		probe_reply(f, exchange, msg, &facts, now_ns);
}

void fwdtab_error(struct fwdtab *f, uint32_t exchange, enum fwdtab_error why,
	const char *text, uint64_t now_ns)
{
	struct attempt *a = attempt_of(f, exchange);

	if (a == NULL)
		return;
	if (a->kind == ATTEMPT_QUESTION)
		flight_error(f, exchange, why, text, now_ns);
	else
		probe_error(f, exchange, why, now_ns);
}

/* ---- notes ---- */

/* Used often enough in its window, and little of its life is left (CA-14). */
static bool worth_fetching(const struct cache_settings *c, const struct cache_entry *e,
	uint32_t hits, uint64_t now_ns)
{
	uint64_t life_ns = e->expires_ns - e->stored_ns;

	if (c->prefetch_hits == 0 || hits < c->prefetch_hits || e->kind != CACHE_ANSWER ||
		now_ns >= e->expires_ns)
		return false;
	return e->expires_ns - now_ns <= life_ns / 100 * c->prefetch_percent;
}

void fwdtab_note(struct fwdtab *f, const struct ask_note *n, uint64_t now_ns)
{
	uint32_t hits = cachewrite_note(f->cache, n->word, n->hits, now_ns);
	const struct cache_entry *e;
	struct question q;

	stat_add(&f->stat->notes, 1);
	if (hits == 0 || f->settings == NULL)
		return;
	e = cachewrite_entry(f->cache, n->word);
	if (e == NULL || !worth_fetching(&f->settings->cache, e, hits, now_ns))
		return;
	q = (struct question){
		.hash = {.path = e->path, .check = e->hcheck},
		.group = e->group,
		.type = e->type,
		.flags = e->flags,
		.name_len = e->name_len,
	};
	memcpy(q.name, cache_name(e), e->name_len);
	if (flight_find(f, &q, now_ns) != TABLE_NONE)
		return;
	stat_add(&f->stat->prefetches, 1);
	flight_fetch(f, &q, now_ns);
}

/* ---- loops and time ---- */

static void break_loop(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	if (!upstream_reachable(&f->upstreams[upstream], now_ns))
		return;
	upstream_loop(&f->upstreams[upstream], now_ns);
	for (uint32_t i = 0; i < FWDTAB_EXCHANGES; i++) {
		const struct attempt *a = &f->attempts[i];

		if (a->open && a->kind == ATTEMPT_QUESTION && a->upstream == upstream)
			flight_loop(f, i, now_ns);
	}
}

void fwdtab_loop(struct fwdtab *f, const struct ask_loop *l, uint64_t now_ns)
{
	bool ours = f->settings != NULL && l->life == f->life &&
	            l->upstream < f->settings->nupstreams;
	struct fwdtab_event e = {
		.kind = EVENT_LOOP,
		.upstream = ours ? (int)l->upstream : -1,
		.attempt = l->hops,
		.text = ours ? "loop" : "loop through other appliances",
	};

	f->ops->event(f->arg, &e);
	if (!ours)
		return;
	stat_add(&table_stat(f, l->upstream)->loops, 1);
	if (f->settings->loop != LOOP_WARN)
		break_loop(f, l->upstream, now_ns);
}

static void count_cache(struct fwdtab *f)
{
	for (unsigned i = 0; i < 2; i++) {
		stat_set(&f->stat->cache_entries[i], f->cache->entries[i]);
		stat_set(&f->stat->cache_octets[i], f->cache->octets[i]);
		stat_set(&f->stat->insertions[i], f->cache->insertions[i]);
		stat_set(&f->stat->evicted_expired[i], f->cache->evicted_expired[i]);
		stat_set(&f->stat->evicted_space[i], f->cache->evicted_space[i]);
	}
}

void fwdtab_turn(struct fwdtab *f, uint64_t now_ns)
{
	uint32_t thing;

	while (heap_first(&f->timers, &thing) <= now_ns) {
		if (thing < FWDTAB_QUESTIONS)
			flight_turn(f, thing, now_ns);
		else
			probe_turn(f, thing - FWDTAB_QUESTIONS, now_ns);
	}
	count_cache(f);
}

uint64_t fwdtab_next_ns(const struct fwdtab *f)
{
	return heap_first(&f->timers, NULL);
}
