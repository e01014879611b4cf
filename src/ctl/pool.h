/*
 * pool.h - upstreams, over the pages of all forwarders that ask them
 *
 * Pages are hostile: what they say is copied, made printable and counted, never followed.
 */
#ifndef CTL_POOL_H
#define CTL_POOL_H

#include "ctl/overview.h"
#include "dns/name.h"

/* An upstream of a group. */
struct pool_row {
	char text[STAT_UPSTREAM_TEXT + 1];
	char group[NAME_TEXT_MAX]; /* its domain; "bootstrap"; "-": not known */
	unsigned pages, up;        /* forwarders; of those the ones that say it is up */
	struct stat_upstream n;    /* sums; of down_ns and error the latest */
};

/* Called for each row in turn; *r is borrowed for the call. */
typedef void (*pool_on_row)(
	void *arg, const struct overview *v, const struct pool_row *r);
void pool_each(const struct overview *v, pool_on_row on_row, void *arg);

/*
 * A quantile (0 to 1) of the durations of replies in nanoseconds: by a straight line
 * within its bucket, and the largest bound for what is longer. 0: there was no reply.
 */
uint64_t pool_quantile(const struct pool_row *r, double q);

#endif
