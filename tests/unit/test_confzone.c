/*
 * test_confzone.c - the configuration of zones from files: every finding word for word
 *
 * Rows: SM-11, FE-03, FE-44.
 */
#include "base/pattern.h"
#include "conf/dirzone.h"

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
	{"FE-03 a directory",
		FILES "zones = { directory = \"d\"; pattern = \"^(.+)[.](.+)$\"; "
		      "name = \"{2}.{1}.example\"; rescan = \"0s\"; };",
		NULL, ""},
	{"FE-03 no pattern", FILES "zones = { directory = \"d\"; pattern = \"db.(\"; };",
		NULL,
		"a:2:38: error: zones.pattern: \"db.(\" is no regular expression: "
		"Unmatched ( or \\( — see regex(7)\n"},
	{"FE-03 a pattern that takes for ever",
		FILES "zones = { directory = \"d\"; pattern = \"(a)\\\\1\"; };", NULL,
		"a:2:38: error: zones.pattern: \"(a)\\1\" is no regular expression: "
		"back-references are not offered — see regex(7)\n"},
	{"FE-03 a group that is not there",
		FILES "zones = { directory = \"d\"; name = \"{2}\"; };", NULL,
		"a:2:35: error: zones.name: \"{2}\": the pattern has no such group in () "
		"— write one such as \"{1}\" or \"{1}.example.\"\n"},
	{"FE-03 as Go writes it", FILES "zones = { directory = \"d\"; name = \"{x}\"; };",
		NULL,
		"a:2:35: error: zones.name: \"{x}\": in {} stands the number of a group, "
		"{1} to {9} — write one such as \"{1}\" or \"{1}.example.\"\n"},
	{"FE-03 one zone for all",
		FILES "zones = { directory = \"d\"; name = \"example.com\"; };", NULL,
		"a:2:35: error: zones.name: \"example.com\": all files would be of one "
		"zone — write one such as \"{1}\" or \"{1}.example.\"\n"},
	{"FE-03 as CoreDNS has it", FILES "auto = { directory = \"d\"; };", NULL,
		"a:2:1: error: auto: unknown key — write zones = { directory = \"...\"; "
		"}\n"},
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
		FILES "base_dir = \"%s\"; zone = ( { name = \"a\"; file = \"%s\"; } ); "
		      "zones = { directory = \"%s\"; };",
		files[_i].base_dir, files[_i].file, files[_i].file);
	conf_bundle_add(&bundle, "/etc/x/c", text, strlen(text));
	ck_assert_int_eq(conf_parse(bundle.data, bundle.len, &c, &r), 0);
	ck_assert_str_eq(c.zone[0].file, files[_i].found);
	ck_assert_uint_eq(c.zone[0].reload_ns, 60 * NS_PER_S);
	ck_assert(!c.zone[0].fallthrough);
	ck_assert_str_eq(c.zones.directory, files[_i].found);
	ck_assert_uint_eq(c.zones.rescan_ns, 60 * NS_PER_S);
	conf_fini(&c);
	conf_report_fini(&r);
	conf_bundle_fini(&bundle);
}
END_TEST

