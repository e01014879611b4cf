/*
 * oom.h - was a child killed for lack of memory? (MP-03; shell)
 *
 * The kernel kills with SIGKILL, as anybody may; but before it does, it counts the kill
 * in the control group of the victim: `oom_kill` in memory.events of cgroup v2, which
 * counts kills for the sake of the whole machine too, or in memory.oom_control of v1.
 * Children are in our own group. So one that died of a SIGKILL that we did not send was
 * killed for memory if that counter has risen by a kill that is nobody else's. Where
 * there is no such file (no memory controller in our group, the root group of v2) it
 * cannot be told, and never is.
 */
#ifndef SUPERVISOR_OOM_H
#define SUPERVISOR_OOM_H

#include <stdbool.h>
#include <stdint.h>

struct oom {
	int fd;            /* of the file; -1: there is none. Owned */
	uint64_t seen;     /* kills that were told, or were none of ours */
	uint64_t since_ns; /* since then there is one that was not told; 0: none */
};

/* The counter in the text of such a file; UINT64_MAX: it has none. */
uint64_t oom_parse(const char *text);

/*
 * Begin: kills so far are none of ours. Files are found below the directory `root`, which
 * is "" but in tests.
 */
void oom_open(struct oom *o, const char *root);
void oom_close(struct oom *o);

/* A child died of SIGKILL. True: for lack of memory; that kill is told with it. */
bool oom_killed(struct oom *o);

/* Now and then: what no child died of in 10 s was somebody else in our group. */
void oom_tick(struct oom *o, uint64_t now_ns);

#endif
