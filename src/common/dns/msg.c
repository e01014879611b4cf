/* msg.c - what a packet from a client is worth: one pass, first hit answers */
#include "dns/msg.h"

#include "base/base.h"
#include "dns/type.h"

struct counts {
	uint16_t qd, an, ns, ar;
};

/* What stands behind the question. */
struct tail {
	uint8_t version; /* of the OPT */
	bool tsig;
};

static enum parse_result header(struct query *q, uint16_t rcode)
{
	q->rcode = rcode;
	return PARSE_HEADER;
}

static enum parse_result reply(struct query *q, uint16_t rcode)
{
	q->rcode = rcode;
	return PARSE_REPLY;
}

/* Our loop mark is kept for who knows the key (LO-01): the first that has its length. */
static void keep_mark(const uint8_t *option, size_t len, struct query *q)
{
	if (q->has_loop_mark || len != MARK_OCTETS)
		return;
	q->has_loop_mark = true;
	q->hops = mark_hops(option);
	memcpy(q->mark, option, MARK_OCTETS);
}

/*
 * Walk over the options: true if they fill the rdata exactly. Of those that exist only
 * these three mean anything here, and none goes into a reply (E-10, E-11, E-17).
 */
static bool parse_options(const uint8_t *p, size_t len, struct query *q)
{
	while (len > 0) {
		if (len < 4 || load_u16(p + 2) > len - 4)
			return false;
		size_t n = 4u + load_u16(p + 2);

		q->want_nsid |= load_u16(p) == OPTION_NSID;
		q->want_keepalive |= load_u16(p) == OPTION_KEEPALIVE;
		if (load_u16(p) == MARK_OPTION)
			keep_mark(p + 4, n - 4, q);
		p += n;
		len -= n;
	}
	return true;
}

/* The OPT at `at` (root, type, size, flags, rdata); the offset behind it, 0: none. */
static size_t parse_opt(
	const uint8_t *msg, size_t len, size_t at, struct query *q, struct tail *t)
{
	const uint8_t *p = msg + at;

	if (len - at < 11 || p[0] != 0 || load_u16(p + 1) != TYPE_OPT)
		return 0;
	size_t rdlen = load_u16(p + 9);

	if (rdlen > len - at - 11 || !parse_options(p + 11, rdlen, q))
		return 0;
	q->has_opt = true;
	q->want_do = (p[7] & 0x80) != 0;
	q->udp_size = MAX(load_u16(p + 3), MSG_UDP_MIN);
	t->version = p[6];
	return at + 11 + rdlen;
}

/*
 * Skip an owner name that may end in a pointer. Nobody asks what it says, so the pointer
 * is not followed. Offset behind it, 0: it does not end within the message.
 */
static size_t skip_owner(const uint8_t *msg, size_t len, size_t at)
{
	size_t begin = at;

	while (at < len && at - begin < NAME_MAX_LEN) {
		uint8_t c = msg[at];

		if (c == 0)
			return at + 1;
		if (c >= 0xc0)
			return len - at >= 2 ? at + 2 : 0;
		if (c > LABEL_MAX_LEN)
			return 0;
		at += 1u + c;
	}
	return 0;
}

/* Skip an RR of `type` and any class; the offset behind it, 0: it is none. */
static size_t skip_rr(const uint8_t *msg, size_t len, size_t at, uint16_t type)
{
	at = skip_owner(msg, len, at);
	if (at == 0 || len - at < 10 || load_u16(msg + at) != type)
		return 0;
	size_t rdlen = load_u16(msg + at + 8);

	return rdlen <= len - at - 10 ? at + 10 + rdlen : 0;
}

/* The question at offset 12. False: there is none, or its name is no plain name. */
static bool parse_question(const uint8_t *msg, size_t len, struct query *q)
{
	size_t n = name_scan(msg + MSG_HEADER_LEN, len - MSG_HEADER_LEN);

	if (n == 0 || len - MSG_HEADER_LEN - n < 4)
		return false;
	name_fold(q->qname, msg + MSG_HEADER_LEN, n);
	q->qname_len = (uint8_t)n;
	q->type = load_u16(msg + MSG_HEADER_LEN + n);
	q->class = load_u16(msg + MSG_HEADER_LEN + n + 2);
	q->end = (uint16_t)(MSG_HEADER_LEN + n + 4);
	return true;
}

