/*
 * test_cache.c - a cache: stored by its writer, found by readers, adopted (C-01, CA-09,
 * CA-11, CA-19)
 */
#include "cached.h"

#include <errno.h>

#include "support.h"

#define S CACHED_SECOND

static struct cached c;
static union cached_entry entry;

static void setup(void)
{
	cached_open(&c, 1 << 20, 256 << 10);
}

static void teardown(void)
{
	cached_close(&c);
}

static void put(const char *name, uint16_t type, enum cache_kind kind, uint64_t at_ns,
	uint32_t ttl_s, unsigned count, uint8_t fill)
{
	struct question q = cached_question(&cached_key, name, type);

	cached_make(&entry, &q, kind, at_ns, ttl_s, count, 4, fill);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
}

static bool find(const char *name, uint16_t type, uint64_t arrival_ns, uint64_t now_ns,
	struct cache_found *out)
{
	struct question q = cached_question(&cached_key, name, type);

	return cache_find(&c.w.reader, &q, arrival_ns, now_ns, out);
}

START_TEST(round_trip)
{
	struct cache_found f;

	ck_assert(!find("www.example.com.", TYPE_A, 0, 0, &f));
	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 30, 3, 7);
	ck_assert(find("www.example.com.", TYPE_A, 20 * S, 20 * S, &f));
	ck_assert(f.fresh && f.failure == NULL && f.older == NULL);
	ck_assert_mem_eq(&f.answer->path, &entry.e.path, entry.e.size8 * 8 - 24);
	ck_assert(cachewrite_entry(&c.w, f.word) != NULL);
	ck_assert(!find("www.example.com.", TYPE_AAAA, 20 * S, 20 * S, &f));
	ck_assert(!find("www.example.org.", TYPE_A, 20 * S, 20 * S, &f));
}
END_TEST

/* Each part of the key tells questions apart (C-01, CA-09). */
START_TEST(key)
{
	struct question q = cached_question(&cached_key, "www.example.com.", TYPE_A),
			other;
	struct cache_found f;

	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 30, 1, 7);
	for (int i = 0; i < 6; i++) {
		other = q;
		other.group += i == 1;
		other.type = i == 2 ? TYPE_TXT : q.type;
		other.flags = i == 3 ? QUESTION_DO : i == 4 ? QUESTION_CD : 0;
		if (i == 5) { /* the same hash, another name */
			other.name[1] = 'x';
		}
		ck_assert_int_eq(
			cache_find(&c.w.reader, &other, 11 * S, 11 * S, &f), i == 0);
	}
	ck_assert_uint_eq(c.w.reader.torn, 0);
}
END_TEST

/*
 * What is stored, at 10 s and 20 s, and what a query finds that arrived and is looked at
 * some time after. Letters: Answer, noData, nXdomain, Failure, Passes, - none; small
 * letters: it is not fresh.
 */
static const struct {
	const char *what;
	char first, second; /* '-': none */
	uint32_t ttl_s[2];
	uint64_t arrival_s, now_s;
	char answer, failure; /* 'N': a failure stored since the arrival */
} rules[] = {
	{"fresh", 'A', '-', {30, 0}, 39, 39, 'A', '-'},
	{"its last moment", 'A', '-', {30, 0}, 40, 40, 'a', '-'},
	{"stale", 'A', '-', {30, 0}, 500, 500, 'a', '-'},
	{"TTL 0, who waited (CA-07, C-04)", 'P', '-', {0, 0}, 9, 11, 'P', '-'},
	{"TTL 0, who came later", 'P', '-', {0, 0}, 11, 11, '-', '-'},
	{"expired, but stored since", 'A', '-', {1, 0}, 9, 15, 'A', '-'},
	{"NXDOMAIN", 'X', '-', {30, 0}, 20, 20, 'X', '-'},
	{"NXDOMAIN stored later (CA-11)", 'A', 'X', {300, 30}, 30, 30, 'X', '-'},
	{"an older answer stays wrong", 'A', 'X', {300, 5}, 30, 30, 'x', '-'},
	{"an answer stored later (CA-11)", 'X', 'A', {300, 30}, 30, 30, 'A', '-'},
	{"... that has expired", 'X', 'A', {300, 5}, 30, 30, 'a', '-'},
	{"NODATA stored later (CA-11)", 'X', 'D', {300, 30}, 30, 30, 'D', '-'},
	{"NODATA in the place of an answer", 'A', 'D', {300, 30}, 30, 30, 'D', '-'},
	{"an answer in the place of NODATA", 'D', 'A', {300, 30}, 30, 30, 'A', '-'},
	{"TTL 0 says that the name is there", 'X', 'P', {300, 0}, 30, 30, '-', '-'},
	{"failed (C-08)", 'F', '-', {5, 0}, 12, 12, '-', 'F'},
	{"failed a while ago", 'F', '-', {5, 0}, 15, 15, '-', '-'},
	{"failed since", 'F', '-', {0, 0}, 9, 15, '-', 'N'},
	{"never displaces (CA-13)", 'A', 'F', {300, 5}, 22, 22, 'A', 'F'},
	{"failed, stale beside it", 'A', 'F', {5, 5}, 22, 22, 'a', 'F'},
	{"answered after it failed", 'F', 'A', {60, 1}, 30, 30, 'a', '-'},
	{"NXDOMAIN after it failed", 'F', 'X', {60, 60}, 30, 30, 'X', '-'},
	{"passed by after it failed", 'F', 'P', {60, 0}, 30, 30, '-', '-'},
	{"passed by, an answer lasts", 'A', 'P', {60, 0}, 30, 30, 'A', '-'},
	{"passed by, for who waited", 'A', 'P', {60, 0}, 15, 30, 'P', '-'},
};

