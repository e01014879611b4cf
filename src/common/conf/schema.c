#include <string.h>

#include "base/base.h"
#include "conf/conf.h"
#include "conf/schema.h"

static const char *const sources[] = {"api", "files", NULL};
static const char *const first_lists[] = {"cached", "fresh", NULL};
static const char *const pods[] = {"disabled", "insecure", "verified", NULL};
static const char *const anys[] = {"normal", "hinfo", "notimp", NULL};
static const char *const policies[] = {"shuffle", "fixed", "weighted", NULL};
static const char *const topologies[] = {"none", "zone", "node", NULL};
static const char *const specials[] = {"nxdomain", "forward", NULL};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

#define FIELD(name) offsetof(struct conf, name), sizeof(((struct conf *)0)->name)
#define KUBE(name)  FIELD(kubernetes.name)
#define LISTEN(name)                                                                     \
	offsetof(struct conf_listen, name), sizeof(((struct conf_listen *)0)->name)
#define START              false
#define RELOAD             true
#define NO_RANGE           0, 0, ""
#define DEFAULT(text)      text, NULL, NULL
#define FOLLOWS(text, key) text, key, NULL
#define WORDS(text, words) text, NULL, words

/* clang-format off */
const struct key schema[] = {
	{"instance", KEY_LABEL, START, 1, 31, "octets", DEFAULT("\"default\""),
	 FIELD(instance),
	 "the name of this appliance: two of different names live on one machine"},
	{"run_dir", KEY_STRING, START, 1, 200, "octets", DEFAULT("\"/run/shmdns\""),
	 FIELD(run_dir),
	 "directory of locks and sockets; \"/INSTANCE\" is appended unless that is "
	 "\"default\""},
	{"state_dir", KEY_STRING, START, 1, 200, "octets",
	 DEFAULT("\"/var/lib/shmdns\""), FIELD(state_dir),
	 "directory of what outlives a restart; \"/INSTANCE\" is appended likewise"},
	{"workers", KEY_AUTO, START, 1, 256, "", DEFAULT("\"auto\""), FIELD(workers),
	 "number of worker processes; \"auto\": one for each CPU that we may use"},
	{"listen", KEY_LISTEN, START, NO_RANGE,
	 DEFAULT("( { address = \"0.0.0.0\"; port = 53; }, "
	         "{ address = \"::\"; port = 53; } )"),
	 FIELD(listen),
	 "where queries are taken, over UDP and TCP: address and port, or address = "
	 "\"IP:port\""},
	{"listen[].address", KEY_ENDPOINT, START, NO_RANGE, DEFAULT(NULL),
	 LISTEN(addr),
	 "IP, IP:port or [IPv6]:port; a link-local address needs its interface: "
	 "fe80::1%eth0"},
	{"listen[].port", KEY_INT, START, 1, 65535, "", DEFAULT("53"), LISTEN(port),
	 "the port"},
	{"kubernetes.zones", KEY_ZONES, RELOAD, NO_RANGE,
	 DEFAULT("[ \"cluster.local.\", \"in-addr.arpa.\", \"ip6.arpa.\" ]"),
	 KUBE(zones),
	 "zones that are answered; a CIDR stands for its reverse zones, 255 in all"},
	{"kubernetes.source", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"api\"", sources),
	 KUBE(source),
	 "where objects come from: the API server (\"api\"), or \"files\" at `path`"},
	{"kubernetes.path", KEY_PATH, RELOAD, 0, 4095, "octets", DEFAULT("\"\""),
	 KUBE(path),
	 "a directory or file of Kubernetes objects as YAML or JSON, for source = "
	 "\"files\""},
	{"kubernetes.kubeconfig", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 KUBE(kubeconfig),
	 "for source = \"api\": a kubeconfig; with neither it nor `endpoints` the "
	 "cluster that we run in"},
	{"kubernetes.context", KEY_STRING, RELOAD, 0, 253, "octets", DEFAULT("\"\""),
	 KUBE(context),
	 "the context of the kubeconfig; \"\": its current one"},
	{"kubernetes.exec", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"), KUBE(exec),
	 "run the program that the kubeconfig's user names to log in"},
	{"kubernetes.endpoints", KEY_URLS, RELOAD, 0, 32, "URLs", DEFAULT("[]"),
	 KUBE(endpoints),
	 "API servers as URLs such as \"https://10.0.0.1:6443\"; all are used"},
	{"kubernetes.token_file", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 KUBE(token_file),
	 "a file that holds the token to log in with; it is read again every minute"},
	{"kubernetes.tls.cert", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 KUBE(tls.cert),
	 "our certificate to log in with, a PEM file"},
	{"kubernetes.tls.key", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 KUBE(tls.key),
	 "the key of that certificate, a PEM file"},
	{"kubernetes.tls.ca", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 KUBE(tls.ca),
	 "the CAs that API servers are checked with, a PEM file; if not set, the "
	 "system's"},
	{"kubernetes.watch_list", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"),
	 KUBE(watch_list),
	 "take the state of a resource as a stream where the API server can (WatchList)"},
	{"kubernetes.first_list", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"cached\"", first_lists), KUBE(first_list),
	 "the very first list of a server without WatchList: \"cached\", or \"fresh\" "
	 "(consistent, dearer for the server)"},
	{"kubernetes.audit", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"45m\""),
	 KUBE(audit_ns),
	 "how often, give or take half, all objects are compared with the server's; "
	 "\"0s\": never"},
	{"kubernetes.lean", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"), KUBE(lean),
	 "take only the EndpointSlices of headless Services: no endpoint names and PTRs "
	 "for the others"},
	{"kubernetes.api_qps", KEY_INT, RELOAD, 1, 1000, "requests/s", DEFAULT("5"),
	 KUBE(api_qps),
	 "API requests a second in the long run"},
	{"kubernetes.api_burst", KEY_INT, RELOAD, 1, 1000, "requests", DEFAULT("10"),
	 KUBE(api_burst),
	 "API requests that may follow each other at once"},
	{"kubernetes.test_speedup", KEY_INT, RELOAD, 1, 1000, "", DEFAULT("1"),
	 KUBE(test_speedup),
	 "for tests: so many times faster do time-outs of the watch run"},
	{"kubernetes.namespaces", KEY_LABELS, RELOAD, NO_RANGE, DEFAULT("[]"),
	 KUBE(namespaces),
	 "expose only these namespaces; [] = all"},
	{"kubernetes.namespace_labels", KEY_SELECTOR, RELOAD, NO_RANGE,
	 DEFAULT("\"\""), KUBE(namespace_labels),
	 "expose only namespaces that this label selector matches; \"\" = all"},
	{"kubernetes.labels", KEY_SELECTOR, RELOAD, NO_RANGE, DEFAULT("\"\""),
	 KUBE(labels),
	 "use only Services and EndpointSlices that this label selector matches; "
	 "\"\" = all"},
	{"kubernetes.pods", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"insecure\"", pods),
	 KUBE(pods),
	 "pod names such as 10-0-0-1.NAMESPACE.pod: \"disabled\", or \"insecure\" "
	 "(any address)"},
	{"kubernetes.endpoint_pod_names", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 KUBE(endpoint_pod_names),
	 "name endpoints without a hostname after their pods instead of their "
	 "addresses"},
	{"kubernetes.ttl", KEY_TTL, RELOAD, 0, 3600, "s", DEFAULT("30"), KUBE(ttl_s),
	 "TTL of records, in seconds or as a duration"},
	{"kubernetes.negative_ttl", KEY_TTL, RELOAD, 0, 3600, "s",
	 FOLLOWS("30", "kubernetes.ttl"), KUBE(negative_ttl_s),
	 "TTL of negative answers; if not set, that of `ttl`"},
	{"kubernetes.noendpoints", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 KUBE(noendpoints),
	 "ignore EndpointSlices: headless Services and endpoints have no names"},
	{"kubernetes.ignore_empty_service", KEY_BOOL, RELOAD, NO_RANGE,
	 DEFAULT("false"), KUBE(ignore_empty_service),
	 "a Service with a cluster IP but without a ready endpoint has no name"},
	{"kubernetes.cluster_ip_endpoints", KEY_BOOL, RELOAD, NO_RANGE,
	 DEFAULT("true"), KUBE(cluster_ip_endpoints),
	 "endpoint names below Services with a cluster IP too; false saves memory"},
	{"kubernetes.port_addresses", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"),
	 KUBE(port_addresses),
	 "addresses at _port._protocol names too"},
	{"kubernetes.first_address_only", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 KUBE(first_address_only),
	 "use only the first address of each endpoint"},
	{"kubernetes.serving_fallback", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 KUBE(serving_fallback),
	 "without a ready endpoint, answer with those that serve while they terminate"},
	{"kubernetes.startup_timeout", KEY_DURATION, RELOAD, 0, 600, "s",
	 DEFAULT("\"5s\""), KUBE(startup_timeout_ns),
	 "how long a start waits for all objects before it serves what is there"},
	{"kubernetes.server_addresses", KEY_ADDRESSES, RELOAD, NO_RANGE, DEFAULT("[]"),
	 KUBE(server_addresses),
	 "our addresses in NS answers; [] = those of the machine's interfaces, not "
	 "loopback"},
	{"publish.max_drop", KEY_INT, RELOAD, 1, 100, "%", DEFAULT("50"),
	 FIELD(publish.max_drop),
	 "a complete list that lacks more of a resource's objects than this, and over "
	 "100, is not believed for a while; 100: always"},
	{"publish.hold", KEY_DURATION, RELOAD, 0, 3600, "s", DEFAULT("\"60s\""),
	 FIELD(publish.hold_ns),
	 "how long such objects are kept: until then another list may bring them back"},
	{"any_query", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"normal\"", anys),
	 FIELD(any_query),
	 "queries of type ANY: \"normal\" (no data), \"hinfo\" (RFC 8482), \"notimp\""},
	{"edns.max_udp", KEY_INT, RELOAD, 512, 4096, "octets", DEFAULT("1232"),
	 FIELD(edns_max_udp),
	 "largest reply over UDP, whatever the client offers"},
	{"tcp.read", KEY_DURATION, RELOAD, 1, 60, "s", DEFAULT("\"3s\""),
	 FIELD(tcp.read_ns),
	 "how long a client may take to send a query that it has begun"},
	{"tcp.write", KEY_DURATION, RELOAD, 1, 60, "s", DEFAULT("\"5s\""),
	 FIELD(tcp.write_ns),
	 "how long a client may leave replies unread before it is disconnected"},
	{"tcp.idle", KEY_DURATION, RELOAD, 1, 3600, "s", DEFAULT("\"10s\""),
	 FIELD(tcp.idle_ns),
	 "how long a connection without queries is kept"},
	{"tcp.max_queries", KEY_INT, RELOAD, 0, 1000000000, "", DEFAULT("0"),
	 FIELD(tcp.max_queries),
	 "queries that one connection may bring; 0: no end"},
	{"tcp.max_age", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"60s\""),
	 FIELD(tcp.max_age_ns),
	 "age at which a connection is ended between queries; \"0s\": never"},
	{"tcp.max_connections", KEY_INT, RELOAD, 1, 10000, "", DEFAULT("1000"),
	 FIELD(tcp.max_connections),
	 "connections of one worker; of more than that the oldest idle one is closed"},
	{"local", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"), FIELD(local),
	 "answer localhost and the reverse names of 0, 127, 255 and ::1 here (RFC 6761)"},
	{"special_names.invalid", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"nxdomain\"", specials), FIELD(special_names.invalid),
	 "names below invalid: \"nxdomain\", or \"forward\""},
	{"special_names.onion", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"nxdomain\"", specials), FIELD(special_names.onion),
	 "names below onion, likewise (RFC 7686)"},
	{"special_names.test", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"forward\"", specials), FIELD(special_names.test),
	 "names below test, likewise (RFC 6761)"},
	{"special_names.local", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"forward\"", specials), FIELD(special_names.local),
	 "names below local that are in no zone of ours, likewise (RFC 6762)"},
	{"nsid", KEY_STRING, RELOAD, 0, 64, "octets", DEFAULT("\"\""), FIELD(nsid),
	 "what clients that ask for an NSID get (RFC 5001): \"\" nothing, "
	 "\"hostname\", or a text"},
	{"chaos.enabled", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FIELD(chaos.enabled),
	 "answer version.bind, hostname.bind and their like in class CH"},
	{"chaos.version", KEY_STRING, RELOAD, 0, 64, "octets", DEFAULT("\"\""),
	 FIELD(chaos.version),
	 "the text of version.bind and version.server"},
	{"loadbalance.policy", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"shuffle\"", policies), FIELD(loadbalance.policy),
	 "order of addresses in answers: \"shuffle\", \"fixed\", or \"weighted\" by "
	 "`file`"},
	{"loadbalance.file", KEY_PATH, RELOAD, 0, 4095, "octets", DEFAULT("\"\""),
	 FIELD(loadbalance.file),
	 "the file of weights: a name, then lines ADDRESS WEIGHT; read when it changes"},
	{"loadbalance.prefer", KEY_PREFIXES, RELOAD, 0, CONF_PREFER_MAX, "CIDRs",
	 DEFAULT("[]"), FIELD(loadbalance.prefer),
	 "addresses of the first of these CIDRs go first, then of the second, then "
	 "the rest"},
	{"loadbalance.prefer_topology", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"none\"", topologies), FIELD(loadbalance.topology),
	 "endpoints in the client's \"zone\" go first, or on its \"node\" and then "
	 "these, or \"none\""},
	{"log.level", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"info\"", levels),
	 FIELD(log_level),
	 "least severe lines that are written: \"error\", \"warning\", \"info\", "
	 "\"debug\""},
};
/* clang-format on */

