/* test_addr.c - addresses: AD-01 to AD-04, NB-05, RP-09 */
#include "dns/addr.h"

#include <stdio.h>

#include "support.h"

static const struct {
	const char *text, *canonical; /* NULL: no address */
} texts[] = {
	{"10.0.0.7", "10.0.0.7"},
	{"010.000.000.007", "10.0.0.7"}, /* AD-01: decimal, never octal */
	{"0000000255.1.1.1", "255.1.1.1"},
	{"0.0.0.0", "0.0.0.0"},
	{"::ffff:10.1.2.3", "10.1.2.3"}, /* AD-01: folded */
	{"::ffff:a01:203", "10.1.2.3"},
	{"0:0:0:0:0:ffff:010.1.2.3", "10.1.2.3"},
	{"2001:DB8:0:0::0001", "2001:db8::1"}, /* AD-01, AD-03 */
	{"2001:db8::", "2001:db8::"},
	{"::", "::"},
	{"::1", "::1"},
	{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
	{"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},    /* the first of equal runs */
	{"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"}, /* one group is not shortened */
	{"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
	{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
	{"::102:304", "::102:304"},
	{"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
	{"", NULL},
	{"10.0.0", NULL},
	{"10.0.0.7.", NULL},
	{"10.0.0.7.1", NULL},
	{"10.0.0.256", NULL},
	{"10.0.0.4294967303", NULL},
	{"10..0.7", NULL},
	{" 10.0.0.7", NULL},
	{"10.0.0.7 ", NULL},
	{"0x10.0.0.7", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1::2::3", NULL},
	{"12345::", NULL},
	{"::g", NULL},
	{"fe80::1%eth0", NULL}, /* AD-01: a zone id */
	{"10.0.0.7%1", NULL},
	{"[::1]", NULL},
	{"1.2.3.4::", NULL},
	{"::1.2.3", NULL},
	{"::ffff:1.2.3.4:5", NULL},
	{"10.0.0.0/8", NULL},
	{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"},
	{"0000000000000000000000000000000000000000000000000000000000000000::1", NULL},
};

START_TEST(parse_and_print)
{
	struct addr a, before;
	char out[ADDR_TEXT_MAX];
	size_t len = strlen(texts[_i].text);
	char *copy = (char *)exact_copy(texts[_i].text, len); /* without a NUL */

	memset(&a, 0x55, sizeof(a));
	before = a;
	bool ok = addr_parse(copy, len, &a);
	free(copy);
	ck_assert_msg(ok == (texts[_i].canonical != NULL), "%s", texts[_i].text);
	if (!ok) {
		ck_assert_mem_eq(&a, &before, sizeof(a));
		return;
	}
	ck_assert_uint_eq(addr_text(&a, out), strlen(out));
	ck_assert_str_eq(out, texts[_i].canonical);
}
END_TEST

START_TEST(no_nul_inside)
{
	struct addr a;

	ck_assert(!addr_parse("::1\0", 4, &a));
	ck_assert(!addr_parse("10.0.0.7\0", 9, &a));
}
END_TEST

static const struct {
	const char *label, *canonical;
} labels[] = {
	{"10-1-2-3", "10.1.2.3"}, /* RP-09 */
	{"0-0-0-0", "0.0.0.0"},
	{"2001-db8--1", "2001:db8::1"},
	{"2001-db8--0", "2001:db8::"},
	{"--1", "::1"},
	{"--", "::"},
	{"1--2-3", "1::2:3"}, /* three dashes, but a pair among them */
	{"2001-db8-1-2-3-4-5-6", "2001:db8:1:2:3:4:5:6"},
	{"--ffff-a01-203", "10.1.2.3"}, /* a v4-mapped result is IPv4 */
	{"010-1-2-3", NULL},            /* AD-04: strict */
	{"10-1-2-256", NULL},
	{"10-1-2", NULL},
	{"10-1-2-3-4", NULL},
	{"10-1-2-", NULL},
	{"-1-2-3", NULL},
	{"a-b-c-d", NULL},
	{"web", NULL},
	{"", NULL},
	{"-", NULL},
	{"1.2.3.4", NULL},
	{"--ffff-1.2.3.4", NULL},
	{"::1", NULL},
	{"2001-db8--1--2", NULL},
	{"2001-db8-12345--", NULL},
	{"012345678901234567890123456789012345678901234567890123456789012", NULL},
};

START_TEST(dashed_labels)
{
	struct addr a;
	char out[ADDR_TEXT_MAX];
	size_t len = strlen(labels[_i].label);
	uint8_t *copy = exact_copy(labels[_i].label, len);
	bool ok = addr_parse_dashed(copy, len, &a);

	free(copy);
	ck_assert_msg(ok == (labels[_i].canonical != NULL), "%s", labels[_i].label);
	if (!ok)
		return;
	addr_text(&a, out);
	ck_assert_str_eq(out, labels[_i].canonical);
}
END_TEST

static const struct {
	const char *text, *dashed;
} dashes[] = {
	{"10.1.2.3", "10-1-2-3"},
	{"2001:db8::", "2001-db8--0"}, /* NB-05 */
	{"::1", "--1"},
	{"::", "--0"},
	{"1:2:3:4:5:6:7:8", "1-2-3-4-5-6-7-8"},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001-db8-ffff-ffff-ffff-ffff-ffff-ffff"},
};

START_TEST(dashed_text_and_back)
{
	struct addr a, b;
	char out[ADDR_TEXT_MAX];

	ck_assert(addr_parse(dashes[_i].text, strlen(dashes[_i].text), &a));
	ck_assert_uint_eq(addr_dashed(&a, out), strlen(out));
	ck_assert_str_eq(out, dashes[_i].dashed);
	ck_assert(addr_parse_dashed((const uint8_t *)out, strlen(out), &b));
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(random_round_trips)
{
	uint64_t state = 1;

	for (int i = 0; i < 20000; i++) {
		struct addr a = {.len = i % 2 != 0 ? 16 : 4}, b;
		char out[ADDR_TEXT_MAX];
		uint64_t zeros = next_random(&state);

		for (unsigned j = 0; j < a.len; j++)
			a.octets[j] = (zeros >> j / 2 & 1) != 0
			                      ? (uint8_t)next_random(&state)
			                      : 0;
		size_t n = addr_text(&a, out);
		ck_assert_msg(addr_parse(out, n, &b), "%s", out);
		if (b.len == a.len) /* all but v4-mapped ones */
			ck_assert_mem_eq(&a, &b, sizeof(a));
		n = addr_dashed(&a, out);
		ck_assert_msg(addr_parse_dashed((const uint8_t *)out, n, &b), "%s", out);
	}
}
END_TEST

static const struct {
	const char *cidr; /* in canonical form, or what it is not */
	const char *addr; /* NULL: no CIDR */
	unsigned bits;
	const char *in, *out; /* an address of it, and one that is not */
} prefixes[] = {
	{"10.1.2.3/16", "10.1.0.0", 16, "10.1.255.255", "10.2.0.0"},
	{"0.0.0.0/0", "0.0.0.0", 0, "255.255.255.255", "::"},
	{"10.0.0.129/25", "10.0.0.128", 25, "10.0.0.255", "10.0.0.127"},
	{"10.0.0.7/32", "10.0.0.7", 32, "10.0.0.7", "10.0.0.6"},
	{"10.0.0.7/31", "10.0.0.6", 31, "10.0.0.7", "10.0.0.8"},
	{"::/0", "::", 0, "ffff::", "10.0.0.1"},
	{"2001:db8:ffff::/33", "2001:db8:8000::", 33,
		"2001:db8:9000::", "2001:db8:7fff::"},
	{"fd00::1/128", "fd00::1", 128, "fd00::1", "fd00::2"},
	{"fd00::2/127", "fd00::2", 127, "fd00::3", "fd00::4"},
	{"10.0.0.1", NULL, 0, NULL, NULL},
	{"10.0.0.0/33", NULL, 0, NULL, NULL},
	{"::/129", NULL, 0, NULL, NULL},
	{"::ffff:10.0.0.0/104", NULL, 0, NULL, NULL}, /* that address is IPv4 */
	{"10.0.0.0/08", NULL, 0, NULL, NULL},
	{"10.0.0.0/", NULL, 0, NULL, NULL},
	{"10.0.0.0/-1", NULL, 0, NULL, NULL},
	{"10.0.0.0/1000", NULL, 0, NULL, NULL},
	{"10.0.0/8", NULL, 0, NULL, NULL},
	{"/8", NULL, 0, NULL, NULL},
	{"", NULL, 0, NULL, NULL},
};

START_TEST(prefix) /* RO-01, LD-03 */
{
	struct prefix p = {.bits = 77};
	struct addr a;
	char out[ADDR_TEXT_MAX];
	const char *cidr = prefixes[_i].cidr;
	bool ok = addr_parse_prefix(cidr, strlen(cidr), &p);

	ck_assert_int_eq(ok, prefixes[_i].addr != NULL);
	if (!ok) {
		ck_assert_uint_eq(p.bits, 77);
		return;
	}
	addr_text(&p.addr, out);
	ck_assert_str_eq(out, prefixes[_i].addr);
	ck_assert_uint_eq(p.bits, prefixes[_i].bits);
	ck_assert(addr_parse(prefixes[_i].in, strlen(prefixes[_i].in), &a));
	ck_assert(addr_in_prefix(a.octets, a.len, &p));
	ck_assert(addr_parse(prefixes[_i].out, strlen(prefixes[_i].out), &a));
	ck_assert(!addr_in_prefix(a.octets, a.len, &p));
}
END_TEST

/* GS-05: who asks, as sockets of either family show it. */
START_TEST(of_socket)
{
	static const struct {
		const char *text;
		sa_family_t family;
	} rows[] = {{"10.0.0.1", AF_INET}, {"fd00::1", AF_INET6}, {"10.0.0.1", AF_INET6},
		{"::", AF_INET6}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct addr a, want;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char mapped[64];

		snprintf(mapped, sizeof(mapped), "%s%s",
			strchr(rows[i].text, ':') == NULL ? "::ffff:" : "", rows[i].text);
		ck_assert(addr_parse(rows[i].text, strlen(rows[i].text), &want));
		ck_assert_int_eq(inet_pton(AF_INET6, mapped, &v6.sin6_addr), 1);
		if (rows[i].family == AF_INET)
			ck_assert_int_eq(
				inet_pton(AF_INET, rows[i].text, &v4.sin_addr), 1);
		addr_of_socket(rows[i].family == AF_INET ? (const void *)&v4 : &v6, &a);
		ck_assert_int_eq(addr_compare(&a, &want), 0);
	}
	addr_of_socket(NULL, &a);
	ck_assert_uint_eq(a.len, 0);
	addr_of_socket(&other, &a);
	ck_assert_uint_eq(a.len, 0);
}
END_TEST

START_TEST(order_and_loopback)
{
	struct addr v4, v4b, v6, none = {0};

	ck_assert(addr_parse("10.0.0.1", 8, &v4) && addr_parse("127.9.9.9", 9, &v4b));
	ck_assert(addr_parse("::1", 3, &v6));
	ck_assert_int_lt(addr_compare(&v4, &v4b), 0);
	ck_assert_int_lt(addr_compare(&v4b, &v6), 0);
	ck_assert_int_gt(addr_compare(&v6, &v4), 0);
	ck_assert_int_eq(addr_compare(&v6, &v6), 0);
	ck_assert(!addr_loopback(&v4) && addr_loopback(&v4b) && addr_loopback(&v6));
	ck_assert(!addr_loopback(&none));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("addr");

	tcase_add_loop_test(tc, parse_and_print, 0, ARRAY_LEN(texts));
	tcase_add_test(tc, no_nul_inside);
	tcase_add_loop_test(tc, dashed_labels, 0, ARRAY_LEN(labels));
	tcase_add_loop_test(tc, dashed_text_and_back, 0, ARRAY_LEN(dashes));
	tcase_add_test(tc, random_round_trips);
	tcase_add_loop_test(tc, prefix, 0, ARRAY_LEN(prefixes));
	tcase_add_test(tc, of_socket);
	tcase_add_test(tc, order_and_loopback);
	return run_case("addr", tc);
}
