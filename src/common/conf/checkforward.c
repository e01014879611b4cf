/* checkforward.c - the part of check.c that is about names which are not ours */
#include <stdlib.h>

#include "base/base.h"
#include "conf/check.h"
#include "conf/list.h"
#include "conf/upstream.h"

#define PORT     53
#define PORT_TLS 853

static const char forward[] = "forward", to[] = "forward[].to";

/* ---- one group ---- */

/* Where the key of the group that was just read stands; else the group itself. */
static const struct place *given(
	const struct parse *p, const struct value *v, const char *path)
{
	const struct place *at = &p->given[schema_find(path) - schema];

	return at->file != NULL ? at : &v->item->value;
}

/* An error at a key of the group. */
static void fault(
	struct parse *p, const struct value *v, const char *path, const char *text)
{
	char shown[256];

	snprintf(shown, sizeof(shown), "%s%s", v->path, path + strlen("forward[]"));
	report_add(p->report, CONF_ERROR, given(p, v, path), shown, "%s", text);
}

static void check_tls(
	struct parse *p, const struct value *v, const struct conf_forward *f)
{
	static const char cert[] = "forward[].tls.cert", key[] = "forward[].tls.key";
	bool used = f->transport == CONF_TRANSPORT_TLS;

	for (size_t i = 0; i < f->nto; i++)
		used |= f->to[i].tls;
	if (f->tls.cert[0] != '\0' && f->tls.key[0] == '\0')
		fault(p, v, cert, "has no key — set tls.key too");
	if (f->tls.key[0] != '\0' && f->tls.cert[0] == '\0')
		fault(p, v, key, "has no certificate — set tls.cert too");
	if (!used && (f->tls.ca[0] != '\0' || f->tls.cert[0] != '\0' ||
			     f->tls.server_name.len > 0))
		report_add(p->report, CONF_WARNING, &v->item->value, v->path,
			"has tls = { ... } that is not used — write upstreams as "
			"tls://IP, or transport = \"tls\"");
}

static void check_twice(
	struct parse *p, const struct value *v, const struct conf_forward *f)
{
	char text[128];

	for (size_t i = 1; i < f->nto; i++)
		for (size_t j = 0; j < i; j++)
			if (upstream_same(&f->to[i], &f->to[j])) {
				snprintf(text, sizeof(text),
					"has the same upstream at %zu and %zu — take one "
					"out",
					j + 1, i + 1);
				fault(p, v, to, text);
				return;
			}
}

static void check_source_address(
	struct parse *p, const struct value *v, const struct conf_forward *f)
{
	if (f->source_address.len == 0)
		return;
	for (size_t i = 0; i < f->nto; i++)
		if (f->to[i].kind == CONF_UPSTREAM_ADDRESS &&
			f->to[i].addr.len != f->source_address.len) {
			fault(p, v, "forward[].source_address",
				"is of another family than an upstream — put them into "
				"groups of their own, or leave it out");
			return;
		}
}

void check_forward_group(
	struct parse *p, const struct value *v, const struct conf_forward *f)
{
	if (f->nto == 0)
		fault(p, v, to, "is empty — write who is asked");
	if (f->policy == CONF_POLICY_FASTEST)
		fault(p, v, "forward[].policy",
			"\"fastest\" is not offered yet — write \"random\"; slow "
			"upstreams "
			"are hedged");
	if (f->max_age_ns > 0 && f->max_age_ns < f->expire_ns)
		fault(p, v, "forward[].max_age",
			"is less than `expire` — write as much or more, or \"0s\"");
	check_tls(p, v, f);
	check_twice(p, v, f);
	check_source_address(p, v, f);
}

/* ---- all of it ---- */

/* Where the key was set; for one that was not, the first file. */
static const struct place *where(const struct parse *p, const char *path)
{
	return parse_where(p, path, 0, SIZE_MAX);
}

