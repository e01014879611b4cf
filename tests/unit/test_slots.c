/*
 * test_slots.c - who is started when, who hangs, who is steered around (EV-01 to EV-04)
 */
#include "supervisor/slots.h"

#include "support.h"

#define MS NS_PER_MS
#define S  NS_PER_S

static const uint64_t begin = 1000 * S;
static struct slots slots;

/* Start everybody who is due and let them say READY. */
static void start_all(uint64_t now_ns)
{
	uint32_t i;

	while ((i = slots_due(&slots, now_ns)) != SLOT_NONE) {
		slots_started(&slots, i, 100 + (int)i, now_ns);
		slots_ready(&slots, i);
	}
}

static void setup(void)
{
	slots_init(&slots, 3, 2, 1, begin);
	start_all(begin);
}

static void teardown(void)
{
	slots_fini(&slots);
}

/* Kill slot i `n` times, each time as soon as it was started; returns the time. */
static uint64_t die_young(uint32_t i, unsigned n, uint64_t now_ns)
{
	while (n-- > 0) {
		slots_died(&slots, i, now_ns, 0);
		now_ns = slots.slot[i].due_ns;
		start_all(now_ns);
	}
	return now_ns;
}

/* Beat for all but `still` in each tick from `from_ns` on; who hangs, and when. */
static uint32_t tick_until(
	uint32_t still, uint64_t from_ns, uint64_t to_ns, uint64_t *when_ns)
{
	for (uint64_t now_ns = from_ns; now_ns <= to_ns; now_ns += SLOTS_TICK_NS) {
		for (uint32_t i = 0; i < slots.n; i++) {
			if (i != still)
				slots_heartbeat(&slots, i, now_ns - MS, now_ns);
		}
		slots.tick_ns = now_ns;
		uint32_t hung = slots_tick(&slots, now_ns);
		if (hung != SLOT_NONE) {
			*when_ns = now_ns;
			return hung;
		}
	}
	return SLOT_NONE;
}

START_TEST(begins_with_the_controller)
{
	struct slots s;

	slots_init(&s, 3, 2, 1, begin);
	ck_assert_uint_eq(slots_due(&s, begin - 1), SLOT_NONE);
	const uint32_t order[] = {9, 0, 1, 2, 6, 7, 8};
	for (uint32_t k = 0; k < ARRAY_LEN(order); k++) {
		ck_assert_uint_eq(slots_due(&s, begin), order[k]);
		ck_assert_uint_eq(slots_started(&s, order[k], 10 + (int)k, begin), k + 1);
		ck_assert(!slots_all_ready(&s));
	}
	ck_assert_uint_eq(slots_due(&s, begin), SLOT_NONE);
	for (uint32_t i = 0; i < 3; i++)
		slots_ready(&s, i);
	ck_assert(slots_all_ready(&s));
	ck_assert_uint_eq(slots_find(&s, 12), 1);
	ck_assert_uint_eq(slots_find(&s, 99), SLOT_NONE);
	slots_fini(&s);
}
END_TEST

/* Workers, forwarders, the admin, the controller: each role counts from 0. */
static const struct {
	uint32_t slot;
	enum slot_role role;
	uint32_t number;
} places[] = {
	{0, SLOT_WORKER, 0},
	{5, SLOT_WORKER, 5},
	{6, SLOT_FORWARDER, 0},
	{7, SLOT_FORWARDER, 1},
	{8, SLOT_ADMIN, 0},
	{9, SLOT_CONTROLLER, 0},
};

START_TEST(places_of_roles)
{
	ck_assert_uint_eq(slots_role(&slots, places[_i].slot), places[_i].role);
	ck_assert_uint_eq(slots_number(&slots, places[_i].slot), places[_i].number);
	ck_assert_uint_eq(slots.n, 10);
}
END_TEST

