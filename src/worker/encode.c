#include "worker/encode.h"

#include <errno.h>

#include "dns/type.h"
#include "worker/order.h"

#define OPT_LEN         11
#define TTL_SOA_MAX     300
#define TCP_MESSAGE_MAX 65535

void encode_begin(struct reply *r, struct packet *p, const struct settings *s, int zone)
{
	const struct query *q = &p->q;
	size_t limit = TCP_MESSAGE_MAX;
	size_t opt = q->has_opt ? OPT_LEN : 0;

	if (!p->tcp)
		limit = q->has_opt ? MIN(MAX(q->udp_size, MSG_UDP_MIN), s->max_udp)
		                   : MSG_UDP_MIN;
	r->p = p;
	r->settings = s;
	r->limit = MIN(limit, p->cap);
	wire_init(&r->w, p->buf, r->limit > q->end + opt ? r->limit - opt : q->end);
	r->zone = zone;
	r->zone_at = 0;
	if (zone >= 0)
		r->zone_at = (uint16_t)(MSG_HEADER_LEN + q->qname_len -
					s->zones[zone].name.len);
	r->aa = r->ad = false;
	r->ra = query_may_forward(s, p->client);
	r->rcode = RCODE_NOERROR;
	r->ede = ENCODE_NO_EDE;
	r->ede_len = 0;
	r->viewer = NULL;
	r->referral = false;
	encode_reset(r);
}

void encode_ede(struct reply *r, uint16_t code, const void *text, size_t len)
{
	r->ede = code;
	r->ede_text = text;
	r->ede_len = (uint8_t)MIN(len, CACHE_TEXT_MAX);
}

void encode_reset(struct reply *r)
{
	wire_rewind(&r->w, r->p->q.end);
	r->an = r->ns = r->ar = 0;
	r->cut = r->full = r->placed = false;
	r->nnames = 0;
}

/* Remember a name; the first ones are the question's, as a whole and left of its zone. */
static void remember(struct reply *r, struct written name)
{
	if (r->nnames < ENCODE_NAMES)
		r->names[r->nnames++] = name;
}

static void remember_question(struct reply *r)
{
	const uint8_t *qname = r->p->buf + MSG_HEADER_LEN;
	uint8_t len = (uint8_t)(r->p->q.qname_len - 1);

	remember(r, (struct written){qname, len, len, MSG_HEADER_LEN, 0});
	if (r->zone >= 0) {
		len = (uint8_t)(r->zone_at - MSG_HEADER_LEN);
		remember(
			r, (struct written){qname, len, len, MSG_HEADER_LEN, r->zone_at});
	}
}

/*
 * Octets of the longest run of whole labels that both names end with and that a pointer
 * can name; *at is where it stands. One step a label.
 */
static size_t common_end(
	const struct written *e, const uint8_t *labels, size_t len, uint16_t *at)
{
	size_t i = 0, j = 0;

	while (i < len && j < e->literal) {
		size_t rest = len - i, e_rest = e->len - j;

		if (rest == e_rest && memcmp(labels + i, e->labels + j, rest) == 0) {
			if (e->at + j > ENCODE_PTR_MAX)
				return 0;
			*at = (uint16_t)(e->at + j);
			return rest;
		}
		if (rest >= e_rest)
			i += 1u + labels[i];
		if (e_rest >= rest)
			j += 1u + e->labels[j];
	}
	return 0;
}

/* True if the last zone_len octets of the name are the question's zone. */
static bool in_question_zone(
	const struct reply *r, const uint8_t *name, size_t len, size_t zone_len)
{
	if (r->zone < 0 || zone_len == 0)
		return false;
	const struct name *zone = &r->settings->zones[r->zone].name;

	return zone_len == zone->len && zone_len <= len &&
	       memcmp(name + len - zone_len, zone->wire, zone_len) == 0;
}

/*
 * Write a name, compressed; *at is where it stands, or where its only octets point to.
 * Its last zone_len octets take the letters of the question. Overflow shows in r->w.
 */
