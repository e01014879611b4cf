/*
 * child.h - the programs, and processes made of them (shell)
 *
 * The programs are opened once, at the start, and run by descriptor ever after: an
 * installation that replaces the files meanwhile changes nothing for a running appliance
 * (one life, one layout).
 */
#ifndef SUPERVISOR_CHILD_H
#define SUPERVISOR_CHILD_H

#include <sys/types.h>

/* A program, opened. */
struct program {
	const char *name; /* a literal: "shmdns-worker" */
	int fd;           /* owned */
};

/*
 * Open program `name` beside our own executable (a build tree), in ../libexec/shmdns from
 * there (an installation, moved or not), else in the directory where it was to be
 * installed. 0 or -errno, logged.
 */
int child_program_open(struct program *p, const char *name);
void child_program_close(struct program *p);

/*
 * Run `p` with one end of a fresh pair as its descriptor 3 and nothing else but stdin,
 * stdout and stderr. It dies with us (PR_SET_PDEATHSIG). 0 with its pid and our end of
 * the pair (owned by the caller, non-blocking); -errno.
 */
int child_spawn(const struct program *p, pid_t *pid, int *pair);

#endif
