/*
 * list.h - the values of lists, and what the struct of a configuration owns (inside of
 * conf/)
 *
 * A list is a pointer and a count, see schema.h.
 */
#ifndef CONF_LIST_H
#define CONF_LIST_H

#include "conf/value.h"

/* As value_set(), for keys whose values are lists; not for KEY_GROUPS. */
bool list_set(struct parse *p, const struct key *k, const struct value *v, void *base);

/* How many elements the list has. */
size_t list_count(const struct key *k, const void *base);

/* One more element, zeroed, owned by the list; valid until the next one. */
void *list_grow(const struct key *k, void *base);

/* The last element goes, with what it owns. */
void list_shrink(const struct key *k, void *base);

/* All elements go. */
void list_clear(const struct key *k, void *base);

/*
 * Free what the keys of `prefix` (as for schema_next()) own at `base`, which is not good
 * for anything afterwards.
 */
void list_free_all(const char *prefix, void *base);

#endif