static void put_name(
	struct reply *r, const uint8_t *name, size_t len, size_t zone_len, uint16_t *at)
{
	uint16_t tail = in_question_zone(r, name, len, zone_len) ? r->zone_at : 0;
	size_t labels = tail != 0 ? len - zone_len : len - 1;
	size_t best = 0;
	uint16_t best_at = tail;

	if (r->nnames == 0)
		remember_question(r);
	for (unsigned i = 0; i < r->nnames && best < labels; i++) {
		uint16_t found;

		if (r->names[i].tail != tail)
			continue;
		size_t n = common_end(&r->names[i], name, labels, &found);
		if (n > best) {
			best = n;
			best_at = found;
		}
	}
	*at = labels > best || best_at == 0 ? (uint16_t)r->w.len : best_at;
	if (labels > best)
		remember(r, (struct written){name, (uint8_t)labels,
				    (uint8_t)(labels - best), *at, tail});
	wire_bytes(&r->w, name, labels - best);
	if (best_at != 0)
		wire_u16(&r->w, (uint16_t)(0xc000 | best_at));
	else
		wire_u8(&r->w, 0);
}

void encode_name(struct reply *r, const uint8_t *name, size_t len, uint16_t *at)
{
	put_name(r, name, len, 0, at);
}

size_t encode_head(const struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	uint8_t out[ENCODE_HEAD_MAX])
{
	size_t n = 2;

	if (at <= ENCODE_PTR_MAX) {
		store_u16(out, (uint16_t)(0xc000 | at));
	} else {
		n = name_scan(r->p->buf + at, r->w.len - at);
		if (n == 0)
			return 0;
		memcpy(out, r->p->buf + at, n);
	}
	store_u16(out + n, type);
	store_u16(out + n + 2, CLASS_IN);
	store_u32(out + n + 4, ttl_s);
	return n + 8;
}

/* Write RRs of addresses [from, to) behind a head; the room was checked. */
static uint8_t *copy_addrs(uint8_t *to, const uint8_t *head, size_t head_len,
	const uint8_t *addrs, size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (head_len == 12)
			memcpy(to, head, 12);
		else
			memcpy(to, head, head_len);
		to += head_len;
		if (size == 4)
			memcpy(to, addrs, 4);
		else
			memcpy(to, addrs, 16);
		to += size;
		addrs += size;
	}
	return to;
}

/*
 * Write the addresses of an RRset in their order: as many as fit, or with `whole` all or
 * none. How many; -EBADMSG: there are fewer octets than the count says.
 */
static int put_addrs(struct reply *r, uint16_t at, const struct rrset *rr, bool whole)
{
	uint8_t head[ENCODE_HEAD_MAX + 2];
	size_t size = rr->type == TYPE_AAAA ? 16 : 4;
	size_t head_len = encode_head(r, at, rr->type, rr->ttl_s, head);
	unsigned n = rr->count, first = order_first(r, n);

	if (rr->len < n * size)
		return -EBADMSG;
	if (head_len == 0)
		return 0;
	store_u16(head + head_len, (uint16_t)size);
	head_len += 2;
	size_t room = (r->w.cap - r->w.len) / (head_len + size);
	if (n > room) {
		if (whole)
			return 0;
		n = (unsigned)room;
	}
	uint8_t *to = wire_claim(&r->w, n * (head_len + size));
	if (to == NULL)
		return 0;
	/* Not inline: the path of those who only rotate pays three branches. */
	if (order_needed(r, rr) && order_addrs(r, at, to, head, head_len, rr, n))
		return (int)n;
	unsigned tail = MIN(n, rr->count - first); /* before the rotation wraps */
	to = copy_addrs(to, head, head_len, rr->data + first * size, size, tail);
	if (n > tail)
		copy_addrs(to, head, head_len, rr->data, size, n - tail);
	return (int)n;
}

