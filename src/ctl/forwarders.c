#include "ctl/forwarders.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base.h"

static const char *const kinds[2] = {"answers", "denials"};

unsigned forwarders_living(const struct overview *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->nforwarders; i++)
		n += overview_lives(v, &v->forwarder[i].page->head);
	return n;
}

bool forwarders_current(const struct overview *v, const struct stat_forwarder *f)
{
	return v->snap != NULL && stat_get(&f->settings) == v->reader.settings.number;
}

/* The sum over the forwarders of a counter, by its place in struct stat_forwarder. */
static uint64_t total(const struct overview *v, size_t offset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->nforwarders; i++)
		n += stat_get((const stat_u64 *)(const void
				*)((const char *)v->forwarder[i].page + offset));
	return n;
}

#define AT(field, i) (offsetof(struct stat_forwarder, field) + sizeof(stat_u64) * (i))

static void print_cache(const struct overview *v)
{
	uint64_t hits = overview_total(v, OVERVIEW_AT(cache_hits, 0)) +
	                overview_total(v, OVERVIEW_AT(cache_hits, 1));
	uint64_t all = hits + overview_total(v, OVERVIEW_AT(cache_misses, 0));
	char used[32], limit[32];

	printf("cache       ");
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		printf("%s %" PRIu64 " %s, %s of %s", i == 0 ? "" : ";",
			total(v, AT(cache_entries, i)), kinds[i],
			overview_size(total(v, AT(cache_octets, i)), used),
			overview_size(total(v, AT(cache_limit, i)), limit));
	printf("; %" PRIu64 " hits", hits);
	if (all > 0)
		printf(" (%.1f %%)", 100.0 * (double)hits / (double)all);
	printf("\n");
}

void forwarders_print(const struct overview *v)
{
	uint64_t stale = 0;

	if (v->nforwarders == 0)
		return;
	for (unsigned i = 0; i < STAT_STALES; i++)
		stale += overview_total(v, OVERVIEW_AT(cache_stale, i));
	printf("misses       %" PRIu64 ", %" PRIu64 " parked now, %" PRIu64
	       " ended at their deadline, %" PRIu64 " stale answers\n",
		overview_total(v, OVERVIEW_AT(cache_misses, 0)),
		overview_total(v, OVERVIEW_AT(parked, 0)),
		overview_total(v, OVERVIEW_AT(deadlines, 0)), stale);
	print_cache(v);
	printf("forwarding   %" PRIu64 " questions, %" PRIu64 " joined another, %" PRIu64
	       " failed, %" PRIu64 " in flight; `shmdnsctl upstreams` says more\n",
		total(v, AT(questions, 0)), total(v, AT(coalesced, 0)),
		total(v, AT(failed, 0)), total(v, AT(inflight, 0)));
}

static void json_cache(struct json *j, const struct stat_forwarder *f, unsigned i)
{
	json_begin(j, kinds[i], '{');
	json_number(j, "entries", stat_get(&f->cache_entries[i]));
	json_number(j, "octets", stat_get(&f->cache_octets[i]));
	json_number(j, "limit", stat_get(&f->cache_limit[i]));
	json_number(j, "insertions", stat_get(&f->insertions[i]));
	json_number(j, "evicted_expired", stat_get(&f->evicted_expired[i]));
	json_number(j, "evicted_space", stat_get(&f->evicted_space[i]));
	json_end(j, '}');
}

static void json_forwarder(
	struct json *j, const struct overview *v, const struct forwarder_page *p)
{
	const struct stat_forwarder *f = p->page;

	json_begin(j, NULL, '{');
	json_number(j, "number", p->number);
	overview_json_head(j, v, &f->head);
	json_number(j, "settings", stat_get(&f->settings));
	json_bool(j, "current", forwarders_current(v, f));
	json_number(j, "upstreams", stat_get(&f->nupstreams));
	json_number(j, "inflight", stat_get(&f->inflight));
	json_number(j, "inflight_limit", stat_get(&f->inflight_limit));
	json_number(j, "questions", stat_get(&f->questions));
	json_number(j, "coalesced", stat_get(&f->coalesced));
	json_number(j, "answered", stat_get(&f->answered));
	json_number(j, "failed", stat_get(&f->failed));
	json_begin(j, "rejected", '{');
	for (unsigned i = 0; i < STAT_REJECTS; i++)
		json_number(j, stat_rejects[i], stat_get(&f->rejected[i]));
	json_end(j, '}');
	json_number(j, "prefetches", stat_get(&f->prefetches));
	json_number(j, "notes", stat_get(&f->notes));
	json_number(j, "notes_lost", stat_get(&f->notes_lost));
	json_number(j, "broken", stat_get(&f->broken));
	json_begin(j, "cache", '{');
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		json_cache(j, f, i);
	json_bool(j, "adopted", stat_get(&f->adopted) != 0);
	json_number(j, "flushed", stat_get(&f->flushed));
	json_end(j, '}');
	json_end(j, '}');
}

void forwarders_json(struct json *j, const struct overview *v)
{
	json_begin(j, "forwarders", '[');
	for (size_t i = 0; i < v->nforwarders; i++)
		json_forwarder(j, v, &v->forwarder[i]);
	json_end(j, ']');
}
