#include "forwarder/flight.h"

#include <stdio.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/type.h"
#include "forwarder/neterror.h"
#include "forwarder/resolve.h"

#define BUCKETS   32768            /* a power of two */
#define MARGIN_NS (50 * NS_PER_MS) /* it ends before its waiter's deadline */
#define ALONE_NS  NS_PER_S
#define LOOP      "loop" /* reply.c knows it from other appliances */

void flight_init(struct fwdtab *f)
{
	f->flights = mem_alloc(FWDTAB_QUESTIONS, sizeof(*f->flights));
	f->bucket = mem_alloc(BUCKETS, sizeof(*f->bucket));
	for (uint32_t i = 0; i < FWDTAB_QUESTIONS; i++)
		f->flights[i].next = i + 1 < FWDTAB_QUESTIONS ? i + 1 : TABLE_NONE;
	for (uint32_t i = 0; i < BUCKETS; i++)
		f->bucket[i] = TABLE_NONE;
	f->free_flight = 0;
}

static uint32_t *bucket_of(const struct fwdtab *f, const struct question *q)
{
	uint64_t h = q->hash.check ^ (q->group + q->type * UINT64_C(0x9e3779b97f4a7c15));

	return &f->bucket[(h ^ h >> 32) & (BUCKETS - 1)];
}

uint32_t flight_find(
	const struct fwdtab *f, const struct question *q, uint64_t arrival_ns)
{
	uint32_t i = *bucket_of(f, q);

	while (i != TABLE_NONE && (arrival_ns > f->flights[i].until_ns ||
					  !question_equal(&f->flights[i].q, q)))
		i = f->flights[i].next;
	return i;
}

void flight_outdate(struct fwdtab *f, const struct forward_flush *what)
{
	for (uint32_t i = 0; i < FWDTAB_QUESTIONS; i++) {
		struct flight *fl = &f->flights[i];

		if (fl->live && fl->effort.began_ns <= what->at_ns &&
			forward_forgets(what, fl->q.name, fl->q.name_len))
			fl->until_ns = MIN(fl->until_ns, what->at_ns);
	}
}

static struct effort_view view_of(struct fwdtab *f, const struct flight *fl)
{
	const struct forward_group *g = &f->settings->groups[fl->effort.group];

	return (struct effort_view){
		.group = g,
		.upstreams = &f->upstreams[g->first],
		.shared = &f->groups[fl->effort.group],
		.draw = f->ops->draw,
		.arg = f->arg,
	};
}

/* ---- beginning ---- */

/* Questions of a group that this forwarder may have at once (FW-17). */
static uint32_t share_of(const struct fwdtab *f, const struct forward_group *g)
{
	uint32_t k = MAX(f->settings->forwarders, 1);

	return g->max_concurrent == 0 ? FWDTAB_QUESTIONS
	                              : (g->max_concurrent + k - 1) / k;
}

/* When a question that began at `began_ns` ends at the latest, for that waiter. */
static uint64_t deadline_of(
	const struct fwdtab *f, const struct flight_terms *t, uint64_t began_ns)
{
	uint64_t most = began_ns + f->settings->deadline_ms * NS_PER_MS;
	uint64_t end = MIN(t->deadline_ns, most);

	return end > began_ns + MARGIN_NS ? end - MARGIN_NS : began_ns;
}

static void count_flights(struct fwdtab *f)
{
	stat_set(&f->stat->inflight, f->nflights);
}

uint32_t flight_begin(struct fwdtab *f, const struct question *q, unsigned group,
	const struct flight_terms *t, uint64_t now_ns)
{
	uint32_t id = f->free_flight, *bucket = bucket_of(f, q);
	struct effort_group *shared = &f->groups[group];

	if (id == TABLE_NONE ||
		shared->inflight >= share_of(f, &f->settings->groups[group])) {
		stat_add(&f->stat->rejected[REJECT_SLOTS], 1);
		return TABLE_NONE;
	}
	struct flight *fl = &f->flights[id];
	f->free_flight = fl->next;
	*fl = (struct flight){
		.q = *q,
		.waiting.first = WAITERS_NONE,
		.effort = {.began_ns = now_ns,
			.deadline_ns = deadline_of(f, t, now_ns),
			.group = (uint8_t)group,
			.tcp = t->tcp},
		.next = *bucket,
		.attempts = TABLE_NONE,
		.digest = q->group,
		.until_ns = UINT64_MAX,
		.home = (uint8_t)group,
		.live = true,
	};
	*bucket = id;
	f->nflights++;
	shared->inflight++;
	struct effort_view v = view_of(f, fl);
	effort_begin(&fl->effort, &v);
	stat_add(&f->stat->questions, 1);
	count_flights(f);
	return id;
}

