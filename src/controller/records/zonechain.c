#include "controller/records/zonechain.h"

#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "snap/chain.h"

#define PARAM_HEAD     5u /* algorithm, flags, iterations, length of the salt */
#define SIGNATURES_MAX UINT8_MAX

/* What an NSEC3 or NSEC3PARAM begins with; false: it is none of SHA-1. */
static bool read_params(
	const struct zoneset *s, const struct zoneset_rr *rr, struct nsec3_params *out)
{
	const uint8_t *p = zoneset_octets(s, rr->rdata);

	if (rr->len < PARAM_HEAD || rr->len - PARAM_HEAD < p[4] || p[0] != NSEC3_SHA1)
		return false;
	*out = (struct nsec3_params){load_u16(p + 2), p[4], p + PARAM_HEAD};
	return true;
}

static bool same_params(const struct nsec3_params *a, const struct nsec3_params *b)
{
	return a->iterations == b->iterations && a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0;
}

struct zonechain zonechain_of(const struct zoneset *s)
{
	struct zonechain c = {ZONECHAIN_UNSIGNED, {0}};
	const struct zoneset_rr *rr;
	size_t n;

	if (zoneset_rrset(s, &s->names[0], TYPE_RRSIG, &n) == NULL)
		return c;
	c.kind = ZONECHAIN_ABSENT;
	rr = zoneset_rrset(s, &s->names[0], TYPE_NSEC3PARAM, &n);
	for (size_t i = 0; i < n && c.kind != ZONECHAIN_NSEC3; i++) {
		struct nsec3_params params;

		/* RFC 5155, section 4.1.2: with flags it is not for us. */
		if (!read_params(s, &rr[i], &params) ||
			zoneset_octets(s, rr[i].rdata)[1] != 0)
			continue;
		c.params = params;
		c.kind = c.params.iterations > NSEC3_ITERATIONS_MAX ? ZONECHAIN_ITERATIONS
		                                                    : ZONECHAIN_NSEC3;
	}
	if (c.kind != ZONECHAIN_NSEC3 &&
		zoneset_rrset(s, &s->names[0], TYPE_NSEC, &n) != NULL)
		c.kind = ZONECHAIN_NSEC;
	return c;
}

/* The record of the chain that the name has; NULL: none. */
static const struct zoneset_rr *link_of(const struct zoneset *s,
	const struct zonechain *c, const struct zoneset_name *name)
{
	bool hashed = c->kind == ZONECHAIN_NSEC3;
	const struct zoneset_rr *rr;
	struct nsec3_params params;
	size_t n;

	if (!hashed && (name->flags & NODE_FILE_BELOW) != 0)
		return NULL;
	rr = zoneset_rrset(s, name, hashed ? TYPE_NSEC3 : TYPE_NSEC, &n);
	for (size_t i = 0; hashed && i < n; i++)
		if (read_params(s, &rr[i], &params) && same_params(&params, &c->params))
			return &rr[i];
	return hashed ? NULL : rr;
}

/* Add what the name has to the chain, as link number i. */
static void add_link(const struct zoneset *s, const struct zoneset_name *name,
	const struct zoneset_rr *rr, uint32_t i, struct mem_buf *out)
{
	struct chain_link l = {.name = zoneset_octets(s, name->name),
		.name_len = name->len,
		.rdata = zoneset_octets(s, rr->rdata),
		.rdata_len = rr->len,
		.ttl_s = rr->ttl_s};
	const struct zoneset_rr *sigs[SIGNATURES_MAX], *sig;
	size_t n;

	sig = zoneset_rrset(s, name, TYPE_RRSIG, &n);
	for (size_t k = 0; k < n && l.signatures < SIGNATURES_MAX; k++)
		if (sig[k].len >= 2 &&
			load_u16(zoneset_octets(s, sig[k].rdata)) == rr->type)
			sigs[l.signatures++] = &sig[k];
	chain_add(out, i, &l);
	for (size_t k = 0; k < l.signatures; k++)
		chain_add_signature(out, zoneset_octets(s, sigs[k]->rdata), sigs[k]->len);
}

bool zonechain_build(const struct zoneset *s, struct mem_buf *out)
{
	const struct zonechain c = zonechain_of(s);
	uint32_t count = 0, at = 0;

	if (c.kind != ZONECHAIN_NSEC && c.kind != ZONECHAIN_NSEC3)
		return false;
	for (size_t i = 0; i < s->nnames; i++)
		count += link_of(s, &c, &s->names[i]) != NULL;
	if (count == 0)
		return false;
	chain_begin(out, count, c.kind == ZONECHAIN_NSEC3 ? &c.params : NULL);
	for (size_t i = 0; i < s->nnames; i++) {
		const struct zoneset_rr *rr = link_of(s, &c, &s->names[i]);

		if (rr != NULL)
			add_link(s, &s->names[i], rr, at++, out);
	}
	return true;
}
