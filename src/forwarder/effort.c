#include "forwarder/effort.h"

#include "base/base.h"
#include "dns/type.h"
#include "forwarder/reply.h"

#define TRIAL_EACH 10       /* of questions that find all upstreams down, one tries */
#define TRIAL_NS   NS_PER_S /* ... and at least one in this time */
#define HEDGE_GAIN 5        /* hundredths of a hedge that a question earns */
#define HEDGE_COST 100
#define CREDIT_MAX 1000
#define UNKNOWN_NS (50 * NS_PER_MS) /* look again whether a host name has an address */

static enum upstream_way way_of(uint8_t transport)
{
	return transport == EXCHANGE_UDP ? UPSTREAM_UDP : UPSTREAM_STREAM;
}

static uint8_t transport_of(
	const struct effort *e, const struct effort_view *v, unsigned at)
{
	if (v->upstreams[at].to.tls || v->group->transport == FORWARD_TLS)
		return EXCHANGE_TLS;
	if (v->group->transport == FORWARD_TCP ||
		(v->group->transport == FORWARD_CLIENT && e->tcp))
		return EXCHANGE_TCP;
	return EXCHANGE_UDP;
}

/* ---- beginning ---- */

static void shuffle(struct effort *e, const struct effort_view *v)
{
	for (unsigned i = e->n; i > 1; i--) {
		unsigned j = v->draw(v->arg) % i;
		uint8_t other = e->order[j];

		e->order[j] = e->order[i - 1];
		e->order[i - 1] = other;
	}
}

void effort_begin(struct effort *e, const struct effort_view *v)
{
	const struct forward_group *g = v->group;

	*e = (struct effort){
		.began_ns = e->began_ns,
		.deadline_ns = e->deadline_ns,
		.hedge_ns = EFFORT_NEVER,
		.group = e->group,
		.tcp = e->tcp,
		.attempts = e->attempts,
		.n = g->n,
		.limit = g->max_connect_attempts > 0 ? g->max_connect_attempts
	                                             : (uint8_t)(2 * g->n),
	};
	for (unsigned i = 0; i < e->n; i++)
		e->order[i] = (uint8_t)i;
	if (g->policy == FORWARD_RANDOM)
		shuffle(e, v);
	else if (g->policy == FORWARD_ROUND_ROBIN && e->n > 0)
		e->turn = v->shared->turn++ % e->n;
}

/* ---- whom to ask ---- */

static bool may_ask(
	const struct effort *e, const struct effort_view *v, unsigned at, uint64_t now_ns)
{
	uint8_t transport = transport_of(e, v, at);

	return !(e->spoiled & 1u << at) &&
	       upstream_reachable(&v->upstreams[at], now_ns) &&
	       e->sent[at][way_of(transport)] < EFFORT_SAME_MAX;
}

/* The next in turn that is up and has room; `fresh`: that was not asked yet. */
static bool pick(struct effort *e, const struct effort_view *v, bool fresh,
	uint64_t now_ns, struct effort_try *out)
{
	for (unsigned i = 0; i < e->n; i++) {
		unsigned at = e->order[(e->turn + i) % e->n];

		if (!may_ask(e, v, at, now_ns) || v->upstreams[at].down ||
			(fresh && e->sent[at][0] + e->sent[at][1] > 0))
			continue;
		if (!upstream_room(&v->upstreams[at], v->group, now_ns)) {
			e->full = true;
			continue;
		}
		e->turn = (uint8_t)((e->turn + i + 1) % e->n);
		*out = (struct effort_try){
			.at = (uint8_t)at,
			.transport = transport_of(e, v, at),
		};
		return true;
	}
	return false;
}

static bool any_up(const struct effort *e, const struct effort_view *v)
{
	for (unsigned i = 0; i < e->n; i++) {
		if (!v->upstreams[i].down)
			return true;
	}
	return false;
}

/* All are down: one question in ten, and one a second, goes to any of them (FW-11). */
static bool pick_down(struct effort *e, const struct effort_view *v, uint64_t now_ns,
	struct effort_try *out)
{
	struct effort_group *shared = v->shared;
	unsigned first;

	if (e->trial || e->packets > 0 || e->n == 0 || any_up(e, v) || v->group->failfast)
		return false;
	e->trial = true;
	if (shared->down++ % TRIAL_EACH != 0 && now_ns - shared->tried_ns < TRIAL_NS)
		return false;
	first = v->draw(v->arg) % e->n;
	for (unsigned i = 0; i < e->n; i++) {
		unsigned at = (first + i) % e->n;

		if (!may_ask(e, v, at, now_ns) ||
			!upstream_room(&v->upstreams[at], v->group, now_ns))
			continue;
		shared->tried_ns = now_ns;
		*out = (struct effort_try){
			.at = (uint8_t)at,
			.transport = transport_of(e, v, at),
		};
		return true;
	}
	return false;
}

