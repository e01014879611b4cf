/* scrub.c - along the chain of names, RRset by RRset */
#include "forwarder/scrub.h"

#include "base/hash.h"
#include "dns/type.h"
#include "forwarder/rdata.h"

/* Which RRs a set is made of. */
struct want {
	const struct owner *at;
	uint16_t type;
	uint16_t covered; /* by an RRSIG */
	enum rrs_section section;
	const struct rr
		*only; /* this one of them; NULL: all, or the first of a type of one */
};

/* True if the RR is one of those, whatever its rdata. */
static bool is_wanted(const struct scrub *s, const struct rr *rr, const struct want *w)
{
	struct rdata_signature sig;

	if (rr->type != w->type || rr->section != w->section ||
		!rrs_at(s->rrs, rr, w->at))
		return false;
	if (rr->type != TYPE_RRSIG)
		return true;
	return rdata_signature(s->rrs, rr, &sig) && sig.covered == w->covered;
}

/* True if the set that begins at `first` has this rdata; else it gets a slot. */
static bool is_double(struct scrub *s, uint16_t first, const uint8_t *rdata, size_t len)
{
	uint64_t h = (hash_content(rdata, len) ^ first) * (s->seed | 1);
	size_t slot = (h >> 32) & (s->nslots - 1), n;
	uint8_t buf[RDATA_WHOLE_MAX];

	for (; s->slots[slot] != 0; slot = (slot + 1) & (s->nslots - 1)) {
		unsigned pick = s->slots[slot] - 1u;

		if (pick < first)
			continue;
		const uint8_t *other = rdata_whole(
			s->rrs, &s->rrs->rr[s->pick[pick]], buf, &n);
		if (n == len && memcmp(rdata, other, n) == 0)
			return true;
	}
	s->slots[slot] = (uint16_t)(s->npicks + 1);
	return false;
}

/* What a signature that is kept says: when it ends, and who may deny beside it. */
static void note_signature(struct scrub *s, const struct rr *rr)
{
	struct rdata_signature sig;
	struct owner o;
	struct name n;

	if (!rdata_signature(s->rrs, rr, &sig))
		return;
	if (!s->is_signed || (int32_t)(sig.expires_s - s->expires_s) < 0)
		s->expires_s = sig.expires_s;
	s->is_signed = true;
	if (rr->section != RRS_ANSWER || s->nzones == SCRUB_SIGNERS_MAX)
		return;
	rrs_name(s->rrs, rr, &n);
	rrs_key(&o, &n);
	if (!name_under(o.name.wire, o.name.len, sig.signer.wire, sig.signer.len))
		return;
	for (unsigned i = 0; i < s->nzones; i++)
		if (name_equal(s->zone[i].wire, s->zone[i].len, sig.signer.wire,
			    sig.signer.len))
			return;
	s->zone[s->nzones++] = sig.signer;
}

/* True if the RR belongs into the set and is not there yet. */
static bool is_picked(struct scrub *s, const struct scrub_set *set, const struct rr *rr,
	const struct want *w)
{
	const struct rdata_form *form = rdata_form(rr->type);
	uint8_t buf[RDATA_WHOLE_MAX];
	size_t len;
	const uint8_t *rdata = rdata_whole(s->rrs, rr, buf, &len);

	if (rdata == NULL) {
		s->broken |= w->section == RRS_ANSWER;
		return false;
	}
	if (w->only != NULL)
		return rr == w->only;
	if (form != NULL && form->single && s->npicks > set->first)
		return false;
	return !is_double(s, set->first, rdata, len);
}

/* Make a set of all RRs that are wanted. False: there are none. */
static bool add(struct scrub *s, const struct want *w)
{
	struct scrub_set *set = &s->set[s->nsets];

	if (s->nsets == CACHE_SETS_MAX) {
		s->end = SCRUB_FULL;
		return false;
	}
	*set = (struct scrub_set){.first = s->npicks,
		.type = w->type,
		.ttl_s = INT32_MAX,
		.authority = w->section == RRS_AUTHORITY};
	for (unsigned i = 0; i < s->rrs->n; i++) {
		const struct rr *rr = &s->rrs->rr[i];

		if (s->taken[i] || !is_wanted(s, rr, w))
			continue;
		s->taken[i] = true;
		set->ttl_s = MIN(set->ttl_s, rrs_ttl_s(s->rrs, rr));
		if (!is_picked(s, set, rr, w))
			continue;
		if (rr->type == TYPE_RRSIG)
			note_signature(s, rr);
		s->pick[s->npicks++] = (uint16_t)i;
	}
	set->count = (uint16_t)(s->npicks - set->first);
	if (set->count == 0)
		return false;
	s->nsets++;
	return true;
}

