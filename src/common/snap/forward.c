/* forward.c - the codec of forward settings, and who is asked for a name */
#include "snap/forward.h"

#include <errno.h>

#include "base/base.h"
#include "base/hash.h"
#include "dns/rev.h"
#include "snap/cursor.h"

static void time_ms(struct cursor *c, uint32_t *field)
{
	cursor_word(c, field);
	cursor_insist(c, *field <= FORWARD_TIME_MAX_MS);
}

static void names(
	struct cursor *c, const struct forward_settings *f, struct forward_names *n)
{
	cursor_octets(c, &n->first, 1);
	cursor_octets(c, &n->n, 1);
	cursor_insist(c, n->first + n->n <= f->nnames);
}

/* The offset of a text: 0 is the empty one, and all end with a NUL. */
static void text(struct cursor *c, const struct forward_settings *f, uint16_t *at)
{
	cursor_half(c, at);
	cursor_insist(c, *at == 0 || *at < f->text_len);
}

static void upstream(struct cursor *c, struct forward_upstream *u)
{
	cursor_address(c, &u->addr);
	cursor_half(c, &u->port);
	cursor_word(c, &u->scope);
	cursor_flag(c, &u->tls);
	cursor_optional_name(c, &u->host);
	cursor_optional_name(c, &u->server);
	cursor_insist(c, u->port != 0 && (u->addr.len == 0) == (u->host.len > 0));
}

/* Times and limits of a group. */
static void bounds(struct cursor *c, struct forward_group *g)
{
	cursor_octets(c, &g->max_fails, 1);
	cursor_octets(c, &g->max_connect_attempts, 1);
	cursor_half(c, &g->max_idle);
	cursor_half(c, &g->failover);
	cursor_half(c, &g->next);
	cursor_word(c, &g->max_concurrent);
	cursor_word(c, &g->packet_rate);
	time_ms(c, &g->timeout_ms);
	time_ms(c, &g->expire_ms);
	time_ms(c, &g->max_age_ms);
	time_ms(c, &g->probe_ms);
	cursor_insist(c, g->timeout_ms > 0 && g->expire_ms > 0 && g->probe_ms > 0);
}

static void group(
	struct cursor *c, const struct forward_settings *f, struct forward_group *g)
{
	cursor_octets(c, &g->digest, sizeof(g->digest));
	cursor_optional_name(c, &g->from);
	names(c, f, &g->except);
	cursor_octets(c, &g->first, 1);
	cursor_octet(c, &g->n, FORWARD_UPSTREAMS_MAX);
	cursor_insist(c, g->first + g->n <= f->nupstreams);
	cursor_octet(c, &g->policy, FORWARD_SEQUENTIAL);
	cursor_octet(c, &g->transport, FORWARD_CLIENT);
	cursor_flag(c, &g->failfast);
	cursor_flag(c, &g->hedge);
	cursor_flag(c, &g->case_randomize);
	cursor_flag(c, &g->edns);
	cursor_flag(c, &g->trust_ad);
	cursor_flag(c, &g->next_on_nodata);
	cursor_flag(c, &g->recursion);
	cursor_flag(c, &g->reuse_sockets);
	bounds(c, g);
	cursor_half(c, &g->probe_type);
	cursor_name(c, &g->probe_name);
	cursor_address(c, &g->source);
	text(c, f, &g->ca);
	text(c, f, &g->cert);
	text(c, f, &g->key);
}

static void cache(
	struct cursor *c, const struct forward_settings *f, struct cache_settings *s)
{
	cursor_word(c, &s->success_max_ttl_s);
	cursor_word(c, &s->success_min_ttl_s);
	cursor_word(c, &s->denial_max_ttl_s);
	cursor_word(c, &s->denial_min_ttl_s);
	time_ms(c, &s->servfail_ttl_ms);
	cursor_word(c, &s->prefetch_hits);
	time_ms(c, &s->prefetch_window_ms);
	cursor_word(c, &s->prefetch_percent);
	cursor_insist(c, s->prefetch_percent <= 100);
	cursor_word(c, &s->stale_max_age_s);
	time_ms(c, &s->stale_timeout_ms);
	cursor_word(c, &s->stale_ttl_s);
	time_ms(c, &s->stale_recheck_ms);
	cursor_octet(c, &s->stale_mode, STALE_IMMEDIATE);
	cursor_flag(c, &s->stale_prefer_positive);
	cursor_flag(c, &s->keep_ttl);
	cursor_flag(c, &s->nxdomain_cut);
	names(c, f, &s->zones);
	names(c, f, &s->disable_success);
	names(c, f, &s->disable_denial);
}

static void flush(struct cursor *c, struct forward_flush *f)
{
	cursor_octets(c, &f->at_ns, sizeof(f->at_ns));
	cursor_flag(c, &f->below);
	cursor_name(c, &f->name);
}

