/*
 * dumpcache.h - what the forwarders' caches hold, for `shmdnsctl dump cache` (OV-06)
 * (shell)
 *
 * Reads shared memory and asks nobody (OP-06).
 */
#ifndef CTL_DUMPCACHE_H
#define CTL_DUMPCACHE_H

#include <stdbool.h>
#include <stdio.h>

#include "dns/name.h"

/*
 * Print the entries of all caches of `instance` at and below `under` (folded; len 0: all;
 * `exact`: of that name alone), as text or, with `json`, as JSON. An exit status.
 */
int dumpcache_print(
	const char *instance, const struct name *under, bool exact, FILE *json);

#endif
