/* reply.c - what is sent, what is taken for its reply, and what becomes of that */
#include "forwarder/reply.h"

#include "dns/msg.h"
#include "dns/type.h"
#include "dns/wire.h"
#include "forwarder/entry.h"
#include "forwarder/scrub.h"

#define FAILURE_MAX_MS 300000 /* RFC 9520, section 3.2 */

/* All that stands between a message and an entry. */
struct work {
	struct rrs rrs;
	struct scrub scrub;
};

/* True if the question at offset 12 is this one; *cased: letter case included. */
static bool is_question(const uint8_t *msg, size_t len, const uint8_t *name,
	size_t name_len, uint16_t type, bool *cased)
{
	const uint8_t *asked = msg + MSG_HEADER_LEN;
	size_t n = name_scan(asked, len - MSG_HEADER_LEN);

	if (n != name_len || len - MSG_HEADER_LEN - n < 4)
		return false;
	if (load_u16(asked + n) != type || load_u16(asked + n + 2) != CLASS_IN)
		return false;
	*cased = memcmp(asked, name, n) == 0;
	return name_equal(asked, n, name, n);
}

/*
 * True if an appliance says that the query went in a circle (LO-01), or that it knows so
 * from another one (CA-13). It only decides how our own failure is called.
 */
static bool says_loop(const struct rrs *r)
{
	static const char text[] = "loop";
	const uint8_t *p = r->msg + r->options;
	size_t left = r->rcode == RCODE_SERVFAIL ? r->options_len : 0;

	while (left >= 4 && load_u16(p + 2) <= left - 4) {
		size_t n = load_u16(p + 2);
		uint16_t code = n >= 2 ? load_u16(p + 4) : UINT16_MAX;

		if (load_u16(p) == OPTION_EDE && n == 2 + sizeof(text) - 1 &&
			(code == EDE_OTHER || code == EDE_CACHED_ERROR) &&
			memcmp(p + 6, text, sizeof(text) - 1) == 0)
			return true;
		p += 4 + n;
		left -= 4 + n;
	}
	return false;
}

enum reply_kind reply_check(const uint8_t *msg, size_t len, const struct sent *sent,
	struct reply_facts *facts)
{
	struct rrs rrs;
	bool cased;

	if (len < MSG_HEADER_LEN)
		return REPLY_BROKEN;
	uint16_t flags = load_u16(msg + 2);

	if (load_u16(msg) != sent->id || (flags & MSG_QR) == 0 ||
		(flags >> 11 & 0xf) != OPCODE_QUERY || load_u16(msg + 4) != 1)
		return REPLY_OTHER;
	if (!is_question(msg, len, sent->name, sent->name_len, sent->type, &cased))
		return REPLY_OTHER;
	/* A message that was cut may end anywhere: nothing of it is used but that. */
	if (rrs_read(msg, len, &rrs) < 0) {
		if ((flags & MSG_TC) == 0)
			return REPLY_BROKEN;
		rrs.rcode = flags & 0xf;
		rrs.has_opt = false;
		rrs.options_len = 0;
	}
	facts->rcode = rrs.rcode;
	facts->tc = (flags & MSG_TC) != 0;
	facts->ad = (flags & MSG_AD) != 0;
	facts->has_opt = rrs.has_opt;
	facts->loop = says_loop(&rrs);
	return sent->mixed && !cased ? REPLY_CASE : REPLY_MATCHES;
}

/* Why nothing of the reply can be used; NULL: something can. */
static const char *is_useless(const struct rrs *r, const struct scrub *s)
{
	if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN)
		return NULL;
	switch (s->end) {
	case SCRUB_BROKEN:
		return "malformed rdata";
	case SCRUB_LOOP:
		return "loop of CNAMEs";
	case SCRUB_LONG:
		return "chain of CNAMEs too long";
	case SCRUB_FULL:
		return "too many RRsets";
	case SCRUB_OPEN:
		if (s->aliases > 0 || r->rcode == RCODE_NXDOMAIN)
			return NULL;
		if (r->answers > 0)
			return "unrelated records";
		return s->referral ? "referral" : NULL;
	case SCRUB_DATA:
	case SCRUB_DENIED:
	case SCRUB_OURS:
		break;
	}
	return NULL;
}

