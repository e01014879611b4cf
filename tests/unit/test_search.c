/*
 * test_search.c - the names that a pod's resolver asks for
 *
 * Rows: OV-03.
 */
#include "ctl/search.h"

#include "support.h"

static const struct {
	const char *text, *from;
	unsigned n;
	const char *names[SEARCH_MAX];
} cases[] = {
	{"api.shop", "shop", 4,
		{"api.shop.shop.svc.cluster.local.", "api.shop.svc.cluster.local.",
			"api.shop.cluster.local.", "api.shop."}},
	{"api", NULL, 3, {"api.svc.cluster.local.", "api.cluster.local.", "api."}},
	{"api.shop.", "shop", 1, {"api.shop."}}, /* a final dot */
	{"API.shop.", "shop", 1, {"api.shop."}}, /* folded */
	{"a.b.c.d.e.f", "shop", 4,               /* ndots dots */
		{"a.b.c.d.e.f.", "a.b.c.d.e.f.shop.svc.cluster.local.",
			"a.b.c.d.e.f.svc.cluster.local.", "a.b.c.d.e.f.cluster.local."}},
	{"a.b.c.d.e", "x", 4,
		{"a.b.c.d.e.x.svc.cluster.local.", "a.b.c.d.e.svc.cluster.local.",
			"a.b.c.d.e.cluster.local.", "a.b.c.d.e."}},
};

START_TEST(walks)
{
	char text[NAME_TEXT_MAX];
	struct search s;
	struct name zone;

	ck_assert_int_eq(name_parse("cluster.local.", &zone), 0);
	ck_assert_int_eq(search_names(cases[_i].text, cases[_i].from, &zone, &s), 0);
	ck_assert_uint_eq(s.n, cases[_i].n);
	for (unsigned i = 0; i < s.n; i++) {
		name_text(s.name[i].wire, s.name[i].len, text, sizeof(text));
		ck_assert_str_eq(text, cases[_i].names[i]);
	}
}
END_TEST

/* Names that get too long behind the search list are left out; others are refused. */
START_TEST(limits)
{
	char text[NAME_TEXT_MAX] = "";
	struct search s;
	struct name zone;

	ck_assert_int_eq(name_parse("cluster.local.", &zone), 0);
	for (int i = 0; i < 239; i++)
		text[i] = i % 2 == 0 ? 'a' : '.';
	ck_assert_int_eq(search_names(text, "shop", &zone, &s), 0);
	ck_assert_uint_eq(s.n, 2); /* 239 octets: the zone alone fits behind it */
	ck_assert_int_lt(search_names("a..b", "shop", &zone, &s), 0);
	ck_assert_int_lt(search_names("", "shop", &zone, &s), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("search");

	tcase_add_loop_test(tc, walks, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, limits);
	return run_case("search", tc);
}
