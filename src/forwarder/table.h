/*
 * table.h - what the files of the table share: one struct (core)
 *
 * fwdtab.c is the door. A question in flight is a `struct flight` (flight.h), a query
 * that was sent a `struct attempt` (attempt.h), those who wait stand in waiters.h. Timers
 * belong to flights, and behind them to upstreams.
 */
#ifndef FORWARDER_TABLE_H
#define FORWARDER_TABLE_H

#include "forwarder/effort.h"
#include "forwarder/fwdtab.h"
#include "forwarder/heap.h"
#include "forwarder/waiters.h"

#define TABLE_NONE UINT32_MAX

struct flight;
struct attempt;

struct fwdtab {
	const struct fwdtab_ops *ops; /* borrowed */
	void *arg;
	struct cachewrite *cache;      /* borrowed */
	struct stat_forwarder *stat;   /* borrowed, or `unread` */
	struct stat_forwarder *unread; /* owned; NULL: somebody reads */
	struct hash_key key;
	uint64_t life;
	const struct settings *all;              /* borrowed; NULL: none yet */
	const struct forward_settings *settings; /* of them */
	uint64_t wall_s, wall_ns; /* the wall clock said so then; 0: unknown */
	struct heap timers;
	struct waiters waiters;
	struct flight *flights; /* owned */
	uint32_t *bucket;       /* owned; flights by question */
	uint32_t free_flight, nflights;
	struct attempt *attempts; /* owned */
	uint32_t free_attempt;
	struct effort_group groups[FORWARD_GROUPS_MAX];
	struct upstream *upstreams;      /* owned; FORWARD_POOL_MAX, as in the settings */
	struct upstream *new_upstreams;  /* owned; room to make them anew */
	struct stat_upstream *new_stats; /* owned */
	uint32_t probe
		[FORWARD_POOL_MAX]; /* open attempt that probes each, or TABLE_NONE */
	uint32_t look[FORWARD_POOL_MAX]; /* ... that looks for a loop */
	uint8_t group_of[FORWARD_POOL_MAX];
	struct cache_entry *entry; /* owned; CACHE_COPY_MAX octets, for one outcome */
};

/* The timer of an upstream. */
static inline uint32_t table_timer(unsigned upstream)
{
	return FWDTAB_QUESTIONS + upstream;
}

/* The group of an upstream. */
static inline const struct forward_group *table_group(
	const struct fwdtab *f, unsigned upstream)
{
	return &f->settings->groups[f->group_of[upstream]];
}

/* What is counted of an upstream. */
static inline struct stat_upstream *table_stat(const struct fwdtab *f, unsigned upstream)
{
	return &f->stat->upstreams[upstream];
}

/* When something is due for an upstream that no question brings. */
uint64_t table_due_ns(const struct fwdtab *f, unsigned upstream);

#endif
