/* test_selector.c - label selectors: what is one, and what it matches (RO-07, RO-08) */
#include "conf/selector.h"

#include "support.h"

struct pair {
	const char *key, *value;
};

static const char *label(const void *arg, const char *key)
{
	for (const struct pair *p = arg; p->key != NULL; p++)
		if (strcmp(p->key, key) == 0)
			return p->value;
	return NULL;
}

/* The object of all matches. */
static const struct pair labels[] = {
	{"app", "web"}, {"tier", ""}, {"k8s.io/name", "x.y_Z-1"}, {NULL, NULL}};

static const struct {
	const char *text;
	bool match;
} matches[] = {
	{"", true},
	{"  ", true},
	{"app", true},
	{"other", false},
	{"!app", false},
	{"! other", true},
	{"app=web", true},
	{"app==web", true},
	{"app = db", false},
	{"app!=web", false},
	{"app != db", true},
	{"other!=db", true}, /* as in Kubernetes: holds without the label */
	{"other=", false},
	{"tier=", true},
	{"tier", true},
	{"app in (db,web)", true},
	{"app in(web)", true},
	{"app in (db, cache)", false},
	{"other in (web)", false},
	{"app notin (web)", false},
	{"app notin (db)", true},
	{"other notin (web)", true},
	{"tier in (,x)", true},
	{"in in (in)", false},
	{"k8s.io/name=x.y_Z-1", true},
	{"k8s.io/name=X.y_Z-1", false},
	{"app=web,tier,!other", true},
	{"app=web , tier=x", false},
	{"app in (web),app!=db", true},
};

START_TEST(matching)
{
	struct selector s;
	const char *why;
	size_t at;

	ck_assert_msg(selector_parse(matches[_i].text, &s, &at, &why) == 0, "\"%s\"",
		matches[_i].text);
	ck_assert_msg(selector_matches(&s, label, labels) == matches[_i].match, "\"%s\"",
		matches[_i].text);
	selector_fini(&s);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *text;
	size_t at;
} faults[] = {
	{"=a", 0},
	{"a,", 2},
	{",a", 0},
	{"a b", 2},
	{"a in", 4},
	{"a in b", 5},
	{"a in (", 6},
	{"a in ()", 6},
	{"a in (b", 7},
	{"a in (b) c", 9},
	{"a>1", 1},
	{"a=b=c", 3},
	{"a=!b", 2},
	{"!", 1},
	{"!a=b", 2},
	{"-a", 0},
	{"a-", 0},
	{"a=b_", 2},
	{"a=\xc3\xa4", 2},
	{"/a", 0},
	{"A/a", 0},
	{"a..b/c", 1},
	{"a/", 2},
	{"a/b/c", 3},
	{X63 "x", 0},
	{"a=" X63 "x", 2},
};

START_TEST(refused)
{
	struct selector s = {.n = 77};
	const char *why = NULL;
	size_t at = 99;

	ck_assert_msg(selector_parse(faults[_i].text, &s, &at, &why) < 0, "\"%s\"",
		faults[_i].text);
	ck_assert_msg(at == faults[_i].at, "\"%s\": at %zu", faults[_i].text, at);
	ck_assert_ptr_nonnull(why);
	ck_assert_uint_eq(s.n, 77); /* untouched */
}
END_TEST

START_TEST(longest)
{
	struct selector s;
	const char *why;
	size_t at;

	ck_assert_int_eq(selector_parse(X63 "=" X63, &s, &at, &why), 0);
	ck_assert_uint_eq(s.n, 1);
	ck_assert_str_eq(s.requirement[0].key, X63);
	ck_assert_str_eq(s.requirement[0].values[0], X63);
	selector_fini(&s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("selector");

	tcase_add_loop_test(tc, matching, 0, ARRAY_LEN(matches));
	tcase_add_loop_test(tc, refused, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, longest);
	return run_case("selector", tc);
}
