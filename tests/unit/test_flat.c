/*
 * test_flat.c - OV-11: each key with its value and place, and how configurations differ
 */
#include "conf/flat.h"

#include "conf_support.h"

static void make(const char *a, const char *b, struct flat *out)
{
	struct conf_bundle bundle = {0};
	struct conf_report report;

	conf_bundle_add(&bundle, "a", a, strlen(a));
	if (b != NULL)
		conf_bundle_add(&bundle, "b", b, strlen(b));
	ck_assert_int_eq(flat_parse(bundle.data, bundle.len, out, &report), 0);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle); /* nothing is borrowed from it */
}

/* "path = value; set default reloadable; places" of one key. */
static char *line(const struct flat_item *it)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(it);
	flat_print_value(it, out);
	fprintf(out, "%s%s%s", it->set ? " set" : "", it->changed ? " changed" : "",
		it->reloadable ? "" : " restart");
	for (size_t i = 0; i < it->nplaces; i++)
		fprintf(out, " %s:%u:%u", it->place[i].file, it->place[i].line,
			it->place[i].column);
	fclose(out);
	return text;
}

static const struct {
	const char *a, *b, *path, *line;
} values[] = {
	{"", NULL, "kubernetes.ttl", "30"},
	{"", NULL, "workers", "\"auto\""},
	{"", NULL, "instance", "\"default\" restart"},
	{"", NULL, "listen", "( 2 groups )"},
	{"", NULL, "listen[1].address", "\"::\""},
	{"", NULL, "kubernetes.audit", "\"45m\""},
	{"", NULL, "forward[0].failover", "[ \"SERVFAIL\", \"NOTIMP\", \"REFUSED\" ]"},
	{"", NULL, "cache.success.size", "\"16M\" restart"},
	{"", NULL, "forward[0].health_check.type", "\"NS\""},
	{"", NULL, "kubernetes.server_addresses", "[]"},
	{"kubernetes = { ttl = \"30s\"; };", NULL, "kubernetes.ttl", "30 set a:1:22"},
	{"kubernetes = { ttl = 5; };", NULL, "kubernetes.ttl", "5 set changed a:1:22"},
	{"kubernetes = { ttl = 5; };", NULL, "kubernetes.negative_ttl", "5"},
	{"kubernetes = { ttl = 5; negative_ttl = 5; };", NULL, "kubernetes.negative_ttl",
		"5 set a:1:40"},
	{"kubernetes = { ttl = 5; };", "kubernetes = { ttl = 6; };", "kubernetes.ttl",
		"6 set changed b:1:22"}, /* OP-23 */
	{"instance = \"blue\";", NULL, "run_dir", "\"/run/shmdns\" restart"},
	{"workers = 4;", NULL, "workers", "4 set changed a:1:11"},
	{"nsid = \"a\\\"\\\\\\x01\";", NULL, "nsid",
		"\"a\\\"\\\\\\x01\" set changed a:1:8"},
	/* OP-25: a port behind the address is as one for itself, or it would be lost */
	{"listen = ( { address = \"127.0.0.1:53\"; },\n"
	 " { address = \"[::1]:5353\"; } );",
		NULL, "listen[1].port", "5353 set changed a:2:14"},
	{"listen = ( { address = \"::1\"; },\n { address = \"::2\"; port = 99; } );",
		NULL, "listen[0].port", "53"},
	{"", NULL, "metrics.listen", "\":9153\" restart"},
	{"health = { listen = \"[::1]:99\"; };", NULL, "health.listen",
		"\"[::1]:99\" set changed restart a:1:21"},
	{"health = { listen = \"\"; };", NULL, "health.listen",
		"\"\" set changed restart a:1:21"},
	{"query_log = { sample = 0.250; classes = [ \"error\", \"denial\" ]; };", NULL,
		"query_log.sample", "0.25 set changed a:1:24"},
	{"query_log = { sample = 0.250; classes = [ \"error\", \"denial\" ]; };", NULL,
		"query_log.classes", "[ \"denial\", \"error\" ] set changed a:1:41"},
	{"query_log = { sample = 1; };", NULL, "query_log.sample", "1.0 set a:1:24"},
	{"local = false;", NULL, "local", "false set changed a:1:9"},
	{"tcp = { read = \"1500ms\"; };", NULL, "tcp.read",
		"\"1500ms\" set changed a:1:16"},
	{"tcp = { read = \"1.0000005s\"; };", NULL, "tcp.read",
		"\"1000.0005ms\" set changed a:1:16"},
	{"tcp = { max_age = \"3h\"; };", NULL, "tcp.max_age",
		"\"3h\" set changed a:1:19"},
	{"cache = { success = { size = \"1536K\"; }; };", NULL, "cache.success.size",
		"\"1536K\" set changed restart a:1:30"},
	{"bootstrap = [ \"10.0.0.1\" ];", "bootstrap = [ \"10.0.0.2:5353\" ];",
		"bootstrap",
		"[ \"10.0.0.1\", \"10.0.0.2:5353\" ] set changed a:1:15 b:1:15"},
	{"kubernetes = { zones = [ \"C.test\", \"10.1.0.0/16\" ]; };", NULL,
		"kubernetes.zones",
		"[ \"c.test.\", \"1.10.in-addr.arpa.\" ] set changed a:1:26"},
	{"acl = ( { action = \"block\"; nets = [ \"10.0.0.1\", \"10.2.0.0/15\" ]; "
	 "types = [ \"AAAA\", \"*\" ]; } );",
		NULL, "acl[0].nets",
		"[ \"10.0.0.1\", \"10.2.0.0/15\" ] set changed a:1:36"},
	{"acl = ( { action = \"block\"; types = [ \"AAAA\", \"*\" ]; } );", NULL,
		"acl[0].types", "[ \"AAAA\", \"*\" ] set changed a:1:37"},
	{"forward_clients = [ \"*\", \"10.0.0.0/8\" ];", NULL, "forward_clients",
		"[ \"*\", \"10.0.0.0/8\" ] set changed a:1:21"},
	{"bootstrap = [ \"10.0.0.1\" ];\n"
	 "forward = ( { from = \".\"; to = [ \"tls://dns.test\", "
	 "\"tls://[::1]:99#x.test\", \"/r.conf\" ];\n failover = []; } );",
		NULL, "forward[0].to",
		"[ \"tls://dns.test.\", \"tls://[::1]:99#x.test.\", "
		"\"/r.conf\" ] set changed a:2:32"},
	{"forward = ( { from = \".\"; to = [ \"10.0.0.1\" ];"
	 "\n failover = []; } );",
		NULL, "forward[0].failover", "[] set changed a:2:13"},
	{"forward = ( { from = \".\"; to = [ \"10.0.0.1\" ];"
	 "\n failover = []; } );",
		NULL, "forward[0].next", "[]"},
	{"limits = { rate = { per_source = \"auto\"; }; };", NULL,
		"limits.rate.per_source", "\"auto\" set a:1:34"},
	/* a later file has the zone: the one that lost is not there, places are right */
	{"forward = ( { from = \"a.test\"; to = [ \"10.0.0.1\" ]; },"
	 "\n"
	 " { from = \"b.test\"; to = [ \"10.0.0.1\" ]; hedge = false; } );",
		"forward = ( { from = \"a.test\"; to = [ \"10.0.0.2\" ]; } );",
		"forward[0].hedge", "false set changed a:2:50"},
	{"forward = ( { from = \"a.test\"; to = [ \"10.0.0.1\" ]; },"
	 "\n"
	 " { from = \"b.test\"; to = [ \"10.0.0.1\" ]; hedge = false; } );",
		"forward = ( { from = \"a.test\"; to = [ \"10.0.0.2\" ]; } );",
		"forward[1].to", "[ \"10.0.0.2\" ] set changed b:1:37"},
};

