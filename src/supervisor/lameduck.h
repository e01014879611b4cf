/*
 * lameduck.h - the time between SIGTERM and the end, in which clients go elsewhere (core)
 *
 * Who asks us has not heard yet that we end: answers go on for a while (HR-04). No clock,
 * no pages: times and counts are arguments.
 */
#ifndef SUPERVISOR_LAMEDUCK_H
#define SUPERVISOR_LAMEDUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#define LAMEDUCK_QUIET_NS NS_PER_S          /* nobody asks any more */
#define LAMEDUCK_LOOK_NS  (100 * NS_PER_MS) /* between two looks at the counts */

struct lameduck {
	uint64_t queries;  /* as they were last seen */
	uint64_t quiet_ns; /* the count has not moved since */
	uint64_t least_ns; /* not over before */
	uint64_t most_ns;  /* over in any case */
};

/* It begins at `now_ns` and lasts `length_ns` or more; `queries` came over UDP so far. */
void lameduck_begin(
	struct lameduck *l, uint64_t length_ns, uint64_t queries, uint64_t now_ns);

/*
 * True when it is over: after its length and a second without a query, or after twice its
 * length. To be asked every LAMEDUCK_LOOK_NS.
 */
bool lameduck_is_over(struct lameduck *l, uint64_t queries, uint64_t now_ns);

#endif