/* How long the lists are, and what else stands alone. */
static void head(struct cursor *c, struct forward_settings *f)
{
	time_ms(c, &f->deadline_ms);
	cursor_octet(c, &f->ngroups, FORWARD_GROUPS_MAX);
	cursor_octet(c, &f->nupstreams, FORWARD_POOL_MAX);
	cursor_octet(c, &f->nnames, FORWARD_NAMES_MAX);
	cursor_octet(c, &f->nclients, FORWARD_CLIENTS_MAX);
	cursor_octet(c, &f->nown, FORWARD_OWN_MAX);
	cursor_octet(c, &f->nprivate, FORWARD_PRIVATE_MAX);
	cursor_octet(c, &f->nflush, FORWARD_FLUSH_MAX);
	cursor_octet(c, &f->forwarders, FORWARDERS_MAX);
	cursor_octet(c, &f->loop, LOOP_EXIT);
	cursor_flag(c, &f->everybody);
	cursor_flag(c, &f->bootstrap);
	cursor_half(c, &f->text_len);
	cursor_insist(c, f->text_len <= FORWARD_TEXT_MAX);
	cursor_insist(c, !f->bootstrap || f->ngroups > 0);
}

/* Each begins at 0 or behind a NUL; an offset into the middle of one gives its end. */
static void texts(struct cursor *c, struct forward_settings *f)
{
	if (c->bad)
		return;
	cursor_octets(c, f->text, f->text_len);
	if (f->text_len == 0)
		f->text[0] = '\0';
	else
		cursor_insist(c, f->text[0] == '\0' && f->text[f->text_len - 1] == '\0');
}

/* All of *f; `c->bad` stops each list before the next is believed. */
static void walk(struct cursor *c, struct forward_settings *f)
{
	head(c, f);
	texts(c, f);
	for (unsigned i = 0; !c->bad && i < f->nnames; i++)
		cursor_name(c, &f->names[i]);
	for (unsigned i = 0; !c->bad && i < f->nupstreams; i++)
		upstream(c, &f->upstreams[i]);
	for (unsigned i = 0; !c->bad && i < f->ngroups; i++) {
		const bool nameless = f->bootstrap && i == f->ngroups - 1u;

		group(c, f, &f->groups[i]);
		cursor_insist(c, (f->groups[i].from.len == 0) == nameless);
	}
	for (unsigned i = 0; !c->bad && i < f->nclients; i++)
		cursor_prefix(c, &f->clients[i]);
	for (unsigned i = 0; !c->bad && i < f->nown; i++)
		cursor_prefix(c, &f->own[i]);
	for (unsigned i = 0; !c->bad && i < f->nprivate; i++)
		cursor_prefix(c, &f->private_nets[i]);
	if (!c->bad)
		names(c, f, &f->private_except);
	for (unsigned i = 0; !c->bad && i < f->nflush; i++)
		flush(c, &f->flush[i]);
	if (!c->bad)
		cache(c, f, &f->cache);
}

/* A text itself, instead of where it stands. */
static void put_text(struct cursor *c, const char *s)
{
	for (size_t n = strlen(s) + 1; n > 0; n--, s++) {
		char octet_ = *s;

		cursor_octets(c, &octet_, 1);
	}
}

size_t forward_encode(const struct forward_settings *f, uint8_t *out)
{
	struct forward_settings copy = *f; /* walked by what could change it */
	struct cursor c = {.out = out};

	walk(&c, &copy);
	return (size_t)(c.out - out);
}

int forward_decode(const uint8_t *in, size_t len, struct forward_settings *out)
{
	struct cursor c = {.in = in, .left = len};

	walk(&c, out);
	return c.bad || c.left > 0 ? -EBADMSG : 0;
}

/* True if names of group `i` may be asked of `k` next: forward_group() with `after`. */
static bool leads_to(const struct forward_settings *f, unsigned i, unsigned k)
{
	const struct name *from = &f->groups[i].from, *to = &f->groups[k].from;

	if (from->len == 0 || to->len == 0 ||
		!name_under(from->wire, from->len, to->wire, to->len))
		return false;
	return to->len < from->len || k > i;
}

