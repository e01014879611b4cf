#include "controller/records/options.h"

#include <string.h>

#include "base/base.h"
#include "controller/records/aclset.h"
#include "controller/records/forwardset.h"
#include "dns/msg.h"
#include "dns/rev.h"

static const uint8_t in_addr[] = "\7in-addr\4arpa";
static const uint8_t ip6[] = "\3ip6\4arpa";

static enum zone_kind kind_of(const struct name *n)
{
	if (name_under(n->wire, n->len, in_addr, sizeof(in_addr)) ||
		name_under(n->wire, n->len, ip6, sizeof(ip6)))
		return ZONE_REVERSE;
	return ZONE_FORWARD;
}

/* RO-14: is the zone one of those that are named, or below one? */
static bool falls_through(const struct name *zone, const struct conf_kubernetes *k)
{
	for (size_t i = 0; i < k->nfallthrough; i++)
		if (name_under(zone->wire, zone->len, k->fallthrough[i].wire,
			    k->fallthrough[i].len))
			return true;
	return false;
}

static void set_zones(struct settings *s, const struct conf_kubernetes *k)
{
	const struct name *zones = k->zones;
	const size_t n = k->nzones;
	bool have_primary = false;

	for (size_t i = 0; i < n && i < SETTINGS_ZONES_MAX; i++) {
		struct zone *z = &s->zones[i];

		z->name = zones[i];
		z->kind = (uint8_t)kind_of(&zones[i]);
		z->labels = (uint8_t)name_labels(zones[i].wire, zones[i].len);
		z->fallthrough = falls_through(&zones[i], k);
		if (z->kind == ZONE_FORWARD && !have_primary) {
			s->primary = (uint8_t)i;
			have_primary = true;
		}
		s->nzones++;
	}
}

/* SM-11: behind the cluster's. */
static void add_file(struct settings *s, const struct name *n, bool fallthrough)
{
	struct zone *z = &s->zones[s->nzones];

	if (s->nzones == SETTINGS_ZONES_MAX)
		return;
	s->nzones++;
	*z = (struct zone){.name = *n,
		.kind = ZONE_FILE,
		.labels = (uint8_t)name_labels(n->wire, n->len),
		.fallthrough = fallthrough};
}

static void set_tcp(struct tcp_limits *t, const struct conf_tcp *c)
{
	t->read_ms = (uint32_t)(c->read_ns / NS_PER_MS);
	t->write_ms = (uint32_t)(c->write_ns / NS_PER_MS);
	t->idle_ms = (uint32_t)(c->idle_ns / NS_PER_MS);
	t->max_age_ms = (uint32_t)(c->max_age_ns / NS_PER_MS);
	t->max_queries = c->max_queries;
	t->max_connections = c->max_connections;
}

static void set_nested(struct record_options *o)
{
	const struct settings *s = &o->settings;

	memset(o->nested, 0, sizeof(o->nested));
	for (unsigned i = 0; i < s->nzones; i++)
		for (unsigned k = 0; k < s->nzones; k++) {
			const struct name *outer = &s->zones[i].name;
			const struct name *inner = &s->zones[k].name;

			if (i != k && name_under(inner->wire, inner->len, outer->wire,
					      outer->len))
				o->nested[i] = true;
		}
}

static void set_apexes(struct record_options *o)
{
	const struct settings *s = &o->settings;

	for (unsigned i = 0; i < s->nzones; i++)
		if (s->zones[i].kind != ZONE_FILE &&
			rev_parse(s->zones[i].name.wire, s->zones[i].name.len,
				&o->apexes[o->napexes]))
			o->napexes++;
}

/* Cut to what the settings have room for; conf_parse() has checked the length. */
static struct settings_text text_of(const char *text)
{
	struct settings_text t = {.len = (uint8_t)strnlen(text, SETTINGS_TEXT_MAX)};

	memcpy(t.octets, text, t.len);
	return t;
}

/* What is answered besides records: special names, NSID, class CH. */
static void set_special(struct settings *s, const struct conf *c, const char *hostname)
{
	if (c->local)
		s->special |= SPECIAL_LOCALHOST;
	if (c->special_names.invalid == CONF_SPECIAL_NXDOMAIN)
		s->special |= SPECIAL_INVALID;
	if (c->special_names.onion == CONF_SPECIAL_NXDOMAIN)
		s->special |= SPECIAL_ONION;
	if (c->special_names.test == CONF_SPECIAL_NXDOMAIN)
		s->special |= SPECIAL_TEST;
	if (c->special_names.local == CONF_SPECIAL_NXDOMAIN)
		s->special |= SPECIAL_LOCAL;
	s->chaos = c->chaos.enabled;
	s->version = text_of(c->chaos.version);
	s->hostname = text_of(hostname);
	s->nsid = text_of(strcmp(c->nsid, "hostname") == 0 ? hostname : c->nsid);
}

