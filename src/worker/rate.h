/*
 * rate.h - how often a client may ask (AC-05, AC-08; U-12) (core)
 *
 * A token bucket for each client, which is an IPv4 address or the /64 of an IPv6 one. A
 * bucket is one number: when it will be full again (GCRA). The table is of fixed size; a
 * client without a place in it takes that of the fullest bucket, so a flood of forged
 * addresses costs no memory, and others at most their history.
 */
#ifndef WORKER_RATE_H
#define WORKER_RATE_H

#include "dns/addr.h"
#include "base/hash.h"
#include "snap/settings.h"

#define RATE_WAYS 4
#define RATE_SETS 8192

struct rate_cell {
	uint64_t client;  /* hash of it; 0: free */
	uint64_t full_ns; /* when it has all its tokens again */
};

struct rate {
	struct hash_key key; /* random: nobody can aim at a place */
	uint64_t over;       /* queries over the limit, for RRL's slip */
	struct rate_cell cells[RATE_SETS][RATE_WAYS];
};

/* Make one, all of whose buckets are full. `key` is random. Never given back. */
struct rate *rate_new(const struct hash_key *key);

/*
 * Take a token of the client's. `workers` share its traffic, and so its limit. False: it
 * has none left. A client of no known address, or no limit: always true.
 */
bool rate_take(struct rate *r, const struct addr *client, const struct rate_limit *l,
	unsigned workers, uint64_t now_ns);

/* One in `slip` of those that have been refused gets a truncated reply; 0: none does. */
bool rate_slips(struct rate *r, unsigned slip);

#endif
