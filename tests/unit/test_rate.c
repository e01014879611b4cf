/*
 * test_rate.c - how often a client may ask (AC-05, AC-08, U-12)
 */
#include "support.h"
#include "worker/rate.h"

#define NOW (1000 * NS_PER_S)

static const struct hash_key key = {1, 2, UINT64_MAX};
static const struct rate_limit limit = {.per_source = 10, .burst = 20};

static struct addr client(uint32_t n)
{
	struct addr a = {.len = 4};

	memcpy(a.octets, &n, 4);
	return a;
}

static unsigned taken(struct rate *r, const struct addr *a, const struct rate_limit *l,
	unsigned workers, unsigned asked, uint64_t now_ns)
{
	unsigned n = 0;

	while (asked-- > 0)
		n += rate_take(r, a, l, workers, now_ns);
	return n;
}

START_TEST(bucket)
{
	struct rate *r = rate_new(&key);
	struct addr a = client(1), b = client(2);

	ck_assert_uint_eq(taken(r, &a, &limit, 1, 100, NOW), 20);
	ck_assert_uint_eq(taken(r, &b, &limit, 1, 100, NOW), 20); /* has its own */
	ck_assert_uint_eq(taken(r, &a, &limit, 1, 100, NOW + NS_PER_S / 2), 5);
	ck_assert_uint_eq(taken(r, &a, &limit, 1, 100, NOW + 100 * NS_PER_S), 20);
	/* Who stays below the limit is never refused. */
	for (unsigned i = 0; i < 1000; i++)
		ck_assert(rate_take(r, &b, &limit, 1, NOW + (200 + i) * NS_PER_S / 10));
	free(r);
}
END_TEST

/* Workers share the traffic of a client: each has its part of rate and burst. */
START_TEST(parts)
{
	struct rate *r = rate_new(&key);
	struct addr a = client(1);

	ck_assert_uint_eq(taken(r, &a, &limit, 4, 100, NOW), 5);
	ck_assert_uint_eq(taken(r, &a, &limit, 4, 100, NOW + 2 * NS_PER_S), 5);
	/* However many they are, one query now and then passes. */
	ck_assert_uint_eq(taken(r, &a, &limit, 200, 100, NOW + 100 * NS_PER_S), 1);
	free(r);
}
END_TEST

START_TEST(prefixes)
{
	struct rate *r = rate_new(&key);
	struct addr a = {16, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, b = a, c = a;

	b.octets[15] = 2; /* of the same /64 */
	c.octets[7] = 1;
	ck_assert_uint_eq(taken(r, &a, &limit, 1, 100, NOW), 20);
	ck_assert_uint_eq(taken(r, &b, &limit, 1, 100, NOW), 0);
	ck_assert_uint_eq(taken(r, &c, &limit, 1, 100, NOW), 20);
	free(r);
}
END_TEST

START_TEST(nothing)
{
	static const struct rate_limit none;
	struct rate *r = rate_new(&key);
	struct addr a = client(1), nobody = {0};

	ck_assert_uint_eq(taken(r, &a, &none, 1, 1000, NOW), 1000);
	ck_assert_uint_eq(taken(r, &nobody, &limit, 1, 1000, NOW), 1000);
	free(r);
}
END_TEST

/* A flood from forged addresses: nobody who asks little is refused by it. */
START_TEST(flood)
{
	struct rate *r = rate_new(&key);
	struct addr a = client(1), honest = client(0xffffffff);
	unsigned passed = 0;

	ck_assert_uint_eq(taken(r, &a, &limit, 1, 100, NOW), 20);
	for (uint32_t i = 2; i < 500000; i++) {
		struct addr forged = client(i);

		ck_assert(rate_take(r, &forged, &limit, 1, NOW + i));
		if (i % 100000 == 0)
			ck_assert(rate_take(r, &honest, &limit, 1, NOW + i));
		passed += rate_take(r, &a, &limit, 1, NOW + i);
	}
	/* Who asks far too much is not the one who makes room. */
	ck_assert_uint_lt(passed, 100);
	free(r);
}
END_TEST

START_TEST(slips)
{
	struct rate *r = rate_new(&key);
	unsigned n = 0;

	for (unsigned i = 0; i < 100; i++)
		n += rate_slips(r, 2);
	ck_assert_uint_eq(n, 50);
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!rate_slips(r, 0));
	free(r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("rate");

	tcase_add_test(tc, bucket);
	tcase_add_test(tc, parts);
	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, slips);
	return run_case("rate", tc);
}
