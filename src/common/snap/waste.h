/*
 * waste.h - queries that only the search list of a pod brought about (OF-08) (core)
 *
 * A resolver with `search NS.svc.ZONE svc.ZONE ZONE` and ndots 5 asks for example.com as
 * example.com.NS.svc.ZONE, example.com.svc.ZONE and example.com.ZONE first. What of that
 * is NXDOMAIN and has a name of several labels in front of the suffix was for nothing.
 */
#ifndef SNAP_WASTE_H
#define SNAP_WASTE_H

#include <stdbool.h>

#include "snap/settings.h"
#include "snap/snap.h"

/* Offsets into the name, in wire form. */
struct waste {
	size_t namespace; /* of the label that may be a namespace: NS of NS.svc.ZONE; 0 */
	unsigned prefix;  /* labels in front of it */
	unsigned below;   /* labels in front of "svc", or of the zone without that */
	bool service;     /* it is below svc.ZONE */
};

/*
 * The zone of a name (folded) that search lists may have led to; NULL: none of ours, one
 * of addresses, or one that comes from a file.
 */
const struct name *waste_zone(const struct settings *s, const uint8_t *name, size_t len);

/*
 * Look at a name (folded) that is in `zone`. False: it is nothing that a search list
 * makes, or not of several labels; *out says where its namespace stands all the same.
 */
bool waste_look(
	const uint8_t *name, size_t len, const struct name *zone, struct waste *out);

/*
 * True if the label (with its length in front) is a namespace of the generation: it has a
 * node below `zone` even where it has no Service. `s` NULL: none is known.
 */
bool waste_is_namespace(
	const struct snap *s, const uint8_t *label, const struct name *zone);

/*
 * The name with '*' for its first label where several more stand before the suffix:
 * "*.s3.example.com.shop.svc.cluster.local". `keep` labels at the end are the suffix.
 * `out` has NAME_MAX_LEN octets; returns how many.
 */
size_t waste_fold(const uint8_t *name, size_t len, unsigned keep, uint8_t *out);

#endif
