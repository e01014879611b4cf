/*
 * test_weights.c - the text of a file of weights, and the table that is made of it
 *
 * Rows: LD-01.
 */
#include "controller/weightlist.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "dns/addr.h"
#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct weights *table;
static struct weightlist_error e;

static int parse(const char *text, size_t len)
{
	uint8_t *copy = exact_copy(text, len);
	int ret = weightlist_parse((const char *)copy, len, &key, table, &e);

	free(copy);
	return ret;
}

/* The weight of an address under a name, both as text. */
static unsigned weight(const char *name_text_, const char *addr_text_)
{
	uint8_t wire[NAME_MAX_LEN];
	size_t len = name_wire(name_text_, wire);
	struct addr a;

	ck_assert(addr_parse(addr_text_, strlen(addr_text_), &a));
	const struct weights_name *n = weights_find(table, wire, len);
	return n == NULL ? 0 : weights_of(table, n, a.octets, a.len);
}

/* ---- what is right ---- */

/* The example of CoreDNS's documentation, and what its parser lets through besides. */
static const char good[] = "# Comment lines are ignored\n"
			   "\n"
			   "www.example.com\n"
			   "100.64.1.1 3\n"
			   "100.64.1.2 1\n"
			   "100.64.1.3 2\n"
			   "  # indented\n"
			   " \tUPPER.example.org.  \r\n"
			   "\t2001:DB8::1\t255\r\n"
			   "::ffff:192.0.2.1 007 # of IPv4\n"
			   "empty.example\n"
			   "www.Example.com.\n"
			   "100.64.1.4 4\n"
			   "100.64.1.1 3\n"
			   "w1,example.org\n";

START_TEST(good_file)
{
	ck_assert_msg(parse(good, sizeof(good) - 1) == 0, "%u:%u: %s", e.line, e.column,
		e.text);
	ck_assert_uint_eq(e.line, 0);
	ck_assert_uint_eq(table->nnames, 2); /* those that have weights */
	ck_assert_uint_eq(table->naddrs, 6);
	ck_assert_uint_eq(weight("www.example.com.", "100.64.1.1"), 3);
	ck_assert_uint_eq(weight("www.example.com.", "100.64.1.2"), 1);
	ck_assert_uint_eq(weight("www.example.com.", "100.64.1.3"), 2);
	ck_assert_uint_eq(weight("www.example.com.", "100.64.1.4"), 4);
	ck_assert_uint_eq(weight("www.example.com.", "100.64.1.5"), 1);
	ck_assert_uint_eq(weight("upper.example.org.", "2001:db8::1"), 255);
	ck_assert_uint_eq(weight("upper.example.org.", "192.0.2.1"), 7);
	ck_assert_uint_eq(weight("empty.example.", "192.0.2.1"), 0);
	ck_assert_uint_eq(weight("example.com.", "100.64.1.1"), 0);
	ck_assert_uint_eq(weight(".", "100.64.1.1"), 0);
}
END_TEST

/* Without a last line feed, without anything: both are files. */
START_TEST(ends)
{
	static const char last[] = "a.b\n10.0.0.1 9";
	static const char *const nothing[] = {
		"", "\n", "#", " \r\n\t# x\n", "a.b", "\n\n"};

	ck_assert_int_eq(parse(last, sizeof(last) - 1), 0);
	ck_assert_uint_eq(weight("a.b.", "10.0.0.1"), 9);
	for (unsigned i = 0; i < ARRAY_LEN(nothing); i++) {
		ck_assert_int_eq(parse(nothing[i], strlen(nothing[i])), 0);
		ck_assert_uint_eq(table->nnames + table->naddrs, 0);
		ck_assert_uint_eq(weight("a.b.", "10.0.0.1"), 0);
	}
}
END_TEST

