/*
 * test_forwardset.c - from a configuration to the settings of what is not ours
 *
 * Rows: FW-02, FW-12, FW-20, FW-22, CA-09, AC-10, RO-14, RO-25, SM-13.
 */
#include "controller/records/forwardset.h"

#include "base/mem.h"
#include "conf_support.h"
#include "controller/records/options.h"

static struct forward_settings *out;
static uint8_t *octets;

static void setup(void)
{
	out = mem_alloc(2, sizeof(*out));
	octets = mem_alloc(1, FORWARD_OCTETS_MAX);
}

static void teardown(void)
{
	free(out);
	free(octets);
}

/* Settings of a text; whatever it says, readers accept them. */
static void make(const char *text, const struct forwardset_file *files, size_t n)
{
	struct conf_report r;
	struct conf c;

	parse(text, NULL, &c, &r);
	ck_assert_uint_eq(r.errors, 0);
	forwardset_from_conf(&c, files, n, out);
	ck_assert_int_eq(forward_decode(octets, forward_encode(out, octets), out + 1), 0);
	conf_fini(&c);
	conf_report_fini(&r);
}

static struct forwardset_file file(const char *path, const char *a, const char *b)
{
	struct forwardset_file f = {.path = path};

	ck_assert(addr_parse(a, strlen(a), &f.server[f.n++].addr));
	if (b != NULL)
		ck_assert(addr_parse(b, strlen(b), &f.server[f.n++].addr));
	return f;
}

static void check_upstream(
	unsigned i, const char *addr, uint16_t port, const char *server)
{
	const struct forward_upstream *u = &out->upstreams[i];
	char text[ADDR_TEXT_MAX];

	addr_text(&u->addr, text);
	ck_assert_str_eq(text, addr);
	ck_assert_uint_eq(u->port, port);
	if (server != NULL)
		check_name(&u->server, server);
	else
		ck_assert_uint_eq(u->server.len, 0);
}

START_TEST(defaults)
{
	struct forwardset_file f = file("/etc/resolv.conf", "192.0.2.1", "2001:db8::1");

	make(FILES, &f, 1);
	ck_assert_uint_eq(out->ngroups, 1);
	ck_assert_uint_eq(out->groups[0].n, 2);
	check_upstream(0, "192.0.2.1", 53, NULL);
	check_upstream(1, "2001:db8::1", 53, NULL);
	ck_assert_uint_eq(out->groups[0].max_connect_attempts, 0); /* by the upstreams */
	ck_assert_uint_eq(out->deadline_ms, 4500);
	ck_assert_uint_eq(out->forwarders, 1);
	ck_assert(out->everybody && !out->bootstrap);
	ck_assert_uint_eq(out->nclients, 0);
	ck_assert_uint_eq(out->cache.success_max_ttl_s, 30);
	ck_assert_uint_eq(out->cache.servfail_ttl_ms, 5000);
	ck_assert_uint_eq(out->cache.stale_timeout_ms, 1800);
	ck_assert_int_eq(out->cache.stale_mode, STALE_VERIFY);
	make(FILES, NULL, 0); /* the file could not be read: a group with nobody */
	ck_assert_uint_eq(out->ngroups, 1);
	ck_assert_uint_eq(out->groups[0].n, 0);
}
END_TEST

/* FW-02, FW-20: ports and names of certificates, by scheme and by transport. */
START_TEST(upstreams)
{
	struct forwardset_file f = file("./r", "192.0.2.1", "192.0.2.9");

	make(FILES "forward = ( { from = \".\"; to = [\"192.0.2.1\", \"192.0.2.2:5300\", "
		   "\"tls://192.0.2.3\", \"tls://192.0.2.4:99#a.b\", \"./r\"]; },\n"
		   "{ from = \"x\"; to = [\"192.0.2.5\", \"./r\", "
		   "\"tls://192.0.2.6#a.b\"]; transport = \"tls\";\n"
		   "tls = { server_name = \"c.d\"; ca = \"/ca\"; }; } );",
		&f, 1);
	ck_assert_uint_eq(out->groups[0].n, 5); /* 192.0.2.1 once */
	check_upstream(0, "192.0.2.1", 53, NULL);
	check_upstream(1, "192.0.2.2", 5300, NULL);
	check_upstream(2, "192.0.2.3", 853, NULL);
	check_upstream(3, "192.0.2.4", 99, "a.b.");
	check_upstream(4, "192.0.2.9", 53, NULL);
	ck_assert_uint_eq(out->groups[1].first, 5);
	ck_assert_uint_eq(out->groups[1].n, 4);
	check_upstream(5, "192.0.2.5", 853, "c.d.");
	check_upstream(6, "192.0.2.1", 853, "c.d.");
	check_upstream(7, "192.0.2.9", 853, "c.d.");
	check_upstream(8, "192.0.2.6", 853, "a.b.");
	ck_assert_str_eq(out->text + out->groups[1].ca, "/ca");
	ck_assert_str_eq(out->text + out->groups[1].key, "");
	ck_assert_str_eq(out->text + out->groups[0].ca, "");
}
END_TEST

