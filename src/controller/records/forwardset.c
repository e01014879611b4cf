#include "controller/records/forwardset.h"

#include <string.h>

#include "base/base.h"

#define PORT         53
#define PORT_TLS     853
#define ATTEMPTS_MAX UINT8_MAX /* more than the deadline lets happen */

/* What is being put together. */
struct maker {
	const struct conf *conf;
	const struct forwardset_file *files;
	size_t nfiles;
	struct forward_settings *out;
};

static uint32_t ms(uint64_t ns)
{
	return (uint32_t)(ns / NS_PER_MS);
}

/* ---- lists ---- */

static struct forward_names put_names(
	struct forward_settings *out, const struct name *names, size_t n)
{
	struct forward_names run = {.first = out->nnames};

	for (size_t i = 0; i < n && out->nnames < FORWARD_NAMES_MAX; i++, run.n++)
		out->names[out->nnames++] = names[i];
	return run;
}

static uint16_t put_text(struct forward_settings *out, const char *text)
{
	const uint16_t at = out->text_len;
	const size_t n = strlen(text) + 1;

	if (n == 1 || n > (size_t)FORWARD_TEXT_MAX - at)
		return 0;
	memcpy(out->text + at, text, n);
	out->text_len = (uint16_t)(at + n);
	return at;
}

static uint8_t put_prefixes(
	struct prefix *out, size_t max, const struct prefix *list, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n && count < max; i++)
		if (list[i].addr.len > 0) /* "*" is none */
			out[count++] = list[i];
	return (uint8_t)count;
}

/* ---- upstreams ---- */

static bool is_known(const struct forward_settings *out, const struct forward_group *g,
	const struct forward_upstream *u)
{
	for (unsigned i = g->first; i < (unsigned)g->first + g->n; i++) {
		const struct forward_upstream *o = &out->upstreams[i];

		if (addr_compare(&o->addr, &u->addr) == 0 && o->port == u->port &&
			o->scope == u->scope && o->tls == u->tls &&
			name_equal(o->host.wire, o->host.len, u->host.wire, u->host.len))
			return true;
	}
	return false;
}

static void put_upstream(struct forward_settings *out, struct forward_group *g,
	const struct forward_upstream *u)
{
	if (g->n == FORWARD_UPSTREAMS_MAX || out->nupstreams == FORWARD_POOL_MAX ||
		is_known(out, g, u))
		return;
	out->upstreams[out->nupstreams++] = *u;
	g->n++;
}

/* What stands in the file now, asked as the group asks. */
static void put_file(const struct maker *m, struct forward_group *g, const char *path,
	const struct forward_upstream *as)
{
	for (size_t i = 0; i < m->nfiles; i++) {
		const struct forwardset_file *file = &m->files[i];

		if (strcmp(file->path, path) != 0)
			continue;
		for (size_t k = 0; k < file->n; k++) {
			struct forward_upstream u = *as;

			u.addr = file->server[k].addr;
			u.scope = file->server[k].scope;
			put_upstream(m->out, g, &u);
		}
	}
}

static void put_upstreams(
	const struct maker *m, struct forward_group *g, const struct conf_forward *f)
{
	g->first = m->out->nupstreams;
	for (size_t i = 0; i < f->nto; i++) {
		const struct conf_upstream *c = &f->to[i];
		const bool tls = c->tls || f->transport == CONF_TRANSPORT_TLS;
		struct forward_upstream u = {
			.addr = c->addr,
			.port = c->port,
			.scope = c->scope,
			.tls = c->tls,
			.host = c->host,
			.server = c->server,
		};

		if (u.port == 0)
			u.port = tls ? PORT_TLS : PORT;
		if (tls && u.server.len == 0)
			u.server = f->tls.server_name;
		if (tls && u.server.len == 0)
			u.server = c->host;
		if (c->kind == CONF_UPSTREAM_FILE)
			put_file(m, g, c->path, &u);
		else
			put_upstream(m->out, g, &u);
	}
}

/* ---- groups ---- */

static uint8_t attempts(uint32_t configured)
{
	if (configured == CONF_AUTO)
		return 0;
	return (uint8_t)(configured == 0 ? ATTEMPTS_MAX : configured);
}

static void put_group(const struct maker *m, const struct conf_forward *f)
{
	struct forward_settings *out = m->out;
	struct forward_group *g = &out->groups[out->ngroups];

	*g = (struct forward_group){
		.from = f->from,
		.except = put_names(out, f->except, f->nexcept),
		.policy = (uint8_t)f->policy,
		.transport = (uint8_t)f->transport,
		.failfast = f->failfast,
		.hedge = f->hedge,
		.case_randomize = f->case_randomize,
		.edns = f->edns,
		.trust_ad = f->trust_ad,
		.next_on_nodata = f->next_on_nodata,
		.recursion = f->health_check.recursion,
		.reuse_sockets = f->reuse_sockets,
		.max_fails = (uint8_t)f->max_fails,
		.max_connect_attempts = attempts(f->max_connect_attempts),
		.max_idle = (uint16_t)f->max_idle,
		.failover = f->failover,
		.next = f->next,
		.max_concurrent = f->max_concurrent,
		.packet_rate = f->packet_rate,
		.timeout_ms = ms(f->timeout_ns),
		.expire_ms = ms(f->expire_ns),
		.max_age_ms = ms(f->max_age_ns),
		.probe_ms = ms(f->health_check.interval_ns),
		.probe_type = f->health_check.type,
		.probe_name = f->health_check.name,
		.source = f->source_address,
		.ca = put_text(out, f->tls.ca),
		.cert = put_text(out, f->tls.cert),
		.key = put_text(out, f->tls.key),
	};
	put_upstreams(m, g, f);
	out->ngroups++;
}