/* The root, and names in escapes: the octets count. */
START_TEST(odd_names)
{
	static const char text[] =
		".\n10.0.0.1 2\n\\119\\.x\n10.0.0.1 3\n*.a\n10.0.0.1 4\n";

	ck_assert_int_eq(parse(text, sizeof(text) - 1), 0);
	ck_assert_uint_eq(weight(".", "10.0.0.1"), 2);
	ck_assert_uint_eq(weight("w\\.x.", "10.0.0.1"), 3);
	ck_assert_uint_eq(weight("*.a.", "10.0.0.1"), 4); /* no wildcard */
	ck_assert_uint_eq(weight("b.a.", "10.0.0.1"), 0);
}
END_TEST

/* ---- what is wrong ---- */

#define LONG_LABEL "a123456789b123456789c123456789d123456789e123456789f123456789g123"
#define WEIGHTLESS " stands alone: write the weight of the address behind it"

static const struct {
	const char *text;
	unsigned line, column;
	const char *error;
} bad[] = {
	{"a.b\n10.0.0.1\n", 2, 1, "\"10.0.0.1\"" WEIGHTLESS},
	{"\n  fd00::1 # x", 2, 3, "\"fd00::1\"" WEIGHTLESS},
	{"# c\n10.0.0.1 3\n", 2, 1,
		"\"10.0.0.1\" has no name: write the domain name on a line before it"},
	{"a.b\n10.0.0.300 3\n", 2, 1,
		"\"10.0.0.300\" is no IP address: write ADDRESS WEIGHT"},
	{"a.b\n\tfe80::1%eth0 3\n", 2, 2,
		"\"fe80::1%eth0\" is no IP address: write ADDRESS WEIGHT"},
	{"a.b c.d\n", 1, 1, "\"a.b\" is no IP address: write ADDRESS WEIGHT"},
	{"a.b\n10.0.0.0/8 3\n", 2, 1,
		"\"10.0.0.0/8\" is no IP address: write ADDRESS WEIGHT"},
	{"a.b\n10.0.0.1 0\n", 2, 10, "\"0\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1   256", 2, 12,
		"\"256\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 -1\n", 2, 10,
		"\"-1\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 +1\n", 2, 10,
		"\"+1\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 1.5\n", 2, 10,
		"\"1.5\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 18446744073709551617\n", 2, 10,
		"\"18446744073709551617\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 3#\n", 2, 10,
		"\"3#\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 3 x y\n", 2, 12,
		"\"x\" is one word too many: write ADDRESS WEIGHT; # begins a comment"},
	{"a..b\n", 1, 1, "\"a..b\" is no domain name: write one such as www.example.com"},
	{".a\n", 1, 1, "\".a\" is no domain name: write one such as www.example.com"},
	{"a\\", 1, 1, "\"a\\\" is no domain name: write one such as www.example.com"},
	{"a\\300\n", 1, 1,
		"\"a\\300\" is no domain name: write one such as www.example.com"},
	{"x." LONG_LABEL "\n", 1, 1,
		"\"x.a123456789b123456789c123456789d1234567...\" is too long: a label "
		"has at most 63 octets, a name 255"},
	{"a.b\n10.0.0.1 \x1b[31m\n", 2, 10,
		"\"?[31m\" is no weight: write a number from 1 to 255"},
	{"a.b\n10.0.0.1 \"3\"\n", 2, 10,
		"\"?3?\" is no weight: write a number from 1 to 255"},
};

START_TEST(bad_file)
{
	static const char before[] = "stands.\n10.0.0.1 77\n";

	ck_assert_int_eq(parse(before, sizeof(before) - 1), 0);
	ck_assert_int_eq(parse(bad[_i].text, strlen(bad[_i].text)), -EINVAL);
	ck_assert_str_eq(e.text, bad[_i].error);
	ck_assert_uint_eq(e.line, bad[_i].line);
	ck_assert_uint_eq(e.column, bad[_i].column);
	ck_assert_uint_eq(weight("stands.", "10.0.0.1"), 77); /* untouched */
}
END_TEST

