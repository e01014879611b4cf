/*
 * lines.h - the records of a node as lines of text, in order (core)
 */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "snap/node.h"

/* Lines such as "30 A 10.0.0.7", sorted. Zeroed is valid; lines_fini() ends it. */
struct lines {
	char **line; /* owned, each of them too */
	size_t n, cap;
};

/*
 * All records of the node, whatever form they have there; those that are sent beside an
 * SRV only have "glue only" behind them. An SOA is made when it is asked for: it is none
 * of these. False where octets do not fit together: the rest is there.
 */
bool lines_take(const struct node_view *v, struct lines *out);

/* Append a copy of a line. */
void lines_add(struct lines *l, const char *text);

/* True if both have the same lines. */
bool lines_equal(const struct lines *a, const struct lines *b);

/* Free them; it is empty and valid again. */
void lines_fini(struct lines *l);

#endif