/* No upstream has an address yet, but a first look-up is under way. */
static bool unknown(const struct effort_view *v)
{
	bool waits = false;

	for (unsigned i = 0; i < v->group->n; i++) {
		if (v->upstreams[i].to.addr.len > 0)
			return false;
		waits = waits || !v->upstreams[i].looked_up;
	}
	return waits;
}

/* ---- the plan ---- */

static bool hedge(struct effort *e, const struct effort_view *v, uint64_t now_ns,
	struct effort_try *out)
{
	if (now_ns < e->hedge_ns)
		return false;
	e->hedge_ns = EFFORT_NEVER;
	if (v->shared->credit < HEDGE_COST || e->packets >= e->limit ||
		!pick(e, v, true, now_ns, out))
		return false;
	v->shared->credit -= HEDGE_COST;
	return true;
}

enum effort_step effort_next(struct effort *e, const struct effort_view *v,
	uint64_t now_ns, struct effort_try *out)
{
	if (now_ns >= e->deadline_ns)
		return EFFORT_OVER;
	if (e->again_due) { /* the upstream itself wants to be asked in another way */
		e->again_due = false;
		*out = e->again;
		return EFFORT_SEND;
	}
	if (e->open > 0 && now_ns < e->next_ns) /* be patient, */
		return hedge(e, v, now_ns, out) ? EFFORT_HEDGE : EFFORT_WAIT;
	if (e->packets < e->limit) { /* then go on to the next, */
		if (pick(e, v, false, now_ns, out) || pick_down(e, v, now_ns, out))
			return EFFORT_SEND;
		if (unknown(v)) {
			e->next_ns = now_ns + UNKNOWN_NS;
			return EFFORT_WAIT;
		}
	}
	e->next_ns = EFFORT_NEVER; /* and to the end for those that may still answer */
	return e->open > 0 ? EFFORT_WAIT : EFFORT_OVER;
}

uint64_t effort_sent(struct effort *e, const struct effort_view *v,
	const struct effort_try *t, uint64_t now_ns)
{
	enum upstream_way way = way_of(t->transport);
	unsigned asked = e->sent[t->at][way]++;
	uint64_t wait = upstream_wait_ns(&v->upstreams[t->at], way, asked, v->group);
	uint64_t slow = upstream_hedge_ns(&v->upstreams[t->at], way);

	e->packets++;
	e->attempts++;
	/* A connection loses nothing: to the only upstream it is waited for. */
	e->next_ns = now_ns + (way == UPSTREAM_STREAM && e->n == 1
					      ? v->group->timeout_ms * NS_PER_MS
					      : wait);
	e->hedge_ns = EFFORT_NEVER;
	if (e->packets == 1) {
		v->shared->credit = MIN(v->shared->credit + HEDGE_GAIN, CREDIT_MAX);
		if (v->group->hedge && e->n > 1 && slow > 0 && slow < wait)
			e->hedge_ns = now_ns + slow;
	}
	return wait;
}

uint64_t effort_due_ns(const struct effort *e)
{
	return MIN(e->deadline_ns, MIN(e->next_ns, e->hedge_ns));
}

void effort_failed(struct effort *e, unsigned attempt, uint64_t now_ns)
{
	if (e->open == 0 || attempt == e->attempts)
		e->next_ns = now_ns;
}

/* ---- replies ---- */

void effort_stream(struct effort *e, const struct effort_try *t)
{
	if (e->sent[t->at][UPSTREAM_STREAM] >= EFFORT_SAME_MAX)
		return;
	e->again = *t;
	e->again.transport = EXCHANGE_TCP;
	e->again_due = true;
}

static bool without_opt(struct effort *e, const struct effort_try *t)
{
	if (e->sent[t->at][way_of(t->transport)] >= EFFORT_SAME_MAX)
		return false;
	e->again = *t;
	e->again.plain = true;
	e->again_due = true;
	return true;
}

enum effort_verdict effort_judge(struct effort *e, const struct forward_group *g,
	const struct effort_try *t, bool edns, const struct reply_facts *facts)
{
	unsigned rcode = facts->rcode < 16 ? 1u << facts->rcode : 0;

	if (edns && !facts->has_opt &&
		(facts->rcode == RCODE_FORMERR || facts->rcode == RCODE_NOTIMP) &&
		without_opt(e, t))
		return EFFORT_AGAIN;
	if (facts->tc && t->transport != EXCHANGE_UDP)
		return EFFORT_BAD;
	if (facts->tc) {
		effort_stream(e, t);
		return e->again_due ? EFFORT_AGAIN : EFFORT_BAD;
	}
	if ((g->failover & rcode) != 0 || facts->rcode >= RCODE_BADVERS)
		return EFFORT_OTHER; /* an extended one is about this hop, not the name */
	return g->next & rcode ? EFFORT_GROUP : EFFORT_TAKE;
}

bool effort_spoil(
	struct effort *e, const struct effort_try *t, unsigned attempt, uint64_t now_ns)
{
	e->spoiled |= (uint16_t)(1u << t->at);
	effort_failed(e, attempt, now_ns);
	return ++e->failovers < 2;
}
