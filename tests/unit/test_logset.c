/*
 * test_logset.c - `query_log` from its text: findings, and the settings it makes (SM-02)
 */
#include "conf_support.h"
#include "controller/records/options.h"

static const struct row rows[] = {
	{"SM-02 all of it",
		FILES "query_log = { format = \"kv\"; classes = [\"denial\", \"error\"]; "
		      "names = [\"a.\", \"10.0.0.0/8\"]; sample = 0.25; };\n"
		      "privacy = \"prefix\";",
		NULL, ""},
	{"SM-02 whole numbers", FILES "query_log = { sample = 1; };",
		"query_log = { format = \"json\"; };", ""},
	{"SM-02 its words",
		FILES "query_log = { format = \"yes\"; classes = [\"succes\"]; };", NULL,
		"a:2:24: error: query_log.format: \"yes\" is not known — write one of "
		"\"off\", \"kv\", \"json\", \"coredns\"\n"
		"a:2:42: error: query_log.classes[0]: \"succes\" does not fit here — "
		"write a list of \"success\", \"denial\", \"error\", \"all\"\n"},
	{"SM-02 fractions", FILES "query_log = { sample = 1.5; };", NULL,
		"a:2:24: error: query_log.sample: \"1.5\" does not fit here — write a "
		"number from 0 to 1, such as 0.25\n"},
	{"SM-02 ... below", FILES "query_log = { sample = -0.5; };", NULL,
		"a:2:24: error: query_log.sample: \"-0.5\" does not fit here — write a "
		"number from 0 to 1, such as 0.25\n"},
	{"SM-02 ... as strings", FILES "query_log = { sample = \"0.5\"; };", NULL,
		"a:2:24: error: query_log.sample: \"0.5\" does not fit here — write a "
		"number from 0 to 1, such as 0.25\n"},
	{"SM-02 ... too fine", FILES "query_log = { sample = 0.0000001; };", NULL,
		"a:2:24: error: query_log.sample: \"0.0000001\" does not fit here — "
		"write a number from 0 to 1, such as 0.25\n"},
	{"SM-02 ... with exponents", FILES "query_log = { sample = 1e-3; };", NULL,
		"a:2:24: error: query_log.sample: \"1e-3\" does not fit here — write a "
		"number from 0 to 1, such as 0.25\n"},
	{"SM-02 nothing to log",
		FILES "query_log = { format = \"kv\"; classes = []; names = []; };", NULL,
		"a:2:40: error: query_log.classes: is empty: nothing would be logged — "
		"write [ \"all\" ], or format = \"off\"\n"
		"a:2:52: error: query_log.names: is empty: nothing would be logged — "
		"write [ \".\" ] for all, or format = \"off\"\n"},
	{"LG-04 its word", FILES "privacy = \"none\";", NULL,
		"a:2:11: error: privacy: \"none\" is not known — write one of \"off\", "
		"\"hash\", \"prefix\"\n"},
};

START_TEST(finding)
{
	check_row(&rows[_i]);
}
END_TEST

static struct querylog_settings settings_of(const char *text)
{
	static struct record_options options;
	struct conf_report r;
	struct conf c;

	parse(text, NULL, &c, &r);
	ck_assert_uint_eq(r.n, 0);
	options_from_conf(&c, NULL, 0, "host", &options);
	conf_fini(&c);
	conf_report_fini(&r);
	return options.settings.querylog;
}

START_TEST(made)
{
	struct querylog_settings q = settings_of(FILES);

	ck_assert_uint_eq(q.classes, 0); /* off */
	ck_assert_uint_eq(q.format, QUERYLOG_OFF);
	q = settings_of(FILES "query_log = { format = \"coredns\"; };");
	ck_assert_uint_eq(q.format, QUERYLOG_COREDNS);
	ck_assert_uint_eq(q.classes, QUERYLOG_CLASSES);
	ck_assert_uint_eq(q.sample, QUERYLOG_ALL);
	ck_assert_uint_eq(q.nnames, 0);
	q = settings_of(FILES
		"query_log = { format = \"json\"; classes = [\"denial\", \"error\"]; "
		"names = [\"A.example\", \"10.0.0.0/8\"]; sample = 0.000125; };\n"
		"privacy = \"hash\";");
	ck_assert_uint_eq(q.classes, QUERYLOG_DENIAL | QUERYLOG_ERROR);
	ck_assert_uint_eq(q.sample, 125);
	ck_assert_uint_eq(q.privacy, PRIVACY_HASH);
	ck_assert_uint_eq(q.nnames, 2);
	ck_assert_mem_eq(q.names[0].wire, "\1a\7example", 11);
	q = settings_of(FILES "query_log = { format = \"kv\"; classes = [\"error\", "
			      "\"all\"]; names = [\"a.\", \".\"]; sample = 0; };");
	ck_assert_uint_eq(q.classes, QUERYLOG_CLASSES);
	ck_assert_uint_eq(q.nnames, 0);
	ck_assert_uint_eq(q.sample, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("logset");

	tcase_add_loop_test(tc, finding, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tc, made);
	return run_case("logset", tc);
}
