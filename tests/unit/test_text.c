/* test_text.c - mnemonics, rdata as text, messages that lie about themselves */
#include "dns/text.h"

#include <errno.h>

#include "dns/type.h"
#include "support.h"

static const struct {
	uint16_t type;
	const char *octets;
	size_t len;
	const char *text; /* NULL: malformed */
} rdatas[] = {
	{TYPE_A, "\12\0\0\7", 4, "10.0.0.7"},
	{TYPE_A, "\12\0\0", 3, NULL},
	{TYPE_A, "\12\0\0\7\1", 5, NULL},
	{TYPE_AAAA, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16, "2001:db8::7"},
	{TYPE_NS, "\2ns\1x", 6, "ns.x."},
	{TYPE_NS, "\2ns\1x", 5, NULL},
	{TYPE_PTR, "", 1, "."},
	{TYPE_PTR, "", 0, NULL},
	{TYPE_SRV, "\0\1\0\2\0\x50\1a", 9, "1 2 80 a."},
	{TYPE_MX, "\0\12\1a", 5, "10 a."},
	{TYPE_TXT, "\3a b\0\2\"\\", 8, "\"a b\" \"\" \"\\\"\\\\\""},
	{TYPE_TXT, "\2\1\377", 3, "\"\\001\\255\""},
	{TYPE_TXT, "\4abc", 4, NULL},
	{TYPE_TXT, "", 0, NULL},
	{TYPE_HINFO, "\7RFC8482\0", 9, "\"RFC8482\" \"\""},
	{TYPE_HINFO, "\7RFC8482", 8, NULL},
	{TYPE_CAA, "\0\5issuea.x", 10, "0 issue \"a.x\""},
	{TYPE_DS, "\0\1\10\2\xab\xcd", 6, "1 8 2 abcd"},
	{TYPE_SOA, "\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 26,
		"a. b. 1 2 3 4 5"},
	{TYPE_SOA, "\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0", 25, NULL},
	{65280, "\1\2\xff", 3, "\\# 3 0102ff"},
	{65280, "", 0, "\\# 0"},
	{TYPE_OPT, "\0\17\0\7\0\24not a", 11, "EDE=20 (Not Authoritative):\"not a\""},
	{TYPE_OPT, "\0\17\0\2\0\24\0\12\0\1\1", 11,
		"EDE=20 (Not Authoritative) COOKIE=01"},
	{TYPE_OPT, "\0\17\0", 3, NULL},
};

START_TEST(rdata)
{
	char out[256];
	uint8_t *copy = exact_copy(rdatas[_i].octets, rdatas[_i].len);
	int ret = text_rdata(copy, rdatas[_i].len, 0, rdatas[_i].len, rdatas[_i].type,
		out, sizeof(out));

	free(copy);
	ck_assert_str_eq(out, rdatas[_i].text != NULL ? rdatas[_i].text : "; malformed");
	ck_assert_int_eq(ret, rdatas[_i].text != NULL ? 0 : -EBADMSG);
}
END_TEST

START_TEST(rdata_is_cut_to_fit)
{
	for (size_t cap = 1; cap < 12; cap++) {
		char *out = malloc(cap);

		ck_assert_int_eq(text_rdata((const uint8_t *)"\12\0\0\7", 4, 0, 4, TYPE_A,
					 out, cap),
			0);
		ck_assert_uint_eq(strlen(out), MIN(cap - 1, 8));
		free(out);
	}
}
END_TEST

/* Names that must not be followed: at offset 12 of a message of one question. */
static const struct {
	const char *octets;
	size_t len;
	const char *owner; /* NULL: malformed */
} names[] = {
	{"\1a\0\0\1\0\1", 7, "a."}, {"\300\14\0\1\0\1", 6, NULL}, /* to itself */
	{"\1a\300\14\0\1\0\1", 8, NULL},                          /* into itself */
	{"\1a\300\30\0\1\0\1", 8, NULL},                          /* forward */
	{"\1a\300", 3, NULL},                                     /* cut */
	{"\100a\0\0\1\0\1", 7, NULL},                             /* label type 0x40 */
	{"\1a\300\12\0\1\0\1", 8, "a."}, /* into the header: two octets of 0 */
};