/* Begin an RR; returns where its RDLENGTH stands, 0 if it cannot be begun. */
static size_t begin_rr(struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s)
{
	uint8_t head[ENCODE_HEAD_MAX];
	size_t n = encode_head(r, at, type, ttl_s, head);

	if (n == 0)
		return 0;
	wire_bytes(&r->w, head, n);
	wire_u16(&r->w, 0);
	return r->w.overflow ? 0 : r->w.len - 2;
}

/* End it: true if it fits, else it is taken back. */
static bool end_rr(struct reply *r, size_t mark, size_t length_at)
{
	if (length_at == 0 || r->w.overflow) {
		wire_rewind(&r->w, mark);
		return false;
	}
	wire_patch_u16(&r->w, length_at, (uint16_t)(r->w.len - length_at - 2));
	return true;
}

/* AC-04: a reverse name does not tell of what the client does not see. */
static __attribute__((noinline)) bool is_hidden(
	struct reply *r, const struct rrset *rr, const uint8_t *name, size_t len)
{
	if (rr->type != TYPE_PTR || settings_tells(r->settings, r->viewer, name, len))
		return false;
	r->p->facts |= PACKET_HIDDEN;
	return true;
}

/* Counts them itself: what is hidden is not missing. */
static int put_names(struct reply *r, const struct owner *o, const struct rrset *rr,
	uint16_t *at, unsigned max)
{
	const uint8_t *cursor = rr->data, *name;
	uint8_t len, zone_len;
	unsigned n = 0;

	for (unsigned i = 0; i < rr->count; i++) {
		size_t mark = r->w.len;
		unsigned known = r->nnames;
		uint16_t name_at = 0;

		if (!node_next_name(rr, &cursor, &name, &len, &zone_len))
			return -EBADMSG;
		if (r->viewer != NULL && is_hidden(r, rr, name, len))
			continue;
		size_t length_at = begin_rr(r, o->at, rr->type, rr->ttl_s);
		if (length_at != 0)
			put_name(r, name, len, zone_len, &name_at);
		if (!end_rr(r, mark, length_at)) {
			r->nnames = known;
			r->cut = true;
			break;
		}
		if (at != NULL && n < max)
			at[n] = name_at;
		n++;
	}
	r->an = (uint16_t)(r->an + n);
	return (int)n;
}

static int put_opaque(struct reply *r, const struct owner *o, const struct rrset *rr,
	uint16_t *at, unsigned max)
{
	const uint8_t *cursor = rr->data, *end = rr->data + rr->len;
	unsigned n = 0;

	for (; n < rr->count; n++) {
		size_t mark = r->w.len;
		uint16_t len;

		if (end - cursor < 2)
			return -EBADMSG;
		memcpy(&len, cursor, 2);
		if (end - cursor - 2 < len)
			return -EBADMSG;
		size_t length_at = begin_rr(r, o->at, rr->type, rr->ttl_s);
		wire_bytes(&r->w, cursor + 2, len);
		if (!end_rr(r, mark, length_at))
			break;
		if (at != NULL && n < max)
			at[n] = (uint16_t)(length_at + 2);
		cursor += 2 + len;
	}
	return (int)n;
}

int encode_answer(struct reply *r, const struct owner *o, const struct rrset *rr,
	uint16_t *at, unsigned max)
{
	int n = -EBADMSG;

	switch (rr->form) {
	case FORM_ADDRS:
	case FORM_BODY_ADDRS:
	case FORM_ADDRS_PLACED:
	case FORM_BODY_PLACED:
		n = put_addrs(r, o->at, rr, false);
		break;
	case FORM_NAMES:
		return put_names(r, o, rr, at, max);
	case FORM_OPAQUE:
		n = put_opaque(r, o, rr, at, max);
		break;
	case FORM_SRV_SELF:
	case FORM_SRV_BODY:
		break;
	}
	if (n < 0)
		return n;
	r->an = (uint16_t)(r->an + n);
	if (n < rr->count)
		r->cut = true;
	return n;
}

