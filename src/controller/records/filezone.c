/* filezone.c - the part of derive that makes the names of a zone from a file (SM-11) */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/parts.h"
#include "controller/records/zonechain.h"
#include "dns/rev.h"
#include "dns/type.h"

static void add_addrs(
	const struct zoneset *s, const struct zoneset_rr *rr, size_t n, struct draft *d)
{
	struct mem_buf addrs = {0};

	for (size_t i = 0; i < n; i++)
		mem_buf_put(&addrs, zoneset_octets(s, rr[i].rdata), rr[i].len);
	draft_count(d,
		node_add_addrs(&d->node, rr->type, rr->ttl_s, addrs.data, n, false), n);
	d->largest = MAX(d->largest, n);
	mem_buf_fini(&addrs);
}

/* Names within the zone take the letters of the question, as all others (RG-15). */
static void add_names(
	const struct zoneset *s, const struct zoneset_rr *rr, size_t n, struct draft *d)
{
	struct rdata_name *names = mem_alloc(n, sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		struct name *name = &names[i].name;

		name->len = (uint8_t)rr[i].len;
		memcpy(name->wire, zoneset_octets(s, rr[i].rdata), name->len);
		if (name_under(name->wire, name->len, s->apex.wire, s->apex.len))
			names[i].zone_len = s->apex.len;
	}
	draft_count(d, node_add_names(&d->node, rr->type, rr->ttl_s, names, n), n);
	free(names);
}

/* A DNAME too: its target is never compressed (RFC 6672, section 2.5). */
static void add_opaque(
	const struct zoneset *s, const struct zoneset_rr *rr, size_t n, struct draft *d)
{
	struct mem_buf octets = {0};

	for (size_t i = 0; i < n; i++) {
		mem_buf_put(&octets, &rr[i].len, sizeof(rr[i].len));
		mem_buf_put(&octets, zoneset_octets(s, rr[i].rdata), rr[i].len);
	}
	draft_count(d,
		node_add_opaque(
			&d->node, rr->type, rr->ttl_s, octets.data, octets.len, n),
		n);
	mem_buf_fini(&octets);
}

static void add_rrset(
	const struct zoneset *s, const struct zoneset_rr *rr, size_t n, struct draft *d)
{
	switch (rr->type) {
	case TYPE_A:
	case TYPE_AAAA:
		add_addrs(s, rr, n, d);
		break;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
		add_names(s, rr, n, d);
		break;
	default:
		add_opaque(s, rr, n, d);
		break;
	}
}

#define TYPES_MAX UINT8_MAX /* RRsets that a node has room for */

static void add_rrsets(
	const struct zoneset *s, const struct zoneset_name *name, struct draft *d)
{
	unsigned types = 0;
	size_t end;

	for (size_t i = name->rr; i < name->rr + name->n; i = end) {
		const struct zoneset_rr *rr = &s->rrs[i];

		for (end = i + 1;
			end < name->rr + name->n && s->rrs[end].type == rr->type;)
			end++;
		if ((name->flags & NODE_FILE_BELOW) != 0 && rr->type != TYPE_A &&
			rr->type != TYPE_AAAA)
			continue; /* nobody gets to see it */
		if (rr->type == TYPE_RRSIG && name->len == s->apex.len)
			continue; /* parts_delegation() has them */
		if (types++ == TYPES_MAX - 1)
			draft_skip(d, SKIP_SIZE);
		if (types >= TYPES_MAX)
			break;
		add_rrset(s, rr, end - i, d);
	}
}

/* Signatures of an apex, of which some may be those of the zone above. */
struct signatures {
	struct mem_buf octets; /* as FORM_OPAQUE has them */
	size_t n;
	uint32_t ttl_s; /* the lowest */
};

/* Take those that stand at a name, only those of `covered` unless it is 0. */
static void take_signatures(struct signatures *out, const struct zoneset *s,
	const struct zoneset_name *name, uint16_t covered)
{
	size_t n;
	const struct zoneset_rr *rr = zoneset_rrset(s, name, TYPE_RRSIG, &n);

	for (size_t i = 0; i < n; i++) {
		const uint8_t *rdata = zoneset_octets(s, rr[i].rdata);

		if (covered != 0 && (rr[i].len < 2 || load_u16(rdata) != covered))
			continue;
		mem_buf_put(&out->octets, &rr[i].len, sizeof(rr[i].len));
		mem_buf_put(&out->octets, rdata, rr[i].len);
		out->ttl_s = out->n == 0 ? rr[i].ttl_s : MIN(out->ttl_s, rr[i].ttl_s);
		out->n++;
	}
}

