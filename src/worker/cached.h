/*
 * cached.h - the RRs of a cache entry into a reply (CA-05, CA-18, LD-02) (core)
 *
 * Right behind the question that it was made for an entry is copied as it stands, with
 * TTLs put in and addresses turned. Behind a CNAME of ours, or where it does not fit, its
 * RRs are written one by one, names compressed anew. What does not fit is cut as our own
 * answers are (RG-08). Entries are hostile (C-17): one that makes no sense is damaged.
 */
#ifndef WORKER_CACHED_H
#define WORKER_CACHED_H

#include "cache/cache.h"
#include "worker/encode.h"

/* Names that were written and may be pointed to: as many as a reply remembers. */
struct cached_names {
	unsigned n;
	struct name name[ENCODE_NAMES];
};

/* What of an entry is put, and how. */
struct cached_part {
	const struct cache_entry *entry;
	uint16_t at;    /* where the entry's name stands in the message; 0: nowhere */
	unsigned nsets; /* the first ones; all: with the authority section */
	bool goes_on;   /* its chain does: *target_at is wanted */
	bool stale;     /* TTLs are cache.serve_stale.ttl */
	bool guarded;   /* no address of private_addresses.nets is let through (AC-09) */
	uint64_t now_ns;
};

/*
 * Put them behind what stands in the reply. `names` lives as long as the reply is
 * written. *target_at is where the target of the last CNAME stands, if the chain goes on.
 * *left_out: something that is guarded against was in it, and is not there any more.
 * False: the entry is damaged, and the reply is undefined until encode_reset().
 */
bool cached_put(struct reply *r, const struct cached_part *c, struct cached_names *names,
	uint16_t *target_at, bool *left_out);

#endif
