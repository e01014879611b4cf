#include "worker/answer.h"

#include "dns/type.h"
#include "worker/access.h"
#include "worker/denial.h"
#include "worker/far.h"
#include "worker/filezone.h"
#include "worker/hosts.h"
#include "worker/lookup.h"
#include "worker/miss.h"
#include "worker/local.h"
#include "worker/srv.h"

#define NS_GLUE_MAX 256 /* NS targets whose addresses are looked up */

/* ---- endings ---- */

/* True if that zone of ours comes from a file. */
static inline bool is_file(const struct run *run, int zone)
{
	return run->b->settings->zones[zone].kind == ZONE_FILE;
}

void answer_negative(struct run *run, uint16_t rcode)
{
	run->r.rcode = rcode;
	if (run->host) {
		const struct owner *o = &run->owner;
		size_t len = hosts_zone(&run->b->settings->hosts, o->name, o->len);

		encode_other_soa(
			&run->r, o->name + o->len - len, len, run->b->snap->serial);
		return;
	}
	if (is_file(run, run->owner.zone)) {
		filezone_negative(run, rcode);
		return;
	}
	encode_soa(&run->r, run->owner.zone, run->b->snap->serial, true);
}

void answer_damaged(struct run *run)
{
	encode_reset(&run->r);
	run->r.aa = false;
	run->r.rcode = RCODE_SERVFAIL;
	encode_ede(
		&run->r, EDE_OTHER, "damaged snapshot", sizeof("damaged snapshot") - 1);
	run->p->facts |= PACKET_DAMAGED;
	run->p->source = SOURCE_ERROR;
}

/* RU-03: never NXDOMAIN for what may exist. */
static void not_complete(struct run *run)
{
	encode_reset(&run->r);
	run->r.rcode = RCODE_SERVFAIL;
	run->r.ede = EDE_NOT_READY;
	run->p->facts |= PACKET_NOT_COMPLETE;
	/* Where a CNAME led here the question may be of another zone, or of none. */
	if (run->r.zone >= 0 && !is_file(run, run->r.zone))
		encode_soa(&run->r, run->r.zone, run->b->snap->serial, true);
}

void answer_any(struct run *run)
{
	static const uint8_t hinfo[] = "\7RFC8482"; /* the NUL is the empty OS */

	if (run->b->settings->any == ANY_HINFO)
		encode_rr(&run->r, run->owner.at, TYPE_HINFO, run->b->settings->ttl_s,
			hinfo, sizeof(hinfo));
	else
		answer_negative(run, RCODE_NOERROR);
}

/* ---- what a node has ---- */

/* Addresses of the targets of an NS RRset, looked up in the same generation (RX-02). */
static void ns_glue(
	struct run *run, const struct rrset *rr, const uint16_t *at, unsigned n)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	const uint8_t *name = rr->data;
	struct node_view v;
	struct rrset addrs;
	bool bad = false;

	for (unsigned i = 0; i < n && !run->r.full; i++, name += 2 + name[0]) {
		struct hash128 h = hash_name(&run->b->snap->key, name + 2, name[0]);

		if (snap_find(run->b->snap, &h, name + 2, name[0], &v) != LOOKUP_FOUND)
			continue;
		for (unsigned t = 0; t < ARRAY_LEN(types); t++)
			if (node_rrset(&v, types[t], &addrs, &bad))
				encode_glue(&run->r, at[i], &addrs);
	}
}

/* The RRset asked for, with what belongs into additional. */
static void positive(struct run *run, const struct hit *hit, const struct rrset *rr)
{
	uint16_t at[NS_GLUE_MAX];
	int n;

	switch (rr->form) {
	case FORM_SRV_SELF:
	case FORM_SRV_BODY:
		if (!srv_answer(&run->r, &hit->owner, &hit->node, rr))
			answer_damaged(run);
		break;
	case FORM_ADDRS:
	case FORM_BODY_ADDRS:
	case FORM_ADDRS_PLACED:
	case FORM_BODY_PLACED:
	case FORM_OPAQUE:
		if (encode_answer(&run->r, &run->owner, rr, NULL, 0) < 0)
			answer_damaged(run);
		break;
	case FORM_NAMES:
		n = encode_answer(&run->r, &run->owner, rr, at, NS_GLUE_MAX);
		if (n < 0)
			answer_damaged(run);
		else if (rr->type == TYPE_NS && !run->r.cut)
			ns_glue(run, rr, at, MIN((unsigned)n, NS_GLUE_MAX));
		break;
	}
}