static void put_letter(char letter, uint64_t at_s, uint32_t ttl_s)
{
	static const char letters[] = "AXFP";
	const char *at = strchr(letters, letter);
	enum cache_kind kind = at != NULL ? (enum cache_kind)(at - letters)
	                                  : CACHE_ANSWER;

	if (letter != '-')
		put("www.example.com.", TYPE_A, kind, at_s * S, ttl_s,
			letter != 'D' && letter != 'F', (uint8_t)letter);
}

static char letter_of(const struct cache_entry *e, bool fresh)
{
	if (e == NULL)
		return '-';
	char letter = e->kind == CACHE_ANSWER && e->answers == 0 ? 'D' : "AXFP"[e->kind];
	return fresh ? letter : (char)(letter | 0x20);
}

START_TEST(rule)
{
	struct cache_found f;

	put_letter(rules[_i].first, 10, rules[_i].ttl_s[0]);
	put_letter(rules[_i].second, 20, rules[_i].ttl_s[1]);
	bool found = find("www.example.com.", TYPE_A, rules[_i].arrival_s * S,
		rules[_i].now_s * S, &f);
	char answer = letter_of(f.answer, f.fresh);
	char failure = f.failure == NULL ? '-' : f.failed_now ? 'N' : 'F';
	ck_assert_msg(answer == rules[_i].answer && failure == rules[_i].failure,
		"%s: %c %c", rules[_i].what, answer, failure);
	ck_assert_int_eq(found, answer != '-' || failure != '-');
}
END_TEST

/* LO-01: a failure is for those who have passed as many appliances, or more. */
START_TEST(hops)
{
	struct question q = cached_question(&cached_key, "www.example.com.", TYPE_A);
	struct cache_found f;

	q.hops = 2;
	cached_make(&entry, &q, CACHE_FAILURE, 10 * S, 5, 0, 0, 0);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
	for (q.hops = 0; q.hops < 4; q.hops++) {
		bool found = cache_find(&c.w.reader, &q, 9 * S, 11 * S, &f);

		ck_assert_int_eq(found, q.hops >= 2);
		ck_assert_int_eq(f.failure != NULL, q.hops >= 2);
	}
	q.hops = 3;
	cached_make(&entry, &q, CACHE_ANSWER, 12 * S, 5, 1, 4, 1);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
	for (q.hops = 0; q.hops < 4; q.hops++) {
		ck_assert(cache_find(&c.w.reader, &q, 13 * S, 13 * S, &f));
		ck_assert(f.fresh && f.failure == NULL);
	}
}
END_TEST

