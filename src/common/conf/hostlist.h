/*
 * hostlist.h - the text of a hosts file: addresses and the names that they have (HO-01,
 * HO-05) (core)
 *
 * As hosts(5) and CoreDNS have it: ADDRESS NAME [NAME ...], separated by blanks, and "#"
 * begins a comment. An interface behind an address ("fe80::1%eth0") is left out. A line
 * counts whole or, if something in it is wrong, not at all.
 */
#ifndef CONF_HOSTLIST_H
#define CONF_HOSTLIST_H

#include <stddef.h>

#include "dns/addr.h"
#include "dns/name.h"

struct hostlist_handlers {
	/* A name (folded) of an address, in that line. Both are borrowed for the call. */
	void (*on_host)(void *arg, unsigned line, const struct addr *addr,
		const struct name *name);
	/* A line is skipped, and why: printable text, borrowed for the call. */
	void (*on_bad)(void *arg, unsigned line, const char *text);
};

/* Read `len` octets, of which nothing is trusted. */
void hostlist_parse(const char *text, size_t len,
	const struct hostlist_handlers *handlers, void *arg);

#endif