bool answer_follow(struct run *run, const struct rrset *rr)
{
	uint16_t at;

	if (run->nchain == RUN_CHAIN_MAX) {
		run->r.rcode = RCODE_SERVFAIL;
		return false;
	}
	if (rr->form != FORM_NAMES || rr->count != 1 ||
		encode_answer(&run->r, &run->owner, rr, &at, 1) < 0) {
		answer_damaged(run);
		return false;
	}
	run_push(run);
	const uint8_t *target = rr->data + 2;
	uint8_t len = rr->data[0];
	if (!access_check(run, target, len))
		return false;
	if (run->r.cut || at > ENCODE_PTR_MAX || run_in_chain(run, target, len))
		return false;
	int zone = settings_zone(run->b->settings, target, len);
	run->owner = (struct owner){target, len, zone, at};
	run->hash = hash_name(&run->b->snap->key, target, len);
	return true;
}

static void no_data(struct run *run, const struct hit *hit)
{
	if (run->p->q.type == TYPE_DS && (hit->node.head->flags & NODE_APEX) != 0)
		filezone_leave_apex(run);
	answer_negative(run, RCODE_NOERROR);
}

/* What is asked of a node. True: there is a CNAME to be followed. */
static bool at_node(struct run *run, const struct hit *hit)
{
	uint16_t type = run->p->q.type;
	struct rrset rr;
	bool bad = false;

	if (type == TYPE_SOA && (hit->node.head->flags & NODE_APEX) != 0) {
		encode_soa(&run->r, run->owner.zone, run->b->snap->serial, false);
		return false;
	}
	if (node_rrset(&hit->node, type, &rr, &bad) && !rr.glue_only) {
		positive(run, hit, &rr);
		return false;
	}
	if (!bad && node_rrset(&hit->node, TYPE_CNAME, &rr, &bad))
		return answer_follow(run, &rr) && type != TYPE_ANY;
	if (bad)
		answer_damaged(run);
	else if (type == TYPE_ANY)
		answer_any(run);
	else
		no_data(run, hit);
	return false;
}

/* RP-04, RP-05, RP-07: a pod name has its address and an SRV. */
static void at_pod(struct run *run, const struct hit *hit)
{
	struct rrset rr = {
		.type = hit->addr.len == 4 ? TYPE_A : TYPE_AAAA,
		.count = 1,
		.ttl_s = run->b->settings->ttl_s,
		.form = FORM_ADDRS,
		.data = hit->addr.octets,
		.len = hit->addr.len,
	};

	if (run->p->q.type == rr.type)
		encode_answer(&run->r, &run->owner, &rr, NULL, 0);
	else if (run->p->q.type == TYPE_SRV)
		srv_answer_pod(&run->r, &run->owner, &rr);
	else if (run->p->q.type == TYPE_ANY)
		answer_any(run);
	else
		answer_negative(run, RCODE_NOERROR);
}

/* ---- the name ---- */

/* RU-02: what may be answered from a generation that is not complete. */
static bool may_answer(const struct run *run, const struct hit *hit)
{
	if ((run->b->snap->flags & ROOT_COMPLETE) != 0)
		return true;
	if (run->owner.zone >= 0 && is_file(run, run->owner.zone))
		return true; /* no object has a say in it */
	return hit->kind == HIT_NODE && (hit->node.head->flags & NODE_ALWAYS) != 0;
}

/*
 * FT-01: a name that was asked for and that a complete generation does not have goes on
 * to who else may know it, if there is anybody. One of an address of ours never does
 * (FT-03).
 */
static bool falls_through(struct run *run)
{
	const struct settings *s = run->b->settings;

	if (run->nchain > 0 || !s->zones[run->owner.zone].fallthrough ||
		!miss_forwards(run->b) ||
		forward_stays(&s->forward, run->owner.name, run->owner.len))
		return false;
	run->owner.zone = -1;
	run->r.aa = false;
	return true;
}

/*
 * HO-04: the name itself that the SOA stands at does exist, and NXDOMAIN would say that
 * nothing is below it (RFC 8020).
 */
static void denied_by_hosts(struct run *run)
{
	const struct owner *o = &run->owner;
	bool apex = hosts_zone(&run->b->settings->hosts, o->name, o->len) == o->len;

	answer_negative(run, apex ? RCODE_NOERROR : RCODE_NXDOMAIN);
}