/* Would a question to that address and port come to ourselves? */
static bool is_ours(const struct conf *c, const struct conf_upstream *u, uint16_t port)
{
	for (size_t i = 0; i < c->nlisten; i++) {
		const struct conf_listen *l = &c->listen[i];
		const struct addr any = {.len = l->addr.len};

		if (l->port != port || l->addr.len != u->addr.len)
			continue;
		if (addr_compare(&l->addr, &u->addr) == 0 && l->scope == u->scope)
			return true;
		if (addr_compare(&l->addr, &any) == 0 && addr_loopback(&u->addr))
			return true;
	}
	return false;
}

/* FW-21, FW-22, U-11: a list of upstreams has none that is one of our listeners. */
static void check_own(struct parse *p, const char *path, size_t group,
	const struct conf_upstream *list, size_t n, bool tls)
{
	for (size_t i = 0; i < n; i++) {
		const uint16_t usual = tls || list[i].tls ? PORT_TLS : PORT;
		const uint16_t port = list[i].port != 0 ? list[i].port : usual;
		char text[ADDR_TEXT_MAX];

		if (list[i].kind != CONF_UPSTREAM_ADDRESS ||
			!is_ours(p->conf, &list[i], port))
			continue;
		addr_text(&list[i].addr, text);
		report_add(p->report, CONF_ERROR, parse_where(p, path, group, i), path,
			"\"%s\" port %u is a listener of ours: questions would go in "
			"circles — write another upstream",
			text, (unsigned)port);
	}
}

static void check_bootstrap(struct parse *p)
{
	static const char path[] = "bootstrap";
	const struct conf *c = p->conf;
	bool needed = false;

	check_own(p, path, 0, c->bootstrap, c->nbootstrap, false);
	for (size_t i = 0; i < c->nbootstrap; i++)
		if (c->bootstrap[i].kind == CONF_UPSTREAM_HOST)
			report_add(p->report, CONF_ERROR, parse_where(p, path, 0, i),
				path,
				"is a host name, and has to resolve host names — write "
				"an address");
	for (size_t i = 0; i < c->nforward; i++)
		for (size_t j = 0; j < c->forward[i].nto; j++)
			needed |= c->forward[i].to[j].kind == CONF_UPSTREAM_HOST;
	if (needed && c->nbootstrap == 0 && parse_sound(p, path))
		report_add(p->report, CONF_ERROR, where(p, path), path,
			"is empty — host names in forward[].to need it");
}

/* Two groups of one zone: an error in one file, else the later one wins (OP-23). */
static void check_zones_twice(struct parse *p)
{
	const struct conf *c = p->conf;

	for (size_t i = 1; i < c->nforward; i++) {
		const struct place *at = parse_where(p, forward, i, 0), *other;
		const struct name *n = &c->forward[i].from;
		char text[NAME_TEXT_MAX];
		size_t j = i;

		while (j > 0 && !name_equal(c->forward[j - 1].from.wire,
					c->forward[j - 1].from.len, n->wire, n->len))
			j--;
		if (j == 0)
			continue;
		other = parse_where(p, forward, j - 1, 0);
		name_text(n->wire, n->len, text, sizeof(text));
		if (at->order == other->order)
			report_add(p->report, CONF_ERROR, at, forward,
				"\"%s\" has a group already at %s:%u:%u — make one "
				"of them",
				text, other->file, other->line, other->column);
		else
			report_add(p->report, CONF_WARNING, at, forward,
				"\"%s\" is set again: this group wins over that of "
				"%s:%u:%u",
				text, other->file, other->line, other->column);
	}
}

