/*
 * waiters.h - who waits for which questions (core)
 *
 * An ASK waits for one question or several, a question has many who wait: each pair of
 * the two is a *wait*. An ASK is over when its last wait is, and then it is settled. All
 * memory is allocated by waiters_init().
 */
#ifndef FORWARDER_WAITERS_H
#define FORWARDER_WAITERS_H

#include "forwarder/fwdtab.h"

#define WAITERS_ASKS  65536
#define WAITERS_WAITS 131072
#define WAITERS_NONE  UINT32_MAX

/* Those who wait for one question. Zeroed but for `first`: nobody. */
struct waiting {
	uint32_t first; /* WAITERS_NONE: nobody */
	uint32_t n;
};

struct waiters {
	struct waiters_ask *asks;   /* owned */
	struct waiters_wait *waits; /* owned */
	uint32_t *bucket;           /* owned; asks by slot and place */
	uint32_t free_ask, free_wait;
	uint32_t nasks, nwaits;
};

/* Nobody waits. Memory for all that may ever is allocated; waiters_fini() ends it. */
void waiters_init(struct waiters *w);

/* Forget all. */
void waiters_fini(struct waiters *w);

/* The ASK of that slot and place, or WAITERS_NONE. */
uint32_t waiters_find(const struct waiters *w, uint32_t slot, uint32_t place);

/* A new ASK, which stays at least until waiters_sealed(). WAITERS_NONE: no room. */
uint32_t waiters_open(struct waiters *w, const struct fwdtab_waiter *who);

/* It waits for the question of that list too (borrowed while it does). False: no room. */
bool waiters_join(struct waiters *w, uint32_t ask, struct waiting *list);

/* It will join no more. True: it waits for nothing, and is gone. */
bool waiters_sealed(struct waiters *w, uint32_t ask);

/*
 * The outcome of the list's question is there: end one wait. True: its ASK is over, and
 * `who` is to be told. False: it waits for other questions still.
 */
bool waiters_pop(struct waiters *w, struct waiting *list, struct fwdtab_waiter *who);

/* The first of the list waits no more, for no question: `who` is to be told why. */
void waiters_dismiss(struct waiters *w, struct waiting *list, struct fwdtab_waiter *who);

/* End an ASK that nobody is to be told of. */
void waiters_drop(struct waiters *w, uint32_t ask);

#endif