bool forwardset_needs_bootstrap(const struct conf *c)
{
	for (size_t i = 0; i < c->nforward; i++)
		for (size_t k = 0; k < c->forward[i].nto; k++)
			if (c->forward[i].to[k].kind == CONF_UPSTREAM_HOST)
				return true;
	return false;
}

/* A group of the usual kind that has no names. */
static void put_bootstrap(const struct maker *m)
{
	struct conf usual;

	conf_defaults(&usual);
	struct conf_forward f = usual.forward[0];
	f.from = (struct name){0};
	f.to = m->conf->bootstrap;
	f.nto = m->conf->nbootstrap;
	put_group(m, &f);
	m->out->bootstrap = true;
	conf_fini(&usual);
}

/* ---- cache and the rest ---- */

static void set_cache(struct forward_settings *out, const struct conf_cache *c)
{
	out->cache = (struct cache_settings){
		.success_max_ttl_s = c->success.max_ttl_s,
		.success_min_ttl_s = c->success.min_ttl_s,
		.denial_max_ttl_s = c->denial.max_ttl_s,
		.denial_min_ttl_s = c->denial.min_ttl_s,
		.servfail_ttl_ms = c->servfail_ttl_s * 1000,
		.prefetch_hits = c->prefetch.hits,
		.prefetch_window_ms = ms(c->prefetch.window_ns),
		.prefetch_percent = c->prefetch.percent,
		.stale_max_age_s = c->serve_stale.max_age_s,
		.stale_timeout_ms = ms(c->serve_stale.timeout_ns),
		.stale_ttl_s = c->serve_stale.ttl_s,
		.stale_recheck_ms = ms(c->serve_stale.recheck_ns),
		.stale_mode = (uint8_t)c->serve_stale.mode,
		.stale_prefer_positive = c->serve_stale.prefer_positive,
		.keep_ttl = c->keep_ttl,
		.nxdomain_cut = c->nxdomain_cut,
		.zones = put_names(out, c->zones, c->nzones),
		.disable_success = put_names(
			out, c->disable_success, c->ndisable_success),
		.disable_denial = put_names(out, c->disable_denial, c->ndisable_denial),
	};
}

void forwardset_from_conf(const struct conf *c, const struct forwardset_file *files,
	size_t n, struct forward_settings *out)
{
	const struct maker m = {c, files, n, out};

	memset(out, 0, sizeof(*out));
	out->text_len = 1; /* the empty one */
	out->deadline_ms = ms(c->limits.query_deadline_ns);
	out->forwarders = (uint8_t)c->forwarders;
	out->loop = (uint8_t)c->loop_detection;
	for (size_t i = 0; i < c->nforward_clients; i++)
		out->everybody |= c->forward_clients[i].addr.len == 0;
	out->nclients = put_prefixes(out->clients, FORWARD_CLIENTS_MAX,
		c->forward_clients, c->nforward_clients);
	out->nown = put_prefixes(out->own, FORWARD_OWN_MAX, c->kubernetes.own_ranges,
		c->kubernetes.nown_ranges);
	out->nprivate = put_prefixes(out->private_nets, FORWARD_PRIVATE_MAX,
		c->private_addresses.nets, c->private_addresses.nnets);
	out->private_except = put_names(
		out, c->private_addresses.except, c->private_addresses.nexcept);
	set_cache(out, &c->cache);
	for (size_t i = 0; i < c->nforward; i++)
		put_group(&m, &c->forward[i]);
	if (forwardset_needs_bootstrap(c))
		put_bootstrap(&m);
	forward_digests(out);
}

_Static_assert(CONF_FORWARD_MAX + 1 == FORWARD_GROUPS_MAX, "groups");
_Static_assert(CONF_UPSTREAMS_MAX == FORWARD_UPSTREAMS_MAX, "upstreams of a group");
_Static_assert(CONF_POOL_MAX == FORWARD_POOL_MAX, "upstreams");
_Static_assert(CONF_NAMES_MAX == FORWARD_NAMES_MAX, "names");
_Static_assert(CONF_TEXT_MAX == FORWARD_TEXT_MAX, "text");
_Static_assert(CONF_CIDRS_MAX == FORWARD_CLIENTS_MAX, "clients");
_Static_assert(CONF_CIDRS_MAX == FORWARD_OWN_MAX, "own ranges");
_Static_assert(CONF_CIDRS_MAX == FORWARD_PRIVATE_MAX, "private addresses");
_Static_assert((int)CONF_POLICY_SEQUENTIAL == (int)FORWARD_SEQUENTIAL, "policy");
_Static_assert((int)CONF_TRANSPORT_CLIENT == (int)FORWARD_CLIENT, "transport");
_Static_assert((int)CONF_TRANSPORT_TLS == (int)FORWARD_TLS, "transport");
_Static_assert((int)CONF_STALE_IMMEDIATE == (int)STALE_IMMEDIATE, "stale");
_Static_assert((int)CONF_LOOP_EXIT == (int)LOOP_EXIT, "loop");
