/*
 * cache.h - reading a cache: find, check, copy (core)
 *
 * No lock, no write, no allocation: memory that a forwarder changes meanwhile is copied
 * before it is believed, and what does not fit together is a miss (C-17). What
 * cache_find() found is the caller's until the next call on the same struct cache.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/layout.h"
#include "cache/question.h"

/* Room for the copy of the largest entry, a multiple of 8. */
#define CACHE_COPY_MAX                                                                   \
	((sizeof(struct cache_entry) + CACHE_SETS_MAX * sizeof(struct cache_set) +       \
		 NAME_MAX_LEN + 1 + CACHE_TEXT_MAX + CACHE_WIRE_MAX + 64) /              \
		8 * 8)

/* Octets of a failure: no RRs. */
#define CACHE_FAILURE_MAX                                                                \
	(sizeof(struct cache_entry) + NAME_MAX_LEN + 1 + CACHE_TEXT_MAX + 8)

/* A mapped cache. Zeroed: none, in which nothing is found. */
struct cache {
	const uint8_t *base; /* borrowed from the map; NULL: none */
	size_t size;         /* octets of it */
	/* CACHE_COPY_MAX octets each, 8-aligned, owned by who made it. */
	uint8_t *copy[2];
	uint64_t torn; /* entries that were not whole (MC-05) */
	_Alignas(8) uint8_t failed[CACHE_FAILURE_MAX];
};

/* True if a cache of this layout and of `instance` stands at base. */
bool cache_valid(const uint8_t *base, size_t size, const char *instance);

/* What is known of a question. Pointers lead into the copies. */
struct cache_found {
	const struct cache_entry *answer; /* NULL: none. Not a failure */
	bool fresh; /* may be used: its TTL lasts, or it was stored after the arrival */
	const struct cache_entry *failure; /* NULL: none that counts now */
	bool failed_now; /* it was stored after the arrival (else EDE 13) */
	uint64_t word;   /* of the answer, for notes */
	/* What `answer` made obsolete and still stands there: for prefer_positive. */
	const struct cache_entry *older;
};

/*
 * Look a question up for a query that arrived at `arrival_ns`. Of an answer to the type
 * and an NXDOMAIN of the name the one stored later counts (CA-11), also when it has
 * expired and the other has not: that one is known to be wrong. A failure counts until
 * it is tried again, unless an answer was stored after it. `answer` with `fresh` false
 * has expired and may only be served stale. True: something was found.
 */
bool cache_find(struct cache *c, const struct question *q, uint64_t arrival_ns,
	uint64_t now_ns, struct cache_found *out);

/*
 * The question of the name above `q`: its parent, or of the next one up to the root, into
 * *out, which is not q; false: there is none. For NXDOMAIN cuts (CA-12): an NXDOMAIN of a
 * name that cache_find() finds holds for all below it.
 */
bool cache_parent(
	const struct question *q, const struct hash_key *key, struct question *out);

/* Parts of an entry that cache_find() or cache_walk() gave: they have been checked. */
const struct cache_set *cache_sets(const struct cache_entry *e);
const uint8_t *cache_name(const struct cache_entry *e);
const uint8_t *cache_text(const struct cache_entry *e);
const uint8_t *cache_wire(const struct cache_entry *e);

/* TTL of a set to be shown at `now_ns` (CA-05, CA-08): whole seconds that are left. */
uint32_t cache_ttl_s(const struct cache_entry *e, const struct cache_set *set,
	uint64_t now_ns, bool keep);

/*
 * One RR of the wire part that begins at *at: moves *at behind it. Names of owner and
 * rdata may be compressed: cache_expand() makes them whole. False: it does not fit.
 */
struct cache_rr {
	size_t owner; /* offsets in the wire part */
	size_t fixed; /* of its type */
	size_t rdata;
	uint16_t type, rdlen;
};
bool cache_rr(const struct cache_entry *e, size_t *at, struct cache_rr *out);

/* The name at offset `at` of the wire part; returns the offset behind it, 0: none. */
size_t cache_expand(const struct cache_entry *e, size_t at, struct name *out);

/*
 * True if sizes, counts and offsets of an entry of n octets fit together, those of its
 * RRs too. The memory does not change; its checksum is not looked at.
 */
bool cache_fits(const struct cache_entry *e, size_t n);

/*
 * Call `on_entry` for every entry that the index leads to, in no order; it returns
 * false to stop. For shmdnsctl: takes as long as it takes.
 */
typedef bool (*cache_on_entry)(void *arg, const struct cache_entry *e);
void cache_walk(struct cache *c, cache_on_entry on_entry, void *arg);

#endif