/* All records behind the question, up to the last octet (W-13 to W-16, E-20, E-21). */
static bool parse_tail(const uint8_t *msg, size_t len, const struct counts *c, bool tcp,
	struct query *q, struct tail *t)
{
	size_t at = q->end;

	if (c->ns > 0 && q->type != TYPE_IXFR)
		return false;
	if (q->type == TYPE_IXFR && tcp && c->ns != 1) /* W-36 */
		return false;
	if (c->ns == 1 && (at = skip_rr(msg, len, at, TYPE_SOA)) == 0)
		return false;
	for (unsigned i = 0; i < c->ar; i++) {
		size_t next = q->has_opt ? 0 : parse_opt(msg, len, at, q, t);

		if (next == 0 &&
			i + 1u == c->ar) { /* a TSIG is the last, or it is no TSIG */
			next = skip_rr(msg, len, at, TYPE_TSIG);
			t->tsig = true;
		}
		if (next == 0)
			return false;
		at = next;
	}
	return at == len;
}

/* QTYPEs that are no types of data, then the class (RG-02, W-24 to W-31). */
static enum parse_result check_question(struct query *q, bool tcp)
{
	switch (q->type) {
	case 0:
	case TYPE_OPT:
	case TYPE_TKEY:
	case TYPE_TSIG:
		return reply(q, RCODE_FORMERR);
	case TYPE_MAILA:
	case TYPE_MAILB:
		return reply(q, RCODE_NOTIMP);
	case TYPE_AXFR:
		return reply(q, tcp ? RCODE_REFUSED : RCODE_NOTIMP);
	case TYPE_IXFR:
		return reply(q, RCODE_REFUSED);
	default:
		/* Class CH is answered or refused by setting (SM-07). */
		return q->class == CLASS_IN || q->class == CLASS_CH
		               ? PARSE_OK
		               : reply(q, RCODE_REFUSED);
	}
}

/* No question: an error with OPT if there is a valid one and nothing else (W-05, W-06).
 */
static enum parse_result parse_bare(
	const uint8_t *msg, size_t len, const struct counts *c, struct query *q)
{
	struct tail t = {0};

	q->qname_len = 0;
	q->qname[0] = 0;
	q->type = q->class = 0;
	q->end = MSG_HEADER_LEN;
	if (c->an != 0 || c->ns != 0 || c->ar != 1)
		return header(q, RCODE_FORMERR);
	if (parse_opt(msg, len, MSG_HEADER_LEN, q, &t) != len)
		return header(q, RCODE_FORMERR);
	return reply(q, RCODE_FORMERR);
}

enum parse_result query_parse(const uint8_t *msg, size_t len, bool tcp, struct query *q)
{
	struct tail t = {0};

	if (len < MSG_HEADER_LEN || (msg[2] & 0x80) != 0)
		return PARSE_DROP;
	q->id = load_u16(msg);
	q->flags = load_u16(msg + 2);
	if ((q->flags >> 11 & 0xf) != OPCODE_QUERY)
		return header(q, RCODE_NOTIMP);

	struct counts c = {load_u16(msg + 4), load_u16(msg + 6), load_u16(msg + 8),
		load_u16(msg + 10)};
	q->has_opt = q->want_do = q->want_nsid = q->has_loop_mark = false;
	q->want_keepalive = false;
	q->hops = 0;
	q->udp_size = MSG_UDP_MIN;
	q->rcode = RCODE_NOERROR;
	if (c.qd == 0)
		return parse_bare(msg, len, &c, q);
	if (c.qd != 1 || c.an != 0 || c.ns > 1 || c.ar > 2)
		return header(q, RCODE_FORMERR);
	if (!parse_question(msg, len, q) || !parse_tail(msg, len, &c, tcp, q, &t))
		return header(q, RCODE_FORMERR);
	if (t.version != 0)
		return reply(q, RCODE_BADVERS);
	if (t.tsig) /* W-33: not built */
		return header(q, RCODE_FORMERR);
	return check_question(q, tcp);
}