/* ---- ending ---- */

static void close_attempts(struct fwdtab *f, struct flight *fl)
{
	for (uint32_t i = fl->attempts, next; i != TABLE_NONE; i = next) {
		next = f->attempts[i].next;
		attempt_close(f, i);
	}
	fl->attempts = TABLE_NONE;
	fl->effort.open = 0;
}

static void settle(struct fwdtab *f, struct flight *fl, enum ask_status status)
{
	struct fwdtab_waiter who;

	while (fl->waiting.n > 0) {
		if (status != ASK_STORED)
			waiters_dismiss(&f->waiters, &fl->waiting, &who);
		else if (!waiters_pop(&f->waiters, &fl->waiting, &who))
			continue;
		f->ops->settled(f->arg, &who, status);
	}
}

/* The question leaves the table; whoever waits is told of what has been stored. */
static void end(struct fwdtab *f, uint32_t id, enum ask_status status)
{
	struct flight *fl = &f->flights[id];
	uint32_t *at = bucket_of(f, &fl->q);

	close_attempts(f, fl);
	settle(f, fl, status);
	while (*at != id)
		at = &f->flights[*at].next;
	*at = fl->next;
	fl->live = false;
	fl->next = f->free_flight;
	f->free_flight = id;
	f->nflights--;
	f->groups[fl->home].inflight--;
	heap_set(&f->timers, id, HEAP_NEVER);
	count_flights(f);
}

void flight_drop(struct fwdtab *f, uint32_t id, enum ask_status why)
{
	end(f, id, why);
}

/* The outcome is in f->entry: store it, then tell (release before SETTLED). */
static void finish(struct fwdtab *f, uint32_t id, uint64_t now_ns)
{
	const struct flight *fl = &f->flights[id];

	if (fl->until_ns != UINT64_MAX)
		cachewrite_outdate(f->entry, fl->q.type, fl->until_ns);
	int ret = cachewrite_store(f->cache, f->entry);

	resolve_ended(f, &fl->q, now_ns);
	end(f, id, ret < 0 ? ASK_FULL : ASK_STORED);
}

static struct reply_rules rules_of(
	const struct fwdtab *f, const struct flight *fl, uint64_t now_ns)
{
	uint64_t wall_s = f->wall_s + (now_ns - f->wall_ns) / NS_PER_S;

	return (struct reply_rules){
		.settings = f->settings,
		.zones = f->all,
		.trust_ad = f->settings->groups[fl->effort.group].trust_ad,
		.now_ns = now_ns,
		.wall_s = f->wall_s == 0 ? 0 : (uint32_t)wall_s,
	};
}

/* Why it will have failed, unless something better comes. */
static void note(struct fwdtab *f, struct flight *fl, unsigned upstream,
	const struct effort_try *t, unsigned number, const char *what)
{
	bool loop = strcmp(what, LOOP) == 0;

	fl->ede = loop ? EDE_OTHER : EDE_NETWORK_ERROR;
	fl->blamed = (uint8_t)(upstream + 1);
	fl->blamed_way = t->transport;
	fl->blamed_after = (uint8_t)number;
	if (loop) /* it goes on as it is, to who began it (LO-02) */
		snprintf(fl->why, sizeof(fl->why), LOOP);
	else
		attempt_text(f, upstream, t, number, what, fl->why);
}

