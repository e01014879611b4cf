/* cachestat.c - MC rows */
#include <stdio.h>

#include "admin/metrics.h"
#include "base/base.h"

static const char *const stales[STAT_STALES] = {
	[STALE_TIMEOUT] = "timeout",
	[STALE_FAILURE] = "failure",
	[STALE_FIRST] = "immediate",
};

/* One sample for answers and one for denials, of two words of the forwarders. */
static void put_kinds(struct text *t, const struct view *v, size_t offset)
{
	for (unsigned i = 0; i < ARRAY_LEN(metrics_kinds); i++)
		text_count(t, LABELS({"type", metrics_kinds[i]}),
			view_forwarders(v, offset + VIEW_WORD(i)));
}

static void put_evictions(struct text *t, const struct view *v)
{
	text_family(t, "shmdns_cache_evictions_total", TEXT_COUNTER,
		"Entries that were removed: their time was over, or there was no room.");
	for (unsigned i = 0; i < ARRAY_LEN(metrics_kinds); i++) {
		text_count(t, LABELS({"type", metrics_kinds[i]}, {"reason", "expired"}),
			view_forwarders(
				v, VIEW_FORWARDER(evicted_expired) + VIEW_WORD(i)));
		text_count(t, LABELS({"type", metrics_kinds[i]}, {"reason", "space"}),
			view_forwarders(v, VIEW_FORWARDER(evicted_space) + VIEW_WORD(i)));
	}
}

/* What waits in each slot (MC-06). */
static void put_parked(struct text *t, const struct view *v)
{
	char slot[12];

	text_family(t, "shmdns_parked_queries", TEXT_GAUGE,
		"Queries that wait for a forwarder.");
	for (unsigned i = 0; i < v->nworkers; i++) {
		if (stat_get(&v->worker[i]->head.started_ns) == 0)
			continue;
		snprintf(slot, sizeof(slot), "%u", i);
		text_count(t, LABELS({"worker", slot}), stat_get(&v->worker[i]->parked));
	}
	text_counter(t, "shmdns_parked_total", "Queries that had to wait.",
		view_workers(v, VIEW_WORKER(parked_total)));
	text_counter(t, "shmdns_answer_rounds_total",
		"Times that a waiting query was looked at again.",
		view_workers(v, VIEW_WORKER(rounds)));
}

void metrics_cache(struct text *t, const struct view *v)
{
	text_family(t, "shmdns_cache_entries", TEXT_GAUGE, "Entries of the cache.");
	put_kinds(t, v, VIEW_FORWARDER(cache_entries));
	text_family(t, "shmdns_cache_bytes", TEXT_GAUGE, "Octets that they take.");
	put_kinds(t, v, VIEW_FORWARDER(cache_octets));
	text_family(t, "shmdns_cache_hits_total", TEXT_COUNTER,
		"Replies from entries that were there before the query.");
	metrics_by(t, v, VIEW_WORKER(cache_hits), "type", metrics_kinds, 2);
	text_counter(t, "shmdns_cache_misses_total",
		"Queries for names elsewhere that the cache could not answer.",
		view_workers(v, VIEW_WORKER(cache_misses)));
	text_family(t, "shmdns_cache_stale_total", TEXT_COUNTER,
		"Replies from entries whose time was over, and why.");
	metrics_by(t, v, VIEW_WORKER(cache_stale), "reason", stales, STAT_STALES);
	text_family(t, "shmdns_cache_insertions_total", TEXT_COUNTER,
		"Entries that were stored.");
	put_kinds(t, v, VIEW_FORWARDER(insertions));
	put_evictions(t, v);
	text_counter(t, "shmdns_cache_prefetches_total",
		"Entries that were asked for again before their time was over.",
		view_forwarders(v, VIEW_FORWARDER(prefetches)));
	text_counter(t, "shmdns_cache_torn_reads_total",
		"Look-ups that met an entry while it was written.",
		view_workers(v, VIEW_WORKER(cache_torn)));
	put_parked(t, v);
}
