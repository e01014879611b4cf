/*
 * test_conf.c - the configuration: what each text gives, and every finding word for word
 *
 * Findings name the rows that they prove: CF rows (traps of libconfig), OP rows (rules of
 * the file), RO rows (keys).
 */
#include "conf_support.h"

/* CF-02, OP-20, OP-21, OP-22, OP-25, OP-28 and the RO rows: one value each */
static const struct row values[] = {
	{"CF-02 unknown key", FILES "wrokers = 5;", NULL,
		"a:2:1: error: wrokers: unknown key — did you mean workers?\n"},
	{"CF-02 in a group", "kubernetes = { sourc = \"files\"; naemspaces = []; };",
		NULL,
		"a:1:16: error: kubernetes.sourc: unknown key — did you mean "
		"kubernetes.source?\n"
		"a:1:33: error: kubernetes.naemspaces: unknown key — did you mean "
		"kubernetes.namespaces?\n"},
	{"CF-02 a group", FILES "lgo = { level = \"info\"; };", NULL,
		"a:2:1: error: lgo: unknown key — did you mean log?\n"},
	{"CF-02 in the wrong group", FILES "ttl = 5;", NULL,
		"a:2:1: error: ttl: unknown key — did you mean kubernetes.ttl?\n"},
	{"CF-02 in a list", FILES "listen = ( { adress = \"::1\"; } );", NULL,
		"a:2:14: error: listen[0].adress: unknown key — did you mean "
		"listen[].address?\n"},
	{"CF-02 no idea", FILES "xyzzy = 5;", NULL,
		"a:2:1: error: xyzzy: unknown key — the packaged shmdns.conf shows all "
		"keys\n"},
	{"OP-28 plugins", FILES "bufsize = 1232; errors = true; template = \"x\";", NULL,
		"a:2:1: error: bufsize: unknown key — write edns = { max_udp = 1232; }\n"
		"a:2:26: error: errors: is a group of settings — write errors = { ... "
		"};\n"
		"a:2:32: error: template: unknown key — not available in this build\n"},
	{"SM-01 patterns",
		FILES "errors = { consolidate = ( { window = \"30s\"; match = \"a(\"; "
		      "},\n"
		      "{ window = \"30s\"; match = \"(a)\\\\1\"; },\n"
		      "{ match = \"x\"; level = \"loud\"; } ); };",
		NULL,
		"a:2:54: error: errors.consolidate[0].match: \"a(\" is no regular "
		"expression: Unmatched ( or \\( — see regex(7)\n"
		"a:3:27: error: errors.consolidate[1].match: \"(a)\\1\" is no regular "
		"expression: back-references are not offered — see regex(7)\n"
		"a:4:24: error: errors.consolidate[2].level: \"loud\" is not known — "
		"write one of \"error\", \"warning\", \"info\", \"debug\"\n"},
	{"OP-28 options that were removed",
		"kubernetes = { source = \"files\"; path = \"x\"; resyncperiod = "
		"\"1m\";\n"
		"upstream = 1; federation = 1; wildcards = 1; ignore = "
		"\"empty_service\"; };",
		NULL,
		"a:1:46: error: kubernetes.resyncperiod: unknown key — removed: every "
		"change "
		"arrives at once, leave it out\n"
		"a:2:1: error: kubernetes.upstream: unknown key — removed: targets need "
		"no "
		"upstream, leave it out\n"
		"a:2:15: error: kubernetes.federation: unknown key — removed from "
		"Kubernetes, "
		"leave it out\n"
		"a:2:31: error: kubernetes.wildcards: unknown key — removed: there are "
		"no "
		"wildcard names, leave it out\n"
		"a:2:46: error: kubernetes.ignore: unknown key — write "
		"ignore_empty_service = "
		"true\n"},
	{"OP-28 a Corefile", ".:53 {\n    errors\n}\n", NULL,
		"a:1:1: error: expected a setting, found \".:53\" — Corefile syntax: use "
		"`shmdnsctl import corefile`\n"},
	{"OP-28 a part of one", "kubernetes cluster.local in-addr.arpa {\n}\n", NULL,
		"a:1:12: error: kubernetes: expected \"=\" behind the name, found "
		"\"cluster\" — "
		"Corefile syntax: use `shmdnsctl import corefile`\n"},
	{"OP-20 a key with its path", "kubernetes.kubeconfig = \"/x\";", NULL,
		"a:1:11: error: kubernetes: expected \"=\" behind the name, found "
		"\".kubeconfig\" — keys stand in their group: name = { key = value; "
		"};\n"},
	{"OP-28 a value", FILES "loadbalance = { policy = \"round_robin\"; };", NULL,
		"a:2:26: error: loadbalance.policy: \"round_robin\" is CoreDNS's word — "
		"write "
		"\"shuffle\"\n"},
	{"OP-30 instance", FILES "instance = \"My_Name\";", NULL,
		"a:2:12: error: instance: \"My_Name\" does not fit here — write 1 to 31 "
		"lower-case letters, digits and \"-\" (inside), in quotes\n"},
	{"OP-30 instance of 32", FILES "instance = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\";",
		NULL,
		"a:2:12: error: instance: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" does not "
		"fit "
		"here — write 1 to 31 lower-case letters, digits and \"-\" (inside), in "
		"quotes\n"},
	{"OP-30 run_dir", FILES "run_dir = \"\"; state_dir = 5;", NULL,
		"a:2:11: error: run_dir: \"\" is out of range — write a string of 1 to "
		"200 "
		"octets in quotes\n"
		"a:2:27: error: state_dir: \"5\" does not fit here — write a string of 1 "
		"to "
		"200 octets in quotes\n"},
	{"workers", FILES "workers = 0;", "workers = 257;",
		"a:2:11: error: workers: \"0\" is out of range — write a whole number "
		"from 1 "
		"to 256, or \"auto\"\n"
		"b:1:1: warning: workers: is set again: this value wins over that of "
		"a:2:11\n"
		"b:1:11: error: workers: \"257\" is out of range — write a whole number "
		"from "
		"1 to 256, or \"auto\"\n"},
	{"workers as text", FILES "workers = \"many\";", NULL,
		"a:2:11: error: workers: \"many\" does not fit here — write a whole "
		"number "
		"from 1 to 256, or \"auto\"\n"},
	{"OP-22 bare number",
		"kubernetes = {source=\"files\"; path=\"x\"; startup_timeout = 30;}",
		NULL,
		"a:1:59: error: kubernetes.startup_timeout: \"30\" has no unit — write "
		"\"30s\"\n"},
	{"OP-22 unit",
		"kubernetes = {source=\"files\"; path=\"x\"; startup_timeout = \"5 s\";\n"
		"ttl = \"1.5s\"; negative_ttl = \"\"; }",
		NULL,
		"a:1:59: error: kubernetes.startup_timeout: \"5 s\" does not fit here — "
		"write "
		"a duration from \"0s\" to \"600s\", such as \"250ms\"\n"
		"a:2:7: error: kubernetes.ttl: \"1.5s\" has a fraction — a TTL is in "
		"whole "
		"seconds\n"
		"a:2:30: error: kubernetes.negative_ttl: \"\" does not fit here — write "
		"0 to "
		"3600 seconds, as a whole number or a duration such as \"30s\"\n"},
	{"RO-11 range",
		"kubernetes = {source=\"files\"; path=\"x\"; ttl = 3601;\n"
		"negative_ttl = -1; startup_timeout = \"11m\"; }",
		NULL,
		"a:1:47: error: kubernetes.ttl: \"3601\" is out of range — write 0 to "
		"3600 "
		"seconds, as a whole number or a duration such as \"30s\"\n"
		"a:2:16: error: kubernetes.negative_ttl: \"-1\" is out of range — write "
		"0 to "
		"3600 seconds, as a whole number or a duration such as \"30s\"\n"
		"a:2:38: error: kubernetes.startup_timeout: \"11m\" is out of range — "
		"write a "
		"duration from \"0s\" to \"600s\", such as \"250ms\"\n"},
	{"RO-01 names of zones",
		"kubernetes = {source=\"files\"; path=\"x\"; zones = [ \"c.local\", "
		"\"a..b\", "
		"\"a b\",\n\"10.0.0.1\", \"10.0.0.0/33\", 5 ]; }",
		NULL,
		"a:1:62: error: kubernetes.zones[1]: \"a..b\" is no domain name — write "
		"one such as \"corp.example.\"\n"
		"a:1:70: error: kubernetes.zones[2]: \"a b\" is no domain name — write "
		"one such as \"corp.example.\"\n"
		"a:2:1: error: kubernetes.zones[3]: \"10.0.0.1\" is an address — write a "
		"CIDR "
		"such as \"10.0.0.1/24\"\n"
		"a:2:13: error: kubernetes.zones[4]: \"10.0.0.0/33\" is no CIDR — write "
		"one "
		"such as \"10.96.0.0/12\"\n"
		"a:2:28: error: kubernetes.zones[5]: \"5\" is no string — put it in "
		"quotes\n"},
	{"RO-01 a name for a list",
		"kubernetes = {source=\"files\"; path=\"x\"; zones = \"a\"; }", NULL,
		"a:1:49: error: kubernetes.zones: \"a\" does not fit here — write a list "
		"of "
		"zone names and CIDRs in quotes\n"},
	{"RO-06 namespaces",
		"kubernetes = {source=\"files\"; path=\"x\"; namespaces = [\"a\", "
		"\"A\"]; }",
		NULL,
		"a:1:60: error: kubernetes.namespaces[1]: \"A\" cannot be the name of a "
		"namespace — write lower-case letters, digits and \"-\" (inside)\n"},
	{"RO-08 selector",
		"kubernetes = {source=\"files\"; path=\"x\"; labels = \"a in (b\"; }",
		NULL,
		"a:1:50: error: kubernetes.labels: \"a in (b\" is no label selector: "
		"\",\" or "
		"\")\" is missing here — look at octet 8\n"},
	{"RO-02, RO-09, RO-28 words",
		"kubernetes = { source = \"flies\"; pods = \"on\"; }; any_query = 5;",
		NULL,
		"a:1:25: error: kubernetes.source: \"flies\" is not known — did you mean "
		"\"files\"?\n"
		"a:1:41: error: kubernetes.pods: \"on\" is not known — write one of "
		"\"disabled\", \"insecure\", \"verified\"\n"
		"a:1:62: error: any_query: \"5\" does not fit here — write one of "
		"\"normal\", "
		"\"hinfo\", \"notimp\"\n"},
	{"RO-10 truth",
		"kubernetes = {source=\"files\"; path=\"x\"; endpoint_pod_names = 1; }",
		NULL,
		"a:1:62: error: kubernetes.endpoint_pod_names: \"1\" does not fit here — "
		"write "
		"true or false\n"},
	{"RO-19 addresses",
		"kubernetes = {source=\"files\"; path=\"x\"; server_addresses = "
		"[\"10.0.0.1\", \"0.0.0.0\", \"10.0.0.1:53\"]; }",
		NULL,
		"a:1:73: error: kubernetes.server_addresses[1]: \"0.0.0.0\" is no "
		"address of "
		"a server — write one such as \"10.0.0.1\"\n"
		"a:1:84: error: kubernetes.server_addresses[2]: \"10.0.0.1:53\" is no "
		"address "
		"of a server — write one such as \"10.0.0.1\"\n"},
	{"SM-09 a flag that is set and cleared",
		FILES "header = { response_set = [\"aa\", \"ra\"]; response_clear = "
		      "[\"ra\"]; };",
		NULL,
		"a:2:58: error: header.response_clear: has a flag that "
		"header.response_set has, too — keep it in one of them\n"},
	{"SM-09 no flag of those", FILES "header = { query_set = [\"tc\"]; };", NULL,
		"a:2:25: error: header.query_set[0]: \"tc\" does not fit here — write a "
		"list of \"aa\", \"ra\", \"rd\"\n"},
	{"LD-01 weights without a file",
		FILES "loadbalance = { policy = \"weighted\"; };", NULL,
		"a:2:26: error: loadbalance.file: is missing — policy \"weighted\" needs "
		"the file of weights\n"},
	{"LD-01 a file without weights", FILES "loadbalance = { file = \"/w\"; };", NULL,
		"a:2:24: warning: loadbalance.file: is not read — for weights set "
		"loadbalance.policy = \"weighted\"\n"},
	{"LD-01 in the words of CoreDNS",
		FILES "loadbalance = { weighted = \"/w\"; reload = \"30s\"; };", NULL,
		"a:2:17: error: loadbalance.weighted: unknown key — write policy = "
		"\"weighted\"; file = \"FILE\"\n"
		"a:2:34: error: loadbalance.reload: unknown key — the file is read when "
		"it changes, leave it out\n"},
	{"LD-03 prefixes",
		FILES "loadbalance = { prefer = [\"10.0.0.1\", \"::/129\", 5]; };", NULL,
		"a:2:27: error: loadbalance.prefer[0]: \"10.0.0.1\" is no CIDR — write "
		"one such as \"10.1.0.0/16\"\n"
		"a:2:39: error: loadbalance.prefer[1]: \"::/129\" is no CIDR — write one "
		"such as \"10.1.0.0/16\"\n"
		"a:2:49: error: loadbalance.prefer[2]: \"5\" is no string — put it in "
		"quotes\n"},
	{"LD-03 more than eight, of two files",
		FILES "loadbalance = { prefer = [\"::/0\", \"::/0\", \"::/0\", \"::/0\", "
		      "\"::/0\"]; };",
		"loadbalance = { prefer = [\"::/0\", \"::/0\", \"::/0\", \"::/0\"]; };",
		"b:1:51: error: loadbalance.prefer[3]: more than 8 CIDRs — take some "
		"out\n"},
	{"a value for a group", "kubernetes = \"x\"; log = [];", NULL,
		"a:1:14: error: kubernetes: is a group of settings — write kubernetes = "
		"{ ... "
		"};\n"
		"a:1:25: error: log: is a group of settings — write log = { ... };\n"},
	{"a group for a value", FILES "workers = { a = 1; }; run_dir = [];", NULL,
		"a:2:11: error: workers: a group does not fit here — write a whole "
		"number from "
		"1 to 256, or \"auto\"\n"
		"a:2:33: error: run_dir: a list does not fit here — write a string of 1 "
		"to 200 "
		"octets in quotes\n"},
	{"OP-25 addresses of listeners",
		FILES
		"listen = ( { address = \"x\"; }, { address = \"[::1\"; }, { address = "
		"\"10.0.0.1:0\"; },\n{ address = \"[10.0.0.1]\"; }, { address = \"::1\"; "
		"port = 70000; }, { address = 5; }, { port = 5; },\n{ address = "
		"\"224.0.0.1\"; }, { address = \"fe80::1\"; }, { address = "
		"\"::1%lo\"; }, 5,\n{ address = \"1.2.3.4:5\"; port = 6; }, { address = "
		"\"fe80::1%nope\"; } );",
		NULL,
		"a:2:24: error: listen[0].address: \"x\" is no address — write IP, "
		"IP:port or "
		"[IPv6]:port\n"
		"a:2:44: error: listen[1].address: \"[::1\" does not fit here — write an "
		"address in quotes: IP, IP:port or [IPv6]:port\n"
		"a:2:67: error: listen[2].address: \"10.0.0.1:0\": no port from 1 to "
		"65535 — "
		"write for example \"10.0.0.1:53\"\n"
		"a:3:13: error: listen[3].address: \"[10.0.0.1]\" does not fit here — "
		"write an "
		"address in quotes: IP, IP:port or [IPv6]:port\n"
		"a:3:56: error: listen[4].port: \"70000\" is out of range — write a "
		"whole "
		"number from 1 to 65535\n"
		"a:3:78: error: listen[5].address: \"5\" does not fit here — write an "
		"address "
		"in quotes: IP, IP:port or [IPv6]:port\n"
		"a:3:84: error: listen[6]: has no address — add for example address = "
		"\"10.0.0.1\"\n"
		"a:4:13: error: listen[7].address: \"224.0.0.1\" is no address of one "
		"machine — "
		"write one that is\n"
		"a:4:41: error: listen[8].address: \"fe80::1\" is link-local — add its "
		"interface: \"fe80::1%eth0\"\n"
		"a:4:67: error: listen[9].address: \"::1%lo\" is not link-local — leave "
		"out "
		"the interface\n"
		"a:4:80: error: listen[10]: \"5\" does not fit here — write a list of "
		"groups "
		"such as ( { address = \"10.0.0.1\"; } )\n"
		"a:5:1: error: listen[11]: has two ports: 5 in the address and 6 — keep "
		"one\n"
		"a:5:51: error: listen[12].address: \"fe80::1%nope\" names no interface "
		"of "
		"this machine — look at `ip link`\n"},
};

