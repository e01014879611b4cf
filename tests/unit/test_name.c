/* test_name.c - names: round trips, every cut, every length */
#include "dns/name.h"

#include <errno.h>

#include "support.h"

static const struct {
	const char *text;
	int ret;
	const char *wire; /* the NUL is the root label */
	const char *back; /* printed again; NULL: as it was */
} texts[] = {
	{".", 0, "", NULL},
	{"a.", 0, "\1a", NULL},
	{"a", 0, "\1a", "a."},
	{"Web.Prod.svc.cluster.local.", 0, "\3Web\4Prod\3svc\7cluster\5local", NULL},
	{"_http._tcp.a-b.", 0, "\5_http\4_tcp\3a-b", NULL},
	{"*.x.", 0, "\1*\1x", NULL},
	{"a\\.b.c.", 0, "\3a.b\1c", "a\\046b.c."},
	{"a\\\\b.", 0, "\3a\\b", "a\\092b."},
	{"\\255\\065.", 0, "\2\377A", "\\255A."},
	{"\\ x.", 0, "\2 x", "\\032x."},
	{"", -EINVAL, NULL, NULL},
	{"..", -EINVAL, NULL, NULL},
	{".a", -EINVAL, NULL, NULL},
	{"a..b", -EINVAL, NULL, NULL},
	{"a\\", -EINVAL, NULL, NULL},
	{"a\\25", -EINVAL, NULL, NULL},
	{"a\\2x5", -EINVAL, NULL, NULL},
	{"a\\256", -EINVAL, NULL, NULL},
	{"0123456789012345678901234567890123456789012345678901234567890123.x",
		-ENAMETOOLONG, NULL, NULL},
};

START_TEST(text_to_wire_and_back) /* W-22 */
{
	struct name n, before;
	char back[NAME_TEXT_MAX];

	memset(&n, 0x55, sizeof(n));
	before = n;
	ck_assert_msg(
		name_parse(texts[_i].text, &n) == texts[_i].ret, "%s", texts[_i].text);
	if (texts[_i].ret != 0) {
		ck_assert_mem_eq(&n, &before, sizeof(n));
		return;
	}
	ck_assert_uint_eq(n.len, strlen(texts[_i].wire) + 1);
	ck_assert_mem_eq(n.wire, texts[_i].wire, n.len);
	ck_assert_uint_eq(name_text(n.wire, n.len, back, sizeof(back)), strlen(back));
	ck_assert_str_eq(back, texts[_i].back != NULL ? texts[_i].back : texts[_i].text);
}
END_TEST

START_TEST(octets_survive_text)
{
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t wire[] = {3, 'a', (uint8_t)c, 'b', 0};
		char text[NAME_TEXT_MAX];
		struct name n;

		name_text(wire, sizeof(wire), text, sizeof(text));
		ck_assert_int_eq(name_parse(text, &n), 0);
		ck_assert_uint_eq(n.len, sizeof(wire));
		ck_assert_mem_eq(n.wire, wire, sizeof(wire));
	}
}
END_TEST

/* A name of exactly `len` octets, 3 to 257: labels of 63, then what is left. */
static size_t long_name(size_t len, uint8_t *wire, char fill)
{
	size_t at = 0;

	while (len - at > 1) {
		size_t n = MIN(len - at - 2, 63);

		if (len - at - 1 - (n + 1) == 1) /* an only octet left makes no label */
			n--;
		wire[at] = (uint8_t)n;
		memset(wire + at + 1, fill, n);
		at += 1 + n;
	}
	wire[at++] = 0;
	return at;
}

START_TEST(longest) /* W-19, W-20 */
{
	uint8_t wire[300];
	char text[NAME_TEXT_MAX];
	struct name n;

	for (size_t len = 3; len <= 257; len++) {
		ck_assert_uint_eq(long_name(len, wire, '\0'), len);
		ck_assert_uint_eq(name_scan(wire, sizeof(wire)), len <= 255 ? len : 0);
	}
	long_name(255, wire, '\0');
	ck_assert_uint_eq(name_text(wire, 255, text, sizeof(text)), 250 * 4 + 4);
	ck_assert_int_eq(name_parse(text, &n), 0);
	ck_assert_mem_eq(n.wire, wire, 255);
	/* One more octet: no name. */
	memmove(text + 1, text, strlen(text) + 1);
	text[0] = 'x';
	ck_assert_int_eq(name_parse(text, &n), -ENAMETOOLONG);
}
END_TEST

