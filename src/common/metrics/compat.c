/*
 * compat.c - coredns_*: the same counters under CoreDNS's names (CM rows)
 *
 * Frozen against CoreDNS 1.14 (ME-02). Names, labels and buckets are CoreDNS's to the
 * letter; what we do not count is not there. CoreDNS is a project of the CNCF, and this
 * is not it: coredns_build_info says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/metrics.h"
#include "metrics/upstreams.h"
#include "base/base.h"
#include "dns/type.h"

#define SERVER_MAX 24

/* What families of CoreDNS have in common. */
struct compat {
	struct text *t;
	const struct view *v;
	char server[SERVER_MAX]; /* "dns://:53" */
	bool old;                /* also the names from before 1.7 (CM-42) */
};

static const char *const protos[2] = {"udp", "tcp"};
static const char *const families[2] = {"1", "2"};
static const char *const kept[2] = {"tcp", "tcp-tls"}; /* connections to upstreams */

/* Labels of a server block; there is one, with the zone ".". */
#define SERVER(c)                                                                        \
	{                                                                                \
		"server", (c)->server                                                    \
	}
#define SERVER_ZONE(c)                                                                   \
	SERVER(c),                                                                       \
	{                                                                                \
		"zone", "."                                                              \
	}
#define BLOCK(c)                                                                         \
	SERVER_ZONE(c),                                                                  \
	{                                                                                \
		"view", ""                                                               \
	}
#define CACHE(c)                                                                         \
	SERVER(c), {"zones", "."},                                                       \
	{                                                                                \
		"view", ""                                                               \
	}

/* ---- the server ---- */

/* Types that CoreDNS has no series for are one with "other", which stands last. */
static bool is_other(unsigned type)
{
	return strcmp(stat_qtype_text(type), "CAA") == 0;
}

static void put_requests(const struct compat *c)
{
	uint64_t n[2][2][STAT_QTYPES];

	view_workers_all(c->v, VIEW_WORKER(asked), &n[0][0][0], 4 * STAT_QTYPES);
	text_family(c->t, "coredns_dns_requests_total", TEXT_COUNTER,
		"Counter of DNS requests made per zone, protocol and family.");
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned f = 0; f < 2; f++) {
			for (unsigned q = 0; q < STAT_QTYPES; q++) {
				if (is_other(q)) {
					n[p][f][STAT_QTYPES - 1] += n[p][f][q];
					continue;
				}
				text_count(c->t,
					LABELS(BLOCK(c), {"proto", protos[p]},
						{"family", families[f]},
						{"type", stat_qtype_text(q)}),
					n[p][f][q]);
			}
		}
	}
}

static void put_duration(const struct compat *c)
{
	uint64_t n[STAT_TIME], ns[STAT_SOURCES], sum = 0;

	view_workers_all(c->v, VIEW_WORKER(time), n, STAT_TIME);
	view_workers_all(c->v, VIEW_WORKER(duration_ns), ns, STAT_SOURCES);
	for (unsigned i = 0; i < STAT_SOURCES; i++)
		sum += ns[i];
	text_family(c->t, "coredns_dns_request_duration_seconds", TEXT_HISTOGRAM,
		"Histogram of the time (in seconds) each request took per zone.");
	text_histogram(c->t, LABELS(BLOCK(c)), TEXT_TIME, n, STAT_TIME, sum);
}

static void put_sizes(const struct compat *c, const char *name, const char *help,
	size_t sizes, size_t octets)
{
	text_family(c->t, name, TEXT_HISTOGRAM, help);
	for (unsigned p = 0; p < 2; p++) {
		uint64_t n[STAT_SIZES];

		view_workers_all(c->v, sizes + VIEW_WORD(p * STAT_SIZES), n, STAT_SIZES);
		text_histogram(c->t, LABELS(BLOCK(c), {"proto", protos[p]}), TEXT_SIZE, n,
			STAT_SIZES, view_workers(c->v, octets + VIEW_WORD(p)));
	}
}

/* Who answered, as CoreDNS calls it; "" is the server itself. */
static const char *const plugins[] = {"kubernetes", "local", "cache", "forward", ""};
static const uint8_t plugin_of[STAT_SOURCES] = {
	[SOURCE_CLUSTER] = 0,
	[SOURCE_LOCAL] = 1,
	[SOURCE_CACHE] = 2,
	[SOURCE_STALE] = 2,
	[SOURCE_FORWARD] = 3,
	[SOURCE_POLICY] = 4,
	[SOURCE_ERROR] = 4,
};