/* OP-23: merging; OP-27: cross-checks; and what this build does not have */
static const struct row checks[] = {
	{"a good file", FILES, NULL, ""},
	{"RO-02 an empty file", "", NULL, ""},
	{"RO-02 source api", "\nkubernetes = { source = \"api\"; };", NULL, ""},
	{"RO-02 files without a path", "kubernetes = { source = \"files\"; };", NULL,
		"a:1:25: error: kubernetes.path: is missing — source \"files\" needs the "
		"directory or file of objects\n"},
	{"RO-09 verified", FILES, "kubernetes = { pods = \"verified\"; };",
		"b:1:23: error: kubernetes.pods: \"verified\" is not available in this "
		"build — "
		"write \"insecure\" or \"disabled\"\n"},
	{"OP-23 later wins", FILES "workers = 1;", "\n workers = 2;",
		"b:2:2: warning: workers: is set again: this value wins over that of "
		"a:2:11\n"},
	{"OP-23 lists are joined", FILES "listen = ( { address = \"127.0.0.1\"; } );",
		"listen = ( { address = \"127.0.0.2\"; } ); kubernetes = { zones = "
		"[\"a\"]; };",
		""},
	{"OP-27 joined lists clash", FILES "listen = ( { address = \"127.0.0.1\"; } );",
		"listen = ( { address = \"127.0.0.1:53\"; } );",
		"b:1:12: error: listen: \"127.0.0.1\" port 53 is taken already at a:2:12 "
		"— "
		"keep one\n"},
	{"OP-27 the wildcard takes all",
		FILES
		"listen = ( { address = \"0.0.0.0\"; }, { address = \"127.0.0.1\"; }, { "
		"address = \"::1\"; } );",
		NULL,
		"a:2:38: error: listen: \"127.0.0.1\" port 53 is taken already at a:2:12 "
		"— "
		"keep one\n"},
	{"OP-27 different ports do not clash",
		FILES "listen = ( { address = \"0.0.0.0\"; }, { address = "
		      "\"127.0.0.1:54\"; } );",
		NULL, ""},
	{"OP-27 HTTP on one port",
		"health = { listen = \":8080\"; }; ready = { listen = "
		"\"127.0.0.1:8080\"; };",
		NULL,
		"a:1:52: error: ready.listen: port 8080 is taken already by "
		"health.listen — write another, or \"\" to switch it off\n"},
	{"OP-27 HTTP where DNS is", "metrics = { listen = \"10.0.0.1:53\"; };",
		"listen = ( { address = \"0.0.0.0\"; } );",
		"a:1:22: error: metrics.listen: port 53 is taken already by listen — "
		"write another, or \"\" to switch it off\n"},
	{"OP-27 HTTP on two addresses, or nowhere",
		"health = { listen = \"127.0.0.1:80\"; }; ready = { listen = "
		"\"[::1]:80\"; }; metrics = { listen = \"\"; };",
		NULL, ""},
	{"OP-27 what would contradict is not there yet",
		"kubernetes = { noendpoints = true; zonal = true;\n"
		"multicluster_zones = []; };",
		NULL,
		"a:1:36: error: kubernetes.zonal: unknown key — not available in this "
		"build\n"
		"a:2:1: error: kubernetes.multicluster_zones: unknown key — not "
		"available in this build\n"},
	{"OP-20 a group with a string that cannot be",
		"zone = ( { name = \"a.b\"; file = \"/x\\x00\"; } );", NULL,
		"a:1:33: error: zone[0].file: a string cannot hold a NUL octet — take it "
		"out\n"},
	{"OP-29 a secret", "kubernetes = { token = \"abc\"; };", NULL,
		"a:1:16: error: kubernetes.token: unknown key — did you mean "
		"kubernetes.token_file?\n"},
	{"OP-29 variables", "nsid = \"${NAME}\"; state_dir = \"/{$DIR}\";", NULL,
		"a:1:8: warning: nsid: is taken as it stands: variables are not replaced "
		"here — write the value\n"
		"a:1:31: warning: state_dir: is taken as it stands: variables are not "
		"replaced here — write the value\n"},
	{"no listener", FILES "listen = ();", NULL,
		"a:2:10: error: listen: is empty — write where queries come in, or leave "
		"it "
		"out\n"},
	{"OP-27 namespaces and namespace_labels", FILES,
		"kubernetes = { namespaces = [\"a\"]; namespace_labels = \"b\"; };",
		"b:1:55: error: kubernetes.namespace_labels: cannot stand together with "
		"kubernetes.namespaces — keep one of them\n"},
	{"OP-27 no forward zone", FILES,
		"kubernetes = { zones = [\"10.0.0.0/8\", "
		"\"ip6.arpa\"]; };",
		"b:1:24: error: kubernetes.zones: has no forward zone — add one such as "
		"\"cluster.local.\"\n"},
	{"OP-27 no zone at all", FILES, "kubernetes = { zones = []; };",
		"b:1:24: error: kubernetes.zones: has no forward zone — add one such as "
		"\"cluster.local.\"\n"},
	{"RO-01 a zone twice", FILES,
		"kubernetes = { zones = [\"A.b\", \"10.0.0.0/8\", \"a.B.\",\n"
		"\"10.in-addr.arpa\"]; };",
		"b:1:46: error: kubernetes.zones: the zone \"a.b.\" is there twice — "
		"take one "
		"out\n"
		"b:2:1: error: kubernetes.zones: the zone \"10.in-addr.arpa.\" is there "
		"twice "
		"— take one out\n"},
	{"RO-01 too many zones", FILES,
		"kubernetes = { zones = [\"a\", \"10.0.0.0/9\", "
		"\"11.0.0.0/9\"]; };",
		"b:1:44: error: kubernetes.zones[2]: more than 255 zones — take some "
		"out\n"},
	{"E-04 large replies", FILES "edns = { max_udp = 1401; };", NULL,
		"a:2:20: warning: edns.max_udp: \"1401\" is over 1400: such replies are "
		"lost "
		"where fragments are — keep 1232 unless you know the path\n"},
	{"OP-20 all findings in one pass, in the order of the files",
		"log = { level = \"loud\"; };\nwrokers = 5;\nworkers = 3000000000;",
		"edns = { max_udp = 1; };",
		"a:1:17: error: log.level: \"loud\" is not known — write one of "
		"\"error\", "
		"\"warning\", \"info\", \"debug\"\n"
		"a:2:1: error: wrokers: unknown key — did you mean workers?\n"
		"a:3:11: error: workers: \"3000000000\" does not fit 32 bits — write it "
		"with a "
		"unit or suffix\n"
		"b:1:20: error: edns.max_udp: \"1\" is out of range — write a whole "
		"number "
		"from 512 to 4096 octets\n"},
};