START_TEST(each_value)
{
	struct flat f;

	make(values[_i].a, values[_i].b, &f);
	char *text = line(flat_find(&f, values[_i].path));
	ck_assert_msg(strcmp(text, values[_i].line) == 0, "%s: %s\n--- expected: %s",
		values[_i].path, text, values[_i].line);
	free(text);
	flat_fini(&f);
}
END_TEST

#define FWD(zone, to) "{ from = \"" zone "\"; to = [ \"" to "\" ]; }"

static const struct {
	const char *a, *b, *changes;
} diffs[] = {
	{"", "", ""},
	{"kubernetes = { ttl = 30; };", "kubernetes = { ttl = \"30s\"; };", ""},
	{"workers = 2;", "workers = 3; local = false;",
		"-workers 2\n+workers 3\n-local true\n+local false\n"},
	/* a follower goes along */
	{"", "kubernetes = { ttl = 3; };",
		"-kubernetes.ttl 30\n+kubernetes.ttl 3\n-kubernetes.negative_ttl 30\n"
		"+kubernetes.negative_ttl 3\n"},
	/* groups are known by what they are about, not by their number */
	{"forward = ( " FWD("a.", "10.0.0.1") ", " FWD("b.", "10.0.0.2") " );",
		"forward = ( " FWD("b.", "10.0.0.2") ", " FWD("a.", "10.0.0.3") " );",
		"-forward[\"a.\"].to [ \"10.0.0.1\" ]\n"
		"+forward[\"a.\"].to [ \"10.0.0.3\" ]\n"},
	{"forward = ( " FWD("a.", "10.0.0.1") " );",
		"forward = ( " FWD("b.", "10.0.0.1") " );",
		"-forward[\"a.\"].from \"a.\"\n-forward[\"a.\"].to [ \"10.0.0.1\" ]\n"
		"+forward[\"b.\"].from \"b.\"\n+forward[\"b.\"].to [ \"10.0.0.1\" ]\n"},
	/* the default's groups are there, and go */
	{"", "forward = ();", "-forward[\".\"].from \".\"\n"},
	/* rules are known by their turn: the order counts */
	{"acl = ( { action = \"block\"; }, { action = \"allow\"; } );",
		"acl = ( { action = \"allow\"; }, { action = \"block\"; } );",
		"-acl[0].action \"block\"\n+acl[0].action \"allow\"\n"
		"-acl[1].action \"allow\"\n+acl[1].action \"block\"\n"},
	{"acl = ( { action = \"block\"; nets = [ \"::1\" ]; },"
	 " { action = \"block\"; nets = [ \"::2\" ]; } );",
		"acl = ( { action = \"block\"; nets = [ \"::1\" ]; },"
		" { action = \"block\"; nets = [ \"::3\" ]; } );",
		"-acl[1].nets [ \"::2\" ]\n"
		"+acl[1].nets [ \"::3\" ]\n"},
};