/* Nothing has failed, and yet it is over: why? */
static void explain(struct fwdtab *f, struct flight *fl, uint64_t now_ns)
{
	const struct effort_view v = view_of(f, fl);
	const char *why = "no upstream is configured";
	bool loop = fl->effort.n > 0;

	if (fl->attempts != TABLE_NONE) {
		const struct attempt *a = &f->attempts[fl->attempts];

		note(f, fl, a->upstream, &a->try, a->number, "timeout");
		return;
	}
	for (unsigned i = 0; i < fl->effort.n; i++) {
		why = v.upstreams[i].to.addr.len == 0 ? "no upstream has an address"
		                                      : "no upstream is up";
		loop = loop && now_ns < v.upstreams[i].out_ns;
	}
	fl->ede = loop ? EDE_OTHER : EDE_NO_REACHABLE_AUTHORITY;
	fl->blamed = 0;
	snprintf(fl->why, sizeof(fl->why), "%s", loop ? LOOP : why);
}

/*
 * A failure holds for servfail_ttl. If there is an answer that may be served stale, it is
 * not fetched again for longer (CA-16). A question that had no time to be answered,
 * because who asked it first was at the end of theirs, says nothing about the next one.
 */
static void limit_failure(struct fwdtab *f, const struct flight *fl, uint64_t now_ns)
{
	const struct cache_settings *c = &f->settings->cache;
	struct cache_entry *e = f->entry;
	struct cache_found found;
	uint64_t last;

	if (now_ns >= fl->effort.deadline_ns && !fl->effort.late) {
		e->expires_ns = e->stored_ns;
		return;
	}
	if (c->stale_mode == STALE_OFF ||
		!cache_find(&f->cache->reader, &fl->q, now_ns, now_ns, &found) ||
		found.answer == NULL)
		return;
	last = found.answer->expires_ns + c->stale_max_age_s * NS_PER_S;
	last = MIN(last, now_ns + c->stale_recheck_ms * NS_PER_MS);
	e->expires_ns = MAX(e->expires_ns, last);
}

static void report(struct fwdtab *f, const struct flight *fl, uint64_t now_ns)
{
	const char *reason = strstr(fl->why, ": "); /* behind what attempt_text() put */
	struct fwdtab_event e = {
		.kind = EVENT_FAILED,
		.upstream = fl->blamed - 1,
		.transport = fl->blamed_way,
		.attempt = fl->blamed != 0 ? fl->blamed_after : fl->effort.attempts,
		.rcode = RCODE_SERVFAIL,
		.ede = fl->ede,
		.elapsed_ns = now_ns - fl->effort.began_ns,
		.question = &fl->q,
		.text = fl->blamed != 0 && reason != NULL ? reason + 2 : fl->why,
	};

	stat_add(&f->stat->failed, 1);
	f->ops->event(f->arg, &e);
}

static void fail(struct fwdtab *f, uint32_t id, uint64_t now_ns)
{
	struct flight *fl = &f->flights[id];
	struct reply_rules rules = rules_of(f, fl, now_ns);

	if (fl->why[0] == '\0' && fl->effort.full) { /* our own limits (FP-02) */
		stat_add(&f->stat->rejected[REJECT_RATE], 1);
		end(f, id, ASK_FULL);
		return;
	}
	if (fl->why[0] == '\0')
		explain(f, fl, now_ns);
	reply_failure(&fl->q, &rules, fl->ede, fl->why, f->entry);
	limit_failure(f, fl, now_ns);
	report(f, fl, now_ns);
	finish(f, id, now_ns);
}

/* ---- going on ---- */

static const char *error_text(enum fwdtab_error why)
{
	static const char *const texts[] = {
		[FWDTAB_REFUSED] = "refused",
		[FWDTAB_NETWORK] = "network error",
		[FWDTAB_HANDSHAKE] = "handshake failed",
		[FWDTAB_FULL] = "no room",
	};

	return texts[why];
}

static const enum stat_failure failure_of[] = {
	[FWDTAB_REFUSED] = FAILURE_REFUSED,
	[FWDTAB_NETWORK] = FAILURE_NETWORK,
	[FWDTAB_HANDSHAKE] = FAILURE_TLS,
};

