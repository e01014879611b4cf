/*
 * test_lameduck.c - how long answers go on after SIGTERM (HR-04)
 */
#include "supervisor/lameduck.h"

#include "support.h"

#define MS NS_PER_MS
#define S  NS_PER_S

static const uint64_t begin = 1000 * S;

/* Queries come every 50 ms until `until_ms`; over after `over_ms`. */
static const struct {
	uint64_t length_ms, until_ms, over_ms;
} runs[] = {
	{15000, 0, 15000},     /* nobody asks */
	{15000, 13000, 15000}, /* they left in time */
	{15000, 14500, 15500}, /* a second of silence is waited for, */
	{15000, 20000, 21000}, /* ... whenever it comes */
	{15000, 99000, 30000}, /* but not for ever */
	{300, 99000, 600},     /* a length under a second */
	{300, 0, 600},
	{0, 99000, 0},
};

START_TEST(ends)
{
	struct lameduck l;
	uint64_t queries = 7, t = 0;

	lameduck_begin(&l, runs[_i].length_ms * MS, queries, begin);
	while (!lameduck_is_over(&l, queries, begin + t * MS)) {
		t += 50;
		ck_assert_uint_le(t, 100000);
		queries += t <= runs[_i].until_ms;
	}
	ck_assert_uint_eq(t, runs[_i].over_ms);
}
END_TEST

/* A worker's page begins again, or is hostile: any change is a query. */
START_TEST(counts_that_fall)
{
	struct lameduck l;

	lameduck_begin(&l, 2 * S, UINT64_MAX, begin);
	ck_assert(!lameduck_is_over(&l, 0, begin + 1900 * MS));
	ck_assert(!lameduck_is_over(&l, 0, begin + 2800 * MS));
	ck_assert(lameduck_is_over(&l, 0, begin + 2900 * MS));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lameduck");

	tcase_add_loop_test(tc, ends, 0, ARRAY_LEN(runs));
	tcase_add_test(tc, counts_that_fall);
	return run_case("lameduck", tc);
}
