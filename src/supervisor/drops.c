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

static uint64_t dropped_of_share(const struct sockets *s, uint32_t share)
{
	uint64_t sum = 0;

	for (size_t g = 0; g < s->n; g++) {
		if (s->group[g].fd != NULL)
			sum += dropped(s->group[g].fd[share]);
	}
	return sum;
}

void drops_count(struct supervisor *s)
{
	for (uint32_t share = 0; share < s->slots.shares; share++) {
		uint64_t now = dropped_of_share(&s->sockets, share);

		/* Less: a socket was closed, with what it had counted. */
		if (now > s->dropped[share])
			stat_add(&s->stat->dropped[share], now - s->dropped[share]);
		s->dropped[share] = now;
		stat_set(&s->stat->withdrawn[share], s->slots.looping[share]);
	}
}
