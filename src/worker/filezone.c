#include "worker/filezone.h"

#include "worker/access.h"
#include "worker/answer.h"
#include "worker/denial.h"

#define TARGETS_MAX 64 /* names whose addresses are looked up for additional */

/* ---- where names stand ---- */

/*
 * Where the last `len` octets of run->owner stand in the message: those of a CNAME's
 * target may stand elsewhere, behind a pointer.
 */
static uint16_t suffix_at(const struct run *run, size_t len)
{
	const uint8_t *msg = run->p->buf;
	size_t at = run->owner.at, end = run->r.w.len, left = run->owner.len - len;

	for (unsigned hops = 0; at + 1 < end && hops < NAME_MAX_LEN; hops++) {
		if ((msg[at] & 0xc0) == 0xc0) {
			at = load_u16(msg + at) & ENCODE_PTR_MAX;
		} else if (left == 0) {
			break;
		} else {
			left -= MIN(left, 1u + msg[at]);
			at += 1u + msg[at];
		}
	}
	return (uint16_t)at;
}

/* The owner that a node at or above run->owner is. */
static struct owner owner_above(const struct run *run, const struct node_view *v)
{
	const uint8_t len = v->head->name_len;

	return (struct owner){run->owner.name + run->owner.len - len, len,
		run->owner.zone, suffix_at(run, len)};
}

static enum lookup find(
	const struct run *run, const uint8_t *name, size_t len, struct node_view *v)
{
	struct hash128 h = hash_name(&run->b->snap->key, name, len);

	return snap_find(run->b->snap, &h, name, len, v);
}

/* ---- look-up ---- */

/* RFC 4592, section 3.3.1: the name with "*" in front of the closest encloser. */
static enum hit_kind find_wildcard(
	struct run *run, const uint8_t *encloser, size_t len, struct hit *hit)
{
	uint8_t name[NAME_MAX_LEN + 2] = {1, '*'};

	run->encloser = (uint8_t)len;
	memcpy(name + 2, encloser, len);
	switch (find(run, name, len + 2, &hit->node)) {
	case LOOKUP_FOUND:
		return (hit->node.head->flags & NODE_HOSTS) != 0 ? HIT_NODE : HIT_FILE;
	case LOOKUP_ABSENT:
		return HIT_ABSENT;
	case LOOKUP_DAMAGED:
		break;
	}
	return HIT_DAMAGED;
}

/*
 * True if the file has no such name, or says nothing in this node: a name of `hosts`, or
 * what is empty above one or above another zone of ours. Whether it is below a delegation
 * is not known from it.
 */
static bool is_others(const struct node_view *v)
{
	return v->head->name_len == 0 || (v->head->flags & NODE_HOSTS) != 0;
}

/*
 * The name itself does not exist, or is below a delegation or a DNAME (`covered`): what
 * the names above it say, the nearest first. A name of others is the closest encloser
 * unless it is covered itself.
 */
static enum hit_kind climb(struct run *run, bool covered, struct hit *hit)
{
	const struct owner *o = &run->owner;
	size_t zone_len = run->b->settings->zones[o->zone].name.len;
	const uint8_t *name = o->name, *others = NULL;
	size_t len = o->len, others_len = 0;

	while (len > zone_len) {
		enum lookup l;
		uint8_t file;

		len -= 1u + name[0];
		name += 1u + name[0];
		l = find(run, name, len, &hit->node);
		if (l == LOOKUP_DAMAGED)
			return HIT_DAMAGED;
		if (l == LOOKUP_ABSENT)
			continue;
		if (is_others(&hit->node)) {
			if (others == NULL) {
				others = name;
				others_len = len;
			}
			continue;
		}
		file = hit->node.head->file;
		if ((file & (NODE_FILE_CUT | NODE_FILE_DNAME)) != 0 &&
			hit->node.head->name_len == len)
			return (file & NODE_FILE_CUT) != 0 ? HIT_CUT : HIT_DNAME;
		if (covered || (file & NODE_FILE_BELOW) != 0) {
			covered = true;
			continue;
		}
		if (others != NULL)
			return find_wildcard(run, others, others_len, hit);
		run->encloser = (uint8_t)len;
		return (file & NODE_FILE_WILD) != 0 ? find_wildcard(run, name, len, hit)
		                                    : HIT_ABSENT;
	}
	run->encloser = (uint8_t)zone_len;
	return covered ? HIT_ABSENT : HIT_UNREAD;
}