START_TEST(scan_at_every_cut) /* W-18, W-20 */
{
	static const uint8_t wire[] = "\3web\4prod\3svc\7cluster\5local";

	for (size_t len = 0; len <= sizeof(wire); len++) {
		uint8_t *p = exact_copy(wire, len);

		ck_assert_uint_eq(name_scan(p, len), len == sizeof(wire) ? len : 0);
		free(p);
	}
	for (unsigned type = 64; type < 256; type++) {
		const uint8_t bad[] = {1, 'a', (uint8_t)type, 0, 0};

		ck_assert_uint_eq(name_scan(bad, sizeof(bad)), 0);
	}
}
END_TEST

#define MESSAGE                                                                          \
	"\3Web\0"                  /* 0 */                                               \
	"\4prod\xc0\0"             /* 5: a pointer to 0 */                               \
	"\1a\1b\xc0\5"             /* 12: and one more */                                \
	"\xc0\x12\xc0\x14\xc0\xff" /* 18: to itself, itself, behind the end */           \
	"\1c\xc0\x18\xc0\x1c"      /* 24: back into its own run; 28: itself */           \
	"\x40"                                                                           \
	"\x80"                                                                           \
	"\5abc" /* 30, 31, 32: other types, and an early end */

static const struct {
	size_t at, behind; /* 0: there is no name */
	const char *text;
} expanded[] = {
	{0, 5, "Web."},
	{1, 0, NULL},
	{4, 5, "."},
	{5, 12, "prod.Web."},
	{12, 18, "a.b.prod.Web."},
	{14, 18, "b.prod.Web."},
	{18, 0, NULL},
	{20, 0, NULL},
	{22, 0, NULL},
	{24, 0, NULL},
	{28, 0, NULL},
	{30, 0, NULL},
	{31, 0, NULL},
	{32, 0, NULL},
	{35, 0, NULL},
	{36, 0, NULL},
	{SIZE_MAX, 0, NULL},
};

START_TEST(expand_pointers) /* RFC 1035, section 4.1.4 */
{
	size_t len = sizeof(MESSAGE) - 1;
	uint8_t *msg = exact_copy(MESSAGE, len);
	struct name n;
	char text[NAME_TEXT_MAX];

	ck_assert_uint_eq(len, 36);
	size_t behind = name_expand(msg, len, expanded[_i].at, &n);
	ck_assert_uint_eq(behind, expanded[_i].behind);
	if (behind > 0) {
		name_text(n.wire, n.len, text, sizeof(text));
		ck_assert_str_eq(text, expanded[_i].text);
	}
	free(msg);
}
END_TEST

/* 255 octets by pointers are a name, 256 are none; so is one that ends too early. */
START_TEST(expand_longest)
{
	uint8_t msg[5 * 64];
	struct name n;
	size_t at = 0;

	for (unsigned labels = 0; labels < 4; labels++) {
		size_t size = labels == 0 ? 61 : 63; /* three of 64 octets, one of 62 */

		msg[at] = (uint8_t)size;
		memset(msg + at + 1, 'x', size);
		at += 1 + size;
	}
	msg[at++] = 0;
	ck_assert_uint_eq(name_expand(msg, at, 0, &n), at);
	ck_assert_uint_eq(n.len, NAME_MAX_LEN);
	for (size_t len = 0; len < at; len++) {
		uint8_t *cut = exact_copy(msg, len);

		ck_assert_uint_eq(name_expand(cut, len, 0, &n), 0);
		free(cut);
	}
	memcpy(msg + at, "\1y\xc0\0", 4);
	ck_assert_uint_eq(name_expand(msg, at + 4, at + 2, &n), at + 4);
	ck_assert_uint_eq(name_expand(msg, at + 4, at, &n), 0);
}
END_TEST

