/*
 * test_visibilityset.c - `visibility` from its text: what is found fault with, its rules
 *
 * Rows: AC-04, OP-23.
 */
#include "controller/records/visibilityset.h"

#include "base/mem.h"
#include "conf_support.h"
#include "controller/records/options.h"

static struct visibility_settings *out;
static uint8_t *octets;

static void setup(void)
{
	out = mem_alloc(2, sizeof(*out));
	octets = mem_alloc(1, VISIBILITY_OCTETS_MAX);
}

static void teardown(void)
{
	free(out);
	free(octets);
}

#define RULE "visibility = ( { from = [\"a\"]; to = [\"b\"]; } );"

static const struct row rows[] = {
	{"AC-04 nothing", FILES "visibility = ();", NULL, ""},
	{"AC-04 a rule", FILES RULE, NULL, ""},
	{"AC-04 both are needed", FILES "visibility = ( { from = [\"a\"]; }, { } );",
		NULL,
		"a:2:16: error: visibility[0]: has no to — add for example to = [ "
		"\"default\", \"kube-system\" ]\n"
		"a:2:35: error: visibility[1]: has no from — add for example from = [ "
		"\"*\" ]\n"
		"a:2:35: error: visibility[1]: has no to — add for example to = [ "
		"\"default\", \"kube-system\" ]\n"},
	{"AC-04 an unknown key",
		FILES "visibility = ( { form = [\"a\"]; to = [\"b\"]; } );", NULL,
		"a:2:18: error: visibility[0].form: unknown key — did you mean "
		"visibility[].from?\n"},
	{"AC-04 no name of a namespace",
		FILES
		"visibility = ( { from = [\"a\", \"A\"]; to = [\"b.svc\", \"\", 5]; "
		"} );",
		NULL,
		"a:2:31: error: visibility[0].from[1]: \"A\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:43: error: visibility[0].to[0]: \"b.svc\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:52: error: visibility[0].to[1]: \"\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside), or "
		"\"*\"\n"
		"a:2:56: error: visibility[0].to[2]: \"5\" is no string — put it in "
		"quotes\n"},
	{"AC-04 no list", FILES "visibility = ( { from = \"a\"; to = [\"b\"]; } );", NULL,
		"a:2:25: error: visibility[0].from: \"a\" does not fit here — write a "
		"list of namespaces in quotes, or [ \"*\" ]\n"},
	{"AC-04 empty lists", FILES "visibility = ( { from = []; to = []; } );", NULL,
		"a:2:25: error: visibility[0].from: is empty: the rule is never used — "
		"write [ \"*\" ] for all, or take the rule out\n"
		"a:2:34: error: visibility[0].to: is empty: the rule is never used — "
		"write [ \"*\" ] for all, or take the rule out\n"},
	{"AC-04 all to all",
		FILES
		"visibility = ( { from = [\"a\"]; to = [\"*\"]; }, { from = [\"*\"]; "
		"to = [\"b\", \"*\"]; } );",
		NULL,
		"a:2:47: warning: visibility: hides nothing: rules add to one another, "
		"and this one gives everything to everybody — name namespaces in it\n"},
	{"AC-04 nobody would be known",
		FILES "visibility = ( { from = [\"*\"]; to = "
		      "[\"b\"]; } );",
		"kubernetes = { noendpoints = true; };",
		"a:2:14: error: visibility: goes by the namespaces of clients, which "
		"EndpointSlices tell, and kubernetes.noendpoints ignores those — take "
		"one of them out\n"},
	{"AC-04 few are known", FILES RULE, "kubernetes = { lean = true; };",
		"a:2:14: warning: visibility: goes by the namespaces of clients, and "
		"with kubernetes.lean only pods of headless Services are known\n"},
	{"AC-04 not watched",
		"kubernetes = { namespaces = [\"shop\", \"db\"]; };\n"
		"visibility = ( { from = [\"*\"]; to = [\"web\"]; }, { from = [\"db\", "
		"\"web\"]; to = [\"shop\"]; } );",
		NULL,
		"a:2:65: warning: visibility[1].from[1]: \"web\" is not watched, so no "
		"pod of it is known — add it to kubernetes.namespaces\n"},
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
	ck_assert_uint_eq(r.errors, 0);
	visibilityset_from_conf(&c, out);
	ck_assert_int_eq(
		visibility_decode(octets, visibility_encode(out, octets), out + 1), 0);
	ck_assert_mem_eq(out, out + 1, sizeof(*out));
	conf_fini(&c);
	conf_report_fini(&r);
}

