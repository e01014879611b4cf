/*
 * test_ring.c - the latest queries: in order, overwritten, torn, damaged (SM-02, SH-07)
 */
#include "snap/ring.h"

#include <pthread.h>
#include <sched.h>

#include "support.h"

#define RACE_ENTRIES (RING_ENTRIES * 300u)

static struct ring *ring;
static struct ring_reader reader;

static void setup(void)
{
	ring = aligned_alloc(64, sizeof(*ring));
	memset(ring, 0, sizeof(*ring));
	reader = (struct ring_reader){0};
}

static void teardown(void)
{
	free(ring);
}

/* Every field and octet of an entry follows from one number. */
static struct ring_entry entry_of(uint64_t n)
{
	struct ring_entry e = {
		.wall_ns = n,
		.duration_ns = ~n,
		.generation = n * 3,
		.port = (uint16_t)n,
		.id = (uint16_t)(n >> 1),
		.marks = n % 3 == 0 ? RING_LOGGED : RING_SAMPLED,
		.source = (uint8_t)n,
	};
	uint8_t label = (uint8_t)(1 + n % LABEL_MAX_LEN);

	memset(e.client, (int)(n & 0xff), sizeof(e.client));
	e.name[0] = label;
	memset(e.name + 1, (int)('a' + n % 26), label);
	e.name_len = (uint8_t)(label + 2);
	return e;
}

static void put(uint64_t n)
{
	struct ring_entry e = entry_of(n);

	ring_put(ring, &e);
}

static void check_entry(const struct ring_entry *e)
{
	struct ring_entry expected = entry_of(e->wall_ns);

	expected.logged = e->wall_ns / 3 + 1; /* 0, 3, 6, ... are logged */
	ck_assert_uint_eq(e->name_len, expected.name_len);
	ck_assert_mem_eq(e, &expected,
		offsetof(struct ring_entry, name) + (size_t)expected.name_len);
}

/* Read all that is there: `n` of them, the first of which is `first`. */
static void check_read(uint64_t first, uint64_t n)
{
	struct ring_entry e;

	for (uint64_t i = 0; i < n; i++) {
		ck_assert(ring_next(&reader, ring, &e));
		ck_assert_uint_eq(e.wall_ns, first + i);
		check_entry(&e);
	}
	ck_assert(!ring_next(&reader, ring, &e));
}

START_TEST(in_order)
{
	uint64_t n = 0;

	check_read(0, 0);
	for (unsigned round = 1; round < 200; round++) {
		uint64_t first = n;

		for (unsigned i = 0; i < round; i++)
			put(n++);
		check_read(first, round);
	}
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

/* Who falls behind loses the oldest and knows how many. */
START_TEST(overwritten)
{
	for (uint64_t n = 0; n < RING_ENTRIES; n++)
		put(n);
	check_read(0, RING_ENTRIES);
	ck_assert_uint_eq(reader.lost, 0);
	for (uint64_t n = RING_ENTRIES; n < 3 * RING_ENTRIES + 7; n++)
		put(n);
	check_read(2 * RING_ENTRIES + 7, RING_ENTRIES);
	ck_assert_uint_eq(reader.lost, RING_ENTRIES + 7);
}
END_TEST

START_TEST(from_the_end)
{
	put(0);
	ring_seek_end(&reader, ring);
	check_read(0, 0);
	put(1);
	check_read(1, 1);
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

/* A writer died within an entry: nobody reads it, and the next one takes its place. */
START_TEST(writer_died)
{
	put(0);
	put(1);
	check_read(0, 2);
	atomic_store(&ring->places[2].number, 0);
	atomic_store(&ring->places[2].words[0], 77);
	check_read(0, 0);
	put(2);
	check_read(2, 1);
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

/* Names that are none, in a page that somebody damaged. */
START_TEST(damaged)
{
	static const struct {
		uint8_t len, octets[4];
	} names[] = {
		{1, {1}},
		{2, {1, 'a'}},
		{3, {1, 'a', 1}},
		{4, {1, 'a', 0, 0}},
		{2, {0, 0}},
		{4, {64, 'a', 'a', 0}},
		{4, {0xc0, 12, 0, 0}},
		{255, {63}},
	};
	struct ring_entry e = {.wall_ns = 1}, out;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		e.name_len = names[i].len;
		memset(e.name, 1, sizeof(e.name));
		memcpy(e.name, names[i].octets, 4);
		ring_put(ring, &e);
		ck_assert_msg(!ring_next(&reader, ring, &out), "name %zu", i);
		ck_assert_uint_eq(reader.lost, i + 1);
	}
	e.name_len = 0;
	ring_put(ring, &e);
	ck_assert(ring_next(&reader, ring, &out));
	atomic_store(&ring->written, UINT64_MAX); /* ends, and counts */
	ck_assert(!ring_next(&reader, ring, &out));
	ck_assert_uint_eq(reader.next, UINT64_MAX);
	atomic_store(&ring->written, 3); /* it went back: go back too */
	ck_assert(!ring_next(&reader, ring, &out));
	ck_assert_uint_eq(reader.next, 3);
}
END_TEST

static void *write_all(void *arg)
{
	(void)arg;
	for (uint64_t n = 0; n < RACE_ENTRIES; n++) {
		put(n);
		if (n % 1000 == 0)
			sched_yield();
	}
	return NULL;
}

/* What is read while it is overwritten is whole and in order; all are accounted for. */
static void *read_all(void *arg)
{
	struct ring_reader r = {0};
	struct ring_entry e;
	uint64_t got = 0, last = 0;

	(void)arg;
	while (r.next < RACE_ENTRIES) {
		if (!ring_next(&r, ring, &e)) {
			sched_yield();
			continue;
		}
		check_entry(&e);
		ck_assert(got == 0 || e.wall_ns > last);
		last = e.wall_ns;
		got++;
	}
	ck_assert_uint_eq(got + r.lost, RACE_ENTRIES);
	return NULL;
}

START_TEST(torn)
{
	pthread_t thread[3];

	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL,
					 i == 0 ? write_all : read_all, NULL),
			0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ring");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, overwritten);
	tcase_add_test(tc, from_the_end);
	tcase_add_test(tc, writer_died);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, torn);
	return run_case("ring", tc);
}
