/* clock.c - clock_gettime() as one number */
#include "base/clock.h"

#include <time.h>

#include "base/base.h"

static uint64_t read_ns(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t); /* fails for unknown clocks only */
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}