/* Names of the cluster are served whether or not there are forwarders. */
START_TEST(ready_without_forwarders)
{
	slots_died(&slots, 6, begin, 0);
	slots_died(&slots, 7, begin, 0);
	ck_assert(slots_all_ready(&slots));
	ck_assert_uint_eq(slots_serving(&slots), 3);
	slots_died(&slots, 1, begin, 0);
	ck_assert(!slots_all_ready(&slots));
}
END_TEST

/* A forwarder that dies young again and again backs off, and nobody is steered around. */
START_TEST(forwarder_backs_off)
{
	uint64_t now_ns = die_young(6, 8, begin);

	ck_assert(!slots_died(&slots, 6, now_ns, UINT64_MAX));
	ck_assert_uint_gt(slots.slot[6].due_ns, now_ns + S);
	for (uint32_t share = 0; share < 3; share++)
		ck_assert(!slots.looping[share]);
}
END_TEST

/* Each share is served by its own slot; free slots and the controller serve nothing. */
START_TEST(serves_its_own)
{
	for (uint32_t i = 0; i < slots.n; i++) {
		for (uint32_t share = 0; share < 3; share++)
			ck_assert_int_eq(slots_serves(&slots, i, share), i == share);
	}
}
END_TEST

/* DE-03: who has worked is replaced at once, however often that happens. */
START_TEST(old_ones_come_back_at_once)
{
	uint64_t now_ns = begin;

	for (unsigned k = 0; k < 50; k++) {
		now_ns += SLOTS_YOUNG_NS;
		ck_assert(!slots_died(&slots, 1, now_ns, UINT64_MAX));
		ck_assert_uint_eq(slots_due(&slots, now_ns), 1);
		start_all(now_ns);
	}
	for (unsigned k = 0; k < 50; k++) {
		now_ns += SLOTS_WORKED_NS;
		slots_died(&slots, slots_controller(&slots), now_ns, UINT64_MAX);
		ck_assert_uint_eq(slots_due(&slots, now_ns), slots_controller(&slots));
		start_all(now_ns);
	}
}
END_TEST

/* The waits after deaths at once: none, then up to 100 ms, doubled up to 5 s. */
START_TEST(young_ones_back_off)
{
	const uint64_t bounds[] = {0, 100 * MS, 200 * MS, 400 * MS, 800 * MS, 1600 * MS,
		3200 * MS, 5 * S, 5 * S};
	uint64_t now_ns = begin;

	for (size_t k = 0; k < ARRAY_LEN(bounds); k++) {
		slots_died(&slots, 0, now_ns, 0x9e3779b97f4a7c15u * k);
		uint64_t wait_ns = slots.slot[0].due_ns - now_ns;
		ck_assert_uint_le(wait_ns, bounds[k]);
		ck_assert_uint_ge(wait_ns, bounds[k] / 2);
		if (wait_ns > 0)
			ck_assert_uint_eq(slots_due(&slots, now_ns), SLOT_NONE);
		now_ns += wait_ns;
		start_all(now_ns);
	}
}
END_TEST

/* EV-03: the fifth young death in 10 s steers around; each of the others drains. */
START_TEST(crash_loop_is_steered_around)
{
	uint32_t share[SLOTS_SHARES_MAX];
	uint64_t now_ns = die_young(1, 4, begin);

	ck_assert(!slots.looping[1]);
	ck_assert_uint_eq(slots_steering(&slots, share), 3);
	ck_assert(slots_died(&slots, 1, now_ns, 0));
	ck_assert_uint_eq(slots_steering(&slots, share), 2);
	ck_assert_uint_eq(share[0], 0);
	ck_assert_uint_eq(share[1], 2);
	ck_assert(slots_serves(&slots, 0, 1));
	ck_assert(slots_serves(&slots, 2, 1));
	ck_assert(slots_serves(&slots, 1, 1));
	ck_assert(!slots_serves(&slots, 3, 1));
	ck_assert(!slots_serves(&slots, 1, 0));
	now_ns = slots.slot[1].due_ns;
	start_all(now_ns);
	ck_assert_msg(!slots_died(&slots, 1, now_ns, 0), "said twice");
}
END_TEST

