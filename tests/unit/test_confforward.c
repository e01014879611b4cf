/*
 * test_confforward.c - the configuration of what is not ours: forward, cache, limits
 *
 * As test_conf.c: what each text gives, and every finding word for word.
 */
#include "conf_support.h"

#include "conf/upstream.h"

#define GROUP(more) FILES "forward = ( { from = \".\"; to = [\"10.0.0.1\"]; " more " } );"

static const struct row rows[] = {
	{"FW-02 nothing to ask", FILES "forward = ();", NULL, ""},
	{"FW-01 FW-02 what a group must have",
		FILES "forward = ( { }, { from = \".\"; } );", NULL,
		"a:2:13: error: forward[0]: has no from — add for example from = \".\"\n"
		"a:2:13: error: forward[0]: has no to — add for example to = [ "
		"\"10.0.0.53\" ]\n"
		"a:2:18: error: forward[1]: has no to — add for example to = [ "
		"\"10.0.0.53\" ]\n"},
	{"a value for the list", FILES "forward = \"10.0.0.1\"; bootstrap = \"x\";", NULL,
		"a:2:11: error: forward: \"10.0.0.1\" does not fit here — write a list "
		"of groups such as ( { from = \".\"; to = [ \"10.0.0.53\" ]; } )\n"
		"a:2:35: error: bootstrap: \"x\" does not fit here — write a list of "
		"upstreams such as [ \"10.0.0.53\" ]\n"},
	{"OP-20 every fault, in groups of groups too",
		FILES
		"forward = ( { from = \"a..b\"; to = []; tls = 5;\n"
		"health_check = { interval = 5; name = \"\"; type = \"OPT\"; x = 1; }; "
		"}, 7 );",
		NULL,
		"a:2:22: error: forward[0].from: \"a..b\" is no domain name — write one "
		"such as \"corp.example.\"\n"
		"a:2:45: error: forward[0].tls: is a group of settings — write tls = { "
		"... };\n"
		"a:3:29: error: forward[0].health_check.interval: \"5\" has no unit — "
		"write \"5s\"\n"
		"a:3:39: error: forward[0].health_check.name: \"\" is no domain name — "
		"write one such as \"corp.example.\"\n"
		"a:3:50: error: forward[0].health_check.type: \"OPT\" does not fit here "
		"— write a type of records in quotes, such as \"NS\"\n"
		"a:3:57: error: forward[0].health_check.x: unknown key — the packaged "
		"shmdns.conf shows all keys\n"
		"a:3:70: error: forward[1]: \"7\" does not fit here — write a list of "
		"groups such as ( { from = \".\"; to = [ \"10.0.0.53\" ]; } )\n"},
	{"FW-02 upstreams that are none",
		FILES
		"forward = ( { from = \".\"; to = [\"10.0.0.256\", \"10.0.0.1:x\",\n"
		"\"[10.0.0.1]\", \"tls://10.0.0.1#\", \"10.0.0.1#a\", \"a b\", 5,\n"
		"\"https://10.0.0.1/dns-query\", \"sdns://x\", \"fe80::1\", "
		"\"::1%lo\"]; } );",
		NULL,
		"a:2:33: error: forward[0].to[0]: \"10.0.0.256\" is no upstream: write "
		"IP, IP:port, [IPv6]:port, tls://IP#server.name, a host name, or the "
		"path of a resolv.conf\n"
		"a:2:47: error: forward[0].to[1]: \"10.0.0.1:x\" is no upstream: no port "
		"from 1 to 65535 — write for example \"10.0.0.1:53\"\n"
		"a:3:1: error: forward[0].to[2]: \"[10.0.0.1]\" is no upstream: brackets "
		"stand around IPv6 addresses: \"[2001:db8::1]:53\"\n"
		"a:3:15: error: forward[0].to[3]: \"tls://10.0.0.1#\" is no upstream: "
		"behind \"#\" stands the name in the certificate, such as "
		"\"dns.example\"\n"
		"a:3:34: error: forward[0].to[4]: \"10.0.0.1#a\" is no upstream: a name "
		"of a certificate stands behind tls:// only\n"
		"a:3:48: error: forward[0].to[5]: \"a b\" is no upstream: write IP, "
		"IP:port, [IPv6]:port, tls://IP#server.name, a host name, or the path "
		"of a resolv.conf\n"
		"a:3:55: error: forward[0].to[6]: \"5\" is no string — put it in "
		"quotes\n"
		"a:4:1: error: forward[0].to[7]: \"https://10.0.0.1/dns-query\" is no "
		"upstream: not offered yet — use \"tls://IP#server.name\"\n"
		"a:4:31: error: forward[0].to[8]: \"sdns://x\" is no upstream: the "
		"scheme is not known — use \"dns://\" or \"tls://\"\n"
		"a:4:43: error: forward[0].to[9]: \"fe80::1\" is no upstream: that is "
		"link-local — add its interface: \"fe80::1%eth0\"\n"
		"a:4:54: error: forward[0].to[10]: \"::1%lo\" is no upstream: that is "
		"not link-local — leave out the interface\n"},
	{"FW-21 U-11 no address of a server",
		FILES "forward = ( { from = \".\"; to = [\"0.0.0.0\", \"0.1.2.3\", "
		      "\"224.0.0.1\", \"::\", \"ff02::1\"]; } );",
		NULL,
		"a:2:33: error: forward[0].to[0]: \"0.0.0.0\" is no upstream: that is no "
		"address of one machine — write one that is\n"
		"a:2:44: error: forward[0].to[1]: \"0.1.2.3\" is no upstream: that is no "
		"address of one machine — write one that is\n"
		"a:2:55: error: forward[0].to[2]: \"224.0.0.1\" is no upstream: that is "
		"no address of one machine — write one that is\n"
		"a:2:68: error: forward[0].to[3]: \"::\" is no upstream: that is no "
		"address of one machine — write one that is\n"
		"a:2:74: error: forward[0].to[4]: \"ff02::1\" is no upstream: that is no "
		"address of one machine — write one that is\n"},
	{"FW-21 U-11 a listener of ours",
		FILES
		"forward = ( { from = \".\"; to = [\"127.0.0.1\", \"127.0.0.1:5353\","
		"\n\"[::1]:54\", \"tls://127.0.0.1:853\"]; }, { from = \"a\"; to = "
		"[\"10.0.0.9\", \"10.0.0.1\"]; } );",
		"listen = ( { address = \"0.0.0.0\"; }, { address = \"[::1]:54\"; },\n"
		"{ address = \"10.0.0.9:5300\"; } ); bootstrap = [\"127.0.0.53\", "
		"\"10.0.0.9:5300\"];",
		"a:2:33: error: forward[].to: \"127.0.0.1\" port 53 is a listener of "
		"ours: questions would go in circles — write another upstream\n"
		"a:3:1: error: forward[].to: \"::1\" port 54 is a listener of ours: "
		"questions would go in circles — write another upstream\n"
		"b:2:48: error: bootstrap: \"127.0.0.53\" port 53 is a listener of ours: "
		"questions would go in circles — write another upstream\n"
		"b:2:62: error: bootstrap: \"10.0.0.9\" port 5300 is a listener of ours: "
		"questions would go in circles — write another upstream\n"},
	{"FW-02 at most 15",
		FILES "forward = ( { from = \".\"; to = [\"10.0.0.1\", \"10.0.0.2\", "
		      "\"10.0.0.3\", \"10.0.0.4\", \"10.0.0.5\", \"10.0.0.6\", "
		      "\"10.0.0.7\", \"10.0.0.8\", \"10.0.0.9\", \"10.0.0.10\", "
		      "\"10.0.0.11\", \"10.0.0.12\", \"10.0.0.13\", \"10.0.0.14\", "
		      "\"10.0.0.15\",\n\"10.0.0.16\"]; } );",
		NULL,
		"a:3:1: error: forward[0].to[15]: more than 15 upstreams — take some "
		"out\n"},
	{"FW-02 nobody, and twice the same",
		FILES "forward = ( { from = \".\"; to = []; }, { from = \"a\"; to = "
		      "[\"10.0.0.1\", \"dns://10.0.0.1\"]; } );",
		NULL,
		"a:2:32: error: forward[0].to: is empty — write who is asked\n"
		"a:2:58: error: forward[1].to: has the same upstream at 1 and 2 — take "
		"one out\n"},
	{"FW-01 a zone twice in one file",
		FILES "forward = ( { from = \"A.b\"; to = [\"10.0.0.1\"]; },\n{ from = "
		      "\"a.B.\"; to = [\"10.0.0.2\"]; } );",
		NULL,
		"a:3:1: error: forward: \"a.b.\" has a group already at a:2:13 — make "
		"one of them\n"},
	{"OP-23 a zone twice in two files",
		FILES "forward = ( { from = \"a.b\"; to = [\"10.0.0.1\"]; } );",
		"forward = ( { from = \"a.b\"; to = [\"10.0.0.2\"]; } );",
		"b:1:13: warning: forward: \"a.b.\" is set again: this group wins over "
		"that of a:2:13\n"},
	{"policies", GROUP("policy = \"fastest\";"), NULL,
		"a:2:55: error: forward[0].policy: \"fastest\" is not offered yet — "
		"write \"random\"; slow upstreams are hedged\n"},
	{"other words", GROUP("policy = \"randon\"; transport = \"force_tcp\";"), NULL,
		"a:2:55: error: forward[0].policy: \"randon\" is not known — did you "
		"mean \"random\"?\n"
		"a:2:77: error: forward[0].transport: \"force_tcp\" is CoreDNS's word — "
		"write \"tcp\"\n"},
	{"rcodes",
		GROUP("failover = [\"nxdomain\", \"NOERROR\", 2]; next = \"NXDOMAIN\";"),
		NULL,
		"a:2:70: error: forward[0].failover[1]: \"NOERROR\" is no rcode of a "
		"failure — write one such as \"SERVFAIL\"\n"
		"a:2:81: error: forward[0].failover[2]: \"2\" is no rcode of a failure — "
		"write one such as \"SERVFAIL\"\n"
		"a:2:92: error: forward[0].next: \"NXDOMAIN\" does not fit here — write "
		"a list of rcodes such as [ \"SERVFAIL\" ]\n"},
	{"FW-12 ranges",
		GROUP("max_connect_attempts = \"all\"; timeout = \"49ms\"; "
		      "max_concurrent = 16385;"),
		NULL,
		"a:2:69: error: forward[0].max_connect_attempts: \"all\" does not fit "
		"here — write a whole number from 0 to 100, or \"auto\"\n"
		"a:2:86: error: forward[0].timeout: \"49ms\" is out of range — write a "
		"duration from \"50ms\" to \"30000ms\", such as \"250ms\"\n"
		"a:2:111: error: forward[0].max_concurrent: \"16385\" is out of range — "
		"write a whole number from 0 to 16384 questions\n"},
	{"FW-18 OP-27 age and idleness", GROUP("max_age = \"5s\"; expire = \"6s\";"),
		NULL,
		"a:2:56: error: forward[0].max_age: is less than `expire` — write as "
		"much or more, or \"0s\"\n"},
	{"FW-18 none", GROUP("max_age = \"0s\"; expire = \"6s\";"), NULL, ""},
	{"FW-20 halves", GROUP("transport = \"tls\"; tls = { cert = \"c\"; };"), NULL,
		"a:2:80: error: forward[0].tls.cert: has no key — set tls.key too\n"},
	{"FW-20 other halves", GROUP("transport = \"tls\"; tls = { key = \"c\"; };"),
		NULL,
		"a:2:79: error: forward[0].tls.key: has no certificate — set tls.cert "
		"too\n"},
	{"FW-20 for nothing", GROUP("tls = { server_name = \"a.b\"; };"), NULL,
		"a:2:13: warning: forward[0]: has tls = { ... } that is not used — write "
		"upstreams as tls://IP, or transport = \"tls\"\n"},
	{"FW-21 families", GROUP("source_address = \"fd00::1\";"), NULL,
		"a:2:63: error: forward[0].source_address: is of another family than an "
		"upstream — put them into groups of their own, or leave it out\n"},
	{"FW-21 no address", GROUP("source_address = \"eth0\";"), NULL,
		"a:2:63: error: forward[0].source_address: \"eth0\" is no address of a "
		"machine — write one such as \"10.0.0.1\"\n"},
	{"FW-22 names for names",
		FILES "bootstrap = [\"dns.example\"]; forward = ( { from = \".\"; to = "
		      "[\"dns.example\"]; } );",
		NULL,
		"a:2:14: error: bootstrap: is a host name, and has to resolve host names "
		"— write an address\n"},
	{"FW-22 nobody",
		FILES "bootstrap = []; forward = ( { from = \".\"; to = "
		      "[\"dns.example\"]; } );",
		NULL,
		"a:2:13: error: bootstrap: is empty — host names in forward[].to need "
		"it\n"},
	{"OP-28 forward",
		GROUP("force_tcp = true; tls_servername = \"a\"; max_idle_conns = 1;"),
		NULL,
		"a:2:46: error: forward[0].force_tcp: unknown key — write transport = "
		"\"tcp\"\n"
		"a:2:64: error: forward[0].tls_servername: unknown key — write tls = { "
		"server_name = \"NAME\"; }\n"
		"a:2:86: error: forward[0].max_idle_conns: unknown key — write "
		"max_idle\n"},
	{"OP-28 cache and loop",
		FILES
		"cache = { servfail = \"5s\"; prefetch = { amount = 1; }; }; loop = "
		"true;",
		NULL,
		"a:2:11: error: cache.servfail: unknown key — write servfail_ttl = "
		"\"5s\"\n"
		"a:2:41: error: cache.prefetch.amount: unknown key — write hits\n"
		"a:2:59: error: loop: unknown key — write loop_detection = \"break\"\n"},
	{"CA-03 OP-22 sizes",
		FILES "cache = { success = { size = 16; }; denial = { size = \"16\"; }; "
		      "};",
		"cache = { success = { size = \"70G\"; }; denial = { size = "
		"\"1000K\"; }; "
		"};",
		"a:2:30: error: cache.success.size: \"16\" has no unit — write \"16M\"\n"
		"a:2:55: error: cache.denial.size: \"16\" does not fit here — write a "
		"size from \"1M\" to \"65536M\", such as \"16M\"\n"
		"b:1:23: warning: cache.success.size: is set again: this value wins over "
		"that of a:2:30\n"
		"b:1:30: error: cache.success.size: \"70G\" is out of range — write a "
		"size from \"1M\" to \"65536M\", such as \"16M\"\n"
		"b:1:51: warning: cache.denial.size: is set again: this value wins over "
		"that of a:2:55\n"
		"b:1:58: error: cache.denial.size: \"1000K\" is out of range — write a "
		"size from \"1M\" to \"65536M\", such as \"16M\"\n"},
	{"CA-03 CA-04 shortest and longest",
		FILES "cache = { max_ttl = 10; success = { min_ttl = 11; }; denial = { "
		      "max_ttl = 20; min_ttl = 20; }; };",
		NULL,
		"a:2:47: error: cache.success.min_ttl: \"11s\" is more than the longest "
		"time, \"10s\" — write less\n"},
	{"old answers too late", FILES "limits = { query_deadline = \"1s\"; };", NULL,
		"a: warning: cache.serve_stale.timeout: is not less than "
		"limits.query_deadline: old answers are given only where upstreams fail "
		"before it\n"},
	{"AC-10 clients", FILES "forward_clients = [\"*\", \"10.0.0.1\", \"all\"];", NULL,
		"a:2:25: error: forward_clients[1]: \"10.0.0.1\" is no CIDR — write one "
		"such as \"10.1.0.0/16\", or \"*\"\n"
		"a:2:37: error: forward_clients[2]: \"all\" is no CIDR — write one such "
		"as \"10.1.0.0/16\", or \"*\"\n"},
	{"LO-02 words", FILES "loop_detection = \"brake\";", NULL,
		"a:2:18: error: loop_detection: \"brake\" is not known — did you mean "
		"\"break\"?\n"},
	{"forwarders", FILES "forwarders = 9;", NULL,
		"a:2:14: error: forwarders: \"9\" is out of range — write a whole number "
		"from 0 to 8 processes\n"},
	{"no forwarders for groups", GROUP("") " forwarders = 0;", NULL,
		"a:2:65: warning: forwarders: is 0: the groups of `forward` are not "
		"used\n"},
	{"no forwarders", FILES "forwarders = 0;", NULL, ""},
	{"RO-14 zones that are not served",
		"kubernetes = { source = \"files\"; path = \"x\"; zones = [\"a.b\", "
		"\"10.1.0.0/16\"];\nfallthrough = [\".\", \"b\", \"in-addr.arpa\", "
		"\"ip6.arpa\", \"x.a.b\"]; };",
		NULL,
		"a:2:42: warning: kubernetes.fallthrough: \"ip6.arpa.\" is none of "
		"kubernetes.zones, and none of them is below it: nothing falls through "
		"for it — "
		"write one of them, or "
		"\".\" for all\n"
		"a:2:54: warning: kubernetes.fallthrough: \"x.a.b.\" is none of "
		"kubernetes.zones, and none of them is below it: nothing falls through "
		"for it — "
		"write one of them, or "
		"\".\" for all\n"},
	{"RO-14 the default fits all zones",
		"kubernetes = { source = \"files\"; path = \"x\"; zones = [\"a.b\"]; };",
		NULL, ""},
	{"RO-25 ranges", FILES, "kubernetes = { own_ranges = [\"10.96.0.0\"]; };",
		"b:1:30: error: kubernetes.own_ranges[0]: \"10.96.0.0\" is no CIDR — "
		"write one such as \"10.1.0.0/16\"\n"},
};

