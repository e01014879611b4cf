/* test_bucket.c - so many requests at once, so many a second (RO-05, RF-17) */
#include "controller/kube/bucket.h"
#include "support.h"

/* How many tokens there are at that time. */
static unsigned take_all(struct bucket *b, uint64_t now_ns)
{
	unsigned n = 0;

	while (bucket_take(b, now_ns))
		n++;
	return n;
}

START_TEST(burst_and_rate)
{
	static const struct {
		uint32_t qps, burst;
	} rows[] = {{5, 10}, {1, 1}, {1000, 1000}, {7, 3}};
	uint32_t qps = rows[_i].qps, burst = rows[_i].burst;
	uint64_t now_ns = 1000 * NS_PER_S;
	struct bucket b;

	bucket_init(&b, qps, burst);
	ck_assert_uint_eq(bucket_next(&b, now_ns), now_ns);
	ck_assert_uint_eq(take_all(&b, now_ns), burst);
	ck_assert_uint_gt(bucket_next(&b, now_ns), now_ns);

	/* the next one comes when it says, not before */
	uint64_t next = bucket_next(&b, now_ns);
	ck_assert_uint_le(next - now_ns, NS_PER_S / qps);
	ck_assert(!bucket_take(&b, next - 1));
	ck_assert(bucket_take(&b, next));
	ck_assert(!bucket_take(&b, next));

	/* never more than the burst, however long it was quiet */
	ck_assert_uint_eq(take_all(&b, now_ns + 3600 * NS_PER_S), burst);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bucket");

	tcase_add_loop_test(tc, burst_and_rate, 0, 4);
	return run_case("bucket", tc);
}
