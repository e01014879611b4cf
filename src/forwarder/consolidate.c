#include "forwarder/consolidate.h"

#include "base/base.h"

#define LOOKS_MAX 16 /* of an expression that was compiled once */

void consolidate_fini(struct consolidate *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->rule[i].compiled)
			regfree(&c->rule[i].re);
	c->n = 0;
	c->missed = 0;
}

static bool same(const struct logset_rule *a, const struct logset_rule *b)
{
	return a->window_ms == b->window_ms && a->level == b->level &&
	       a->show_first == b->show_first && strcmp(a->match, b->match) == 0;
}

bool consolidate_differs(const struct consolidate *c, const struct log_settings *l)
{
	if (c->n != l->nrules)
		return true;
	for (unsigned i = 0; i < c->n; i++)
		if (!same(&c->rule[i].set, &l->rules[i]))
			return true;
	return false;
}

void consolidate_configure(struct consolidate *c, const struct log_settings *l)
{
	char why[128];

	if (!consolidate_differs(c, l))
		return;
	consolidate_fini(c);
	for (unsigned i = 0; i < l->nrules && i < LOGSET_RULES_MAX; i++) {
		struct consolidate_rule *r = &c->rule[i];

		r->set = l->rules[i];
		r->count = r->looked = 0;
		r->spent_ns = 0;
		r->compiled = pattern_compile(r->set.match, &r->re, why, sizeof(why));
	}
	c->n = MIN(l->nrules, LOGSET_RULES_MAX);
}

/*
 * regexec(3) keeps each state that it met for as long as the expression lives. Strangers
 * choose the names in lines, and so how many there are: now and then it begins anew.
 */
static void renew(struct consolidate_rule *r)
{
	char why[128];
	regex_t re;

	r->looked = 0;
	if (!pattern_compile(r->set.match, &re, why, sizeof(why)))
		return; /* no memory: the old one goes on */
	regfree(&r->re);
	r->re = re;
}

static bool matches(struct consolidate_rule *r, const char *line, const char *reason)
{
	if (!r->compiled)
		return false;
	if (r->looked++ >= LOOKS_MAX)
		renew(r);
	return pattern_matches(&r->re, line) || pattern_matches(&r->re, reason);
}

/* ---- what it costs ---- */

static void begin_second(struct consolidate *c, uint64_t now_ns)
{
	c->second_ns = now_ns;
	c->spent_ns = 0;
	for (unsigned i = 0; i < c->n; i++)
		c->rule[i].spent_ns = 0;
}

static bool costly_matches(struct consolidate *c, struct consolidate_rule *r,
	const char *line, const char *reason)
{
	const uint64_t from_ns = c->clock_ns != NULL ? c->clock_ns() : 0;
	const bool yes = matches(r, line, reason);
	const uint64_t ns = c->clock_ns != NULL ? c->clock_ns() - from_ns : 0;

	r->spent_ns += ns;
	c->spent_ns += ns;
	return yes;
}

static void miss(struct consolidate *c)
{
	c->missed++;
	c->slowest = 0;
	for (unsigned i = 1; i < c->n; i++)
		if (c->rule[i].spent_ns > c->rule[c->slowest].spent_ns)
			c->slowest = i;
}

bool consolidate_slow(struct consolidate *c, struct consolidate_slow *out)
{
	if (c->missed == 0)
		return false;
	*out = (struct consolidate_slow){c->missed, c->rule[c->slowest].set.match};
	c->missed = 0;
	return true;
}

/* ---- lines ---- */

static uint64_t end_ns(const struct consolidate_rule *r)
{
	return r->begin_ns + r->set.window_ms * NS_PER_MS;
}

enum consolidated consolidate_add(struct consolidate *c, uint64_t now_ns,
	const char *line, const char *reason, enum log_level *level)
{
	if (now_ns - c->second_ns >= NS_PER_S)
		begin_second(c, now_ns);
	for (unsigned i = 0; i < c->n; i++) {
		struct consolidate_rule *r = &c->rule[i];

		if (c->spent_ns >= CONSOLIDATE_BUDGET_NS) {
			miss(c);
			return CONSOLIDATE_NOT;
		}
		if (!costly_matches(c, r, line, reason))
			continue;
		if (r->count++ > 0)
			return CONSOLIDATE_HELD;
		r->begin_ns = now_ns;
		*level = (enum log_level)r->set.level;
		return r->set.show_first ? CONSOLIDATE_FIRST : CONSOLIDATE_HELD;
	}
	return CONSOLIDATE_NOT;
}

bool consolidate_due(
	struct consolidate *c, uint64_t now_ns, bool all, struct consolidate_summary *out)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct consolidate_rule *r = &c->rule[i];
		uint64_t count = r->count;

		if (count == 0 || (!all && now_ns < end_ns(r)))
			continue;
		r->count = 0;
		if (count == 1 && r->set.show_first)
			continue; /* it was written */
		*out = (struct consolidate_summary){.level = (enum log_level)r->set.level,
			.count = count,
			.window_ms = MIN(
				(now_ns - r->begin_ns) / NS_PER_MS, r->set.window_ms),
			.match = r->set.match};
		return true;
	}
	return false;
}