START_TEST(row_)
{
	check_row(&rows[_i]);
}
END_TEST

/* As kubeadm's Corefile says of names that are not ours, and ours where it is silent. */
START_TEST(defaults)
{
	struct conf c;

	conf_defaults(&c);
	ck_assert_uint_eq(c.nforward, 1);
	const struct conf_forward *f = &c.forward[0];
	check_name(&f->from, ".");
	ck_assert_uint_eq(f->nto, 1);
	ck_assert_int_eq(f->to[0].kind, CONF_UPSTREAM_FILE);
	ck_assert_str_eq(f->to[0].path, "/etc/resolv.conf");
	ck_assert_uint_eq(f->nexcept, 0);
	ck_assert_int_eq(f->policy, CONF_POLICY_RANDOM);
	ck_assert_int_eq(f->transport, CONF_TRANSPORT_UDP);
	ck_assert_uint_eq(f->max_fails, 2);
	ck_assert_uint_eq(f->health_check.interval_ns, 500 * NS_PER_MS);
	check_name(&f->health_check.name, ".");
	ck_assert_uint_eq(f->health_check.type, 2);
	ck_assert(f->health_check.recursion && f->hedge && f->case_randomize && f->edns);
	ck_assert(!f->failfast && !f->next_on_nodata && !f->trust_ad);
	ck_assert(!f->reuse_sockets);
	ck_assert_uint_eq(f->max_connect_attempts, CONF_AUTO);
	ck_assert_uint_eq(f->timeout_ns, 2 * NS_PER_S);
	ck_assert_uint_eq(f->failover, 1 << 2 | 1 << 4 | 1 << 5);
	ck_assert_uint_eq(f->next, 0);
	ck_assert_uint_eq(f->max_concurrent, 1000);
	ck_assert_uint_eq(f->expire_ns, 10 * NS_PER_S);
	ck_assert_uint_eq(f->max_age_ns, 0);
	ck_assert_uint_eq(f->max_idle, 0);
	ck_assert_str_eq(f->tls.ca, "");
	ck_assert_uint_eq(f->tls.server_name.len, 0);
	ck_assert_uint_eq(f->source_address.len, 0);
	ck_assert_uint_eq(f->packet_rate, 0);
	ck_assert_uint_eq(c.nbootstrap, 1);
	ck_assert_str_eq(c.bootstrap[0].path, "/etc/resolv.conf");
	ck_assert_uint_eq(c.forwarders, 1);
	ck_assert_uint_eq(c.nforward_clients, 1);
	ck_assert_uint_eq(c.forward_clients[0].addr.len, 0);
	ck_assert_int_eq(c.loop_detection, CONF_LOOP_BREAK);
	ck_assert_uint_eq(c.limits.query_deadline_ns, 4500 * NS_PER_MS);
	ck_assert_uint_eq(c.kubernetes.nfallthrough, 2);
	check_name(&c.kubernetes.fallthrough[0], "in-addr.arpa.");
	ck_assert_uint_eq(c.kubernetes.nown_ranges, 0);
	conf_fini(&c);
}
END_TEST

