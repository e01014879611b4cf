/*
 * fuzz_upstream.c - any octets as a reply of an upstream: taken, stored, found, delivered
 * (R-02)
 *
 * The first octet chooses DO, CD, trust and zones of ours; the rest is the message. What
 * was asked is what its question says, so that more than the matching is seen.
 */
#include <string.h>

#include "forwarder/cachewrite.h"
#include "forwarder/reply.h"
#include "fuzz/fuzz.h"
#include "message.h"

#define RING    (1 << 17)
#define CAP     300
#define DENIAL  60
#define TRUST   0x04
#define NO_ZONE 0x08

static struct settings settings;
static struct cachewrite cache;
static uint64_t now_ns = 1000 * NS_PER_S; /* rises with each input */

/* A cache in memory of ours, once. */
static void begin(void)
{
	static uint64_t copies[2 * CACHE_COPY_MAX / 8 + 2];
	static uint64_t *memory;
	size_t size = cachewrite_octets(RING, RING);

	if (memory != NULL)
		return;
	memory = calloc(size / 8 + 1, 8);
	FUZZ_CHECK(memory != NULL);
	FUZZ_CHECK(!cachewrite_open(&cache, (uint8_t *)memory, size, RING, RING, "fuzz",
		(uint8_t *)copies, NULL, NULL, now_ns));
	settings.forward.cache.success_max_ttl_s = CAP;
	settings.forward.cache.denial_max_ttl_s = DENIAL;
	settings.nzones = 1;
	settings.zones[0].labels = 1;
	FUZZ_CHECK(name_parse("ours", &settings.zones[0].name) == 0);
	settings_index(&settings);
}

/* The question that the message says it answers; false: it has none. */
static bool question(const uint8_t *msg, size_t len, struct question *q)
{
	static const struct hash_key key = {1, 2, UINT64_MAX};
	size_t n;

	if (len < MSG_HEADER_LEN)
		return false;
	n = name_scan(msg + MSG_HEADER_LEN, len - MSG_HEADER_LEN);
	if (n == 0 || len - MSG_HEADER_LEN - n < 4)
		return false;
	q->type = load_u16(msg + MSG_HEADER_LEN + n);
	q->name_len = (uint8_t)n;
	name_fold(q->name, msg + MSG_HEADER_LEN, n);
	q->hash = hash_name(&key, q->name, n);
	q->group = 1;
	return true;
}

/* The rcode of what may be a reply; -1: it is none. */
static int check(const uint8_t *msg, size_t len, const struct question *q)
{
	struct sent s = {.type = q->type, .name_len = q->name_len};
	struct reply_facts f = {0}, other;

	s.id = load_u16(msg);
	memcpy(s.name, msg + MSG_HEADER_LEN, q->name_len);
	s.mixed = true;
	enum reply_kind kind = reply_check(msg, len, &s, &f);
	FUZZ_CHECK(kind != REPLY_CASE); /* it is compared with itself */
	if (kind == REPLY_MATCHES)
		FUZZ_CHECK((msg[2] & 0x80) != 0 && f.tc == ((msg[2] & 0x02) != 0));
	s.id ^= 1;
	FUZZ_CHECK(reply_check(msg, len, &s, &other) == REPLY_OTHER);
	return kind == REPLY_MATCHES ? f.rcode : -1;
}

static bool same(const struct name *a, const struct name *b)
{
	return name_equal(a->wire, a->len, b->wire, b->len);
}

/* True if `a` is below `b`, or is it. */
static bool under(const struct name *a, const struct name *b)
{
	struct name x = {.len = a->len}, y = {.len = b->len};

	name_fold(x.wire, a->wire, a->len);
	name_fold(y.wire, b->wire, b->len);
	return name_under(x.wire, x.len, y.wire, y.len);
}

/* The names of an answer, as an asker follows them. */
struct trail {
	struct name at;     /* where the chain has come to */
	struct name before; /* owner of the last RR that is no RRSIG */
	uint16_t type;      /* asked for */
	bool want_do;
	bool zones; /* there are zones of ours */
	bool ours;  /* it has come to a name in a zone of ours */
};

/* An RR of the answer: at the name, a CNAME from it, or a DNAME above it. */
static void answer_rr(struct trail *t, const struct cache_entry *e,
	const struct cache_rr *rr, const struct name *owner)
{
	static const struct name zone = {.len = 6, .wire = "\4ours"};
	bool asked = t->type == rr->type || t->type == TYPE_ANY;

	if (rr->type == TYPE_RRSIG && !asked) {
		FUZZ_CHECK(t->want_do && same(owner, &t->before));
		return;
	}
	FUZZ_CHECK(!t->ours);
	t->before = *owner;
	/* One above the name leads on, whatever is asked for. */
	if (rr->type == TYPE_DNAME && !(asked && same(owner, &t->at))) {
		FUZZ_CHECK(under(&t->at, owner) && !same(owner, &t->at));
		return;
	}
	FUZZ_CHECK(same(owner, &t->at));
	if (!asked) {
		FUZZ_CHECK(rr->type == TYPE_CNAME);
		FUZZ_CHECK(cache_expand(e, rr->rdata, &t->at) == rr->rdata + rr->rdlen);
		t->ours = t->zones && under(&t->at, &zone);
	}
}

