/*
 * draw.h - one address of many, drawn by weight (LD-01) (core)
 *
 * Candidates come one by one. Each takes the place of the one before with the chance that
 * its weight has among all weights so far; in the end each was drawn as often as its
 * weight says, and nobody had to know before how many there are.
 *
 * Chance is worked out from the turn of the packet and the name: equal ones give equal
 * draws. Who gets every second or every thirteenth turn of a worker gets the right shares
 * too, and two names, or two families of one, do not draw alike.
 */
#ifndef WORKER_DRAW_H
#define WORKER_DRAW_H

#include <stdbool.h>

#include "snap/weights.h"

/* A draw under way. */
struct draw {
	const struct weights *weights; /* borrowed */
	const struct weights_name *name;
	size_t size; /* of an address */
	uint64_t state;
	uint32_t sum;        /* of weights so far */
	unsigned place;      /* of the one that is drawn so far */
	const uint8_t *addr; /* and itself, borrowed; NULL: none was offered */
};

/*
 * Begin for addresses of `size` octets that `name` (folded, `len` octets) owns. False:
 * the name has no weights, and there is nothing to draw.
 */
bool draw_begin(struct draw *d, const struct weights *w, const uint8_t *name, size_t len,
	size_t size, uint32_t turn);

/* A candidate, and its place as yet. The first one is always drawn. */
void draw_offer(struct draw *d, const uint8_t *addr, unsigned place);

#endif
