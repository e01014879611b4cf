/*
 * view.h - what metrics and answers to probes are made from (core)
 *
 * Pages of other processes, mapped read-only and taken as hostile; numbers that the shell
 * has read elsewhere. Nothing in it is owned.
 */
#ifndef METRICS_VIEW_H
#define METRICS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snap/settings.h"
#include "snap/snap.h"
#include "snap/stat.h"

#define VIEW_WORKERS_MAX    512 /* slots: twice as many as workers */
#define VIEW_FORWARDERS_MAX 8

/* Sums over all processes of the appliance (ME-08). */
struct view_process {
	uint64_t cpu_ns, resident, open_fds, max_fds;
	uint64_t started_wall_ns; /* of the supervisor */
};

/* A query of our own to the listener (HR-05), as it stands in a ring. */
struct view_own {
	uint16_t port, id;
};

#define VIEW_OWN 16 /* so many of the latest are known */

struct view {
	uint64_t mono_ns, wall_ns;                /* now */
	const struct stat_supervisor *supervisor; /* NULL: no page */
	const struct stat_controller *controller; /* NULL: no page */
	const struct stat_admin *admin;           /* NULL: no page */
	const struct stat_worker *worker[VIEW_WORKERS_MAX];
	unsigned nworkers; /* slots */
	const struct stat_forwarder *forwarder[VIEW_FORWARDERS_MAX];
	unsigned nforwarders;
	const struct snap *snap;         /* NULL: there is no generation */
	const struct settings *settings; /* of it */
	uint64_t settled;       /* the generation of 2 s ago; 0: there was none */
	const char *probe_name; /* that our own queries ask for; "": there were none */
	const struct stat_object *object; /* shared memory of the instance (MS-14) */
	unsigned nobjects;
	uint64_t shm_limit; /* octets; 0: not known */
	struct view_process process;
	struct view_own own[VIEW_OWN]; /* written in turn */
	uint32_t shares;               /* workers wanted */
	uint32_t compat;               /* message_admin */
	uint16_t port;
	uint64_t max_stale_ns;
	const char *version;
};

/* True if the entry of a ring is one of our own queries (HR-05): no client asked. */
bool view_is_own(const struct view *v, const struct ring_entry *e);

/* What our own queries ask for: the first zone; NULL: there is none (HR-05). */
const struct name *view_probe_zone(const struct settings *s);

/* The sum over the workers, or the forwarders, of a word at `offset` of their pages. */
uint64_t view_workers(const struct view *v, size_t offset);
uint64_t view_forwarders(const struct view *v, size_t offset);

/* The sums of `n` words from `offset` on, into `out`. */
void view_workers_all(const struct view *v, size_t offset, uint64_t *out, unsigned n);
void view_forwarders_all(const struct view *v, size_t offset, uint64_t *out, unsigned n);

/* `n` words of one page that follow each other, into `out`. */
void view_words(const stat_u64 *words, uint64_t *out, unsigned n);

/* Where a field stands, or the element i of one that is an array of words. */
#define VIEW_WORKER(field)    offsetof(struct stat_worker, field)
#define VIEW_FORWARDER(field) offsetof(struct stat_forwarder, field)
#define VIEW_WORD(i)          (sizeof(stat_u64) * (i))

/* True if the page is of a process that had a heartbeat in the last `ns`. */
bool view_lives(const struct view *v, const struct stat_head *head, uint64_t ns);

/*
 * The digest of the configuration that runs, as 64 digits with a NUL; NULL: it is just
 * being written, or there is none. *last_good: the files had errors at the start (OP-26).
 */
#define VIEW_DIGEST 65
const char *view_digest(const struct view *v, char out[VIEW_DIGEST], bool *last_good);

/* What of a text of a page may be shown: it ends, whatever stands there. */
#define VIEW_TEXT (STAT_UPSTREAM_TEXT + 1)
const char *view_text(const char *text, char out[VIEW_TEXT]);

#endif