START_TEST(a_loop_ends_after_ten_good_seconds)
{
	uint64_t now_ns = die_young(1, 5, begin);

	ck_assert(slots.looping[1]);
	ck_assert_uint_eq(slots_recovered(&slots, now_ns + SLOTS_LOOP_NS - 1), SLOT_NONE);
	ck_assert_uint_eq(slots_recovered(&slots, now_ns + SLOTS_LOOP_NS), 1);
	ck_assert_uint_eq(slots_recovered(&slots, now_ns + SLOTS_LOOP_NS), SLOT_NONE);
	ck_assert(!slots_serves(&slots, 0, 1));
}
END_TEST

/* Deaths at 2 s of age, and five young ones in more than 10 s, are no loop. */
START_TEST(rare_deaths_are_no_loop)
{
	uint64_t now_ns = begin;

	for (unsigned k = 0; k < 20; k++) {
		now_ns += k % 2 == 0 ? 2 * S : 1 * S; /* every other one is young */
		ck_assert(!slots_died(&slots, 2, now_ns, 0));
		now_ns = slots.slot[2].due_ns + (k % 4 == 0 ? 3 * S : 0);
		start_all(now_ns);
	}
}
END_TEST

/* Where every share loops, all get queries: somebody may come back. */
START_TEST(all_loop)
{
	uint32_t share[SLOTS_SHARES_MAX];

	for (uint32_t i = 0; i < 3; i++)
		die_young(i, 5, begin);
	ck_assert_uint_eq(slots_steering(&slots, share), 3);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(share[i], i);
}
END_TEST

/*
 * EV-04, M-04: 3 s without progress, found within half a second; the admin 10 s,
 * the controller 60 s.
 */
static const struct {
	uint32_t slot;
	uint64_t after_ns;
} hangs[] = {{0, 3 * S}, {2, 3 * S}, {6, 3 * S}, {7, 3 * S}, {8, 10 * S}, {9, 60 * S}};

START_TEST(hung_one_is_found)
{
	uint64_t when_ns = 0;
	uint32_t i = hangs[_i].slot;

	ck_assert_uint_eq(tick_until(i, begin + MS, begin + 100 * S, &when_ns), i);
	ck_assert_uint_ge(when_ns - begin, hangs[_i].after_ns);
	ck_assert_uint_le(when_ns - begin, hangs[_i].after_ns + SLOTS_TICK_NS + MS);
	ck_assert(slots.slot[i].killed);
}
END_TEST

START_TEST(who_beats_does_not_hang)
{
	uint64_t when_ns;

	ck_assert_uint_eq(
		tick_until(SLOT_NONE, begin, begin + 200 * S, &when_ns), SLOT_NONE);
}
END_TEST

/* DE-05: a late tick (a quota, a paused machine) excuses everybody for 3 s. */
START_TEST(late_tick_excuses)
{
	uint64_t when_ns = 0, late_ns = begin + 10 * S;

	slots.tick_ns = late_ns - SLOTS_LATE_NS;
	ck_assert_uint_eq(slots_tick(&slots, late_ns), SLOT_NONE);
	ck_assert_uint_eq(
		tick_until(0, late_ns + SLOTS_TICK_NS, late_ns + 20 * S, &when_ns), 0);
	ck_assert_uint_ge(when_ns, late_ns + SLOTS_WORKER_NS);
}
END_TEST

/* All hang: one is killed, and the next only when its successor serves, or 3 s later. */
START_TEST(one_at_a_time)
{
	uint64_t now_ns = begin + 3 * S;

	slots.tick_ns = now_ns;
	uint32_t first = slots_tick(&slots, now_ns);
	ck_assert_uint_lt(first, 3);
	now_ns += SLOTS_TICK_NS;
	ck_assert_uint_eq(slots_tick(&slots, now_ns), SLOT_NONE);
	slots_died(&slots, first, now_ns, 0);
	start_all(now_ns);
	now_ns += SLOTS_TICK_NS;
	uint32_t second = slots_tick(&slots, now_ns);
	ck_assert_uint_lt(second, 3);
	ck_assert_uint_ne(second, first);
	for (unsigned k = 1; k < 6; k++)
		ck_assert_uint_eq(
			slots_tick(&slots, now_ns + k * SLOTS_TICK_NS), SLOT_NONE);
	ck_assert_uint_lt(slots_tick(&slots, now_ns + 6 * SLOTS_TICK_NS), 3);
}
END_TEST