START_TEST(text_is_cut_to_fit)
{
	static const uint8_t wire[] = "\3a.b\1c";

	for (size_t cap = 0; cap < 12; cap++) {
		char *out = malloc(cap + 1);
		size_t n = name_text(wire, sizeof(wire), out, cap);

		ck_assert_uint_eq(n, cap < 2 ? 0 : cap < 6 ? 1 : cap < 10 ? cap - 1 : 9);
		if (cap > 0)
			ck_assert_int_eq(strncmp(out, "a\\046b.c.", n), 0);
		free(out);
	}
}
END_TEST

START_TEST(fold_at_every_length)
{
	uint8_t src[80], dst[81];

	for (size_t shift = 0; shift < 256; shift++) {
		size_t len = shift % 80;

		for (size_t i = 0; i < sizeof(src); i++)
			src[i] = (uint8_t)(i * 3 + shift);
		memset(dst, 0xee, sizeof(dst));
		uint8_t *p = exact_copy(src, len);
		name_fold(dst, p, len);
		for (size_t i = 0; i < len; i++)
			ck_assert_uint_eq(dst[i],
				src[i] >= 'A' && src[i] <= 'Z' ? src[i] + 32u : src[i]);
		ck_assert_uint_eq(dst[len], 0xee);
		name_fold(p, p, len); /* in place */
		ck_assert_mem_eq(p, dst, len);
		free(p);
	}
}
END_TEST

START_TEST(labels_and_prefixes)
{
	uint8_t wire[255];
	size_t len = name_wire("a.bb.ccc.", wire);
	static const size_t prefix[] = {0, 2, 5, 9, 0, 0};

	ck_assert_uint_eq(name_labels(wire, len), 3);
	for (unsigned n = 0; n < ARRAY_LEN(prefix); n++)
		ck_assert_uint_eq(name_prefix(wire, len, n), prefix[n]);
	ck_assert_uint_eq(name_labels(wire + 9, 1), 0);
}
END_TEST

static const struct {
	const char *name, *zone;
	bool under;
} unders[] = {
	{"cluster.local.", "cluster.local.", true},
	{"a.cluster.local.", "cluster.local.", true},
	{"a.b.c.cluster.local.", "cluster.local.", true},
	{"x.", ".", true},
	{"local.", "cluster.local.", false},
	{"a.cluster.locam.", "cluster.local.", false},
	/* The octets of the zone inside a label: no border stands there. */
	{"abc\\007cluster.local.", "cluster.local.", false},
	{"\\007cluster\\005local.", "cluster.local.", false},
};

START_TEST(under)
{
	uint8_t name[255], zone[255];
	size_t n = name_wire(unders[_i].name, name), z = name_wire(unders[_i].zone, zone);

	ck_assert_msg(name_under(name, n, zone, z) == unders[_i].under, "%s in %s",
		unders[_i].name, unders[_i].zone);
	ck_assert(!name_under(name, n, zone, 0));
}
END_TEST

START_TEST(equal_but_for_case)
{
	ck_assert(name_equal((const uint8_t *)"\1A", 3, (const uint8_t *)"\1a", 3));
	ck_assert(!name_equal((const uint8_t *)"\1a", 3, (const uint8_t *)"\1b", 3));
	ck_assert(!name_equal((const uint8_t *)"\1a", 3, (const uint8_t *)"\1a", 2));
	/* '[' is not the upper case of '{' (RFC 4343). */
	ck_assert(!name_equal((const uint8_t *)"\1[", 3, (const uint8_t *)"\1{", 3));
	/* every place of longer ones: a letter of another case, and another octet */
	for (size_t len = 1; len <= 40; len++) {
		uint8_t first[40], second[40];
		uint8_t *a = first + 40 - len, *b = second + 40 - len;

		for (size_t at = 0; at < len;
			at++) { /* nothing is read behind the last */
			memset(a, 'q', len);
			memset(b, 'q', len);
			a[at] = 'Q';
			ck_assert(name_equal(a, len, b, len));
			a[at] = 'Q' | 0x80;
			ck_assert(!name_equal(a, len, b, len));
		}
	}
}
END_TEST