START_TEST(hostile_names)
{
	static struct text_rr rr;
	uint8_t msg[64] = {0};
	size_t len = 12 + names[_i].len;

	msg[5] = 1;
	memcpy(msg + 12, names[_i].octets, names[_i].len);
	uint8_t *copy = exact_copy(msg, len);
	struct text_walk w = {.msg = copy, .len = len};
	int ret = text_next(&w, &rr);
	ck_assert_int_eq(ret, names[_i].owner != NULL ? 1 : -EBADMSG);
	if (ret == 1) {
		ck_assert_str_eq(rr.owner, names[_i].owner);
		ck_assert_int_eq(text_next(&w, &rr), 0);
	}
	free(copy);
}
END_TEST

static const uint8_t reply[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\1"
			       "\3web\0\0\1\0\1"
			       "\300\14\0\1\0\1\0\0\0\5\0\4\12\0\0\7"
			       "\0\0\51\4\320\0\0\0\0\0";

START_TEST(walk_over_a_reply)
{
	static struct text_rr rr;
	struct text_walk w = {.msg = reply, .len = sizeof(reply)};

	ck_assert_int_eq(text_next(&w, &rr), 1);
	ck_assert_uint_eq(rr.section, 0);
	ck_assert_str_eq(rr.owner, "web.");
	ck_assert_int_eq(text_next(&w, &rr), 1);
	ck_assert_uint_eq(rr.section, 1);
	ck_assert_uint_eq(rr.ttl, 5);
	ck_assert_str_eq(rr.rdata, "10.0.0.7");
	ck_assert_int_eq(text_next(&w, &rr), 1);
	ck_assert_uint_eq(rr.section, 3);
	ck_assert_uint_eq(rr.type, TYPE_OPT);
	ck_assert_uint_eq(rr.class, 1232);
	ck_assert_int_eq(text_next(&w, &rr), 0);
	ck_assert_int_eq(text_next(&w, &rr), 0);
}
END_TEST

START_TEST(every_cut_of_a_reply)
{
	static struct text_rr rr;

	for (size_t len = 0; len < sizeof(reply); len++) {
		uint8_t *copy = exact_copy(reply, len);
		struct text_walk w = {.msg = copy, .len = len};
		int ret;

		do {
			ret = text_next(&w, &rr);
		} while (ret == 1);
		ck_assert_int_eq(ret, -EBADMSG);
		free(copy);
	}
}
END_TEST

START_TEST(mnemonics)
{
	char buf[12];

	for (int type = 0; type <= UINT16_MAX; type++)
		ck_assert_int_eq(type_parse(type_text((uint16_t)type, buf)), type);
	ck_assert_int_eq(type_parse("aaaa"), TYPE_AAAA);
	ck_assert_int_eq(type_parse("type1"), TYPE_A);
	ck_assert_int_eq(type_parse("TYPE65536"), -1);
	ck_assert_int_eq(type_parse("TYPE"), -1);
	ck_assert_int_eq(type_parse("TYPE-1"), -1);
	ck_assert_int_eq(type_parse(""), -1);
	ck_assert_str_eq(rcode_text(RCODE_NXDOMAIN, buf), "NXDOMAIN");
	ck_assert_str_eq(rcode_text(RCODE_BADVERS, buf), "BADVERS");
	ck_assert_str_eq(rcode_text(11, buf), "RCODE11");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, rdata, 0, ARRAY_LEN(rdatas));
	tcase_add_test(tc, rdata_is_cut_to_fit);
	tcase_add_loop_test(tc, hostile_names, 0, ARRAY_LEN(names));
	tcase_add_test(tc, walk_over_a_reply);
	tcase_add_test(tc, every_cut_of_a_reply);
	tcase_add_test(tc, mnemonics);
	return run_case("text", tc);
}
