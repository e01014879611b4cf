/*
 * test_debounce.c - when changes are published: WP-87
 */
#include "controller/publish/debounce.h"
#include "support.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

/* WP-87: at once when the input is drained, not before otherwise. */
START_TEST(at_once_when_drained)
{
	struct debounce d = {0};

	ck_assert(!debounce_due(&d, 5 * MS, true));
	ck_assert_uint_eq(debounce_deadline(&d), UINT64_MAX);
	debounce_touch(&d, 5 * MS);
	ck_assert(debounce_due(&d, 5 * MS, true));
	ck_assert(!debounce_due(&d, 5 * MS, false));
	ck_assert(!debounce_due(&d, 25 * MS - 1, false));
	ck_assert(debounce_due(&d, 25 * MS, false));
}
END_TEST

/* WP-87: 20 ms after the first change, however many follow. */
START_TEST(later_changes_do_not_delay)
{
	struct debounce d = {0};

	for (uint64_t t = 0; t < 20; t++)
		debounce_touch(&d, t * MS);
	ck_assert(!debounce_due(&d, 20 * MS - 1, false));
	ck_assert(debounce_due(&d, 20 * MS, false));
}
END_TEST

/* WP-87: every 0.5 ms at most. */
START_TEST(half_a_millisecond_apart)
{
	struct debounce d = {0};

	debounce_touch(&d, 1 * MS);
	debounce_published(&d, 1 * MS);
	debounce_touch(&d, 1 * MS + 100 * US);
	ck_assert(!debounce_due(&d, 1 * MS + 499 * US, true));
	ck_assert_uint_eq(debounce_deadline(&d), 1 * MS + 500 * US);
	ck_assert(debounce_due(&d, 1 * MS + 500 * US, true));
}
END_TEST

/* WP-87: what is deferred comes at its time, also without other changes. */
START_TEST(deferred)
{
	struct debounce d = {0};

	debounce_published(&d, 10 * MS);
	debounce_defer(&d, 30 * MS);
	debounce_defer(&d, 40 * MS);
	ck_assert_uint_eq(debounce_deadline(&d), 30 * MS);
	ck_assert(!debounce_due(&d, 30 * MS - 1, true));
	ck_assert(debounce_due(&d, 30 * MS, false));
	debounce_published(&d, 30 * MS);
	ck_assert_uint_eq(debounce_deadline(&d), UINT64_MAX);
}
END_TEST

/* SH-02: after a failure a second passes, and the changes stay pending. */
START_TEST(retry)
{
	struct debounce d = {0};

	debounce_touch(&d, 1 * MS);
	debounce_failed(&d, 2 * MS);
	ck_assert(!debounce_due(&d, 1001 * MS, true));
	ck_assert_uint_eq(debounce_deadline(&d), 1002 * MS);
	ck_assert(debounce_due(&d, 1002 * MS, true));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("debounce");

	tcase_add_test(tc, at_once_when_drained);
	tcase_add_test(tc, later_changes_do_not_delay);
	tcase_add_test(tc, half_a_millisecond_apart);
	tcase_add_test(tc, deferred);
	tcase_add_test(tc, retry);
	return run_case("debounce", tc);
}