/* The same, and the signatures over it. */
static bool add_signed(struct scrub *s, struct want w)
{
	if (!add(s, &w))
		return false;
	if (s->want_do && w.type != TYPE_RRSIG) {
		w.covered = w.type;
		w.type = TYPE_RRSIG;
		w.only = NULL;
		add(s, &w);
	}
	return true;
}

/* True if RRs of this type answer the question; types of questions are no data. */
static bool is_asked(const struct scrub *s, uint16_t type)
{
	if (type == TYPE_OPT || (type >= TYPE_TKEY && type <= TYPE_ANY))
		return false;
	return s->type == TYPE_ANY || s->type == type;
}

/* The asked type at a name; all of them for ANY, all signatures for RRSIG. */
static bool add_asked(struct scrub *s, const struct owner *at)
{
	struct rdata_signature sig;
	bool found = false;

	for (unsigned i = 0; i < s->rrs->n && s->end != SCRUB_FULL; i++) {
		const struct rr *rr = &s->rrs->rr[i];
		struct want w = {at, rr->type, 0, RRS_ANSWER, NULL};

		if (s->taken[i] || rr->section != RRS_ANSWER || !is_asked(s, rr->type) ||
			!rrs_at(s->rrs, rr, at))
			continue;
		if (rr->type == TYPE_RRSIG) {
			if (!rdata_signature(s->rrs, rr, &sig)) {
				s->broken = true;
				continue;
			}
			w.covered = sig.covered;
		}
		found |= add_signed(s, w);
	}
	return found;
}

/* The first CNAME at a name, with its target; NULL: there is none. */
static const struct rr *find_cname(
	struct scrub *s, const struct owner *at, struct name *target)
{
	for (unsigned i = 0; i < s->rrs->n; i++) {
		const struct rr *rr = &s->rrs->rr[i];

		if (rr->type != TYPE_CNAME || rr->section != RRS_ANSWER ||
			!rrs_at(s->rrs, rr, at))
			continue;
		if (rdata_name(s->rrs, rr, target))
			return rr;
		s->broken = true;
	}
	return NULL;
}

/* True if a DNAME `labels` deep makes `target` of `at` (RFC 6672, section 2.2). */
static bool is_made_by(const struct owner *at, unsigned labels, const struct name *dname,
	const struct name *target)
{
	size_t n = name_prefix(at->name.wire, at->name.len, at->labels - labels);

	return n + dname->len == target->len &&
	       name_equal(at->name.wire, n, target->wire, n) &&
	       name_equal(dname->wire, dname->len, target->wire + n, dname->len);
}

/* The DNAME above a name that makes the target of its CNAME; others are dropped. */
static const struct rr *find_dname(
	struct scrub *s, const struct owner *at, const struct name *target)
{
	struct name n;

	for (unsigned i = 0; i < s->rrs->n && s->ndnames < SCRUB_DNAMES_MAX; i++) {
		const struct rr *rr = &s->rrs->rr[i];

		if (rr->type != TYPE_DNAME || rr->section != RRS_ANSWER)
			continue;
		s->ndnames++;
		if (rr->labels < at->labels && rrs_above(s->rrs, rr, at) &&
			rdata_name(s->rrs, rr, &n) &&
			is_made_by(at, rr->labels, &n, target))
			return rr;
	}
	return NULL;
}

/* Keep a CNAME, and the DNAME that it comes from; one DNAME may be met twice. */
static void add_alias(struct scrub *s, const struct owner *at, const struct rr *cname,
	const struct name *target)
{
	const struct rr *dname = find_dname(s, at, target);
	struct owner above;
	struct name n;

	if (dname != NULL && !s->taken[dname - s->rrs->rr]) {
		rrs_name(s->rrs, dname, &n);
		rrs_key(&above, &n);
		add_signed(s, (struct want){&above, TYPE_DNAME, 0, RRS_ANSWER, dname});
	}
	add_signed(s, (struct want){at, TYPE_CNAME, 0, RRS_ANSWER, cname});
}

static bool is_in_chain(const struct scrub *s, const struct owner *o)
{
	for (unsigned i = 0; i <= s->aliases; i++)
		if (s->chain[i].hash == o->hash &&
			name_equal(s->chain[i].name.wire, s->chain[i].name.len,
				o->name.wire, o->name.len))
			return true;
	return false;
}