/* NXDOMAIN holds for every type, and what it beat is there for prefer_positive. */
START_TEST(nxdomain)
{
	struct cache_found f;

	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 300, 1, 1);
	put("www.example.com.", TYPE_AAAA, CACHE_NXDOMAIN, 20 * S, 30, 1, 2);
	ck_assert(find("www.example.com.", TYPE_TXT, 30 * S, 30 * S, &f));
	ck_assert_int_eq(f.answer->kind, CACHE_NXDOMAIN);
	ck_assert_ptr_null(f.older);
	ck_assert(find("www.example.com.", TYPE_A, 30 * S, 30 * S, &f));
	ck_assert_int_eq(f.answer->kind, CACHE_NXDOMAIN);
	ck_assert_int_eq(f.older->kind, CACHE_ANSWER);
	/* an answer of another type says that the name is there */
	put("www.example.com.", TYPE_AAAA, CACHE_ANSWER, 40 * S, 30, 1, 3);
	ck_assert(!find("www.example.com.", TYPE_TXT, 41 * S, 41 * S, &f));
	ck_assert_uint_eq(c.w.entries[CACHE_ANSWERS], 2);
	ck_assert_uint_eq(c.w.entries[CACHE_DENIALS], 0);
}
END_TEST

/* With prefer_positive an answer stands beside the NODATA that came later (CA-15). */
START_TEST(nodata)
{
	struct cache_found f;

	for (int keep = 0; keep < 2; keep++) {
		c.w.keep_positive = keep;
		put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 300, 1, 1);
		for (uint64_t at_s = 20; at_s <= 30; at_s += 10) {
			put("www.example.com.", TYPE_A, CACHE_ANSWER, at_s * S, 30, 0, 0);
			ck_assert(find("www.example.com.", TYPE_A, 31 * S, 31 * S, &f));
			ck_assert_uint_eq(f.answer->stored_ns, at_s * S);
			ck_assert_int_eq(f.older != NULL, keep);
			ck_assert(f.older == NULL || f.older->stored_ns == 10 * S);
		}
		put("www.example.com.", TYPE_A, CACHE_ANSWER, 40 * S, 300, 1, 1);
		ck_assert(find("www.example.com.", TYPE_A, 41 * S, 41 * S, &f));
		ck_assert(f.answer->stored_ns == 40 * S && f.older == NULL);
		ck_assert_uint_eq(c.w.entries[CACHE_ANSWERS], 1);
		ck_assert_uint_eq(c.w.entries[CACHE_DENIALS], 0);
	}
}
END_TEST

/* ... nor does an NXDOMAIN that came later still hide it, wherever they stand. */
START_TEST(nodata_then_nxdomain)
{
	struct cache_found f;
	char name[32];

	c.w.keep_positive = true;
	for (unsigned i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "n%u.example.com.", i);
		put(name, TYPE_A, CACHE_ANSWER, 10 * S, 300, 1, 1);
		put(name, TYPE_A, CACHE_ANSWER, 20 * S, 30, 0, 0);
		put(name, TYPE_AAAA, CACHE_ANSWER, 21 * S, 30, 0, 0);
		put(name, TYPE_AAAA, CACHE_NXDOMAIN, 30 * S, 30, 1, 2);
		ck_assert(find(name, TYPE_A, 31 * S, 31 * S, &f));
		ck_assert_int_eq(f.answer->kind, CACHE_NXDOMAIN);
		ck_assert_ptr_nonnull(f.older);
		ck_assert_uint_eq(f.older->answers, 1);
	}
	ck_assert_uint_eq(c.w.entries[CACHE_ANSWERS], 64);
	ck_assert_uint_eq(c.w.entries[CACHE_DENIALS], 64);
}
END_TEST

START_TEST(parents)
{
	struct question q = cached_question(&cached_key, "a.b.example.", TYPE_A), up;
	static const char *const above[] = {"b.example.", "example.", "."};

	for (unsigned i = 0; i < ARRAY_LEN(above); i++) {
		ck_assert(cache_parent(&q, &cached_key, &up));
		q = cached_question(&cached_key, above[i], TYPE_A);
		ck_assert(question_equal(&up, &q));
	}
	ck_assert(!cache_parent(&q, &cached_key, &up));
}
END_TEST

/* TTLs fall by whole seconds of the monotonic clock and no others (C-02, C-14, CA-05). */
START_TEST(ttls)
{
	struct cache_entry e = {.stored_ns = 100 * S};
	struct cache_set set = {.ttl_s = 30};

	ck_assert_uint_eq(cache_ttl_s(&e, &set, 100 * S, false), 30);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 101 * S - 1, false), 30);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 101 * S, false), 29);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 129 * S, false), 1);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 130 * S, false), 0);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 9000 * S, false), 0);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 99 * S, false), 30);
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 9000 * S, true), 30); /* CA-08 */
	set.ttl_s = UINT32_MAX;                                       /* C-03 */
	ck_assert_uint_eq(cache_ttl_s(&e, &set, 101 * S, false), INT32_MAX - 1);
}
END_TEST

