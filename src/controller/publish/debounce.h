/*
 * debounce.h - when to publish what has changed (WP-87, core)
 *
 * At once when the input is drained, but every 0.5 ms at most; with input that does not
 * end 20 ms after the first change; after a publish that failed not before its retry.
 * Times are monotonic nanoseconds, UINT64_MAX is never.
 */
#ifndef PUBLISH_DEBOUNCE_H
#define PUBLISH_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#define DEBOUNCE_MIN_NS   UINT64_C(500000)
#define DEBOUNCE_MAX_NS   UINT64_C(20000000)
#define DEBOUNCE_RETRY_NS UINT64_C(1000000000)

/* Zeroed is valid: nothing has changed, nothing was published. */
struct debounce {
	bool pending;
	uint64_t first_ns; /* the first change that is not published */
	uint64_t next_ns;  /* not before */
	bool deferred;     /* something waits for deferred_ns */
	uint64_t deferred_ns;
};

/* Something changed. */
void debounce_touch(struct debounce *d, uint64_t now_ns);

/* Something changed that may not be published before `when_ns` (large RRsets). */
void debounce_defer(struct debounce *d, uint64_t when_ns);

/* True if it is time; `drained`: no more input is waiting. */
bool debounce_due(const struct debounce *d, uint64_t now_ns, bool drained);

/* When debounce_due() says true by itself, with the input drained. */
uint64_t debounce_deadline(const struct debounce *d);

/* It was published: nothing is pending, deferrals are asked for anew. */
void debounce_published(struct debounce *d, uint64_t now_ns);

/* It could not be published. */
void debounce_failed(struct debounce *d, uint64_t now_ns);

#endif