/* From the asked name to where its chain ends. */
static enum scrub_end walk(struct scrub *s)
{
	for (;;) {
		const struct owner *at = &s->chain[s->aliases];
		struct owner next;
		struct name target;

		if (add_asked(s, at))
			return SCRUB_DATA;
		if (s->type == TYPE_ANY || s->type == TYPE_CNAME)
			return SCRUB_OPEN;
		const struct rr *cname = find_cname(s, at, &target);
		if (cname == NULL)
			return SCRUB_OPEN;
		if (s->aliases == SCRUB_ALIASES_MAX)
			return SCRUB_LONG;
		rrs_key(&next, &target);
		if (is_in_chain(s, &next))
			return SCRUB_LOOP;
		add_alias(s, at, cname, &target);
		s->chain[++s->aliases] = next;
		s->broken = false;
		if (s->zones != NULL &&
			settings_zone(s->zones, next.name.wire, next.name.len) >= 0)
			return SCRUB_OURS;
	}
}

/* Keep the first SOA of a zone that the last name is in. False: there is none. */
static bool add_soa(struct scrub *s)
{
	const struct owner *last = &s->chain[s->aliases];
	uint8_t buf[RDATA_WHOLE_MAX];
	struct owner zone;
	struct name n;
	size_t len;

	for (unsigned i = 0; i < s->rrs->n; i++) {
		const struct rr *rr = &s->rrs->rr[i];

		if (rr->section != RRS_AUTHORITY)
			continue;
		s->referral |= rr->type == TYPE_NS;
		if (rr->type != TYPE_SOA || !rrs_above(s->rrs, rr, last) ||
			rdata_whole(s->rrs, rr, buf, &len) == NULL)
			continue;
		rrs_name(s->rrs, rr, &n);
		rrs_key(&zone, &n);
		s->zone[s->nzones++] = zone.name;
		s->negative_s = MIN(rrs_ttl_s(s->rrs, rr), rdata_minimum_s(s->rrs, rr));
		return add_signed(
			s, (struct want){&zone, TYPE_SOA, 0, RRS_AUTHORITY, rr});
	}
	return false;
}

/* True if a name is in one of the zones that signed, or denied. */
static bool is_in_zone(const struct scrub *s, const struct owner *o)
{
	for (unsigned i = 0; i < s->nzones; i++)
		if (name_under(
			    o->name.wire, o->name.len, s->zone[i].wire, s->zone[i].len))
			return true;
	return false;
}

/* Keep the proofs of what is not there; with a wildcard they come with data, too. */
static void add_proofs(struct scrub *s)
{
	for (unsigned i = 0; i < s->rrs->n && s->end != SCRUB_FULL; i++) {
		const struct rr *rr = &s->rrs->rr[i];
		struct owner o;
		struct name n;

		if (s->taken[i] || rr->section != RRS_AUTHORITY ||
			(rr->type != TYPE_NSEC && rr->type != TYPE_NSEC3))
			continue;
		rrs_name(s->rrs, rr, &n);
		rrs_key(&o, &n);
		if (is_in_zone(s, &o))
			add_signed(
				s, (struct want){&o, rr->type, 0, RRS_AUTHORITY, NULL});
	}
}

/* Empty tables for as many RRs as there are. */
static void prepare(struct scrub *s)
{
	_Static_assert(SCRUB_SLOTS > 2 * RRS_MAX, "there is a free slot");
	s->nslots = SCRUB_SLOTS_MIN;
	while (s->nslots <= 2u * s->rrs->n)
		s->nslots *= 2;
	memset(s->taken, 0, s->rrs->n * sizeof(s->taken[0]));
	memset(s->slots, 0, s->nslots * sizeof(s->slots[0]));
}

void scrub(struct scrub *s, const struct name *name)
{
	enum scrub_end end;

	s->end = SCRUB_DATA;
	s->aliases = s->nzones = s->ndnames = 0;
	s->referral = s->broken = s->is_signed = false;
	s->expires_s = s->negative_s = 0;
	s->nsets = s->npicks = 0;
	prepare(s);
	rrs_key(&s->chain[0], name);
	end = walk(s);
	if (end == SCRUB_OPEN && s->broken)
		end = SCRUB_BROKEN;
	if (end == SCRUB_OPEN && add_soa(s))
		end = SCRUB_DENIED;
	if (s->want_do && (end == SCRUB_DATA || end == SCRUB_DENIED))
		add_proofs(s);
	if (s->end != SCRUB_FULL)
		s->end = end;
}