/* A CNAME chain as upstreams send it, names compressed. */
static const uint8_t chain[] = {
	0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 6, 3, 'w', 'e', 'b', 0xc0,
	16, /* web.example. */
	3, 'w', 'e', 'b', 0xc0, 16, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4, /* a name */
	0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 5, /* a pointer */
};

static void make_chain(const struct question *q)
{
	static const struct cache_set sets[] = {
		{30, 0, 1, TYPE_CNAME, 0, 0}, {30, 18, 2, TYPE_A, 0, 0}};
	struct cache_entry *e = &entry.e;

	cached_make(&entry, q, CACHE_ANSWER, S, 30, 0, 0, 0);
	e->nsets = 2;
	e->answers = 3;
	e->wire_len = sizeof(chain);
	memcpy(e + 1, sets, sizeof(sets));
	memcpy((uint8_t *)(uintptr_t)cache_name(e), q->name, q->name_len);
	memcpy((uint8_t *)(uintptr_t)cache_wire(e), chain, sizeof(chain));
	e->size8 = (uint32_t)round_up(
			   (size_t)(cache_wire(e) + sizeof(chain) - entry.octets), 8) /
	           8;
}

START_TEST(rrs)
{
	static const struct {
		const char *owner;
		uint16_t type, rdlen;
	} want[] = {{"www.example.", TYPE_CNAME, 6}, {"web.example.", TYPE_A, 4},
		{"web.example.", TYPE_A, 4}};
	struct question q = cached_question(&cached_key, "www.example.", TYPE_A);
	char text[NAME_TEXT_MAX];
	struct cache_rr rr;
	struct name n;
	size_t at = 0;

	make_chain(&q);
	ck_assert(cache_fits(&entry.e, entry.e.size8 * 8));
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		ck_assert(cache_rr(&entry.e, &at, &rr));
		ck_assert_uint_eq(cache_expand(&entry.e, rr.owner, &n), rr.fixed);
		name_text(n.wire, n.len, text, sizeof(text));
		ck_assert_str_eq(text, want[i].owner);
		ck_assert_uint_eq(rr.type, want[i].type);
		ck_assert_uint_eq(rr.rdlen, want[i].rdlen);
		ck_assert_uint_eq(rr.rdata + rr.rdlen, at);
	}
	ck_assert(!cache_rr(&entry.e, &at, &rr));
	ck_assert_uint_eq(cache_expand(&entry.e, 12, &n), 18);
	name_text(n.wire, n.len, text, sizeof(text));
	ck_assert_str_eq(text, "web.example.");
}
END_TEST

/* One octet of an entry is wrong: it does not fit, whatever its checksum says (C-17). */
static const struct {
	size_t at; /* of the wire part; from 1000 on of the entry */
	uint8_t value;
	bool fits; /* only who expands the name sees it */
	const char *what;
} damages[] = {
	{1, 11, false, "owner in the header"},
	{1, 255, false, "owner behind itself"},
	{1, 25, true, "owner at its own type: no name"},
	{0, 0x40, false, "a label type that there is not"},
	{3, 1, false, "not the type of its set"},
	{11, 5, false, "rdata end early"},
	{11, 7, false, "rdata end late"},
	{10, 255, false, "rdata end behind the entry"},
	{17, 41, true, "a name that points to itself"},
	{17, 255, true, "a name that points behind itself"},
	{49, 5, false, "the last rdata end behind the entry"},
	{1000 + offsetof(struct cache_entry, nsets), 1, false, "a set less"},
	{1000 + offsetof(struct cache_entry, nsets), 129, false, "too many sets"},
	{1000 + offsetof(struct cache_entry, answers), 2, false, "an RR less"},
	{1000 + offsetof(struct cache_entry, authorities), 1, false, "an RR more"},
	{1000 + offsetof(struct cache_entry, name_len), 0, false, "no name"},
	{1000 + offsetof(struct cache_entry, name_len), 255, false, "a longer name"},
	{1000 + offsetof(struct cache_entry, text_len), 65, false, "a text"},
	{1000 + offsetof(struct cache_entry, wire_len) + 2, 1, false, "more octets"},
	{1000 + offsetof(struct cache_entry, kind), CACHE_KINDS, false, "no kind"},
	{1000 + offsetof(struct cache_entry, kind), CACHE_FAILURE, false, "a failure"},
	{1000 + offsetof(struct cache_entry, kind), CACHE_NXDOMAIN, false, "typed"},
	{1000 + sizeof(struct cache_entry) + 4, 1, false, "a set that begins elsewhere"},
	{1000 + sizeof(struct cache_entry) + 6, 0, false, "an empty set"},
	{1000 + sizeof(struct cache_entry) + 6, 2, false, "a set that is longer"},
	{1000 + sizeof(struct cache_entry) + 10, 1, false, "authority before answer"},
	{1000 + sizeof(struct cache_entry) + 10, 2, false, "no section"},
};

