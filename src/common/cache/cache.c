#include "cache/cache.h"

#include "base/base.h"
#include "dns/msg.h"
#include "snap/layout.h"

#define BUCKET_OCTETS (CACHE_BUCKET * sizeof(uint64_t))
#define RR_FIXED      10 /* type, class, TTL, length of rdata */
#define TYPE_CLASS    4  /* behind the name of a question */

/* ---- parts of an entry ---- */

const struct cache_set *cache_sets(const struct cache_entry *e)
{
	return (const struct cache_set *)(e + 1);
}

const uint8_t *cache_name(const struct cache_entry *e)
{
	return (const uint8_t *)(cache_sets(e) + e->nsets);
}

const uint8_t *cache_text(const struct cache_entry *e)
{
	return cache_name(e) + e->name_len;
}

const uint8_t *cache_wire(const struct cache_entry *e)
{
	return cache_text(e) + e->text_len;
}

uint32_t cache_ttl_s(const struct cache_entry *e, const struct cache_set *set,
	uint64_t now_ns, bool keep)
{
	uint64_t age_s = now_ns > e->stored_ns ? (now_ns - e->stored_ns) / NS_PER_S : 0;
	uint32_t ttl_s = MIN(set->ttl_s, (uint32_t)INT32_MAX); /* RFC 2181, section 8 */

	if (keep)
		return ttl_s;
	return age_s < ttl_s ? ttl_s - (uint32_t)age_s : 0;
}

/* ---- RRs ---- */

/*
 * Behind the name at `at` of the wire part; 0: it does not fit. `before` octets of a
 * message stand before the wire part. A pointer leads to something before itself.
 */
static inline size_t skip_name(const uint8_t *wire, size_t len, size_t before, size_t at)
{
	while (at + 1 < len) {
		uint8_t c = wire[at];

		if (c >= 0xc0) {
			size_t to = (size_t)(c & 0x3f) << 8 | wire[at + 1];

			return to >= MSG_HEADER_LEN && to < before + at ? at + 2 : 0;
		}
		if (c > LABEL_MAX_LEN)
			return 0;
		at += 1u + c;
		if (c == 0)
			return at;
	}
	return 0;
}

static inline bool read_rr(
	const uint8_t *wire, size_t len, size_t before, size_t *at, struct cache_rr *out)
{
	size_t fixed = skip_name(wire, len, before, *at);

	if (fixed == 0 || len - fixed < RR_FIXED)
		return false;
	out->owner = *at;
	out->fixed = fixed;
	out->rdata = fixed + RR_FIXED;
	out->type = load_u16(wire + fixed);
	out->rdlen = load_u16(wire + fixed + 8);
	*at = out->rdata + out->rdlen;
	return *at <= len;
}

/* Octets of a message before the wire part: header and question. */
static inline size_t octets_before(const struct cache_entry *e)
{
	return MSG_HEADER_LEN + e->name_len + TYPE_CLASS;
}

bool cache_rr(const struct cache_entry *e, size_t *at, struct cache_rr *out)
{
	return read_rr(cache_wire(e), e->wire_len, octets_before(e), at, out);
}

/* Where octet `at` of the message stands, and how many follow there; NULL: in no name. */
static const uint8_t *message_octets(const struct cache_entry *e, size_t at, size_t *n)
{
	size_t before = octets_before(e);

	if (at >= before) {
		*n = e->wire_len - MIN(at - before, e->wire_len);
		return cache_wire(e) + (at - before);
	}
	if (at < MSG_HEADER_LEN || at >= MSG_HEADER_LEN + (size_t)e->name_len)
		return NULL;
	*n = MSG_HEADER_LEN + e->name_len - at;
	return cache_name(e) + (at - MSG_HEADER_LEN);
}

size_t cache_expand(const struct cache_entry *e, size_t at, struct name *out)
{
	size_t before = octets_before(e), behind = 0, len = 0, n;

	at += before;
	for (size_t begin = at;;) {
		const uint8_t *p = message_octets(e, at, &n);

		if (p == NULL || n == 0)
			return 0;
		if (p[0] >= 0xc0) { /* to before the labels that it ends: it is finite */
			size_t to = n < 2 ? begin : load_u16(p) & 0x3fffu;

			if (to >= begin)
				return 0;
			behind = behind != 0 ? behind : at + 2;
			begin = at = to;
			continue;
		}
		if (p[0] > LABEL_MAX_LEN || p[0] >= n || len + p[0] + 1 > NAME_MAX_LEN)
			return 0;
		memcpy(out->wire + len, p, p[0] + 1u);
		len += p[0] + 1u;
		at += p[0] + 1u;
		if (p[0] == 0)
			break;
	}
	out->len = (uint8_t)len;
	return (behind != 0 ? behind : at) - before;
}

/* ---- is it whole? ---- */

