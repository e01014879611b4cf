/* test_rev.c - reverse names: RV-12, RO-01 */
#include "dns/rev.h"

#include <errno.h>

#include "support.h"

#define NIBBLES "8.b.d.0.1.0.0.2.ip6.arpa."

static const struct {
	const char *name, *addr; /* NULL: no reverse name */
} names[] = {
	{"7.0.0.10.in-addr.arpa.", "10.0.0.7"},
	{"255.255.255.255.in-addr.arpa.", "255.255.255.255"},
	{"0.0.0.0.in-addr.arpa.", "0.0.0.0"},
	{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES, "2001:db8::1"},
	{"f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0." NIBBLES,
		"2001:db8::123:4567:89ab:cdef"},
	{"256.0.0.10.in-addr.arpa.", NULL},
	{"07.0.0.10.in-addr.arpa.", NULL},  /* leading zero */
	{"0.0.10.in-addr.arpa.", NULL},     /* a label short */
	{"1.7.0.0.10.in-addr.arpa.", NULL}, /* a label long */
	{"7.0.0.10.ip6.arpa.", NULL},
	{"7.0.0.x.in-addr.arpa.", NULL},
	{"7.0.0.1234.in-addr.arpa.", NULL},
	{"7.0.0.10.in-addr.arpa.x.", NULL},
	{"in-addr.arpa.", NULL},
	{"ip6.arpa.", NULL},
	{".", NULL},
	{"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES, NULL},
	{"0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES, NULL},
	{"g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES, NULL},
	{"10.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES, NULL},
};

START_TEST(name_to_address)
{
	struct addr a, before;
	struct name back;
	uint8_t wire[255];
	char text[ADDR_TEXT_MAX];
	size_t len = name_wire(names[_i].name, wire);

	memset(&a, 0x55, sizeof(a));
	before = a;
	bool ok = rev_parse(wire, len, &a);
	ck_assert_msg(ok == (names[_i].addr != NULL), "%s", names[_i].name);
	if (!ok) {
		ck_assert_mem_eq(&a, &before, sizeof(a));
		return;
	}
	addr_text(&a, text);
	ck_assert_str_eq(text, names[_i].addr);
	rev_name(&a, &back);
	ck_assert_uint_eq(back.len, len);
	ck_assert_mem_eq(back.wire, wire, len);
}
END_TEST

static const struct {
	const char *cidr;
	int n; /* zones, or an error with max 256 */
	const char *first, *last;
} cidrs[] = {
	{"10.96.0.0/12", 16, "96.10.in-addr.arpa.", "111.10.in-addr.arpa."},
	{"10.0.0.0/8", 1, "10.in-addr.arpa.", "10.in-addr.arpa."},
	{"10.0.0.0/9", 128, "0.10.in-addr.arpa.", "127.10.in-addr.arpa."},
	{"192.168.254.0/23", 2, "254.168.192.in-addr.arpa.", "255.168.192.in-addr.arpa."},
	{"10.1.2.3/32", 1, "3.2.1.10.in-addr.arpa.", "3.2.1.10.in-addr.arpa."},
	{"10.1.2.3/31", 2, "2.2.1.10.in-addr.arpa.", "3.2.1.10.in-addr.arpa."},
	{"10.111.255.255/12", 16, "96.10.in-addr.arpa.", "111.10.in-addr.arpa."},
	{"0.0.0.0/0", 1, "in-addr.arpa.", "in-addr.arpa."},
	{"128.0.0.0/1", 128, "128.in-addr.arpa.", "255.in-addr.arpa."},
	{"fd00::/8", 1, "d.f.ip6.arpa.", "d.f.ip6.arpa."},
	{"fd00::/9", 8, "0.d.f.ip6.arpa.", "7.d.f.ip6.arpa."},
	{"fdff:8000::/17", 8, "8.f.f.d.f.ip6.arpa.", "f.f.f.d.f.ip6.arpa."},
	{"::/0", 1, "ip6.arpa.", "ip6.arpa."},
	{"2001:db8::1/128", 1, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES,
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NIBBLES},
	{"10.0.0.0/33", -EINVAL, NULL, NULL},
	{"10.0.0.0/-1", -EINVAL, NULL, NULL},
	{"10.0.0.0/", -EINVAL, NULL, NULL},
	{"10.0.0.0/08", -EINVAL, NULL, NULL},
	{"10.0.0.0/8 ", -EINVAL, NULL, NULL},
	{"10.0.0.0", -EINVAL, NULL, NULL},
	{"/8", -EINVAL, NULL, NULL},
	{"::/129", -EINVAL, NULL, NULL},
	{"::ffff:10.0.0.0/104", -EINVAL, NULL, NULL},
	{"cluster.local", -EINVAL, NULL, NULL},
};

static void check_zone(const struct name *zone, const char *want)
{
	char text[NAME_TEXT_MAX];

	name_text(zone->wire, zone->len, text, sizeof(text));
	ck_assert_str_eq(text, want);
}

START_TEST(cidr_to_zones) /* RO-01 */
{
	struct name *zones = calloc(256, sizeof(*zones));
	int n = rev_zones(cidrs[_i].cidr, zones, 256);

	ck_assert_msg(n == cidrs[_i].n, "%s: %d", cidrs[_i].cidr, n);
	if (n > 0) {
		check_zone(&zones[0], cidrs[_i].first);
		check_zone(&zones[n - 1], cidrs[_i].last);
		ck_assert_int_eq(rev_zones(cidrs[_i].cidr, zones, n), n);
		ck_assert_int_eq(rev_zones(cidrs[_i].cidr, zones, n - 1), -E2BIG);
	}
	free(zones);
}
END_TEST

START_TEST(zones_cover_the_range_and_no_more)
{
	struct name zones[16], name;
	struct addr a;

	ck_assert_int_eq(rev_zones("10.96.0.0/12", zones, 16), 16);
	for (unsigned i = 0; i < 256; i++) {
		unsigned in = 0;

		a = (struct addr){.len = 4, .octets = {10, (uint8_t)i, 3, 4}};
		rev_name(&a, &name);
		for (unsigned j = 0; j < 16; j++)
			in += name_under(
				name.wire, name.len, zones[j].wire, zones[j].len);
		ck_assert_uint_eq(in, i >= 96 && i < 112 ? 1 : 0);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("rev");

	tcase_add_loop_test(tc, name_to_address, 0, ARRAY_LEN(names));
	tcase_add_loop_test(tc, cidr_to_zones, 0, ARRAY_LEN(cidrs));
	tcase_add_test(tc, zones_cover_the_range_and_no_more);
	return run_case("rev", tc);
}
