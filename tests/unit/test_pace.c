/* test_pace.c - when a forwarder pauses, and when it does not (P5) */
#include "base/base.h"
#include "forwarder/pace.h"
#include "support.h"

#define START (1000 * NS_PER_S)

/* Turns of one question each, `apart_ns` from one another; how many of them paused. */
static unsigned turns(struct pace *p, unsigned n, uint64_t apart_ns, uint64_t *now_ns,
	uint64_t *questions)
{
	unsigned paused = 0;

	for (unsigned i = 0; i < n; i++) {
		*now_ns += apart_ns;
		paused += pace_turn(p, ++*questions, *now_ns);
	}
	return paused;
}

START_TEST(many_make_it_pause)
{
	struct pace p = {0};
	uint64_t now_ns = START, questions = 5;

	/* 9,000 a second, then 11,000: from the end of the first window on */
	ck_assert_uint_eq(turns(&p, 9000, NS_PER_S / 9000, &now_ns, &questions), 0);
	unsigned paused = turns(&p, 11000, NS_PER_S / 11000, &now_ns, &questions);
	ck_assert_uint_ge(paused, 11000 - 2 * 22);
	ck_assert_uint_lt(paused, 11000);
	/* and back */
	ck_assert_uint_le(turns(&p, 9000, NS_PER_S / 9000, &now_ns, &questions), 2 * 22);
	ck_assert(!p.busy);
}
END_TEST

/* However many there are at once: after silence they are served as they come. */
START_TEST(a_burst_does_not)
{
	struct pace p = {0};
	uint64_t now_ns = START, questions = 0;

	for (unsigned i = 0; i < 20; i++) {
		questions += 32;
		now_ns += 10 * NS_PER_MS;
		ck_assert(!pace_turn(&p, questions, now_ns));
		ck_assert(!pace_turn(&p, questions, now_ns + 30000));
	}
}
END_TEST

/* One who goes on where a predecessor has counted is not busy because of that. */
START_TEST(counters_that_go_on)
{
	struct pace p = {0};

	ck_assert(!pace_turn(&p, 1000000, START));
	ck_assert(!pace_turn(&p, 1000001, START + 3 * NS_PER_MS));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pace");

	tcase_add_test(tc, many_make_it_pause);
	tcase_add_test(tc, a_burst_does_not);
	tcase_add_test(tc, counters_that_go_on);
	return run_case("pace", tc);
}