/* A heartbeat is hostile: the future and the past count as seen now. */
static const struct {
	const char *what;
	uint64_t beat_ns, progress_ns; /* offsets from begin; seen at begin + 10 s */
} beats[] = {
	{"its own time", 9 * S, 9 * S},
	{"now", 10 * S, 10 * S},
	{"the future", 1000000 * S, 10 * S},
	{"long ago", 0, 10 * S},
};

START_TEST(heartbeat_is_hostile)
{
	slots_heartbeat(&slots, 0, begin + beats[_i].beat_ns, begin + 10 * S);
	ck_assert_msg(slots.slot[0].progress_ns == begin + beats[_i].progress_ns, "%s",
		beats[_i].what);
	slots_heartbeat(&slots, 0, begin + beats[_i].beat_ns, begin + 20 * S);
	ck_assert_uint_eq(slots.slot[0].progress_ns, begin + beats[_i].progress_ns);
}
END_TEST

/* While stopping nobody is started again, and an empty house is known as such. */
START_TEST(stopping)
{
	static const uint32_t order[] = {0, 1, 2, 6, 7, 8, 9};

	slots.stopping = true;
	for (uint32_t k = 0; k < ARRAY_LEN(order); k++) {
		enum slot_role role = slots_role(&slots, order[k]);

		ck_assert(role == SLOT_WORKER || slots_empty(&slots, role - 1));
		ck_assert(!slots_empty(&slots, role));
		slots_died(&slots, order[k], begin + S, 0);
	}
	ck_assert(slots_empty(&slots, SLOT_CONTROLLER));
	ck_assert_uint_eq(slots_due(&slots, begin + 100 * S), SLOT_NONE);
}
END_TEST

/* What could not even be started is not tried again at once. */
START_TEST(failed_start_waits)
{
	slots_died(&slots, 0, begin + 5 * S, 0);
	slots_failed(&slots, 0, begin + 5 * S, 0);
	ck_assert_uint_eq(slots_due(&slots, begin + 5 * S), SLOT_NONE);
	ck_assert_uint_eq(slots_wake_ns(&slots), slots.tick_ns);
	ck_assert_uint_ge(slots.slot[0].due_ns, begin + 5 * S + 50 * MS);
	ck_assert_uint_eq(slots_due(&slots, begin + 11 * S), 0);
}
END_TEST

/* RL-04: room for more workers is made before the other roles, who go on. */
START_TEST(grows)
{
	ck_assert_uint_eq(slots_grow(&slots, 3), 0);
	ck_assert_uint_eq(slots_grow(&slots, 5), 4);
	ck_assert_uint_eq(slots_workers(&slots), 10);
	ck_assert_uint_eq(slots_admin(&slots), 12);
	ck_assert_uint_eq(slots_controller(&slots), 13);
	ck_assert_uint_eq(slots_find(&slots, 106), 10);
	ck_assert_uint_eq(slots_find(&slots, 109), 13);
	ck_assert_uint_eq(slots_due(&slots, begin + S), SLOT_NONE);
	ck_assert(slots_all_ready(&slots));
}
END_TEST

/* A share that joins gets queries as soon as its worker is ready. */
START_TEST(joins)
{
	uint32_t share[SLOTS_SHARES_MAX];

	slots_grow(&slots, 4);
	slots_join(&slots, 4, begin + S);
	ck_assert_uint_eq(slots_steering(&slots, share), 3);
	ck_assert_uint_eq(slots_expected(&slots), 3); /* HR-02: not missed yet */
	ck_assert_uint_eq(slots_due(&slots, begin + S), 3);
	slots_started(&slots, 3, 200, begin + S);
	ck_assert(slots_serves(&slots, 3, 3));
	ck_assert_uint_eq(slots_steering(&slots, share), 3);
	ck_assert(slots_ready(&slots, 3));
	ck_assert_uint_eq(slots_steering(&slots, share), 4);
	ck_assert_uint_eq(slots_expected(&slots), 4);
	slots_died(&slots, 3, begin + 5 * S, 0);
	slots_started(&slots, 3, 201, begin + 5 * S);
	ck_assert(!slots_ready(&slots, 3));
}
END_TEST

