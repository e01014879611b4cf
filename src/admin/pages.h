/*
 * pages.h - the pages of the other processes, and what /proc says of them (shell)
 */
#ifndef ADMIN_PAGES_H
#define ADMIN_PAGES_H

#include "admin/view.h"

/* Map those that stand under the names of `instance` and are not mapped yet. */
void pages_map(struct view *v, const char *instance);

/* ME-08: sums over all processes that the pages name. */
void pages_processes(struct view *v);

#endif