static const struct {
	const char *pattern, *name, *file;
	enum dirzone what;
	const char *zone;
} dirzones[] = {
	{"db\\.(.*)", "{1}", "db.example.com", DIRZONE_NAMED, "example.com."},
	{"db\\.(.*)", "{1}", "db.Example.COM.", DIRZONE_NAMED, "example.com."},
	{"db\\.(.*)", "{1}", "old-db.example.com", DIRZONE_NAMED, "example.com."},
	{"^db\\.(.*)", "{1}", "old-db.example.com", DIRZONE_OTHER, ""},
	{"db\\.(.*)", "{1}.internal.", "db.a_b-c", DIRZONE_NAMED, "a_b-c.internal."},
	{"(.*)\\.zone$", "{1}", "10.in-addr.arpa.zone", DIRZONE_NAMED,
		"10.in-addr.arpa."},
	{"^([a-z]+)-(x|y)*(.+)$", "{3}.{2}{1}", "ab-.c", DIRZONE_NO_NAME, ""},
	{"^([a-z]+)-(x|y)*(.+)$", "{3}.{2}{1}", "ab-c", DIRZONE_NAMED, "c.ab."},
	{"^([a-z]+)-(x|y)*(.+)$", "{3}.{2}{1}", "ab-xyc", DIRZONE_NAMED, "c.yab."},
	{"a", "{0}b", "xay", DIRZONE_NAMED, "ab."},
	{"db\\.(.*)", "{1}", "example.com", DIRZONE_OTHER, ""},
	{"db\\.(.*)", "{1}", "db.", DIRZONE_NO_NAME, ""},
	{"db\\.(.*)", "{1}", "db..", DIRZONE_NO_NAME, ""}, /* the root */
	{"db\\.(.*)", "{1}", "db.a b", DIRZONE_NO_NAME, ""},
	{"db\\.(.*)", "{1}", "db.a..b", DIRZONE_NO_NAME, ""},
	{"db\\.(.*)", "{1}", "db.*.example", DIRZONE_NO_NAME, ""},
	{"db\\.(.*)", "{1}", "db.a\\.b", DIRZONE_NO_NAME, ""},
	{"db\\.(.*)", "{1}",
		"db.0123456789012345678901234567890123456789012345678901234567890123",
		DIRZONE_NO_NAME, ""},
	{"db\\.(.*)",
		"{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}{1}",
		"db.example.com.", DIRZONE_NO_NAME, ""}, /* too long */
	{"db\\.(.*)", "{1}", "db.example.com~", DIRZONE_LEFTOVER, ""},
	{"db\\.(.*)", "{1}", "#db.example.com#", DIRZONE_LEFTOVER, ""},
	{"db\\.(.*)", "{1}", "db.example.com.bak", DIRZONE_LEFTOVER, ""},
	{"db\\.(.*)", "{1}", "db.example.com.jnl", DIRZONE_LEFTOVER, ""},
	{"db\\.(.*)", "{1}", "db.example.com.dpkg-old", DIRZONE_LEFTOVER, ""},
	{"db\\.(.*)", "{1}", "db.bak.example.com", DIRZONE_NAMED, "bak.example.com."},
};

START_TEST(names_files) /* FE-03 */
{
	char text[NAME_TEXT_MAX] = "", why[128];
	struct name n;
	regex_t re;

	ck_assert(pattern_groups(dirzones[_i].pattern, &re, why, sizeof(why)));
	ck_assert_ptr_null(dirzone_fault(dirzones[_i].name, re.re_nsub));
	ck_assert_int_eq(dirzone_name(&re, dirzones[_i].name, dirzones[_i].file, &n),
		dirzones[_i].what);
	if (dirzones[_i].what == DIRZONE_NAMED)
		name_text(n.wire, n.len, text, sizeof(text));
	ck_assert_str_eq(text, dirzones[_i].zone);
	regfree(&re);
}
END_TEST

static const struct {
	const char *name, *why;
} taken[] = {
	{"example.com", NULL},
	{"b.a", "has a file of its own in `zone`"},
	{"c.b.a", NULL},
	{"a", NULL},
	{"svc.cluster.local", "is in a zone of the cluster (kubernetes.zones)"},
	{"in-addr.arpa", "is in a zone of the cluster (kubernetes.zones)"},
	{"10.in-addr.arpa", NULL},
	{"local", NULL},
};

START_TEST(knows_taken) /* FE-03, FT-04 */
{
	struct conf_report r = {0};
	struct name n;
	struct conf c;

	parse(FILES ZONE("b.a"), NULL, &c, &r);
	ck_assert_int_eq(name_parse_plain(taken[_i].name, &n), 0);
	const char *why = dirzone_taken(&c, &n);
	ck_assert_str_eq(
		why != NULL ? why : "", taken[_i].why != NULL ? taken[_i].why : "");
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, findings, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(tc, finds_files, 0, (int)ARRAY_LEN(files));
	tcase_add_loop_test(tc, names_files, 0, (int)ARRAY_LEN(dirzones));
	tcase_add_loop_test(tc, knows_taken, 0, (int)ARRAY_LEN(taken));
	return run_case("confzone", tc);
}
