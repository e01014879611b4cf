/*
 * places.h - numbers for the names of zones and nodes (GS-05) (core)
 *
 * Workers compare places, so names of zones and nodes become numbers (snap/place.h). A
 * name has its number as long as an endpoint of the store has the name. Numbers are given
 * in turn, so one that was given up comes again only after all the others: whatever still
 * holds the old meaning, such as a large Service that waits for its turn to be published,
 * is gone by then. Where there are more names at one time than numbers, the last ones
 * have none, which is "not known".
 */
#ifndef KUBE_PLACES_H
#define KUBE_PLACES_H

#include "base/hash.h"
#include "controller/kube/kubeobj.h"
#include "controller/kube/table.h"

/* Names of one kind. */
struct place_names {
	struct table table;
	uint8_t *used; /* owned: a bit for each number up to `room` */
	uint32_t room;
	uint32_t given; /* numbers that are in use */
	uint32_t last;  /* that was given last */
	uint32_t max;   /* the greatest that there is; 0: as snap/place.h says */
};

/* Zeroed is valid and empty; places_fini() ends it. */
struct places {
	struct place_names zones, nodes;
};

/* The zone and node of this endpoint are in use once more, or once less. */
void places_take(
	struct places *p, const struct hash_key *key, const struct kube_endpoint *e);
void places_drop(
	struct places *p, const struct hash_key *key, const struct kube_endpoint *e);

/* The place of an endpoint that was taken; what it does not say is 0 in it. */
uint32_t places_of(const struct places *p, const struct hash_key *key,
	const struct kube_endpoint *e);

/*
 * Of two endpoints that differ about one address, which is taken: <0 the first, >0 the
 * second, 0: they say the same. That which says more, then the first in the alphabet: by
 * names, so that it hangs neither on numbers nor on who came first.
 */
int places_compare(const struct kube_endpoint *a, const struct kube_endpoint *b);

/* Forget everything. It is valid again. */
void places_fini(struct places *p);

#endif