/* ---- visibility (AC-04) ---- */

static inline bool hides_some(const struct run *run)
{
	return run->b->settings->visibility.nrules > 0;
}

/*
 * True, with the reply made, if the name is of a namespace that the client does not see.
 * It does not exist then, whatever there is, and nobody else is asked for it (FT-01): so
 * it looks the same whether there is such a namespace or not. Apart, as are all that only
 * rules make necessary.
 */
static __attribute__((noinline)) bool hide(struct run *run)
{
	if (!access_hides(run))
		return false;
	if ((run->b->snap->flags & ROOT_COMPLETE) == 0) { /* it may be seen later */
		not_complete(run);
		return true;
	}
	run->p->facts |= PACKET_HIDDEN;
	run->p->source = SOURCE_POLICY;
	answer_negative(run, RCODE_NXDOMAIN);
	return true;
}

/* True if all that the node has are PTRs that are hidden. */
static bool is_concealed(struct run *run, const struct hit *hit)
{
	return (hit->kind == HIT_NODE || hit->kind == HIT_FILE) &&
	       access_conceals(run, &hit->node) && hit->node.head->nrrsets == 1 &&
	       (hit->node.head->flags & NODE_APEX) == 0;
}

/*
 * A reverse name all of whose PTRs are hidden is as one that does not exist: what a
 * wildcard of a file says of those it says of this one, too, unless that is hidden as
 * well.
 */
static __attribute__((noinline)) void vanish(struct run *run, struct hit *hit)
{
	const bool file = is_file(run, run->owner.zone);

	if (!is_concealed(run, hit))
		return;
	if (file && run->encloser == 0)
		filezone_miss(run, hit);
	if (!file || is_concealed(run, hit))
		hit->kind = HIT_ABSENT;
}

/*
 * Where something else stands at a reverse name all of whose PTRs are hidden there is no
 * such type. True, with the reply made, if that is so.
 */
static __attribute__((noinline)) bool conceal(struct run *run, const struct hit *hit)
{
	if (run->p->q.type != TYPE_PTR ||
		(hit->kind != HIT_NODE && hit->kind != HIT_FILE) ||
		!access_conceals(run, &hit->node))
		return false;
	run->host = (hit->node.head->flags & NODE_HOSTS) != 0;
	answer_negative(run, RCODE_NOERROR);
	return true;
}

enum outside { OUTSIDE_LEAVES, OUTSIDE_HIT, OUTSIDE_DENIED };

/*
 * A name in none of our zones, or one that fell through: does `hosts` have it, or say
 * that it does not exist? Apart, so that names of ours pay nothing for it.
 */
static __attribute__((noinline)) enum outside find_outside(
	struct run *run, struct hit *hit)
{
	const struct host_settings *s = &run->b->settings->hosts;

	hosts_find(run->b, &run->owner, &run->hash, hit);
	if (hides_some(run) && hit->kind == HIT_NODE && access_conceals(run, &hit->node))
		hosts_wildcard(run->b, &run->owner, hit);
	run->host = hit->kind == HIT_NODE && !hosts_leaves(s, run->p->q.type);
	if (hit->kind == HIT_ABSENT)
		run->host = hosts_denies(s, run->owner.name, run->owner.len);
	if (!run->host && hit->kind != HIT_DAMAGED)
		return OUTSIDE_LEAVES;
	if (run->nchain == 0)
		run->r.aa = true;
	return hit->kind == HIT_ABSENT ? OUTSIDE_DENIED : OUTSIDE_HIT;
}

