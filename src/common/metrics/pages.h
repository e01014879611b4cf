/*
 * pages.h - the pages of the other processes, and what /proc says of them (shell)
 */
#ifndef METRICS_PAGES_H
#define METRICS_PAGES_H

#include "metrics/view.h"

/* Map those that stand under the names of `instance` and are not mapped yet. */
void pages_map(struct view *v, const char *instance);

/* ME-08: sums over all processes that the pages name. */
void pages_processes(struct view *v);

#endif