START_TEST(cache_defaults)
{
	struct conf c;

	conf_defaults(&c);
	ck_assert_uint_eq(c.cache.max_ttl_s, 30);
	ck_assert_uint_eq(c.cache.success.size, 16u << 20);
	ck_assert_uint_eq(c.cache.success.max_ttl_s, 30);
	ck_assert_uint_eq(c.cache.success.min_ttl_s, 0);
	ck_assert_uint_eq(c.cache.denial.size, 4u << 20);
	ck_assert_uint_eq(c.cache.denial.max_ttl_s, 30);
	ck_assert_uint_eq(c.cache.servfail_ttl_s, 5);
	ck_assert(!c.cache.keep_ttl && !c.cache.nxdomain_cut);
	ck_assert_uint_eq(c.cache.prefetch.hits, 2);
	ck_assert_uint_eq(c.cache.prefetch.window_ns, 60 * NS_PER_S);
	ck_assert_uint_eq(c.cache.prefetch.percent, 10);
	ck_assert_uint_eq(c.cache.serve_stale.max_age_s, 3600);
	ck_assert_int_eq(c.cache.serve_stale.mode, CONF_STALE_VERIFY);
	ck_assert_uint_eq(c.cache.serve_stale.timeout_ns, 1800 * NS_PER_MS);
	ck_assert_uint_eq(c.cache.serve_stale.ttl_s, 30);
	ck_assert_uint_eq(c.cache.serve_stale.recheck_ns, 30 * NS_PER_S);
	ck_assert(!c.cache.serve_stale.prefer_positive);
	ck_assert_uint_eq(c.cache.nzones, 0);
	conf_fini(&c);
}
END_TEST