/* Shares that leave get no queries; who was told to end has no successor. */
START_TEST(leaves)
{
	uint32_t share[SLOTS_SHARES_MAX];

	slots_leave(&slots, 1);
	ck_assert_uint_eq(slots_steering(&slots, share), 1);
	ck_assert_uint_eq(share[0], 0);
	ck_assert(slots_serves(&slots, 2, 2));
	slots_retire(&slots, 1, true);
	slots_retire(&slots, 2, true);
	slots_died(&slots, 1, begin + 5 * S, 0);
	ck_assert(!slots_left(&slots));
	slots_retire(&slots, 2, false); /* an accident */
	slots_died(&slots, 2, begin + 5 * S, 0);
	ck_assert(!slots_left(&slots));
	ck_assert_uint_eq(slots_due(&slots, begin + 5 * S), 2);
	slots_retire(&slots, 2, true);
	ck_assert(slots_left(&slots));
	slots_shrink(&slots);
	ck_assert_uint_eq(slots.shares, 1);
	ck_assert(slots_all_ready(&slots));
	slots_join(&slots, 2, begin + 6 * S);
	ck_assert_uint_eq(slots_due(&slots, begin + 6 * S), 1);
}
END_TEST

/* Shares that leave and loop: nobody is to hold their sockets when they are closed. */
START_TEST(leaves_in_a_loop)
{
	slots_leave(&slots, 1);
	slots.looping[1] = true;
	ck_assert(slots_serves(&slots, 0, 1));
	slots_part(&slots);
	ck_assert(!slots_serves(&slots, 0, 1));
	ck_assert(slots_serves(&slots, 1, 1));
	slots.looping[0] = true;
	ck_assert(slots_serves(&slots, 2, 0));
	slots_retire(&slots, 1, true);
	slots_retire(&slots, 2, true);
	slots_died(&slots, 1, begin + 5 * S, 0);
	slots_died(&slots, 2, begin + 5 * S, 0);
	slots_shrink(&slots);
	slots_join(&slots, 2, begin + 6 * S);
	slots.looping[0] = false;
	slots.looping[1] = true;
	ck_assert(slots_serves(&slots, 0, 1));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, begins_with_the_controller);
	tcase_add_loop_test(tc, places_of_roles, 0, ARRAY_LEN(places));
	tcase_add_test(tc, ready_without_forwarders);
	tcase_add_test(tc, forwarder_backs_off);
	tcase_add_test(tc, serves_its_own);
	tcase_add_test(tc, old_ones_come_back_at_once);
	tcase_add_test(tc, young_ones_back_off);
	tcase_add_test(tc, crash_loop_is_steered_around);
	tcase_add_test(tc, a_loop_ends_after_ten_good_seconds);
	tcase_add_test(tc, rare_deaths_are_no_loop);
	tcase_add_test(tc, all_loop);
	tcase_add_loop_test(tc, hung_one_is_found, 0, ARRAY_LEN(hangs));
	tcase_add_test(tc, who_beats_does_not_hang);
	tcase_add_test(tc, late_tick_excuses);
	tcase_add_test(tc, one_at_a_time);
	tcase_add_loop_test(tc, heartbeat_is_hostile, 0, ARRAY_LEN(beats));
	tcase_add_test(tc, stopping);
	tcase_add_test(tc, failed_start_waits);
	tcase_add_test(tc, grows);
	tcase_add_test(tc, joins);
	tcase_add_test(tc, leaves);
	tcase_add_test(tc, leaves_in_a_loop);
	return run_case("slots", tc);
}