START_TEST(canonical_order) /* the list of RFC 4034, section 6.1 */
{
	static const char *const order[] = {"example.", "a.example.",
		"yljkjljk.a.example.", "z.a.example.", "zabc.a.example.", "z.example.",
		"\\001.z.example.", "*.z.example.", "\\200.z.example."};
	uint8_t a[255], b[255];

	for (int i = 0; i < (int)ARRAY_LEN(order); i++)
		for (int j = 0; j < (int)ARRAY_LEN(order); j++) {
			size_t na = name_wire(order[i], a), nb = name_wire(order[j], b);
			int c = name_compare(a, na, b, nb);

			ck_assert_msg((c < 0) == (i < j) && (c > 0) == (i > j), "%s %s",
				order[i], order[j]);
		}
}
END_TEST

START_TEST(build_from_the_left)
{
	static const uint8_t zone[] = "\7Cluster\5local";
	struct name n = {0}, before;
	char text[NAME_TEXT_MAX];

	ck_assert_int_eq(name_push(&n, "Web", 3), 0);
	before = n;
	ck_assert_int_eq(name_push(&n, "", 0), -EINVAL);
	ck_assert_int_eq(name_push(&n, text, 64), -EINVAL);
	ck_assert_mem_eq(&n, &before, sizeof(n));
	ck_assert_int_eq(name_end(&n, zone, sizeof(zone)), 0);
	name_text(n.wire, n.len, text, sizeof(text));
	ck_assert_str_eq(text, "web.cluster.local.");
}
END_TEST

START_TEST(build_up_to_255) /* NB-01 */
{
	char label[63];
	struct name n = {0}, full;

	memset(label, 'x', sizeof(label));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(name_push(&n, label, 63), 0);
	full = n;
	ck_assert_int_eq(name_push(&full, label, 62), -ENAMETOOLONG);
	ck_assert_uint_eq(full.len, 192);
	ck_assert_int_eq(name_push(&full, label, 61), 0);
	ck_assert_int_eq(name_push(&full, label, 1), -ENAMETOOLONG);
	ck_assert_int_eq(name_end(&full, (const uint8_t *)"\1a", 3), -ENAMETOOLONG);
	ck_assert_int_eq(name_end(&full, (const uint8_t *)"", 1), 0);
	ck_assert_uint_eq(full.len, 255);
	ck_assert_uint_eq(name_scan(full.wire, 255), 255);
}
END_TEST

START_TEST(pointers_to_pointers) /* V-01: each leads to the one before, up to 127 */
{
	uint8_t msg[1 + 2 * 200] = {0};
	struct name n;

	for (unsigned i = 0; i < 200; i++) {
		size_t at = 1 + 2 * i;

		store_u16(msg + at, (uint16_t)(0xc000 | (i == 0 ? 0 : at - 2)));
		ck_assert_uint_eq(
			name_expand(msg, sizeof(msg), at, &n), i < 127 ? at + 2 : 0);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("name");

	tcase_add_loop_test(tc, text_to_wire_and_back, 0, ARRAY_LEN(texts));
	tcase_add_test(tc, octets_survive_text);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, scan_at_every_cut);
	tcase_add_loop_test(tc, expand_pointers, 0, ARRAY_LEN(expanded));
	tcase_add_test(tc, expand_longest);
	tcase_add_test(tc, text_is_cut_to_fit);
	tcase_add_test(tc, fold_at_every_length);
	tcase_add_test(tc, labels_and_prefixes);
	tcase_add_loop_test(tc, under, 0, ARRAY_LEN(unders));
	tcase_add_test(tc, equal_but_for_case);
	tcase_add_test(tc, canonical_order);
	tcase_add_test(tc, build_from_the_left);
	tcase_add_test(tc, build_up_to_255);
	tcase_add_test(tc, pointers_to_pointers);
	return run_case("name", tc);
}