bool encode_name_rr(struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	const struct name *name, uint16_t *name_at)
{
	size_t mark = r->w.len;
	unsigned known = r->nnames;
	size_t length_at = begin_rr(r, at, type, ttl_s);

	*name_at = 0;
	if (length_at != 0)
		put_name(r, name->wire, name->len, 0, name_at);
	if (!end_rr(r, mark, length_at)) {
		r->nnames = known;
		r->cut = true;
		return false;
	}
	r->an++;
	return true;
}

bool encode_soa_rr(struct reply *r, uint16_t at, uint32_t ttl_s, const uint8_t *rdata,
	size_t len, bool authority)
{
	size_t mark = r->w.len, mname = name_scan(rdata, len);
	size_t rname = name_scan(rdata + mname, len - mname);
	unsigned known = r->nnames;
	size_t length_at = begin_rr(r, at, TYPE_SOA, ttl_s);
	uint16_t unused;

	if (length_at != 0) {
		put_name(r, rdata, mname, 0, &unused);
		put_name(r, rdata + mname, rname, 0, &unused);
		wire_bytes(&r->w, rdata + mname + rname, len - mname - rname);
	}
	if (!end_rr(r, mark, length_at)) {
		r->nnames = known;
		r->cut = true;
		return false;
	}
	if (authority)
		r->ns++;
	else
		r->an++;
	return true;
}

bool encode_rr(struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	const void *rdata, size_t len)
{
	size_t mark = r->w.len;
	size_t length_at = begin_rr(r, at, type, ttl_s);

	wire_bytes(&r->w, rdata, len);
	if (!end_rr(r, mark, length_at)) {
		r->cut = true;
		return false;
	}
	r->an++;
	return true;
}

bool encode_authority(struct reply *r, const struct encode_owner *o, uint16_t type,
	uint32_t ttl_s, const void *rdata, size_t len)
{
	size_t mark = r->w.len;
	unsigned known = r->nnames;
	uint16_t unused;

	put_name(r, o->name, o->len, o->zone_len, &unused);
	wire_u16(&r->w, type);
	wire_u16(&r->w, CLASS_IN);
	wire_u32(&r->w, ttl_s);
	wire_u16(&r->w, (uint16_t)len);
	wire_bytes(&r->w, rdata, len);
	if (r->w.overflow) {
		wire_rewind(&r->w, mark);
		r->nnames = known;
		r->cut = true;
		return false;
	}
	r->ns++;
	return true;
}

bool encode_glue(struct reply *r, uint16_t at, const struct rrset *rr)
{
	if (rr->form != FORM_ADDRS && rr->form != FORM_BODY_ADDRS &&
		!node_placed(rr->form))
		return true; /* no addresses: nothing that could be added */
	if (r->settings->minimal && r->an > 0 && !r->referral)
		return true; /* SM-10 */
	int n = r->full ? 0 : put_addrs(r, at, rr, true);
	if (n <= 0) {
		r->full = true;
		return false;
	}
	r->ar = (uint16_t)(r->ar + n);
	return true;
}

/* SOA behind its owner; pointers, TTL, SERIAL and MINIMUM are put in. */
static const uint8_t soa_template[] = {
	0, TYPE_SOA, 0, CLASS_IN, 0, 0, 0, 0, 0, 42,                /* type to RDLENGTH */
	2, 'n', 's', 3, 'd', 'n', 's', 0, 0,                        /* MNAME */
	10, 'h', 'o', 's', 't', 'm', 'a', 's', 't', 'e', 'r', 0, 0, /* RNAME */
	0, 0, 0, 0,                                                 /* SERIAL */
	0, 0, 0x1c, 0x20, 0, 0, 0x07, 0x08, 0, 1, 0x51, 0x80,       /* 7200 1800 86400 */
	0, 0, 0, 0,                                                 /* MINIMUM */
};

