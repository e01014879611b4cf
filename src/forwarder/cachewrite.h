/*
 * cachewrite.h - the one writer of a cache (core)
 *
 * Memory is given by the caller, who also grows it: `grow` is called with how many
 * octets of the object shall be backed by memory, and says no where there are none
 * (SH-02), so that a full /dev/shm makes a small cache and never a SIGBUS. Work is
 * bounded: storing an entry lets go of a bounded number of others.
 */
#ifndef FORWARDER_CACHEWRITE_H
#define FORWARDER_CACHEWRITE_H

#include "cache/cache.h"
#include "snap/forward.h"

/* What the writer knows of a ring; it tells the object, and never asks it. */
struct cachewrite_ring {
	size_t from, size; /* where it stands in the object */
	uint64_t backed, head, tail;
	bool full; /* there was no memory for more of it */
};

struct cachewrite {
	uint8_t *base; /* borrowed; NULL: there is no memory for it */
	size_t size;
	int (*grow)(
		void *arg, size_t from, size_t to); /* 0 or -errno; NULL: it is there */
	void *arg;
	/* Set by the owner at will; 0 by cachewrite_open(). */
	uint64_t stale_ns;   /* so long after its end an answer may be used (CA-15) */
	uint64_t window_ns;  /* in which hits are counted (CA-14); 0: for ever */
	bool keep_positive;  /* beside a NODATA that was stored later (prefer_positive) */
	struct cache reader; /* over the same memory */
	struct cachewrite_ring ring[CACHE_RINGS];
	uint64_t buckets;
	/* Gauges and counters (MC rows), by answers and denials. */
	uint64_t entries[2], octets[2];
	uint64_t insertions[2], evicted_expired[2], evicted_space[2];
};

/* Octets of an object for rings of these sizes, each at least 64 KiB. */
size_t cachewrite_octets(size_t success, size_t denial);

/*
 * Take over the object at `base`, the first page of which has memory. True: the cache
 * of a predecessor is adopted, with what of it is whole (CA-19), in whatever state its
 * death left it. False: it was empty, or of other sizes, or damaged: it is empty now.
 * `copies`: 2 * CACHE_COPY_MAX octets, 8-aligned, for the reader. Takes time by the
 * octets that it holds.
 */
bool cachewrite_open(struct cachewrite *w, uint8_t *base, size_t size, size_t success,
	size_t denial, const char *instance, uint8_t *copies,
	int (*grow)(void *arg, size_t from, size_t to), void *arg, uint64_t now_ns);

/*
 * Store an entry (reply_take(), reply_failure()), in the place of the one of the same
 * question and kind. 0; -ENOSPC: there is no memory for it; -EINVAL: it makes no sense.
 * Released before it returns: who is told of it afterwards finds it. Its `stored_ns` is
 * now, or what cachewrite_outdate() said.
 */
int cachewrite_store(struct cachewrite *w, struct cache_entry *e);

/*
 * Before it is stored: an outcome of a question of that type that shall be forgotten
 * since `at_ns`. It is for queries that arrived until then, and for nobody else.
 */
void cachewrite_outdate(struct cache_entry *e, uint16_t type, uint64_t at_ns);

/*
 * The entry of a word, in place: valid until the next store; NULL: it is gone. For notes
 * and prefetch.
 */
const struct cache_entry *cachewrite_entry(struct cachewrite *w, uint64_t word);

/*
 * Count hits of an entry in its window; returns how many it has had there. 0: it is gone.
 * An entry that takes the place of another goes on with its hits.
 */
uint32_t cachewrite_note(
	struct cachewrite *w, uint64_t word, uint32_t hits, uint64_t now_ns);

/*
 * Let go of entries: of groups whose digest is not in the list (a reload, CA-09); of a
 * name (and, with `below`, of names below it) that were stored at `at_ns` or before, so
 * that a flush that is done again by a successor costs nothing that is newer (CA-19).
 * Returns how many. These walk the index.
 */
size_t cachewrite_keep_groups(struct cachewrite *w, const uint64_t *digests, size_t n);
size_t cachewrite_flush(struct cachewrite *w, const struct forward_flush *what);

#endif