/* RO-03, RO-04, WP-08: API servers and how to log in; groups in groups */
static const struct row access_rows[] = {
	{"RO-03 endpoints",
		"kubernetes = { source = \"files\"; path = \"x\"; endpoints = "
		"[\"https://10.0.0.1:6443\",\n\"10.0.0.1\", \"https://me:pw@h\", 5, "
		"\"https://h:0\"]; };",
		NULL,
		"a:2:1: error: kubernetes.endpoints[1]: \"10.0.0.1\" is no URL of an API "
		"server — write it as https://HOST:PORT\n"
		"a:2:13: error: kubernetes.endpoints[2]: a URL with a user name — take "
		"that out, see kubernetes.token_file\n"
		"a:2:32: error: kubernetes.endpoints[3]: \"5\" is no string — put it in "
		"quotes\n"
		"a:2:35: error: kubernetes.endpoints[4]: \"https://h:0\" is no URL of an "
		"API server — write it as https://HOST:PORT\n"},
	{"RO-03 one for a list", FILES, "kubernetes = { endpoints = \"https://h\"; };",
		"b:1:28: error: kubernetes.endpoints: \"https://h\" does not fit here — "
		"write a list of URLs such as \"https://10.0.0.1:6443\"\n"},
	{"RO-03 a group in a group", FILES,
		"kubernetes = { tls = { crt = \"x\"; ca = 5; }; };",
		"b:1:24: error: kubernetes.tls.crt: unknown key — did you mean "
		"kubernetes.tls.cert?\n"
		"b:1:40: error: kubernetes.tls.ca: \"5\" does not fit here — write a "
		"string of 0 to 4000 octets in quotes\n"},
	{"RO-03 a value for it", FILES, "kubernetes = { tls = \"a b c\"; };",
		"b:1:22: error: kubernetes.tls: is a group of settings — write "
		"kubernetes.tls = { ... };\n"},
	{"RO-03 a group misspelt", FILES, "kubernetes = { tsl = { ca = \"x\"; }; };",
		"b:1:16: error: kubernetes.tsl: unknown key — did you mean "
		"kubernetes.tls?\n"},
	{"RO-03 a key of it outside", FILES, "kubernetes = { cert = \"x\"; };",
		"b:1:16: error: kubernetes.cert: unknown key — did you mean "
		"kubernetes.tls.cert?\n"},
	{"RO-03 a certificate without a key", FILES,
		"kubernetes = { tls = { cert = \"x\"; }; };",
		"b:1:31: error: kubernetes.tls.cert: has no key — set kubernetes.tls.key "
		"too\n"},
	{"RO-03 a key without a certificate", FILES,
		"kubernetes = { tls = { key = \"x\"; }; };",
		"b:1:30: error: kubernetes.tls.key: has no certificate — set "
		"kubernetes.tls.cert too\n"},
	{"WP-08 a token over http", FILES,
		"kubernetes = { endpoints = [\"https://a\", \"http://b\"]; token_file = "
		"\"t\"; };",
		"b:1:28: error: kubernetes.endpoints: \"http://b\" is not https: "
		"kubernetes.token_file would be read on the way — write https, or take "
		"that out\n"},
	{"WP-08 http without", FILES, "kubernetes = { endpoints = [\"http://b\"]; };",
		""},
	{"RO-04 wins", FILES,
		"kubernetes = { kubeconfig = \"k\"; endpoints = [\"https://h\"]; tls = { "
		"cert = \"x\"; }; exec = true; context = \"c\"; };",
		"b:1:46: warning: kubernetes.endpoints: is ignored: "
		"kubernetes.kubeconfig says all of this\n"
		"b:1:76: warning: kubernetes.tls.cert: is ignored: kubernetes.kubeconfig "
		"says all of this\n"},
	{"RO-04 a context of nothing", FILES, "kubernetes = { context = \"c\"; };",
		"b:1:26: error: kubernetes.context: there is no kubeconfig to have it — "
		"set kubernetes.kubeconfig, or take this out\n"},
	{"RO-04 a home", FILES, "kubernetes = { kubeconfig = \"~/.kube/config\"; };",
		"b:1:29: error: kubernetes.kubeconfig: \"~/.kube/config\": no shell "
		"expands \"~\" — write the directory\n"},
	{"OP-28 endpoint", FILES, "kubernetes = { endpoint = \"https://h\"; };",
		"b:1:16: error: kubernetes.endpoint: unknown key — write "
		"kubernetes.endpoints = [ \"https://10.0.0.1:6443\" ]\n"},
};

