#include <string.h>

#include "base/base.h"
#include "conf/conf.h"
#include "conf/schema.h"

static const char *const sources[] = {"api", "files", NULL};
static const char *const first_lists[] = {"cached", "fresh", NULL};
static const char *const pods[] = {"disabled", "insecure", "verified", NULL};
static const char *const anys[] = {"normal", "hinfo", "notimp", NULL};
static const char *const policies[] = {"shuffle", "fixed", "weighted", NULL};
static const char *const client_names[] = {"none", "namespace", "pod", NULL};
static const char *const topologies[] = {"none", "zone", "node", NULL};
static const char *const specials[] = {"nxdomain", "forward", NULL};
static const char *const formats[] = {"kv", "json", NULL};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

static const char *const forward_policies[] = {
	"random", "round_robin", "sequential", "fastest", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", "client", NULL};
static const char *const stales[] = {"off", "verify", "immediate", NULL};
static const char *const compats[] = {"off", "on", "extra", NULL};
static const char *const acls[] = {"allow", "block", "filter", "drop", NULL};
static const char *const query_logs[] = {"off", "kv", "json", "coredns", NULL};
static const char *const query_classes[] = {"success", "denial", "error", "all", NULL};
static const char *const header_flags[] = {"aa", "ra", "rd", NULL};
static const char *const privacies[] = {"off", "hash", "prefix", NULL};
static const char *const loops[] = {"break", "warn", "exit", NULL};

/* Where a value goes: FIELD is a value, LIST a pointer and a count. */
#define FIELD_OF(s, name)   offsetof(s, name), sizeof(((s *)0)->name), 0
#define LIST_OF(s, name, n) offsetof(s, name), sizeof(*((s *)0)->name), offsetof(s, n)
#define FIELD(name)         FIELD_OF(struct conf, name)
#define LIST(name, n)       LIST_OF(struct conf, name, n)
#define KUBE(name)          FIELD(kubernetes.name)
#define KUBE_LIST(name)     LIST(kubernetes.name, kubernetes.n##name)
#define CACHE(name)         FIELD(cache.name)
#define CACHE_LIST(name)    LIST(cache.name, cache.n##name)
#define HOSTS(name)         FIELD(hosts.name)
#define ZONE(name)          FIELD_OF(struct conf_zone, name)
#define ZONES(name)         FIELD(zones.name)
#define LISTEN(name)        FIELD_OF(struct conf_listen, name)
#define FORWARD(name)       FIELD_OF(struct conf_forward, name)
#define FORWARD_LIST(name)  LIST_OF(struct conf_forward, name, n##name)
#define ACL_LIST(name)      LIST_OF(struct conf_acl, name, n##name)
#define CONSOLIDATE(name)   FIELD_OF(struct conf_consolidate, name)
#define START               false
#define RELOAD              true
#define NO_RANGE            0, 0, ""
#define DEFAULT(text)       text, false, NULL, NULL
#define REQUIRED(text)      text, true, NULL, NULL
#define FOLLOWS(text, key)  text, false, key, NULL
#define WORDS(text, words)  text, false, NULL, words

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
	{"workers", KEY_AUTO, RELOAD, 1, 256, "", DEFAULT("\"auto\""), FIELD(workers),
	 "number of worker processes; \"auto\": one for each CPU that we may use"},
	{"listen", KEY_GROUPS, RELOAD, 0, 256, "groups",
	 DEFAULT("( { address = \"0.0.0.0\"; port = 53; }, "
	         "{ address = \"::\"; port = 53; } )"),
	 LIST(listen, nlisten),
	 "where queries are taken, over UDP and TCP: address and port, or address = "
	 "\"IP:port\""},
	{"listen[].address", KEY_ENDPOINT, RELOAD, NO_RANGE, REQUIRED("\"10.0.0.1\""),
	 LISTEN(addr),
	 "IP, IP:port or [IPv6]:port; a link-local address needs its interface: "
	 "fe80::1%eth0"},
	{"listen[].port", KEY_INT, RELOAD, 1, 65535, "", DEFAULT("53"), LISTEN(port),
	 "the port"},
	{"kubernetes.zones", KEY_ZONES, RELOAD, 0, 255, "zones",
	 DEFAULT("[ \"cluster.local.\", \"in-addr.arpa.\", \"ip6.arpa.\" ]"),
	 KUBE_LIST(zones),
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
	 KUBE_LIST(endpoints),
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
	{"kubernetes.namespaces", KEY_LABELS, RELOAD, 0, 65536, "names",
	 DEFAULT("[]"), KUBE_LIST(namespaces),
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
	{"kubernetes.client_names", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"pod\"", client_names), KUBE(client_names),
	 "what is kept of clients for `acl` and for operators, by EndpointSlices: "
	 "\"none\", \"namespace\", or \"pod\" (that, and the pod's name)"},
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
	{"kubernetes.server_addresses", KEY_ADDRESSES, RELOAD, 0, 65536, "addresses",
	 DEFAULT("[]"), KUBE_LIST(server_addresses),
	 "our addresses in NS answers; [] = those of the machine's interfaces, not "
	 "loopback"},
	{"kubernetes.fallthrough", KEY_NAMES, RELOAD, 0, 255, "zones",
	 DEFAULT("[ \"in-addr.arpa.\", \"ip6.arpa.\" ]"), KUBE_LIST(fallthrough),
	 "zones whose names that do not exist are looked for elsewhere; \".\": all"},
	{"kubernetes.own_ranges", KEY_PREFIXES, RELOAD, 0, CONF_CIDRS_MAX, "CIDRs",
	 DEFAULT("[]"), KUBE_LIST(own_ranges),
	 "addresses whose reverse names are never looked for elsewhere"},
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
	{"minimal_responses", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FIELD(minimal_responses),
	 "leave out of positive answers what was not asked for, such as addresses "
	 "beside SRV records"},
	{"header.response_set", KEY_WORDS, RELOAD, NO_RANGE,
	 WORDS("[]", header_flags), FIELD(header.response_set),
	 "flags that every answer has, whatever it would say: \"aa\", \"ra\", \"rd\""},
	{"header.response_clear", KEY_WORDS, RELOAD, NO_RANGE,
	 WORDS("[]", header_flags), FIELD(header.response_clear),
	 "flags that no answer has"},
	{"header.query_set", KEY_WORDS, RELOAD, NO_RANGE,
	 WORDS("[]", header_flags), FIELD(header.query_set),
	 "flags that queries are taken to have: with \"rd\" upstreams are asked for "
	 "clients that do not want it"},
	{"header.query_clear", KEY_WORDS, RELOAD, NO_RANGE,
	 WORDS("[]", header_flags), FIELD(header.query_clear),
	 "flags that queries are taken not to have"},
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
	 DEFAULT("[]"), LIST(loadbalance.prefer, loadbalance.nprefer),
	 "addresses of the first of these CIDRs go first, then of the second, then "
	 "the rest"},
	{"loadbalance.prefer_topology", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"none\"", topologies), FIELD(loadbalance.topology),
	 "endpoints in the client's \"zone\" go first, or on its \"node\" and then "
	 "these, or \"none\""},
	{"hosts.file", KEY_PATH, RELOAD, 0, 4095, "octets", DEFAULT("\"\""),
	 HOSTS(file),
	 "names that are answered before all others, as in /etc/hosts; read when it "
	 "changes"},
	{"hosts.inline", KEY_HOSTS, RELOAD, 0, 65536, "lines", DEFAULT("[]"),
	 LIST(hosts.lines, hosts.nlines),
	 "more lines of it, such as \"10.0.0.1 a.example.com b.example.com\""},
	{"hosts.ttl", KEY_TTL, RELOAD, 0, 604800, "s", DEFAULT("3600"), HOSTS(ttl_s),
	 "the TTL of these names"},
	{"hosts.reload", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"5s\""),
	 HOSTS(reload_ns),
	 "how often the file is looked at; \"0s\": at reloads only"},
	{"hosts.reverse", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"), HOSTS(reverse),
	 "reverse names of these addresses too"},
	{"hosts.fallthrough", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"),
	 HOSTS(fallthrough),
	 "other names are looked for elsewhere; false: those in `zones` do not exist, "
	 "but for the cluster's"},
	{"hosts.unsupported", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 HOSTS(unsupported),
	 "types other than A, AAAA and PTR of these names are looked for elsewhere"},
	{"hosts.zones", KEY_NAMES, RELOAD, 0, CONF_HOST_ZONES_MAX, "zones",
	 DEFAULT("[]"), LIST(hosts.zones, hosts.nzones),
	 "only names in these zones count; [] = all"},
	{"base_dir", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 FIELD(base_dir),
	 "directory of the files of `zone`, which they do not include anything outside "
	 "of; if not set, each file's own"},
	{"zone", KEY_GROUPS, RELOAD, 0, CONF_ZONES_MAX, "zones", DEFAULT("()"),
	 LIST(zone, nzone),
	 "zones that are answered from master files (RFC 1035), such as that of NSD or "
	 "Knot"},
	{"zone[].name", KEY_NAME, RELOAD, 1, 255, "", REQUIRED("\"example.com.\""),
	 ZONE(name),
	 "the zone"},
	{"zone[].file", KEY_STRING, RELOAD, 1, 4000, "octets",
	 REQUIRED("\"example.com.zone\""), ZONE(file),
	 "its file, in base_dir or beside this one; a broken one leaves what was read "
	 "last"},
	{"zone[].reload", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"1m\""),
	 ZONE(reload_ns),
	 "how often the file is looked at; \"0s\": at start and reload alone"},
	{"zone[].fallthrough", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 ZONE(fallthrough),
	 "names that it does not have are looked for elsewhere"},
	{"zones.directory", KEY_STRING, RELOAD, 0, 3000, "octets", DEFAULT("\"\""),
	 ZONES(directory),
	 "a directory whose files are zones too, as they come and go; in base_dir or "
	 "beside this file"},
	{"zones.pattern", KEY_STRING, RELOAD, 1, 200, "octets",
	 DEFAULT("\"db\\\\.(.*)\""), ZONES(pattern),
	 "files whose name this extended regular expression matches somewhere"},
	{"zones.name", KEY_STRING, RELOAD, 1, 255, "octets", DEFAULT("\"{1}\""),
	 ZONES(name),
	 "the zone of such a file; {1} is what the first group of the pattern matched"},
	{"zones.rescan", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"1m\""),
	 ZONES(rescan_ns),
	 "how often the directory and its files are looked at; \"0s\": at start and "
	 "reload alone"},
	{"zones.fallthrough", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 ZONES(fallthrough),
	 "names that these zones do not have are looked for elsewhere"},
	{"forward", KEY_GROUPS, RELOAD, 0, CONF_FORWARD_MAX, "groups",
	 DEFAULT("( { from = \".\"; to = [ \"/etc/resolv.conf\" ]; } )"),
	 LIST(forward, nforward),
	 "who is asked for names in no zone of ours; the longest `from` counts; (): "
	 "nobody"},
	{"forward[].from", KEY_NAME, RELOAD, 1, 255, "", REQUIRED("\".\""),
	 FORWARD(from),
	 "the zone whose names go to this group"},
	{"forward[].to", KEY_UPSTREAMS, RELOAD, 1, CONF_UPSTREAMS_MAX, "upstreams",
	 REQUIRED("[ \"10.0.0.53\" ]"), FORWARD_LIST(to),
	 "upstreams: IP, IP:port, tls://IP#server.name, a host name, or the path of a "
	 "resolv.conf"},
	{"forward[].except", KEY_NAMES, RELOAD, 0, 255, "names", DEFAULT("[]"),
	 FORWARD_LIST(except),
	 "names, and those below them, that do not go to this group"},
	{"forward[].policy", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"random\"", forward_policies), FORWARD(policy),
	 "which upstream is asked first: \"random\", \"round_robin\", or "
	 "\"sequential\""},
	{"forward[].transport", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"udp\"", transports), FORWARD(transport),
	 "\"udp\" (TCP where a reply does not fit), \"tcp\", \"tls\", or \"client\": "
	 "as the client asked"},
	{"forward[].max_fails", KEY_INT, RELOAD, 0, 255, "", DEFAULT("2"),
	 FORWARD(max_fails),
	 "failed probes in a row after which an upstream is down; 0: it never is"},
	{"forward[].health_check.interval", KEY_DURATION, RELOAD, 50, 60000, "ms",
	 DEFAULT("\"0.5s\""), FORWARD(health_check.interval_ns),
	 "time between the probes of an upstream that failed, at first"},
	{"forward[].health_check.name", KEY_NAME, RELOAD, 1, 255, "", DEFAULT("\".\""),
	 FORWARD(health_check.name),
	 "the name that a probe asks for"},
	{"forward[].health_check.type", KEY_RRTYPE, RELOAD, NO_RANGE,
	 DEFAULT("\"NS\""), FORWARD(health_check.type),
	 "the type that it asks for"},
	{"forward[].health_check.recursion", KEY_BOOL, RELOAD, NO_RANGE,
	 DEFAULT("true"), FORWARD(health_check.recursion),
	 "probes desire recursion"},
	{"forward[].failfast", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FORWARD(failfast),
	 "with all upstreams down, fail at once instead of trying one now and then"},
	{"forward[].max_connect_attempts", KEY_AUTO, RELOAD, 0, 100, "",
	 DEFAULT("\"auto\""), FORWARD(max_connect_attempts),
	 "failed attempts of a question; \"auto\": twice the upstreams; 0: as time "
	 "allows"},
	{"forward[].timeout", KEY_DURATION, RELOAD, 50, 30000, "ms", DEFAULT("\"2s\""),
	 FORWARD(timeout_ns),
	 "most time for one attempt; less is taken where replies are usually faster"},
	{"forward[].hedge", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"), FORWARD(hedge),
	 "ask a second upstream when the first is slower than it nearly always is"},
	{"forward[].failover", KEY_RCODES, RELOAD, NO_RANGE,
	 DEFAULT("[ \"SERVFAIL\", \"REFUSED\", \"NOTIMP\" ]"), FORWARD(failover),
	 "after these rcodes the next upstream is asked"},
	{"forward[].next", KEY_RCODES, RELOAD, NO_RANGE, DEFAULT("[]"), FORWARD(next),
	 "after these rcodes the group with the next shorter `from` is asked"},
	{"forward[].next_on_nodata", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FORWARD(next_on_nodata),
	 "after an answer without records too"},
	{"forward[].max_concurrent", KEY_INT, RELOAD, 0, 16384, "questions",
	 DEFAULT("1000"), FORWARD(max_concurrent),
	 "questions of the group in flight; 0: as many as there is room for"},
	{"forward[].expire", KEY_DURATION, RELOAD, 1, 3600, "s", DEFAULT("\"10s\""),
	 FORWARD(expire_ns),
	 "how long an idle connection to an upstream is kept"},
	{"forward[].max_age", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"0s\""),
	 FORWARD(max_age_ns),
	 "age at which a connection is not used for new questions; \"0s\": never"},
	{"forward[].max_idle", KEY_INT, RELOAD, 0, 65535, "connections", DEFAULT("0"),
	 FORWARD(max_idle),
	 "idle connections that are kept to an upstream; 0: all"},
	{"forward[].tls.ca", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 FORWARD(tls.ca),
	 "the CAs that upstreams are checked with, a PEM file; if not set, the system's"},
	{"forward[].tls.cert", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 FORWARD(tls.cert),
	 "our certificate towards upstreams, a PEM file"},
	{"forward[].tls.key", KEY_PATH, RELOAD, 0, 4000, "octets", DEFAULT("\"\""),
	 FORWARD(tls.key),
	 "the key of that certificate, a PEM file"},
	{"forward[].tls.server_name", KEY_NAME, RELOAD, 0, 255, "", DEFAULT("\"\""),
	 FORWARD(tls.server_name),
	 "the name in the certificate of upstreams that have none behind \"#\""},
	{"forward[].source_address", KEY_ADDRESS, RELOAD, NO_RANGE, DEFAULT("\"\""),
	 FORWARD(source_address),
	 "the address of ours that questions are sent from; \"\": any"},
	{"forward[].case_randomize", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"),
	 FORWARD(case_randomize),
	 "letters of names in random case, where the upstream gives them back (0x20)"},
	{"forward[].edns", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("true"), FORWARD(edns),
	 "ask with EDNS; false for upstreams that drop such questions"},
	{"forward[].packet_rate", KEY_INT, RELOAD, 0, 1000000, "packets/s",
	 DEFAULT("0"), FORWARD(packet_rate),
	 "packets a second to one upstream address; 0: no limit"},
	{"forward[].trust_ad", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FORWARD(trust_ad),
	 "pass on that these upstreams have validated (AD)"},
	{"forward[].reuse_sockets", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 FORWARD(reuse_sockets),
	 "ask several questions from one port: less work for conntrack, less safe"},
	{"bootstrap", KEY_UPSTREAMS, RELOAD, 0, CONF_UPSTREAMS_MAX, "upstreams",
	 DEFAULT("[ \"/etc/resolv.conf\" ]"), LIST(bootstrap, nbootstrap),
	 "upstreams that resolve host names in `to`, never ourselves"},
	{"forwarders", KEY_INT, START, 0, 8, "processes", DEFAULT("1"),
	 FIELD(forwarders),
	 "processes that ask upstreams, each with its share of the names; 0: nobody "
	 "asks"},
	{"forward_clients", KEY_CLIENTS, RELOAD, 0, CONF_CIDRS_MAX, "CIDRs",
	 DEFAULT("[ \"*\" ]"), LIST(forward_clients, nforward_clients),
	 "clients that get names in no zone of ours; \"*\": all"},
	{"private_addresses.nets", KEY_PREFIXES, RELOAD, 0, CONF_CIDRS_MAX, "CIDRs",
	 DEFAULT("[]"), LIST(private_addresses.nets, private_addresses.nnets),
	 "addresses of these are left out of what upstreams say, so that no name of "
	 "others leads into our networks (rebinding)"},
	{"private_addresses.except", KEY_NAMES, RELOAD, 0, 255, "names", DEFAULT("[]"),
	 LIST(private_addresses.except, private_addresses.nexcept),
	 "names, and those below them, that may have such addresses"},
	{"acl", KEY_GROUPS, RELOAD, 0, CONF_ACL_MAX, "rules", DEFAULT("()"),
	 LIST(acl, nacl),
	 "who may know of which names: the first rule that is about a query counts; "
	 "without one it is allowed"},
	{"acl[].action", KEY_WORD, RELOAD, NO_RANGE,
	 "\"block\"", true, NULL, acls, FIELD_OF(struct conf_acl, action),
	 "\"block\" (REFUSED), \"filter\" (an answer without records), \"drop\" (no "
	 "reply), or \"allow\""},
	{"acl[].zones", KEY_ZONES, RELOAD, 0, CONF_ACL_ZONES_MAX, "zones",
	 DEFAULT("[ \".\" ]"), ACL_LIST(zones),
	 "names that the rule is about, with all below them, also where a CNAME leads to "
	 "them; a CIDR stands for its reverse zones"},
	{"acl[].types", KEY_RRTYPES, RELOAD, 0, CONF_ACL_TYPES_MAX, "types",
	 DEFAULT("[ \"*\" ]"), ACL_LIST(types),
	 "types of queries that it is about, such as \"AAAA\" or \"ANY\"; \"*\": all"},
	{"acl[].nets", KEY_NETS, RELOAD, 0, CONF_ACL_NETS_MAX, "CIDRs",
	 DEFAULT("[ \"*\" ]"), ACL_LIST(nets),
	 "clients that it is about, as CIDRs or addresses; \"*\": all"},
	{"acl[].namespaces", KEY_SPACES, RELOAD, 0, CONF_ACL_NAMESPACES_MAX,
	 "namespaces",
	 DEFAULT("[ \"*\" ]"), ACL_LIST(namespaces),
	 "clients that it is about, as the namespaces of their pods, which must be "
	 "known; \"*\": all, known or not"},
	{"loop_detection", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"break\"", loops),
	 FIELD(loop_detection),
	 "an upstream that asks us back: \"break\" leaves it out for a while, \"warn\", "
	 "or \"exit\""},
	{"limits.query_deadline", KEY_DURATION, RELOAD, 100, 60000, "ms",
	 DEFAULT("\"4.5s\""), FIELD(limits.query_deadline_ns),
	 "time from a query to the last reply to it; clients wait 5 s, as a rule"},
	{"limits.rate.per_source", KEY_AUTO, RELOAD, 0, 1000000, "queries/s",
	 DEFAULT("\"auto\""), FIELD(limits.rate.per_source),
	 "queries a second of a client (IPv6: its /64) over UDP; 0: no limit; \"auto\": "
	 "200 at globally routable addresses, but not in a pod"},
	{"limits.rate.burst", KEY_AUTO, RELOAD, 0, 1000000, "queries",
	 DEFAULT("\"auto\""), FIELD(limits.rate.burst),
	 "how many of them may come at once; \"auto\": those of two seconds"},
	{"limits.rate.slip", KEY_INT, RELOAD, 0, 100, "", DEFAULT("2"),
	 FIELD(limits.rate.slip),
	 "one in so many of the others is told to come by TCP; 0: none, all are dropped"},
	{"limits.miss_rate.per_source", KEY_INT, RELOAD, 0, 1000000, "queries/s",
	 DEFAULT("0"), FIELD(limits.miss_rate.per_source),
	 "queries a second of a client that upstreams have to be asked for; 0: no limit"},
	{"limits.miss_rate.burst", KEY_AUTO, RELOAD, 0, 1000000, "queries",
	 DEFAULT("\"auto\""), FIELD(limits.miss_rate.burst),
	 "how many of them may come at once; \"auto\": those of two seconds"},
	{"cache.max_ttl", KEY_TTL, RELOAD, 0, 604800, "s", DEFAULT("\"30s\""),
	 CACHE(max_ttl_s),
	 "longest time that outcomes are kept"},
	{"cache.zones", KEY_NAMES, RELOAD, 0, 255, "zones", DEFAULT("[]"),
	 CACHE_LIST(zones),
	 "keep only names in these zones; [] = all"},
	{"cache.disable_success", KEY_NAMES, RELOAD, 0, 255, "zones", DEFAULT("[]"),
	 CACHE_LIST(disable_success),
	 "zones whose answers are not kept"},
	{"cache.disable_denial", KEY_NAMES, RELOAD, 0, 255, "zones", DEFAULT("[]"),
	 CACHE_LIST(disable_denial),
	 "zones whose denials (NXDOMAIN, no such type) are not kept"},
	{"cache.success.size", KEY_SIZE, START, 1, 65536, "MiB", DEFAULT("\"16M\""),
	 CACHE(success.size),
	 "shared memory for answers, taken as it fills"},
	{"cache.success.max_ttl", KEY_TTL, RELOAD, 0, 604800, "s",
	 FOLLOWS("\"30s\"", "cache.max_ttl"), CACHE(success.max_ttl_s),
	 "longest time that answers are kept; if not set, that of cache.max_ttl"},
	{"cache.success.min_ttl", KEY_TTL, RELOAD, 0, 3600, "s", DEFAULT("0"),
	 CACHE(success.min_ttl_s),
	 "shortest time that answers are kept"},
	{"cache.denial.size", KEY_SIZE, START, 1, 65536, "MiB", DEFAULT("\"4M\""),
	 CACHE(denial.size),
	 "shared memory for denials and failures, taken as it fills"},
	{"cache.denial.max_ttl", KEY_TTL, RELOAD, 0, 604800, "s",
	 FOLLOWS("\"30s\"", "cache.max_ttl"), CACHE(denial.max_ttl_s),
	 "longest time that denials are kept; if not set, that of cache.max_ttl"},
	{"cache.denial.min_ttl", KEY_TTL, RELOAD, 0, 3600, "s", DEFAULT("0"),
	 CACHE(denial.min_ttl_s),
	 "shortest time that denials are kept"},
	{"cache.keep_ttl", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 CACHE(keep_ttl),
	 "show the TTL as it was stored instead of what is left of it"},
	{"cache.nxdomain_cut", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 CACHE(nxdomain_cut),
	 "a name that does not exist has none below it (RFC 8020)"},
	{"cache.servfail_ttl", KEY_TTL, RELOAD, 0, 300, "s", DEFAULT("\"5s\""),
	 CACHE(servfail_ttl_s),
	 "how long a failure is kept"},
	{"cache.prefetch.hits", KEY_INT, RELOAD, 0, 1000000, "", DEFAULT("2"),
	 CACHE(prefetch.hits),
	 "an answer that was used so often is renewed before it ends; 0: none is"},
	{"cache.prefetch.window", KEY_DURATION, RELOAD, 1, 86400, "s",
	 DEFAULT("\"1m\""), CACHE(prefetch.window_ns),
	 "the time in which it was used so often"},
	{"cache.prefetch.percent", KEY_INT, RELOAD, 1, 90, "%", DEFAULT("10"),
	 CACHE(prefetch.percent),
	 "it is renewed when so much of its time is left"},
	{"cache.serve_stale.max_age", KEY_TTL, RELOAD, 0, 604800, "s",
	 DEFAULT("\"1h\""), CACHE(serve_stale.max_age_s),
	 "how long an answer may be used after its time, where upstreams fail (RFC "
	 "8767)"},
	{"cache.serve_stale.mode", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"verify\"", stales), CACHE(serve_stale.mode),
	 "\"verify\": upstreams are asked first; \"immediate\": meanwhile; \"off\""},
	{"cache.serve_stale.timeout", KEY_DURATION, RELOAD, 0, 60000, "ms",
	 DEFAULT("\"1.8s\""), CACHE(serve_stale.timeout_ns),
	 "how long upstreams are waited for before such an answer is given"},
	{"cache.serve_stale.ttl", KEY_TTL, RELOAD, 0, 3600, "s", DEFAULT("30"),
	 CACHE(serve_stale.ttl_s),
	 "the TTL of such an answer"},
	{"cache.serve_stale.recheck", KEY_DURATION, RELOAD, 0, 3600, "s",
	 DEFAULT("\"30s\""), CACHE(serve_stale.recheck_ns),
	 "least time between two failed tries to renew an answer"},
	{"cache.serve_stale.prefer_positive", KEY_BOOL, RELOAD, NO_RANGE,
	 DEFAULT("false"), CACHE(serve_stale.prefer_positive),
	 "an old answer counts more than a fresh denial"},
	{"reload.interval", KEY_DURATION, RELOAD, 1, 86400, "s", DEFAULT("\"30s\""),
	 FIELD(reload.interval_ns),
	 "time between two looks at the files, where no notice of a change comes"},
	{"reload.jitter", KEY_DURATION, RELOAD, 0, 86400, "s", DEFAULT("\"15s\""),
	 FIELD(reload.jitter_ns),
	 "so much earlier or later, but no more than half of the interval"},
	{"health.listen", KEY_LISTENER, START, NO_RANGE, DEFAULT("\":8080\""),
	 FIELD(health.listen),
	 "where GET /health is answered: is there a worker; \"\": nowhere"},
	{"health.lameduck", KEY_DURATION, RELOAD, 0, 300, "s", DEFAULT("\"15s\""),
	 FIELD(health.lameduck_ns),
	 "answers go on for so long after SIGTERM, and until nobody asks, at most for "
	 "twice as long"},
	{"ready.listen", KEY_LISTENER, START, NO_RANGE, DEFAULT("\":8181\""),
	 FIELD(ready.listen),
	 "where GET /ready is answered: do all workers serve all records; \"\": nowhere"},
	{"ready.max_stale", KEY_DURATION, RELOAD, 0, 604800, "s", DEFAULT("\"0s\""),
	 FIELD(ready.max_stale_ns),
	 "not ready when the API server was silent for so long; \"0s\": that is no "
	 "reason"},
	{"metrics.listen", KEY_LISTENER, START, NO_RANGE, DEFAULT("\":9153\""),
	 FIELD(metrics.listen),
	 "where GET /metrics is answered, for Prometheus; \"\": nowhere"},
	{"metrics.coredns_compat", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"on\"", compats), FIELD(metrics.coredns_compat),
	 "the counters under CoreDNS's names too: \"on\", \"off\", or \"extra\": also "
	 "names from before CoreDNS 1.7"},
	{"metrics.max_namespaces", KEY_INT, RELOAD, 0, 500, "", DEFAULT("50"),
	 FIELD(metrics.max_namespaces),
	 "so many namespaces are counted by name, those that come later as \"_other\""},
	{"query_log.format", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"off\"", query_logs),
	 FIELD(query_log.format),
	 "a line on stderr for each query: \"kv\" (key=value), \"json\", \"coredns\" (as "
	 "its `log` does), or \"off\""},
	{"query_log.classes", KEY_WORDS, RELOAD, NO_RANGE,
	 WORDS("[ \"all\" ]", query_classes), FIELD(query_log.classes),
	 "replies that are logged: \"success\", \"denial\" (no such name or type), "
	 "\"error\", or \"all\""},
	{"query_log.names", KEY_ZONES, RELOAD, 0, CONF_LOG_ZONES_MAX, "zones",
	 DEFAULT("[ \".\" ]"), LIST(query_log.names, query_log.nnames),
	 "names that are logged, with all below them; a CIDR stands for its reverse "
	 "zones"},
	{"query_log.sample", KEY_FRACTION, RELOAD, NO_RANGE, DEFAULT("1.0"),
	 FIELD(query_log.sample),
	 "the part of them that is logged, drawn at random: 0.01 is one in a hundred"},
	{"log.level", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"info\"", levels),
	 FIELD(log.level),
	 "least severe lines that are written: \"error\", \"warning\", \"info\", "
	 "\"debug\""},
	{"log.format", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"kv\"", formats),
	 FIELD(log.format),
	 "how lines look: \"kv\": key=value; \"json\": each is an object"},
	{"errors.consolidate", KEY_GROUPS, RELOAD, 0, CONF_CONSOLIDATE_MAX, "rules",
	 DEFAULT("()"), LIST(consolidate, nconsolidate),
	 "lines of failed questions that are told together; the first rule that matches "
	 "counts"},
	{"errors.consolidate[].window", KEY_DURATION, RELOAD, 1, 86400, "s",
	 REQUIRED("\"30s\""), CONSOLIDATE(window_ns),
	 "how long lines are counted for, from the first one on"},
	{"errors.consolidate[].match", KEY_STRING, RELOAD, 1, 200, "octets",
	 REQUIRED("\"timeout\""), CONSOLIDATE(match),
	 "POSIX extended regular expression: of the line, or of its reason alone"},
	{"errors.consolidate[].level", KEY_WORD, RELOAD, NO_RANGE,
	 WORDS("\"error\"", levels), CONSOLIDATE(level),
	 "the level of what is told"},
	{"errors.consolidate[].show_first", KEY_BOOL, RELOAD, NO_RANGE, DEFAULT("false"),
	 CONSOLIDATE(show_first),
	 "write the line that begins a window"},
	{"privacy", KEY_WORD, RELOAD, NO_RANGE, WORDS("\"off\"", privacies),
	 FIELD(privacy),
	 "clients in logs, top and tail: \"off\": their addresses; \"hash\": words that "
	 "stand for them; \"prefix\": their networks"},
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

bool schema_is_list(const struct key *k)
{
	return schema_is_bits(k) || k->type >= KEY_ZONES;
}

bool schema_is_bits(const struct key *k)
{
	return k->type == KEY_RCODES || k->type == KEY_WORDS;
}

size_t schema_next(const char *prefix, size_t i)
{
	const size_t n = strlen(prefix);

	for (; i < schema_n; i++) {
		const char *rest = schema[i].path + n;

		if (strncmp(schema[i].path, prefix, n) != 0)
			continue;
		if (n > 0 && *rest++ != '.')
			continue;
		if (strchr(rest, '[') == NULL)
			break;
	}
	return i;
}

bool schema_is_group(const char *path)
{
	const size_t n = strlen(path);

	for (size_t i = 0; i < schema_n; i++)
		if (strncmp(schema[i].path, path, n) == 0 && schema[i].path[n] == '.')
			return true;
	return false;
}
