/* test_takemany.c - replies of very many records: bounds of size, of sets, of work */
#include "take_support.h"

/* A reply to "www.example TYPE" with n RRs, each a pointer to the name and this rdata. */
static size_t many(uint16_t type, unsigned n, unsigned rdlen)
{
	struct wire w;

	wire_init(&w, msg, sizeof(msg));
	wire_u32(&w, 0x12348180);
	wire_u32(&w, 1u << 16 | n);
	wire_u32(&w, 0);
	put_name(&w, "www.example");
	wire_u16(&w, type);
	wire_u16(&w, CLASS_IN);
	for (unsigned i = 0; i < n; i++) {
		uint8_t rdata[256] = {0};

		store_u32(rdata + rdlen - 4, i);
		wire_u16(&w, 0xc00c);
		wire_u16(&w, type);
		wire_u16(&w, CLASS_IN);
		wire_u32(&w, 30);
		wire_u16(&w, (uint16_t)rdlen);
		wire_bytes(&w, rdata, rdlen);
	}
	ck_assert(!w.overflow);
	return w.len;
}

START_TEST(large_replies) /* CA-20: up to 16 kB of RRs may be reused */
{
	const struct cache_entry *e = (const struct cache_entry *)entry;
	static const struct {
		unsigned n;
		enum reply_use use;
	} sizes[] = {{1024, REPLY_STORE}, {1025, REPLY_PASS}, {4094, REPLY_PASS}};
	struct question q = question("www.example A", 0);

	configure();
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t len = many(TYPE_A, sizes[i].n, 4);

		ck_assert_int_eq(take(len, &q, NULL), sizes[i].use);
		ck_assert_uint_eq(e->answers, sizes[i].n);
		ck_assert_uint_eq(e->wire_len, 16 * sizes[i].n);
		ck_assert_ptr_eq(entry_check(e), NULL);
	}
}
END_TEST

START_TEST(doubles_among_many) /* Z-15, V-19 */
{
	const struct cache_entry *e = (const struct cache_entry *)entry;
	struct question q = question("www.example A", 0);
	size_t len = many(TYPE_A, 4094, 4);

	configure();
	for (unsigned i = 0; i < 4094; i++) /* each of 100 addresses many times */
		store_u32(msg + 29 + 16 * i + 12, i % 100);
	ck_assert_int_eq(take(len, &q, NULL), REPLY_STORE);
	ck_assert_uint_eq(e->answers, 100);
}
END_TEST

START_TEST(
	names_that_grow) /* V-19: compressed they fit a message, made whole they do not */
{
	const char *reason = NULL;
	struct question q = question("www.example NS", 0);
	struct wire w;

	configure();
	/* A long name in an RR that will not be kept, and many that point to it. */
	wire_init(&w, msg, sizeof(msg));
	wire_u32(&w, 0x12348180);
	wire_u32(&w, 1u << 16 | 1001);
	wire_u32(&w, 0);
	put_name(&w, "www.example");
	wire_u16(&w, TYPE_NS);
	wire_u16(&w, CLASS_IN);
	size_t name = w.len;
	for (int i = 0; i < 3; i++) {
		uint8_t label[64] = {63};

		wire_bytes(&w, label, sizeof(label));
	}
	wire_u8(&w, 0);
	wire_u16(&w, TYPE_TXT);
	wire_u16(&w, CLASS_IN);
	wire_u32(&w, 30);
	wire_u16(&w, 0);
	for (unsigned i = 0; i < 1000; i++) {
		wire_u16(&w, 0xc00c);
		wire_u16(&w, TYPE_NS);
		wire_u16(&w, CLASS_IN);
		wire_u32(&w, 30);
		wire_u16(&w, 7);
		wire_u8(&w, 4);
		wire_u32(&w, i);
		wire_u16(&w, (uint16_t)(0xc000 | name));
	}
	ck_assert_int_eq(take(w.len, &q, &reason), REPLY_USELESS);
	ck_assert_str_eq(reason, "too large");
}
END_TEST

START_TEST(more_sets_than_an_entry_has)
{
	const struct cache_entry *e = (const struct cache_entry *)entry;
	struct question q = question("www.example ANY", 0);
	const char *reason;

	configure();
	for (unsigned n = 127; n <= 129; n++) {
		size_t len = many(TYPE_ANY, n, 4);

		for (unsigned i = 0; i < n; i++)
			store_u16(msg + 29 + 16 * i + 2, (uint16_t)(1000 + i));
		enum reply_use use = take(len, &q, &reason);

		ck_assert_int_eq(use, n <= CACHE_SETS_MAX ? REPLY_STORE : REPLY_USELESS);
		if (use == REPLY_STORE)
			ck_assert_uint_eq(e->nsets, n);
		else
			ck_assert_str_eq(reason, "too many RRsets");
	}
}
END_TEST

START_TEST(another_class) /* W-25: class IN alone is an answer */
{
	struct question q = question("www.example A", 0);
	size_t len = many(TYPE_A, 1, 4);

	configure();
	store_u16(msg + 29 + 4, CLASS_CH);
	ck_assert_int_eq(take(len, &q, NULL), REPLY_USELESS);
}
END_TEST

START_TEST(types_of_questions) /* ANY does not bring what is no data */
{
	static const uint16_t metas[] = {
		TYPE_OPT, TYPE_TKEY, TYPE_TSIG, TYPE_AXFR, TYPE_ANY};
	struct question q = question("www.example ANY", 0);

	configure();
	for (size_t i = 0; i < ARRAY_LEN(metas); i++) {
		size_t len = many(TYPE_ANY, 1, 4);

		store_u16(msg + 29 + 2, metas[i]);
		ck_assert_int_eq(take(len, &q, NULL), REPLY_USELESS);
	}
}
END_TEST

START_TEST(trusted_ad) /* B-05, FW-27 */
{
	const struct cache_entry *e = (const struct cache_entry *)entry;
	struct reply_rules rules = {&settings.forward, NULL, true, NOW, 0};
	struct question q = question("www.example A", 0);
	size_t len = many(TYPE_A, 1, 4);

	configure();
	for (unsigned i = 0; i < 4; i++) {
		rules.trust_ad = (i & 1) != 0;
		msg[3] = (i & 2) != 0 ? 0xa0 : 0x80;
		ck_assert_int_eq(reply_take(msg, len, &q, &rules,
					 (struct cache_entry *)entry, NULL),
			REPLY_STORE);
		ck_assert_uint_eq(e->ad, i == 3);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("takemany");

	tcase_add_test(tc, large_replies);
	tcase_add_test(tc, doubles_among_many);
	tcase_add_test(tc, names_that_grow);
	tcase_add_test(tc, more_sets_than_an_entry_has);
	tcase_add_test(tc, another_class);
	tcase_add_test(tc, types_of_questions);
	tcase_add_test(tc, trusted_ad);
	return run_case("takemany", tc);
}
