#include "worker/cached.h"

#include "dns/type.h"
#include "worker/order.h"
#include "worker/private.h"

#define SOA_NUMBERS 20 /* octets behind the two names of an SOA */

/* LD-01: the RRsets that begin somewhere else each time. */
static bool turns(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA || type == TYPE_MX;
}

static uint32_t ttl_of(
	const struct reply *r, const struct cached_part *c, const struct cache_set *set)
{
	const struct cache_settings *s = &r->settings->forward.cache;

	if (c->stale)
		return s->stale_ttl_s;
	return cache_ttl_s(c->entry, set, c->now_ns, s->keep_ttl);
}

static unsigned first_of(const struct reply *r, const struct cache_set *set)
{
	return turns(set->type) ? order_first(r, set->count) : 0;
}

/* ---- an entry as it stands ---- */

/*
 * Where the type of the RR at `at` stands; 0: it does not fit. Most owners are pointers.
 */
static inline size_t fixed_of(const struct cache_entry *e, const uint8_t *wire, size_t at)
{
	struct cache_rr rr;

	if (at + 12 <= e->wire_len && wire[at] >= 0xc0)
		return at + 2;
	return cache_rr(e, &at, &rr) ? rr.fixed : 0;
}

/* Copy n RRs of a set, the first of which stands at *at, to `out`; *at moves on. */
static inline uint8_t *copy_rrs(const struct cache_entry *e, const uint8_t *wire,
	size_t *at, unsigned n, uint32_t ttl_s, uint8_t *out)
{
	for (; n > 0; n--) {
		size_t begin = *at, fixed = fixed_of(e, wire, begin);

		if (fixed == 0)
			return NULL;
		size_t end = fixed + 10 + load_u16(wire + fixed + 8);
		if (end > e->wire_len)
			return NULL;
		if (end - begin == 16) /* an A record: a few moves */
			memcpy(out, wire + begin, 16);
		else
			memcpy(out, wire + begin, end - begin);
		store_u32(out + (fixed - begin) + 4, ttl_s);
		out += end - begin;
		*at = end;
	}
	return out;
}

/* The same for a set of which RR number `first` comes first; *at moves behind it. */
static uint8_t *copy_turned(const struct cache_entry *e, const uint8_t *wire, size_t *at,
	unsigned count, unsigned first, uint32_t ttl_s, uint8_t *out)
{
	size_t begin = *at, middle, end;
	struct cache_rr rr;

	for (unsigned i = 0; i < first; i++)
		if (!cache_rr(e, at, &rr))
			return NULL;
	middle = *at;
	out = copy_rrs(e, wire, at, count - first, ttl_s, out);
	end = *at;
	*at = begin;
	if (out != NULL)
		out = copy_rrs(e, wire, at, first, ttl_s, out);
	if (*at != middle)
		return NULL;
	*at = end;
	return out;
}

/* All sets, one behind another and nothing between them; room for them was claimed. */
static bool copy_sets(struct reply *r, const struct cached_part *c, uint8_t *out)
{
	const struct cache_entry *e = c->entry;
	const struct cache_set *sets = cache_sets(e);
	const uint8_t *wire = cache_wire(e);
	size_t at = 0;

	for (unsigned i = 0; i < e->nsets; i++) {
		const struct cache_set *set = &sets[i];
		uint32_t ttl_s = ttl_of(r, c, set);
		unsigned first = first_of(r, set);

		if (set->at != at)
			return false;
		if (first == 0)
			out = copy_rrs(e, wire, &at, set->count, ttl_s, out);
		else
			out = copy_turned(e, wire, &at, set->count, first, ttl_s, out);
		if (out == NULL)
			return false;
		if (set->authority)
			r->ns = (uint16_t)(r->ns + set->count);
		else
			r->an = (uint16_t)(r->an + set->count);
	}
	return at == e->wire_len;
}

/* ---- RR by RR ---- */

/*
 * Expand a name of the entry and write it, compressed; the offset behind it, 0: damage.
 */
static size_t put_name(struct reply *r, const struct cache_entry *e, size_t at,
	struct cached_names *names, uint16_t *written_at)
{
	struct name *name = &names->name[names->n];
	unsigned known = r->nnames;
	size_t end = cache_expand(e, at, name);

	if (end == 0)
		return 0;
	encode_name(r, name->wire, name->len, written_at);
	if (r->nnames > known)
		names->n++; /* it may be pointed to: it stays */
	return end;
}

/* The same for names that may not be compressed (RFC 2782, RFC 6672). */
static size_t put_whole_name(struct reply *r, const struct cache_entry *e, size_t at)
{
	struct name name;
	size_t end = cache_expand(e, at, &name);

	if (end != 0)
		wire_bytes(&r->w, name.wire, name.len);
	return end;
}