START_TEST(damage)
{
	struct question q = cached_question(&cached_key, "www.example.", TYPE_A);
	struct cache_rr rr;
	struct name n;
	size_t at = 0;

	make_chain(&q);
	size_t octets = entry.e.size8 * 8;
	uint8_t *p = damages[_i].at < 1000
	                     ? (uint8_t *)(uintptr_t)cache_wire(&entry.e) + damages[_i].at
	                     : entry.octets + (damages[_i].at - 1000);
	*p = damages[_i].value;
	uint8_t *exact = exact_copy(&entry, octets);
	const struct cache_entry *e = (const void *)exact;
	ck_assert_msg(cache_fits(e, octets) == damages[_i].fits, "%s", damages[_i].what);
	if (damages[_i].fits && cache_rr(e, &at, &rr))
		ck_assert(cache_expand(e, rr.owner, &n) == 0 ||
			  cache_expand(e, rr.rdata, &n) == 0);
	ck_assert(!damages[_i].fits ? cachewrite_store(&c.w, &entry.e) == -EINVAL : true);
	free(exact);
}
END_TEST

/* Every octet of a stored entry, and of the word that leads to it, one bit wrong. */
START_TEST(bits)
{
	struct question q = cached_question(&cached_key, "www.example.", TYPE_A);
	struct cache_found f;

	make_chain(&q);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
	ck_assert(cache_find(&c.w.reader, &q, S, S, &f));
	uint8_t *p = c.base + CACHE_WORD_OFFSET(f.word);
	for (size_t i = 0; i < entry.e.size8 * 8; i++) {
		if (i >= 4 && i < 12)
			continue; /* hits and window are nobody's business */
		p[i] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(!cache_find(&c.w.reader, &q, S, S, &f), "octet %zu", i);
		p[i] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert(cache_find(&c.w.reader, &q, S, S, &f));
	p = c.base + CACHE_INDEX + (q.hash.path & (c.w.buckets - 1)) * 64;
	for (size_t i = 0; i < 64; i++) {
		if (p[0 + i / 8 * 8] == 0 && i >= 8)
			break;
		p[i] ^= (uint8_t)(1 << i % 8);
		ck_assert(!cache_find(&c.w.reader, &q, S, S, &f));
		p[i] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_uint_gt(c.w.reader.torn, 0);
}
END_TEST

START_TEST(notes)
{
	struct cache_found f;

	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 300, 1, 1);
	ck_assert(find("www.example.com.", TYPE_A, 11 * S, 11 * S, &f));
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word, 2, 11 * S), 2);
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word, 3, 12 * S), 5);
	c.w.window_ns = 60 * S; /* CA-14 */
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word, 1, 69 * S), 6);
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word, 1, 70 * S), 1);
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word, UINT32_MAX, 71 * S), UINT32_MAX);
	ck_assert(find("www.example.com.", TYPE_A, 72 * S, 72 * S, &f));
	ck_assert_uint_eq(cachewrite_note(&c.w, f.word ^ 8, 1, 72 * S), 0);
	ck_assert_uint_eq(cachewrite_note(&c.w, UINT64_MAX, 1, 72 * S), 0);
	ck_assert_uint_eq(cachewrite_note(&c.w, 0, 1, 72 * S), 0);
	/* its successor goes on with its hits */
	uint64_t old = f.word;
	put("www.example.com.", TYPE_A, CACHE_ANSWER, 80 * S, 300, 1, 1);
	ck_assert_uint_eq(cachewrite_note(&c.w, old, 1, 80 * S), 0);
	ck_assert(find("www.example.com.", TYPE_A, 81 * S, 81 * S, &f));
	ck_assert_uint_eq(cachewrite_entry(&c.w, f.word)->hits, UINT32_MAX);
	ck_assert_ptr_null(cachewrite_entry(&c.w, old));
}
END_TEST

