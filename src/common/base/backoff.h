/*
 * backoff.h - exponential back-off with full jitter, pure
 *
 * Each failure doubles the bound from `base_ns` up to `cap_ns`; the wait is drawn between
 * half the bound and the bound. `reset_ns` without a failure after that starts over.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t base_ns, cap_ns, reset_ns; /* set by the caller */
	uint64_t bound_ns;                  /* of the next wait; 0: no failure yet */
	uint64_t failed_ns;                 /* when the last wait was over */
};

/*
 * A failure at `now_ns`: how long to wait before the next try, in ns. The first failure
 * after `reset_ns` of quiet waits 0 (restart at once). `random` is any random value.
 */
uint64_t backoff_next(struct backoff *b, uint64_t now_ns, uint64_t random);

/* Forget all failures. */
void backoff_reset(struct backoff *b);

#endif
