/*
 * upstreams.h - the upstreams of all forwarders, each once (core)
 *
 * Several forwarders ask the same upstreams, and one may stand in several groups: series
 * with the same labels must not come twice, so numbers are summed by the upstream's text.
 */
#ifndef ADMIN_UPSTREAMS_H
#define ADMIN_UPSTREAMS_H

#include "admin/text.h"
#include "admin/view.h"

struct upstreams_one {
	char text[VIEW_TEXT]; /* "10.0.0.1:53", "tls://..." */
	bool up;              /* for one of those who ask it at least */
	uint64_t queries[3];
	uint64_t rcodes[STAT_RCODES];
	uint64_t failures[STAT_FAILURES];
	uint64_t duration[STAT_FINE], duration_ns;
	uint64_t time[STAT_REPLIES][STAT_TIME], time_ns[STAT_REPLIES];
	uint64_t inflight, connections[2], made[2], used[2];
	uint64_t truncated, hedges, failovers, loops, probes_failed;
};

struct upstreams {
	struct upstreams_one one[STAT_UPSTREAMS];
	unsigned n;
};

/*
 * Gather them all; those that there is no room for are left out. `by_address`: all of the
 * same address and port are one, named as CoreDNS does ("10.0.0.1:853").
 */
void upstreams_gather(const struct view *v, bool by_address, struct upstreams *out);

#endif