static void put(FILE *out, char sign, const struct flat_item *it)
{
	if (it == NULL)
		return;
	fprintf(out, "%c%s ", sign, it->id);
	flat_print_value(it, out);
	fputc('\n', out);
}

START_TEST(each_diff)
{
	struct flat a, b;
	struct flat_change *c;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	make(diffs[_i].a, NULL, &a);
	make(diffs[_i].b, NULL, &b);
	const size_t n = flat_diff(&a, &b, &c);
	for (size_t i = 0; i < n; i++) {
		put(out, '-', c[i].before);
		put(out, '+', c[i].after);
	}
	fclose(out);
	ck_assert_str_eq(text, diffs[_i].changes);
	free(text);
	free(c);
	flat_fini(&a);
	flat_fini(&b);
}
END_TEST

/* With errors there is no list, but findings. */
START_TEST(errors)
{
	struct conf_bundle bundle = {0};
	struct conf_report report;
	struct flat f;

	conf_bundle_add(&bundle, "a", "wrokers = 1;", 12);
	ck_assert_int_eq(flat_parse(bundle.data, bundle.len, &f, &report), -EINVAL);
	ck_assert_uint_eq(f.n, 0);
	ck_assert_uint_eq(report.errors, 1);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("flat");

	tcase_add_loop_test(tc, each_value, 0, ARRAY_LEN(values));
	tcase_add_loop_test(tc, each_diff, 0, ARRAY_LEN(diffs));
	tcase_add_test(tc, errors);
	return run_case("flat", tc);
}
