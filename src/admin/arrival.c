#include "admin/arrival.h"

#include "base/base.h"

#define BEAT_NS     (2 * NS_PER_S)
#define PATIENCE_NS (10 * NS_PER_S)

/* When the worker went over to a generation as new as that; 0: not yet. */
static uint64_t refreshed_ns(const struct stat_worker *w, uint64_t generation)
{
	const struct stat_moments *m = &w->refreshed;
	const uint64_t n = stat_get(&m->n);
	struct stat_when when;

	for (uint64_t i = stat_moment_oldest(m); i < n; i++)
		if (stat_moment_get(m, i, &when) && when.generation >= generation)
			return when.at_ns;
	return 0;
}

static bool is_awaited(
	const struct view *v, const struct stat_worker *w, const struct stat_when *what)
{
	return view_lives(v, &w->head, BEAT_NS) && stat_get(&w->generation) != 0 &&
	       stat_get(&w->head.started_ns) <= what->at_ns;
}

/*
 * True: all that are waited for have it, the last one at *at_ns; 0: there are none.
 */
static bool has_arrived(
	const struct view *v, const struct stat_when *what, uint64_t *at_ns)
{
	*at_ns = 0;
	for (unsigned i = 0; i < v->nworkers; i++) {
		if (!is_awaited(v, v->worker[i], what))
			continue;
		uint64_t ns = refreshed_ns(v->worker[i], what->generation);
		if (ns == 0)
			return false;
		*at_ns = MAX(*at_ns, ns);
	}
	return true;
}

static void count(struct stat_admin *page, uint64_t from_ns, uint64_t to_ns)
{
	const uint64_t ns = to_ns > from_ns ? to_ns - from_ns : 0;

	stat_add(&page->arrival_time[stat_fine(ns)], 1);
	stat_add(&page->arrival_ns, ns);
}

void arrival_count(struct stat_admin *page, const struct view *v)
{
	const struct stat_moments *m = v->controller != NULL ? &v->controller->published
	                                                     : NULL;
	struct stat_when what;
	uint64_t at_ns;

	if (m == NULL)
		return;
	const uint64_t n = stat_get(&m->n);
	uint64_t i = MIN(MAX(stat_get(&page->arrived), stat_moment_oldest(m)), n);
	for (; i < n; i++) {
		if (!stat_moment_get(m, i, &what))
			continue; /* written over meanwhile */
		if (has_arrived(v, &what, &at_ns)) {
			if (at_ns != 0)
				count(page, what.cause_ns, at_ns);
		} else if (v->mono_ns < what.at_ns + PATIENCE_NS) {
			break; /* who lacks this one lacks those after it */
		} else {
			count(page, what.cause_ns, v->mono_ns);
		}
	}
	stat_set(&page->arrived, i);
}
