/*
 * metrics.h - the families of a scrape, made from the pages (core)
 *
 * doc/METRICS.md lists them all; a test compares it with a scrape.
 */
#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

#include "admin/text.h"
#include "admin/view.h"

/* Write the whole document. */
void metrics_write(struct text *t, const struct view *v);

/* Its parts. */
void metrics_processes(struct text *t, const struct view *v); /* MP, MN, process_* */
void metrics_queries(struct text *t, const struct view *v);   /* MQ */
void metrics_snapshot(struct text *t, const struct view *v);  /* MS */
void metrics_api(struct text *t, const struct view *v);       /* MA */
void metrics_cache(struct text *t, const struct view *v);     /* MC */
void metrics_upstreams(struct text *t, const struct view *v); /* MU */
void metrics_compat(struct text *t, const struct view *v);    /* CM: coredns_* */

/* Names of types of cache entries, in the order of the pages. */
extern const char *const metrics_kinds[2];

/*
 * One sample for each of `n` words of the workers from `offset` on, each with a label of
 * its own.
 */
void metrics_by(struct text *t, const struct view *v, size_t offset, const char *label,
	const char *const *values, unsigned n);

#endif