/* Send what the plan says. */
static void send_one(struct fwdtab *f, uint32_t id, const struct effort_try *t,
	bool hedge, uint64_t now_ns)
{
	struct flight *fl = &f->flights[id];
	struct effort_view v = view_of(f, fl);
	uint64_t timeout_ns = v.group->timeout_ms * NS_PER_MS, wait_ns;
	unsigned upstream = v.group->first + t->at;
	bool other = fl->effort.packets > 0 && fl->effort.sent[t->at][0] == 0 &&
	             fl->effort.sent[t->at][1] == 0;
	uint32_t attempt;
	int ret;

	wait_ns = effort_sent(&fl->effort, &v, t, now_ns);
	struct attempt_order o = {
		.name = fl->q.name,
		.name_len = fl->q.name_len,
		.type = fl->q.type,
		.flags = fl->q.flags,
		.hops = fl->q.hops,
		.recursion = true,
		.kind = ATTEMPT_QUESTION,
		.number = fl->effort.attempts,
		.upstream = (uint8_t)upstream,
		.group = v.group,
		.try = *t,
		.flight = id,
		.wait_ns = wait_ns,
		.end_ns = now_ns + MAX(timeout_ns, wait_ns),
	};
	if (hedge)
		stat_add(&table_stat(f, upstream)->hedges, 1);
	else if (other)
		stat_add(&table_stat(f, upstream)->failovers, 1);
	ret = attempt_send(f, &o, now_ns, &attempt);
	if (ret == 0) {
		f->attempts[attempt].next = fl->attempts;
		fl->attempts = attempt;
		fl->effort.open++;
		return;
	}
	if (neterror(ret) == FWDTAB_FULL) {
		fl->effort.full = true;
	} else {
		note(f, fl, upstream, t, o.number, error_text(neterror(ret)));
		attempt_blame(f, upstream, failure_of[neterror(ret)], now_ns, now_ns);
	}
	effort_failed(&fl->effort, o.number, now_ns);
}

/* The next group that has the name, if there is one (FW-16). */
static bool next_group(struct fwdtab *f, struct flight *fl)
{
	int next = forward_group(
		f->settings, fl->q.name, fl->q.name_len, fl->effort.group);

	if (next < 0)
		return false;
	close_attempts(f, fl);
	fl->effort.group = (uint8_t)next;
	fl->digest = f->settings->groups[next].digest;
	fl->onward = false;
	struct effort_view v = view_of(f, fl);
	effort_begin(&fl->effort, &v);
	return true;
}

static uint64_t due_ns(const struct fwdtab *f, const struct flight *fl)
{
	uint64_t due = effort_due_ns(&fl->effort);

	for (uint32_t i = fl->attempts; i != TABLE_NONE; i = f->attempts[i].next) {
		const struct attempt *a = &f->attempts[i];

		due = MIN(due, a->late ? a->end_ns : a->late_ns);
	}
	return due;
}

void flight_join(struct fwdtab *f, uint32_t id, const struct flight_terms *t)
{
	struct flight *fl = &f->flights[id];
	uint64_t end_ns = deadline_of(f, t, fl->effort.began_ns);

	if (end_ns <= fl->effort.deadline_ns)
		return;
	fl->effort.deadline_ns = end_ns;
	heap_set(&f->timers, id, due_ns(f, fl));
}

void flight_run(struct fwdtab *f, uint32_t id, uint64_t now_ns)
{
	struct flight *fl = &f->flights[id];
	struct effort_try t;

	for (;;) {
		struct effort_view v = view_of(f, fl);
		bool found_up = !fl->effort.trial;
		enum effort_step step = effort_next(&fl->effort, &v, now_ns, &t);

		if (found_up && fl->effort.trial)
			stat_add(&f->stat->broken, 1);
		switch (step) {
		case EFFORT_SEND:
			send_one(f, id, &t, false, now_ns);
			break;
		case EFFORT_HEDGE:
			send_one(f, id, &t, true, now_ns);
			break;
		case EFFORT_WAIT:
			heap_set(&f->timers, id, due_ns(f, fl));
			return;
		case EFFORT_OVER:
			if (fl->onward && next_group(f, fl))
				break;
			fail(f, id, now_ns);
			return;
		}
	}
}