/* The rest of an SOA, whose owner was written from `mark` on and stands at `at`. */
static inline void put_soa(
	struct reply *r, size_t mark, uint16_t at, uint32_t serial, bool authority)
{
	uint32_t minimum = r->settings->negative_ttl_s;
	uint8_t *soa = wire_claim(&r->w, sizeof(soa_template));

	if (soa == NULL || at > ENCODE_PTR_MAX) {
		wire_rewind(&r->w, mark);
		r->cut = true;
		return;
	}
	memcpy(soa, soa_template, sizeof(soa_template));
	store_u32(soa + 4, MIN(minimum, TTL_SOA_MAX));
	store_u16(soa + 17, (uint16_t)(0xc000 | at));
	store_u16(soa + 30, (uint16_t)(0xc000 | at));
	store_u32(soa + 32, serial);
	store_u32(soa + 48, minimum);
	if (authority)
		r->ns++;
	else
		r->an++;
}

void encode_soa(struct reply *r, int zone, uint32_t serial, bool authority)
{
	const struct name *name = &r->settings->zones[zone].name;
	size_t mark = r->w.len;
	uint16_t at = r->zone_at;

	if (zone == r->zone)
		wire_u16(&r->w, (uint16_t)(0xc000 | at));
	else
		put_name(r, name->wire, name->len, 0, &at);
	put_soa(r, mark, at, serial, authority);
}

void encode_other_soa(struct reply *r, const uint8_t *name, size_t len, uint32_t serial)
{
	size_t mark = r->w.len;
	uint16_t at;

	put_name(r, name, len, 0, &at);
	put_soa(r, mark, at, serial, true);
}

void encode_empty_soa(struct reply *r, size_t zone_len, bool authority)
{
	static const uint8_t template[] = {
		0, TYPE_SOA, 0, CLASS_IN, 0, 0, 0x2a, 0x30, 0, 38, /* TTL 10800 */
		0, 0,                                              /* MNAME: the zone */
		6, 'n', 'o', 'b', 'o', 'd', 'y', 7, 'i', 'n', 'v', 'a', 'l', 'i', 'd', 0,
		0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0, 0x04, 0xb0, /* 1 3600 1200 */
		0, 0x09, 0x3a, 0x80, 0, 0, 0x2a, 0x30,          /* 604800 10800 */
	};
	uint16_t at = (uint16_t)(MSG_HEADER_LEN + r->p->q.qname_len - zone_len);
	uint8_t *soa = wire_claim(&r->w, 2 + sizeof(template));

	_Static_assert(sizeof(template) == 48, "RDLENGTH is 38");
	if (soa == NULL) {
		r->w.overflow = false;
		r->cut = true;
		return;
	}
	store_u16(soa, (uint16_t)(0xc000 | at));
	memcpy(soa + 2, template, sizeof(template));
	store_u16(soa + 12, (uint16_t)(0xc000 | at));
	if (authority)
		r->ns++;
	else
		r->an++;
}

/* Write the header; counts and rcode are known. The operator's flags are last: SM-09. */
static void put_header(struct reply *r, unsigned questions)
{
	uint8_t *h = r->p->buf;
	unsigned flags = MSG_QR | (r->p->q.flags & (MSG_RD | MSG_CD)) | (r->rcode & 0xf);

	if (r->aa)
		flags |= MSG_AA;
	if (r->ra)
		flags |= MSG_RA;
	if (r->ad)
		flags |= MSG_AD;
	if (r->cut && !r->p->tcp)
		flags |= MSG_TC;
	flags = (flags | r->settings->header.response_set) &
	        ~(unsigned)r->settings->header.response_clear;
	store_u16(h, r->p->q.id);
	store_u16(h + 2, (uint16_t)flags);
	store_u16(h + 4, (uint16_t)questions);
	store_u16(h + 6, r->an);
	store_u16(h + 8, r->ns);
	store_u16(h + 10, r->ar);
}

