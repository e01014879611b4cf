/*
 * tap.h - replies of this worker into its ring, for who looks on (SM-02) (core)
 *
 * Called for each reply that has left. One in RING_SAMPLE is taken, drawn at random, for
 * clients ask for A and AAAA in turns; and what the query log wants. No system call.
 */
#ifndef WORKER_TAP_H
#define WORKER_TAP_H

#include "snap/ring.h"
#include "worker/query.h"

struct tap {
	struct ring *ring; /* of the slot; NULL: there is none yet */
	uint64_t wall_ns;  /* real time less monotonic */
	uint64_t random;   /* state of a generator; not 0 */
	uint32_t until;    /* replies until one is sampled */
};

/* Begin with that ring; `random` is any number. */
void tap_init(struct tap *t, struct ring *ring, uint64_t random);

/* A reply is sampled, or there is a query log, which may want it. */
void tap_take(
	struct tap *t, const struct basis *b, const struct packet *p, uint64_t now_ns);

/* The reply of p has left at `now_ns`. */
static inline void tap_reply(
	struct tap *t, const struct basis *b, const struct packet *p, uint64_t now_ns)
{
	if (__builtin_expect(--t->until == 0 || b->settings->querylog.classes != 0, 0))
		tap_take(t, b, p, now_ns);
}

#endif
