/*
 * who.h - which Pod a query in a ring came from, as far as a generation knows (OF-09)
 */
#ifndef SNAP_WHO_H
#define SNAP_WHO_H

#include <stdbool.h>

#include "snap/client.h"
#include "snap/ring.h"

/* Texts as who_text() leaves them; "": not known. A Pod has a namespace. */
struct who {
	char namespace[CLIENT_NAMESPACE_MAX + 1];
	char pod[CLIENT_POD_MAX + 1];
};

/* The address of the client. */
struct addr who_addr(const struct ring_entry *e);

/*
 * Who has the client's address. False, with *out empty: that is not known, or `s` is
 * NULL.
 */
bool who_asked(const struct snap *s, const struct ring_entry *e, struct who *out);

/*
 * A namespace or a Pod as it may be shown: octets that neither may hold are '?', so that
 * it is a plain value of key=value, of JSON and of a label. `out` has len + 1 octets, and
 * gets a NUL; returns it.
 */
const char *who_text(const char *name, size_t len, char *out);

#endif
