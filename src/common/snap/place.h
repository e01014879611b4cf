/*
 * place.h - where addresses are, and the order of an RRset by it (GS-05) (core)
 *
 * A *place* is a zone and a node as two small numbers; the controller numbers the names
 * of one life (controller/kube/places.h), so numbers mean nothing across a restart. 0 in
 * either half is "not known". Of a Service that prefers its client's zone but not its
 * node the places have no node.
 *
 * Behind the addresses of an RRset that are not all at one place stands a *places* block:
 * the addresses' indexes sorted by place. Those of a zone, and of a node within it, stand
 * side by side there and are found by bisection. So an answer costs what it writes: a
 * look-up of the client and four bisections more than without, for 10 addresses as for
 * the 4,000 that fit into a message over TCP. No work grows with the RRset.
 *
 * The block takes 4 octets, 6 for each place that occurs, and 2 for each address. It need
 * not be aligned. Octets are hostile, as in snap.h.
 */
#ifndef SNAP_PLACE_H
#define SNAP_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/mem.h"

#define PLACE_UNKNOWN   UINT32_C(0)
#define PLACE_NODE_BITS 20
#define PLACE_NODE_MAX  ((UINT32_C(1) << PLACE_NODE_BITS) - 1)
#define PLACE_ZONE_MAX  UINT32_C(4095)

/* The place of these numbers; 0: not known. */
static inline uint32_t place_make(uint32_t zone, uint32_t node)
{
	return zone << PLACE_NODE_BITS | node;
}

/* A view of a places block; pointers are borrowed as the octets are. */
struct place_order {
	const uint8_t *runs;  /* nruns times {u32 place, u16 position of its first} */
	const uint8_t *order; /* count times u16 index of an address */
	unsigned nruns, count;
};

/*
 * View the block at `octets`, of which `room` may be looked at. Its length; 0: it does
 * not fit in there, or is not about `count` addresses.
 */
size_t place_view(
	const uint8_t *octets, size_t room, unsigned count, struct place_order *out);

/*
 * Positions in the order: [node, node_end) are at the client's node, and within
 * [zone, zone_end) the rest is in its zone. All of them are at most the count.
 */
struct place_near {
	unsigned zone, node, node_end, zone_end; /* ascending */
};

/* Find what is near a client at `client`. False: nothing is. */
bool place_near(const struct place_order *p, uint32_t client, struct place_near *out);

/* Index of the address at `position` of the order; both are less than the count. */
static inline unsigned place_index(const struct place_order *p, unsigned position)
{
	unsigned i = load_host_u16(p->order + 2 * (size_t)position);

	return i < p->count ? i : 0;
}

/*
 * Append the block for `count` addresses at `place` (at most 65,535). False, and nothing
 * appended: all are at one place, so there is nothing to order.
 */
bool place_build(struct mem_buf *out, const uint32_t *place, size_t count);

#endif
