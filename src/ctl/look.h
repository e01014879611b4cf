/*
 * look.h - generations in shared memory, for verbs that look back (shell)
 */
#ifndef CTL_LOOK_H
#define CTL_LOOK_H

#include "ctl/options.h"
#include "snap/reader.h"

/*
 * Open the instance's current generation. `r` is ended by reader_fini() in any case.
 * NULL with a message if there is none; else borrowed from `r`.
 */
const struct snap *look_open(struct reader *r, const char *instance);

/*
 * True if the instance has objects in shared memory that we may not look at; a message
 * says who may.
 */
bool look_denied(const char *instance);

/*
 * The generation that `text` says, a number or "now", back from `newest`, whole. False
 * with a message; *status is the exit status then.
 */
bool look_back(
	const struct snap *newest, const char *text, struct snap *out, int *status);

/* Why a generation was published: "settings", "objects", ... */
const char *look_cause(const struct snap *s);

/* "2026-01-31T12:00:31Z" into `out`; "" if there is no such time. */
const char *look_time(uint64_t wall_ns, char out[32]);

#endif
