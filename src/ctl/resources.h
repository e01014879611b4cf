/*
 * resources.h - the API server's resources as the controller's page tells of them (shell)
 */
#ifndef CTL_RESOURCES_H
#define CTL_RESOURCES_H

#include "ctl/json.h"
#include "ctl/overview.h"

/* A row for each resource, nothing if objects come from files. `wide`: all counters. */
void resources_print(const struct overview *v, bool wide);

/* Since when, on the wall clock, something of the API is not to be had; 0: all is. */
uint64_t resources_failing_ns(const struct overview *v);

/* The member "resources" of the open object: a list, empty as above (MA rows). */
void resources_json(struct json *j, const struct overview *v);

#endif
