/*
 * test_place.c - the order of addresses by their places: built, viewed, asked, damaged
 * (GS-05, GS-07, SH-08)
 */
#include "snap/place.h"
#include "support.h"

#define ADDRESSES 300

static uint32_t place[ADDRESSES];
static struct mem_buf block;

static void teardown(void)
{
	mem_buf_fini(&block);
}

/* What an address is for a client: 0 at its node, 1 in its zone, 2 neither. */
static unsigned kind_of(uint32_t address, uint32_t client)
{
	if ((client & PLACE_NODE_MAX) != 0 && address == client)
		return 0;
	if (client >> PLACE_NODE_BITS != 0 &&
		address >> PLACE_NODE_BITS == client >> PLACE_NODE_BITS)
		return 1;
	return 2;
}

static unsigned kind_at(const struct place_near *n, unsigned position)
{
	if (position >= n->node && position < n->node_end)
		return 0;
	return position >= n->zone && position < n->zone_end ? 1 : 2;
}

/* Each address once, in the group where it belongs, by place and then by index. */
static void check_client(const struct place_order *p, uint32_t client)
{
	bool met[ADDRESSES] = {false}, any = false;
	struct place_near n = {0};

	for (unsigned i = 0; i < p->count; i++)
		any |= kind_of(place[i], client) < 2;
	ck_assert(place_near(p, client, &n) == any);
	for (unsigned k = 0; k < p->count; k++) {
		unsigned i = place_index(p, k),
			 before = k == 0 ? 0 : place_index(p, k - 1);

		ck_assert_uint_lt(i, p->count);
		ck_assert(!met[i]);
		met[i] = true;
		ck_assert(k == 0 || place[before] < place[i] ||
			  (place[before] == place[i] && before < i));
		if (any)
			ck_assert_uint_eq(kind_at(&n, k), kind_of(place[i], client));
	}
}

static bool all_equal(size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (place[i] != place[0])
			return false;
	return true;
}

/* Random places against a look at each address; every room that is too small. */
START_TEST(against_a_plain_look)
{
	uint64_t random = 0x2545f4914f6cdd1d + (uint64_t)_i;
	struct place_order p;

	for (unsigned run = 0; run < 60; run++) {
		size_t n = next_random(&random) % (ADDRESSES + 1);
		unsigned zones = 1 + (unsigned)next_random(&random) % 4;
		unsigned nodes = 1 + (unsigned)next_random(&random) % 40;

		for (size_t i = 0; i < n; i++) {
			uint64_t r = next_random(&random);

			place[i] = place_make(
				(uint32_t)(r % zones), (uint32_t)((r >> 8) % nodes));
		}
		block.len = 0;
		bool any = place_build(&block, place, n);
		ck_assert(any == !all_equal(n));
		ck_assert_uint_eq(block.len > 0, any);
		if (!any)
			continue;
		uint8_t *copy = exact_copy(block.data, block.len);
		ck_assert_uint_eq(
			place_view(copy, block.len, (unsigned)n, &p), block.len);
		ck_assert_uint_eq(place_view(copy, block.len, (unsigned)n + 1, &p), 0);
		ck_assert_uint_eq(place_view(copy, block.len - 1, (unsigned)n, &p), 0);
		ck_assert_uint_eq(place_view(copy, 3, (unsigned)n, &p), 0);
		ck_assert_uint_eq(
			place_view(copy, block.len, (unsigned)n, &p), block.len);
		for (unsigned c = 0; c < 16; c++) { /* some of them at no address */
			uint64_t r = next_random(&random);

			check_client(&p, place_make((uint32_t)(r % (zones + 1)),
						 (uint32_t)((r >> 8) % (nodes + 1))));
		}
		free(copy);
	}
}
END_TEST

/* The greatest numbers that there are. */
START_TEST(greatest_numbers)
{
	const uint32_t ends[] = {PLACE_UNKNOWN, place_make(0, PLACE_NODE_MAX),
		place_make(1, 0), place_make(PLACE_ZONE_MAX, 0),
		place_make(PLACE_ZONE_MAX, PLACE_NODE_MAX), UINT32_MAX};
	struct place_order p;

	memcpy(place, ends, sizeof(ends));
	ck_assert(place_build(&block, place, ARRAY_LEN(ends)));
	ck_assert_uint_eq(
		place_view(block.data, block.len, ARRAY_LEN(ends), &p), block.len);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		check_client(&p, ends[i]);
}
END_TEST

/* Equal places in, equal octets out; the size is what the header says. */
START_TEST(size)
{
	for (unsigned i = 0; i < 100; i++)
		place[i] = place_make(1 + i % 3, 0);
	ck_assert(place_build(&block, place, 100));
	ck_assert_uint_eq(block.len, 4 + 6 * 3 + 2 * 100);
	ck_assert(place_build(&block, place, 100)); /* appends */
	ck_assert_uint_eq(block.len, 2 * (4 + 6 * 3 + 2 * 100));
	ck_assert_mem_eq(block.data, block.data + block.len / 2, block.len / 2);
	ck_assert(!place_build(&block, place, 1));
	ck_assert(!place_build(&block, place, 0));
}
END_TEST

/* SH-08: whatever octets stand there, positions and indexes stay below the count. */
START_TEST(damaged)
{
	uint64_t random = 88172645463325252u;
	unsigned views = 0;

	for (unsigned i = 0; i < 40; i++)
		place[i] = place_make(i % 3, i % 7);
	ck_assert(place_build(&block, place, 40));
	for (unsigned run = 0; run < 20000; run++) {
		uint8_t *copy = exact_copy(block.data, block.len);
		struct place_order p;
		struct place_near n;

		for (unsigned k = 1 + run % 8; k > 0; k--) {
			uint64_t r = next_random(&random);

			copy[(r >> 8) % block.len] = (uint8_t)r;
		}
		if (place_view(copy, block.len, 40, &p) != 0) {
			views++;
			for (uint32_t c = 0; c < 24; c++)
				if (place_near(&p, place_make(c % 4, c / 4), &n)) {
					ck_assert(n.zone <= n.node);
					ck_assert(n.node <= n.node_end);
					ck_assert(n.node_end <= n.zone_end);
					ck_assert(n.zone_end <= 40);
				}
			for (unsigned k = 0; k < 40; k++)
				ck_assert_uint_lt(place_index(&p, k), 40);
		}
		free(copy);
	}
	ck_assert_uint_gt(views, 1000);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("place");

	tcase_set_timeout(tc, 60);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, against_a_plain_look, 0, 4);
	tcase_add_test(tc, greatest_numbers);
	tcase_add_test(tc, size);
	tcase_add_test(tc, damaged);
	return run_case("place", tc);
}