/* What a group may have to itself, all of them have room for together. */
static void check_room(struct parse *p)
{
	const struct conf *c = p->conf;
	size_t upstreams = c->nbootstrap, text = 1;
	size_t names = c->cache.nzones + c->cache.ndisable_success +
	               c->cache.ndisable_denial;

	for (size_t i = 0; i < c->nforward; i++) {
		const struct conf_forward *f = &c->forward[i];

		upstreams += f->nto;
		names += f->nexcept;
		text += strlen(f->tls.ca) + strlen(f->tls.cert) + strlen(f->tls.key) + 3;
	}
	if (upstreams > CONF_POOL_MAX)
		report_add(p->report, CONF_ERROR, where(p, forward), forward,
			"all groups have %zu upstreams, and %u is the most — take some "
			"out",
			upstreams, CONF_POOL_MAX);
	if (names > CONF_NAMES_MAX)
		report_add(p->report, CONF_ERROR, where(p, forward), forward,
			"forward[].except, private_addresses.except and the zones of "
			"`cache` are %zu names, and %u is the most — take some out",
			names, CONF_NAMES_MAX);
	if (text > CONF_TEXT_MAX)
		report_add(p->report, CONF_ERROR, where(p, forward), forward,
			"the paths in forward[].tls have %zu octets, and %u is the "
			"most — "
			"use shorter ones",
			text, CONF_TEXT_MAX);
}

/* One of the two TTL ranges of the cache. */
static void check_ttls(struct parse *p, const char *path, uint32_t min_s, uint32_t max_s)
{
	if (min_s > max_s)
		report_add(p->report, CONF_ERROR, where(p, path), path,
			"\"%us\" is more than the longest time, \"%us\" — write less",
			min_s, max_s);
}

static void check_cache(struct parse *p)
{
	static const char timeout[] = "cache.serve_stale.timeout";
	const struct conf_cache *c = &p->conf->cache;

	check_ttls(
		p, "cache.success.min_ttl", c->success.min_ttl_s, c->success.max_ttl_s);
	check_ttls(p, "cache.denial.min_ttl", c->denial.min_ttl_s, c->denial.max_ttl_s);
	if (c->serve_stale.mode == CONF_STALE_VERIFY &&
		c->serve_stale.timeout_ns >= p->conf->limits.query_deadline_ns)
		report_add(p->report, CONF_WARNING, where(p, timeout), timeout,
			"is not less than limits.query_deadline: old answers are given "
			"only where upstreams fail before it");
}

void check_forward(struct parse *p)
{
	const struct conf *c = p->conf;

	for (size_t i = 0; i < c->nforward; i++)
		check_own(p, to, i, c->forward[i].to, c->forward[i].nto,
			c->forward[i].transport == CONF_TRANSPORT_TLS);
	check_bootstrap(p);
	check_zones_twice(p);
	check_room(p);
	check_cache(p);
	if (c->forwarders == 0 && c->nforward > 0 && parse_is_set(p, forward))
		report_add(p->report, CONF_WARNING, where(p, "forwarders"), "forwarders",
			"is 0: the groups of `forward` are not used");
}

/* Where keys of a group of `forward` stand, now that it has another number. */
static void renumber(struct parse *p, size_t from, const size_t *number)
{
	for (size_t i = 0; i < p->nmarks; i++) {
		struct parse_mark *m = &p->marks[i];
		const size_t n = strlen(forward);

		if (m->key == NULL || m->group != from ||
			strncmp(m->key->path, forward, n) != 0 ||
			(m->key->path[n] != '\0' && m->key->path[n] != '['))
			continue;
		if (number != NULL)
			m->group = *number;
		else
			m->key = NULL;
	}
}

void check_winners(struct parse *p)
{
	const struct key *k = schema_find(forward);
	struct conf *c = p->conf;
	size_t kept = 0;

	for (size_t i = 0; i < c->nforward; i++) {
		const struct name *n = &c->forward[i].from;
		struct conf_forward f = c->forward[i];
		size_t j = i + 1;

		while (j < c->nforward &&
			!name_equal(c->forward[j].from.wire, c->forward[j].from.len,
				n->wire, n->len))
			j++;
		const bool loses = j < c->nforward; /* a later one has its zone */
		renumber(p, i, loses ? NULL : &kept);
		if (loses)
			continue;
		c->forward[i] = c->forward[kept];
		c->forward[kept++] = f;
	}
	while (c->nforward > kept)
		list_shrink(k, c);
}
