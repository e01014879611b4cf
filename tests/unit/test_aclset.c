/*
 * test_aclset.c - `acl` from its text: what is found fault with, and the rules it makes
 *
 * Rows: AC-01, AC-03, OP-23.
 */
#include "controller/records/aclset.h"

#include "base/mem.h"
#include "conf_support.h"
#include "dns/type.h"

static struct acl_settings *out;
static uint8_t *octets;

static void setup(void)
{
	out = mem_alloc(2, sizeof(*out));
	octets = mem_alloc(1, ACL_OCTETS_MAX);
}

static void teardown(void)
{
	free(out);
	free(octets);
}

static const struct row rows[] = {
	{"AC-01 nothing", FILES "acl = ();", NULL, ""},
	{"AC-01 an action is needed", FILES "acl = ( { zones = [ \"a.\" ]; } );", NULL,
		"a:2:9: error: acl[0]: has no action — add for example action = "
		"\"block\"\n"},
	{"AC-01 its word", FILES "acl = ( { action = \"deny\"; } );", NULL,
		"a:2:20: error: acl[0].action: \"deny\" is not known — write one of "
		"\"allow\", \"block\", \"filter\", \"drop\"\n"},
	{"AC-01 an unknown key", FILES "acl = ( { action = \"drop\"; net = [\"*\"]; } );",
		NULL,
		"a:2:28: error: acl[0].net: unknown key — did you mean acl[].nets?\n"},
	{"AC-01 nets",
		FILES "acl = ( { action = \"drop\"; nets = [\"10.0.0.1\", \"fd00::/8\", "
		      "\"10.0.0.0/33\", 5, \"all\"]; } );",
		NULL,
		"a:2:60: error: acl[0].nets[2]: \"10.0.0.0/33\" is no CIDR and no "
		"address — write one such as \"10.1.0.0/16\", or \"*\"\n"
		"a:2:75: error: acl[0].nets[3]: \"5\" is no string — put it in quotes\n"
		"a:2:78: error: acl[0].nets[4]: \"all\" is no CIDR and no address — "
		"write one such as \"10.1.0.0/16\", or \"*\"\n"},
	{"AC-01 types",
		FILES
		"acl = ( { action = \"drop\"; types = [\"any\", \"TYPE64\", \"OPT\", "
		"\"TYPE0\", \"b\"]; } );",
		NULL,
		"a:2:54: error: acl[0].types[2]: \"OPT\" is no type of queries — write "
		"one such as \"AAAA\", or \"*\"\n"
		"a:2:61: error: acl[0].types[3]: \"TYPE0\" is no type of queries — write "
		"one such as \"AAAA\", or \"*\"\n"
		"a:2:70: error: acl[0].types[4]: \"b\" is no type of queries — write one "
		"such as \"AAAA\", or \"*\"\n"},
	{"AC-01 zones", FILES "acl = ( { action = \"drop\"; zones = [\"a..b\"]; } );",
		NULL,
		"a:2:37: error: acl[0].zones[0]: \"a..b\" is no domain name — write one "
		"such as \"corp.example.\"\n"},
	{"AC-03 namespaces",
		FILES "acl = ( { action = \"drop\"; namespaces = [\"shop\", \"Shop\", "
		      "\"a.b\", \"-\", 5]; } );",
		NULL,
		"a:2:50: error: acl[0].namespaces[1]: \"Shop\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:58: error: acl[0].namespaces[2]: \"a.b\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:65: error: acl[0].namespaces[3]: \"-\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:70: error: acl[0].namespaces[4]: \"5\" is no string — put it in "
		"quotes\n"},
	{"AC-03 no list",
		FILES "acl = ( { action = \"drop\"; namespaces = \"shop\"; } );", NULL,
		"a:2:41: error: acl[0].namespaces: \"shop\" does not fit here — write a "
		"list of namespaces in quotes, or [ \"*\" ]\n"},
	{"AC-03 an empty list",
		FILES "acl = ( { action = \"allow\"; namespaces = []; } );", NULL,
		"a:2:42: error: acl[0].namespaces: is empty: the rule is never used — "
		"write [ \"*\" ] for all, or leave it out\n"},
	{"AC-03 nobody would be known",
		FILES "acl = ( { action = \"drop\"; types = [\"A\"]; }, { action = "
		      "\"allow\"; namespaces = [\"shop\"]; } );",
		"kubernetes = { noendpoints = true; };",
		"a:2:46: error: acl: has namespaces, which EndpointSlices tell, and "
		"kubernetes.noendpoints ignores those — take one of them out\n"},
	{"AC-03 few are known",
		FILES "acl = ( { action = \"allow\"; namespaces = [\"shop\"]; } );",
		"kubernetes = { lean = true; };",
		"a:2:9: warning: acl: has namespaces, and with kubernetes.lean only pods "
		"of headless Services are known\n"},
	{"AC-03 not watched",
		"kubernetes = { namespaces = [\"shop\", \"db\"]; };\n"
		"acl = ( { action = \"allow\"; namespaces = [\"*\"]; types = [\"A\"]; }, "
		"{ action = \"allow\"; namespaces = [\"shop\", \"web\"]; } );",
		NULL,
		"a:2:109: warning: acl[1].namespaces[1]: \"web\" is not watched, so no "
		"pod of it is known — add it to kubernetes.namespaces\n"},
	{"AC-03 all are read",
		FILES "acl = ( { action = \"allow\"; namespaces = [\"web\"]; } );",
		"kubernetes = { namespaces = [\"shop\"]; };", ""},
	{"AC-03 all, known or not",
		FILES "acl = ( { action = \"drop\"; namespaces = [\"a\", \"*\"]; }, { "
		      "action = \"allow\"; } );",
		"kubernetes = { noendpoints = true; };",
		"a:2:56: warning: acl: is never used: the rule at a:2:9 is about every "
		"query — put this one before it\n"},
	{"AC-01 empty lists",
		FILES
		"acl = ( { action = \"allow\"; nets = []; zones = []; types = []; } );",
		NULL,
		"a:2:36: error: acl[0].nets: is empty: the rule is never used — write [ "
		"\"*\" ] for all, or leave it out\n"
		"a:2:48: error: acl[0].zones: is empty: the rule is never used — write [ "
		"\".\" ] for all, or leave it out\n"
		"a:2:60: error: acl[0].types: is empty: the rule is never used — write [ "
		"\"*\" ] for all, or leave it out\n"},
	{"AC-01 what is never used",
		FILES "acl = ( { action = \"block\"; }, { action = \"allow\"; } );", NULL,
		"a:2:32: warning: acl: is never used: the rule at a:2:9 is about every "
		"query — put this one before it\n"},
	{"OP-23 rules of two files are joined",
		FILES "acl = ( { action = \"block\"; } );",
		"acl = ( { action = \"allow\"; nets = [\"10.0.0.1\"]; } );",
		"b:1:9: warning: acl: is never used: the rule at a:2:9 is about every "
		"query — put this one before it\n"},
};

