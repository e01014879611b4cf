/* test_chain.c - chains of NSEC and NSEC3: built, found in, damaged (SM-11, G10) */
#include "snap/chain.h"

#include <stdlib.h>

#include "support.h"

static const char *const owners[] = {"ex.", "a.ex.", "yljkjljk.a.ex.", "z.a.ex.",
	"zabc.a.ex.", "z.ex.", "*.z.ex.", "\\200.z.ex."};

static const struct {
	const char *name;
	int link; /* the one found, or before it */
	bool equal;
} finds[] = {
	{"ex.", 0, true}, {"a.ex.", 1, true}, {"0.ex.", 0, false},
	{"x.yljkjljk.a.ex.", 2, false}, {"zabc.a.ex.", 4, true}, {"zz.a.ex.", 4, false},
	{"y.ex.", 4, false}, {"\\001.z.ex.", 5, false}, {"*.z.ex.", 6, true},
	{"\\255.z.ex.", 7, false}, {"zz.ex.", 7, false},
	{"a.", 7, false}, /* before the first: the last */
};

static void build(struct mem_buf *b, const struct nsec3_params *params)
{
	struct name name;

	chain_begin(b, ARRAY_LEN(owners), params);
	for (uint32_t i = 0; i < ARRAY_LEN(owners); i++) {
		const uint8_t rdata[3] = {(uint8_t)i, 1, 2};

		ck_assert_int_eq(name_parse(owners[i], &name), 0);
		chain_add(b, i,
			&(struct chain_link){.name = name.wire,
				.name_len = name.len,
				.rdata = rdata,
				.rdata_len = (uint16_t)(1 + i % 3),
				.ttl_s = i,
				.signatures = (uint8_t)(i % 3)});
		for (uint32_t k = 0; k < i % 3; k++)
			chain_add_signature(b, rdata, k);
	}
}

static bool view(const uint8_t *octets, size_t len, struct chain *c)
{
	const struct node_header head = {.file = NODE_FILE_CHAIN};
	const struct node_view v = {.head = &head, .body = octets, .body_len = len};

	return chain_view(&v, c);
}

START_TEST(finds_before) /* RFC 4034, section 6.1 */
{
	struct mem_buf b = {0};
	struct chain_link l;
	struct chain c;
	struct name name;
	const uint8_t *sig;
	size_t len;

	build(&b, NULL);
	ck_assert(view(b.data, b.len, &c));
	ck_assert(!c.hashed);
	ck_assert_int_eq(name_parse(finds[_i].name, &name), 0);
	ck_assert_int_eq(chain_find(&c, name.wire, name.len, &l),
		finds[_i].equal ? CHAIN_EQUAL : CHAIN_BEFORE);
	ck_assert_uint_eq(l.ttl_s, (uint32_t)finds[_i].link);
	ck_assert_uint_eq(l.rdata_len, 1 + l.ttl_s % 3);
	ck_assert_uint_eq(l.rdata[0], l.ttl_s);
	ck_assert_uint_eq(l.signatures, l.ttl_s % 3);
	for (unsigned i = 0; i < l.signatures; i++) {
		ck_assert(chain_signature(&l, &sig, &len));
		ck_assert_uint_eq(len, i);
	}
	mem_buf_fini(&b);
}
END_TEST

START_TEST(keeps_params)
{
	static const uint8_t salt[] = "salt!";
	static const struct nsec3_params params = {NSEC3_ITERATIONS_MAX, 5, salt},
					 many = {NSEC3_ITERATIONS_MAX + 1, 5, salt};
	struct mem_buf b = {0};
	struct chain_link l;
	struct chain c;

	build(&b, &params);
	ck_assert(view(b.data, b.len, &c));
	ck_assert(c.hashed);
	ck_assert_uint_eq(c.params.iterations, params.iterations);
	ck_assert_uint_eq(c.params.salt_len, 5);
	ck_assert_mem_eq(c.params.salt, salt, 5);
	ck_assert(chain_link(&c, 7, &l));
	ck_assert_uint_eq(l.ttl_s, 7);
	b.len = 0;
	build(&b, &many); /* more than anybody shall count */
	ck_assert(!view(b.data, b.len, &c));
	mem_buf_fini(&b);
}
END_TEST

/* Any octets, cut anywhere: nothing beyond them is read, and all comes to an end. */
START_TEST(damaged) /* G10 */
{
	struct mem_buf b = {0};
	uint64_t random = 20261128;
	unsigned bad = 0;
	struct chain c;

	build(&b, NULL);
	for (int round = 0; round < 20000; round++) {
		size_t len = 1 + next_random(&random) % b.len;
		uint8_t *copy = malloc(len);
		struct chain_link l;
		struct name name;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, b.data, len);
		copy[next_random(&random) % len] = (uint8_t)next_random(&random);
		ck_assert_int_eq(
			name_parse(finds[(unsigned)round % ARRAY_LEN(finds)].name, &name),
			0);
		if (!view(copy, len, &c) ||
			chain_find(&c, name.wire, name.len, &l) == CHAIN_DAMAGED) {
			bad++;
		} else {
			const uint8_t *sig;
			size_t n;

			ck_assert_uint_eq(name_scan(l.name, l.name_len), l.name_len);
			for (unsigned i = 0; i < l.signatures; i++)
				if (!chain_signature(&l, &sig, &n))
					break;
				else
					ck_assert(sig + n <= copy + len);
		}
		free(copy);
	}
	ck_assert_uint_gt(bad, 1000);
	ck_assert_uint_lt(bad, 19999);
	mem_buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("chain");

	tcase_add_loop_test(tc, finds_before, 0, ARRAY_LEN(finds));
	tcase_add_test(tc, keeps_params);
	tcase_add_test(tc, damaged);
	return run_case("chain", tc);
}