START_TEST(flushes)
{
	static const char *const names[] = {
		"a.example.", "b.a.example.", "xa.example.", "example."};
	struct forward_flush one = {.at_ns = 9 * S}, all;

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		put(names[i], TYPE_A, (enum cache_kind)(i % 3), 10 * S, 30, i % 3 != 2,
			1);
	ck_assert_int_eq(name_parse("a.example.", &one.name), 0);
	/* CA-19: what was stored after the request stays */
	ck_assert_uint_eq(cachewrite_flush(&c.w, &one), 0);
	one.at_ns = 10 * S;
	ck_assert_uint_eq(cachewrite_flush(&c.w, &one), 1);
	all = one;
	all.below = true;
	ck_assert_uint_eq(cachewrite_flush(&c.w, &all), 1);
	ck_assert_uint_eq(c.w.entries[0] + c.w.entries[1], 2);
	ck_assert_uint_eq(cachewrite_keep_groups(&c.w, (uint64_t[]){5, 1}, 2), 0);
	ck_assert_uint_eq(cachewrite_keep_groups(&c.w, (uint64_t[]){5, 6}, 2), 2);
	ck_assert_uint_eq(c.w.entries[0] + c.w.entries[1], 0);
	ck_assert_uint_eq(c.w.octets[0] + c.w.octets[1], 0);
}
END_TEST

/* What is used stays, whatever passes through; memory is what it was (C-15, CA-17). */
START_TEST(hot)
{
	struct cache_found f;
	unsigned hits = 0, tries = 0;
	char name[64];

	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "hot-%u.example.", i);
		put(name, TYPE_A, CACHE_ANSWER, S, 100000, 1, (uint8_t)i);
	}
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(name, sizeof(name), "cold-%u.example.", i);
		put(name, TYPE_A, CACHE_ANSWER, S + i, 100000, 1 + i % 9, 1);
		if (i % 10 != 0)
			continue;
		snprintf(name, sizeof(name), "hot-%u.example.", i / 10 % 200);
		tries++;
		if (!find(name, TYPE_A, 2 * S, 2 * S, &f))
			continue;
		hits++;
		ck_assert_uint_gt(cachewrite_note(&c.w, f.word, 1, 2 * S), 0);
	}
	ck_assert_uint_eq(hits, tries);
	ck_assert_uint_gt(c.w.evicted_space[0], 40000);
	ck_assert_uint_eq(c.w.evicted_expired[0], 0);
	ck_assert_uint_le(c.w.octets[0], 1 << 20);
}
END_TEST

/* Expired entries go first out of a full bucket, and are never carried on. */
START_TEST(expired)
{
	struct hash_key weak = {1, 2, 0}; /* all in one bucket */
	struct cache_found f;
	struct question q;
	char name[64];

	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%u.example.", i);
		q = cached_question(&weak, name, TYPE_A);
		cached_make(
			&entry, &q, CACHE_ANSWER, 10 * S + i, i == 5 ? 1 : 100, 1, 4, 1);
		if (i == 8)
			entry.e.stored_ns = 20 * S;
		ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), 0);
	}
	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%u.example.", i);
		q = cached_question(&weak, name, TYPE_A);
		ck_assert_int_eq(cache_find(&c.w.reader, &q, 20 * S, 20 * S, &f), i != 5);
	}
	ck_assert_uint_eq(c.w.evicted_expired[0], 1);
}
END_TEST

/* Without memory the ring is shorter; with none nothing is stored (SH-02). */
START_TEST(memory)
{
	struct cache_found f;
	char name[64];

	size_t from = c.w.ring[0].from;
	c.limit = from;
	memset(c.base, 0, c.octets);
	cached_reopen(&c, 1);
	struct question q = cached_question(&cached_key, "www.example.", TYPE_A);
	cached_make(&entry, &q, CACHE_ANSWER, S, 30, 1, 4, 1);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), -ENOSPC);
	c.limit = from + (40 << 10);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%u.example.", i);
		put(name, TYPE_A, CACHE_ANSWER, S, 30, 1, 1);
		ck_assert(find(name, TYPE_A, S, S, &f));
		if (i == 2500)
			ck_assert_uint_le(c.w.octets[0], 40 << 10);
		if (i == 3000)
			c.limit = 0;
	}
	ck_assert_uint_gt(c.w.octets[0], 200 << 10);
	cached_reopen(&c, 2 * S);
	ck_assert(c.adopted && find(name, TYPE_A, S, S, &f));
}
END_TEST