void filezone_find(struct run *run, struct hit *hit)
{
	const struct owner *o = &run->owner;
	uint8_t file;

	hit->owner = *o;
	run->encloser = 0;
	switch (snap_find(run->b->snap, &run->hash, o->name, o->len, &hit->node)) {
	case LOOKUP_DAMAGED:
		hit->kind = HIT_DAMAGED;
		return;
	case LOOKUP_ABSENT:
		hit->kind = climb(run, false, hit);
		return;
	case LOOKUP_FOUND:
		break;
	}
	file = hit->node.head->file;
	if ((hit->node.head->flags & NODE_HOSTS) != 0)
		hit->kind = HIT_NODE;
	else if ((file & NODE_FILE_BELOW) != 0)
		hit->kind = climb(run, true, hit);
	else if ((file & NODE_FILE_CUT) != 0 && hit->node.head->name_len == o->len &&
		 run->p->q.type != TYPE_DS)
		hit->kind = HIT_CUT;
	else
		hit->kind = HIT_FILE;
}

void filezone_miss(struct run *run, struct hit *hit)
{
	hit->kind = climb(run, false, hit);
}

/* ---- RRsets ---- */

/* Begin the reply anew: octets that we read make no sense. */
static bool damaged(struct run *run)
{
	answer_damaged(run);
	return false;
}

/* One item of FORM_OPAQUE, which node_rrset() has checked; *at moves behind it. */
static const uint8_t *next_item(const uint8_t **at, size_t *len)
{
	const uint8_t *item = *at + 2;

	*len = load_host_u16(*at);
	*at = item + *len;
	return item;
}

/*
 * With DO, add the signatures of an RRset to the section that is being written (RFC 4035,
 * section 3.1.1). Those that do not fit are left out of additional, else they set TC.
 */
static void put_signatures(struct run *run, const struct owner *o,
	const struct node_view *v, uint16_t covered, uint32_t ttl_s)
{
	struct rrset rr;
	bool bad = false;
	const uint8_t *at;

	if (!run->p->q.want_do || run->r.cut || !node_rrset(v, TYPE_RRSIG, &rr, &bad) ||
		rr.form != FORM_OPAQUE)
		return;
	at = rr.data;
	for (unsigned i = 0; i < rr.count; i++) {
		size_t len;
		const uint8_t *rdata = next_item(&at, &len);

		if (len >= 2 && load_u16(rdata) == covered &&
			!encode_rr(&run->r, o->at, TYPE_RRSIG, ttl_s, rdata, len))
			return;
	}
}

/* Move what the answer section got since it had `an` RRs to authority. */
static void to_authority(struct run *run, uint16_t an)
{
	run->r.ns = (uint16_t)(run->r.ns + run->r.an - an);
	run->r.an = an;
}

static bool put_soa(struct run *run, const struct owner *o, const struct node_view *v,
	const struct rrset *rr, bool authority)
{
	const uint8_t *at = rr->data;
	size_t len, mname, rname;

	if (rr->form != FORM_OPAQUE || rr->count != 1)
		return damaged(run);
	const uint8_t *rdata = next_item(&at, &len);
	mname = name_scan(rdata, len);
	rname = mname == 0 ? 0 : name_scan(rdata + mname, len - mname);
	if (rname == 0 || len - mname - rname != 20)
		return damaged(run);
	uint32_t minimum = load_u32(rdata + len - 4);
	uint32_t ttl_s = authority ? MIN(rr->ttl_s, minimum) : rr->ttl_s;
	if (!encode_soa_rr(&run->r, o->at, ttl_s, rdata, len, authority))
		return false;
	uint16_t an = run->r.an;
	put_signatures(run, o, v, TYPE_SOA, ttl_s);
	if (authority)
		to_authority(run, an);
	return true;
}

/* False: the zone has none, as it was not read so far. */
static bool put_zone_soa(struct run *run)
{
	const struct name *name = &run->b->settings->zones[run->owner.zone].name;
	struct node_view v;
	struct rrset rr;
	bool bad = false;

	if (find(run, name->wire, name->len, &v) != LOOKUP_FOUND ||
		v.head->name_len != name->len || !node_rrset(&v, TYPE_SOA, &rr, &bad))
		return false;
	struct owner o = owner_above(run, &v);
	put_soa(run, &o, &v, &rr, true);
	return true;
}

void filezone_negative(struct run *run, uint16_t rcode)
{
	enum denial what = run->encloser != 0 ? DENIAL_WILDCARD : DENIAL_TYPE;

	if (!put_zone_soa(run))
		filezone_unread(run);
	else if (run->r.rcode == rcode && denial_put_wildcards(run))
		denial_put(run, rcode == RCODE_NXDOMAIN ? DENIAL_NAME : what);
}