/* OP-28: every plugin of CoreDNS has a word of ours, or the reason why it has none. */
static const char *const plugins[] = {"acl", "any", "auto", "autopath", "azure", "bind",
	"bufsize", "cache", "cancel", "chaos", "clouddns", "debug", "dns64", "dnssec",
	"dnstap", "erratic", "errors", "etcd", "file", "forward", "geoip", "grpc",
	"grpc_server", "header", "health", "hosts", "https", "https3", "import",
	"k8s_external", "kubernetes", "loadbalance", "local", "log", "loop", "metadata",
	"minimal", "multisocket", "nomad", "nsid", "pprof", "prometheus", "proxy",
	"proxyproto", "quic", "ready", "reload", "rewrite", "root", "route53",
	"secondary", "shed", "sign", "template", "timeouts", "tls", "trace", "transfer",
	"tsig", "view", "whoami"};

START_TEST(each_plugin)
{
	char line[64], block[64];
	struct conf_report r;
	struct conf c;

	snprintf(line, sizeof(line), "%s = 1.5;", plugins[_i]);
	parse(line, NULL, &c, &r);
	ck_assert_uint_eq(r.errors, 1);
	ck_assert_msg(strstr(r.finding[0].text, "the packaged") == NULL &&
			      strstr(r.finding[0].text, "did you mean") == NULL,
		"%s: %s", plugins[_i], r.finding[0].text);
	conf_report_fini(&r);
	snprintf(block, sizeof(block), "%s . {\n}\n", plugins[_i]);
	parse(block, NULL, &c, &r);
	ck_assert_ptr_nonnull(strstr(r.finding[0].text, "import corefile"));
	conf_report_fini(&r);
}
END_TEST