/* Take an attempt out of its question and close it; what is known of it is in *out. */
static void detach(struct fwdtab *f, uint32_t attempt, struct attempt *out)
{
	struct flight *fl = &f->flights[f->attempts[attempt].flight];
	uint32_t *at = &fl->attempts;

	while (*at != attempt)
		at = &f->attempts[*at].next;
	*out = f->attempts[attempt];
	*at = out->next;
	fl->effort.open--;
	attempt_close(f, attempt);
}

/* ---- what happens ---- */

/*
 * The wait for an attempt is over. If no other upstream is up, that is held against it
 * only after a second: better one that is slow than none.
 */
static void on_late(
	struct fwdtab *f, struct flight *fl, struct attempt *a, uint64_t now_ns)
{
	fl->effort.late = true;
	note(f, fl, a->upstream, &a->try, a->number, "timeout");
	if (now_ns < MIN(a->end_ns, a->sent_ns + ALONE_NS) &&
		attempt_alone(f, a->upstream, now_ns)) {
		a->late_ns = MIN(a->end_ns, a->sent_ns + ALONE_NS);
		return;
	}
	a->late = true;
	attempt_blame(f, a->upstream, FAILURE_TIMEOUT, a->sent_ns, now_ns);
}

void flight_turn(struct fwdtab *f, uint32_t id, uint64_t now_ns)
{
	struct flight *fl = &f->flights[id];

	for (uint32_t i = fl->attempts, next; i != TABLE_NONE; i = next) {
		struct attempt *a = &f->attempts[i], copy;

		next = a->next;
		if (!a->late && now_ns >= a->late_ns)
			on_late(f, fl, a, now_ns);
		if (now_ns >= a->end_ns) {
			detach(f, i, &copy);
			effort_failed(&fl->effort, copy.number, now_ns);
		}
	}
	flight_run(f, id, now_ns);
}

/* A reply that says no, or nothing that can be used: another upstream, once (FW-15). */
static void refused(
	struct fwdtab *f, const struct attempt *a, const char *what, uint64_t now_ns)
{
	struct flight *fl = &f->flights[a->flight];

	note(f, fl, a->upstream, &a->try, a->number, what);
	if (effort_spoil(&fl->effort, &a->try, a->number, now_ns) ||
		(fl->onward && next_group(f, fl)))
		flight_run(f, a->flight, now_ns);
	else
		fail(f, a->flight, now_ns);
}

/* The reply is the outcome, if anything in it answers the question. */
static void take(struct fwdtab *f, const struct attempt *a, const uint8_t *msg,
	size_t len, uint64_t now_ns)
{
	struct flight *fl = &f->flights[a->flight];
	const struct forward_group *g = &f->settings->groups[fl->effort.group];
	struct reply_rules rules = rules_of(f, fl, now_ns);
	const char *reason = "of no use";

	if (reply_take(msg, len, &fl->q, &rules, f->entry, &reason) == REPLY_USELESS) {
		attempt_blame(f, a->upstream, FAILURE_MALFORMED, a->sent_ns, now_ns);
		refused(f, a, reason, now_ns);
		return;
	}
	if (g->next_on_nodata && f->entry->rcode == RCODE_NOERROR &&
		f->entry->answers == 0 && next_group(f, fl)) {
		flight_run(f, a->flight, now_ns);
		return;
	}
	stat_add(&f->stat->answered, 1);
	finish(f, a->flight, now_ns);
}

/*
 * FW-16. Where an appliance behind us found a loop after hops that the query came with,
 * the next group is not asked: what that says would be kept for those who would have been
 * answered here, and anybody can claim hops (LO-01).
 */
static bool goes_on(const struct flight *fl, const struct forward_group *g,
	const struct reply_facts *facts)
{
	if (facts->loop && fl->q.hops > 0)
		return false;
	return facts->rcode < 16 && (g->next & 1u << facts->rcode) != 0;
}

