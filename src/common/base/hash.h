/*
 * hash.h - SipHash-1-3 of owner names, XXH3 of content
 *
 * Names come off the wire, so they are hashed under a secret key of the instance (it
 * stands on the board). Content that nobody can choose freely (nodes, files) is
 * checksummed with XXH3. Pure; constant memory; O(length).
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
	uint64_t mask; /* and-ed into the path: UINT64_MAX; less in tests of collisions */
};

/* 128 bits: `path` leads through the trie, `check` tells names without octets apart. */
struct hash128 {
	uint64_t path;
	uint64_t check;
};

/* SipHash-1-3-128 of `len` octets (a folded name in wire form) under `key`. */
struct hash128 hash_name(const struct hash_key *key, const uint8_t *name, size_t len);

/* The low 32 bits of XXH3-64: the checksum of nodes, roots and headers. */
uint32_t hash_check(const void *data, size_t len);

/* XXH3-64 of content: has this file changed? */
uint64_t hash_content(const void *data, size_t len);

#endif
