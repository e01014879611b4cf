/*
 * lookup.h - a name of one of our zones to what stands there (NG, RP rows) (core)
 *
 * Mostly snap_find(). Besides: names of ports without underscores (NG-07) are looked up
 * again with them, and pod names are worked out from their label (RP-11).
 */
#ifndef WORKER_LOOKUP_H
#define WORKER_LOOKUP_H

#include "dns/addr.h"
#include "worker/encode.h"

enum hit_kind {
	HIT_NODE,    /* `node` is set */
	HIT_POD,     /* a pod name that stands for `addr` */
	HIT_ABSENT,  /* nothing at or below the name */
	HIT_DAMAGED, /* the segment is damaged there */
	/* in a zone from a file (filezone.h): */
	HIT_FILE,   /* `node` has what stands at the name, or its wildcard's */
	HIT_CUT,    /* `node` is the delegation that the name is at or below */
	HIT_DNAME,  /* `node` has the DNAME that the name is below */
	HIT_UNREAD, /* no file of the zone was read so far */
};

struct hit {
	enum hit_kind kind;
	struct node_view node;
	struct addr addr;
	struct owner
		owner; /* the one asked for, or with underscores put in: then its name
			     * stands in `alias` */
	uint8_t alias[NAME_MAX_LEN + 1];
};

/*
 * Look `o` up, a complete folded name in zone number o->zone whose hash is `h`. Fills
 * *hit, which must not be copied (hit->owner may point into it).
 */
void lookup_name(const struct basis *b, const struct owner *o, const struct hash128 *h,
	struct hit *hit);

#endif