static void put_responses(const struct compat *c)
{
	uint64_t n[STAT_SOURCES][STAT_RCODES];
	uint64_t sum[ARRAY_LEN(plugins)][STAT_RCODES] = {{0}};
	char buf[12];

	view_workers_all(
		c->v, VIEW_WORKER(answers), &n[0][0], STAT_SOURCES * STAT_RCODES);
	for (unsigned s = 0; s < STAT_SOURCES; s++)
		for (unsigned r = 0; r < STAT_RCODES; r++)
			sum[plugin_of[s]][r] += n[s][r];
	text_family(c->t, "coredns_dns_responses_total", TEXT_COUNTER,
		"Counter of response status codes.");
	for (unsigned p = 0; p < ARRAY_LEN(plugins); p++)
		for (unsigned r = 0; r < STAT_RCODES; r++)
			if (sum[p][r] > 0 || r == RCODE_NOERROR)
				text_count(c->t,
					LABELS(BLOCK(c), {"rcode", rcode_text(r, buf)},
						{"plugin", plugins[p]}),
					sum[p][r]);
}

static void put_server(const struct compat *c)
{
	put_requests(c);
	put_duration(c);
	put_sizes(c, "coredns_dns_request_size_bytes",
		"Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and "
		"protocol.",
		VIEW_WORKER(asked_size), VIEW_WORKER(asked_octets));
	put_sizes(c, "coredns_dns_response_size_bytes",
		"Size of the returned response in bytes.", VIEW_WORKER(reply_size),
		VIEW_WORKER(reply_octets));
	text_family(c->t, "coredns_dns_do_requests_total", TEXT_COUNTER,
		"Counter of DNS requests with DO bit set per zone.");
	text_count(c->t, LABELS(BLOCK(c)), view_workers(c->v, VIEW_WORKER(asked_do)));
	put_responses(c);
}

/* ---- the cache ---- */

static void put_kinds(const struct compat *c, const char *name, enum text_type type,
	const char *help, size_t offset)
{
	text_family(c->t, name, type, help);
	for (unsigned i = 0; i < ARRAY_LEN(metrics_kinds); i++)
		text_count(c->t,
			LABELS({"server", c->server}, {"type", metrics_kinds[i]},
				{"zones", "."}, {"view", ""}),
			view_forwarders(c->v, offset + VIEW_WORD(i)));
}

static void put_cache_sum(
	const struct compat *c, const char *name, const char *help, uint64_t value)
{
	text_family(c->t, name, TEXT_COUNTER, help);
	text_count(c->t, LABELS(CACHE(c)), value);
}

/* Replies that were not stored because they made no sense. */
static uint64_t malformed(const struct upstreams *all)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < all->n; i++)
		sum += all->one[i].failures[FAILURE_MALFORMED];
	return sum;
}

static void put_cache(const struct compat *c, const struct upstreams *all)
{
	uint64_t hits[2], stale[STAT_STALES];
	uint64_t misses = view_workers(c->v, VIEW_WORKER(cache_misses));

	view_workers_all(c->v, VIEW_WORKER(cache_hits), hits, 2);
	view_workers_all(c->v, VIEW_WORKER(cache_stale), stale, STAT_STALES);
	put_kinds(c, "coredns_cache_entries", TEXT_GAUGE,
		"The number of elements in the cache.", VIEW_FORWARDER(cache_entries));
	text_family(c->t, "coredns_cache_hits_total", TEXT_COUNTER,
		"The count of cache hits.");
	for (unsigned i = 0; i < ARRAY_LEN(metrics_kinds); i++)
		text_count(c->t,
			LABELS({"server", c->server}, {"type", metrics_kinds[i]},
				{"zones", "."}, {"view", ""}),
			hits[i]);
	put_cache_sum(c, "coredns_cache_misses_total",
		"The count of cache misses. Deprecated, derive misses from cache "
		"hits/requests counters.",
		misses);
	put_cache_sum(c, "coredns_cache_requests_total", "The count of cache requests.",
		misses + hits[0] + hits[1]);
	put_cache_sum(c, "coredns_cache_prefetch_total",
		"The number of times the cache has prefetched a cached item.",
		view_forwarders(c->v, VIEW_FORWARDER(prefetches)));
	put_cache_sum(c, "coredns_cache_drops_total",
		"The number responses that are not cached, because the reply is "
		"malformed.",
		malformed(all));
	put_cache_sum(c, "coredns_cache_served_stale_total",
		"The number of requests served from stale cache entries.",
		stale[0] + stale[1] + stale[2]);
	put_kinds(c, "coredns_cache_evictions_total", TEXT_COUNTER,
		"The count of cache evictions.", VIEW_FORWARDER(evicted_space));
}

