#include "worker/draw.h"

#include "base/base.h"

/*
 * The next number below `sum`: SplitMix64. A step has all its bits depend on all of the
 * state, which begins at a mere counter.
 */
static uint32_t next_below(uint64_t *state, uint32_t sum)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return (uint32_t)((x >> 32) * sum >> 32);
}

bool draw_begin(struct draw *d, const struct weights *w, const uint8_t *name, size_t len,
	size_t size, uint32_t turn)
{
	const struct weights_name *found = weights_find(w, name, len);

	if (found == NULL)
		return false;
	*d = (struct draw){.weights = w,
		.name = found,
		.size = size,
		.state = found->hash.path + turn + ((uint64_t)size << 32)};
	return true;
}

void draw_offer(struct draw *d, const uint8_t *addr, unsigned place)
{
	uint32_t weight = weights_of(d->weights, d->name, addr, d->size);

	d->sum += weight;
	if (next_below(&d->state, d->sum) >= weight)
		return;
	d->place = place;
	d->addr = addr;
}