/* One look-up. True: go on with run->owner, a CNAME's target, or elsewhere. */
static bool step(struct run *run)
{
	const struct host_settings *hosts = &run->b->settings->hosts;
	struct hit hit;

	if (run->owner.zone < 0) {
		switch (find_outside(run, &hit)) {
		case OUTSIDE_LEAVES:
			return far_step(run);
		case OUTSIDE_DENIED:
			denied_by_hosts(run);
			return false;
		case OUTSIDE_HIT:
			break;
		}
	} else {
		if (hides_some(run) && hide(run))
			return false;
		if (is_file(run, run->owner.zone))
			filezone_find(run, &hit);
		else
			lookup_name(run->b, &run->owner, &run->hash, &hit);
		if (hides_some(run))
			vanish(run, &hit);
		if (hit.kind == HIT_ABSENT && hosts->wildcards != 0 &&
			(run->b->snap->flags & ROOT_COMPLETE) != 0)
			hosts_wildcard(run->b, &run->owner, &hit);
	}
	if (hit.kind == HIT_DAMAGED) {
		answer_damaged(run);
		return false;
	}
	if (!may_answer(run, &hit)) {
		not_complete(run);
		return false;
	}
	if (hides_some(run) && conceal(run, &hit))
		return false;
	switch (hit.kind) {
	case HIT_NODE:
		run->host = (hit.node.head->flags & NODE_HOSTS) != 0;
		if (run->host && run->owner.zone >= 0 &&
			hosts_leaves(hosts, run->p->q.type) && falls_through(run))
			return true;
		/* Found by another name than it was asked by (NG-07). */
		if (hit.owner.len != run->owner.len &&
			!access_check(run, hit.owner.name, hit.owner.len))
			return false;
		return at_node(run, &hit);
	case HIT_POD:
		at_pod(run, &hit);
		return false;
	case HIT_FILE:
		return filezone_node(run, &hit);
	case HIT_CUT:
		return filezone_referral(run, &hit);
	case HIT_DNAME:
		return filezone_dname(run, &hit);
	case HIT_UNREAD:
		return filezone_unread(run);
	case HIT_ABSENT:
	case HIT_DAMAGED:
		break;
	}
	if (falls_through(run))
		return true;
	answer_negative(run, RCODE_NXDOMAIN);
	return false;
}

/* From name to name, ours and others', as far as the chain leads. */
static void follow_chain(struct run *run)
{
	const struct query *q = &run->p->q;
	const bool hosts = run->b->settings->hosts.on != 0;
	bool more = true;

	if (run->r.zone >= 0 && q->type == TYPE_ANY &&
		run->b->settings->any == ANY_NOTIMP) {
		run->r.rcode = RCODE_NOTIMP;
		return;
	}
	run->r.aa = run->r.zone >= 0;
	run->owner = (struct owner){q->qname, q->qname_len, run->r.zone, MSG_HEADER_LEN};
	run->hash = run->p->hash;
	while (more)
		more = run->owner.zone >= 0 || hosts ? step(run) : far_step(run);
}

/* What every server says by itself: special names, or, with NULL, classes but IN. */
static void local(struct run *run, const struct special *special)
{
	run->p->source = SOURCE_LOCAL;
	if (special != NULL)
		local_special(&run->r, special);
	else
		local_chaos(&run->r);
}

/* Where a chain of CNAMEs left a signed zone, its wildcards are proved last of all. */
static __attribute__((noinline)) void end_signed(struct run *run)
{
	if (run->r.rcode == RCODE_NOERROR || run->r.rcode == RCODE_NXDOMAIN)
		denial_put_wildcards(run);
}

enum verdict answer(const struct basis *b, struct packet *p)
{
	const struct query *q = &p->q;
	struct special special;
	struct run run;

	run.b = b;
	run.p = p;
	run.need = run.host = run.drop = run.known = false;
	run.rules = 0;
	run.names.n = 0;
	run.nchain = 0;
	run.nproofs = 0;
	run.nwild = run.encloser = 0;
	p->facts = 0;
	p->source = SOURCE_CLUSTER;
	/* Rewriting stands here. */
	int zone = settings_zone(b->settings, q->qname, q->qname_len);
	encode_begin(&run.r, p, b->settings, zone);
	run.r.snap = b->snap;
	if (b->settings->acl.nrules > 0)
		access_begin(&run);
	if (!access_check(&run, q->qname, q->qname_len))
		; /* the reply is made */
	else if (q->class != CLASS_IN)
		local(&run, NULL);
	else if (special_find(b->settings, q->qname, q->qname_len, zone, &special))
		local(&run, &special);
	else if (q->type == TYPE_AXFR || q->type == TYPE_IXFR)
		run_refuse(&run, ENCODE_NO_EDE); /* RS-14, W-31 */
	else
		follow_chain(&run);
	if (run.need || run.drop) {
		p->reply_len = 0;
		return run.need ? VERDICT_NEED : VERDICT_DROP;
	}
	if (run.nwild > 0)
		end_signed(&run);
	encode_end(&run.r);
	return p->reply_len > 0 ? VERDICT_REPLY : VERDICT_DROP;
}