/* ---- upstreams ---- */

static void put_by_rcode(
	const struct compat *c, const struct upstreams *all, const char *name)
{
	char buf[12];

	text_family(
		c->t, name, TEXT_COUNTER, "Counter of responses received per upstream.");
	for (unsigned i = 0; i < all->n; i++)
		for (unsigned r = 0; r < STAT_RCODES; r++)
			if (all->one[i].rcodes[r] > 0 || r == RCODE_NOERROR)
				text_count(c->t,
					LABELS({"to", all->one[i].text},
						{"rcode", rcode_text(r, buf)}),
					all->one[i].rcodes[r]);
}

/* The same histogram under both names; `proxy`: with the label that the newer one has. */
static void put_exchange(
	const struct compat *c, const struct upstreams *all, const char *name, bool proxy)
{
	char buf[12];

	text_family(
		c->t, name, TEXT_HISTOGRAM, "Histogram of the time each request took.");
	for (unsigned i = 0; i < all->n; i++) {
		const struct upstreams_one *u = &all->one[i];

		for (unsigned r = 0; r < STAT_REPLIES; r++) {
			const struct text_label labels[] = {{"proxy_name", "forward"},
				{"to", u->text},
				{"rcode", r + 1 < STAT_REPLIES ? rcode_text(r, buf)
							       : "OTHER"}};

			if (u->time_ns[r] > 0 || r == RCODE_NOERROR)
				text_histogram(c->t, proxy ? labels : labels + 1,
					proxy ? 3 : 2, TEXT_TIME, u->time[r], STAT_TIME,
					u->time_ns[r]);
		}
	}
}

static uint64_t questions(const struct upstreams_one *u)
{
	return u->queries[0] + u->queries[1] + u->queries[2];
}

static void put_kept(const struct compat *c, const struct upstreams *all,
	const char *name, const char *help, size_t offset)
{
	text_family(c->t, name, TEXT_COUNTER, help);
	for (unsigned i = 0; i < all->n; i++) {
		uint64_t n[2];

		memcpy(n, (const char *)&all->one[i] + offset, sizeof(n));
		for (unsigned k = 0; k < ARRAY_LEN(kept); k++)
			text_count(c->t,
				LABELS({"proxy_name", "forward"},
					{"to", all->one[i].text}, {"proto", kept[k]}),
				n[k]);
	}
}

static void put_probes(const struct compat *c, const struct upstreams *all)
{
	text_family(c->t, "coredns_proxy_healthcheck_failures_total", TEXT_COUNTER,
		"Counter of the number of failed healthchecks.");
	for (unsigned i = 0; i < all->n; i++)
		text_count(c->t,
			LABELS({"proxy_name", "forward"}, {"to", all->one[i].text}),
			all->one[i].probes_failed);
	text_family(c->t, "coredns_forward_healthcheck_failures_total", TEXT_COUNTER,
		"Counter of the number of failed healthchecks.");
	for (unsigned i = 0; i < all->n; i++)
		text_count(c->t, LABELS({"to", all->one[i].text}),
			all->one[i].probes_failed);
	text_counter(c->t, "coredns_forward_healthcheck_broken_total",
		"Counter of the number of complete failures of the healthchecks.",
		view_forwarders(c->v, VIEW_FORWARDER(broken)));
}

static void put_forward(const struct compat *c, const struct upstreams *all)
{
	text_counter(c->t, "coredns_forward_max_concurrent_rejects_total",
		"Counter of the number of queries rejected because the concurrent "
		"queries were at maximum.",
		view_workers(c->v, VIEW_WORKER(forward_rejected)));
	put_exchange(c, all, "coredns_proxy_request_duration_seconds", true);
	put_probes(c, all);
	put_kept(c, all, "coredns_proxy_conn_cache_hits_total",
		"Counter of connection cache hits per upstream and protocol.",
		offsetof(struct upstreams_one, used));
	put_kept(c, all, "coredns_proxy_conn_cache_misses_total",
		"Counter of connection cache misses per upstream and protocol.",
		offsetof(struct upstreams_one, made));
	text_family(c->t, "coredns_forward_requests_total", TEXT_COUNTER,
		"Counter of requests made per upstream.");
	for (unsigned i = 0; i < all->n; i++)
		text_count(
			c->t, LABELS({"to", all->one[i].text}), questions(&all->one[i]));
	put_by_rcode(c, all, "coredns_forward_responses_total");
	put_exchange(c, all, "coredns_forward_request_duration_seconds", false);
}

