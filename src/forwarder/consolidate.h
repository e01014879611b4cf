/*
 * consolidate.h - lines of failed questions that are told together (SM-01)
 *
 * The first line that matches a rule begins its window; at the end of it one line says
 * how many there were. Which rule: the first one that matches. Strangers choose the names
 * in lines, and an expression can take milliseconds for one: all of them together get
 * CONSOLIDATE_BUDGET_NS of each second, and lines for which there is none left match
 * nothing. Pure but for the memory that regex(3) takes, and only where rules are
 * configured; time is an argument.
 */
#ifndef FORWARDER_CONSOLIDATE_H
#define FORWARDER_CONSOLIDATE_H

#include "base/logline.h"
#include "base/pattern.h"
#include "snap/logset.h"

#define CONSOLIDATE_BUDGET_NS (200 * NS_PER_MS)

struct consolidate_rule {
	struct logset_rule set;
	regex_t re;
	bool compiled;     /* what is none matches nothing */
	unsigned looked;   /* lines it was tried on since it was compiled */
	uint64_t begin_ns; /* of its window; only if count > 0 */
	uint64_t count;    /* lines since */
	uint64_t spent_ns; /* in this second */
};

/* Zeroed: no rules. */
struct consolidate {
	struct consolidate_rule rule[LOGSET_RULES_MAX];
	unsigned n;
	uint64_t (*clock_ns)(void); /* by which is measured what rules take; NULL: not */
	uint64_t second_ns;         /* when this second of the budget began */
	uint64_t spent_ns;          /* of it, by all rules */
	uint64_t missed;            /* lines without a budget, that were not told yet */
	unsigned slowest;           /* the rule that took most when it was used up */
};

/* Lines that were not tried on all rules, and what is to blame most. */
struct consolidate_slow {
	uint64_t lines;
	const char *match; /* borrowed until consolidate_configure() */
};

enum consolidated {
	CONSOLIDATE_NOT,   /* no rule: write it */
	CONSOLIDATE_FIRST, /* write it, at the rule's level */
	CONSOLIDATE_HELD,  /* it is counted */
};

/* What is told at the end of a window. */
struct consolidate_summary {
	enum log_level level;
	uint64_t count, window_ms;
	const char *match; /* borrowed until consolidate_configure() */
};

/*
 * Take these rules. If they are others than before, windows that have begun are lost: ask
 * consolidate_due() for all of them first.
 */
void consolidate_configure(struct consolidate *c, const struct log_settings *l);

/* True if these are other rules than those that it has. */
bool consolidate_differs(const struct consolidate *c, const struct log_settings *l);

/*
 * A line comes: its text without the head, and its reason alone ("": none). With
 * CONSOLIDATE_FIRST *level is what to write it at.
 */
enum consolidated consolidate_add(struct consolidate *c, uint64_t now_ns,
	const char *line, const char *reason, enum log_level *level);

/*
 * True, with *out, if a window has ended in which something was held back; call it until
 * it is false. `all`: those that have not ended too.
 */
bool consolidate_due(struct consolidate *c, uint64_t now_ns, bool all,
	struct consolidate_summary *out);

/* True, with *out, if lines were not tried since the last call for lack of time. */
bool consolidate_slow(struct consolidate *c, struct consolidate_slow *out);

/* Forget the rules. */
void consolidate_fini(struct consolidate *c);

#endif
