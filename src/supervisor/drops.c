/* drops.c - see drops.h */
#include "supervisor/drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

/* What the kernel has dropped at a socket since it was made; 0 where it does not say. */
static uint64_t dropped(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return len > SK_MEMINFO_DROPS * sizeof(info[0]) ? info[SK_MEMINFO_DROPS] : 0;
}

#define SOCKETS_A_TIME 256 /* asked in one call, or those of one share */

static uint64_t dropped_of_share(const struct sockets *s, uint32_t share)
{
	uint64_t sum = 0;

	for (size_t g = 0; g < s->n; g++) {
		if (s->group[g].fd != NULL)
			sum += dropped(s->group[g].fd[share]);
	}
	return sum;
}

static void count_share(struct supervisor *s, uint32_t share)
{
	uint64_t now = dropped_of_share(&s->sockets, share);

	/* Less: a socket was closed, with what it had counted. */
	if (now > s->dropped[share])
		stat_add(&s->stat->dropped[share], now - s->dropped[share]);
	s->dropped[share] = now;
}

void drops_count(struct supervisor *s)
{
	const uint32_t shares = s->slots.shares;
	size_t asked = 0;

	for (uint32_t share = 0; share < shares; share++)
		stat_set(&s->stat->withdrawn[share], s->slots.looping[share]);
	for (uint32_t i = 0; i < shares; i++) {
		if (asked > 0 && asked + s->sockets.n > SOCKETS_A_TIME)
			break;
		count_share(s, s->drops_next++ % shares);
		asked += s->sockets.n;
	}
}