static const char every_key[] = FILES
	"forward = ( { from = \".\"; to = [\"10.0.0.1\", \"[fd00::1]:5353\", "
	"\"dns://10.0.0.2:54\",\n"
	"	\"tls://10.0.0.3\", \"tls://[fd00::3]:8853#DNS.Example\", "
	"\"tls://dot.example\", \"ns1.Example:5300\", \"resolv/one.conf\"]; },\n"
	"{ from = \"Corp.Example\"; to = [\"tls://10.0.0.4\"]; except = "
	"[\"a.corp.example\", "
	"\"b\"]; policy = \"sequential\";\n"
	"	transport = \"tls\"; max_fails = 0; health_check = { interval = "
	"\"2s\"; name = "
	"\"probe.Test\"; type = \"TYPE65\"; recursion = false; };\n"
	"	failfast = true; max_connect_attempts = 0; timeout = \"250ms\"; "
	"hedge = false; "
	"failover = []; next = [\"NXDOMAIN\", \"refused\"];\n"
	"	next_on_nodata = true; max_concurrent = 0; expire = \"1m\"; max_age "
	"= \"1h\"; "
	"max_idle = 8;\n"
	"	tls = { ca = \"ca.pem\"; cert = \"/c\"; key = \"/k\"; server_name = "
	"\"Name.Test\"; }; source_address = \"10.0.0.7\";\n"
	"	case_randomize = false; edns = false; packet_rate = 1000; trust_ad "
	"= true; "
	"reuse_sockets = true; } );\n"
	"bootstrap = [\"10.0.0.5\"]; forwarders = 3; forward_clients = [\"10.0.0.0/8\", "
	"\"*\"]; loop_detection = \"exit\";\n"
	"limits = { query_deadline = \"3s\"; };\n"
	"cache = { max_ttl = 60; zones = [\"a\"]; disable_success = [\"b\", \"c\"]; "
	"disable_denial = [\"d\"]; keep_ttl = true; nxdomain_cut = true;\n"
	"	success = { size = \"1G\"; min_ttl = \"5s\"; }; denial = { size = "
	"\"2048K\"; "
	"max_ttl = \"7s\"; }; servfail_ttl = 0;\n"
	"	prefetch = { hits = 0; window = \"2m\"; percent = 20; };\n"
	"	serve_stale = { max_age = \"2h\"; mode = \"immediate\"; timeout = "
	"\"0s\"; ttl = 0; "
	"recheck = \"1s\"; prefer_positive = true; }; };\n";