static void check_namespace(unsigned i, const char *text, uint64_t from, uint64_t to)
{
	const struct visibility_namespace *n = &out->namespaces[i];

	ck_assert_uint_eq(n->name.len, strlen(text));
	ck_assert_mem_eq(n->name.octets, text, n->name.len);
	ck_assert_uint_eq(n->from, from);
	ck_assert_uint_eq(n->to, to);
}

/* OP-23: rules of two files are joined. A list that has "*" needs no other name. */
START_TEST(made)
{
	make(FILES "visibility = ( { from = [\"b\", \"a\"]; to = [\"c\", \"a\"]; }, "
		   "{ from = [\"x\", \"*\"]; to = [\"c\"]; } );",
		"visibility = ( { from = [\"a\"]; to = [\"*\", \"y\"]; } );");
	ck_assert_uint_eq(out->nrules, 3);
	ck_assert_uint_eq(out->from_all, 1 << 1);
	ck_assert_uint_eq(out->to_all, 1 << 2);
	ck_assert_uint_eq(out->nnamespaces, 3);
	check_namespace(0, "a", 1 << 0 | 1 << 2, 1 << 0);
	check_namespace(1, "b", 1 << 0, 0);
	check_namespace(2, "c", 0, 1 << 0 | 1 << 1);
}
END_TEST

START_TEST(nothing)
{
	make(FILES, NULL);
	ck_assert_uint_eq(out->nrules, 0);
}
END_TEST

/* More than there is room for is an error that says so, as much is not. */
START_TEST(room)
{
	const unsigned more = (unsigned)_i, n = CONF_VISIBILITY_NAMESPACES_MAX / 2;
	struct conf_report r;
	struct conf c;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, FILES "visibility = ( { from = [ \"x\"");
	for (unsigned i = 1; i < n; i++)
		fprintf(f, ", \"f-%u\"", i);
	fprintf(f, " ]; to = [ \"x\"");
	for (unsigned i = 1; i < n + more; i++)
		fprintf(f, ", \"t-%u\"", i);
	fprintf(f, " ]; }, { from = [ \"*\" ]; to = [ \"*\" ]; } );");
	fclose(f);
	parse(text, NULL, &c, &r);
	ck_assert_uint_eq(r.errors, more);
	if (more == 0) {
		visibilityset_from_conf(&c, out);
		ck_assert_uint_eq(out->nnamespaces, CONF_VISIBILITY_NAMESPACES_MAX - 1);
	}
	conf_fini(&c);
	conf_report_fini(&r);
	free(text);
}
END_TEST

/* Clients are known by their namespaces if there are rules, whatever else is wanted. */
START_TEST(clients)
{
	static const char *const texts[] = {"", RULE};
	struct record_options *o = mem_alloc(1, sizeof(*o));

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct conf_report r;
		struct conf c;

		parse("kubernetes = { source = \"files\"; path = \"/x\"; client_names = "
		      "\"none\"; };",
			texts[i], &c, &r);
		options_from_conf(&c, NULL, 0, "host", o);
		ck_assert_int_eq((int)o->client_names,
			(int)(i == 0 ? CONF_CLIENT_NAMES_NONE
				     : CONF_CLIENT_NAMES_NAMESPACE));
		ck_assert_uint_eq(o->settings.visibility.nrules, i);
		conf_fini(&c);
		conf_report_fini(&r);
	}
	free(o);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("visibilityset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, finding, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, made);
	tcase_add_test(tc, nothing);
	tcase_add_loop_test(tc, room, 0, 2);
	tcase_add_test(tc, clients);
	return run_case("visibilityset", tc);
}
