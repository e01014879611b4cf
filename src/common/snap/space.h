/*
 * space.h - names of namespaces in tables that stand in settings: sorted, each once
 *
 * An entry of such a table begins with a struct space. Pure.
 */
#ifndef SNAP_SPACE_H
#define SNAP_SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "snap/cursor.h"

struct space {
	uint8_t len;     /* 1 to 63 */
	char octets[63]; /* zeros behind it */
};

/* `len` octets of `text`, at most 63. */
void space_set(struct space *s, const char *text, size_t len);

/* Their order, as for qsort(); entries that begin with one may be given. */
int space_compare(const void *a, const void *b);

/*
 * The entry of that name in a table of `n` entries of `size` octets each; NULL: there is
 * none.
 */
const void *space_find(
	const void *table, unsigned n, size_t size, const char *text, size_t len);

/* The codec: one that is empty or too long is bad. */
void space_walk(struct cursor *c, struct space *s);

#endif
