/* latency.c - see latency.h */
#include "latency.h"

#include "base/base.h"

static unsigned index_of(uint64_t ns)
{
	unsigned shift = 0;

	while (ns >> shift >= 2 * LATENCY_STEPS)
		shift++;
	if (ns < LATENCY_STEPS)
		return (unsigned)ns;
	return MIN(LATENCY_STEPS * (shift + 1) + (unsigned)(ns >> shift) - LATENCY_STEPS,
		LATENCY_SLOTS - 1);
}

/* The largest time that slot i counts. */
static uint64_t top_of(unsigned i)
{
	unsigned shift = i / LATENCY_STEPS;

	if (shift == 0)
		return i;
	return ((uint64_t)(i % LATENCY_STEPS + LATENCY_STEPS + 1) << (shift - 1)) - 1;
}

void latency_add(struct latency *l, uint64_t ns)
{
	l->slot[index_of(ns)]++;
	l->count++;
	l->max_ns = MAX(l->max_ns, ns);
}

uint64_t latency_quantile(const struct latency *l, unsigned per_mille)
{
	uint64_t rank = (l->count * per_mille + 999) / 1000, seen = 0;

	for (unsigned i = 0; i < LATENCY_SLOTS && l->count > 0; i++) {
		seen += l->slot[i];
		if (seen >= rank)
			return MIN(top_of(i), l->max_ns);
	}
	return 0;
}
