/* rrs.c - a cursor that cannot pass the end, and what it saw */
#include "forwarder/rrs.h"

#include <errno.h>

#include "base/hash.h"
#include "dns/msg.h"
#include "dns/type.h"

/* The question at offset 12, which is never compressed; the offset behind it, 0: none. */
static size_t skip_question(const uint8_t *msg, size_t len)
{
	size_t n = name_scan(msg + MSG_HEADER_LEN, len - MSG_HEADER_LEN);

	return n > 0 && len - MSG_HEADER_LEN - n >= 4 ? MSG_HEADER_LEN + n + 4 : 0;
}

void rrs_key(struct owner *o, const struct name *n)
{
	name_fold(o->name.wire, n->wire, n->len);
	o->name.len = n->len;
	o->hash = hash_check(o->name.wire, n->len);
	o->labels = (uint8_t)name_labels(n->wire, n->len);
}

/* True if the owner at `at` is the same pointer as that of the RR before. */
static bool same_pointer(
	const uint8_t *msg, size_t len, size_t at, const struct rr *before)
{
	return len - at >= 2 && msg[at] >= 0xc0 &&
	       load_u16(msg + at) == load_u16(msg + before->owner);
}

/* The owner at `at`; the offset behind it, 0: there is none. */
static size_t read_owner(const struct rrs *r, size_t at, struct rr *rr)
{
	const struct rr *before = r->n > 0 ? &r->rr[r->n - 1] : NULL;
	struct owner o;
	struct name n;

	rr->owner = (uint16_t)at;
	if (before != NULL && same_pointer(r->msg, r->len, at, before)) {
		rr->hash = before->hash;
		rr->labels = before->labels;
		return at + 2;
	}
	at = name_expand(r->msg, r->len, at, &n);
	if (at == 0)
		return 0;
	rrs_key(&o, &n);
	rr->hash = o.hash;
	rr->labels = o.labels;
	return at;
}

/* The RR at `at`; the offset behind it, 0: it does not end within the message. */
static size_t read_rr(const struct rrs *r, size_t at, struct rr *rr)
{
	at = read_owner(r, at, rr);
	if (at == 0 || r->len - at < 10)
		return 0;
	rr->fixed = (uint16_t)at;
	rr->type = load_u16(r->msg + at);
	rr->rdlen = load_u16(r->msg + at + 8);
	return rr->rdlen <= r->len - at - 10 ? at + 10 + rr->rdlen : 0;
}

/* `count` RRs of a section that is listed; the offset behind them, 0: broken. */
static size_t read_section(
	struct rrs *r, size_t at, unsigned count, enum rrs_section section)
{
	for (; count > 0; count--) {
		struct rr *rr = &r->rr[r->n];

		if (r->n == RRS_MAX || (at = read_rr(r, at, rr)) == 0)
			return 0;
		rr->section = (uint8_t)section;
		if (load_u16(r->msg + rr->fixed + 2) == CLASS_IN)
			r->n++;
	}
	return at;
}

/* The OPT: at most one, at the root (RFC 6891, section 6.1.1). */
static bool read_opt(struct rrs *r, const struct rr *rr)
{
	if (r->has_opt || rr->labels != 0)
		return false;
	r->has_opt = true;
	r->options = (uint16_t)rrs_rdata(rr);
	r->options_len = rr->rdlen;
	r->rcode |= (uint16_t)(r->msg[rr->fixed + 4] << 4);
	return true;
}

/* The additional section: nothing of it is kept. */
static size_t read_additional(struct rrs *r, size_t at, unsigned count)
{
	struct rr rr;

	for (; count > 0; count--) {
		at = read_rr(r, at, &rr);
		if (at == 0 || (rr.type == TYPE_OPT && !read_opt(r, &rr)))
			return 0;
	}
	return at;
}

int rrs_read(const uint8_t *msg, size_t len, struct rrs *out)
{
	if (len < MSG_HEADER_LEN || len > UINT16_MAX || load_u16(msg + 4) != 1)
		return -EBADMSG;
	size_t at = skip_question(msg, len);

	if (at == 0)
		return -EBADMSG;
	out->msg = msg;
	out->len = len;
	out->flags = load_u16(msg + 2);
	out->rcode = out->flags & 0xf;
	out->question = (uint16_t)at;
	out->answers = load_u16(msg + 6);
	out->has_opt = false;
	out->options = out->options_len = 0;
	out->n = 0;
	at = read_section(out, at, out->answers, RRS_ANSWER);
	if (at > 0)
		at = read_section(out, at, load_u16(msg + 8), RRS_AUTHORITY);
	if (at > 0)
		at = read_additional(out, at, load_u16(msg + 10));
	return at == len ? 0 : -EBADMSG;
}

void rrs_name(const struct rrs *r, const struct rr *rr, struct name *out)
{
	if (name_expand(r->msg, r->len, rr->owner, out) == 0)
		*out = (struct name){.len = 1}; /* never: rrs_read() has seen it */
}

/* True if the RR's name is these octets, folded, whose hash is equal. */
static bool is_name(
	const struct rrs *r, const struct rr *rr, const uint8_t *wire, size_t len)
{
	struct name n;

	rrs_name(r, rr, &n);
	return name_equal(n.wire, n.len, wire, len);
}

bool rrs_at(const struct rrs *r, const struct rr *rr, const struct owner *o)
{
	return rr->hash == o->hash && rr->labels == o->labels &&
	       is_name(r, rr, o->name.wire, o->name.len);
}

bool rrs_above(const struct rrs *r, const struct rr *rr, const struct owner *o)
{
	if (rr->labels >= o->labels)
		return rrs_at(r, rr, o);
	size_t at = name_prefix(
		o->name.wire, o->name.len, (unsigned)o->labels - rr->labels);
	const uint8_t *suffix = o->name.wire + at;

	return rr->hash == hash_check(suffix, o->name.len - at) &&
	       is_name(r, rr, suffix, o->name.len - at);
}
