/*
 * latency.h - a histogram of times with 64 steps for each power of two (core)
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS 64
#define LATENCY_SLOTS (LATENCY_STEPS * 36) /* up to 2^41 ns */

struct latency {
	uint64_t slot[LATENCY_SLOTS];
	uint64_t count, max_ns;
};

/* Count one time. */
void latency_add(struct latency *l, uint64_t ns);

/* The time that `per_mille` of 1,000 did not exceed, in ns, at most 1.6 % too large; 0:
 * none. */
uint64_t latency_quantile(const struct latency *l, unsigned per_mille);

#endif
