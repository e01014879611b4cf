/*
 * keep.h - what outlives workers and forwarders: pairs, parked queries, caches (shell)
 *
 * Each worker's slot has a pair with each forwarder, of which we hold both ends, and a
 * memory file for the queries that it parks; each forwarder has a cache object. A process
 * gets them as descriptors when it starts and its successor gets the same ones, so what
 * is queued, parked or stored is lost with no process. Nothing of it is ever read here.
 */
#ifndef SUPERVISOR_KEEP_H
#define SUPERVISOR_KEEP_H

#include <stdint.h>

/* The ends of a pair. */
enum keep_end { KEEP_WORKER, KEEP_FORWARDER, KEEP_ENDS };

struct keep {
	uint32_t workers, forwarders; /* slots of each */
	int (*pair)
		[KEEP_ENDS]; /* [worker * forwarders + forwarder]; -1: not made; owned */
	int *park;           /* of each worker; -1: not made; owned */
	int *cache;          /* of each forwarder; owned */
};

/*
 * Make the caches, and what the first `used` of the workers' slots need. 0 or -errno,
 * logged; keep_close() ends it in either case.
 */
int keep_open(struct keep *k, const char *instance, uint32_t workers, uint32_t used,
	uint32_t forwarders);

/* Make room for the slots of `workers` workers, no less than there is. */
void keep_grow(struct keep *k, uint32_t workers);

/* Close everything. The caches' names stay, as those of other objects do. */
void keep_close(struct keep *k);

/*
 * What is missing for the slot of `worker` is made. 0; -errno, logged: some of it is
 * still missing, and -1 stands in its place.
 */
int keep_slot(struct keep *k, uint32_t worker);

/* One end of a pair, borrowed, or -1. */
int keep_pair(
	const struct keep *k, uint32_t worker, uint32_t forwarder, enum keep_end end);

#endif
