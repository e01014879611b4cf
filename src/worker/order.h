/*
 * order.h - addresses of an RRset that are not just rotated (LD-03, GS-05) (core)
 *
 * The order of an RRset: the addresses of the first preferred CIDR, of the second, ...,
 * the others; and within each of these first those at the client's node, then those in
 * its zone, then the rest. Each group is rotated by itself, and none is left out.
 *
 * What is near is known where the controller wrote places behind the addresses
 * (snap/place.h) and the client is known by its address; the client is looked up once for
 * each reply that has such an RRset. By places alone the cost follows what is written,
 * not what the RRset holds. CIDRs cost two looks at each address.
 */
#ifndef WORKER_ORDER_H
#define WORKER_ORDER_H

#include "worker/encode.h"

/*
 * Write the first `n` RRs of the ordered RRset to `to`, each `head_len` octets of `head`
 * (with RDLENGTH) and an address; the room was checked, and that rr->data holds rr->count
 * addresses. False, and nothing written: nothing is preferred, so it is the rotation
 * alone.
 */
bool order_addrs(struct reply *r, uint8_t *to, const uint8_t *head, size_t head_len,
	const struct rrset *rr, unsigned n);

#endif