/* With another rcode there may be anything: what does not fit is left out, not mended. */
static void drop_odd(struct scrub *s)
{
	if (s->end == SCRUB_BROKEN || s->end == SCRUB_LOOP || s->end == SCRUB_LONG ||
		s->end == SCRUB_FULL)
		s->nsets = 0;
}

/*
 * Put the TTL that is to be shown into each set (CA-01, CA-03 to CA-06). Returns for how
 * long the whole may be used: as long as each RRset of the answer, and its denial.
 */
static uint32_t cap_ttls(struct scrub *s, const struct cache_settings *c)
{
	uint32_t life_s = UINT32_MAX;

	for (unsigned i = 0; i < s->nsets; i++) {
		struct scrub_set *set = &s->set[i];
		bool denial = set->authority && s->end == SCRUB_DENIED;
		bool soa = denial && set->type == TYPE_SOA;
		uint32_t ttl_s = soa ? s->negative_s : set->ttl_s;

		ttl_s = MIN(ttl_s, denial ? c->denial_max_ttl_s : c->success_max_ttl_s);
		ttl_s = MAX(ttl_s, denial ? c->denial_min_ttl_s : c->success_min_ttl_s);
		set->ttl_s = ttl_s;
		if (!set->authority || soa)
			life_s = MIN(life_s, ttl_s);
	}
	return life_s;
}

/* Seconds until the first signature ends that came for a client who checks them. */
static uint32_t signed_s(const struct scrub *s, const struct reply_rules *rules)
{
	if (!s->is_signed || !s->want_do || rules->wall_s == 0)
		return UINT32_MAX;
	int32_t left_s = (int32_t)(s->expires_s - rules->wall_s); /* RFC 4034, 3.1.5 */

	return left_s > 0 ? (uint32_t)left_s : 0;
}

/* True if the operator wants such outcomes of this name to be kept (CA-02). */
static bool is_wanted(
	const struct question *q, const struct forward_settings *f, enum scrub_end end)
{
	struct forward_names never = end == SCRUB_DENIED ? f->cache.disable_denial
	                                                 : f->cache.disable_success;

	if (f->cache.zones.n > 0 &&
		!forward_covered(f, f->cache.zones, q->name, q->name_len))
		return false;
	return never.n == 0 || !forward_covered(f, never, q->name, q->name_len);
}

/* True if what was found may be used again, were it not for its TTL and size. */
static bool is_reusable(const struct rrs *r, const struct scrub *s)
{
	if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN)
		return false;
	/* NXDOMAIN for what is there contradicts itself. */
	return s->end != SCRUB_OPEN &&
	       (s->end != SCRUB_DATA || r->rcode == RCODE_NOERROR);
}

/* Decide whether the entry may be reused, how long, and as what. */
static enum reply_use settle(struct cache_entry *e, const struct question *q,
	const struct work *w, const struct reply_rules *rules, uint32_t life_s)
{
	life_s = MIN(life_s, signed_s(&w->scrub, rules));
	if (life_s == 0 || e->wire_len > CACHE_STORED_MAX ||
		!is_reusable(&w->rrs, &w->scrub) ||
		!is_wanted(q, rules->settings, w->scrub.end))
		return REPLY_PASS;
	e->expires_ns = e->stored_ns + life_s * NS_PER_S;
	e->kind = CACHE_ANSWER;
	/* Behind an alias it is its target that does not exist (RFC 2308). */
	if (e->rcode == RCODE_NXDOMAIN && w->scrub.aliases == 0) {
		e->kind = CACHE_NXDOMAIN;
		e->type = 0;
	}
	return REPLY_STORE;
}

static enum reply_use useless(const char *why, const char **reason)
{
	if (reason != NULL)
		*reason = why;
	return REPLY_USELESS;
}

