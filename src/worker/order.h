/*
 * order.h - which addresses of an RRset stand first in a reply (LD rows) (core)
 *
 * First by the preferred prefix that an address is in (LD-03), each such group rotated by
 * itself (encode.c). Then, where weights apply, one address of the first group that is
 * not empty moves to the front; those that stood before it move one place back (LD-01).
 */
#ifndef WORKER_ORDER_H
#define WORKER_ORDER_H

#include "dns/addr.h"
#include "snap/node.h"
#include "snap/settings.h"

/* Where a rotation of `count` addresses begins. */
static inline unsigned order_first(
	const struct settings *s, uint32_t turn, unsigned count)
{
	if (count < 2 || s->rotation == ROTATION_FIXED)
		return 0;
	return turn % count;
}

/* True if a rotation is all there is to do. */
static inline bool order_plain(const struct settings *s)
{
	return s->nprefer == 0 && s->rotation != ROTATION_WEIGHTED;
}

/* Number of the first prefix that the address begins with; behind them the rest. */
static inline unsigned order_group(
	const struct settings *s, const uint8_t *addr, size_t size)
{
	unsigned g = 0;

	while (g < s->nprefer && !addr_in_prefix(addr, size, &s->prefer[g]))
		g++;
	return g;
}

/* The address that moves to the front. */
struct order_choice {
	unsigned index; /* in the RRset */
	unsigned place; /* where it would stand */
};

/*
 * Choose by the weights of `name` (folded, `len` octets), which owns the addresses of
 * `rr`. `turn` is the packet's; equal ones give equal choices. False: no weights, and no
 * address moves. At most three looks at each address.
 */
bool order_choose(const struct settings *s, uint32_t turn, const struct rrset *rr,
	const uint8_t *name, size_t len, struct order_choice *out);

#endif
