/* test_backoff.c - waits stay within their bounds, quiet starts over */
#include "base/backoff.h"

#include "support.h"

#define S NS_PER_S

static const struct backoff fresh = {.base_ns = S, .cap_ns = 8 * S, .reset_ns = 10 * S};

START_TEST(doubles_up_to_cap)
{
	static const uint64_t bounds[] = {0, 1, 2, 4, 8, 8, 8};
	/* The least, the most and a middle random value. */
	static const uint64_t randoms[] = {0, S / 2, UINT64_MAX};
	uint64_t now = 5 * S, r = randoms[_i];
	struct backoff b = fresh;

	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		uint64_t wait = backoff_next(&b, now, r);

		ck_assert_uint_ge(wait, bounds[i] * S / 2);
		ck_assert_uint_le(wait, bounds[i] * S);
		now += wait + S; /* lived a second */
	}
}
END_TEST

START_TEST(quiet_starts_over)
{
	struct backoff b = fresh;

	ck_assert_uint_eq(backoff_next(&b, 0, 0), 0);
	ck_assert_uint_eq(backoff_next(&b, S, 0), S / 2);
	/*
	 * The wait ended at 1.5 s: 11.4 s is not yet quiet,
	 * and moves the end to 12.4 s.
	 */
	ck_assert_uint_eq(backoff_next(&b, 11 * S + 4 * S / 10, 0), S);
	ck_assert_uint_eq(backoff_next(&b, 22 * S + 4 * S / 10, 0), 0);
	ck_assert_uint_eq(backoff_next(&b, 23 * S, 0), S / 2);
}
END_TEST

START_TEST(long_wait_is_not_quiet)
{
	struct backoff b = {.base_ns = 20 * S, .cap_ns = 20 * S, .reset_ns = 10 * S};
	uint64_t now = 0;

	ck_assert_uint_eq(backoff_next(&b, now, 0), 0);
	for (int i = 0; i < 5; i++) {
		uint64_t wait = backoff_next(&b, now, 0);

		ck_assert_uint_ge(wait, 10 * S);
		now += wait; /* dies at once */
	}
}
END_TEST

START_TEST(reset_forgets)
{
	struct backoff b = fresh;

	backoff_next(&b, 0, 0);
	backoff_next(&b, 0, 0);
	backoff_reset(&b);
	ck_assert_uint_eq(backoff_next(&b, 0, 7), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("backoff");

	tcase_add_loop_test(tc, doubles_up_to_cap, 0, 3);
	tcase_add_test(tc, quiet_starts_over);
	tcase_add_test(tc, long_wait_is_not_quiet);
	tcase_add_test(tc, reset_forgets);
	return run_case("backoff", tc);
}