const size_t schema_n = ARRAY_LEN(schema);
_Static_assert(ARRAY_LEN(schema) <= SCHEMA_KEYS, "SCHEMA_KEYS is too small");

const struct key *schema_find(const char *path)
{
	for (size_t i = 0; i < schema_n; i++)
		if (strcmp(schema[i].path, path) == 0)
			return &schema[i];
	return NULL;
}

bool schema_is_group(const char *path)
{
	const size_t n = strlen(path);

	for (size_t i = 0; i < schema_n; i++)
		if (strncmp(schema[i].path, path, n) == 0 && schema[i].path[n] == '.')
			return true;
	return false;
}

#define WORD_MAX 40 /* no key is as long */

unsigned schema_distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	const size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return 99;
	for (unsigned j = 0; j <= m; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *now = row[i % 3];
		const unsigned *before = row[(i + 2) % 3], *two_before = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned d = before[j - 1] + (a[i - 1] != b[j - 1]);

			d = MIN(d, MIN(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				d = MIN(d, two_before[j - 2] + 1);
			now[j] = d;
		}
	}
	return row[n % 3][m];
}

/* The last word of a path, and the octets before it with their dot. */
static const char *last_word(const char *path, size_t *before)
{
	const char *dot = strrchr(path, '.');
	const char *word = dot != NULL ? dot + 1 : path;

	*before = (size_t)(word - path);
	return word;
}

