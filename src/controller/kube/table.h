/*
 * table.h - an intrusive hash table (core)
 *
 * A link is a member of what is stored; the table owns its buckets only. It grows by
 * itself. Whoever looks something up compares the keys of all links with that hash.
 */
#ifndef KUBE_TABLE_H
#define KUBE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* The struct that `link`, a pointer to its member, stands in. */
#define TABLE_ENTRY(link, type, member)                                                  \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

struct table_link {
	struct table_link *next;
	uint64_t hash;
};

/* Zeroed is valid and empty; table_fini() ends it. */
struct table {
	struct table_link **bucket; /* owned */
	size_t nbuckets, count;
};

/* Add a link under `hash`. */
void table_add(struct table *t, struct table_link *link, uint64_t hash);

/* Take out a link that is in the table. */
void table_remove(struct table *t, struct table_link *link);

/* The first link with `hash`, or NULL. */
struct table_link *table_first(const struct table *t, uint64_t hash);

/* The next one with the same hash, or NULL. */
struct table_link *table_next(const struct table_link *link);

/* Any link, or NULL if the table is empty: for taking everything out. */
struct table_link *table_any(const struct table *t);

/* Call `visit` for each link, in no order. It must not change the table. */
void table_visit(
	const struct table *t, void (*visit)(void *arg, struct table_link *l), void *arg);

/* Free the buckets. */
void table_fini(struct table *t);

#endif