START_TEST(value_row)
{
	check_row(&values[_i]);
}
END_TEST

START_TEST(check_row_)
{
	check_row(&checks[_i]);
}
END_TEST

START_TEST(access_row)
{
	check_row(&access_rows[_i]);
}
END_TEST

/* RO-03, RO-04: and that paths stand beside their file. */
START_TEST(access_keys)
{
	static const char text[] =
		"kubernetes = { source = \"files\"; path = \"objects\"; context = "
		"\"c\"; exec = true;\n endpoints = [\"HTTPS://H/\", "
		"\"https://[::1]:1\"]; kubeconfig = \"../config\"; token_file = "
		"\"/t\";\n tls = { cert = \"pki/cert\"; key = \"/key\"; ca = \"ca\"; }; "
		"};";
	struct conf_bundle bundle = {0};
	struct conf_report r;
	struct conf c;

	conf_bundle_add(&bundle, "/etc/shmdns/shmdns.conf", text, strlen(text));
	ck_assert_int_eq(conf_parse(bundle.data, bundle.len, &c, &r), 0);
	conf_bundle_fini(&bundle);
	const struct conf_kubernetes *k = &c.kubernetes;
	ck_assert_str_eq(k->path, "/etc/shmdns/objects");
	ck_assert_str_eq(k->kubeconfig, "/etc/shmdns/../config");
	ck_assert_str_eq(k->context, "c");
	ck_assert(k->exec);
	ck_assert_uint_eq(k->nendpoints, 2);
	ck_assert_str_eq(k->endpoints[0], "https://h");
	ck_assert_str_eq(k->endpoints[1], "https://[::1]:1");
	ck_assert_str_eq(k->token_file, "/t");
	ck_assert_str_eq(k->tls.cert, "/etc/shmdns/pki/cert");
	ck_assert_str_eq(k->tls.key, "/key");
	ck_assert_str_eq(k->tls.ca, "/etc/shmdns/ca");
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

START_TEST(defaults)
{
	struct conf_report r;
	struct conf c;

	conf_defaults(&c);
	check_defaults(&c);
	ck_assert_int_eq(c.kubernetes.source, CONF_SOURCE_API);
	ck_assert_str_eq(c.kubernetes.path, "");
	conf_fini(&c);
	parse(FILES, NULL, &c, &r); /* whatever is not set */
	check_defaults(&c);
	ck_assert_int_eq(c.kubernetes.source, CONF_SOURCE_FILES);
	ck_assert_str_eq(c.kubernetes.path, "/x");
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

static const char every_key[] =
	"instance = \"two\"; run_dir = \"/r\"; state_dir : \"/s\" workers = 0x10,\n"
	"listen = ( { address = \"127.0.0.1:5353\"; }, { address = \"[::1]\"; port = 54; "
	"},\n"
	"	{ address = \"::ffff:10.0.0.1\"; }, { address = \"fd00::5\" }, );\n"
	"kubernetes = { source = \"files\"; path = \"/a\" /* and */ \"/b\\x20c\";\n"
	"	zones = [ \"Example.ORG\", \"10.96.0.0/15\", \"fd00::/62\" ];\n"
	"	namespaces = ( \"a\", \"b-1\" ); labels = \"x=y,!z\"; # so\n"
	"	pods = \"disabled\"; endpoint_pod_names = TRUE; ttl = \"1m30s\";\n"
	"	noendpoints = true; ignore_empty_service = true; // and so\n"
	"	cluster_ip_endpoints = false; port_addresses = False;\n"
	"	first_address_only = true; serving_fallback = true;\n"
	"	startup_timeout = \"1.25s\"; server_addresses = [ \"10.0.0.1\", \"::1\" "
	"];\n"
	"}; any_query = \"notimp\"; edns = { max_udp = 512; };\n"
	"tcp = { read = \"1s\"; write = \"1500ms\"; idle = \"2m\"; max_queries = 7;\n"
	"	max_age = \"0s\"; max_connections = 10000; };\n"
	"loadbalance = { policy = \"fixed\"; prefer = [ \"10.1.2.3/16\",\n"
	"	\"fd00::/8\" ]; prefer_topology = \"node\"; };\n"
	"log = { level = \"debug\"; format = \"json\"; }; privacy = \"prefix\";\n"
	"errors = { consolidate = ( { window = \"5m\"; match = \"^.* timeout$\"; }, "
	"{ window = \"1s\"; match = \"x\"; level = \"info\"; show_first = true; } ); };";

START_TEST(all_keys)
{
	struct conf_report r;
	struct conf c;

	parse(every_key, "kubernetes = { negative_ttl = 0; };", &c, &r);
	ck_assert_uint_eq(r.n, 0);
	const struct conf_kubernetes *k = &c.kubernetes;
	ck_assert_str_eq(c.instance, "two");
	ck_assert_str_eq(c.run_dir, "/r/two"); /* OP-30 */
	ck_assert_str_eq(c.state_dir, "/s/two");
	ck_assert_uint_eq(c.workers, 16);
	ck_assert_uint_eq(k->nzones, 1 + 2 + 4);
	check_name(&k->zones[0], "example.org."); /* folded */
	check_name(&k->zones[1], "96.10.in-addr.arpa.");
	check_name(&k->zones[2], "97.10.in-addr.arpa.");
	check_name(&k->zones[6], "3.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.");
	ck_assert_str_eq(k->path, "/a/b c");
	ck_assert_uint_eq(k->nnamespaces, 2);
	ck_assert_str_eq(k->namespaces[1], "b-1");
	ck_assert_str_eq(k->labels, "x=y,!z");
	ck_assert_int_eq(k->pods, CONF_PODS_DISABLED);
	ck_assert_uint_eq(k->ttl_s, 90);
	ck_assert_uint_eq(k->negative_ttl_s, 0);
	ck_assert(k->endpoint_pod_names && k->noendpoints && k->ignore_empty_service);
	ck_assert(!k->cluster_ip_endpoints && !k->port_addresses);
	ck_assert(k->first_address_only && k->serving_fallback);
	ck_assert_uint_eq(k->startup_timeout_ns, 1250 * NS_PER_MS);
	ck_assert_uint_eq(k->nserver_addresses, 2);
	ck_assert_int_eq(c.any_query, CONF_ANY_NOTIMP);
	ck_assert_uint_eq(c.edns_max_udp, 512);
	ck_assert_uint_eq(c.tcp.read_ns, NS_PER_S);
	ck_assert_uint_eq(c.tcp.write_ns, 1500 * NS_PER_MS);
	ck_assert_uint_eq(c.tcp.idle_ns, 120 * NS_PER_S);
	ck_assert_uint_eq(c.tcp.max_queries, 7);
	ck_assert_uint_eq(c.tcp.max_age_ns, 0);
	ck_assert_uint_eq(c.tcp.max_connections, 10000);
	ck_assert_int_eq(c.loadbalance.policy, CONF_ROTATION_FIXED);
	ck_assert_uint_eq(c.loadbalance.nprefer, 2);
	ck_assert_mem_eq(c.loadbalance.prefer[0].addr.octets, "\12\1\0\0", 4);
	ck_assert_uint_eq(c.loadbalance.prefer[0].bits, 16);
	ck_assert_uint_eq(c.loadbalance.prefer[1].addr.len, 16);
	ck_assert_uint_eq(c.loadbalance.prefer[1].bits, 8);
	ck_assert_int_eq(c.loadbalance.topology, CONF_TOPOLOGY_NODE);
	ck_assert_int_eq(c.log.level, LOG_DEBUG);
	ck_assert_int_eq(c.log.format, LOG_JSON);
	ck_assert_int_eq(c.privacy, PRIVACY_PREFIX);
	ck_assert_uint_eq(c.nconsolidate, 2);
	ck_assert_uint_eq(c.consolidate[0].window_ns, 300 * NS_PER_S);
	ck_assert_str_eq(c.consolidate[0].match, "^.* timeout$");
	ck_assert_int_eq(c.consolidate[0].level, LOG_ERROR);
	ck_assert(!c.consolidate[0].show_first);
	ck_assert_int_eq(c.consolidate[1].level, LOG_INFO);
	ck_assert(c.consolidate[1].show_first);
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

/* OP-25 */
START_TEST(listeners)
{
	static const struct {
		const char *addr;
		uint16_t port;
	} expected[] = {
		{"127.0.0.1", 5353}, {"::1", 54}, {"10.0.0.1", 53}, {"fd00::5", 53}};
	struct conf_report r;
	struct conf c;

	parse(every_key, NULL, &c, &r);
	ck_assert_uint_eq(c.nlisten, ARRAY_LEN(expected));
	for (size_t i = 0; i < c.nlisten; i++) {
		struct addr a;

		ck_assert(addr_parse(expected[i].addr, strlen(expected[i].addr), &a));
		ck_assert_mem_eq(&c.listen[i].addr, &a, sizeof(a));
		ck_assert_uint_eq(c.listen[i].port, expected[i].port);
		ck_assert_uint_eq(c.listen[i].scope, 0);
	}
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

START_TEST(negative_ttl_follows)
{
	struct conf_report r;
	struct conf c;

	parse(FILES, "kubernetes = { ttl = 7; };", &c, &r);
	ck_assert_uint_eq(c.kubernetes.ttl_s, 7);
	ck_assert_uint_eq(c.kubernetes.negative_ttl_s, 7);
	conf_fini(&c);
	conf_report_fini(&r);
}
END_TEST

/* The amount of output does not follow the size of the input. */
START_TEST(many_findings)
{
	struct conf_report r;
	struct conf c;
	char text[8192] = "";
	size_t n = 0;

	for (int i = 0; i < 500; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "x%d=1;", i);
	parse(FILES, NULL, &c, &r);
	conf_fini(&c);
	conf_report_fini(&r);
	struct conf_bundle b = {0};
	conf_bundle_add(&b, "a", text, n);
	ck_assert_int_eq(conf_parse(b.data, b.len, &c, &r), -EINVAL);
	ck_assert_uint_eq(r.errors, 500);
	ck_assert_uint_eq(r.n, 201);
	ck_assert_ptr_nonnull(strstr(r.finding[200].text, "more errors"));
	conf_bundle_fini(&b);
	conf_report_fini(&r);
}
END_TEST

/* Every cut of a good bundle and of a good file: refused or read, never read past. */
START_TEST(every_cut)
{
	struct conf_bundle b = {0};
	struct conf_report r;
	struct conf c;

	for (size_t n = 0; n < sizeof(every_key); n++) {
		uint8_t *text = exact_copy(every_key, n);

		conf_bundle_add(&b, "a", text, n);
		if (conf_parse(b.data, b.len, &c, &r) == 0)
			conf_fini(&c);
		conf_report_fini(&r);
		for (size_t cut = 1; n == 20 && cut < b.len; cut++) {
			uint8_t *part = exact_copy(b.data, cut);

			ck_assert_int_eq(conf_parse(part, cut, &c, &r), -EINVAL);
			ck_assert_ptr_nonnull(strstr(r.finding[0].text, "damaged"));
			conf_report_fini(&r);
			free(part);
		}
		conf_bundle_fini(&b);
		free(text);
	}
}
END_TEST

START_TEST(summary_line)
{
	struct conf_report r = {.errors = 1, .warnings = 2};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	conf_report_print(&r, out);
	fclose(out);
	ck_assert_str_eq(text, "1 error, 2 warnings\n");
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf");

	tcase_add_loop_test(tc, each_plugin, 0, ARRAY_LEN(plugins));
	tcase_add_loop_test(tc, value_row, 0, ARRAY_LEN(values));
	tcase_add_loop_test(tc, check_row_, 0, ARRAY_LEN(checks));
	tcase_add_loop_test(tc, access_row, 0, ARRAY_LEN(access_rows));
	tcase_add_test(tc, access_keys);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, all_keys);
	tcase_add_test(tc, listeners);
	tcase_add_test(tc, negative_ttl_follows);
	tcase_add_test(tc, many_findings);
	tcase_add_test(tc, every_cut);
	tcase_add_test(tc, summary_line);
	return run_case("conf", tc);
}