/* FW-22: host names bring the group that resolves them, which has no names itself. */
START_TEST(bootstrap)
{
	make(FILES "forward = ( { from = \"a\"; to = [\"tls://dns.example\"]; "
		   "max_connect_attempts = 0; }, { from = \".\"; to = [\"192.0.2.1\"]; } "
		   "); bootstrap = [\"192.0.2.7\"];",
		NULL, 0);
	ck_assert_uint_eq(out->ngroups, 3);
	ck_assert(out->bootstrap);
	check_name(&out->upstreams[0].host, "dns.example.");
	check_name(&out->upstreams[0].server, "dns.example.");
	ck_assert_uint_eq(out->groups[0].max_connect_attempts, 255); /* FW-12 */
	ck_assert_uint_eq(out->groups[2].from.len, 0);
	ck_assert_uint_eq(out->groups[2].n, 1);
	check_upstream(2, "192.0.2.7", 53, NULL);
	ck_assert_int_eq(forward_group(out, (const uint8_t *)"\1b", 3, -1), 1);
}
END_TEST

/* SM-13: a stub domain is a group of its own, from which names may be taken out. */
START_TEST(stub)
{
	uint8_t in[NAME_MAX_LEN], not_in[NAME_MAX_LEN];
	size_t in_len = name_wire("x.corp.example.", in);
	size_t not_len = name_wire("y.no.corp.example.", not_in);

	make(FILES "forward = ( { from = \".\"; to = [\"192.0.2.1\"]; }, { from = "
		   "\"corp.example\"; to = [\"192.0.2.2\"]; except = "
		   "[\"No.corp.example\"]; } );",
		NULL, 0);
	ck_assert_int_eq(forward_group(out, in, in_len, -1), 1);
	ck_assert_int_eq(forward_group(out, not_in, not_len, -1), 0);
}
END_TEST

/* CA-09: a digest is of what a group says and whom it asks, not of where it stands. */
START_TEST(digests)
{
	static const char a[] =
		"{ from = \"a\"; to = [\"./r\"]; except = [\"b.a\"]; tls = { "
		"ca = \"/x\"; }; }";
	static const char *const others[] = {
		"{ from = \"a\"; to = [\"./r\"]; except = [\"c.a\"]; tls = { ca = "
		"\"/x\"; }; }",
		"{ from = \"a\"; to = [\"./r\"]; except = [\"b.a\"]; tls = { ca = "
		"\"/y\"; }; }",
		"{ from = \"a\"; to = [\"192.0.2.3\"]; except = [\"b.a\"]; tls = { ca = "
		"\"/x\"; }; }",
		"{ from = \"a\"; to = [\"./r\"]; except = [\"b.a\"]; timeout = "
		"\"1s\"; tls = { "
		"ca = \"/x\"; }; }",
	};
	struct forwardset_file f = file("./r", "192.0.2.1", NULL);
	struct forwardset_file other = file("./r", "192.0.2.2", NULL);
	char text[1024];

	snprintf(text, sizeof(text), FILES "forward = ( %s );", a);
	make(text, &f, 1);
	const uint64_t digest = out->groups[0].digest;
	ck_assert_uint_ne(digest, 0);
	make(text, &f, 1);
	ck_assert_uint_eq(out->groups[0].digest, digest);
	make(text, &other, 1);
	ck_assert_uint_ne(out->groups[0].digest, digest);
	snprintf(text, sizeof(text),
		FILES
		"forward = ( { from = \".\"; to = [\"192.0.2.9\"]; except = [\"x\"]; "
		"tls = { ca = \"/z\"; }; }, %s );",
		a);
	make(text, &f, 1);
	ck_assert_uint_eq(out->groups[1].digest, digest);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(text, sizeof(text), FILES "forward = ( %s );", others[i]);
		make(text, &f, 1);
		ck_assert_uint_ne(out->groups[0].digest, digest);
	}
}
END_TEST

/* Digests of the groups that these lines make; how many. */
static unsigned digests_of(const char *groups, uint64_t out_of[4])
{
	char text[1024];

	snprintf(text, sizeof(text), FILES "forward = ( %s );", groups);
	make(text, NULL, 0);
	for (unsigned i = 0; i < out->ngroups; i++)
		out_of[i] = out->groups[i].digest;
	return out->ngroups;
}

#define NEXT  "next = [\"NXDOMAIN\"]; "
#define INNER "{ from = \"x.example\"; to = [\"192.0.2.1\"]; "
#define OUTER "{ from = \"example\"; to = "
#define OTHER "{ from = \"other\"; to = "
#define REST  "{ from = \".\"; to = "