/* conf_parse() has checked lengths and counts. */
static void set_log(struct log_settings *l, const struct conf *c)
{
	l->level = (uint8_t)c->log.level;
	l->format = (uint8_t)c->log.format;
	for (size_t i = 0; i < c->nconsolidate && i < LOGSET_RULES_MAX; i++) {
		const struct conf_consolidate *from = &c->consolidate[i];
		struct logset_rule *r = &l->rules[l->nrules++];

		r->window_ms = (uint32_t)(from->window_ns / NS_PER_MS);
		r->level = (uint8_t)from->level;
		r->show_first = from->show_first;
		r->len = (uint8_t)strnlen(from->match, LOGSET_MATCH_MAX);
		memcpy(r->match, from->match, r->len);
	}
}

static void set_hosts(struct host_settings *h, const struct conf_hosts *c)
{
	h->closed = !c->fallthrough;
	h->on = c->file[0] != '\0' || c->nlines > 0 || h->closed;
	h->unsupported = c->unsupported;
	for (size_t i = 0; i < c->nzones && i < SETTINGS_HOST_ZONES_MAX; i++)
		h->zones[h->nzones++] = c->zones[i];
}

/* What is off logs nothing, whatever the other keys say. */
static void set_query_log(struct querylog_settings *q, const struct conf *c)
{
	q->format = (uint8_t)c->query_log.format;
	q->privacy = (uint8_t)c->privacy;
	q->sample = c->query_log.sample;
	if (q->format == QUERYLOG_OFF)
		return;
	q->classes = (uint8_t)(c->query_log.classes & QUERYLOG_CLASSES);
	if ((c->query_log.classes & CONF_CLASS_ALL) != 0)
		q->classes = QUERYLOG_CLASSES;
	for (size_t i = 0; i < c->query_log.nnames; i++) {
		if (c->query_log.names[i].len == 1) { /* the root: all */
			q->nnames = 0;
			return;
		}
		q->names[q->nnames++] = c->query_log.names[i];
	}
}

#define RATE_PUBLIC 200 /* queries a second of a client, where the Internet can ask */

static struct rate_limit limit(uint32_t per_source, uint32_t burst)
{
	return (struct rate_limit){.per_source = per_source,
		.burst = burst == CONF_AUTO ? MIN(2 * per_source, SETTINGS_RATE_MAX)
	                                    : burst};
}

/* AC-05: within a cluster addresses are the cluster's, whatever they look like. */
static void set_rates(struct settings *s, const struct conf *c)
{
	const struct conf_kubernetes *k = &c->kubernetes;
	bool pod = k->source == CONF_SOURCE_API && k->nendpoints == 0 &&
	           k->kubeconfig[0] == '\0';
	uint32_t per_source = c->limits.rate.per_source;

	s->rate_public = per_source == CONF_AUTO;
	if (s->rate_public)
		per_source = pod ? 0 : RATE_PUBLIC;
	s->rate = limit(per_source, c->limits.rate.burst);
	s->slip = (uint8_t)c->limits.rate.slip;
	s->miss_rate = limit(c->limits.miss_rate.per_source, c->limits.miss_rate.burst);
}

/* SM-09 */
static uint16_t flags_of(uint16_t words)
{
	unsigned flags = 0;

	if ((words & CONF_HEADER_AA) != 0)
		flags |= MSG_AA;
	if ((words & CONF_HEADER_RA) != 0)
		flags |= MSG_RA;
	if ((words & CONF_HEADER_RD) != 0)
		flags |= MSG_RD;
	return (uint16_t)flags;
}

/* Rules that name namespaces need them, whatever else is wanted. */
static enum conf_client_names client_names(
	const struct conf *c, const struct acl_settings *acl)
{
	const enum conf_client_names wanted = c->kubernetes.client_names;

	return acl->nnamespaces > 0 ? MAX(wanted, CONF_CLIENT_NAMES_NAMESPACE) : wanted;
}

