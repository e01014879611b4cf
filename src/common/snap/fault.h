/*
 * fault.h - what a reader says when it touches memory that is not there (SH-09) (shell)
 */
#ifndef SNAP_FAULT_H
#define SNAP_FAULT_H

#include "snap/reader.h"

/*
 * From here on SIGBUS and SIGSEGV write one line with the address relative to the maps of
 * `r` (borrowed for the life of the process), and then end the process by that signal.
 */
void fault_install(const char *process, const struct reader *r);

#endif
