#include "forwarder/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/base.h"
#include "base/log.h"

#define POOL 1024 /* words: a system call for some hundred questions */

static uint32_t pool[POOL];
static unsigned left;

/* Who cannot get random numbers must not send queries: the supervisor is the recovery. */
static void fill(void)
{
	uint8_t *to = (uint8_t *)pool;

	for (size_t n = 0; n < sizeof(pool);) {
		ssize_t got = getrandom(to + n, sizeof(pool) - n, 0);

		if (got > 0) {
			n += (size_t)got;
		} else if (errno != EINTR) {
			log_line(LOG_ERROR, "no random numbers error=\"%s\"",
				strerror(errno));
			abort();
		}
	}
	left = POOL;
}

uint32_t random_u32(void)
{
	if (left == 0)
		fill();
	uint32_t v = pool[--left];
	pool[left] = 0;
	return v;
}

uint32_t random_below(uint32_t n)
{
	return (uint32_t)((uint64_t)random_u32() * n >> 32);
}
