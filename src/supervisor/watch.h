/*
 * watch.h - has the configuration changed? (RL-01, CR-02) (shell)
 *
 * Directories are watched, not files: that sees editors that rename, and the `..data` of
 * a ConfigMap. A notice says no more than "look"; where none come (network file systems,
 * links to elsewhere) the files are looked at every reload.interval. A look compares
 * digests. What differs from what was tried last is tried when two looks in a row saw the
 * same, so nothing is read that is being written, and nothing bad twice (RL-02).
 */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

#include "supervisor/supervisor.h"

/*
 * Begin; one line warns of a file that cannot follow its ConfigMap (CR-01). Where notices
 * cannot be had the looks remain. watch_close() ends it.
 */
void watch_open(struct supervisor *s, uint64_t now_ns);
void watch_close(struct supervisor *s);

/* Notices wait. */
void watch_notice(struct supervisor *s, uint64_t now_ns);

/* Look when it is time, and when it is; asks for a reload if there is something new. */
void watch_step(struct supervisor *s, uint64_t now_ns);
uint64_t watch_wake_ns(const struct supervisor *s);

/*
 * What was read for a reload has `digest`. True if it is not what two looks saw, and
 * these are why it was read: it changes again, and is looked at once more instead.
 */
bool watch_is_restless(
	struct supervisor *s, const uint8_t digest[SHA256_OCTETS], uint64_t now_ns);

/*
 * True if `path` is the mount point of this line of /proc/self/mountinfo. Pure; a name
 * with spaces is not found.
 */
bool watch_is_mount(const char *line, const char *path);

#endif
