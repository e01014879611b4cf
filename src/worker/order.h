/*
 * order.h - the order of an RRset's addresses in a reply (LD-01 to LD-03, GS-05) (core)
 *
 * First the addresses of the first preferred CIDR, of the second, ..., then the others;
 * within each of these first those at the client's node, then those in its zone, then the
 * rest. Each group is rotated by itself, and none is left out. Then, if the owner has
 * weights, one address of the first group that is not empty moves to the front (draw.h);
 * those that stood before it move one place back.
 *
 * What is near is known where the controller wrote places behind the addresses
 * (snap/place.h) and the client is known by its address; the client is looked up once for
 * each reply that has such an RRset. By places alone the cost follows what is written,
 * not what the RRset holds. CIDRs and weights cost two looks at each address.
 */
#ifndef WORKER_ORDER_H
#define WORKER_ORDER_H

#include "worker/encode.h"

/* Where the rotation of a group of `count` addresses begins. */
static inline unsigned order_first(const struct reply *r, unsigned count)
{
	if (count < 2 || r->settings->rotation == ROTATION_FIXED)
		return 0;
	return r->p->turn % count;
}

/* False: the RRset is one group without weights, so a rotation is all there is to do. */
static inline bool order_needed(const struct reply *r, const struct rrset *rr)
{
	return r->settings->nprefer > 0 || node_placed(rr->form) ||
	       r->settings->rotation == ROTATION_WEIGHTED;
}

/*
 * Write the first `n` RRs of the ordered RRset to `to`, each `head_len` octets of `head`
 * (with RDLENGTH) and an address; the room was checked, and that rr->data holds rr->count
 * addresses. The owner stands at `owner_at` in the message. False, and nothing written:
 * nothing is preferred here and the owner has no weights, so it is the rotation alone.
 */
bool order_addrs(struct reply *r, uint16_t owner_at, uint8_t *to, const uint8_t *head,
	size_t head_len, const struct rrset *rr, unsigned n);

#endif
