#include "worker/denial.h"

#include "snap/chain.h"
#include "worker/answer.h"

/* A zone whose chain proves something. */
struct proof {
	struct run *run;
	const struct name *zone;
	struct chain chain;
};

/* A name that is proved not to exist, or to be without a type. */
struct subject {
	const uint8_t *name;
	size_t len;
};

static bool damaged(struct run *run)
{
	answer_damaged(run);
	return false;
}

/* True if proofs are wanted from a zone of ours that has them. *bad: it is damaged. */
static bool open_proof(struct run *run, int zone, struct proof *p, bool *bad)
{
	const struct basis *b = run->b;
	struct node_view apex;

	*bad = false;
	if (!run->p->q.want_do || run->r.cut || zone < 0 ||
		b->settings->zones[zone].kind != ZONE_FILE)
		return false;
	p->run = run;
	p->zone = &b->settings->zones[zone].name;
	struct hash128 h = hash_name(&b->snap->key, p->zone->wire, p->zone->len);
	if (snap_find(b->snap, &h, p->zone->wire, p->zone->len, &apex) != LOOKUP_FOUND ||
		(apex.head->file & NODE_FILE_CHAIN) == 0)
		return false;
	*bad = !chain_view(&apex, &p->chain);
	return !*bad;
}

/* ---- records ---- */

/* True if it stands in the reply already. */
static bool is_put(struct run *run, const struct chain_link *l)
{
	for (unsigned i = 0; i < run->nproofs; i++)
		if (run->proof[i] == l->name)
			return true;
	if (run->nproofs < ARRAY_LEN(run->proof))
		run->proof[run->nproofs++] = l->name;
	return false;
}

/* Add a record and its signatures; what does not fit sets TC (RFC 4035, 3.1.1). */
static bool put_link(const struct proof *p, struct chain_link *l)
{
	struct reply *r = &p->run->r;
	const struct encode_owner o = {l->name, l->name_len, p->zone->len};
	const uint8_t *rdata;
	size_t len;

	if (is_put(p->run, l) ||
		!encode_authority(r, &o, p->chain.hashed ? TYPE_NSEC3 : TYPE_NSEC,
			l->ttl_s, l->rdata, l->rdata_len))
		return true;
	for (unsigned i = 0; i < l->signatures; i++) {
		if (!chain_signature(l, &rdata, &len))
			return damaged(p->run);
		if (!encode_authority(r, &o, TYPE_RRSIG, l->ttl_s, rdata, len))
			break;
	}
	return true;
}

/* The link of a name, hashed if that is how the chain is, or the one before it. */
static enum chain_found look(
	const struct proof *p, const uint8_t *name, size_t len, struct chain_link *l)
{
	struct name hashed;

	if (!p->chain.hashed)
		return chain_find(&p->chain, name, len, l);
	if (!nsec3_owner(&p->chain.params, name, len, p->zone, &hashed))
		return CHAIN_DAMAGED; /* no zone with so long a name has an NSEC3 */
	return chain_find(&p->chain, hashed.wire, hashed.len, l);
}

/* Add what matches or covers a name. */
static bool put_near(const struct proof *p, const uint8_t *name, size_t len)
{
	struct chain_link l;

	if (look(p, name, len, &l) == CHAIN_DAMAGED)
		return damaged(p->run);
	return put_link(p, &l);
}

/* The same for the wildcard below a name. */
static bool put_near_wildcard(const struct proof *p, const struct subject *s, size_t len)
{
	uint8_t star[NAME_MAX_LEN + 2] = {1, '*'};

	if (len + 2 > NAME_MAX_LEN)
		return true; /* there is no such name */
	memcpy(star + 2, s->name + s->len - len, len);
	return put_near(p, star, len + 2);
}

/* Octets of the name that is one label longer than the encloser. */
static size_t next_closer(const struct subject *s, size_t encloser)
{
	size_t at = 0;

	while (at < s->len - encloser && s->len - at - 1 - s->name[at] > encloser)
		at += 1u + s->name[at];
	return s->len - at;
}

/*
 * RFC 5155, section 7.2.1: a name above the subject exists, the one a label longer does
 * not. Names that are covered by opt-out have no NSEC3: then it is one further above,
 * whose length is left in *encloser.
 */
static bool put_encloser(const struct proof *p, const struct subject *s, size_t *encloser)
{
	struct chain_link l;
	size_t len = *encloser;

	for (;;) {
		const uint8_t *name = s->name + s->len - len;
		enum chain_found found = look(p, name, len, &l);

		if (found == CHAIN_DAMAGED)
			return damaged(p->run);
		if (found == CHAIN_EQUAL)
			break;
		if (len <= p->zone->len)
			return true; /* the file lacks it, and proves nothing */
		len -= 1u + name[0];
	}
	*encloser = len;
	if (!put_link(p, &l))
		return false;
	len = next_closer(s, len);
	return put_near(p, s->name + s->len - len, len);
}

/* ---- proofs ---- */

/* RFC 5155, 7.2.3, 7.2.4 and 7.2.7: the NSEC3 of the name; or opt-out covers it. */
static bool put_type_hashed(const struct proof *p, const struct subject *s)
{
	struct chain_link l;
	size_t above;

	switch (look(p, s->name, s->len, &l)) {
	case CHAIN_EQUAL:
		return put_link(p, &l);
	case CHAIN_BEFORE:
		break;
	case CHAIN_DAMAGED:
		return damaged(p->run);
	}
	if (s->len <= p->zone->len)
		return true;
	above = s->len - 1u - s->name[0];
	return put_encloser(p, s, &above);
}

bool denial_put(struct run *run, enum denial what)
{
	const struct subject s = {run->owner.name, run->owner.len};
	size_t encloser = run->encloser;
	struct proof p;
	bool bad;

	if ((run->p->facts & PACKET_HIDDEN) != 0)
		return true; /* the truth would tell what is hidden (AC-04) */
	if (!open_proof(run, run->owner.zone, &p, &bad))
		return bad ? damaged(run) : true;
	if (what == DENIAL_TYPE)
		return p.chain.hashed ? put_type_hashed(&p, &s)
		                      : put_near(&p, s.name, s.len);
	if (p.chain.hashed ? !put_encloser(&p, &s, &encloser)
			   : !put_near(&p, s.name, s.len))
		return false;
	return put_near_wildcard(&p, &s, encloser);
}

void denial_note_wildcard(struct run *run)
{
	if (!run->p->q.want_do || run->nwild == ARRAY_LEN(run->wild))
		return;
	run->wild[run->nwild++] = (struct run_wildcard){run->owner, run->encloser};
	run->r.full = true;
}

/* Only what would stand between the wildcard and the name is denied. */
static bool put_wildcard(struct run *run, const struct run_wildcard *w)
{
	const struct subject s = {w->owner.name, w->owner.len};
	size_t len = s.len;
	struct proof p;
	bool bad;

	if (!open_proof(run, w->owner.zone, &p, &bad))
		return bad ? damaged(run) : true;
	if (p.chain.hashed)
		len = next_closer(&s, w->encloser);
	return put_near(&p, s.name + s.len - len, len);
}

bool denial_put_wildcards(struct run *run)
{
	unsigned n = run->nwild;

	if (n == 0)
		return true;
	run->nwild = 0;
	run->r.full = false;
	for (unsigned i = 0; i < n; i++)
		if (!put_wildcard(run, &run->wild[i]))
			return false;
	return true;
}