/* ---- the rest ---- */

static uint64_t crashes(const struct view *v)
{
	const struct stat_supervisor *s = v->supervisor;

	return s == NULL ? 0
	                 : stat_get(&s->exits[PROCESS_WORKER][EXIT_SIGNAL]) +
	                           stat_get(&s->exits[PROCESS_CONTROLLER][EXIT_SIGNAL]);
}

static void put_plugins(const struct compat *c)
{
	const struct settings *s = c->v->settings;
	const struct {
		const char *name;
		bool on;
	} known[] = {
		{"acl", s != NULL && s->acl.nrules > 0},
		{"cache", c->v->nforwarders > 0},
		{"errors", true},
		{"forward", c->v->nforwarders > 0 && s != NULL &&
				    s->forward.ngroups > s->forward.bootstrap},
		{"health", true},
		{"hosts", s != NULL && s->hosts.on},
		{"kubernetes", s != NULL},
		{"loadbalance", true},
		{"prometheus", true},
		{"ready", true},
		{"reload", true},
	};

	text_family(c->t, "coredns_plugin_enabled", TEXT_GAUGE,
		"A metric that indicates whether a plugin is enabled on per server and "
		"zone basis.");
	for (unsigned i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].on)
			text_count(c->t, LABELS(BLOCK(c), {"name", known[i].name}), 1);
}

/* CM-32; CoreDNS hashes its file with SHA-512, and says so in the same label. */
static void put_version(const struct compat *c)
{
	char digest[VIEW_DIGEST];
	bool last_good;

	if (view_digest(c->v, digest, &last_good) == NULL)
		return;
	text_family(c->t, "coredns_reload_version_info", TEXT_GAUGE,
		"A metric with a constant '1' value labeled by hash, and value which "
		"type of hash generated.");
	text_count(c->t, LABELS({"hash", "sha256"}, {"value", digest}), 1);
}

static void put_build(const struct compat *c)
{
	char version[48];

	snprintf(version, sizeof(version), "shmdns-%s", c->v->version);
	text_family(c->t, "coredns_build_info", TEXT_GAUGE,
		"A metric with a constant '1' value labeled by version, revision, and "
		"goversion from which CoreDNS was built.");
	text_count(c->t,
		LABELS({"version", version}, {"revision", ""}, {"goversion", "none"}), 1);
	text_counter(c->t, "coredns_panics_total",
		"A metrics that counts the number of panics.", crashes(c->v));
	put_plugins(c);
	text_counter(c->t, "coredns_reload_failed_total",
		"Counter of the number of failed reload attempts.",
		c->v->supervisor != NULL ? stat_get(&c->v->supervisor->reloads[1]) : 0);
	put_version(c);
}

/* How long it took until answers were right, by kind of Service (CM-26, CM-47). */
static void put_programming(const struct compat *c)
{
	static const char *const kinds[STAT_SERVICES] = {
		"cluster_ip", "headless_with_selector"};
	const struct stat_controller *s = c->v->controller;
	uint64_t n[STAT_LONG];

	if (s == NULL)
		return;
	text_family(c->t, "coredns_kubernetes_dns_programming_duration_seconds",
		TEXT_HISTOGRAM,
		"Histogram of the time (in seconds) it took to program a dns instance.");
	for (unsigned i = 0; i < STAT_SERVICES; i++) {
		view_words(s->propagation[i], n, STAT_LONG);
		text_histogram(c->t, LABELS({"service_kind", kinds[i]}), TEXT_LONG, n,
			STAT_LONG, stat_get(&s->propagation_ns[i]));
	}
}

