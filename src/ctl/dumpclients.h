/*
 * dumpclients.h - who is known by its address, for `shmdnsctl dump clients` (OF-09)
 * (shell)
 *
 * Reads shared memory and asks nobody (OP-06).
 */
#ifndef CTL_DUMPCLIENTS_H
#define CTL_DUMPCLIENTS_H

#include <stdio.h>

#include "dns/addr.h"

/*
 * Print the clients that the current generation of `instance` knows, in the order of
 * their addresses, or that of address `only` alone (NULL: all), as text or, with `json`,
 * as JSON. An exit status; EXIT_NEGATIVE: nobody knows `only`.
 */
int dumpclients_print(const char *instance, const struct addr *only, FILE *json);

#endif