void options_from_conf(const struct conf *c, const struct addr *own, size_t nown,
	const char *hostname, struct record_options *out)
{
	const struct conf_kubernetes *k = &c->kubernetes;
	struct settings *s = &out->settings;

	memset(out, 0, sizeof(*out));
	s->ttl_s = k->ttl_s;
	s->negative_ttl_s = k->negative_ttl_s;
	s->startup_ms = (uint32_t)(k->startup_timeout_ns / NS_PER_MS);
	s->max_udp = c->edns_max_udp;
	s->pods = (uint8_t)k->pods;
	s->any = (uint8_t)c->any_query;
	s->rotation = (uint8_t)c->loadbalance.policy;
	s->nprefer = (uint8_t)c->loadbalance.nprefer;
	for (size_t i = 0; i < c->loadbalance.nprefer; i++)
		s->prefer[i] = c->loadbalance.prefer[i];
	s->minimal = c->minimal_responses;
	s->header = (struct header_settings){flags_of(c->header.response_set),
		flags_of(c->header.response_clear), flags_of(c->header.query_set),
		flags_of(c->header.query_clear)};
	set_tcp(&s->tcp, &c->tcp);
	set_rates(s, c);
	if (k->nserver_addresses > 0) {
		own = k->server_addresses;
		nown = k->nserver_addresses;
	}
	for (size_t i = 0; i < nown && i < SETTINGS_OWN_MAX; i++)
		s->own[s->nown++] = own[i];
	set_zones(s, k);
	out->first_file = s->nzones;
	for (size_t i = 0; i < c->nzone; i++)
		add_file(s, &c->zone[i].name, c->zone[i].fallthrough);
	settings_index(s);
	set_nested(out);
	set_apexes(out);
	set_special(s, c, hostname);
	set_log(&s->log, c);
	set_hosts(&s->hosts, &c->hosts);
	forwardset_from_conf(c, NULL, 0, &s->forward);
	aclset_from_conf(c, &s->acl);
	set_query_log(&s->querylog, c);
	out->topology = c->loadbalance.topology;
	out->client_names = client_names(c, &s->acl);
	out->endpoint_pod_names = k->endpoint_pod_names;
	out->ignore_empty_service = k->ignore_empty_service;
	out->cluster_ip_endpoints = k->cluster_ip_endpoints;
	out->port_addresses = k->port_addresses;
	out->first_address_only = k->first_address_only;
}

static bool same_files(
	const struct record_options *o, const struct file_zone *zones, size_t n)
{
	const struct settings *s = &o->settings;
	bool same = s->nzones - o->first_file == n;

	for (size_t i = 0; i < n && same; i++) {
		const struct zone *z = &s->zones[o->first_file + i];

		same = z->fallthrough == zones[i].fallthrough &&
		       name_equal(z->name.wire, z->name.len, zones[i].name.wire,
			       zones[i].name.len);
	}
	return same;
}

bool options_files(struct record_options *o, const struct file_zone *zones, size_t n)
{
	struct settings *s = &o->settings;

	if (same_files(o, zones, n))
		return false;
	memset(o->files, 0, sizeof(o->files));
	s->nzones = (uint8_t)o->first_file;
	for (size_t i = 0; i < n; i++)
		add_file(s, &zones[i].name, zones[i].fallthrough);
	settings_index(s);
	set_nested(o);
	return true;
}

_Static_assert((int)PODS_INSECURE == (int)CONF_PODS_INSECURE, "pods");
_Static_assert((int)PODS_VERIFIED == (int)CONF_PODS_VERIFIED, "pods");
_Static_assert((int)ANY_HINFO == (int)CONF_ANY_HINFO, "any");
_Static_assert((int)ANY_NOTIMP == (int)CONF_ANY_NOTIMP, "any");
_Static_assert(SETTINGS_HOST_ZONES_MAX == CONF_HOST_ZONES_MAX, "zones of hosts");
_Static_assert(QUERYLOG_NAMES_MAX == CONF_LOG_ZONES_MAX, "names of the query log");
_Static_assert(QUERYLOG_SUCCESS == CONF_CLASS_SUCCESS, "classes");
_Static_assert(QUERYLOG_DENIAL == CONF_CLASS_DENIAL, "classes");
_Static_assert(QUERYLOG_ERROR == CONF_CLASS_ERROR, "classes");
_Static_assert((int)QUERYLOG_KV == (int)CONF_QUERY_LOG_KV, "formats");
_Static_assert((int)QUERYLOG_COREDNS == (int)CONF_QUERY_LOG_COREDNS, "formats");
_Static_assert(SETTINGS_PREFER_MAX == CONF_PREFER_MAX, "prefer");
_Static_assert((int)ROTATION_FIXED == (int)CONF_ROTATION_FIXED, "rotation");
_Static_assert((int)ROTATION_WEIGHTED == (int)CONF_ROTATION_WEIGHTED, "rotation");
