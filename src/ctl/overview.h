/*
 * overview.h - what stands in the shared pages of an instance (shell)
 *
 * Pages are mapped read-only and taken as hostile; nobody is asked, so this works when no
 * process answers (OP-06).
 */
#ifndef CTL_OVERVIEW_H
#define CTL_OVERVIEW_H

#include "base/pair.h"
#include "snap/reader.h"

#define OVERVIEW_WORKERS_MAX 512 /* slots: twice as many as workers */

struct worker_page {
	unsigned slot;
	const struct stat_worker *page; /* mapped */
};

struct overview {
	char instance[INSTANCE_MAX];
	uint64_t mono_ns, wall_ns; /* now */
	struct reader reader;
	const struct snap *snap;                  /* NULL: no generation */
	const struct stat_controller *controller; /* mapped; NULL: no page */
	struct worker_page worker[OVERVIEW_WORKERS_MAX];
	size_t nworkers;
};

/* Map what there is. False: there is nothing of that instance. */
bool overview_open(struct overview *v, const char *instance);
void overview_close(struct overview *v);

/* True if the page's process had a heartbeat in the last 3 s. */
bool overview_lives(const struct overview *v, const struct stat_head *head);

/* Octets of the segment that are no longer reachable. */
uint64_t overview_garbage(const struct overview *v);

/* Why the current generation was published. */
const char *overview_cause(const struct overview *v);

/* Names of drop reasons and of kinds of objects, in the order of the pages. */
extern const char *const overview_drops[STAT_DROPS];
extern const char *const overview_closes[STAT_TCP_CLOSES];
extern const char *const overview_kinds[4];

/* Write all of it as one JSON document. */
void overview_json(const struct overview *v);

#endif