static uint64_t digest_of(const struct forward_settings *f, unsigned i)
{
	struct forward_group g = f->groups[i];
	uint8_t out[FORWARD_OCTETS_MAX];
	struct cursor c = {.out = out};

	g.digest = 0;
	g.first = g.except.first = 0;
	g.ca = g.cert = g.key = 0;
	group(&c, f, &g);
	for (unsigned k = 0; k < g.n; k++) {
		struct forward_upstream u = f->upstreams[f->groups[i].first + k];

		upstream(&c, &u);
	}
	for (unsigned k = 0; k < g.except.n; k++) {
		struct name n = f->names[f->groups[i].except.first + k];

		cursor_name(&c, &n);
	}
	put_text(&c, f->text + f->groups[i].ca);
	put_text(&c, f->text + f->groups[i].cert);
	put_text(&c, f->text + f->groups[i].key);
	for (unsigned k = 0; k < f->ngroups; k++) {
		uint64_t next = f->groups[k].digest;

		if ((g.next != 0 || g.next_on_nodata) && leads_to(f, i, k))
			cursor_octets(&c, &next, sizeof(next));
	}
	const uint64_t digest = hash_content(out, (size_t)(c.out - out));
	return digest != 0 ? digest : 1;
}

/* Those first that groups may lead to: of a shorter `from`, or behind in the list. */
void forward_digests(struct forward_settings *f)
{
	for (size_t len = 0; len <= NAME_MAX_LEN; len++)
		for (unsigned i = f->ngroups; i-- > 0;)
			if (f->groups[i].from.len == len)
				f->groups[i].digest = digest_of(f, i);
}

bool forward_covered(const struct forward_settings *f, struct forward_names list,
	const uint8_t *name, size_t len)
{
	for (unsigned i = list.first; i < (unsigned)list.first + list.n; i++)
		if (name_under(name, len, f->names[i].wire, f->names[i].len))
			return true;
	return false;
}

bool forward_forgets(const struct forward_flush *f, const uint8_t *name, size_t len)
{
	return f->below ? name_under(name, len, f->name.wire, f->name.len)
	                : name_equal(name, len, f->name.wire, f->name.len);
}

struct forward_flush forward_join(
	const struct forward_flush *older, const struct forward_flush *newer)
{
	const struct name *a = &older->name, *b = &newer->name;
	struct forward_flush both = {.at_ns = newer->at_ns,
		.below = older->below || newer->below ||
	                 !name_equal(a->wire, a->len, b->wire, b->len)};
	size_t at = 0;

	while (!name_under(b->wire, b->len, a->wire + at, a->len - at))
		at += 1u + a->wire[at];
	both.name.len = (uint8_t)(a->len - at);
	memcpy(both.name.wire, a->wire + at, both.name.len);
	return both;
}

int forward_group(
	const struct forward_settings *f, const uint8_t *name, size_t len, int after)
{
	size_t best_len = 0;
	int best = -1;

	for (int i = 0; i < f->ngroups; i++) {
		const struct forward_group *g = &f->groups[i];

		/* Lengths first: they cost nothing, and settle most of a long list. */
		if (g->from.len <= best_len || g->from.len > len)
			continue;
		if (after >= 0 &&
			(g->from.len > f->groups[after].from.len ||
				(g->from.len == f->groups[after].from.len && i <= after)))
			continue;
		if (g->from.len > 1 && !name_under(name, len, g->from.wire, g->from.len))
			continue;
		if (g->except.n > 0 && forward_covered(f, g->except, name, len))
			continue;
		best_len = g->from.len;
		best = i;
	}
	return best;
}

int forward_by_digest(const struct forward_settings *f, uint64_t digest)
{
	for (int i = 0; i < f->ngroups; i++)
		if (f->groups[i].digest == digest)
			return i;
	return -1;
}

bool forward_allowed(const struct forward_settings *f, const struct addr *client)
{
	if (f->everybody)
		return true;
	for (unsigned i = 0; i < f->nclients; i++)
		if (addr_in_prefix(client->octets, client->len, &f->clients[i]))
			return true;
	return false;
}

bool forward_stays(const struct forward_settings *f, const uint8_t *name, size_t len)
{
	struct prefix p;

	if (f->nown == 0 || !rev_prefix(name, len, &p))
		return false;
	for (unsigned i = 0; i < f->nown; i++)
		if (p.bits >= f->own[i].bits &&
			addr_in_prefix(p.addr.octets, p.addr.len, &f->own[i]))
			return true;
	return false;
}

/* The IPv4 address that stands in an IPv6 one (RFC 4291, section 2.5.5.2); NULL: none. */
static const uint8_t *mapped(const uint8_t *octets, size_t len)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return len == 16 && memcmp(octets, prefix, sizeof(prefix)) == 0 ? octets + 12
	                                                                : NULL;
}

bool forward_private(const struct forward_settings *f, const uint8_t *octets, size_t len)
{
	const uint8_t *v4 = mapped(octets, len);

	for (unsigned i = 0; i < f->nprivate; i++)
		if (addr_in_prefix(octets, len, &f->private_nets[i]) ||
			(v4 != NULL && addr_in_prefix(v4, 4, &f->private_nets[i])))
			return true;
	return false;
}