START_TEST(finding)
{
	check_row(&rows[_i]);
}
END_TEST

/* Rules of a text; whatever it says, readers accept them. */
static void make(const char *first, const char *second)
{
	struct conf_report r;
	struct conf c;

	parse(first, second, &c, &r);
	ck_assert_uint_eq(r.n, 0);
	aclset_from_conf(&c, out);
	ck_assert_int_eq(acl_decode(octets, acl_encode(out, octets), out + 1), 0);
	ck_assert_mem_eq(out, out + 1, sizeof(*out));
	conf_fini(&c);
	conf_report_fini(&r);
}

static void check_rule(
	unsigned i, enum acl_action action, struct acl_run zones, struct acl_run types)
{
	const struct acl_rule *r = &out->rules[i];

	ck_assert_int_eq(r->action, (int)action);
	ck_assert_uint_eq(r->zones.n, zones.n);
	ck_assert_uint_eq(r->types.n, types.n);
	if (zones.n > 0)
		ck_assert_uint_eq(r->zones.first, zones.first);
	if (types.n > 0)
		ck_assert_uint_eq(r->types.first, types.first);
}

START_TEST(made)
{
	static const struct acl_run none = {0, 0};

	make(FILES "acl = ( { action = \"allow\"; nets = [\"10.1.0.0/16\", "
		   "\"10.1.2.3\"]; zones = [\"A.example\", \"b.example.\"]; },\n"
		   "{ action = \"filter\"; types = [\"AAAA\", \"any\"]; zones = "
		   "[\"10.0.0.0/15\"]; "
		   "} );",
		"acl = ( { action = \"drop\"; zones = [\"x.\", \".\"]; types = [\"A\", "
		"\"*\"]; nets = [\"fd00::1\"]; }, { action = \"block\"; } );");
	ck_assert_uint_eq(out->nrules, 4);
	check_rule(0, ACL_ALLOW, (struct acl_run){0, 2}, none);
	check_rule(1, ACL_FILTER, (struct acl_run){2, 2}, (struct acl_run){0, 2});
	check_rule(2, ACL_DROP, none, none);
	check_rule(3, ACL_BLOCK, none, none);
	check_name(&out->names[0], "a.example.");
	check_name(&out->names[2], "0.10.in-addr.arpa.");
	check_name(&out->names[3], "1.10.in-addr.arpa.");
	ck_assert_uint_eq(out->types[0], TYPE_AAAA);
	ck_assert_uint_eq(out->types[1], TYPE_ANY);
	ck_assert_uint_eq(out->anybody, 1 << 1 | 1 << 3);
	ck_assert_uint_eq(out->by_namespace, 0);
	ck_assert_uint_eq(out->nnets, 3);
	ck_assert_uint_eq(out->nets[1].net.bits, 32);
	ck_assert_uint_eq(out->nets[2].net.bits, 128);
	ck_assert_uint_eq(out->nets[2].rules, 1 << 2);
}
END_TEST

