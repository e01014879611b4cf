/*
 * child.h - what a child of the supervisor does first (shell)
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>

/*
 * Begin as `program`, which logs as `process`. Signals that a terminal gives to the whole
 * group are the supervisor's to tell; a peer that is gone is an error, not a signal.
 * False: the pair is not there, since nobody who runs it has started us; logged.
 */
bool child_begin(const char *program, const char *process);

#endif