/* ---- additional ---- */

/* Addresses of a name of this zone that was written at `at`; false: they do not fit. */
static bool put_glue(struct run *run, const uint8_t *name, size_t len, uint16_t at)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	uint8_t folded[NAME_MAX_LEN];
	struct node_view v;
	struct rrset addrs;
	bool bad = false;

	name_fold(folded, name, len);
	if (settings_zone(run->b->settings, folded, len) != run->owner.zone ||
		find(run, folded, len, &v) != LOOKUP_FOUND)
		return true;
	for (unsigned i = 0; i < ARRAY_LEN(types); i++)
		if (node_rrset(&v, types[i], &addrs, &bad) &&
			!encode_glue(&run->r, at, &addrs))
			return false;
	return true;
}

/* Those of NS, whose targets stand at `at`. With `below`: what is below it must fit. */
static void put_ns_glue(struct run *run, const struct rrset *rr, const uint16_t *at,
	unsigned n, const struct owner *below)
{
	const uint8_t *item = rr->data;

	for (unsigned i = 0; i < n && !run->r.full; i++, item += 2 + item[0]) {
		if (!put_glue(run, item + 2, item[0], at[i]) && below != NULL &&
			name_under(item + 2, item[0], below->name, below->len))
			run->r.cut = true; /* RFC 9471, section 3.1 */
	}
}

/* Those of MX and SRV, whose names begin `skip` octets into their rdata. */
static void put_opaque_glue(struct run *run, const struct rrset *rr, const uint16_t *at,
	unsigned n, unsigned skip)
{
	const uint8_t *cursor = rr->data;

	for (unsigned i = 0; i < n && !run->r.full; i++) {
		size_t len;
		const uint8_t *rdata = next_item(&cursor, &len);

		if (len > skip && name_scan(rdata + skip, len - skip) == len - skip)
			put_glue(run, rdata + skip, len - skip, (uint16_t)(at[i] + skip));
	}
}

static void put_additional(
	struct run *run, const struct rrset *rr, const uint16_t *at, unsigned n)
{
	if (run->r.cut)
		return;
	if (rr->type == TYPE_NS && rr->form == FORM_NAMES)
		put_ns_glue(run, rr, at, n, NULL);
	else if (rr->type == TYPE_MX && rr->form == FORM_OPAQUE)
		put_opaque_glue(run, rr, at, n, 2);
	else if (rr->type == TYPE_SRV && rr->form == FORM_OPAQUE)
		put_opaque_glue(run, rr, at, n, 6);
}

/* ---- answers ---- */

static bool put_rrset(struct run *run, const struct owner *o, const struct node_view *v,
	const struct rrset *rr)
{
	uint16_t at[TARGETS_MAX];
	int n;

	if (rr->type == TYPE_SOA) {
		put_soa(run, o, v, rr, false);
		return false;
	}
	if (rr->form == FORM_SRV_SELF || rr->form == FORM_SRV_BODY)
		return damaged(run);
	n = encode_answer(&run->r, o, rr, at, TARGETS_MAX);
	if (n < 0)
		return damaged(run);
	put_signatures(run, o, v, rr->type, rr->ttl_s);
	if (!denial_put_wildcards(run))
		return false;
	put_additional(run, rr, at, MIN((unsigned)n, (unsigned)TARGETS_MAX));
	return false;
}

void filezone_leave_apex(struct run *run)
{
	const struct owner *o = &run->owner;
	size_t label = o->len > 1 ? 1u + o->name[0] : 0;
	int above = label == 0 ? -1
	                       : settings_zone(run->b->settings, o->name + label,
					 o->len - label);

	if (above >= 0)
		run->owner.zone = above;
	run->encloser = 0;
}

static bool no_data(struct run *run, const struct hit *hit)
{
	if (run->p->q.type == TYPE_DS && (hit->node.head->flags & NODE_APEX) != 0)
		filezone_leave_apex(run);
	answer_negative(run, RCODE_NOERROR);
	return false;
}