/* The idle time-out for a client that asked for it over TCP (E-17). */
static void put_keepalive(struct reply *r)
{
	if (!r->p->tcp || !r->p->q.want_keepalive || r->w.cap - r->w.len < 6)
		return;
	wire_u16(&r->w, OPTION_KEEPALIVE);
	wire_u16(&r->w, 2);
	wire_u16(&r->w, r->p->keepalive);
}

/* The operator's NSID, if one is set and it fits (RFC 5001, E-11). */
static void put_nsid(struct reply *r)
{
	const struct settings_text *nsid = &r->settings->nsid;

	if (!r->p->q.want_nsid || nsid->len == 0 || r->w.cap - r->w.len < 4u + nsid->len)
		return;
	wire_u16(&r->w, OPTION_NSID);
	wire_u16(&r->w, nsid->len);
	wire_bytes(&r->w, nsid->octets, nsid->len);
}

static void put_ede(struct reply *r)
{
	size_t text = r->ede_len;

	if (r->ede == ENCODE_NO_EDE || r->w.cap - r->w.len < 6 + text)
		return;
	wire_u16(&r->w, OPTION_EDE);
	wire_u16(&r->w, (uint16_t)(2 + text));
	wire_u16(&r->w, r->ede);
	wire_bytes(&r->w, r->ede_text, text);
	r->p->facts |= PACKET_EDE;
	r->p->ede = r->ede;
}

/* The OPT, and the options in it that there is room for (RG-07, E-17, E-22). */
static void put_opt(struct reply *r)
{
	uint8_t *opt;

	r->w.cap = r->limit;
	opt = wire_claim(&r->w, OPT_LEN);
	if (opt == NULL)
		return;
	opt[0] = 0;
	store_u16(opt + 1, TYPE_OPT);
	store_u16(opt + 3, r->settings->max_udp);
	store_u16(opt + 5, (uint16_t)(r->rcode >> 4 << 8)); /* and version 0 */
	store_u16(opt + 7, r->p->q.want_do ? 0x8000 : 0);
	r->ar++;
	size_t end = r->w.len;
	if (r->rcode != RCODE_BADVERS) { /* E-06 */
		put_nsid(r);
		put_keepalive(r);
	}
	put_ede(r);
	store_u16(opt + 9, (uint16_t)(r->w.len - end));
}

void encode_end(struct reply *r)
{
	struct packet *p = r->p;
	unsigned questions = p->q.end > MSG_HEADER_LEN ? 1 : 0;

	p->rcode = r->rcode;
	p->facts &= ~(uint32_t)(PACKET_TRUNCATED | PACKET_HEADER_ONLY);
	p->reply_len = 0;
	if (r->limit < MSG_HEADER_LEN)
		return;
	if (r->limit < p->q.end + (p->q.has_opt ? OPT_LEN : 0u)) {
		encode_reset(r);
		r->cut = true;
		r->w.len = MSG_HEADER_LEN;
		questions = 0;
	} else if (p->q.has_opt) {
		put_opt(r);
	}
	put_header(r, questions);
	if (r->cut && !p->tcp)
		p->facts |= PACKET_TRUNCATED;
	p->reply_len = r->w.len;
}

void encode_status(struct packet *p, const struct settings *s, uint16_t rcode)
{
	struct reply r;

	encode_begin(&r, p, s, -1);
	r.rcode = rcode;
	encode_end(&r);
}

void encode_truncated(struct packet *p, const struct settings *s)
{
	struct reply r;

	encode_begin(&r, p, s, -1);
	r.cut = true;
	encode_end(&r);
}

void encode_header_only(struct packet *p, uint16_t rcode)
{
	p->reply_len = 0;
	p->rcode = rcode;
	if (p->cap < MSG_HEADER_LEN)
		return;
	memset(p->buf, 0, MSG_HEADER_LEN);
	store_u16(p->buf, p->q.id);
	store_u16(p->buf + 2, (uint16_t)(MSG_QR | (p->q.flags & 0x7800) | (rcode & 0xf)));
	p->facts |= PACKET_HEADER_ONLY;
	p->reply_len = MSG_HEADER_LEN;
}
