/*
 * pairs.h - a forwarder's ends of the pairs with workers (cache/ask.h) (shell)
 *
 * One pair for each slot of a worker, whoever lives in it. Messages are taken in batches
 * and checked before anything is done with them. SETTLED is gathered while a turn lasts
 * and leaves at its end, behind everything that was stored; what a pair does not take is
 * kept until it does. All memory is made when a pair comes.
 */
#ifndef FORWARDER_PAIRS_H
#define FORWARDER_PAIRS_H

#include "forwarder/forwarder.h"

/* Room for the pairs of `slots` workers. */
struct pairs *pairs_new(struct forwarder *f, uint32_t slots);

/*
 * The pair of a slot; `fd` is owned from here on. 0; -EINVAL: there is no such slot;
 * -EEXIST: it has one; then fd is closed.
 */
int pairs_add(struct pairs *p, uint32_t slot, int fd);

/*
 * Begin: what was meant for a predecessor is thrown away, everybody is told that there is
 * a new forwarder (HELLO), and from here on pairs are read.
 */
void pairs_begin(struct pairs *p, uint64_t life);

/* A waiter's outcomes are stored, or will not come: fwdtab_ops.settled. */
void pairs_settled(
	struct pairs *p, const struct fwdtab_waiter *w, enum ask_status status);

/* The end of a turn: send what was gathered. */
void pairs_flush(struct pairs *p);

#endif
