/* test_mark.c - the loop mark comes back, and nobody else can make one (LO-01) */
#include "dns/mark.h"

#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static const struct mark mark = {UINT64_C(0x0123456789abcdef), 127, 3};

START_TEST(comes_back)
{
	uint8_t data[MARK_OCTETS];
	struct mark m = {0};

	memset(data, 0xa5, sizeof(data));
	mark_write(&mark, &key, data);
	ck_assert(mark_read(data, sizeof(data), &key, &m));
	ck_assert(m.life == mark.life);
	ck_assert_uint_eq(m.upstream, mark.upstream);
	ck_assert_uint_eq(m.hops, mark.hops);
	ck_assert_uint_eq(mark_hops(data), mark.hops);
}
END_TEST

START_TEST(same_octets_each_time)
{
	uint8_t a[MARK_OCTETS], b[MARK_OCTETS];

	memset(a, 0x00, sizeof(a));
	memset(b, 0xff, sizeof(b));
	mark_write(&mark, &key, a);
	mark_write(&mark, &key, b);
	ck_assert_mem_eq(a, b, sizeof(a));
}
END_TEST

START_TEST(every_bit_counts)
{
	uint8_t data[MARK_OCTETS];
	struct mark m;

	mark_write(&mark, &key, data);
	for (unsigned i = 0; i < 8 * MARK_OCTETS; i++) {
		data[i / 8] ^= (uint8_t)(1u << i % 8);
		ck_assert(!mark_read(data, sizeof(data), &key, &m));
		data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}
END_TEST

START_TEST(of_another_key)
{
	const struct hash_key other = {1, 3, UINT64_MAX};
	uint8_t data[MARK_OCTETS];
	struct mark m;

	mark_write(&mark, &other, data);
	ck_assert(!mark_read(data, sizeof(data), &key, &m));
}
END_TEST

/* Anybody's hops are read, whoever made the mark. */
START_TEST(hops_of_anybody)
{
	const struct hash_key other = {1, 3, UINT64_MAX};
	uint8_t data[MARK_OCTETS];
	struct mark m = mark;

	for (unsigned hops = 0; hops <= UINT8_MAX; hops++) {
		m.hops = (uint8_t)hops;
		mark_write(&m, &other, data);
		ck_assert_uint_eq(mark_hops(data), hops);
	}
}
END_TEST

START_TEST(every_length)
{
	uint8_t data[2 * MARK_OCTETS] = {0};
	struct mark m;

	mark_write(&mark, &key, data);
	for (size_t len = 0; len <= sizeof(data); len++) {
		uint8_t *copy = exact_copy(data, len);

		ck_assert(mark_read(copy, len, &key, &m) == (len == MARK_OCTETS));
		free(copy);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("mark");

	tcase_add_test(tc, comes_back);
	tcase_add_test(tc, same_octets_each_time);
	tcase_add_test(tc, every_bit_counts);
	tcase_add_test(tc, of_another_key);
	tcase_add_test(tc, hops_of_anybody);
	tcase_add_test(tc, every_length);
	return run_case("mark", tc);
}
