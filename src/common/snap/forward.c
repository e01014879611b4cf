/*
 * forward.c - the codec of forward settings, and who is asked for a name
 *
 * Encoding and decoding are one description: it is walked with a cursor that either
 * writes a field or reads it, so the two cannot differ.
 */
#include "snap/forward.h"

#include <errno.h>

#include "base/base.h"
#include "base/hash.h"
#include "dns/rev.h"

/* One of `out` and `in` is NULL. */
struct cursor {
	uint8_t *out;
	const uint8_t *in;
	size_t left; /* octets at `in` */
	bool bad;    /* sticky: nothing more is read or written in earnest */
};

/* `n` octets at `field`, in host order. */
static void octets(struct cursor *c, void *field, size_t n)
{
	if (c->bad || (c->in != NULL && n > c->left)) {
		c->bad = true;
	} else if (c->out != NULL) {
		memcpy(c->out, field, n);
		c->out += n;
	} else {
		memcpy(field, c->in, n);
		c->in += n;
		c->left -= n;
	}
}

/* What a reader insists on; a writer that has something else stops there as well. */
static void insist(struct cursor *c, bool condition)
{
	if (!condition)
		c->bad = true;
}

static void octet(struct cursor *c, uint8_t *field, unsigned max)
{
	octets(c, field, 1);
	insist(c, *field <= max);
}

static void flag(struct cursor *c, bool *field)
{
	uint8_t v = c->out != NULL && *field; /* what is not read yet may be no bool */

	octet(c, &v, 1);
	*field = v == 1;
}

static void half(struct cursor *c, uint16_t *field)
{
	octets(c, field, sizeof(*field));
}

static void word(struct cursor *c, uint32_t *field)
{
	octets(c, field, sizeof(*field));
}

static void time_ms(struct cursor *c, uint32_t *field)
{
	word(c, field);
	insist(c, *field <= FORWARD_TIME_MAX_MS);
}

/* True if the name is well-formed and folded. */
static bool name_valid(const struct name *n)
{
	uint8_t folded[NAME_MAX_LEN];

	if (name_scan(n->wire, n->len) != n->len)
		return false;
	name_fold(folded, n->wire, n->len);
	return memcmp(folded, n->wire, n->len) == 0;
}

/* A name, or none. */
static void optional_name(struct cursor *c, struct name *n)
{
	octets(c, &n->len, 1);
	if (c->bad)
		return;
	octets(c, n->wire, n->len);
	insist(c, n->len == 0 || c->bad || name_valid(n));
}

static void full_name(struct cursor *c, struct name *n)
{
	optional_name(c, n);
	insist(c, n->len > 0);
}

/* An address, or none. */
static void address(struct cursor *c, struct addr *a)
{
	static const uint8_t zero[16];

	octets(c, &a->len, 1);
	octets(c, a->octets, sizeof(a->octets));
	insist(c, a->len == 0 || a->len == 4 || a->len == 16);
	if (!c->bad)
		insist(c, memcmp(a->octets + a->len, zero, 16u - a->len) == 0);
}

static void prefix(struct cursor *c, struct prefix *p)
{
	address(c, &p->addr);
	octets(c, &p->bits, 1);
	insist(c, p->addr.len > 0 && p->bits <= 8u * p->addr.len);
}

static void names(
	struct cursor *c, const struct forward_settings *f, struct forward_names *n)
{
	octets(c, &n->first, 1);
	octets(c, &n->n, 1);
	insist(c, n->first + n->n <= f->nnames);
}

/* The offset of a text: 0 is the empty one, and all end with a NUL. */
static void text(struct cursor *c, const struct forward_settings *f, uint16_t *at)
{
	half(c, at);
	insist(c, *at == 0 || *at < f->text_len);
}

static void upstream(struct cursor *c, struct forward_upstream *u)
{
	address(c, &u->addr);
	half(c, &u->port);
	word(c, &u->scope);
	flag(c, &u->tls);
	optional_name(c, &u->host);
	optional_name(c, &u->server);
	insist(c, u->port != 0 && (u->addr.len == 0) == (u->host.len > 0));
}

/* Times and limits of a group. */
static void bounds(struct cursor *c, struct forward_group *g)
{
	octets(c, &g->max_fails, 1);
	octets(c, &g->max_connect_attempts, 1);
	half(c, &g->max_idle);
	half(c, &g->failover);
	half(c, &g->next);
	word(c, &g->max_concurrent);
	word(c, &g->packet_rate);
	time_ms(c, &g->timeout_ms);
	time_ms(c, &g->expire_ms);
	time_ms(c, &g->max_age_ms);
	time_ms(c, &g->probe_ms);
	insist(c, g->timeout_ms > 0 && g->expire_ms > 0 && g->probe_ms > 0);
}