/* True if the sets follow one another through the wire part, RR by RR. */
static bool sets_fit(const struct cache_entry *e)
{
	const struct cache_set *set = cache_sets(e);
	const uint8_t *wire = cache_wire(e);
	size_t before = octets_before(e), len = e->wire_len, at = 0;
	unsigned rrs[2] = {0, 0}, section = 0;
	struct cache_rr rr;

	for (unsigned i = e->nsets; i > 0; i--, set++) {
		if (set->at != at || set->count == 0 || set->authority > 1 ||
			set->authority < section)
			return false;
		section = set->authority;
		rrs[section] += set->count;
		for (unsigned k = set->count; k > 0; k--)
			if (!read_rr(wire, len, before, &at, &rr) || rr.type != set->type)
				return false;
	}
	return at == len && rrs[0] == e->answers && rrs[1] == e->authorities;
}

/* True if the fields of an entry agree with its kind. */
static bool kind_fits(const struct cache_entry *e)
{
	switch (e->kind) {
	case CACHE_NXDOMAIN:
		return e->type == 0;
	case CACHE_FAILURE:
		return e->nsets == 0;
	default:
		return e->kind < CACHE_KINDS;
	}
}

bool cache_fits(const struct cache_entry *e, size_t n)
{
	if (n < sizeof(*e) || e->size8 != n / 8 || e->wire_len > CACHE_WIRE_MAX)
		return false;
	size_t used = sizeof(*e) + e->nsets * sizeof(struct cache_set) + e->name_len +
	              e->text_len + e->wire_len;
	return round_up(used, 8) == n && e->nsets <= CACHE_SETS_MAX && e->name_len > 0 &&
	       e->text_len <= CACHE_TEXT_MAX && kind_fits(e) && sets_fit(e);
}

static bool is_of(const struct cache_entry *e, const struct question *q, unsigned kind)
{
	if (kind == CACHE_FAILURE && e->hops > q->hops)
		return false;
	return e->kind == kind && e->group == q->group && e->flags == q->flags &&
	       e->type == (kind == CACHE_NXDOMAIN ? 0 : q->type) &&
	       e->name_len == q->name_len &&
	       memcmp(cache_name(e), q->name, q->name_len) == 0;
}

/* ---- finding ---- */

bool cache_valid(const uint8_t *base, size_t size, const char *instance)
{
	const struct cache_head *h = (const void *)base;

	return size >= CACHE_INDEX && cache_load(&h->magic) == CACHE_MAGIC &&
	       h->layout == SNAP_LAYOUT && h->endian == LAYOUT_ENDIAN &&
	       strncmp(h->instance, instance, sizeof(h->instance)) == 0 &&
	       h->check == hash_check(h, offsetof(struct cache_head, check));
}

/* The bucket of a path; NULL: the object is too small for it. */
static const uint8_t *find_bucket(const struct cache *c, uint64_t path)
{
	const struct cache_head *h = (const void *)c->base;
	uint64_t at = (cache_load(&h->buckets) - 1) & path;

	if (at >= (c->size - CACHE_INDEX) / BUCKET_OCTETS)
		return NULL;
	return c->base + CACHE_INDEX + at * BUCKET_OCTETS;
}

/* Written out: compilers do not unroll loops of atomic loads. */
static void copy_words(uint8_t *dst, const uint8_t *src, size_t n)
{
	uint64_t v[4];

	for (; n >= sizeof(v); n -= sizeof(v)) {
		v[0] = cache_load(src);
		v[1] = cache_load(src + 8);
		v[2] = cache_load(src + 16);
		v[3] = cache_load(src + 24);
		memcpy(dst, v, sizeof(v));
		dst += sizeof(v);
		src += sizeof(v);
	}
	for (; n > 0; n -= 8) {
		v[0] = cache_load(src);
		memcpy(dst, v, 8);
		dst += 8;
		src += 8;
	}
}

/*
 * Copy what a word leads to, which stands at `at` of the index, into `copy` of `max`
 * octets. The word is loaded again behind the last octet: if it has changed, the memory
 * may belong to another entry by now. Returns its octets, 0: it is not whole.
 */
static size_t take(const struct cache *c, uint64_t word, const uint8_t *at, uint8_t *copy,
	size_t max)
{
	const struct cache_entry *e = (const void *)copy;
	uint64_t offset = CACHE_WORD_OFFSET(word);

	if (offset < CACHE_INDEX || offset > c->size - sizeof(*e))
		return 0;
	const uint8_t *p = c->base + offset;
	size_t n = (size_t)cache_load32(p + CACHE_CHECKED) * 8;
	if (n < sizeof(*e) || n > MIN(max, c->size - offset))
		return 0;
	copy_words(copy, p, n);
	if (cache_load(at) != word ||
		e->check != hash_check(copy + CACHE_CHECKED, n - CACHE_CHECKED))
		return 0;
	return n;
}

/* As take(), and all that is in it fits together; NULL: it is not whole. */
static const struct cache_entry *take_whole(
	struct cache *c, uint64_t word, const uint8_t *at, uint8_t *copy, size_t max)
{
	const struct cache_entry *e = (const void *)copy;
	size_t n = take(c, word, at, copy, max);

