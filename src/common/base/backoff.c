/* backoff.c - how long to wait before the next try */
#include "base/backoff.h"

#include "base/base.h"

uint64_t backoff_next(struct backoff *b, uint64_t now_ns, uint64_t random)
{
	uint64_t wait, half;

	if (b->bound_ns == 0 || now_ns >= b->failed_ns + b->reset_ns) {
		b->bound_ns = MIN(b->base_ns, b->cap_ns);
		b->failed_ns = now_ns;
		return 0;
	}
	half = b->bound_ns / 2;
	wait = half + random % (b->bound_ns - half + 1);
	b->bound_ns = b->bound_ns > b->cap_ns / 2 ? b->cap_ns : b->bound_ns * 2;
	b->failed_ns = now_ns + wait; /* or a wait over reset_ns would count as quiet */
	return wait;
}

void backoff_reset(struct backoff *b)
{
	b->bound_ns = 0;
	b->failed_ns = 0;
}