/* The server that is asked, as the page has it; "none" as client-go says. */
static const char *api_host(const struct stat_api *a, char out[8 * STAT_HOST_WORDS])
{
	stat_text_get(a->host, STAT_HOST_WORDS, out);
	for (char *p = out; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
	return out[0] != '\0' ? out : "none";
}

static void put_client_requests(
	const struct compat *c, const struct stat_api *a, const char *host)
{
	text_family(c->t, "coredns_kubernetes_rest_client_requests_total", TEXT_COUNTER,
		"Number of HTTP requests, partitioned by status code, method, and host.");
	for (unsigned code = 0; code < STAT_API_CODES; code++) {
		uint64_t n = 0;

		for (unsigned i = 0; i < STAT_RESOURCES; i++)
			for (unsigned k = 0; k < STAT_API_VERBS; k++)
				n += stat_get(&a->resources[i].requests[k][code]);
		if (n > 0 || code == 1)
			text_count(c->t,
				LABELS({"code", code == 0 ? "<error>"
							  : stat_api_code_text(code)},
					{"method", "GET"}, {"host", host}),
				n);
	}
}

static void put_client_times(const struct compat *c, const char *name, const char *help,
	const char *host, const stat_u64 *counts, const stat_u64 *ns)
{
	uint64_t n[STAT_DEF];

	view_words(counts, n, STAT_DEF);
	text_family(c->t, name, TEXT_HISTOGRAM, help);
	text_histogram(c->t, LABELS({"verb", "GET"}, {"host", host}), TEXT_DEF, n,
		STAT_DEF, stat_get(ns));
}

/* CM-27, CM-28. */
static void put_client(const struct compat *c)
{
	const struct stat_api *a;
	char buf[8 * STAT_HOST_WORDS];

	if (c->v->controller == NULL)
		return;
	a = &c->v->controller->api;
	const char *host = api_host(a, buf);
	put_client_requests(c, a, host);
	put_client_times(c, "coredns_kubernetes_rest_client_request_duration_seconds",
		"Request latency in seconds. Broken down by verb and host.", host,
		a->get_time, &a->get_ns);
	put_client_times(c,
		"coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
		"Client side rate limiter latency in seconds. Broken down by verb and "
		"host.",
		host, a->limit_time, &a->limit_ns);
}

static void put_health(const struct compat *c)
{
	const struct stat_admin *a = c->v->admin;
	uint64_t n[STAT_SLIM];

	if (a == NULL)
		return;
	view_words(a->probe_slim, n, STAT_SLIM);
	text_family(c->t, "coredns_health_request_duration_seconds", TEXT_HISTOGRAM,
		"Histogram of the time (in seconds) each request took.");
	text_histogram(c->t, NO_LABELS, TEXT_SLIM, n, STAT_SLIM, stat_get(&a->probe_ns));
	text_counter(c->t, "coredns_health_request_failures_total",
		"The number of times the health check failed.",
		stat_get(&a->probe_failures));
}

/* CM-33, with `hosts`. */
static void put_hosts(const struct compat *c)
{
	const struct settings *s = c->v->settings;
	const struct stat_controller *k = c->v->controller;

	if (s == NULL || k == NULL || !s->hosts.on)
		return;
	text_gauge(c->t, "coredns_hosts_entries",
		"The combined number of entries in hosts and Corefile.",
		stat_get(&k->hosts_entries));
	text_gauge_seconds(c->t, "coredns_hosts_reload_timestamp_seconds",
		"The timestamp of the last reload of hosts file.",
		stat_get(&k->hosts_wall_ns));
}

/* CM-35, CM-36, with rules of acl. */
static void put_acl(const struct compat *c)
{
	static const struct {
		enum acl_action action;
		const char *name, *help;
	} counted[] = {
		{ACL_BLOCK, "coredns_acl_blocked_requests_total",
			"Counter of DNS requests being blocked."},
		{ACL_FILTER, "coredns_acl_filtered_requests_total",
			"Counter of DNS requests being filtered."},
		{ACL_DROP, "coredns_acl_dropped_requests_total",
			"Counter of DNS requests being dropped."},
	};
	const size_t at = VIEW_WORKER(acl);

	if (c->v->settings == NULL || c->v->settings->acl.nrules == 0)
		return;
	for (unsigned i = 0; i < ARRAY_LEN(counted); i++) {
		text_family(c->t, counted[i].name, TEXT_COUNTER, counted[i].help);
		text_count(c->t, LABELS(BLOCK(c)),
			view_workers(c->v, at + VIEW_WORD(counted[i].action)));
	}
	text_family(c->t, "coredns_acl_allowed_requests_total", TEXT_COUNTER,
		"Counter of DNS requests being allowed.");
	text_count(c->t, LABELS({"server", c->server}, {"view", ""}),
		view_workers(c->v, at + VIEW_WORD(ACL_ALLOW)));
}

/* What was not answered for lack of room (CM-40). */
static void put_shed(const struct compat *c)
{
	const size_t at = VIEW_WORKER(drops);

	text_family(c->t, "coredns_shed_dropped_total", TEXT_COUNTER,
		"Counter of queries and responses that were dropped.");
	text_count(c->t, LABELS(SERVER(c), {"reason", "query"}),
		view_workers(c->v, at + VIEW_WORD(DROP_NO_SLOT)));
	text_count(c->t, LABELS(SERVER(c), {"reason", "response"}),
		view_workers(c->v, at + VIEW_WORD(DROP_SEND)));
}

/* ---- names from before 1.7 (CM-42) ---- */

static void put_old_requests(const struct compat *c)
{
	uint64_t n[2][2][STAT_QTYPES], by_type[STAT_QTYPES] = {0};

	view_workers_all(c->v, VIEW_WORKER(asked), &n[0][0][0], 4 * STAT_QTYPES);
	text_family(c->t, "coredns_dns_request_count_total", TEXT_COUNTER,
		"Counter of DNS requests made per zone, protocol and family.");
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned f = 0; f < 2; f++) {
			uint64_t sum = 0;

			for (unsigned q = 0; q < STAT_QTYPES; q++) {
				sum += n[p][f][q];
				by_type[is_other(q) ? STAT_QTYPES - 1 : q] += n[p][f][q];
			}
			text_count(c->t,
				LABELS(SERVER_ZONE(c), {"proto", protos[p]},
					{"family", families[f]}),
				sum);
		}
	}
	text_family(c->t, "coredns_dns_request_type_count_total", TEXT_COUNTER,
		"Counter of DNS requests per type, per zone.");
	for (unsigned q = 0; q < STAT_QTYPES; q++)
		if (!is_other(q))
			text_count(c->t,
				LABELS(SERVER_ZONE(c), {"type", stat_qtype_text(q)}),
				by_type[q]);
}

