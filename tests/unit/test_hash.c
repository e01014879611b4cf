/* test_hash.c - SipHash-1-3-128 against a second way of writing it down */
#include "base/hash.h"

#include "support.h"

/*
 * SipHash-c-d as its paper has it, an octet at a time. With c = 2, d = 4 it must give the
 * published vectors; only then its word on c = 1, d = 3 counts.
 */
struct reference {
	uint64_t v[4];
	int c, d;
};

static uint64_t rotate(uint64_t x, int n)
{
	return (x << n) | (x >> (64 - n));
}

static void rounds(struct reference *r, int n)
{
	uint64_t *v = r->v;

	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13);
		v[3] = rotate(v[3], 16);
		v[1] ^= v[0];
		v[3] ^= v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17);
		v[3] = rotate(v[3], 21);
		v[1] ^= v[2];
		v[3] ^= v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void word(struct reference *r, uint64_t m)
{
	r->v[3] ^= m;
	rounds(r, r->c);
	r->v[0] ^= m;
}

static uint64_t folded(const struct reference *r)
{
	return r->v[0] ^ r->v[1] ^ r->v[2] ^ r->v[3];
}

static void reference(int c, int d, bool wide, const uint64_t k[2], const uint8_t *p,
	size_t len, uint64_t out[2])
{
	struct reference r = {.c = c, .d = d};
	uint64_t m = 0;

	r.v[0] = k[0] ^ UINT64_C(0x736f6d6570736575);
	r.v[1] = k[1] ^ UINT64_C(0x646f72616e646f6d);
	r.v[2] = k[0] ^ UINT64_C(0x6c7967656e657261);
	r.v[3] = k[1] ^ UINT64_C(0x7465646279746573);
	if (wide)
		r.v[1] ^= 0xee;
	for (size_t i = 0; i < len; i++) {
		m |= (uint64_t)p[i] << (i % 8 * 8);
		if (i % 8 == 7) {
			word(&r, m);
			m = 0;
		}
	}
	word(&r, m | (uint64_t)(len & 0xff) << 56);
	r.v[2] ^= wide ? 0xee : 0xff;
	rounds(&r, d);
	out[0] = folded(&r);
	r.v[1] ^= 0xdd;
	rounds(&r, d);
	out[1] = folded(&r);
}

static const uint64_t key[2] = {
	UINT64_C(0x0706050403020100),
	UINT64_C(0x0f0e0d0c0b0a0908),
};

START_TEST(reference_gives_published_vectors)
{
	const uint8_t zero = 0;
	uint64_t out[2];

	reference(2, 4, false, key, &zero, 0, out);
	ck_assert_uint_eq(out[0], UINT64_C(0x726fdb47dd0e0e31));
	reference(2, 4, false, key, &zero, 1, out);
	ck_assert_uint_eq(out[0], UINT64_C(0x74f839c593dc67fd));
	reference(2, 4, true, key, &zero, 0, out);
	ck_assert_uint_eq(out[0], UINT64_C(0xe6a825ba047f81a3));
	ck_assert_uint_eq(out[1], UINT64_C(0x930255c71472f66d));
}
END_TEST

START_TEST(equals_reference_at_each_length)
{
	uint8_t octets[300];
	const struct hash_key k = {key[0], key[1], UINT64_MAX};

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7 + 3);
	for (size_t len = 0; len <= sizeof(octets); len++) {
		uint8_t *p = exact_copy(octets, len);
		struct hash128 h = hash_name(&k, p, len);
		uint64_t want[2];

		reference(1, 3, true, key, octets, len, want);
		ck_assert_uint_eq(h.path, want[0]);
		ck_assert_uint_eq(h.check, want[1]);
		free(p);
	}
}
END_TEST

START_TEST(mask_weakens_path_only)
{
	const struct hash_key whole = {1, 2, UINT64_MAX}, weak = {1, 2, 0xff};
	struct hash128 a = hash_name(&whole, (const uint8_t *)"abc", 3);
	struct hash128 b = hash_name(&weak, (const uint8_t *)"abc", 3);

	ck_assert_uint_eq(a.path & 0xff, b.path);
	ck_assert_uint_eq(a.check, b.check);
}
END_TEST

START_TEST(content)
{
	ck_assert_uint_eq(hash_content("", 0), UINT64_C(0x2d06800538d394c2));
	ck_assert_uint_eq(hash_check("", 0), 0x38d394c2u);
	ck_assert_uint_ne(hash_check("a", 1), hash_check("b", 1));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("hash");

	tcase_add_test(tc, reference_gives_published_vectors);
	tcase_add_test(tc, equals_reference_at_each_length);
	tcase_add_test(tc, mask_weakens_path_only);
	tcase_add_test(tc, content);
	return run_case("hash", tc);
}
