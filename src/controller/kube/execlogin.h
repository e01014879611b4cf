/*
 * execlogin.h - the credentials of a login plug-in: when it is run, how long they last
 * (WP-10) (shell)
 *
 * They are kept until they expire; 10 s before that the plug-in is run again, and the
 * old ones are used meanwhile. After a run that failed the next one begins 1 s, 2 s, 4 s
 * up to 64 s after its beginning, when somebody asks.
 */
#ifndef KUBE_EXECLOGIN_H
#define KUBE_EXECLOGIN_H

#include "controller/kube/execcred.h"

struct event_base;
struct execlogin;

/* What it needs all its life, borrowed for that long. */
struct execlogin_setup {
	struct event_base *base;
	const struct kubeconfig *plan; /* with an exec.command */
	uint64_t limit_ns;             /* of a run */
	uint64_t (*wall_ns)(void);
	void (*on_change)(void *arg); /* a run has ended; from the event loop */
	void *arg;
};

/* Nothing is run yet. Owned by the caller. */
struct execlogin *execlogin_new(const struct execlogin_setup *setup);

/*
 * The credentials at `now_ns` (monotonic), or NULL: none now. Starts the plug-in when it
 * is time. `ca` is what the plug-in is told of the cluster's CAs, if it asks. Borrowed
 * until the next call or turn of the event loop.
 */
const struct execcred *execlogin_get(
	struct execlogin *e, const uint8_t *ca, size_t ca_len, uint64_t now_ns);

/* The credentials were refused: forget them, the next call gets new ones. */
void execlogin_forget(struct execlogin *e);

/* True while the plug-in runs. */
bool execlogin_running(const struct execlogin *e);

/* True if there are credentials, as execlogin_get() last saw them. */
bool execlogin_good(const struct execlogin *e);

/* How the last run failed; "": it did not. Borrowed until the next run ends. */
const char *execlogin_problem(const struct execlogin *e);

/* Kill the plug-in if it runs, wipe. NULL is fine. */
void execlogin_free(struct execlogin *e);

#endif
