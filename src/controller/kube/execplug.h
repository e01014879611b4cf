/*
 * execplug.h - running a login plug-in beside the event loop (WP-10) (shell)
 *
 * It runs in a process group of its own, without a terminal and without our descriptors.
 * It may print 256 KiB and is killed, with what it started, at its time limit; of what it
 * says on stderr the last line is kept. One call, one run.
 */
#ifndef KUBE_EXECPLUG_H
#define KUBE_EXECPLUG_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct execplug;

/* All is borrowed for the call of execplug_start(). */
struct execplug_command {
	const char *program; /* looked for in PATH if there is no slash in it */
	char *const *args;
	size_t nargs;
	char *const *env; /* NAME=VALUE: in place of the same in our environment */
	size_t nenv;
	const char *info; /* the value of KUBERNETES_EXEC_INFO */
	uint64_t limit_ns;
};

/* How it ended. Borrowed for the callback. */
struct execplug_result {
	const char *fault; /* NULL: it exited with 0; else a line for a log */
	const uint8_t *output;
	size_t len;
};

/*
 * Start it. 0 with *out owned by the caller, or -errno: then on_done is not called.
 * on_done comes once, from the event loop, when the process is gone and its output is
 * closed; it may call execplug_free().
 */
int execplug_start(struct event_base *base, const struct execplug_command *command,
	void (*on_done)(void *arg, const struct execplug_result *r), void *arg,
	struct execplug **out);

/* Kill it if it runs, wipe what it printed, free. NULL is fine. */
void execplug_free(struct execplug *p);

#endif
