#include "worker/miss.h"

#include "dns/type.h"
#include "snap/special.h"

#define CUT_LABELS      8     /* names above one that are looked up (CA-12) */
#define STALE_MAX_AGE_S 86400 /* C-12, whatever is configured */

bool miss_forwards(const struct basis *b)
{
	return b->ncaches > 0 && query_forwards(b->settings);
}

/*
 * The group that answers it; -1: nobody does. The asked name is not special, or it
 * would have been answered; a CNAME's target may be.
 */
static int group_of(const struct basis *b, const struct owner *o)
{
	const struct settings *s = b->settings;
	struct special special;

	if (!miss_forwards(b) || forward_stays(&s->forward, o->name, o->len) ||
		(o->at != MSG_HEADER_LEN &&
			special_find(s, o->name, o->len, -1, &special)))
		return -1;
	return forward_group(&s->forward, o->name, o->len, -1);
}

static void make_question(struct question *q, const struct packet *p, uint64_t group,
	const uint8_t *name, size_t len, const struct hash128 *hash)
{
	q->hash = *hash;
	q->group = group;
	q->type = p->q.type;
	q->flags = (uint8_t)((p->q.want_do ? QUESTION_DO : 0) |
			     ((p->q.flags & MSG_CD) != 0 ? QUESTION_CD : 0));
	q->name_len = (uint8_t)len;
	q->hops = p->q.hops;
	memcpy(q->name, name, len);
}

static bool find(const struct basis *b, const struct packet *p, const struct question *q,
	struct cache_found *out)
{
	struct cache *c = &b->caches[question_home(q, b->ncaches)];

	return cache_find(c, q, p->arrival_ns, b->now_ns, out);
}

/* ---- NXDOMAIN above the name ---- */

static bool leaves_out(const struct forward_settings *f, struct forward_names except,
	const uint8_t *name, size_t len)
{
	for (unsigned i = except.first; i < (unsigned)except.first + except.n; i++)
		if (name_under(f->names[i].wire, f->names[i].len, name, len))
			return true;
	return false;
}

/*
 * C-07: a denial counts for names below it only if nobody else has a say there: no zone
 * of ours and no other group begins at or below it, nor does what a group leaves out, if
 * several have said it (FW-16). If it is not so here, it is not further up.
 */
static bool alone_below(
	const struct settings *s, const uint8_t *name, size_t len, uint64_t digest)
{
	const struct forward_settings *f = &s->forward;
	int group = forward_group(f, name, len, -1);

	if (group < 0 || f->groups[group].digest != digest)
		return false;
	const bool several = f->groups[group].next != 0 ||
	                     f->groups[group].next_on_nodata;
	for (unsigned i = 0; i < s->nzones; i++)
		if (name_under(s->zones[i].name.wire, s->zones[i].name.len, name, len))
			return false;
	for (int i = 0; i < f->ngroups; i++) {
		const struct forward_group *g = &f->groups[i];

		if (i != group && name_under(g->from.wire, g->from.len, name, len))
			return false;
		if (several && leaves_out(f, g->except, name, len))
			return false;
	}
	return true;
}

/* ---- what is known ---- */

static bool is_denial(const struct cache_entry *e)
{
	return e->rcode == RCODE_NXDOMAIN || e->answers == 0;
}

/* An entry that is fresh, for who found it without waiting: a hit. */
static enum miss use_fresh(const struct basis *b, struct packet *p,
	const struct question *q, const struct cache_found *found, struct miss_found *out)
{
	out->entry = found->answer;
	if (found->answer->stored_ns > p->arrival_ns)
		return MISS_FOUND; /* what it has waited for is no hit */
	p->facts |= PACKET_HIT;
	if (is_denial(found->answer))
		p->facts |= PACKET_DENIAL;
	p->used_word = found->word;
	p->used_home = (uint8_t)question_home(q, b->ncaches);
	return MISS_FOUND;
}

/* The NXDOMAIN of a name above q's that answers q too (CA-12). False: none is known. */
static bool cut_above(const struct basis *b, struct packet *p, const struct question *q,
	struct miss_found *out)
{
	struct question above[2];
	struct cache_found found;

	above[0] = *q;
	for (unsigned i = 0; i < CUT_LABELS; i++) {
		const struct question *below = &above[i % 2];
		struct question *name = &above[(i + 1) % 2];

		if (!cache_parent(below, &b->snap->key, name) ||
			!alone_below(b->settings, name->name, name->name_len, q->group))
			return false;
		found = (struct cache_found){0};
		find(b, p, name, &found);
		if (found.answer != NULL && found.fresh &&
			found.answer->kind == CACHE_NXDOMAIN) {
			use_fresh(b, p, name, &found, out);
			return true;
		}
	}
	return false;
}