void flight_reply(struct fwdtab *f, uint32_t attempt, const uint8_t *msg, size_t len,
	const struct reply_facts *facts, uint64_t now_ns)
{
	struct flight *fl = &f->flights[f->attempts[attempt].flight];
	const struct forward_group *g = &f->settings->groups[fl->effort.group];
	char text[16];
	struct attempt a;

	attempt_credit(f, &f->attempts[attempt], msg, facts, now_ns);
	detach(f, attempt, &a);
	switch (effort_judge(&fl->effort, g, &a.try, a.sent.edns, facts)) {
	case EFFORT_TAKE:
		take(f, &a, msg, len, now_ns);
		return;
	case EFFORT_AGAIN:
		if (facts->tc)
			stat_add(&table_stat(f, a.upstream)->truncated, 1);
		flight_run(f, a.flight, now_ns);
		return;
	case EFFORT_OTHER:
		fl->onward = goes_on(fl, g, facts);
		refused(f, &a, facts->loop ? LOOP : rcode_text(facts->rcode, text),
			now_ns);
		return;
	case EFFORT_BAD:
		refused(f, &a, "truncated", now_ns);
		return;
	case EFFORT_GROUP:
		if (goes_on(fl, g, facts) && next_group(f, fl))
			flight_run(f, a.flight, now_ns);
		else
			take(f, &a, msg, len, now_ns);
		return;
	}
}

/* The same upstream is asked by TCP, if it still may be. */
static void by_stream(
	struct fwdtab *f, const struct attempt *a, const char *what, uint64_t now_ns)
{
	struct flight *fl = &f->flights[a->flight];

	note(f, fl, a->upstream, &a->try, a->number, what);
	if (a->try.transport == EXCHANGE_UDP)
		effort_stream(&fl->effort, &a->try);
	effort_failed(&fl->effort, a->number, now_ns);
	flight_run(f, a->flight, now_ns);
}

void flight_case(struct fwdtab *f, uint32_t attempt, uint64_t now_ns)
{
	struct attempt a;

	upstream_letters(&f->upstreams[f->attempts[attempt].upstream], false);
	detach(f, attempt, &a);
	by_stream(f, &a, "letter case differs", now_ns);
}

void flight_mismatch(struct fwdtab *f, uint32_t attempt, uint64_t now_ns)
{
	struct attempt a;

	if (++f->attempts[attempt].mismatches < EFFORT_MISMATCHES)
		return;
	detach(f, attempt, &a);
	by_stream(f, &a, "only other packets came", now_ns);
}

void flight_error(struct fwdtab *f, uint32_t attempt, enum fwdtab_error why,
	const char *text, uint64_t now_ns)
{
	struct attempt a;

	detach(f, attempt, &a);
	struct flight *fl = &f->flights[a.flight];
	if (why == FWDTAB_FULL) {
		fl->effort.full = true;
	} else {
		note(f, fl, a.upstream, &a.try, a.number,
			text != NULL ? text : error_text(why));
		attempt_blame(f, a.upstream, failure_of[why], a.sent_ns, now_ns);
	}
	effort_failed(&fl->effort, a.number, now_ns);
	flight_run(f, a.flight, now_ns);
}

void flight_loop(struct fwdtab *f, uint32_t attempt, uint64_t now_ns)
{
	struct attempt a;

	detach(f, attempt, &a);
	struct flight *fl = &f->flights[a.flight];
	fl->ede = EDE_OTHER;
	fl->blamed = 0;
	snprintf(fl->why, sizeof(fl->why), LOOP);
	effort_failed(&fl->effort, a.number, now_ns);
	flight_run(f, a.flight, now_ns);
}

void flight_fetch(struct fwdtab *f, const struct question *q, uint64_t now_ns)
{
	const struct flight_terms t = {.deadline_ns = UINT64_MAX};
	int group = forward_by_digest(f->settings, q->group);
	struct cache_found found;
	uint32_t id;

	if (group < 0 || flight_find(f, q, now_ns) != TABLE_NONE)
		return;
	if (cache_find(&f->cache->reader, q, now_ns, now_ns, &found) &&
		found.failure != NULL)
		return; /* not before its time (CA-16) */
	id = flight_begin(f, q, (unsigned)group, &t, now_ns);
	if (id != TABLE_NONE)
		flight_run(f, id, now_ns);
}