/* AC-03: a rule that has "*" among others, or none, is about no namespace. */
START_TEST(made_of_namespaces)
{
	make(FILES
		"acl = ( { action = \"allow\"; namespaces = [\"shop\", \"db\"]; },\n"
		"{ action = \"allow\"; namespaces = [\"a\", \"*\"]; types = [\"A\"]; },"
		"{ action = \"drop\"; namespaces = [\"shop\"]; nets = [\"fd00::/8\"]; "
		"},"
		"{ action = \"block\"; } );",
		NULL);
	ck_assert_uint_eq(out->by_namespace, 1 << 0 | 1 << 2);
	ck_assert_uint_eq(out->nnamespaces, 2);
	ck_assert_uint_eq(out->namespaces[0].name.len, 2);
	ck_assert_mem_eq(out->namespaces[0].name.octets, "db", 2);
	ck_assert_uint_eq(out->namespaces[0].rules, 1 << 0);
	ck_assert_mem_eq(out->namespaces[1].name.octets, "shop", 4);
	ck_assert_uint_eq(out->namespaces[1].rules, 1 << 0 | 1 << 2);
	ck_assert_uint_eq(out->anybody, 1 << 0 | 1 << 1 | 1 << 3);
}
END_TEST

START_TEST(nothing)
{
	make(FILES, NULL);
	ck_assert_uint_eq(out->nrules, 0);
}
END_TEST

/* More than there is room for is an error that says so, one less is not. */
static void check_room(const char *list, const char *element, unsigned max)
{
	for (unsigned more = 0; more < 2; more++) {
		struct conf_report r;
		struct conf c;
		char *text = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		fprintf(f, FILES "acl = ( ");
		for (unsigned i = 0; i < 2; i++) {
			const unsigned n = i == 0 ? max / 2 : max - max / 2 + more;

			fprintf(f, "%s{ action = \"drop\"; %s = [ ", i > 0 ? ", " : "",
				list);
			for (unsigned k = 0; k < n; k++)
				fprintf(f, "%s\"%s\"", k > 0 ? ", " : "", element);
			fprintf(f, " ]; }");
		}
		fprintf(f, " );");
		fclose(f);
		parse(text, NULL, &c, &r);
		ck_assert_uint_eq(r.errors, more);
		if (more > 0)
			ck_assert_ptr_nonnull(strstr(r.finding[0].text, "is the most"));
		conf_fini(&c);
		conf_report_fini(&r);
		free(text);
	}
}

START_TEST(room)
{
	check_room("zones", "a.", CONF_ACL_ZONES_MAX);
	check_room("types", "A", CONF_ACL_TYPES_MAX);
	check_room("nets", "10.0.0.1", CONF_ACL_NETS_MAX);
	check_room("namespaces", "shop", CONF_ACL_NAMESPACES_MAX);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("aclset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, finding, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, made);
	tcase_add_test(tc, made_of_namespaces);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, room);
	return run_case("aclset", tc);
}