START_TEST(zero_octets)
{
	ck_assert_int_eq(parse("a\0b\n", 4), -EINVAL);
	ck_assert_str_eq(
		e.text, "\"a?b\" is no domain name: write one such as www.example.com");
	ck_assert_int_eq(parse("a\n10.0.0.1\0 3\n", 14), -EINVAL);
	ck_assert_str_eq(e.text, "\"10.0.0.1?\" is no IP address: write ADDRESS WEIGHT");
	ck_assert_int_eq(parse("a\n10.0.0.1 3\0\n", 14), -EINVAL);
	ck_assert_str_eq(e.text, "\"3?\" is no weight: write a number from 1 to 255");
}
END_TEST

/* Two weights of an address: the first stands, and the first such line is told. */
START_TEST(two_weights)
{
	static const char text[] =
		"a.b\n10.0.0.2 5\n10.0.0.1 3\n10.0.0.1 3\nc.d\n10.0.0.1 8\n"
		"A.B.\n  ::ffff:10.0.0.1 4\n10.0.0.2 6\n10.0.0.1 9\n";

	ck_assert_int_eq(parse(text, sizeof(text) - 1), 0);
	ck_assert_uint_eq(e.line, 8);
	ck_assert_uint_eq(e.column, 3);
	ck_assert_str_eq(e.text, "the address has weight 3 already in line 3, which "
				 "stands: remove one");
	ck_assert_uint_eq(weight("a.b.", "10.0.0.1"), 3);
	ck_assert_uint_eq(weight("a.b.", "10.0.0.2"), 5);
	ck_assert_uint_eq(weight("c.d.", "10.0.0.1"), 8);
	ck_assert_uint_eq(table->naddrs, 3);
}
END_TEST

/* ---- how many ---- */

/* `names` names with `each` addresses, and one line more. */
static char *many(unsigned names, unsigned each, const char *more, size_t *len)
{
	size_t cap = (size_t)names * 16 + (size_t)names * each * 24 + 64;
	char *text = malloc(cap);

	ck_assert_ptr_nonnull(text);
	*len = 0;
	for (unsigned i = 0; i < names; i++) {
		*len += (size_t)snprintf(text + *len, cap - *len, "n%u.x\n", i);
		for (unsigned k = 0; k < each; k++)
			*len += (size_t)snprintf(text + *len, cap - *len,
				"10.%u.%u.%u %u\n", k / 65536, k / 256 % 256, k % 256,
				(i + k) % 255 + 1);
	}
	*len += (size_t)snprintf(text + *len, cap - *len, "%s", more);
	return text;
}

static const struct {
	unsigned names, each;
	const char *more, *error;
} full[] = {
	{1024, 8, "", NULL},
	{1, 8192, "", NULL},
	{1024, 0, "", NULL},
	{1024, 8, "x.y\n", "\"x.y\" is one name too many: at most 1024 have weights"},
	{1024, 8, "10.9.9.9 3\n",
		"\"10.9.9.9\" is one address too many: at most 8192 have weights"},
};

START_TEST(full_table)
{
	size_t len;
	char *text = many(full[_i].names, full[_i].each, full[_i].more, &len);
	int ret = parse(text, len);

	free(text);
	if (full[_i].error != NULL) {
		ck_assert_int_eq(ret, -EINVAL);
		ck_assert_str_eq(e.text, full[_i].error);
		ck_assert_uint_eq(e.line, 1024 * 9 + 1);
		return;
	}
	ck_assert_int_eq(ret, 0);
	ck_assert_uint_eq(table->naddrs, full[_i].names * full[_i].each);
	for (unsigned i = 0; i < full[_i].names && full[_i].each > 0; i++) {
		char name[16], addr[32];
		unsigned k = i * 31 % full[_i].each;

		snprintf(name, sizeof(name), "n%u.x.", i);
		snprintf(addr, sizeof(addr), "10.%u.%u.%u", k / 65536, k / 256 % 256,
			k % 256);
		ck_assert_uint_eq(weight(name, addr), (i + k) % 255 + 1);
	}
	/* The way through a settings block keeps it. */
	uint8_t *octets = mem_alloc(1, WEIGHTS_OCTETS_MAX);
	struct weights *again = mem_alloc(1, sizeof(*again));
	size_t n = weights_encode(table, octets);
	ck_assert_uint_le(n, WEIGHTS_OCTETS_MAX);
	ck_assert_int_eq(weights_decode(octets, n, again), 0);
	ck_assert_mem_eq(
		again->name, table->name, table->nnames * sizeof(table->name[0]));
	ck_assert_mem_eq(
		again->addr, table->addr, table->naddrs * sizeof(table->addr[0]));
	free(octets);
	free(again);
}
END_TEST

