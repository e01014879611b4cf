#include "worker/far.h"

#include "dns/type.h"
#include "worker/access.h"
#include "worker/miss.h"

/* How the chain of an entry ends. */
enum ending {
	ENDS_HERE,    /* with what the entry has behind it, and its rcode */
	ENDS_OPEN,    /* its last target is to be asked for */
	ENDS_OURS,    /* its last target is in one of our zones */
	ENDS_LOOPING, /* back at a name that it had (RE-08) */
	ENDS_LONG,    /* with too many CNAMEs */
	ENDS_DENIED,  /* at a name that the client may not know of (AC-02) */
	ENDS_DAMAGED,
};

struct walk {
	enum ending ending;
	unsigned nsets; /* of the entry that count */
	int zone;       /* of the last target */
	const struct name *target;
};

/* ---- the chain of an entry ---- */

/* The one CNAME of a set: its target, folded, into *out. */
static bool target_of(
	const struct cache_entry *e, const struct cache_set *set, struct name *out)
{
	size_t at = set->at;
	struct cache_rr rr;

	if (set->count != 1 || !cache_rr(e, &at, &rr) || rr.type != TYPE_CNAME ||
		cache_expand(e, rr.rdata, out) == 0)
		return false;
	name_fold(out->wire, out->wire, out->len);
	return true;
}

/* One CNAME of the chain is passed. ENDS_HERE: the walk goes on. */
static enum ending pass(struct run *run, const struct cache_entry *e,
	const struct cache_set *set, struct walk *w)
{
	struct name *to = &run->target[run->nchain];

	if (run->nchain == RUN_CHAIN_MAX)
		return ENDS_LONG;
	if (!target_of(e, set, to))
		return ENDS_DAMAGED;
	run_push(run);
	if (!access_check(run, to->wire, to->len))
		return ENDS_DENIED;
	if (run_in_chain(run, to->wire, to->len))
		return ENDS_LOOPING;
	w->target = to;
	w->zone = settings_zone(run->b->settings, to->wire, to->len);
	run->owner.name = to->wire;
	run->owner.len = to->len;
	return w->zone >= 0 ? ENDS_OURS : ENDS_HERE;
}

/* True if an RRset of that type may stand between the names of a chain. */
static bool of_chain(uint16_t type)
{
	return type == TYPE_CNAME || type == TYPE_DNAME || type == TYPE_RRSIG;
}

/*
 * True if a set is what was asked for, at the last name: a DNAME or an RRSIG of a name
 * above it belongs to the chain, whatever was asked for.
 */
static bool is_asked(
	const struct run *run, const struct cache_entry *e, const struct cache_set *set)
{
	size_t at = set->at;
	struct cache_rr rr;
	struct name n;

	return set->type == run->p->q.type && cache_rr(e, &at, &rr) &&
	       cache_expand(e, rr.owner, &n) != 0 &&
	       name_equal(n.wire, n.len, run->owner.name, run->owner.len);
}

/*
 * Walk along the CNAMEs, each of which the client must be allowed to know of; run->owner
 * is the last name. Whoever asked for the CNAME itself, or for anything, has it.
 */
static void walk(struct run *run, const struct cache_entry *e, struct walk *w)
{
	const struct cache_set *sets = cache_sets(e);
	uint16_t type = run->p->q.type;
	bool end = type == TYPE_CNAME || type == TYPE_ANY;

	*w = (struct walk){.ending = ENDS_HERE, .nsets = e->nsets, .zone = -1};
	for (unsigned i = 0; !end && i < e->nsets; i++) {
		if (sets[i].authority || !of_chain(sets[i].type) ||
			is_asked(run, e, &sets[i])) {
			end = true;
		} else if (sets[i].type == TYPE_CNAME) {
			w->ending = pass(run, e, &sets[i], w);
			w->nsets = w->ending == ENDS_LONG ? i : i + 1;
			if (w->ending != ENDS_HERE)
				return;
		}
	}
	w->nsets = e->nsets;
	if (!end && w->target != NULL && e->rcode == RCODE_NOERROR)
		w->ending = ENDS_OPEN;
}

/* True if the entry begins with a CNAME or what stands in front of one. */
static bool chained(const struct cache_entry *e)
{
	return e->nsets > 0 && of_chain(cache_sets(e)->type);
}

/* ---- an entry into the reply ---- */

/* Rcodes above 15 are about the hop to the upstream, not about the name. */
static uint16_t rcode_of(const struct cache_entry *e)
{
	return e->rcode < RCODE_BADVERS ? e->rcode : RCODE_SERVFAIL;
}

/* CNAMEs stay, the run is over. */
static bool fail(struct run *run, uint16_t ede, const void *text, size_t len)
{
	run->r.rcode = RCODE_SERVFAIL;
	encode_ede(&run->r, ede, text, len);
	return false;
}

