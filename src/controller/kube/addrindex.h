/*
 * addrindex.h - which Services mention an address: the part of the store for PTR (core)
 *
 * Called by store.c only. A reference is kept for each cluster IP and for each address of
 * each endpoint, whether it counts or not; derive sorts that out.
 */
#ifndef KUBE_ADDRINDEX_H
#define KUBE_ADDRINDEX_H

#include "controller/kube/store.h"

/* Mark the owner of `a` as dirty, if the address is known. */
void addrindex_mark(struct store *s, const struct addr *a);

/* Mark those addresses whose endpoints are not the same in both slices. */
void addrindex_mark_differing(
	struct store *s, const struct kube_slice *a, const struct kube_slice *b);

/* Reference the cluster IPs of `o`, an object of `svc`; and take the references back. */
void addrindex_add_service(
	struct store *s, struct service_record *svc, const struct kube_object *o);
void addrindex_remove_service(
	struct store *s, struct service_record *svc, const struct kube_object *o);

/*
 * Reference the endpoints of a slice that has its Service. An address that comes back in
 * this way is taken out of the leaving slices of that Service (RDY-06). Marks nothing
 * else: the caller knows which addresses changed.
 */
void addrindex_add_slice(struct store *s, struct slice_record *slice);
void addrindex_remove_slice(struct store *s, struct slice_record *slice);

/*
 * The places of the slice's endpoints are in use once more, or once less; nothing without
 * options.topology. A slice that is added has its own; who replaces one takes the places
 * of the new one before, so that names that stay keep their numbers.
 */
void addrindex_take_places(struct store *s, const struct kube_slice *k);
void addrindex_drop_places(struct store *s, const struct kube_slice *k);

/* True if a slice of `svc` has the address. */
bool addrindex_has(
	const struct store *s, const struct addr *a, const struct service_record *svc);

/* Our own addresses changed: see again which records and Services that concerns. */
void addrindex_judge_own(struct store *s);

/* Free what says where the address stands. */
void addrindex_free_refs(struct address_record *r);

#endif
