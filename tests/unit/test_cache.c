/*
 * test_cache.c - a cache: stored by its writer, found by readers, adopted (C-01, CA-09,
 * CA-11, CA-19)
 */
#include "cached.h"

#include <errno.h>

#include "support.h"

#define S CACHED_SECOND

static struct cached c;
static union cached_entry entry;

static void setup(void)
{
	cached_open(&c, 1 << 20, 256 << 10);
}

static void teardown(void)
{
	cached_close(&c);
}

static void put(const char *name, uint16_t type, enum cache_kind kind, uint64_t at_ns,
	uint32_t ttl_s, unsigned count, uint8_t fill)
{
	struct question q = cached_question(&cached_key, name, type);

	cached_make(&entry, &q, kind, at_ns, ttl_s, count, 4, fill);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
}

static bool find(const char *name, uint16_t type, uint64_t arrival_ns, uint64_t now_ns,
	struct cache_found *out)
{
	struct question q = cached_question(&cached_key, name, type);

	return cache_find(&c.w.reader, &q, arrival_ns, now_ns, out);
}

START_TEST(round_trip)
{
	struct cache_found f;

	ck_assert(!find("www.example.com.", TYPE_A, 0, 0, &f));
	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 30, 3, 7);
	ck_assert(find("www.example.com.", TYPE_A, 20 * S, 20 * S, &f));
	ck_assert(f.fresh && f.failure == NULL && f.older == NULL);
	ck_assert_mem_eq(&f.answer->path, &entry.e.path, entry.e.size8 * 8 - 24);
	ck_assert(cachewrite_entry(&c.w, f.word) != NULL);
	ck_assert(!find("www.example.com.", TYPE_AAAA, 20 * S, 20 * S, &f));
	ck_assert(!find("www.example.org.", TYPE_A, 20 * S, 20 * S, &f));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, round_trip);
	return run_case("cache", tc);
}