bool filezone_node(struct run *run, const struct hit *hit)
{
	const struct owner o = run->owner;
	uint16_t type = run->p->q.type;
	struct rrset rr;
	bool bad = false, more;

	if (node_rrset(&hit->node, type, &rr, &bad)) {
		if (run->encloser != 0)
			denial_note_wildcard(run);
		return put_rrset(run, &o, &hit->node, &rr);
	}
	/* These stand beside a CNAME, and are not asked of its target (RFC 4035, 2.5). */
	bool follow = type != TYPE_NSEC && type != TYPE_RRSIG;
	if (follow && !bad && node_rrset(&hit->node, TYPE_CNAME, &rr, &bad)) {
		const uint16_t an = run->r.an;

		if (run->encloser != 0)
			denial_note_wildcard(run);
		more = answer_follow(run, &rr);
		/* Not where the reply began anew, as nobody may know of the target. */
		if (run->r.an > an && !run->r.cut)
			put_signatures(run, &o, &hit->node, TYPE_CNAME, rr.ttl_s);
		return more && type != TYPE_ANY;
	}
	if (bad)
		return damaged(run);
	if (type == TYPE_ANY) {
		answer_any(run);
		return false;
	}
	return no_data(run, hit);
}

bool filezone_referral(struct run *run, const struct hit *hit)
{
	struct owner o = owner_above(run, &hit->node);
	uint16_t at[TARGETS_MAX], an = run->r.an;
	struct rrset ns, ds;
	bool bad = false;
	bool proved = true;
	int n = -1;

	if (run->nchain == 0)
		run->r.aa = false;
	if (node_rrset(&hit->node, TYPE_NS, &ns, &bad) && ns.form == FORM_NAMES)
		n = encode_answer(&run->r, &o, &ns, at, TARGETS_MAX);
	if (n < 0)
		return damaged(run);
	bool secure = node_rrset(&hit->node, TYPE_DS, &ds, &bad);
	if (secure && run->p->q.want_do && !run->r.cut && ds.form == FORM_OPAQUE) {
		encode_answer(&run->r, &o, &ds, NULL, 0);
		put_signatures(run, &o, &hit->node, TYPE_DS, ds.ttl_s);
	}
	to_authority(run, an);
	run->owner = o;
	run->r.referral = true;
	proved = denial_put_wildcards(run) && (secure || denial_put(run, DENIAL_TYPE));
	if (proved && !run->r.cut)
		put_ns_glue(run, &ns, at, MIN((unsigned)n, (unsigned)TARGETS_MAX), &o);
	return false;
}

/* The name in *to that the DNAME's target makes of run->owner; false: it is too long. */
static bool substitute(const struct run *run, size_t above, const uint8_t *target,
	size_t len, struct name *to)
{
	size_t front = run->owner.len - above;

	if (front + len > NAME_MAX_LEN)
		return false;
	memcpy(to->wire, run->owner.name, front);
	name_fold(to->wire + front, target, len);
	to->len = (uint8_t)(front + len);
	return true;
}

bool filezone_dname(struct run *run, const struct hit *hit)
{
	struct owner o = owner_above(run, &hit->node);
	uint16_t type = run->p->q.type, at;
	struct name *to = &run->target[run->nchain];
	const uint8_t *item;
	struct rrset rr;
	bool bad = false;
	size_t len;

	if (run->nchain == RUN_CHAIN_MAX) {
		run->r.rcode = RCODE_SERVFAIL;
		return false;
	}
	if (!node_rrset(&hit->node, TYPE_DNAME, &rr, &bad) || rr.form != FORM_OPAQUE ||
		rr.count != 1)
		return damaged(run);
	item = rr.data;
	const uint8_t *target = next_item(&item, &len);
	if (len == 0 || name_scan(target, len) != len ||
		encode_answer(&run->r, &o, &rr, NULL, 0) < 0)
		return damaged(run);
	put_signatures(run, &o, &hit->node, TYPE_DNAME, rr.ttl_s);
	if (!substitute(run, o.len, target, len, to)) {
		run->r.rcode = RCODE_YXDOMAIN; /* RFC 6672, section 2.2 */
		return false;
	}
	if (run->r.cut ||
		!encode_name_rr(&run->r, run->owner.at, TYPE_CNAME, rr.ttl_s, to, &at))
		return false;
	run_push(run);
	if (type == TYPE_CNAME || type == TYPE_ANY ||
		!access_check(run, to->wire, to->len))
		return false;
	if (at > ENCODE_PTR_MAX || run_in_chain(run, to->wire, to->len))
		return false;
	run->owner = (struct owner){to->wire, to->len,
		settings_zone(run->b->settings, to->wire, to->len), at};
	run->hash = hash_name(&run->b->snap->key, to->wire, to->len);
	return true;
}

bool filezone_unread(struct run *run)
{
	static const char text[] = "the zone was not read";

	run->r.rcode = RCODE_SERVFAIL;
	encode_ede(&run->r, EDE_NOT_READY, text, sizeof(text) - 1);
	if (run->nchain == 0)
		run->r.aa = false;
	return false;
}
