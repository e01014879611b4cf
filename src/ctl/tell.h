/*
 * tell.h - a request to the controller and its reply (shell)
 */
#ifndef CTL_TELL_H
#define CTL_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/request.h"

struct tell_reply {
	char text[REQUEST_REPLY_MAX + 1]; /* all lines but the dot, NUL-terminated */
	size_t len;
};

/*
 * Send `line`, without a newline, to the socket at `path` and wait for the whole reply.
 * 0; -ETIMEDOUT; -EBADMSG: what came is no reply; -errno of connect(2) and others.
 */
int tell(const char *path, const char *line, unsigned timeout_ms, struct tell_reply *out);

/* Say on stderr what tell() returned, and what may mend it. */
void tell_complain(const char *path, int error);

/* True if the reply is "ok"; else *why is the text of the error. */
bool tell_ok(const struct tell_reply *r, const char **why);

/* The value behind `word` at the start of a line; false: there is none. */
bool tell_value(const struct tell_reply *r, const char *word, uint64_t *out);

#endif
