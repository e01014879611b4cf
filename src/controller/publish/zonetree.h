/*
 * zonetree.h - which names exist: names of their own, and empty non-terminals (core)
 *
 * A name exists while it has a node of its own or while something below it exists, up to
 * the apex of its zone (RX-20). Owners say what they put and what they dropped; the rest
 * is settled once before each commit, so that the order in which owners are worked
 * through does not matter. 24 octets for each name, in a table of twice that at most.
 */
#ifndef PUBLISH_ZONETREE_H
#define PUBLISH_ZONETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/mem.h"

struct zonetree_entry {
	struct hash128 hash;
	uint32_t children; /* names one label longer that exist */
	uint8_t zone;
	uint8_t state; /* private */
};

/* Zeroed, with `key` set, is valid and empty; zonetree_fini() ends it. */
struct zonetree {
	struct hash_key key;
	struct zonetree_entry *entry; /* owned; open addressing */
	size_t room, count;
	struct mem_buf touched; /* what zonetree_settle() has to look at */
	struct mem_buf names;
};

/* Where a name belongs. */
struct zonetree_zone {
	uint8_t number;
	size_t len; /* octets of the zone's name */
};

/*
 * `name` (folded, within the zone) has a node of its own from now on, or none any more.
 * A node of its own stands in the trie already.
 */
void zonetree_own(struct zonetree *t, const uint8_t *name, size_t len,
	const struct zonetree_zone *zone, bool own);

/*
 * `name` is the apex of another zone, below `zone`: for good, what is between them exists
 * (RG-12). To be said again after zonetree_reset().
 */
void zonetree_cut(struct zonetree *t, const uint8_t *name, size_t len,
	const struct zonetree_zone *zone);

/* What zonetree_settle() does to the trie: each returns 0, or an error that ends it. */
struct zonetree_handlers {
	int (*on_empty)(void *arg, const struct hash128 *h, uint8_t zone);
	/* name NULL: the empty non-terminal of hash `h` */
	int (*on_gone)(
		void *arg, const struct hash128 *h, const uint8_t *name, size_t len);
};

/*
 * Put the empty non-terminals that came up, remove what is gone. 0, or the error of a
 * handler: the rest is looked at by the next call.
 */
int zonetree_settle(
	struct zonetree *t, const struct zonetree_handlers *handlers, void *arg);

/* Forget everything, keeping memory. */
void zonetree_reset(struct zonetree *t);
void zonetree_fini(struct zonetree *t);

#endif