/* CA-09, FW-16: a group that goes on to others is another one if they are. */
START_TEST(digests_of_next)
{
	static const struct {
		const char *what, *before, *after;
		bool same[4];
	} rows[] = {
		{"the next one", INNER NEXT "}, " OUTER "[\"192.0.2.2\"]; }",
			INNER NEXT "}, " OUTER "[\"192.0.2.3\"]; }", {false, false}},
		{"wherever it stands", OUTER "[\"192.0.2.2\"]; }, " INNER NEXT "}",
			OUTER "[\"192.0.2.3\"]; }, " INNER NEXT "}", {false, false}},
		{"on NODATA",
			INNER "next_on_nodata = true; }, " OUTER "[\"192.0.2.2\"]; }",
			INNER "next_on_nodata = true; }, " OUTER "[\"192.0.2.3\"]; }",
			{false, false}},
		{"that does not go on", INNER "}, " OUTER "[\"192.0.2.2\"]; }",
			INNER "}, " OUTER "[\"192.0.2.3\"]; }", {true, false}},
		{"the one behind the next",
			INNER NEXT "}, " OUTER "[\"192.0.2.2\"]; " NEXT "}, " REST
				   "[\"192.0.2.4\"]; }",
			INNER NEXT "}, " OUTER "[\"192.0.2.2\"]; " NEXT "}, " REST
				   "[\"192.0.2.5\"]; }",
			{false, false, false}},
		{"which has not the name",
			INNER NEXT "}, " OTHER "[\"192.0.2.2\"]; }, " REST
				   "[\"192.0.2.4\"]; }",
			INNER NEXT "}, " OTHER "[\"192.0.2.3\"]; }, " REST
				   "[\"192.0.2.4\"]; }",
			{true, false, true}},
	};
	uint64_t before[4], after[4];

	unsigned n = digests_of(rows[_i].before, before);
	ck_assert_uint_eq(digests_of(rows[_i].after, after), n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg((before[i] == after[i]) == rows[_i].same[i], "%s %u",
			rows[_i].what, i);
	/* one that is gone is a change, too */
	ck_assert_uint_eq(
		digests_of(INNER NEXT "}, " REST "[\"192.0.2.4\"]; }", before), 2);
	ck_assert_uint_eq(digests_of(INNER NEXT "}", after), 1);
	ck_assert_uint_ne(before[0], after[0]);
}
END_TEST

START_TEST(clients_and_ranges) /* AC-10, RO-25 */
{
	make("kubernetes = { source = \"files\"; path = \"/x\"; own_ranges = "
	     "[\"10.96.0.0/12\"]; }; forward_clients = [\"10.0.0.0/8\", \"fd00::/8\"];",
		NULL, 0);
	ck_assert(!out->everybody);
	ck_assert_uint_eq(out->nclients, 2);
	ck_assert_uint_eq(out->nown, 1);
	make(FILES "forward_clients = [\"10.0.0.0/8\", \"*\"];", NULL, 0);
	ck_assert(out->everybody);
	ck_assert_uint_eq(out->nclients, 1);
	make(FILES "forward_clients = [];", NULL, 0);
	ck_assert(!out->everybody);
	ck_assert_uint_eq(out->nclients, 0);
}
END_TEST

/* RO-14: which of the zones falls through. */
static const struct {
	const char *keys, *falls;
} zones[] = {
	{"", "011"},
	{"zones = [\"a.b\", \"10.0.0.0/8\", \"c.d\"];", "010"},
	{"zones = [\"a.b\", \"x.c.d\", \"xc.d\"]; fallthrough = [\"c.d\"];", "010"},
	{"fallthrough = [\".\"];", "111"},
	{"fallthrough = [];", "000"},
};

START_TEST(fallthrough)
{
	struct record_options *o = mem_alloc(1, sizeof(*o));
	struct conf_report r;
	struct conf c;
	char text[256];

	snprintf(text, sizeof(text),
		"kubernetes = { source = \"files\"; path = \"/x\"; %s };",
		zones[_i].keys);
	parse(text, NULL, &c, &r);
	ck_assert_uint_eq(r.errors, 0);
	options_from_conf(&c, NULL, 0, "test", o);
	ck_assert_uint_eq(o->settings.nzones, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_msg(
			o->settings.zones[i].fallthrough == (zones[_i].falls[i] == '1'),
			"zone %u", i);
	conf_fini(&c);
	conf_report_fini(&r);
	free(o);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("forwardset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, upstreams);
	tcase_add_test(tc, bootstrap);
	tcase_add_test(tc, stub);
	tcase_add_test(tc, digests);
	tcase_add_loop_test(tc, digests_of_next, 0, 6);
	tcase_add_test(tc, clients_and_ranges);
	tcase_add_loop_test(tc, fallthrough, 0, ARRAY_LEN(zones));
	return run_case("forwardset", tc);
}
