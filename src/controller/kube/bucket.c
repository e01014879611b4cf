#include "controller/kube/bucket.h"

#include "base/base.h"

void bucket_init(struct bucket *b, uint32_t qps, uint32_t burst)
{
	b->step_ns = NS_PER_S / qps;
	b->room_ns = b->step_ns * burst;
	b->full_ns = 0;
}

uint64_t bucket_next(const struct bucket *b, uint64_t now_ns)
{
	uint64_t full = b->full_ns + b->step_ns; /* if one is taken */

	return full > now_ns + b->room_ns ? full - b->room_ns : now_ns;
}

bool bucket_take(struct bucket *b, uint64_t now_ns)
{
	if (bucket_next(b, now_ns) > now_ns)
		return false;
	b->full_ns = MAX(b->full_ns, now_ns) + b->step_ns;
	return true;
}