/* The word of key `i` in the group of `path`, be it a key or a group. False: none. */
static bool word_in_group(
	size_t i, const char *path, size_t before, char word[WORD_MAX + 1])
{
	const char *p = schema[i].path + before;

	if (strncmp(schema[i].path, path, before) != 0)
		return false;
	size_t n = strcspn(p, ".[");
	if (n > WORD_MAX)
		return false;
	memcpy(word, p, n);
	word[n] = '\0';
	return true;
}

/* A short word is like any other: half of it must be right. */
static bool near(const char *a, const char *b, unsigned *best)
{
	unsigned d = schema_distance(a, b);

	if (d > 2 || 2 * d > strlen(a) || d >= *best)
		return false;
	*best = d;
	return true;
}

bool schema_guess(const char *path, char *out, size_t cap)
{
	size_t before, unused;
	const char *asked = last_word(path, &before);
	char word[WORD_MAX + 1];
	unsigned best = 3;

	for (size_t i = 0; i < schema_n; i++)
		if (word_in_group(i, path, before, word) && near(asked, word, &best))
			snprintf(out, cap, "%.*s%s", (int)before, path, word);
	for (size_t i = 0; i < schema_n && best == 3; i++) {
		if (strcmp(last_word(schema[i].path, &unused), asked) != 0)
			continue;
		snprintf(out, cap, "%s", schema[i].path);
		best = 0;
	}
	return best < 3;
}

