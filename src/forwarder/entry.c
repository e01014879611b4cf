/* entry.c - RRs as they will stand behind the question of a reply */
#include "forwarder/entry.h"

#include "dns/msg.h"
#include "dns/type.h"
#include "forwarder/compress.h"
#include "forwarder/rdata.h"

/* An entry that is being written. */
struct writer {
	struct wire w;
	size_t base; /* offset in a message of where the wire part begins */
	struct compress names;
};

void entry_begin(struct cache_entry *e, const struct question *q, uint64_t now_ns)
{
	*e = (struct cache_entry){
		.path = q->hash.path,
		.hcheck = q->hash.check,
		.group = q->group,
		.stored_ns = now_ns,
		.expires_ns = now_ns,
		.type = q->type,
		.flags = q->flags,
		.kind = CACHE_PASSES,
		.ede = UINT16_MAX,
		.name_len = q->name_len,
		.hops = q->hops,
	};
}

static void put_name(struct writer *to, const struct name *n, bool compress, bool learn)
{
	if (compress) {
		compress_put(&to->names, &to->w, to->base, n, learn);
		return;
	}
	if (learn)
		compress_learn(&to->names, n, to->base + to->w.len);
	wire_bytes(&to->w, n->wire, n->len);
}

/* The rdata of an RR whose form is known: rdata_whole() has passed it. */
static void put_known(struct writer *to, const struct rrs *r, const struct rr *rr,
	const struct rdata_form *f, bool learn)
{
	size_t at = rrs_rdata(rr);
	struct name n;

	wire_bytes(&to->w, r->msg + at, f->before);
	at += f->before;
	for (unsigned i = 0; i < f->names; i++) {
		at = name_expand(r->msg, r->len, at, &n);
		put_name(to, &n, f->compress, learn);
	}
	wire_bytes(&to->w, r->msg + at, f->after);
}

/* An RR behind its owner. */
static void put_rr(
	struct writer *to, const struct rrs *r, const struct rr *rr, bool learn)
{
	const struct rdata_form *f = rdata_form(rr->type);

	wire_u16(&to->w, rr->type);
	wire_u16(&to->w, CLASS_IN);
	wire_u32(&to->w, 0);
	size_t length = to->w.len;

	wire_u16(&to->w, 0);
	if (f != NULL)
		put_known(to, r, rr, f, learn);
	else
		wire_bytes(&to->w, r->msg + rrs_rdata(rr), rr->rdlen);
	wire_patch_u16(&to->w, length, (uint16_t)(to->w.len - length - 2));
}

/*
 * The RRs of a set, whose owner is compressed once. Nothing is learnt from a set of
 * several: its RRs will be turned (LD-01).
 */
static void put_set(struct writer *to, const struct scrub *s, const struct scrub_set *set)
{
	const uint16_t *pick = s->pick + set->first;
	const uint8_t *owner = to->w.buf + to->w.len;
	bool learn = set->count == 1;
	size_t from = to->w.len;
	struct name n;

	rrs_name(s->rrs, &s->rrs->rr[pick[0]], &n);
	put_name(to, &n, true, learn);
	size_t len = to->w.len - from;

	put_rr(to, s->rrs, &s->rrs->rr[pick[0]], learn);
	for (unsigned i = 1; i < set->count; i++) {
		wire_bytes(&to->w, owner, len);
		put_rr(to, s->rrs, &s->rrs->rr[pick[i]], false);
	}
}

/* All sets, and what the entry says of them; the octets that their RRs take. */
static size_t put_sets(struct cache_entry *e, const struct question *q,
	const struct scrub *s, uint8_t *wire)
{
	struct cache_set *sets = (struct cache_set *)(e + 1);
	struct writer to; /* large, and nothing of it is read before it is written */
	struct name n;

	n.len = q->name_len;
	memcpy(n.wire, q->name, q->name_len);
	to.base = MSG_HEADER_LEN + q->name_len + 4u;
	wire_init(&to.w, wire, CACHE_WIRE_MAX);
	compress_init(&to.names, q->hash.check);
	compress_learn(&to.names, &n, MSG_HEADER_LEN);
	for (unsigned i = 0; i < s->nsets; i++) {
		const struct scrub_set *from = &s->set[i];

		sets[i] = (struct cache_set){from->ttl_s, (uint16_t)to.w.len, from->count,
			from->type, from->authority, 0};
		put_set(&to, s, from);
		*(from->authority ? &e->authorities : &e->answers) += from->count;
	}
	return to.w.overflow ? SIZE_MAX : to.w.len;
}

bool entry_end(struct cache_entry *e, const struct question *q, const struct scrub *s,
	const char *text)
{
	uint8_t *at = (uint8_t *)(e + 1);
	size_t len;

	e->nsets = s != NULL ? (uint8_t)s->nsets : 0;
	at += e->nsets * sizeof(struct cache_set);
	memcpy(at, q->name, q->name_len);
	at += q->name_len;
	e->text_len = text != NULL ? (uint8_t)strnlen(text, CACHE_TEXT_MAX) : 0;
	if (text != NULL)
		memcpy(at, text, e->text_len);
	at += e->text_len;
	len = s != NULL ? put_sets(e, q, s, at) : 0;
	if (len > CACHE_WIRE_MAX)
		return false;
	e->wire_len = (uint32_t)len;
	len += (size_t)(at - (uint8_t *)e);
	e->size8 = (uint32_t)(round_up(len, 8) / 8);
	memset((uint8_t *)e + len, 0, e->size8 * 8 - len);
	return true;
}