/* The set of the zone above an apex, if that is from a file and has a DS for it. */
static const struct zoneset *set_above(const struct record_options *o,
	const struct name *apex, const struct zoneset_name **name)
{
	size_t label = apex->len > 1 ? 1u + apex->wire[0] : 0, n;
	int zone = settings_zone(&o->settings, apex->wire + label, apex->len - label);
	const struct zoneset *s = zone < 0 || label == 0 ? NULL : o->files[zone];

	*name = s == NULL ? NULL : zoneset_find(s, apex->wire, apex->len);
	if (*name == NULL || zoneset_rrset(s, *name, TYPE_DS, &n) == NULL)
		return NULL;
	return s;
}

void parts_delegation(
	const struct record_options *o, const struct name *apex, struct draft *d)
{
	const struct zoneset *own = o->files[d->zone], *above;
	const struct zoneset_name *name;
	const struct zoneset_rr *ds;
	struct signatures sigs = {0};
	size_t n;

	if (own != NULL)
		take_signatures(&sigs, own, &own->names[0], 0);
	above = set_above(o, apex, &name);
	if (above != NULL) {
		ds = zoneset_rrset(above, name, TYPE_DS, &n);
		add_rrset(above, ds, n, d);
		take_signatures(&sigs, above, name, TYPE_DS);
	}
	draft_count(d,
		node_add_opaque(&d->node, TYPE_RRSIG, sigs.ttl_s, sigs.octets.data,
			sigs.octets.len, sigs.n),
		sigs.n);
	mem_buf_fini(&sigs.octets);
}

/* The chain of a signed zone becomes the body, which its apex uses. False: none. */
static bool put_chain(const struct zoneset *s, struct draft *d)
{
	struct mem_buf chain = {0};
	bool any = zonechain_build(s, &chain);

	if (any)
		body_octets(&d->body, chain.data, chain.len);
	mem_buf_fini(&chain);
	return any;
}

static void emit_apex(const struct record_options *o, unsigned zone, struct draft *d)
{
	const struct zoneset *s = o->files[zone];
	const struct zoneset_name *n = &s->names[0];
	uint8_t flags = NODE_ALWAYS | NODE_APEX, file = n->flags;

	if (put_chain(s, d)) {
		flags |= NODE_OWNS_BODY;
		file |= NODE_FILE_CHAIN;
	}
	if (!draft_begin(d, o, &s->apex, zone, flags))
		return;
	node_set_file(&d->node, file);
	add_rrsets(s, n, d);
	parts_delegation(o, &s->apex, d);
	draft_end(d);
}

static void emit(const struct record_options *o, unsigned zone,
	const struct zoneset_name *n, struct draft *d)
{
	const struct zoneset *s = o->files[zone];
	struct name name = {.len = n->len};

	memcpy(name.wire, zoneset_octets(s, n->name), n->len);
	if (n->len == s->apex.len) {
		emit_apex(o, zone, d);
	} else if (draft_begin(d, o, &name, zone, NODE_ALWAYS)) {
		node_set_file(&d->node, n->flags);
		add_rrsets(s, n, d);
		draft_end(d);
	}
}

bool parts_cluster_reverse(const struct record_options *o, const struct name *name)
{
	const struct settings *s = &o->settings;

	for (unsigned i = 0; i < o->first_file; i++)
		if (s->zones[i].kind == ZONE_REVERSE &&
			name_under(name->wire, name->len, s->zones[i].name.wire,
				s->zones[i].name.len))
			return true;
	return false;
}

bool parts_is_address(const struct store *s, const uint8_t *name, size_t len)
{
	struct addr addr;

	return rev_parse(name, len, &addr) && store_find_address(s, &addr) != NULL;
}

void parts_filename(const struct record_options *o, unsigned zone,
	const struct name *name, struct draft *d)
{
	const struct zoneset_name *n = NULL;

	if (o->files[zone] != NULL)
		n = zoneset_find(o->files[zone], name->wire, name->len);
	if (n != NULL)
		emit(o, zone, n, d);
}

void parts_filezone(const struct store *store, const struct record_options *o,
	unsigned zone, struct draft *d)
{
	const struct zoneset *s = o->files[zone];
	bool shared = parts_cluster_reverse(o, &o->settings.zones[zone].name);

	for (size_t i = 0; s != NULL && i < s->nnames; i++) {
		const struct zoneset_name *n = &s->names[i];

		if ((n->flags & ZONESET_HASHED) != 0)
			continue;
		if (!shared || i == 0 ||
			!parts_is_address(store, zoneset_octets(s, n->name), n->len))
			emit(o, zone, n, d);
	}
}