static void put_words(const struct key *k, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "one of");

	for (size_t i = 0; k->words[i] != NULL && n < cap; i++)
		n += (size_t)snprintf(
			out + n, cap - n, "%s \"%s\"", i > 0 ? "," : "", k->words[i]);
}

static const char *const shapes[] = {
	[KEY_BOOL] = "true or false",
	[KEY_SELECTOR] = "a label selector in quotes",
	[KEY_ZONES] = "a list of zone names and CIDRs in quotes",
	[KEY_LABELS] = "a list of names in quotes",
	[KEY_ADDRESSES] = "a list of IP addresses in quotes",
	[KEY_PREFIXES] = "a list of CIDRs in quotes",
	[KEY_URLS] = "a list of URLs such as \"https://10.0.0.1:6443\"",
	[KEY_LISTEN] =
		"a list of groups such as ( { address = \"10.0.0.1\"; port = 53; } )",
	[KEY_ENDPOINT] = "an address in quotes: IP, IP:port or [IPv6]:port",
};

const char *schema_expected(const struct key *k, char *out, size_t cap)
{
	switch (k->type) {
	case KEY_INT:
	case KEY_AUTO:
		snprintf(out, cap, "a whole number from %u to %u%s%s%s", k->min, k->max,
			k->unit[0] != '\0' ? " " : "", k->unit,
			k->type == KEY_AUTO ? ", or \"auto\"" : "");
		break;
	case KEY_WORD:
		put_words(k, out, cap);
		break;
	case KEY_STRING:
	case KEY_PATH:
		snprintf(out, cap, "a string of %u to %u octets in quotes", k->min,
			k->max);
		break;
	case KEY_LABEL:
		snprintf(out, cap,
			"1 to %u lower-case letters, digits and \"-\" (inside), in "
			"quotes",
			k->max);
		break;
	case KEY_TTL:
		snprintf(out, cap,
			"%u to %u seconds, as a whole number or a duration such as "
			"\"30s\"",
			k->min, k->max);
		break;
	case KEY_DURATION:
		snprintf(out, cap,
			"a duration from \"%us\" to \"%us\", such as \"250ms\"", k->min,
			k->max);
		break;
	default:
		snprintf(out, cap, "%s", shapes[k->type]);
	}
	return out;
}

