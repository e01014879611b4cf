/*
 * upstream.h - one upstream as it is written in `to` or `bootstrap` (FW-02)
 */
#ifndef CONF_UPSTREAM_H
#define CONF_UPSTREAM_H

#include "conf/conf.h"

#define UPSTREAM_INTERFACE_MAX 16 /* octets of an interface's name with its NUL */

/*
 * IP, IP:port, [v6]:port, HOST, HOST:port, each perhaps behind dns:// or tls://, the
 * latter perhaps with #server.name behind it; or a path, which is told by its slash.
 * True with *out filled, `path` as written and owned by the caller, `scope` 0,
 * `interface` what stood behind "%" or "". False with *why: what is wrong, and how to
 * mend it.
 */
bool upstream_parse(const char *text, struct conf_upstream *out,
	char interface[UPSTREAM_INTERFACE_MAX], const char **why);

/* True if both are the same server, asked the same way. */
bool upstream_same(const struct conf_upstream *a, const struct conf_upstream *b);

#endif
