/*
 * namelist.h - the names of an owner in few octets (core)
 *
 * Most names of an owner end alike. So a name is written as {u8 n, u8 length, n octets}:
 * its first n octets, and then the end of the name before it, up to its length. A first
 * name, and one that follows another list, has n = length.
 */
#ifndef PUBLISH_NAMELIST_H
#define PUBLISH_NAMELIST_H

#include "base/mem.h"
#include "dns/name.h"

/* Append a name; *last is the one before it, zeroed before the first, and then it. */
void namelist_put(
	struct mem_buf *list, struct name *last, const uint8_t *name, size_t len);

/* Where a reader stands; `octets` and `len` are set, the rest is zero. */
struct namelist_cursor {
	const uint8_t *octets;
	size_t len, at;
};

/* The next name into *name, which holds the one before; false: there is none. */
bool namelist_next(struct namelist_cursor *c, struct name *name);

#endif
