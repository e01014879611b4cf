/* test_scan.c - what libconfig would misread or cannot place, word for word (CF rows) */
#include "conf_support.h"

/* CF-01, CF-07: numerals; CF-03, CF-04, CF-06, CF-08: syntax */
static const struct row scans[] = {
	{"CF-01 too large", FILES "workers = 3000000000;", NULL,
		"a:2:11: error: workers: \"3000000000\" does not fit 32 bits — write it "
		"with "
		"a unit or suffix\n"},
	{"CF-01 much too large", FILES "a = 99999999999;", NULL,
		"a:2:1: error: a: unknown key — the packaged shmdns.conf shows all keys\n"
		"a:2:5: error: a: \"99999999999\" does not fit 32 bits — write it with a "
		"unit "
		"or suffix\n"},
	{"CF-07 would be read as 5", FILES "workers = 4294967301;", NULL,
		"a:2:11: error: workers: \"4294967301\" does not fit 32 bits — write it "
		"with "
		"a unit or suffix\n"},
	{"CF-07 would be negative", FILES "edns = { max_udp = 2147483648; };", NULL,
		"a:2:20: error: edns.max_udp: \"2147483648\" does not fit 32 bits — "
		"write it "
		"with a unit or suffix\n"},
	{"CF-07 hexadecimal", FILES "workers = 0x100000001;", NULL,
		"a:2:11: error: workers: \"0x100000001\" does not fit 32 bits — write it "
		"with "
		"a unit or suffix\n"},
	{"CF-07 64 bits", FILES "workers = 9999999999999999999L;", NULL,
		"a:2:11: error: workers: \"9999999999999999999L\" does not fit 64 bits — "
		"write "
		"it with a unit or suffix\n"},
	{"CF-07 64 bits that fit are still out of range", FILES "workers = 4294967301L;",
		NULL,
		"a:2:11: error: workers: \"4294967301L\" is out of range — write a whole "
		"number from 1 to 256, or \"auto\"\n"},
	{"CF-07 a fraction", FILES "workers = 1.9;", NULL,
		"a:2:11: error: workers: \"1.9\" does not fit here — write a whole "
		"number "
		"from 1 to 256, or \"auto\"\n"},
	{"octal in some releases", FILES "workers = 010;", NULL,
		"a:2:11: error: workers: \"010\" begins with a zero — write it without "
		"leading "
		"zeros\n"},
	{"CF-03 missing ]", "x = 1;\nkubernetes = {\n  zones = [ \"a\", \"b\";\n};", NULL,
		"a:3:21: error: kubernetes.zones: expected \",\" or \"]\", found \";\" — "
		"the "
		"\"[\" of line 3 is not closed\n"},
	{"CF-03 missing )", "listen = ( {address = \"::\"}\nedns = {};", NULL,
		"a:2:1: error: listen: expected \",\" or \")\", found \"edns\" — the "
		"\"(\" of "
		"line 1 is not closed\n"},
	{"CF-03 missing }", "kubernetes = {\n  ttl = 5;\n", NULL,
		"a:3:1: error: kubernetes: expected a setting or \"}\", found the end of "
		"the "
		"file — the \"{\" of line 1 is not closed\n"},
	{"CF-03 missing value", "workers = ;", NULL,
		"a:1:11: error: workers: expected a value, found \";\"\n"},
	{"CF-03 missing =", "workers 4;", NULL,
		"a:1:9: error: workers: expected \"=\" behind the name, found \"4\"\n"},
	{"CF-03 one } too many", "}", NULL,
		"a:1:1: error: expected a setting, found \"}\"\n"},
	{"CF-03 the other file is checked all the same", "workers = ;", "wrokers = 1;",
		"a:1:11: error: workers: expected a value, found \";\"\n"
		"b:1:1: error: wrokers: unknown key — did you mean workers?\n"},
	{"too deep",
		"a=((((((((((((((((1))))))))))))))));b=(((((((((((((((((1))))))))))))))))"
		");",
		NULL,
		"a:1:55: error: b[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: "
		"expected a "
		"value that is not nested so deeply, found \"(\"\n"},
	{"CF-04 string never closed", "\ninstance = \"x;\nworkers = 1;\n", NULL,
		"a:2:12: error: the string that begins here is not closed on its line — "
		"add "
		"the closing quote\n"},
	{"CF-04 the next quote would close it", "instance = \"x;\nrun_dir = \"y\";\n",
		NULL,
		"a:1:12: error: the string that begins here is not closed on its line — "
		"add "
		"the closing quote\n"},
	{"CF-04 comment never closed", "workers = 1; /* x\n\n", NULL,
		"a:1:14: error: comment without an end — close it with */\n"},
	{"CF-06 the same key twice", FILES "workers = 1;\n  workers = 2;", NULL,
		"a:3:3: error: workers: is set twice; the first stands at a:2:1 — keep "
		"one\n"},
	{"CF-06 in a group",
		"kubernetes = { ttl = 1; ttl = { a = 1; }; source = \"files\";"
		" path = \"x\" };",
		NULL,
		"a:1:25: error: kubernetes.ttl: is set twice; the first stands at a:1:16 "
		"— "
		"keep one\n"},
	{"CF-08 NUL", FILES "instance = \"x\\x00y\";", NULL,
		"a:2:12: error: instance: a string cannot hold a NUL octet — take it "
		"out\n"},
	{"CF-08 in the second part", FILES "instance = \"x\" \"\\x00y\";", NULL,
		"a:2:12: error: instance: a string cannot hold a NUL octet — take it "
		"out\n"},
	{"unknown escape", FILES "instance = \"x\\qy\";", NULL,
		"a:2:12: error: instance: no escape begins with \"\\\\q\" — write a "
		"backslash "
		"as two\n"},
	{"control character", FILES "instance = \"x\ay\";", NULL,
		"a:2:12: error: instance: a string cannot hold the octet \"\\x07\" — "
		"take it "
		"out\n"},
	{"no quotes",
		FILES "any_query = hinfo;\nstate_dir = /var/x;\nlog = {level=1.2.3};",
		NULL,
		"a:2:13: error: any_query: \"hinfo\" is no number, true or false — put "
		"it in "
		"quotes: \"hinfo\"\n"
		"a:3:13: error: state_dir: \"/var/x\" is no number, true or false — put "
		"it in "
		"quotes: \"/var/x\"\n"
		"a:4:14: error: log.level: \"1.2.3\" is no number, true or false — put "
		"it in "
		"quotes: \"1.2.3\"\n"},
	{"yes and no",
		"kubernetes = { source=\"files\"; path=\"x\"; noendpoints = yes; "
		"port_addresses = off; };",
		NULL,
		"a:1:56: error: kubernetes.noendpoints: \"yes\" is no truth value — "
		"write "
		"true\n"
		"a:1:78: error: kubernetes.port_addresses: \"off\" is no truth value — "
		"write "
		"false\n"},
	{"CF-05 a file that is not there", "@include \"x.conf\"\n", NULL,
		"a:1:1: error: cannot include \"x.conf\": no such file was read — check "
		"the "
		"name\n"},
	{"OP-20 a comma is missing",
		FILES
		"bootstrap = [ \"10.0.0.1\", \"10.0.\" \"0.2\" ]; nsid = \"a\" \"b\";",
		NULL,
		"a:2:35: warning: bootstrap[1]: is one string with the one before it — "
		"put a comma between them\n"},
	{"CF-05 a pattern", "  @include \"conf.d/*.cfg\"\n", NULL,
		"a:1:3: error: cannot include \"conf.d/*.cfg\": patterns are not "
		"understood — "
		"put the files into conf.d\n"},
	{"CF-05 not on a line of its own", "a = 1; @include \"x\"", NULL,
		"a:1:8: error: \"@\" begins no setting — to include a file, write "
		"@include "
		"\"FILE\" on a line of its own\n"},
};

START_TEST(scan_row)
{
	check_row(&scans[_i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("scan");

	tcase_add_loop_test(tc, scan_row, 0, ARRAY_LEN(scans));
	return run_case("scan", tc);
}
