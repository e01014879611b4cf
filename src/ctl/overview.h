/*
 * overview.h - what stands in the shared pages of an instance (shell)
 *
 * Pages are mapped read-only and taken as hostile; nobody is asked, so this works when no
 * process answers (OP-06).
 */
#ifndef CTL_OVERVIEW_H
#define CTL_OVERVIEW_H

#include <stddef.h>

#include "base/pair.h"
#include "ctl/json.h"
#include "ctl/running.h"
#include "snap/reader.h"

#define OVERVIEW_WORKERS_MAX 512 /* slots: twice as many as workers */

struct worker_page {
	unsigned slot;
	const struct stat_worker *page; /* mapped */
};

struct forwarder_page {
	unsigned number;
	const struct stat_forwarder *page; /* mapped */
};

struct overview {
	char instance[INSTANCE_MAX];
	uint64_t mono_ns, wall_ns; /* now */
	struct reader reader;
	const struct snap *snap;                  /* NULL: no generation */
	const struct stat_controller *controller; /* mapped; NULL: no page */
	const struct stat_supervisor *supervisor; /* mapped; NULL: no page */
	const struct stat_admin *admin; /* mapped; NULL: no page, as none is set */
	struct running running;         /* what that says, ... */
	bool runs;                      /* ... if it could be read */
	struct worker_page worker[OVERVIEW_WORKERS_MAX];
	size_t nworkers;
	struct forwarder_page forwarder[FORWARDERS_MAX];
	size_t nforwarders;
};

/* Map what there is. False: there is nothing of that instance. */
bool overview_open(struct overview *v, const char *instance);

/* Say on stderr that there is nothing of it, and what may mend that. */
void overview_complain(const char *instance);
void overview_close(struct overview *v);

/*
 * Begin a verb that takes no arguments and looks at the pages alone. EXIT_OK: *v is open;
 * else the exit status of the verb, said on stderr, and *v is closed.
 */
struct options;
struct verb;
int overview_begin(const struct verb *verb, const struct options *o, struct overview *v);

/* True if the page's process had a heartbeat in the last 3 s. */
bool overview_lives(const struct overview *v, const struct stat_head *head);

/* The sum over the workers of a counter, by its place in struct stat_worker. */
uint64_t overview_total(const struct overview *v, size_t offset);

/* Place of element i of a field of struct stat_worker, which is an array or not. */
#define OVERVIEW_AT(field, i)                                                            \
	(offsetof(struct stat_worker, field) + sizeof(stat_u64) * (i))

/* Octets of the segment that are no longer reachable. */
uint64_t overview_garbage(const struct overview *v);

/* Names of kinds of objects and of stale answers, in the order of the pages. */
extern const char *const overview_kinds[4];
extern const char *const overview_stales[STAT_STALES];

/* What the head of a page says, into the object that is open. */
void overview_json_head(
	struct json *j, const struct overview *v, const struct stat_head *head);

/* "12 s", "3 min", "2 h 5 min", "4 d 1 h" since then, into `out`; a later one is 0. */
const char *overview_since(uint64_t now_ns, uint64_t then_ns, char out[32]);

/* "4096 B", "12.5 KiB", "64.0 MiB" into `out`. */
const char *overview_size(uint64_t octets, char out[32]);

/* Write all of it as one JSON document. */
void overview_json(const struct overview *v);

#endif