START_TEST(upstreams) /* FW-02 */
{
	struct conf_report r;
	struct conf c;

	parse(every_key, NULL, &c, &r);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_uint_eq(c.nforward, 2);
	const struct conf_upstream *u = c.forward[0].to;
	ck_assert_uint_eq(c.forward[0].nto, 8);
	ck_assert_uint_eq(u[0].addr.len, 4);
	ck_assert_uint_eq(u[0].port, 0);
	ck_assert_uint_eq(u[1].addr.len, 16);
	ck_assert_uint_eq(u[1].port, 5353);
	ck_assert_uint_eq(u[2].port, 54);
	ck_assert(!u[2].tls && u[3].tls && u[4].tls && u[5].tls && !u[6].tls);
	ck_assert_uint_eq(u[3].server.len, 0);
	ck_assert_uint_eq(u[4].port, 8853);
	check_name(&u[4].server, "dns.example.");
	ck_assert_int_eq(u[5].kind, CONF_UPSTREAM_HOST);
	check_name(&u[5].host, "dot.example.");
	check_name(&u[5].server, "dot.example.");
	check_name(&u[6].host, "ns1.example.");
	ck_assert_uint_eq(u[6].port, 5300);
	ck_assert_int_eq(u[7].kind, CONF_UPSTREAM_FILE);
	ck_assert_str_eq(u[7].path, "resolv/one.conf"); /* beside the file "a" */
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

START_TEST(all_keys)
{
	struct conf_report r;
	struct conf c;

	parse(every_key, NULL, &c, &r);
	const struct conf_forward *f = &c.forward[1];
	check_name(&f->from, "corp.example.");
	ck_assert_uint_eq(f->nexcept, 2);
	check_name(&f->except[1], "b.");
	ck_assert_int_eq(f->policy, CONF_POLICY_SEQUENTIAL);
	ck_assert_int_eq(f->transport, CONF_TRANSPORT_TLS);
	ck_assert_uint_eq(f->max_fails, 0);
	ck_assert_uint_eq(f->health_check.interval_ns, 2 * NS_PER_S);
	check_name(&f->health_check.name, "probe.test.");
	ck_assert_uint_eq(f->health_check.type, 65);
	ck_assert(!f->health_check.recursion && f->failfast && !f->hedge);
	ck_assert_uint_eq(f->max_connect_attempts, 0);
	ck_assert_uint_eq(f->timeout_ns, 250 * NS_PER_MS);
	ck_assert_uint_eq(f->failover, 0); /* what is written is all of it */
	ck_assert_uint_eq(f->next, 1 << 3 | 1 << 5);
	ck_assert(f->next_on_nodata && f->trust_ad && f->reuse_sockets);
	ck_assert(!f->case_randomize && !f->edns);
	ck_assert_uint_eq(f->max_concurrent, 0);
	ck_assert_uint_eq(f->expire_ns, 60 * NS_PER_S);
	ck_assert_uint_eq(f->max_age_ns, 3600 * NS_PER_S);
	ck_assert_uint_eq(f->max_idle, 8);
	ck_assert_str_eq(f->tls.ca, "ca.pem");
	ck_assert_str_eq(f->tls.key, "/k");
	check_name(&f->tls.server_name, "name.test.");
	ck_assert_uint_eq(f->source_address.len, 4);
	ck_assert_uint_eq(f->packet_rate, 1000);
	ck_assert_uint_eq(c.nbootstrap, 1);
	ck_assert_uint_eq(c.forwarders, 3);
	ck_assert_uint_eq(c.nforward_clients, 2);
	ck_assert_uint_eq(c.forward_clients[0].bits, 8);
	ck_assert_int_eq(c.loop_detection, CONF_LOOP_EXIT);
	ck_assert_uint_eq(c.limits.query_deadline_ns, 3 * NS_PER_S);
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

START_TEST(all_cache_keys)
{
	struct conf_report r;
	struct conf c;

	parse(every_key, NULL, &c, &r);
	const struct conf_cache *k = &c.cache;
	ck_assert_uint_eq(k->max_ttl_s, 60);
	ck_assert_uint_eq(k->nzones, 1);
	ck_assert_uint_eq(k->ndisable_success, 2);
	check_name(&k->disable_success[1], "c.");
	ck_assert_uint_eq(k->ndisable_denial, 1);
	ck_assert(k->keep_ttl && k->nxdomain_cut);
	ck_assert_uint_eq(k->success.size, 1u << 30);
	ck_assert_uint_eq(k->success.max_ttl_s, 60); /* follows */
	ck_assert_uint_eq(k->success.min_ttl_s, 5);
	ck_assert_uint_eq(k->denial.size, 2u << 20);
	ck_assert_uint_eq(k->denial.max_ttl_s, 7);
	ck_assert_uint_eq(k->servfail_ttl_s, 0);
	ck_assert_uint_eq(k->prefetch.hits, 0);
	ck_assert_uint_eq(k->prefetch.window_ns, 120 * NS_PER_S);
	ck_assert_uint_eq(k->prefetch.percent, 20);
	ck_assert_uint_eq(k->serve_stale.max_age_s, 7200);
	ck_assert_int_eq(k->serve_stale.mode, CONF_STALE_IMMEDIATE);
	ck_assert_uint_eq(k->serve_stale.timeout_ns, 0);
	ck_assert_uint_eq(k->serve_stale.ttl_s, 0);
	ck_assert_uint_eq(k->serve_stale.recheck_ns, NS_PER_S);
	ck_assert(k->serve_stale.prefer_positive);
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

/* OP-23: lists of groups are joined; of two groups for one zone the later one stays. */
START_TEST(joined)
{
	struct conf_report r;
	struct conf c;

	parse(FILES "forward = ( { from = \"a\"; to = [\"10.0.0.1\"]; }, { from = "
		    "\"b\"; to = "
		    "[\"x.conf/\"]; tls = { ca = \"/a\"; }; } );",
		"forward = ( { from = \"b\"; to = [\"10.0.0.2\"]; }, { from = "
		"\"c\"; to = "
		"[\"10.0.0.3\"]; } );",
		&c, &r);
	ck_assert_uint_eq(r.errors, 0);
	ck_assert_uint_eq(c.nforward, 3);
	check_name(&c.forward[0].from, "a.");
	check_name(&c.forward[1].from, "b.");
	ck_assert_int_eq(c.forward[1].to[0].kind, CONF_UPSTREAM_ADDRESS);
	check_name(&c.forward[2].from, "c.");
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

/* Every cut of a file with groups in groups: refused or read, and all is freed. */
START_TEST(every_cut)
{
	for (size_t n = 0; n < sizeof(every_key); n++) {
		uint8_t *text = exact_copy(every_key, n);
		struct conf_bundle b = {0};
		struct conf_report r;
		struct conf c;

		conf_bundle_add(&b, "a", text, n);
		if (conf_parse(b.data, b.len, &c, &r) == 0)
			conf_fini(&c);
		conf_report_fini(&r);
		conf_bundle_fini(&b);
		free(text);
	}
}
END_TEST

/* Groups and upstreams over what there is room for. */
START_TEST(room)
{
	struct conf_report r;
	struct conf c;
	char text[16384];
	size_t n = (size_t)snprintf(text, sizeof(text), FILES "forward = (");

	for (int i = 0; i < 64; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"%s{ from = \"z%d\"; to = [\"10.0.0.1\", \"10.0.0.2\", "
			"\"10.0.0.3\"]; "
			"}",
			i > 0 ? ",\n" : "", i);
	snprintf(text + n, sizeof(text) - n, ");");
	parse(text, NULL, &c, &r);
	char *found = printed(&r);
	ck_assert_str_eq(found,
		"a:2:11: error: forward: all groups have 190 upstreams, and 128 is the "
		"most — take some out\n"
		"a:65:1: error: forward[63]: more than 63 groups — take some out\n");
	free(found);
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("confforward");

	tcase_add_loop_test(tc, row_, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, cache_defaults);
	tcase_add_test(tc, upstreams);
	tcase_add_test(tc, all_keys);
	tcase_add_test(tc, all_cache_keys);
	tcase_add_test(tc, joined);
	tcase_add_test(tc, every_cut);
	tcase_add_test(tc, room);
	return run_case("confforward", tc);
}