void reply_failure(const struct question *q, const struct reply_rules *rules,
	uint16_t ede, const char *text, struct cache_entry *e)
{
	uint32_t ttl_ms = MIN(rules->settings->cache.servfail_ttl_ms, FAILURE_MAX_MS);

	entry_begin(e, q, rules->now_ns);
	e->kind = CACHE_FAILURE;
	e->rcode = RCODE_SERVFAIL;
	e->ede = ede;
	e->expires_ns = e->stored_ns + ttl_ms * NS_PER_MS;
	entry_end(e, q, NULL, text);
}

enum reply_use reply_take(const uint8_t *msg, size_t len, const struct question *q,
	const struct reply_rules *rules, struct cache_entry *e, const char **reason)
{
	struct name name = {.len = q->name_len};
	struct work w;
	const char *why;
	uint32_t life_s;
	bool cased;

	if (rrs_read(msg, len, &w.rrs) < 0 ||
		!is_question(msg, len, q->name, q->name_len, q->type, &cased))
		return useless("malformed", reason);
	if (w.rrs.rcode == RCODE_SERVFAIL) {
		const bool loop = says_loop(&w.rrs);

		reply_failure(
			q, rules, loop ? EDE_OTHER : UINT16_MAX, loop ? "loop" : NULL, e);
		return REPLY_STORE;
	}
	memcpy(name.wire, q->name, q->name_len);
	w.scrub.rrs = &w.rrs;
	w.scrub.zones = rules->zones;
	w.scrub.type = q->type;
	w.scrub.want_do = (q->flags & QUESTION_DO) != 0;
	w.scrub.seed = q->hash.check;
	scrub(&w.scrub, &name);
	why = is_useless(&w.rrs, &w.scrub);
	if (why != NULL)
		return useless(why, reason);

	drop_odd(&w.scrub);
	life_s = cap_ttls(&w.scrub, &rules->settings->cache);
	entry_begin(e, q, rules->now_ns);
	/* What the upstream says of a name of ours does not count. */
	e->rcode = w.scrub.end == SCRUB_OURS ? RCODE_NOERROR : w.rrs.rcode;
	e->ad = rules->trust_ad && (w.rrs.flags & MSG_AD) != 0;
	if (!entry_end(e, q, &w.scrub, NULL))
		return useless("too large", reason);
	return settle(e, q, &w, rules, life_s);
}

/* Our OPT, with the mark by which the query is known if it comes back (LO-01). */
static void put_opt(struct wire *w, uint16_t max_udp, bool want_do,
	const struct mark *mark, const struct hash_key *key)
{
	uint8_t data[MARK_OCTETS];

	wire_u8(w, 0);
	wire_u16(w, TYPE_OPT);
	wire_u16(w, max_udp);
	wire_u32(w, want_do ? 0x8000 : 0);
	if (mark == NULL) {
		wire_u16(w, 0);
		return;
	}
	mark_write(mark, key, data);
	wire_u16(w, 4 + MARK_OCTETS);
	wire_u16(w, MARK_OPTION);
	wire_u16(w, MARK_OCTETS);
	wire_bytes(w, data, sizeof(data));
}

size_t reply_query(const struct sent *sent, uint8_t flags, bool trust_ad,
	uint16_t max_udp, const struct mark *mark, const struct hash_key *key,
	uint8_t *out)
{
	struct wire w;

	_Static_assert(REPLY_QUERY_MAX >=
			       MSG_HEADER_LEN + NAME_MAX_LEN + 4 + 11 + 4 + MARK_OCTETS,
		"the longest query fits");
	wire_init(&w, out, REPLY_QUERY_MAX);
	wire_u16(&w, sent->id);
	wire_u16(&w, (uint16_t)(MSG_RD | ((flags & QUESTION_CD) != 0 ? MSG_CD : 0) |
				(trust_ad ? MSG_AD : 0)));
	wire_u16(&w, 1);
	wire_u32(&w, 0);
	wire_u16(&w, sent->edns);
	wire_bytes(&w, sent->name, sent->name_len);
	wire_u16(&w, sent->type);
	wire_u16(&w, CLASS_IN);
	if (sent->edns)
		put_opt(&w, max_udp, (flags & QUESTION_DO) != 0, mark, key);
	return w.len;
}
