/*
 * report.h - what the controller says of itself: log lines and its stat page (shell)
 */
#ifndef CONTROLLER_REPORT_H
#define CONTROLLER_REPORT_H

#include "base/log.h"
#include "controller/engine.h"
#include "controller/zonefiles.h"
#include "snap/stat.h"

struct report {
	struct stat_controller *stat; /* borrowed; NULL: none yet */
	struct log_bucket published, skipped, public_name;
	uint64_t failed_next_ns; /* no line about full memory before (SH-02) */
	uint64_t failures;       /* since the last line */
	bool failing;
	uint64_t short_since_ns; /* since then there is less free than live; 0: no */
	uint64_t short_live;     /* live octets when that was said */
};

/*
 * Pid, life and start: this process writes the page from now on. If a predecessor was
 * frozen that has ended, and is told.
 */
void report_begin(
	struct report *r, struct stat_controller *stat, uint64_t life, uint64_t now_ns);

/* We live. At least once a second. */
void report_heartbeat(struct report *r, uint64_t now_ns);

/* A generation was published; `objects` as the store counts them. */
void report_published(struct report *r, const struct engine_published *p,
	const uint64_t objects[KUBE_KINDS], uint64_t now_ns, uint64_t wall_ns);

/* A compaction published a generation of its own. */
void report_compacted(struct report *r, const struct publish_info *info, uint64_t now_ns);

/* What became of freezing and holding back, if that is not what the page says. */
void report_frozen(struct report *r, const struct engine *e);

/* Names and addresses of `hosts` that are published, and when they were read (CM-33). */
void report_hosts(struct report *r, uint64_t entries, uint64_t wall_ns);

/* How many zones have a file with errors, and files of the directory no zone (FE-03). */
void report_zones(struct report *r, const struct zonefiles *z);

/* Publishing, or `what` before it, failed: one line a minute. */
void report_failed(struct report *r, const char *what, int error, uint64_t now_ns);

/*
 * So much is free in shared memory, and so much is live: one line where that stays too
 * little for a controller that starts, again when the live part has grown by half.
 */
void report_room(struct report *r, uint64_t free_octets, uint64_t live, uint64_t now_ns);

/* Something of an object gives no record. */
void report_skipped(
	struct report *r, const struct owner *o, enum skip_reason why, uint64_t now_ns);

/* The first generation waits for `hold_ns`: so few names, where so many were (WP-90). */
void report_held(uint64_t names, uint64_t before, uint64_t hold_ns);

/* A namespace is named like a top-level domain: what the search path makes of that. */
void report_public_name(struct report *r, const char *namespace, uint64_t now_ns);

/* An event came in. */
void report_event(struct report *r, enum kube_kind kind, enum kube_change change);

/* A file could not be read; `line` says which and why. */
void report_source_error(struct report *r, const char *line);

#endif
