/*
 * weights.h - weights of addresses by the name that owns them, for LD-01 (core)
 *
 * A table of fixed size, part of the settings: the controller fills it from the file of
 * weights (weightlist.h), workers look names up by a keyed hash, without allocation. It
 * has a key of its own, so it does not depend on the board that it came from. What is not
 * in it has weight 1.
 */
#ifndef SNAP_WEIGHTS_H
#define SNAP_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define WEIGHTS_NAMES_MAX 1024
#define WEIGHTS_ADDRS_MAX 8192 /* of all names */

struct weights_name {
	struct hash128 hash;   /* of the folded name */
	uint32_t first, count; /* of its addresses; at least one */
};

struct weights_addr {
	uint8_t octets[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t weight;     /* 1 to 255 */
};

/* Names ascend by their hashes, the addresses of each name by their octets. */
struct weights {
	struct hash_key key;
	uint32_t nnames, naddrs; /* zeroed: an empty table */
	struct weights_name name[WEIGHTS_NAMES_MAX];
	struct weights_addr addr[WEIGHTS_ADDRS_MAX];
};

/* An address of 4 or 16 octets as the table has it. */
void weights_octets(const uint8_t *addr, size_t size, uint8_t out[16]);

/* <0, 0, >0: the order of names in the table. */
int weights_compare(const struct hash128 *a, const struct hash128 *b);

/* What the table has for `name` (folded, wire form), or NULL. O(log names). */
const struct weights_name *weights_find(
	const struct weights *w, const uint8_t *name, size_t len);

/* The weight of an address of 4 or 16 octets under that name. O(log addresses). */
unsigned weights_of(const struct weights *w, const struct weights_name *n,
	const uint8_t *addr, size_t size);

/* Largest size of weights_encode()'s output. */
#define WEIGHTS_OCTETS_MAX (24 + 20 * WEIGHTS_NAMES_MAX + 17 * WEIGHTS_ADDRS_MAX)

/* Octets of the table into `out` (WEIGHTS_OCTETS_MAX); returns how many. */
size_t weights_encode(const struct weights *w, uint8_t *out);

/*
 * The opposite: `len` octets, all of them. -EBADMSG (with *out undefined) if a count, the
 * order or a weight is not what it must be.
 */
int weights_decode(const uint8_t *octets, size_t len, struct weights *out);

#endif