/* ---- octets of a snapshot are not trusted ---- */

static const char small[] = "a.b\n10.0.0.1 3\n10.0.0.2 4\nc.d\n10.0.0.1 5\n";

START_TEST(damaged)
{
	static uint8_t octets[WEIGHTS_OCTETS_MAX];
	struct weights *w = mem_alloc(1, sizeof(*w)), *out = mem_alloc(1, sizeof(*out));

	ck_assert_int_eq(parse(small, sizeof(small) - 1), 0);
	for (int change = -1; change < 10; change++) {
		memcpy(w, table, sizeof(*w));
		struct weights_name *n = w->name;
		unsigned two = n[0].count == 2 ? 0 : 1; /* which has two addresses */
		struct weights_addr *a = &w->addr[n[two].first];

		switch (change) {
		case 0:
			a[1].weight = 0;
			break;
		case 1: /* twice */
			a[1] = a[0];
			break;
		case 2: /* not in order */
			a[0].octets[15] = 9;
			break;
		case 3:
			n[1].hash = n[0].hash;
			break;
		case 4:
			n[0].hash.path = UINT64_MAX;
			break;
		case 5: /* more than there are */
			n[two].count++;
			break;
		case 6: /* fewer */
			n[two].count--;
			break;
		case 7: /* none */
			n[0].count = 0;
			n[1].count = 3;
			break;
		case 8: /* sums that wrap */
			n[0].count = UINT32_MAX;
			n[1].count = 4;
			break;
		case 9:
			n[0].count = 4;
			n[1].count = UINT32_MAX;
			break;
		default: /* as it was */
			break;
		}
		size_t len = weights_encode(w, octets);
		ck_assert_msg(
			weights_decode(octets, len, out) == (change < 0 ? 0 : -EBADMSG),
			"change %d", change);
	}
	free(w);
	free(out);
}
END_TEST

START_TEST(cut_or_counted_wrong)
{
	static uint8_t octets[WEIGHTS_OCTETS_MAX];
	static const uint32_t counts[][2] = {{WEIGHTS_NAMES_MAX + 1, 3},
		{2, WEIGHTS_ADDRS_MAX + 1}, {UINT32_MAX, 3}, {2, UINT32_MAX}, {3, 3},
		{1, 3}, {2, 4}, {0, 0}, {0, 3}, {2, 0}};
	struct weights *out = mem_alloc(1, sizeof(*out));

	ck_assert_int_eq(parse(small, sizeof(small) - 1), 0);
	size_t len = weights_encode(table, octets);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact_copy(octets, cut);

		ck_assert_int_eq(weights_decode(copy, cut, out), -EBADMSG);
		free(copy);
	}
	ck_assert_int_eq(weights_decode(octets, len + 1, out), -EBADMSG);
	for (unsigned i = 0; i < ARRAY_LEN(counts); i++) {
		memcpy(octets + 16, counts[i], 8);
		ck_assert_int_eq(weights_decode(octets, len, out), -EBADMSG);
	}
	free(out);
}
END_TEST

static void setup(void)
{
	table = mem_alloc(1, sizeof(*table));
}

static void teardown(void)
{
	free(table);
}

int main(void)
{
	TCase *tc = tcase_create("weights");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_file);
	tcase_add_test(tc, ends);
	tcase_add_test(tc, odd_names);
	tcase_add_loop_test(tc, bad_file, 0, ARRAY_LEN(bad));
	tcase_add_test(tc, zero_octets);
	tcase_add_test(tc, two_weights);
	tcase_add_loop_test(tc, full_table, 0, ARRAY_LEN(full));
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, cut_or_counted_wrong);
	return run_case("weights", tc);
}
