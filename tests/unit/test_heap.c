/* test_heap.c - timers against a plain look at all of them */
#include "forwarder/heap.h"
#include "support.h"

#define THINGS 200

static uint64_t earliest(const uint64_t *due)
{
	uint64_t first = HEAP_NEVER;

	for (unsigned i = 0; i < THINGS; i++)
		first = MIN(first, due[i]);
	return first;
}

START_TEST(the_first_is_first)
{
	uint64_t due[THINGS], random = 7 + (uint64_t)_i;
	uint32_t thing = 0;
	struct heap h;

	heap_init(&h, THINGS);
	ck_assert_uint_eq(heap_first(&h, &thing), HEAP_NEVER);
	for (unsigned i = 0; i < THINGS; i++)
		due[i] = HEAP_NEVER;
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)(next_random(&random) % THINGS);
		uint64_t v = next_random(&random) % 50;

		due[i] = v == 0 ? HEAP_NEVER : v;
		heap_set(&h, i, due[i]);
		ck_assert_uint_eq(heap_first(&h, &thing), earliest(due));
		if (heap_first(&h, NULL) != HEAP_NEVER)
			ck_assert_uint_eq(due[thing], earliest(due));
	}
	for (unsigned i = 0; i < THINGS; i++)
		heap_set(&h, i, HEAP_NEVER);
	ck_assert_uint_eq(h.n, 0);
	heap_fini(&h);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("heap");

	tcase_add_loop_test(tc, the_first_is_first, 0, 4);
	return run_case("heap", tc);
}