START_TEST(whose)
{
	ck_assert(cache_valid(c.base, c.octets, "test"));
	ck_assert(!cache_valid(c.base, c.octets, "tes"));
	ck_assert(!cache_valid(c.base, 100, "test"));
	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 30, 1, 7);
	cached_reopen(&c, 11 * S);
	ck_assert(c.adopted);
	c.success = 2 << 20; /* another size, and the object is too small */
	cached_reopen(&c, 11 * S);
	ck_assert(!c.adopted && c.w.base == NULL);
	ck_assert_int_eq(cachewrite_store(&c.w, &entry.e), -ENOSPC);
	c.success = 512 << 10;
	cached_reopen(&c, 11 * S);
	ck_assert(!c.adopted && cache_valid(c.base, c.octets, "test"));
	ck_assert_uint_eq(c.w.entries[0], 0);
	put("www.example.com.", TYPE_A, CACHE_ANSWER, 10 * S, 30, 1, 7);
	c.base[12]++; /* of another machine */
	ck_assert(!cache_valid(c.base, c.octets, "test"));
	cached_reopen(&c, 11 * S);
	ck_assert(!c.adopted && c.w.entries[0] == 0);
}
END_TEST

static bool on_entry(void *arg, const struct cache_entry *e)
{
	unsigned *n = arg;

	ck_assert_uint_eq(e->kind, CACHE_ANSWER);
	return ++*n < 100;
}

/* What is whole is kept, entry by entry, and the rest is not (CA-19). */
START_TEST(adoption)
{
	struct cache_found f;
	unsigned n = 0, found = 0;
	char name[64];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%u.example.", i);
		put(name, TYPE_A, CACHE_ANSWER, S + i, 1000, 1 + i % 20, (uint8_t)i);
	}
	uint64_t entries = c.w.entries[0], octets = c.w.octets[0];
	cached_reopen(&c, 11 * S);
	ck_assert(c.adopted && c.w.entries[0] == entries && c.w.octets[0] == octets);
	memset(c.base + c.w.ring[0].from + 300000, 0xff, 20000);
	cached_reopen(&c, 11 * S);
	ck_assert(c.adopted);
	ck_assert_uint_lt(c.w.entries[0], entries);
	ck_assert_uint_gt(c.w.entries[0], entries - 200);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%u.example.", i);
		if (!find(name, TYPE_A, 2 * S, 2 * S, &f))
			continue;
		found++;
		ck_assert_uint_eq(cache_wire(f.answer)[12], (uint8_t)i);
	}
	ck_assert_uint_eq(found, c.w.entries[0]);
	ck_assert_uint_eq(c.w.reader.torn, 0);
	cache_walk(&c.w.reader, on_entry, &n);
	ck_assert_uint_eq(n, 100);
	/* and the ring goes on over the damage */
	for (unsigned i = 0; i < 9000; i++) {
		snprintf(name, sizeof(name), "new-%u.example.", i);
		put(name, TYPE_A, CACHE_ANSWER, S + i, 1000, 1 + i % 20, (uint8_t)i);
		ck_assert(find(name, TYPE_A, 2 * S, 2 * S, &f));
	}
	ck_assert_uint_eq(c.w.reader.torn, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, key);
	tcase_add_loop_test(tc, rule, 0, ARRAY_LEN(rules));
	tcase_add_test(tc, hops);
	tcase_add_test(tc, nxdomain);
	tcase_add_test(tc, nodata);
	tcase_add_test(tc, nodata_then_nxdomain);
	tcase_add_test(tc, parents);
	tcase_add_test(tc, ttls);
	tcase_add_test(tc, rrs);
	tcase_add_loop_test(tc, damage, 0, ARRAY_LEN(damages));
	tcase_add_test(tc, bits);
	tcase_add_test(tc, notes);
	tcase_add_test(tc, flushes);
	tcase_add_test(tc, hot);
	tcase_add_test(tc, expired);
	tcase_add_test(tc, memory);
	tcase_add_test(tc, whose);
	tcase_add_test(tc, adoption);
	return run_case("cache", tc);
}