static bool need(struct run *run)
{
	run->need = true;
	return false;
}

/* Where the name of an entry stands: a denial from above the name is an end of it. */
static uint16_t entry_at(const struct run *run, const struct cache_entry *e)
{
	const struct owner *o = &run->owner;

	if (e->name_len == o->len)
		return o->at;
	if (o->at != MSG_HEADER_LEN || e->name_len > o->len)
		return 0;
	return (uint16_t)(o->at + o->len - e->name_len);
}

/* The chain leaves the entry for run->owner; false: it ends here. */
static bool go_on(struct run *run, const struct walk *w, uint16_t at)
{
	if (run->r.cut || at == 0 || at > ENCODE_PTR_MAX)
		return false;
	run->owner.zone = w->zone;
	run->owner.at = at;
	run->hash = hash_name(&run->b->snap->key, run->owner.name, run->owner.len);
	return true;
}

/* A damaged entry is none (C-17): it is asked for again. */
static bool damaged(struct run *run)
{
	encode_reset(&run->r);
	run->r.aa = false;
	return run->p->wait == WAIT_OVER ? fail(run, EDE_OTHER, "damaged cache",
						   sizeof("damaged cache") - 1)
	                                 : need(run);
}

/* AC-09: whose addresses have to be looked at. */
static bool guarded(const struct run *run)
{
	const struct forward_settings *f = &run->b->settings->forward;

	return f->nprivate > 0 &&
	       !forward_covered(f, f->private_except, run->owner.name, run->owner.len);
}

static bool put_entry(struct run *run, const struct miss_found *found)
{
	static const char private[] = "private addresses are left out";
	const struct cache_entry *e = found->entry;
	struct cached_part c = {.entry = e,
		.at = entry_at(run, e),
		.nsets = e->nsets,
		.stale = found->stale,
		.guarded = guarded(run),
		.now_ns = run->b->now_ns};
	struct walk w = {.ending = ENDS_HERE};
	bool first = run->nchain == 0, left_out;
	uint16_t at = 0;

	if (chained(e)) {
		walk(run, e, &w);
		c.nsets = w.nsets;
		c.goes_on = w.ending == ENDS_OPEN || w.ending == ENDS_OURS;
	}
	if (w.ending == ENDS_DENIED)
		return false;
	if (w.ending == ENDS_DAMAGED ||
		!cached_put(&run->r, &c, &run->names, &at, &left_out))
		return damaged(run);
	if (left_out)
		encode_ede(&run->r, EDE_FILTERED, private, sizeof(private) - 1);
	else if (found->ede != ENCODE_NO_EDE)
		run->r.ede = found->ede;
	if (c.goes_on)
		return go_on(run, &w, at);
	if (w.ending == ENDS_LONG)
		run->r.rcode = RCODE_SERVFAIL;
	else if (w.ending == ENDS_HERE)
		run->r.rcode = rcode_of(e);
	run->r.ad = first && !left_out && e->ad != 0 &&
	            ((run->p->q.flags & MSG_AD) != 0 || run->p->q.want_do);
	return false;
}

/* ---- what came of it ---- */

/* FP-01, AC-10; behind a CNAME of ours that stands alone (RE-05). */
static bool stays(struct run *run, uint16_t ede)
{
	if (run->nchain == 0)
		run_refuse(run, ede);
	return false;
}

static bool rejected(struct run *run)
{
	static const char text[] = "too many queries in flight";

	run->p->source = SOURCE_ERROR;
	run->r.rcode = run->nchain == 0 ? RCODE_REFUSED : RCODE_SERVFAIL;
	encode_ede(&run->r, EDE_OTHER, text, sizeof(text) - 1);
	return false;
}

/* MQ-02: what the last name of the chain came from. */
static enum stat_source source_of(const struct packet *p, const struct miss_found *found)
{
	if (found->stale)
		return SOURCE_STALE;
	return (p->facts & PACKET_HIT) != 0 ? SOURCE_CACHE : SOURCE_FORWARD;
}

bool far_step(struct run *run)
{
	struct miss_found found;

	switch (miss_find(run->b, run->p, &run->owner, &run->hash, run->r.ra, &found)) {
	case MISS_FOUND:
		run->p->source = (uint8_t)source_of(run->p, &found);
		return put_entry(run, &found);
	case MISS_FAILED:
		run->p->source = SOURCE_FORWARD;
		return fail(run, found.ede, found.text, found.text_len);
	case MISS_NEED:
		return need(run);
	case MISS_REJECTED:
		return rejected(run);
	case MISS_STAYS:
		return stays(run, EDE_NOT_AUTHORITATIVE);
	case MISS_PROHIBITED:
		return stays(run, EDE_PROHIBITED);
	}
	return false;
}
