#include "worker/local.h"

#include "dns/type.h"

static const uint8_t localhost[] = "\11localhost";

/* Add a loopback address if one of that type was asked for. */
static bool put_loopback(struct reply *r)
{
	static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	uint32_t ttl_s = r->settings->ttl_s;

	switch (r->p->q.type) {
	case TYPE_A:
		encode_rr(r, MSG_HEADER_LEN, TYPE_A, ttl_s, v4, sizeof(v4));
		return true;
	case TYPE_AAAA:
		encode_rr(r, MSG_HEADER_LEN, TYPE_AAAA, ttl_s, v6, sizeof(v6));
		return true;
	default:
		return false;
	}
}

/*
 * PTR of the one address that has a name. Above it are empty non-terminals; what is
 * neither does not exist (N-02, RFC 6303).
 */
static bool put_reverse(struct reply *r, size_t apex_len)
{
	const struct query *q = &r->p->q;
	bool v6 = q->qname_len == SPECIAL_LOOPBACK6;
	const uint8_t *full = v6 ? special_loopback6 : special_loopback4;
	size_t len = v6 ? SPECIAL_LOOPBACK6 : SPECIAL_LOOPBACK4;

	if (q->qname_len != len || memcmp(q->qname, full, len) != 0) {
		if (!name_under(full, len, q->qname, q->qname_len) &&
			q->qname_len > apex_len)
			r->rcode = RCODE_NXDOMAIN;
		return false;
	}
	if (q->type != TYPE_PTR)
		return false;
	encode_rr(r, MSG_HEADER_LEN, TYPE_PTR, r->settings->ttl_s, localhost,
		sizeof(localhost));
	return true;
}

void local_special(struct reply *r, const struct special *special)
{
	const struct query *q = &r->p->q;
	bool apex = q->qname_len == special->zone_len;
	bool done = false;

	r->aa = true;
	if (special->kind == SPECIAL_FORWARD)
		done = put_loopback(r);
	else if (special->kind == SPECIAL_REVERSE)
		done = put_reverse(r, special->zone_len);
	else if (special->kind == SPECIAL_EMPTY)
		r->rcode = RCODE_NXDOMAIN;
	if (!done && special->kind != SPECIAL_EMPTY && apex && q->type == TYPE_SOA)
		encode_empty_soa(r, special->zone_len, false);
	else if (!done)
		encode_empty_soa(r, special->zone_len, true);
}

/* ---- class CH ---- */

/* Which text a name of class CH has; NULL: none. */
static const struct settings_text *chaos_text(
	const struct settings *s, const struct query *q)
{
	static const struct {
		const uint8_t *name;
		size_t len;
		bool host;
	} names[] = {
		{(const uint8_t *)"\7version\4bind", 14, false},
		{(const uint8_t *)"\7version\6server", 16, false},
		{(const uint8_t *)"\10hostname\4bind", 15, true},
		{(const uint8_t *)"\2id\6server", 11, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].len == q->qname_len &&
			memcmp(names[i].name, q->qname, names[i].len) == 0)
			return names[i].host ? &s->hostname : &s->version;
	return NULL;
}

void local_chaos(struct reply *r)
{
	const struct settings *s = r->settings;
	const struct query *q = &r->p->q;
	const struct settings_text *text = chaos_text(s, q);

	if (s->chaos == 0 || q->class != CLASS_CH || q->type != TYPE_TXT ||
		text == NULL) {
		r->rcode = RCODE_REFUSED;
		return;
	}
	r->aa = true;
	wire_u16(&r->w, 0xc000 | MSG_HEADER_LEN);
	wire_u16(&r->w, TYPE_TXT);
	wire_u16(&r->w, CLASS_CH);
	wire_u32(&r->w, 0);
	wire_u16(&r->w, (uint16_t)(1 + text->len));
	wire_u8(&r->w, text->len);
	wire_bytes(&r->w, text->octets, text->len);
	r->cut = r->w.overflow;
	r->an = r->cut ? 0 : 1;
}
