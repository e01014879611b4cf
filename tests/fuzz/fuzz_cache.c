/*
 * fuzz_cache.c - reading, adopting and writing a damaged cache (C-17, CA-19, DE-12, G10,
 *
 *
 * The input is an octet that says whether the checksums of entries are put right after
 * the damage, and a list of edits {u16 where, u8 value} to a small cache: its header,
 * its index, and the first entries of its ring. Whatever the octets are, nothing is
 * read or written outside of it, everything comes to an end, and what is found fits
 * together.
 */
#include "cached.h"
#include "fuzz/fuzz.h"

#define NAMES 120
#define HEAD  512 /* octets of the header that are worth an edit */
#define INDEX 16384

static struct cached c;
static struct question questions[NAMES];
static uint32_t entries[NAMES]; /* where they stand */
static uint8_t *whole;          /* the cache without damage */
static size_t octets;           /* of it that edits and stores can reach */
static union cached_entry entry;

static volatile unsigned sink;

static void build(void)
{
	struct cache_found f;
	char name[64];

	cached_open(&c, 1, 1);
	octets = c.w.ring[CACHE_PASSING_BY].from;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%u.%s", i,
			i % 3 == 0 ? "b.example." : "c.");
		questions[i] = cached_question(&cached_key, name, TYPE_A);
		cached_make(&entry, &questions[i], (enum cache_kind)(i % 3),
			CACHED_SECOND, 1000, i % 3 == 2 ? 0 : 1 + i % 5,
			(uint16_t)(4 + i % 40), 0xc0);
		if (cachewrite_store(&c.w, &entry.e) < 0 ||
			!cache_find(&c.w.reader, &questions[i], 0, 0, &f))
			abort();
		entries[i] = f.answer != NULL ? (uint32_t)CACHE_WORD_OFFSET(f.word) : 0;
		if (i % 4 == 0)
			cachewrite_note(&c.w, f.word, 1, CACHED_SECOND);
	}
	whole = malloc(octets);
	if (whole == NULL)
		abort();
	memcpy(whole, c.base, octets);
}

static void edit(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 3 <= size && i < 3000; i += 3) {
		size_t at = load_u16(data + i);

		if (at >= HEAD + INDEX)
			at += c.w.ring[0].from - HEAD - INDEX;
		else if (at >= HEAD)
			at += CACHE_INDEX - HEAD;
		c.base[at % octets] = data[i + 2];
	}
}

/* Let the damage be believed: what is checked next are sizes, counts and offsets. */
static void put_checks_right(void)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct cache_entry *e = (void *)(c.base + entries[i]);

		if (entries[i] == 0)
			continue;
		size_t n = MIN((size_t)e->size8 * 8, octets - entries[i]);
		if (n > CACHE_CHECKED)
			e->check = hash_check(
				(uint8_t *)e + CACHE_CHECKED, n - CACHE_CHECKED);
	}
}

/* Every part of an entry that a worker would touch. */
static void read_entry(const struct cache_entry *e)
{
	const struct cache_set *set = cache_sets(e);
	struct cache_rr rr;
	struct name name;
	size_t at = 0;

	for (unsigned i = 0; i < e->nsets; i++)
		sink += cache_ttl_s(e, &set[i], 5 * CACHED_SECOND, false);
	for (unsigned i = 0; i < e->text_len; i++)
		sink += cache_text(e)[i];
	while (cache_rr(e, &at, &rr)) {
		size_t behind = cache_expand(e, rr.owner, &name);

		FUZZ_CHECK(behind == 0 || behind == rr.fixed);
		FUZZ_CHECK(rr.rdata + rr.rdlen <= e->wire_len);
		if (cache_expand(e, rr.rdata, &name) != 0)
			FUZZ_CHECK(name_scan(name.wire, name.len) == name.len);
	}
	FUZZ_CHECK(at == e->wire_len);
}

static bool on_entry(void *arg, const struct cache_entry *e)
{
	(void)arg;
	read_entry(e);
	return true;
}

static void read_all(struct cache *r)
{
	struct question up;
	struct cache_found f;

	for (unsigned i = 0; i < NAMES; i++) {
		const struct question *q = &questions[i];

		if (cache_find(r, q, 0, 2 * CACHED_SECOND, &f) && f.answer != NULL) {
			FUZZ_CHECK(f.answer->name_len == q->name_len);
			FUZZ_CHECK(
				memcmp(cache_name(f.answer), q->name, q->name_len) == 0);
			read_entry(f.answer);
		}
		if (f.failure != NULL)
			read_entry(f.failure);
		if (f.older != NULL)
			read_entry(f.older);
		if (cache_parent(q, &cached_key, &up))
			sink += cache_find(r, &up, 0, 0, &f);
	}
	cache_walk(r, on_entry, NULL);
}

static void write_all(void)
{
	const struct forward_flush below = {.at_ns = UINT64_MAX,
		.below = true,
		.name = {.len = 11, .wire = "\1b\7example"}};
	struct cache_found f;

	for (unsigned i = 0; i < 3 * NAMES; i++) {
		const struct question *q = &questions[i % NAMES];

		sink += cachewrite_note(&c.w, i * UINT64_C(0x9e3779b97f4a7c15), 1, 0);
		cached_make(&entry, q, i % 2 == 0 ? CACHE_ANSWER : CACHE_NXDOMAIN,
			3 * CACHED_SECOND + i, 10, 1, (uint16_t)(4 + i), 1);
		FUZZ_CHECK(cachewrite_store(&c.w, &entry.e) == 0);
		FUZZ_CHECK(cache_find(&c.w.reader, q, 0, 0, &f) && f.answer != NULL);
	}
	sink += (unsigned)cachewrite_flush(&c.w, &below);
	sink += (unsigned)cachewrite_keep_groups(&c.w, (uint64_t[]){1}, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (whole == NULL)
		build();
	memcpy(c.base, whole, octets);
	if (size > 0) {
		edit(data + 1, size - 1);
		if (data[0] % 2 != 0)
			put_checks_right();
	}
	if (cache_valid(c.base, c.octets, "test"))
		read_all(&c.w.reader);
	cached_reopen(&c, 4 * CACHED_SECOND);
	read_all(&c.w.reader);
	write_all();
	read_all(&c.w.reader);
	return 0;
}