/* An RR of authority: the SOA above the last name, proofs and signatures with DO. */
static void authority_rr(
	const struct trail *t, const struct cache_rr *rr, const struct name *owner)
{
	if (rr->type == TYPE_SOA)
		FUZZ_CHECK(under(&t->at, owner));
	else
		FUZZ_CHECK(
			t->want_do && (rr->type == TYPE_NSEC || rr->type == TYPE_NSEC3 ||
					      rr->type == TYPE_RRSIG));
}

/* No RR of another owner leaves (C-11). */
static void check_owners(
	const struct cache_entry *e, const struct question *q, bool zones)
{
	struct trail t = {.type = q->type,
		.want_do = (q->flags & QUESTION_DO) != 0,
		.zones = zones};
	struct cache_rr rr;
	struct name owner;
	size_t at = 0;

	t.at.len = q->name_len;
	memcpy(t.at.wire, q->name, q->name_len);
	for (unsigned i = 0; i < (unsigned)e->answers + e->authorities; i++) {
		FUZZ_CHECK(cache_rr(e, &at, &rr));
		FUZZ_CHECK(cache_expand(e, rr.owner, &owner) == rr.fixed);
		if (i < e->answers)
			answer_rr(&t, e, &rr, &owner);
		else
			authority_rr(&t, &rr, &owner);
	}
	FUZZ_CHECK(at == e->wire_len);
}

static void check_entry(const struct cache_entry *e, const struct question *q,
	enum reply_use use, bool zones)
{
	const struct cache_set *set = cache_sets(e);

	FUZZ_CHECK(entry_check(e) == NULL);
	FUZZ_CHECK(cache_fits(e, (size_t)e->size8 * 8));
	for (unsigned i = 0; i < e->nsets; i++)
		FUZZ_CHECK(set[i].ttl_s <= CAP);
	check_owners(e, q, zones);
	FUZZ_CHECK(e->stored_ns == now_ns);
	if (use == REPLY_PASS) {
		FUZZ_CHECK(e->kind == CACHE_PASSES && e->expires_ns == now_ns);
		return;
	}
	if (e->kind == CACHE_FAILURE) {
		FUZZ_CHECK(e->rcode == RCODE_SERVFAIL && e->nsets == 0);
		return;
	}
	FUZZ_CHECK(e->expires_ns > now_ns && e->expires_ns <= now_ns + CAP * NS_PER_S);
	FUZZ_CHECK(e->rcode == RCODE_NOERROR || e->rcode == RCODE_NXDOMAIN);
	FUZZ_CHECK(e->wire_len <= CACHE_STORED_MAX);
	FUZZ_CHECK(e->kind == (e->rcode == RCODE_NXDOMAIN && e->answers == 0
					      ? CACHE_NXDOMAIN
					      : CACHE_ANSWER));
}

/* Who asks finds it in the cache, octet for octet. */
static void deliver(struct cache_entry *e, const struct question *q)
{
	struct cache_found found;
	size_t from = offsetof(struct cache_entry, path), n = (size_t)e->size8 * 8;

	FUZZ_CHECK(cachewrite_store(&cache, e) == 0);
	FUZZ_CHECK(cache_find(&cache.reader, q, now_ns, now_ns, &found));
	const struct cache_entry *got = e->kind == CACHE_FAILURE ? found.failure
	                                                         : found.answer;

	FUZZ_CHECK(got != NULL && got->size8 * 8 == n);
	FUZZ_CHECK(e->kind == CACHE_FAILURE ? found.failed_now : found.fresh);
	FUZZ_CHECK(memcmp((const uint8_t *)got + from, (const uint8_t *)e + from,
			   n - from) == 0);
}

/* What was left of it is left of itself. */
static void take_again(const struct cache_entry *e, const struct question *q,
	const struct reply_rules *rules, enum reply_use use)
{
	static uint64_t again[CACHE_COPY_MAX / 8 + 1];
	static uint8_t msg[MESSAGE_MAX];
	struct cache_entry *other = (struct cache_entry *)again;
	size_t from = offsetof(struct cache_entry, path);
	size_t len = entry_message(e, q->type, msg);

	if (len > UINT16_MAX)
		return;
	msg[3] |= e->ad != 0 ? MSG_AD : 0;
	FUZZ_CHECK(reply_take(msg, len, q, rules, other, NULL) == use);
	FUZZ_CHECK(other->size8 == e->size8);
	FUZZ_CHECK(memcmp((const uint8_t *)other + from, (const uint8_t *)e + from,
			   (size_t)e->size8 * 8 - from) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t octets[CACHE_COPY_MAX / 8 + 1];
	struct cache_entry *e = (struct cache_entry *)octets;
	struct reply_rules rules = {&settings.forward, &settings, false, 0, 1700000000};
	struct question q = {0};
	const char *reason = NULL;

	begin();
	rules.now_ns = ++now_ns;
	if (size == 0 || !question(data + 1, size - 1, &q))
		return 0;
	q.flags = data[0] & (QUESTION_DO | QUESTION_CD);
	rules.trust_ad = (data[0] & TRUST) != 0;
	if ((data[0] & NO_ZONE) != 0)
		rules.zones = NULL;
	int rcode = check(data + 1, size - 1, &q);
	enum reply_use use = reply_take(data + 1, size - 1, &q, &rules, e, &reason);
	FUZZ_CHECK((use == REPLY_USELESS) == (reason != NULL));
	if (use == REPLY_USELESS)
		return 0;
	check_entry(e, &q, use, rules.zones != NULL);
	if (rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN)
		take_again(e, &q, &rules, use);
	deliver(e, &q);
	return 0;
}
