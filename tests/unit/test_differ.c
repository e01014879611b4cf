/* test_differ.c - what differs between two configurations, as it is told (OV-10) */
#include "base/base.h"
#include "conf/show.h"
#include "conf_support.h"
#include "setting.h"

#define GROUP "{ from = \"a.\"; to = [ \"10.0.0.1\" ]; }"
#define OTHER "{ from = \"b.\"; to = [ \"tls://[2001:db8::1]:854#dns.example\" ]; }"

/* Two texts, and a line for each difference: path, was, is; '!' if it needs a restart. */
static const struct {
	const char *a, *b, *lines;
} cases[] = {
	{"", "", ""},
	{"workers = 2;", "workers = 2; # said otherwise", ""},
	{"", "workers = 3;", "workers|\"auto\"|3\n"},
	{"", "local = false;", "local|true|false\n"},
	{"", "edns = { max_udp = 1400; };", "edns.max_udp|1232|1400\n"},
	{"", "log = { level = \"debug\"; };", "log.level|\"info\"|\"debug\"\n"},
	{"", "instance = \"x\";",
		"!instance|\"default\"|\"x\"\n"
		"!run_dir|\"/run/shmdns\"|\"/run/shmdns/x\"\n"
		"!state_dir|\"/var/lib/shmdns\"|\"/var/lib/shmdns/x\"\n"},
	{"", "health = { lameduck = \"1500ms\"; listen = \"127.0.0.1:80\"; };",
		"!health.listen|\":8080\"|\"127.0.0.1:80\"\n"
		"health.lameduck|\"15s\"|\"1500ms\"\n"},
	{"", "metrics = { listen = \"[::1]:80\"; };",
		"!metrics.listen|\":9153\"|\"[::1]:80\"\n"},
	{"", "metrics = { listen = \"\"; };", "!metrics.listen|\":9153\"|\"\"\n"},
	{"", "cache = { success = { size = \"1G\"; }; };",
		"!cache.success.size|\"16M\"|\"1024M\"\n"},
	{"nsid = \"\";", "nsid = \"a\\\"b\\\\\";", "nsid|\"\"|\"a\\\"b\\\\\"\n"},
	{"", "forward_clients = [ \"10.0.0.0/8\", \"2001:db8::/32\" ];",
		"forward_clients|[ \"*\" ]|[ \"10.0.0.0/8\", \"2001:db8::/32\" ]\n"},
	{"", "cache = { zones = [ \"Example.\" ]; };",
		"cache.zones|[]|[ \"example.\" ]\n"},
	{"",
		"query_log = { format = \"kv\"; classes = [ \"error\", \"denial\" ]; "
		"names = [ \"a.\" ]; sample = 0.25; };",
		"query_log.format|\"off\"|\"kv\"\n"
		"query_log.classes|[ \"all\" ]|[ \"denial\", \"error\" ]\n"
		"query_log.names|[ \".\" ]|[ \"a.\" ]\n"
		"query_log.sample|1.0|0.25\n"},
	{"query_log = { sample = 0; };", "query_log = { sample = 0.000020; };",
		"query_log.sample|0.0|0.00002\n"},
	/* Listening addresses come and go, in any order. */
	{"listen = ( { address = \"127.0.0.1\"; }, { address = \"::1\"; port = 54; } );",
		"listen = ( { address = \"[::1]:54\"; }, { address = \"127.0.0.2\"; } );",
		"listen|{ address = \"127.0.0.1\"; port = 53; }|\n"
		"listen||{ address = \"127.0.0.2\"; port = 53; }\n"},
	{"listen = ( { address = \"127.0.0.1\"; }, { address = \"::1\"; } );",
		"listen = ( { address = \"::1\"; }, { address = \"127.0.0.1\"; } );",
		"listen|one order|another order\n"},
	/* Of other groups those that are left over are compared in turn. */
	{"forward = ( " GROUP " );", "forward = ( " OTHER ", " GROUP " );",
		"forward||{ from = \"b.\"; to = [ \"tls://[2001:db8::1]:854#"
		"dns.example.\" ]; ... }\n"},
	{"forward = ( " GROUP ", " OTHER " );",
		"forward = ( " GROUP ", { from = \"b.\"; to = [ \"127.0.0.9:54\" ]; "
		"failover = [ \"REFUSED\" ]; health_check = { type = \"A\"; }; } );",
		"forward[1].to|[ \"tls://[2001:db8::1]:854#dns.example.\" ]|"
		"[ \"127.0.0.9:54\" ]\n"
		"forward[1].health_check.type|\"NS\"|\"A\"\n"
		"forward[1].failover|[ \"SERVFAIL\", \"NOTIMP\", \"REFUSED\" ]|"
		"[ \"REFUSED\" ]\n"},
	{"acl = ( { action = \"block\"; nets = [ \"10.0.0.1\" ]; } );", "",
		"acl|{ action = \"block\"; zones = [ \".\" ]; types = [ \"*\" ]; nets = "
		"[ \"10.0.0.1\" ]; namespaces = [ \"*\" ]; }|\n"},
	{"acl = ( { action = \"allow\"; } );",
		"acl = ( { action = \"allow\"; namespaces = [ \"a\", \"b\" ]; } );",
		"acl[0].namespaces|[ \"*\" ]|[ \"a\", \"b\" ]\n"},
};

static void add(void *arg, const struct conf_difference *d)
{
	fprintf(arg, "%s%s|%s|%s\n", d->reloadable ? "" : "!", d->path, d->was, d->is);
}

static void load(const char *text, struct conf *c)
{
	struct conf_report report;

	parse(text, FILES, c, &report);
	ck_assert_msg(report.errors == 0, "%s: %s", text,
		report.errors > 0 ? report.finding[0].text : "");
	conf_report_fini(&report);
}

START_TEST(differences)
{
	struct conf a, b;
	char *lines = NULL;
	size_t len = 0, n = 0;

	FILE *out = open_memstream(&lines, &len);
	ck_assert_ptr_nonnull(out);
	load(cases[_i].a, &a);
	load(cases[_i].b, &b);
	size_t told = conf_differ(&a, &b, add, out);
	fclose(out);
	ck_assert_msg(strcmp(lines, cases[_i].lines) == 0, "%s\n%s: got\n%s", cases[_i].a,
		cases[_i].b, lines);
	for (const char *p = lines; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	ck_assert_uint_eq(told, n);
	ck_assert_uint_eq(conf_differ(&a, &b, NULL, NULL), n);
	ck_assert_uint_eq(conf_differ(&b, &b, NULL, NULL), 0);
	conf_fini(&a);
	conf_fini(&b);
	free(lines);
}
END_TEST

/* The shown value of a key as a file that sets it. */
static char *as_file(const struct key *k, const struct conf *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	setting_begin(k->path, out);
	show_value(k, c, out);
	setting_end(k->path, out);
	fclose(out);
	return text;
}

/* What is shown of each default means that default. */
START_TEST(shown_is_meant)
{
	struct conf defaults, same;

	load("", &defaults);
	for (size_t i = schema_next("", 0); i < schema_n; i = schema_next("", i + 1)) {
		if (strcmp(schema[i].path, "forward") == 0) /* has groups within */
			continue;
		char *text = as_file(&schema[i], &defaults);

		load(text, &same);
		ck_assert_msg(conf_differ(&defaults, &same, NULL, NULL) == 0, "%s", text);
		conf_fini(&same);
		free(text);
	}
	conf_fini(&defaults);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("differ");

	tcase_add_loop_test(tc, differences, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, shown_is_meant);
	return run_case("differ", tc);
}