static void put_old(const struct compat *c)
{
	uint64_t rcodes[STAT_RCODES];
	char buf[12];

	put_old_requests(c);
	text_family(c->t, "coredns_dns_request_do_count_total", TEXT_COUNTER,
		"Counter of DNS requests with DO bit set per zone.");
	text_count(
		c->t, LABELS(SERVER_ZONE(c)), view_workers(c->v, VIEW_WORKER(asked_do)));
	view_workers_all(c->v, VIEW_WORKER(rcodes), rcodes, STAT_RCODES);
	text_family(c->t, "coredns_dns_response_rcode_count_total", TEXT_COUNTER,
		"Counter of response status codes.");
	for (unsigned r = 0; r < STAT_RCODES; r++)
		if (rcodes[r] > 0 || r == RCODE_NOERROR)
			text_count(c->t,
				LABELS(SERVER_ZONE(c), {"rcode", rcode_text(r, buf)}),
				rcodes[r]);
	text_family(c->t, "coredns_cache_size", TEXT_GAUGE,
		"The number of elements in the cache.");
	for (unsigned i = 0; i < ARRAY_LEN(metrics_kinds); i++)
		text_count(c->t, LABELS(SERVER(c), {"type", metrics_kinds[i]}),
			view_forwarders(
				c->v, VIEW_FORWARDER(cache_entries) + VIEW_WORD(i)));
	text_counter(c->t, "coredns_panic_count_total",
		"A metrics that counts the number of panics.", crashes(c->v));
}

void metrics_compat(struct text *t, const struct view *v)
{
	struct compat c = {.t = t, .v = v, .old = v->compat > 1};
	struct upstreams *all = mem_alloc(1, sizeof(*all));

	snprintf(c.server, sizeof(c.server), "dns://:%u", v->port);
	upstreams_gather(v, true, all);
	put_build(&c);
	put_server(&c);
	put_cache(&c, all);
	put_forward(&c, all);
	put_programming(&c);
	put_client(&c);
	text_counter(t, "coredns_local_localhost_requests_total",
		"Counter of special localhost subdomain requests.",
		view_workers(v, VIEW_WORKER(localhost)));
	put_health(&c);
	put_hosts(&c);
	put_acl(&c);
	put_shed(&c);
	if (c.old)
		put_old(&c);
	free(all);
}