static bool may_be_stale(const struct basis *b, const struct cache_entry *e)
{
	const struct cache_settings *c = &b->settings->forward.cache;
	uint64_t age_s = MIN(c->stale_max_age_s, STALE_MAX_AGE_S);

	return e != NULL && c->stale_mode != STALE_OFF && e->kind != CACHE_PASSES &&
	       b->now_ns <= e->expires_ns + age_s * NS_PER_S;
}

/*
 * CA-15, prefer_positive: the answer that a denial took the place of counts more than
 * that, if it may be used. What is denied within a chain is not looked into.
 */
static bool prefers_older(const struct basis *b, const struct cache_found *found)
{
	return b->settings->forward.cache.stale_prefer_positive && found->older != NULL &&
	       is_denial(found->answer) && !is_denial(found->older) &&
	       may_be_stale(b, found->older);
}

/* What may be served in place of an answer that has expired; NULL: nothing. */
static const struct cache_entry *stale_of(
	const struct basis *b, const struct cache_found *found)
{
	if (prefers_older(b, found))
		return found->older;
	return may_be_stale(b, found->answer) ? found->answer : NULL;
}

static enum miss use_stale(
	struct packet *p, const struct cache_entry *e, struct miss_found *out)
{
	p->facts |= PACKET_STALE;
	out->entry = e;
	out->stale = true;
	out->ede = e->rcode == RCODE_NXDOMAIN ? EDE_STALE_NXDOMAIN : EDE_STALE;
	return MISS_FOUND;
}

/* CA-13, FP-06: each failure says why, and who comes after it that it is not new. */
static enum miss use_failure(
	struct packet *p, const struct cache_found *found, struct miss_found *out)
{
	p->facts |= PACKET_FAILURE;
	out->ede = found->failed_now ? found->failure->ede : EDE_CACHED_ERROR;
	out->text = cache_text(found->failure);
	out->text_len = found->failure->text_len;
	return MISS_FAILED;
}

/* Nothing that may be used, and no stale answer that may be taken now. */
static enum miss lacking(
	struct packet *p, const struct question *q, struct miss_found *out)
{
	static const char late[] = "no answer in time";

	switch ((enum wait)p->wait) {
	case WAIT_ASK:
	case WAIT_STALE:
		break;
	case WAIT_FULL:
		p->facts |= PACKET_REJECTED;
		return MISS_REJECTED;
	case WAIT_OVER:
		p->facts |= PACKET_OVER;
		out->ede = EDE_NO_REACHABLE_AUTHORITY;
		out->text = late;
		out->text_len = sizeof(late) - 1;
		return MISS_FAILED;
	}
	p->facts &= ~(uint32_t)PACKET_REFRESH; /* it runs again, from the start */
	p->need[0] = *q;
	p->nneeds = 1;
	return MISS_NEED;
}

/* A stale answer goes out first. Of a chain the first one of those is fetched. */
static void want_fresh(struct packet *p, const struct question *q)
{
	if (p->facts & PACKET_REFRESH)
		return;
	p->facts |= PACKET_REFRESH;
	p->need[0] = *q;
	p->nneeds = 1;
}

/* An answer that has expired, or none (CA-15). */
static enum miss not_fresh(const struct basis *b, struct packet *p,
	const struct question *q, const struct cache_found *found, struct miss_found *out)
{
	const struct cache_settings *c = &b->settings->forward.cache;
	const struct cache_entry *old = stale_of(b, found);

	if (found->failure != NULL)
		return old != NULL ? use_stale(p, old, out) : use_failure(p, found, out);
	if (old != NULL && p->wait != WAIT_ASK)
		return use_stale(p, old, out);
	if (old != NULL && c->stale_mode == STALE_IMMEDIATE) {
		want_fresh(p, q);
		return use_stale(p, old, out);
	}
	return lacking(p, q, out);
}

enum miss miss_find(const struct basis *b, struct packet *p, const struct owner *o,
	const struct hash128 *hash, bool allowed, struct miss_found *out)
{
	const struct forward_settings *f = &b->settings->forward;
	struct cache_found found = {0};
	struct question q;

	*out = (struct miss_found){.ede = ENCODE_NO_EDE};
	/* Before the cache is asked: no snooping. */
	if ((p->q.flags & MSG_RD) == 0)
		return MISS_STAYS;
	int group = group_of(b, o);
	if (group < 0)
		return MISS_STAYS;
	if (!allowed)
		return MISS_PROHIBITED;
	make_question(&q, p, f->groups[group].digest, o->name, o->len, hash);
	find(b, p, &q, &found);
	if (found.answer != NULL && found.fresh)
		return prefers_older(b, &found) ? use_stale(p, found.older, out)
		                                : use_fresh(b, p, &q, &found, out);
	if (f->cache.nxdomain_cut && found.failure == NULL) {
		if (cut_above(b, p, &q, out))
			return MISS_FOUND;
		if (found.answer != NULL) /* its copies are others' by now */
			find(b, p, &q, &found);
	}
	return not_fresh(b, p, &q, &found, out);
}
