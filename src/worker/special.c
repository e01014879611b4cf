#include "worker/special.h"

#include "dns/type.h"

#define NIBBLES_4 "\0010\0010\0010\0010"
#define NIBBLES_7 "\0010\0010\0010" NIBBLES_4

static const uint8_t loopback6[] = "\0011" NIBBLES_7 NIBBLES_4 NIBBLES_4 NIBBLES_4
	NIBBLES_4 NIBBLES_4 NIBBLES_4 "\3ip6\4arpa"; /* ::1 */
static const uint8_t loopback4[] =
	"\0011\0010\0010\003127\7in-addr\4arpa"; /* 127.0.0.1 */
static const uint8_t localhost[] = "\11localhost";

_Static_assert(sizeof(loopback6) == 32 * 2 + 10, "32 nibbles and ip6.arpa");

/* The NUL of each string is the root label. */
#define ZONE(text, kind, flag)                                                           \
	{                                                                                \
		(const uint8_t *)text, sizeof(text), kind, flag                          \
	}

static const struct {
	const uint8_t *zone;
	size_t len;
	enum special_kind kind;
	uint8_t flag; /* of settings.special; 0: always */
} zones[] = {
	ZONE("\11localhost", SPECIAL_FORWARD, SPECIAL_LOCALHOST),
	ZONE("\003127\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	ZONE("\0010\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	ZONE("\003255\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	{loopback6, sizeof(loopback6), SPECIAL_REVERSE, SPECIAL_LOCALHOST},
	ZONE("\7invalid", SPECIAL_EMPTY, SPECIAL_INVALID),
	ZONE("\5onion", SPECIAL_EMPTY, SPECIAL_ONION),
	ZONE("\4test", SPECIAL_EMPTY, SPECIAL_TEST),
	ZONE("\5local", SPECIAL_EMPTY, SPECIAL_LOCAL),
	ZONE("\10resolver\4arpa", SPECIAL_NODATA, 0),
};

/*
 * SM-16: whoever has a group of its own for such a name wants it forwarded. Neither
 * loopback nor what is about us ever leaves (SM-04, N-06).
 */
static bool wanted_elsewhere(
	const struct settings *s, enum special_kind kind, const uint8_t *name, size_t len)
{
	if (kind != SPECIAL_EMPTY || s->forward.ngroups == 0)
		return false;
	int group = forward_group(&s->forward, name, len, -1);
	return group >= 0 && s->forward.groups[group].from.len > 1;
}

#define LAST(letter) (UINT32_C(1) << ((letter) - 'a'))

/* By its last letter: every name that is not ours comes here, and few are special. */
static bool may_be_special(const uint8_t *name, size_t len)
{
	static const uint32_t lasts = LAST('a') | LAST('d') | LAST('l') | LAST('n') |
	                              LAST('t');
	unsigned letter = len > 1 ? name[len - 2] - (unsigned)'a' : 26;

	return letter < 26 && (lasts >> letter & 1) != 0;
}

bool special_find(const struct settings *s, const uint8_t *name, size_t len, size_t ours,
	struct special *out)
{
	if (!may_be_special(name, len))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		if (zones[i].len <= ours || zones[i].len > len ||
			(zones[i].flag != 0 && (s->special & zones[i].flag) == 0) ||
			!name_under(name, len, zones[i].zone, zones[i].len) ||
			wanted_elsewhere(s, zones[i].kind, name, len))
			continue;
		*out = (struct special){zones[i].kind, (uint8_t)zones[i].len};
		return true;
	}
	return false;
}

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
	bool v6 = q->qname_len == sizeof(loopback6);
	const uint8_t *full = v6 ? loopback6 : loopback4;
	size_t len = v6 ? sizeof(loopback6) : sizeof(loopback4);

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

void special_answer(struct reply *r, const struct special *special)
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

void special_chaos(struct reply *r)
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