	if (n == 0 || !cache_fits(e, n)) {
		c->torn++;
		return NULL;
	}
	return e;
}

/* A look-up under way. */
struct probe {
	struct cache *c;
	const struct question *q;
	uint64_t arrival_ns, now_ns;
	struct cache_found *out;
	uint32_t typed, named; /* tags: of its type, and of an NXDOMAIN */
};

/* An answer, a denial, or what passes by: the one that was stored later counts. */
static void on_answer(struct probe *p, uint64_t word, const uint8_t *at)
{
	struct cache_found *out = p->out;
	unsigned kind = CACHE_WORD_KIND(word);
	uint8_t *copy = p->c->copy[0];

	if (out->answer == (const void *)copy)
		copy = p->c->copy[1];
	if (out->older == (const void *)copy)
		out->older = NULL;
	const struct cache_entry *e = take_whole(p->c, word, at, copy, CACHE_COPY_MAX);
	if (e == NULL || !is_of(e, p->q, kind))
		return;
	if (kind == CACHE_PASSES && e->stored_ns < p->arrival_ns)
		return;
	if (out->answer != NULL && out->answer->stored_ns > e->stored_ns) {
		out->older = e;
		return;
	}
	out->older = out->answer;
	out->answer = e;
	out->word = word;
}

static void on_failure(struct probe *p, uint64_t word, const uint8_t *at)
{
	const struct cache_entry *e = take_whole(
		p->c, word, at, p->c->failed, sizeof(p->c->failed));

	p->out->failure = NULL; /* one of the same tag stood there */
	if (e != NULL && is_of(e, p->q, CACHE_FAILURE) &&
		(p->now_ns < e->expires_ns || e->stored_ns >= p->arrival_ns))
		p->out->failure = e;
}

/* What was found of itself, held against the time and against one another. */
static bool judge(struct probe *p)
{
	struct cache_found *out = p->out;
	const struct cache_entry *a = out->answer, *f = out->failure;

	if (a != NULL)
		out->fresh = p->now_ns < a->expires_ns || a->stored_ns >= p->arrival_ns;
	if (f != NULL && a != NULL && a->stored_ns > f->stored_ns)
		out->failure = f = NULL;
	if (f != NULL)
		out->failed_now = f->stored_ns >= p->arrival_ns;
	return a != NULL || f != NULL;
}

/* A word of the bucket with one of the tags. */
static void on_word(struct probe *p, uint64_t word, const uint8_t *at)
{
	unsigned kind = CACHE_WORD_KIND(word);
	uint32_t tag = kind == CACHE_NXDOMAIN ? p->named : p->typed;

	if (word == 0 || CACHE_WORD_TAG(word) != tag)
		return;
	if (kind == CACHE_FAILURE)
		on_failure(p, word, at);
	else
		on_answer(p, word, at);
}

bool cache_find(struct cache *c, const struct question *q, uint64_t arrival_ns,
	uint64_t now_ns, struct cache_found *out)
{
	uint32_t typed = cache_tag(q->hash.check, q->group, q->type, q->flags);
	uint32_t named = cache_tag(q->hash.check, q->group, 0, q->flags);
	struct probe p = {c, q, arrival_ns, now_ns, out, typed, named};
	const uint8_t *at = c->base != NULL ? find_bucket(c, q->hash.path) : NULL;

	*out = (struct cache_found){0};
	if (at == NULL)
		return false;
	for (const uint8_t *end = at + BUCKET_OCTETS; at < end; at += sizeof(uint64_t)) {
		uint64_t word = cache_load(at);
		uint32_t tag = CACHE_WORD_TAG(word);

		if (tag == typed || tag == named)
			on_word(&p, word, at);
	}
	return judge(&p);
}

bool cache_parent(
	const struct question *q, const struct hash_key *key, struct question *out)
{
	size_t label = q->name[0] + 1u;

	if (q->name_len <= 1 || label >= q->name_len)
		return false;
	out->group = q->group;
	out->type = q->type;
	out->flags = q->flags;
	out->hops = q->hops;
	out->name_len = (uint8_t)(q->name_len - label);
	memcpy(out->name, q->name + label, out->name_len);
	out->hash = hash_name(key, out->name, out->name_len);
	return true;
}

void cache_walk(struct cache *c, cache_on_entry on_entry, void *arg)
{
	const struct cache_head *h = (const void *)c->base;

	if (c->base == NULL)
		return;
	uint64_t n = MIN(
		cache_load(&h->buckets), (c->size - CACHE_INDEX) / BUCKET_OCTETS);
	for (uint64_t i = 0; i < n * CACHE_BUCKET; i++) {
		const uint8_t *at = c->base + CACHE_INDEX + i * sizeof(uint64_t);
		uint64_t word = cache_load(at);
		const struct cache_entry *e;

		if (word == 0)
			continue;
		e = take_whole(c, word, at, c->copy[0], CACHE_COPY_MAX);
		if (e != NULL && name_scan(cache_name(e), e->name_len) == e->name_len &&
			!on_entry(arg, e))
			return;
	}
}
