/*
 * test_confzone.c - the configuration of zones from files: every finding word for word
 *
 * Rows: SM-11, FE-44.
 */
#include "conf_support.h"

#define ZONE(name) "zone = ( { name = \"" name "\"; file = \"f\"; } );"

static const struct row rows[] = {
	{"SM-11 a zone", FILES ZONE("example.com."), NULL, ""},
	{"SM-11 what a zone must have", FILES "zone = ( { } );", NULL,
		"a:2:10: error: zone[0]: has no name — add for example name = "
		"\"example.com.\"\n"
		"a:2:10: error: zone[0]: has no file — add for example file = "
		"\"example.com.zone\"\n"},
	{"SM-11 a reverse zone below the cluster's", FILES ZONE("2.0.192.in-addr.arpa."),
		NULL, ""},
	{"FT-04 a zone of the cluster", FILES ZONE("svc.cluster.local."), NULL,
		"a:2:19: error: zone[].name: \"svc.cluster.local.\" is in the "
		"cluster's zone "
		"\"cluster.local.\" — take it out here or in kubernetes.zones\n"},
	{"FT-04 a reverse zone of the cluster itself", FILES ZONE("ip6.arpa."), NULL,
		"a:2:19: error: zone[].name: \"ip6.arpa.\" is in the cluster's zone "
		"\"ip6.arpa.\" — take it out here or in kubernetes.zones\n"},
	{"SM-11 the root", FILES ZONE("."), NULL,
		"a:2:19: error: zone[].name: \".\" would be all names — write the "
		"zone of "
		"the file\n"},
	{"SM-11 twice",
		FILES "zone = ( { name = \"a.b\"; file = \"f\"; },\n"
		      "{ name = \"A.B.\"; file = \"g\"; } );",
		NULL,
		"a:3:10: error: zone[].name: the zone \"a.b.\" is there twice, see "
		"line 2 — "
		"take one out\n"},
	{"SM-11 forwarded, but ours",
		FILES
		"forward = ( { from = \"x.a.b\"; to = [\"10.0.0.1\"]; } );\n" ZONE("a.b"),
		NULL,
		"a:2:22: warning: forward[].from: \"x.a.b.\" is in a zone of ours: "
		"nobody is "
		"asked — set zone[].fallthrough, or take one out\n"},
};

START_TEST(findings)
{
	check_row(&rows[_i]);
}
END_TEST

static const struct {
	const char *base_dir, *file, *found;
} files[] = {
	{"", "f", "/etc/x/f"},
	{"", "/f", "/f"},
	{"/zones", "f", "/zones/f"},
	{"zones", "f", "/etc/x/zones/f"},
	{"/zones", "/f", "/f"},
};

START_TEST(finds_files) /* FE-44 */
{
	struct conf_bundle bundle = {0};
	struct conf_report r = {0};
	struct conf c;
	char text[256];

	snprintf(text, sizeof(text),
		FILES "base_dir = \"%s\"; zone = ( { name = \"a\"; file = \"%s\"; } );",
		files[_i].base_dir, files[_i].file);
	conf_bundle_add(&bundle, "/etc/x/c", text, strlen(text));
	ck_assert_int_eq(conf_parse(bundle.data, bundle.len, &c, &r), 0);
	ck_assert_str_eq(c.zone[0].file, files[_i].found);
	ck_assert_uint_eq(c.zone[0].reload_ns, 60 * NS_PER_S);
	ck_assert(!c.zone[0].fallthrough);
	conf_fini(&c);
	conf_report_fini(&r);
	conf_bundle_fini(&bundle);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, findings, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(tc, finds_files, 0, (int)ARRAY_LEN(files));
	return run_case("confzone", tc);
}