static size_t put_octets(
	struct reply *r, const struct cache_entry *e, size_t at, size_t len)
{
	wire_bytes(&r->w, cache_wire(e) + at, len);
	return at + len;
}

/*
 * The rdata of an RR: names where its type is one of those that are looked into (V-05),
 * all else as it is. False: damage. *name_at is where its last name stands.
 */
static bool put_rdata(struct reply *r, const struct cache_entry *e,
	const struct cache_rr *rr, struct cached_names *names, uint16_t *name_at)
{
	size_t at = rr->rdata, end = rr->rdata + rr->rdlen;

	switch (rr->type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
		return put_name(r, e, at, names, name_at) == end;
	case TYPE_DNAME:
		return put_whole_name(r, e, at) == end;
	case TYPE_MX:
		if (rr->rdlen < 2)
			return false;
		at = put_octets(r, e, at, 2);
		return put_name(r, e, at, names, name_at) == end;
	case TYPE_SRV:
		if (rr->rdlen < 6)
			return false;
		at = put_octets(r, e, at, 6);
		return put_whole_name(r, e, at) == end;
	case TYPE_SOA:
		at = put_name(r, e, at, names, name_at);
		if (at != 0)
			at = put_name(r, e, at, names, name_at);
		return at != 0 && put_octets(r, e, at, SOA_NUMBERS) == end;
	default:
		put_octets(r, e, at, rr->rdlen);
		return true;
	}
}

/* Where RRs of the entry are written to. */
struct copy {
	struct reply *r;
	const struct cached_part *c;
	struct cached_names *names;
	struct name owner; /* the target of the last CNAME, */
	uint16_t owner_at; /* and where it stands; 0: there was none */
	bool left_out;     /* an RR, by guarded_against() */
};

/* AC-09: an RR that is not for clients. What was signed is not whole any more, either. */
static bool guarded_against(
	const struct copy *k, const struct cache_set *set, const struct cache_rr *rr)
{
	if (!k->c->guarded || set->authority)
		return false;
	if (rr->type == TYPE_RRSIG)
		return k->left_out;
	return private_rr(&k->r->settings->forward, rr->type,
		cache_wire(k->c->entry) + rr->rdata, rr->rdlen);
}

/* The owner of an RR: the name of the entry, the last CNAME's target, or another. */
static bool put_owner(struct copy *k, const struct cache_rr *rr)
{
	static const uint8_t question[] = {0xc0, MSG_HEADER_LEN};
	const struct cache_entry *e = k->c->entry;
	struct name name;
	uint16_t at = 0;

	if (memcmp(cache_wire(e) + rr->owner, question, 2) == 0) {
		at = k->c->at;
	} else if (k->owner_at != 0 && cache_expand(e, rr->owner, &name) != 0 &&
		   name_equal(name.wire, name.len, k->owner.wire, k->owner.len)) {
		at = k->owner_at;
	}
	if (at != 0 && at <= ENCODE_PTR_MAX) {
		wire_u16(&k->r->w, (uint16_t)(0xc000 | at));
		return true;
	}
	return put_name(k->r, e, rr->owner, k->names, &at) != 0;
}

enum put { PUT_DONE, PUT_CUT, PUT_BAD };

/* One RR; taken back whole if it does not fit. */
static enum put put_rr(struct copy *k, const struct cache_rr *rr, uint32_t ttl_s)
{
	struct reply *r = k->r;
	size_t mark = r->w.len;
	unsigned known = r->nnames, names = k->names->n;
	uint16_t name_at = 0;

	if (!put_owner(k, rr))
		return PUT_BAD;
	wire_u16(&r->w, rr->type);
	wire_u16(&r->w, CLASS_IN);
	wire_u32(&r->w, ttl_s);
	wire_u16(&r->w, 0);
	size_t rdata = r->w.len;
	if (!put_rdata(r, k->c->entry, rr, k->names, &name_at))
		return PUT_BAD;
	if (r->w.overflow) {
		wire_rewind(&r->w, mark);
		r->nnames = known;
		k->names->n = names;
		return PUT_CUT;
	}
	wire_patch_u16(&r->w, rdata - 2, (uint16_t)(r->w.len - rdata));
	if (rr->type == TYPE_CNAME) {
		k->owner_at = name_at;
		if (cache_expand(k->c->entry, rr->rdata, &k->owner) == 0)
			return PUT_BAD;
	}
	return PUT_DONE;
}

/* RRs `from` to `to` of those that begin at *at. */
static enum put put_rrs(struct copy *k, const struct cache_set *set, size_t *at,
	unsigned from, unsigned to, uint32_t ttl_s)
{
	struct cache_rr rr;

	for (; from < to; from++) {
		if (!cache_rr(k->c->entry, at, &rr) || rr.type != set->type)
			return PUT_BAD;
		if (guarded_against(k, set, &rr)) {
			k->left_out = true;
			continue;
		}
		enum put put = put_rr(k, &rr, ttl_s);
		if (put != PUT_DONE)
			return put;
		if (set->authority)
			k->r->ns++;
		else
			k->r->an++;
	}
	return PUT_DONE;
}

