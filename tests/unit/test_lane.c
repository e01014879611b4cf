/*
 * test_lane.c - queries that share a connection, and whose it is after a reload (U-08,
 * FW-19)
 */
#include "forwarder/lane.h"
#include "forwarder/way.h"
#include "support.h"

START_TEST(no_two_have_the_same_id)
{
	struct lane l = {0};
	uint16_t ids[LANE_MAX];

	for (uint32_t i = 0; i < LANE_MAX; i++) {
		ck_assert(lane_room(&l));
		ids[i] = 65530; /* all want the same, at the end of the range */
		int place = lane_put(&l, 100 + i, &ids[i]);
		ck_assert_int_ge(place, 0);
		ck_assert_uint_eq(ids[i], (uint16_t)(65530 + i));
		ck_assert_int_eq(lane_find(&l, ids[i]), place);
		ck_assert_uint_eq(l.exchange[place], 100 + i);
	}
	uint16_t id = 1000;
	ck_assert(!lane_room(&l));
	ck_assert_int_eq(lane_put(&l, 1, &id), -1);
	ck_assert_uint_eq(id, 1000);
	ck_assert_int_eq(lane_find(&l, 1000), -1);
}
END_TEST

START_TEST(who_is_waited_for)
{
	struct lane l = {0};
	uint16_t id[3] = {7, 8, 9};
	unsigned place[3];

	for (uint32_t i = 0; i < 3; i++)
		place[i] = (unsigned)lane_put(&l, i, &id[i]);
	lane_drop(&l, place[1]);
	ck_assert_uint_eq(
		lane_awaited(&l), UINT64_C(1) << place[0] | UINT64_C(1) << place[2]);
	ck_assert_int_eq(lane_find(&l, 8), (int)place[1]); /* its ID is in use still */
	uint16_t again = 8;
	int other = lane_put(&l, 3, &again);
	ck_assert_uint_eq(again, 10);
	lane_free(&l, (unsigned)other);
	lane_free(&l, place[1]);
	again = 8;
	ck_assert_int_eq(lane_put(&l, 4, &again), (int)place[1]);
	ck_assert_uint_eq(again, 8);
	ck_assert_uint_ne(lane_awaited(&l) & UINT64_C(1) << place[1], 0);
	lane_free(&l, place[0]);
	lane_drop(&l, place[0]); /* of one that is free already it means nothing */
	ck_assert_uint_eq(l.dropped, 0);
}
END_TEST

/* Settings of two groups, with two upstreams and one. */
static struct forward_settings *two_groups(uint64_t first, uint64_t second)
{
	static struct forward_settings s;

	s = (struct forward_settings){.ngroups = 2, .nupstreams = 3};
	s.groups[0] = (struct forward_group){.digest = first, .first = 0, .n = 2};
	s.groups[1] = (struct forward_group){.digest = second, .first = 2, .n = 1};
	for (uint8_t i = 0; i < 3; i++)
		s.upstreams[i].addr = (struct addr){.len = 4, .octets = {10, 0, 0, i}};
	return &s;
}

static struct way to(const struct forward_settings *s, unsigned group, uint8_t upstream,
	uint8_t transport)
{
	struct fwdtab_send send = {.transport = transport,
		.upstream = upstream,
		.to = &s->upstreams[upstream],
		.group = &s->groups[group]};

	return way_of(&send);
}

START_TEST(a_way_moves_with_its_group)
{
	const struct forward_group *g = NULL;
	const struct forward_settings *s = two_groups(5, 6);
	struct way a = to(s, 0, 1, EXCHANGE_TCP), b = to(s, 1, 2, EXCHANGE_TCP);

	ck_assert_int_eq(way_find(s, &a, &g), 1);
	ck_assert_ptr_eq(g, &s->groups[0]);
	ck_assert_int_eq(way_find(s, &b, &g), 2);
	s = two_groups(
		4, 5); /* the first group is another, the second had been the first */
	ck_assert_int_eq(way_find(s, &b, &g), -1);
	ck_assert_int_eq(way_find(s, &a, &g), -1); /* it had two, now there is one */
	struct way c = to(s, 1, 2, EXCHANGE_TCP);
	ck_assert_int_eq(way_find(s, &c, &g), 2);
	ck_assert_ptr_eq(g, &s->groups[1]);
}
END_TEST

START_TEST(ways_differ)
{
	const struct forward_settings *s = two_groups(5, 6);
	struct way a = to(s, 0, 1, EXCHANGE_TCP), same = to(s, 0, 1, EXCHANGE_TCP);
	struct way other[] = {to(s, 0, 0, EXCHANGE_TCP), to(s, 1, 2, EXCHANGE_TCP),
		to(s, 0, 1, EXCHANGE_TLS), a};

	other[3].addr.octets[3]++; /* a host name has another address now */
	ck_assert(way_equal(&a, &same));
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		ck_assert(!way_equal(&a, &other[i]));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lane");

	tcase_add_test(tc, no_two_have_the_same_id);
	tcase_add_test(tc, who_is_waited_for);
	tcase_add_test(tc, a_way_moves_with_its_group);
	tcase_add_test(tc, ways_differ);
	return run_case("lane", tc);
}
