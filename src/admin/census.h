/*
 * census.h - sampled queries by namespace: who asks, and what of it is wasted (MQ-08,
 * MQ-09, ME-09) (core)
 *
 * Workers note one query in RING_SAMPLE in their rings; here each counts for so many. Of
 * a query the namespace of its client counts, and if it is search path waste (waste.h)
 * that of the search domain in its name; where the name has none, svc.ZONE or ZONE, that
 * of the client. Queries of our own do not count.
 *
 * All of it stands in our page: how far each ring was read is written after what it came
 * to, so a successor loses nothing and counts at most one entry twice. Namespaces get
 * their places in the order in which they are met and keep them; none is invented by who
 * asks, as only those of the generation and of known clients have one.
 *
 * Cost: a look at a ring where nothing is new; a look-up or two, and a walk over the
 * places, for each sampled entry.
 */
#ifndef ADMIN_CENSUS_H
#define ADMIN_CENSUS_H

#include "metrics/view.h"

/*
 * Count what is new in the rings of v->worker by what v->snap and v->settings know;
 * without a generation it waits. At most `most` namespaces get a place.
 */
void census_take(struct stat_census *c, const struct view *v, uint64_t most);

#endif