/* Addresses that are more than turned: in the order of our own (LD-01, LD-03). */
static enum put put_addresses(struct copy *k, const struct cache_set *set, uint32_t ttl_s)
{
	size_t size = set->type == TYPE_A ? 4 : 16, at = set->at;
	uint8_t addrs[CACHE_WIRE_MAX / 28 * 16 + 16]; /* of AAAA; A take less */
	struct owner owner = {.zone = -1};
	struct rrset rrset = {
		.type = set->type, .ttl_s = ttl_s, .form = FORM_ADDRS, .data = addrs};
	struct cache_rr rr;

	for (unsigned i = 0; i < set->count; i++) {
		if (!cache_rr(k->c->entry, &at, &rr) || rr.rdlen != size ||
			(i + 1) * size > sizeof(addrs))
			return PUT_BAD;
		if (guarded_against(k, set, &rr)) {
			k->left_out = true;
			continue;
		}
		memcpy(addrs + rrset.len, cache_wire(k->c->entry) + rr.rdata, size);
		rrset.len += (uint32_t)size;
		rrset.count++;
	}
	if (rrset.count == 0)
		return PUT_DONE; /* all were left out */
	owner.at = k->owner_at != 0 ? k->owner_at : k->c->at;
	int n = encode_answer(k->r, &owner, &rrset, NULL, 0);
	if (n < 0)
		return PUT_BAD;
	return n < rrset.count ? PUT_CUT : PUT_DONE;
}

static bool ordered(const struct copy *k, const struct cache_set *set)
{
	static const struct rrset plain = {.form = FORM_ADDRS};
	uint16_t at = k->owner_at != 0 ? k->owner_at : k->c->at;

	return (set->type == TYPE_A || set->type == TYPE_AAAA) && set->count > 1 &&
	       !set->authority && at != 0 && order_needed(k->r, &plain);
}

static enum put put_set(struct copy *k, const struct cache_set *set)
{
	uint32_t ttl_s = ttl_of(k->r, k->c, set);
	unsigned first = first_of(k->r, set);
	size_t at = set->at;
	struct cache_rr rr;
	enum put put;

	if (ordered(k, set))
		return put_addresses(k, set, ttl_s);
	for (unsigned i = 0; i < first; i++)
		if (!cache_rr(k->c->entry, &at, &rr))
			return PUT_BAD;
	put = put_rrs(k, set, &at, first, set->count, ttl_s);
	if (put != PUT_DONE)
		return put;
	at = set->at;
	return put_rrs(k, set, &at, 0, first, ttl_s);
}

/* S-01 to S-04: what is cut has no authority section. */
static bool put_sets(struct copy *k)
{
	const struct cache_set *sets = cache_sets(k->c->entry);
	struct reply *r = k->r;
	size_t answer_end = r->w.len;

	for (unsigned i = 0; i < k->c->nsets; i++) {
		switch (put_set(k, &sets[i])) {
		case PUT_DONE:
			break;
		case PUT_BAD:
			return false;
		case PUT_CUT:
			r->cut = true;
			if (sets[i].authority)
				wire_rewind(&r->w, answer_end);
			r->ns = 0;
			return true;
		}
		if (!sets[i].authority)
			answer_end = r->w.len;
	}
	return true;
}

/* ---- which of the two ---- */

/* True if the entry can be copied as it stands. */
static inline bool fits_whole(const struct reply *r, const struct cached_part *c)
{
	static const struct rrset plain = {.form = FORM_ADDRS};

	return c->at == MSG_HEADER_LEN && r->w.len == r->p->q.end && !c->goes_on &&
	       !c->guarded && c->nsets == c->entry->nsets &&
	       c->entry->wire_len <= r->w.cap - r->w.len && !order_needed(r, &plain);
}

/* Not inline: what most replies do not need would cost all of them its stack. */
__attribute__((noinline)) static bool put_each(struct reply *r,
	const struct cached_part *c, struct cached_names *names, uint16_t *target_at,
	bool *left_out)
{
	struct copy k = {.r = r, .c = c, .names = names};

	if (r->nnames == 0)
		names->n = 0;
	if (!put_sets(&k))
		return false;
	*target_at = k.owner_at;
	*left_out = k.left_out;
	return true;
}

bool cached_put(struct reply *r, const struct cached_part *c, struct cached_names *names,
	uint16_t *target_at, bool *left_out)
{
	uint8_t *to;

	*left_out = false;
	if (!fits_whole(r, c))
		return put_each(r, c, names, target_at, left_out);
	to = wire_claim(&r->w, c->entry->wire_len);
	return to != NULL && copy_sets(r, c, to);
}
