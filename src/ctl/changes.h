/*
 * changes.h - the names that differ between two generations of a segment (core)
 *
 * By what they say: a generation that was built anew has other octets for the same
 * records. SOA records are left out: the serial moves with every change.
 */
#ifndef CTL_CHANGES_H
#define CTL_CHANGES_H

#include "ctl/lines.h"
#include "snap/snap.h"

/* A name that differs; everything is borrowed for the call. */
struct change {
	const struct node_view *before, *after; /* NULL: there is none */
	const struct lines *was, *is;
};

struct changes {
	size_t added, removed, changed; /* names */
	size_t empty;                   /* empty non-terminals that came or went */
	size_t damaged;                 /* names that cannot be read whole */
};

/* True if the two nodes of one name say the same. */
bool changes_same(const struct node_view *a, const struct node_view *b);

typedef void (*changes_on_name)(void *arg, const struct change *c);

/*
 * Count what differs into *out, and call `on_name` for each name in the order of names,
 * unless it is NULL. 0; -EBADMSG: something in one of the tries is damaged.
 */
int changes_between(const struct snap *before, const struct snap *after,
	changes_on_name on_name, void *arg, struct changes *out);

#endif