static void group(
	struct cursor *c, const struct forward_settings *f, struct forward_group *g)
{
	octets(c, &g->digest, sizeof(g->digest));
	optional_name(c, &g->from);
	names(c, f, &g->except);
	octets(c, &g->first, 1);
	octet(c, &g->n, FORWARD_UPSTREAMS_MAX);
	insist(c, g->first + g->n <= f->nupstreams);
	octet(c, &g->policy, FORWARD_SEQUENTIAL);
	octet(c, &g->transport, FORWARD_CLIENT);
	flag(c, &g->failfast);
	flag(c, &g->hedge);
	flag(c, &g->case_randomize);
	flag(c, &g->edns);
	flag(c, &g->trust_ad);
	flag(c, &g->next_on_nodata);
	flag(c, &g->recursion);
	flag(c, &g->reuse_sockets);
	bounds(c, g);
	half(c, &g->probe_type);
	full_name(c, &g->probe_name);
	address(c, &g->source);
	text(c, f, &g->ca);
	text(c, f, &g->cert);
	text(c, f, &g->key);
}

static void cache(
	struct cursor *c, const struct forward_settings *f, struct cache_settings *s)
{
	word(c, &s->success_max_ttl_s);
	word(c, &s->success_min_ttl_s);
	word(c, &s->denial_max_ttl_s);
	word(c, &s->denial_min_ttl_s);
	time_ms(c, &s->servfail_ttl_ms);
	word(c, &s->prefetch_hits);
	time_ms(c, &s->prefetch_window_ms);
	word(c, &s->prefetch_percent);
	insist(c, s->prefetch_percent <= 100);
	word(c, &s->stale_max_age_s);
	time_ms(c, &s->stale_timeout_ms);
	word(c, &s->stale_ttl_s);
	time_ms(c, &s->stale_recheck_ms);
	octet(c, &s->stale_mode, STALE_IMMEDIATE);
	flag(c, &s->stale_prefer_positive);
	flag(c, &s->keep_ttl);
	flag(c, &s->nxdomain_cut);
	names(c, f, &s->zones);
	names(c, f, &s->disable_success);
	names(c, f, &s->disable_denial);
}

static void flush(struct cursor *c, struct forward_flush *f)
{
	octets(c, &f->at_ns, sizeof(f->at_ns));
	flag(c, &f->below);
	full_name(c, &f->name);
}

/* How long the lists are, and what else stands alone. */
static void head(struct cursor *c, struct forward_settings *f)
{
	time_ms(c, &f->deadline_ms);
	octet(c, &f->ngroups, FORWARD_GROUPS_MAX);
	octet(c, &f->nupstreams, FORWARD_POOL_MAX);
	octet(c, &f->nnames, FORWARD_NAMES_MAX);
	octet(c, &f->nclients, FORWARD_CLIENTS_MAX);
	octet(c, &f->nown, FORWARD_OWN_MAX);
	octet(c, &f->nflush, FORWARD_FLUSH_MAX);
	octet(c, &f->forwarders, FORWARDERS_MAX);
	octet(c, &f->loop, LOOP_EXIT);
	flag(c, &f->everybody);
	flag(c, &f->bootstrap);
	half(c, &f->text_len);
	insist(c, f->text_len <= FORWARD_TEXT_MAX);
	insist(c, !f->bootstrap || f->ngroups > 0);
}

/* Each begins at 0 or behind a NUL; an offset into the middle of one gives its end. */
static void texts(struct cursor *c, struct forward_settings *f)
{
	if (c->bad)
		return;
	octets(c, f->text, f->text_len);
	if (f->text_len == 0)
		f->text[0] = '\0';
	else
		insist(c, f->text[0] == '\0' && f->text[f->text_len - 1] == '\0');
}

/* All of *f; `c->bad` stops each list before the next is believed. */
static void walk(struct cursor *c, struct forward_settings *f)
{
	head(c, f);
	texts(c, f);
	for (unsigned i = 0; !c->bad && i < f->nnames; i++)
		full_name(c, &f->names[i]);
	for (unsigned i = 0; !c->bad && i < f->nupstreams; i++)
		upstream(c, &f->upstreams[i]);
	for (unsigned i = 0; !c->bad && i < f->ngroups; i++) {
		const bool nameless = f->bootstrap && i == f->ngroups - 1u;

		group(c, f, &f->groups[i]);
		insist(c, (f->groups[i].from.len == 0) == nameless);
	}
	for (unsigned i = 0; !c->bad && i < f->nclients; i++)
		prefix(c, &f->clients[i]);
	for (unsigned i = 0; !c->bad && i < f->nown; i++)
		prefix(c, &f->own[i]);
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

		octets(c, &octet_, 1);
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

uint64_t forward_digest(const struct forward_settings *f, unsigned i)
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

		full_name(&c, &n);
	}
	put_text(&c, f->text + f->groups[i].ca);
	put_text(&c, f->text + f->groups[i].cert);
	put_text(&c, f->text + f->groups[i].key);
	const uint64_t digest = hash_content(out, (size_t)(c.out - out));
	return digest != 0 ? digest : 1;
}

bool forward_covered(const struct forward_settings *f, struct forward_names list,
	const uint8_t *name, size_t len)
{
	for (unsigned i = list.first; i < (unsigned)list.first + list.n; i++)
		if (name_under(name, len, f->names[i].wire, f->names[i].len))
			return true;
	return false;
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
