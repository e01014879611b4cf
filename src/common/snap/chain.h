/*
 * chain.h - what proves that names of a signed zone do not exist (RFC 4034, RFC 5155)
 *
 * A chain has the NSEC or NSEC3 records of a zone with their signatures, sorted by their
 * owners: one is found, or the one before the place where it would stand, in O(log n)
 * comparisons of names. It is the body of the zone's apex (layout.h), so it is copied,
 * counted and audited as other bodies. The controller builds it; who reads it does not
 * trust it.
 */
#ifndef SNAP_CHAIN_H
#define SNAP_CHAIN_H

#include "dns/nsec3.h"
#include "snap/node.h"

struct chain {
	const uint8_t *octets;
	size_t len;
	uint32_t count;
	bool hashed; /* NSEC3, by `params`; else NSEC */
	struct nsec3_params params;
	const uint8_t *offsets;
};

/* One record and its signatures, borrowed; see chain_signature(). */
struct chain_link {
	const uint8_t *name; /* a complete name, folded */
	uint8_t name_len, signatures;
	uint16_t rdata_len;
	uint32_t ttl_s;
	const uint8_t *rdata, *at, *end;
};

/* View the chain that is the body of an apex. False: there is none, or it is damaged. */
bool chain_view(const struct node_view *apex, struct chain *out);

/* Link number i, less than count; false: damaged. */
bool chain_link(const struct chain *c, uint32_t i, struct chain_link *out);

/* The next signature, `signatures` times; false: damaged. */
bool chain_signature(struct chain_link *l, const uint8_t **rdata, size_t *len);

enum chain_found {
	CHAIN_EQUAL,  /* the link of that owner */
	CHAIN_BEFORE, /* the one before it; before the first comes the last */
	CHAIN_DAMAGED
};

/* Find the link of an owner (folded). */
enum chain_found chain_find(
	const struct chain *c, const uint8_t *name, size_t len, struct chain_link *out);

/* ---- building ---- */

/* Begin a chain of `count` links in an empty buffer; `params` NULL: of NSEC. */
void chain_begin(struct mem_buf *b, uint32_t count, const struct nsec3_params *params);

/* Add link number i, the next in canonical order. */
void chain_add(struct mem_buf *b, uint32_t i, const struct chain_link *l);

/* Add one of its signatures, l->signatures times. */
void chain_add_signature(struct mem_buf *b, const uint8_t *rdata, size_t len);

#endif
