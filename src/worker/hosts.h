/*
 * hosts.h - names of `hosts`, which come before all others (HO-02 to HO-04, FT-04) (core)
 *
 * They stand in the snapshot beside the names of our zones, with NODE_HOSTS, and may be
 * in no zone of ours. Nothing here is called while there are none.
 */
#ifndef WORKER_HOSTS_H
#define WORKER_HOSTS_H

#include "dns/type.h"
#include "worker/lookup.h"

/*
 * Look `o`, whose hash is `h`, up among the names of `hosts`, then as one that a "*"
 * there stands for. Sets hit->kind and, for HIT_NODE, hit->node; the owner is `o`.
 */
void hosts_find(const struct basis *b, const struct owner *o, const struct hash128 *h,
	struct hit *hit);

/*
 * `o` does not exist: does a "*" of `hosts` stand for its first label (HO-02)? As
 * hosts_find().
 */
void hosts_wildcard(const struct basis *b, const struct owner *o, struct hit *hit);

/*
 * The zone whose SOA denies what a folded name does not have (HO-03): octets of it at the
 * end of the name.
 */
size_t hosts_zone(const struct host_settings *s, const uint8_t *name, size_t len);

/* True if a name that is not there does not exist for that reason (HO-04). */
bool hosts_denies(const struct host_settings *s, const uint8_t *name, size_t len);

/* True if questions of this type for a name that is there are others' (HO-03). */
static inline bool hosts_leaves(const struct host_settings *s, uint16_t type)
{
	return s->unsupported != 0 && type != TYPE_A && type != TYPE_AAAA &&
	       type != TYPE_PTR;
}

#endif