static void put_tabs(size_t n, FILE *out)
{
	while (n-- > 0)
		fputc('\t', out);
}

static void print_help(const struct key *k, size_t depth, FILE *out)
{
	char expected[256];

	put_tabs(depth, out);
	fprintf(out, "# %s%s\n", k->help, k->reloadable ? "" : " (needs a restart)");
	if (k->type != KEY_INT && k->type != KEY_TTL && k->type != KEY_DURATION)
		return;
	put_tabs(depth, out);
	fprintf(out, "# %s\n", schema_expected(k, expected, sizeof(expected)));
}

/* Length of the group that begins at a path and ends at its n-th dot, without the dot. */
static size_t group_len(const char *path, size_t n)
{
	const char *p = path;

	for (size_t i = 0; i < n; i++)
		p = strchr(p, '.') + 1;
	return n > 0 ? (size_t)(p - path) - 1 : 0;
}

static size_t count_dots(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '.';
	return n;
}

/*
 * Keys of a group stand together in the table: between the keys `last` ("" at first) and
 * `next` ("" at the end) close the groups that end and open those that begin.
 */
static void print_groups(const char *last, const char *next, FILE *out)
{
	const size_t old = count_dots(last), new = count_dots(next);
	size_t same = 0;

	while (same < MIN(old, new) &&
		strncmp(last, next, group_len(next, same + 1) + 1) == 0)
		same++;
	for (size_t n = old; n > same; n--) {
		put_tabs(n - 1, out);
		fprintf(out, "};\n");
	}
	for (size_t n = same; n < new; n++) {
		const size_t from = n > 0 ? group_len(next, n) + 1 : 0;

		if (n == 0)
			fputc('\n', out);
		put_tabs(n, out);
		fprintf(out, "%.*s = {\n", (int)(group_len(next, n + 1) - from),
			next + from);
	}
}

static void print_key(const struct key *k, bool commented, FILE *out)
{
	const size_t depth = count_dots(k->path);
	const char *word = depth > 0 ? strrchr(k->path, '.') + 1 : k->path;

	if (!commented && k->follows != NULL)
		return;
	if (commented) {
		fprintf(out, "%s", depth == 0 ? "\n" : "");
		print_help(k, depth, out);
	}
	put_tabs(depth, out);
	fprintf(out, "%s%s = %s;\n", commented ? "#" : "", word, k->fallback);
}

void schema_print(FILE *out, bool commented)
{
	const char *last = "";

	for (size_t i = 0; i < schema_n; i++) {
		const struct key *k = &schema[i];

		if (strchr(k->path, '[') != NULL)
			continue;
		print_groups(last, k->path, out);
		print_key(k, commented, out);
		last = k->path;
	}
	print_groups(last, "", out);
}
