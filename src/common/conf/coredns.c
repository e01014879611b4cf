#include <string.h>

#include "base/base.h"
#include "conf/coredns.h"

#define NOT_YET "not available in this build"

struct word {
	const char *word, *ours;
};

static const struct word directives[] = {
	{"acl", "write acl = ( { action = \"block\"; nets = [ ... ]; } )"},
	{"any", "write any_query = \"hinfo\""},
	{"auto", "write zones = { directory = \"...\"; }"},
	{"autopath", NOT_YET},
	{"azure", "not offered"},
	{"bind", "write listen = ( { address = \"10.0.0.1\"; port = 53; } )"},
	{"bufsize", "write edns = { max_udp = 1232; }"},
	{"cache", "write cache = { max_ttl = \"30s\"; }"},
	{"cancel", "write limits = { query_deadline = \"4.5s\"; }"},
	{"chaos", "write chaos = { enabled = true; }"},
	{"clouddns", "not offered"},
	{"debug", "write log = { level = \"debug\"; }"},
	{"dns64", NOT_YET},
	{"dnssec", NOT_YET},
	{"dnstap", NOT_YET},
	{"erratic", "not offered"},
	{"errors",
		"always on, leave it out; or write errors = { consolidate = ( ... ); }"},
	{"etcd", "not offered: objects come from Kubernetes"},
	{"federation", "removed from Kubernetes, leave it out"},
	{"file", "write zone = ( { name = \"example.com.\"; file = \"...\"; } )"},
	{"forward", "write forward = ( { from = \".\"; to = [ ... ]; } )"},
	{"geoip", "not offered"},
	{"grpc", "not offered"},
	{"grpc_server", "not offered"},
	{"header", "write header = { response_set = [ \"aa\" ]; }"},
	{"health", "write health = { listen = \":8080\"; }"},
	{"hosts", "write hosts = { file = \"/etc/hosts\"; }"},
	{"https", NOT_YET},
	{"https3", "not offered"},
	{"import", "write @include \"FILE\" on a line of its own, or use conf.d"},
	{"k8s_external", NOT_YET},
	{"kubernetes", "write kubernetes = { zones = [ ... ]; }"},
	{"loadbalance", "write loadbalance = { policy = \"shuffle\"; }, or \"weighted\""},
	{"local", "write local = true"},
	{"log", "write query_log = { format = \"coredns\"; }; log = { ... } is "
		"for what the appliance itself has to say"},
	{"loop", "write loop_detection = \"break\""},
	{"metadata", "built in, leave it out"},
	{"minimal", "write minimal_responses = true"},
	{"multisocket", "write workers = 4, or \"auto\""},
	{"nomad", "not offered: objects come from Kubernetes"},
	{"nsid", "write nsid = \"hostname\""},
	{"pprof", "not offered"},
	{"prometheus", "write metrics = { listen = \":9153\"; }"},
	{"proxy", "write forward = ( { from = \".\"; to = [ ... ]; } )"},
	{"proxyproto", NOT_YET},
	{"quic", "not offered"},
	{"ready", "write ready = { listen = \":8181\"; }"},
	{"reload", "write reload = { interval = \"30s\"; jitter = \"15s\"; }"},
	{"rewrite", NOT_YET},
	{"root", "write base_dir = \"PATH\""},
	{"route53", "not offered"},
	{"secondary", NOT_YET},
	{"shed", "built in: what is left out is counted; leave it out"},
	{"sign", "not offered"},
	{"template", NOT_YET},
	{"timeouts", "write tcp = { read = \"3s\"; write = \"5s\"; idle = \"10s\"; }"},
	{"tls", NOT_YET},
	{"trace", "not offered"},
	{"transfer", NOT_YET},
	{"tsig", NOT_YET},
	{"view", NOT_YET},
	{"whoami", "not offered"},
};

static const struct word options[] = {
	{"cache.disable", "write disable_success or disable_denial = [ \"ZONE\" ]"},
	{"cache.denial.capacity", "write size = \"4M\": octets, not messages"},
	{"cache.keepttl", "write keep_ttl = true"},
	{"cache.prefetch.amount", "write hits"},
	{"cache.serve_stale.duration", "write max_age"},
	{"cache.serve_stale.refresh_mode", "write mode"},
	{"cache.servfail", "write servfail_ttl = \"5s\""},
	{"cache.success.capacity", "write size = \"16M\": octets, not messages"},
	{"cache.ttl", "write max_ttl"},
	{"forward[].failfast_all_unhealthy_upstreams", "write failfast = true"},
	{"forward[].force_tcp", "write transport = \"tcp\""},
	{"forward[].health_check.domain", "write name"},
	{"forward[].health_check.no_rec", "write recursion = false"},
	{"forward[].max_idle_conns", "write max_idle"},
	{"forward[].prefer_udp", "write transport = \"udp\", or leave it out"},
	{"forward[].tls_servername", "write tls = { server_name = \"NAME\"; }"},
	{"kubernetes.apiserver_burst", "write api_burst = 10"},
	{"kubernetes.apiserver_max_inflight",
		"not offered: api_qps and api_burst are the limits"},
	{"kubernetes.apiserver_qps", "write api_qps = 5"},
	{"kubernetes.endpoint",
		"write kubernetes.endpoints = [ \"https://10.0.0.1:6443\" ]"},
	{"kubernetes.ignore", "write ignore_empty_service = true"},
	{"kubernetes.multicluster", NOT_YET},
	{"kubernetes.multicluster_zones", NOT_YET},
	{"kubernetes.resyncperiod",
		"removed: every change arrives at once, leave it out"},
	{"kubernetes.transfer", NOT_YET},
	{"kubernetes.upstream", "removed: targets need no upstream, leave it out"},
	{"kubernetes.federation", "removed from Kubernetes, leave it out"},
	{"kubernetes.federations", "removed from Kubernetes, leave it out"},
	{"kubernetes.wildcards", "removed: there are no wildcard names, leave it out"},
	{"kubernetes.zonal", NOT_YET},
	{"hosts.fallthrough_unsupported", "write unsupported = true"},
	{"hosts.no_reverse", "write reverse = false"},
	{"loadbalance.reload", "the file is read when it changes, leave it out"},
	{"loadbalance.round_robin", "write policy = \"shuffle\""},
	{"loadbalance.weighted", "write policy = \"weighted\"; file = \"FILE\""},
	{"upstream", "removed: targets need no upstream, leave it out"},
	{"federations", "removed from Kubernetes, leave it out"},
	{"resyncperiod", "removed: every change arrives at once, leave it out"},
	{"wildcards", "removed: there are no wildcard names, leave it out"},
};

static const struct {
	const char *path, *value, *ours;
} values[] = {
	{"forward[].transport", "force_tcp", "tcp"},
	{"forward[].transport", "prefer_udp", "udp"},
	{"loadbalance.policy", "round_robin", "shuffle"},
	{"loadbalance.policy", "random", "shuffle"},
	{"log.level", "warn", "warning"},
};

bool coredns_directive(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(directives); i++)
		if (strlen(directives[i].word) == len &&
			memcmp(directives[i].word, word, len) == 0)
			return true;
	return false;
}

static const char *find(const struct word *table, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].word, word) == 0)
			return table[i].ours;
	return NULL;
}

const char *coredns_translate(const char *path)
{
	const char *ours = find(directives, ARRAY_LEN(directives), path);

	return ours != NULL ? ours : find(options, ARRAY_LEN(options), path);
}

const char *coredns_value(const char *path, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].path, path) == 0 &&
			strcmp(values[i].value, value) == 0)
			return values[i].ours;
	return NULL;
}
