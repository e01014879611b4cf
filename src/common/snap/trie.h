/*
 * trie.h - the persistent hash trie and the appending of octets (core, writer's side)
 *
 * An arena is the tail of a segment: octets are appended, never freed. What stands above
 * `watermark` was appended since the last publish and may still be changed; below it
 * nothing ever is (G1). `live` counts exactly what the current trie reaches, so garbage =
 * used - SEGMENT_FIRST - live.
 *
 * Functions that append return -ENOSPC if the segment could not grow; the trie they were
 * given is then still whole. They trust their own octets (asserts), not readers'.
 */
#ifndef SNAP_TRIE_H
#define SNAP_TRIE_H

#include "base/hash.h"
#include "snap/snap.h"

struct arena {
	const uint8_t *base; /* the whole segment, read-only */
	uint8_t *window;     /* writable view of [window_from, window_to) */
	uint64_t window_from, window_to;
	uint64_t used;      /* next free octet */
	uint64_t watermark; /* octets below are published */
	uint64_t live;      /* reachable octets */
	uint64_t names;     /* node_is_name() of what was put */
	uint64_t reserve;   /* octets that growing must leave free; 0: none */
	struct hash_key key;
	/* Make [used, used + need) writable: 0 or -ENOSPC. Set by the shell. */
	int (*grow)(struct arena *a, uint64_t need);
};

/*
 * Append a node (from node_finish()) with the body it points into (ref or 0); sets its
 * checksum. 0 with *entry for `h`, or -ENOSPC.
 */
int arena_node(struct arena *a, const struct hash128 *h, const uint8_t *node, size_t len,
	uint32_t body, uint64_t *entry);

/* Append octets that begin with a header that carries a checksum; *ref names them. */
int arena_octets(struct arena *a, const void *octets, size_t len, uint32_t *ref);

/*
 * Append a trie node with this map over `entries`, one for each bit: for whoever copies a
 * whole trie. 0 with *entry, or -ENOSPC.
 */
int arena_trie(struct arena *a, uint32_t map, const uint64_t *entries, uint64_t *entry);

/*
 * Put `leaf` (from arena_node()) under `h` into *trie, replacing a node of that name
 * if there is one. 0, or -ENOSPC with *trie as it was.
 */
int trie_put(struct arena *a, uint64_t *trie, const struct hash128 *h, uint64_t leaf);

/*
 * Remove the node of `name` (or, with name NULL, the empty non-terminal of hash `h`).
 * 0; -ENOENT; -ENOSPC.
 */
int trie_remove(struct arena *a, uint64_t *trie, const struct hash128 *h,
	const uint8_t *name, size_t len);

/* A leaf and its path hash, for the bulk build. */
struct trie_leaf {
	uint64_t path;
	uint64_t entry;
};

/* How many of `n` leaves are names, node_is_name(). O(n). */
uint64_t trie_names(const struct arena *a, const struct trie_leaf *leaves, size_t n);

/*
 * Build a trie bottom-up, without garbage, from `n` leaves; sorts them. Names are taken
 * to be distinct. 0 or -ENOSPC.
 */
int trie_build(struct arena *a, struct trie_leaf *leaves, size_t n, uint64_t *trie);

/* Path and check hash of the node that a leaf entry names. */
struct hash128 trie_hash(const struct arena *a, uint64_t leaf);

/* The part of the arena below `used` as a reader sees it. */
void arena_snap(const struct arena *a, uint64_t trie, struct snap *out);

#endif
