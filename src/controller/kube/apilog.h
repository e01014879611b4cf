/*
 * apilog.h - what the API source says of itself in the log (shell)
 *
 * One event, one line; what can happen often is limited for each resource.
 */
#ifndef KUBE_APILOG_H
#define KUBE_APILOG_H

#include "base/log.h"
#include "controller/kube/watch.h"

/* Of one resource. Zeroed is valid. */
struct apilog {
	struct log_bucket dropped;
	bool troubled;      /* its last request has failed */
	unsigned code;      /* ... in this way: a line for each change, and */
	enum watch_end end; /* every half minute */
	uint64_t next_ns;
	unsigned failures; /* since the last line */
	char said[160];    /* what the server said of it; "": nothing */
};

/* The message of a Status, for the line about the request that it ends. */
void apilog_said(struct apilog *l, const char *message);

/* A request failed, or its reply did; `problem` may be "". */
void apilog_failed(struct apilog *l, const struct watch *w, enum watch_end end,
	const char *problem, uint64_t now_ns);

/* A request succeeds: said if the last one did not. */
void apilog_well(struct apilog *l, const struct watch *w);

/* The reply cannot be read any further; `octets` of it could. */
void apilog_malformed(
	const struct watch *w, size_t octets, const struct kube_error *error);

/* An object of the server cannot be used (WP-79). */
void apilog_dropped(struct apilog *l, const struct kube_object *o,
	const struct kube_error *why, uint64_t now_ns);

/* A list is complete; an audit found so many differences; so many objects are held. */
void apilog_complete(const struct watch *w, uint64_t now_ns);
void apilog_audit(const struct watch *w, size_t differences);
void apilog_held(const struct watch *w, size_t objects, uint64_t hold_ns);

/* The server's history ends before ours (WP-61). */
void apilog_lost(const struct watch *w, const char *ours, const char *theirs);

#endif
