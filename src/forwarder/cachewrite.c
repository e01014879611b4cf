#include "forwarder/cachewrite.h"

#include <errno.h>

#include "base/base.h"
#include "snap/layout.h"

#define PAGE          4096
#define RING_MIN      (64u << 10)
#define RING_STEP     (256u << 10) /* by which the memory of a ring grows */
#define BUCKET_OCTETS (CACHE_BUCKET * sizeof(uint64_t))
#define ENTRY_OCTETS  80 /* of a ring there are for each word of the index */

/*
 * Work of a store: so many entries are moved to the front or let go before there is need,
 * while less than a sixteenth of the ring is free. So a run of entries that are used is
 * no obstacle, however long it is.
 */
#define AHEAD       8
#define SLACK(ring) ((ring)->backed / 16)

/* ---- words ---- */

static uint8_t *bucket_of(const struct cachewrite *w, uint64_t path)
{
	return w->base + CACHE_INDEX + (path & (w->buckets - 1)) * BUCKET_OCTETS;
}

static uint32_t tag_of(const struct cache_entry *e)
{
	return cache_tag(e->hcheck, e->group, e->type, e->flags);
}

/* Where a word leads to; NULL: nowhere. */
static struct cache_entry *entry_of(const struct cachewrite *w, uint64_t word)
{
	uint64_t offset = CACHE_WORD_OFFSET(word);

	if (offset < w->ring[0].from || offset > w->size - sizeof(struct cache_entry))
		return NULL;
	return (void *)(w->base + offset);
}

static uint64_t word_of(const struct cachewrite *w, const struct cache_entry *e)
{
	return cache_word((uint64_t)((const uint8_t *)e - w->base), e->kind, tag_of(e));
}

/* The slot of the index that leads to an entry; NULL: none does any more. */
static uint8_t *slot_of(const struct cachewrite *w, const struct cache_entry *e)
{
	uint8_t *slot = bucket_of(w, e->path);
	uint64_t word = word_of(w, e);

	for (unsigned i = 0; i < CACHE_BUCKET; i++, slot += sizeof(word))
		if (cache_load(slot) == word)
			return slot;
	return NULL;
}

static bool same_name(const struct cache_entry *a, const struct cache_entry *b)
{
	return a->hcheck == b->hcheck && a->path == b->path && a->group == b->group &&
	       a->flags == b->flags && a->name_len == b->name_len &&
	       memcmp(cache_name(a), cache_name(b), a->name_len) == 0;
}

static bool same_question(const struct cache_entry *a, const struct cache_entry *b)
{
	return a->type == b->type && same_name(a, b);
}

static bool is_nodata(const struct cache_entry *e)
{
	return e->kind == CACHE_ANSWER && e->answers == 0;
}

/* True if one takes the place of the other: with keep_positive NODATA stands beside. */
static bool takes_place(const struct cachewrite *w, const struct cache_entry *e,
	const struct cache_entry *there)
{
	return e->kind == there->kind && same_question(e, there) &&
	       (!w->keep_positive || e->answers > 0 || there->answers == 0);
}

static enum cache_which which(const struct cache_entry *e)
{
	if (e->kind == CACHE_PASSES)
		return CACHE_PASSING_BY;
	return e->kind == CACHE_ANSWER && e->answers > 0 ? CACHE_ANSWERS : CACHE_DENIALS;
}

static void count(struct cachewrite *w, const struct cache_entry *e, int by)
{
	enum cache_which i = which(e);

	if (i == CACHE_PASSING_BY)
		return;
	w->entries[i] += (uint64_t)by;
	w->octets[i] += (uint64_t)by * e->size8 * 8;
}

/* Let go of what a slot leads to. Its octets stay, for who is about to copy them. */
static void unlink_slot(struct cachewrite *w, uint8_t *slot)
{
	const struct cache_entry *e = entry_of(w, cache_load(slot));

	cache_store(slot, 0);
	if (e != NULL)
		count(w, e, -1);
}

/* Past it an entry is of no use any more. */
static uint64_t end_ns(const struct cachewrite *w, const struct cache_entry *e)
{
	bool stale = e->kind == CACHE_ANSWER || e->kind == CACHE_NXDOMAIN;

	return e->expires_ns + (stale ? w->stale_ns : 0);
}

static void count_evicted(
	struct cachewrite *w, const struct cache_entry *e, uint64_t now_ns)
{
	enum cache_which i = which(e);

	if (i == CACHE_PASSING_BY)
		return;
	if (now_ns >= e->expires_ns)
		w->evicted_expired[i]++;
	else
		w->evicted_space[i]++;
}

/* ---- rings ---- */

static struct cache_ring *shared_ring(const struct cachewrite *w, enum cache_which i)
{
	return &((struct cache_head *)w->base)->ring[i];
}

static void set_head(struct cachewrite *w, enum cache_which i, uint64_t place)
{
	w->ring[i].head = place;
	cache_store(&shared_ring(w, i)->head, place);
}

static void set_tail(struct cachewrite *w, enum cache_which i, uint64_t place)
{
	w->ring[i].tail = place;
	cache_store(&shared_ring(w, i)->tail, place);
}

static uint64_t lap_after(const struct cachewrite_ring *r, uint64_t place)
{
	return (place / r->size + 1) * r->size;
}

static struct cache_entry *entry_at(
	const struct cachewrite *w, const struct cachewrite_ring *r, uint64_t place)
{
	return (void *)(w->base + r->from + place % r->size);
}

/* Octets of the entry at a place between tail and head; 0: none begins there. */
static size_t octets_at(
	const struct cachewrite *w, const struct cachewrite_ring *r, uint64_t place)
{
	const struct cache_entry *e = entry_at(w, r, place);
	uint64_t at = place % r->size;

	if (at + sizeof(*e) > r->backed || e->place != place)
		return 0;
	size_t n = (size_t)e->size8 * 8;
	return n >= sizeof(*e) && n <= MIN(r->backed - at, r->head - place) ? n : 0;
}

/*
 * The place of what stands behind `place`. Places are unique, so that entries are found
 * again behind octets that are none: the end of a lap, or damage.
 */
static uint64_t next_place(
	const struct cachewrite *w, const struct cachewrite_ring *r, uint64_t place)
{
	uint64_t lap = lap_after(r, place);
	uint64_t end = MIN(lap - r->size + r->backed, r->head);
	size_t n = octets_at(w, r, place);

	if (n > 0)
		return place + n;
	for (place += 8; place < end; place += 8)
		if (octets_at(w, r, place) > 0)
			return place;
	return MIN(lap, r->head);
}

/* Have memory for the first `to` octets of a ring. */
static bool grow_ring(struct cachewrite *w, enum cache_which i, uint64_t to)
{
	struct cachewrite_ring *r = &w->ring[i];
	uint64_t want = MIN(round_up(to, RING_STEP), r->size);

	if (to > r->size)
		return false;
	if (w->grow != NULL && w->grow(w->arg, r->from + r->backed, r->from + want) < 0) {
		want = round_up(to, PAGE);
		if (w->grow(w->arg, r->from + r->backed, r->from + want) < 0) {
			r->full = true;
			return false;
		}
	}
	r->full = false;
	r->backed = want;
	cache_store(&shared_ring(w, i)->backed, want);
	return true;
}

/* Where an entry of n octets goes, where there is memory: the head, or the next lap. */
static uint64_t place_for(struct cachewrite *w, enum cache_which i, size_t n)
{
	struct cachewrite_ring *r = &w->ring[i];
	uint64_t at = r->head % r->size;

	if (at + n <= r->backed || grow_ring(w, i, at + n))
		return r->head;
	return lap_after(r, r->head);
}

/* Octets between the head and the tail that is to come next. */
static uint64_t free_octets(const struct cachewrite_ring *r)
{
	uint64_t head = r->head % r->size, tail = r->tail % r->size;

	if (r->head / r->size != r->tail / r->size)
		return tail - MIN(head, tail);
	return (r->full ? r->backed : r->size) - head + tail;
}

/*
 * Write n octets as the entry at `place` and let `slot` lead to it. Killed anywhere
 * here, what is not behind the head is no entry, and what no slot leads to is none
 * either. `src` may overlap what is written if it stands behind.
 */
static void put(struct cachewrite *w, enum cache_which i, uint64_t place,
	const struct cache_entry *src, uint32_t hits, uint32_t window_s, uint8_t *slot)
{
	struct cache_entry *e = entry_at(w, &w->ring[i], place);
	const uint8_t *from = (const uint8_t *)src;
	size_t n = (size_t)src->size8 * 8;
	uint8_t *to = (uint8_t *)e;

	for (size_t k = 0; k < n; k += 8) {
		uint64_t v;

		memcpy(&v, from + k, sizeof(v));
		cache_store(to + k, v);
	}
	cache_store(&e->place, place);
	cache_store32(&e->hits, hits);
	cache_store32(&e->window_s, window_s);
	cache_store32(&e->check, hash_check(to + CACHE_CHECKED, n - CACHE_CHECKED));
	set_head(w, i, place + n);
	cache_store(slot, word_of(w, e));
	count(w, e, 1);
}

/* Take the oldest entry out of a ring, or to its front; true: there it is. */
static bool pass_tail(
	struct cachewrite *w, enum cache_which i, bool may_stay, uint64_t now_ns)
{
	struct cachewrite_ring *r = &w->ring[i];
	struct cache_entry *e = entry_at(w, r, r->tail);
	size_t n = octets_at(w, r, r->tail);
	uint8_t *slot = n > 0 ? slot_of(w, e) : NULL;

	uint64_t next = next_place(w, r, r->tail);
	if (slot != NULL)
		unlink_slot(w, slot);
	set_tail(w, i, next);
	if (slot == NULL)
		return false;
	if (may_stay && e->hits > 0 && now_ns < end_ns(w, e)) {
		uint64_t place = place_for(w, i, n);

		if (place + n <= r->tail + r->size) {
			put(w, i, place, e, 0, e->window_s, slot);
			return true;
		}
	}
	count_evicted(w, e, now_ns);
	return false;
}

/* Make room for n octets; the place where they go. The ring's memory has n octets. */
static uint64_t make_room(
	struct cachewrite *w, enum cache_which i, size_t n, uint64_t now_ns)
{
	struct cachewrite_ring *r = &w->ring[i];
	unsigned stayed = 0;

	for (unsigned turn = 0;; turn++) {
		uint64_t place = place_for(w, i, n);

		if (r->tail == r->head && place > r->head)
			set_tail(w, i, place); /* empty: nothing is let go of */
		bool room = place + n <= r->tail + r->size;
		if (room && (turn >= AHEAD || r->tail >= r->head ||
				    free_octets(r) >= n + SLACK(r)))
			return place;
		if (pass_tail(w, i, i != CACHE_PASSING_BY && stayed < AHEAD, now_ns))
			stayed++;
	}
}

/* ---- storing ---- */

/*
 * How readily an entry leaves a bucket that is full: less is sooner. Expired before
 * stale, these before fresh, those that were not used before those that were (CA-17),
 * and the one that its ring will let go of first.
 */
static uint64_t worth(
	const struct cachewrite *w, const struct cache_entry *e, uint64_t now_ns)
{
	const uint64_t fresh = UINT64_C(4) << 32, used = UINT64_C(2) << 32;

	if (e == NULL || now_ns >= end_ns(w, e) + NS_PER_S)
		return 0; /* those who waited have seen it after a second */
	const struct cachewrite_ring *r = &w->ring[which(e)];
	uint64_t left = r->size - MIN(r->head - e->place, r->size);
	return 1 + (e->hits > 0 ? used : 0) + (now_ns < e->expires_ns ? fresh : 0) +
	       ((left << 16) / r->size);
}

/* The slot of a full bucket whose entry is of least worth. */
static uint8_t *least_of(const struct cachewrite *w, uint8_t *slot, uint64_t now_ns)
{
	uint64_t least = UINT64_MAX;
	uint8_t *best = slot;

	for (unsigned i = 0; i < CACHE_BUCKET; i++, slot += sizeof(uint64_t)) {
		uint64_t v = worth(w, entry_of(w, cache_load(slot)), now_ns);

		if (v < least) {
			least = v;
			best = slot;
		}
	}
	return best;
}

/*
 * The slot for an entry: of the one whose place it takes, or a free one, or the least.
 * Entries of other tags are looked at only for the last: each is a miss of the
 * processor's cache.
 */
static uint8_t *slot_for(
	const struct cachewrite *w, const struct cache_entry *e, uint64_t now_ns)
{
	uint8_t *bucket = bucket_of(w, e->path), *slot = bucket, *unused = NULL;
	uint32_t tag = tag_of(e);

	for (unsigned i = 0; i < CACHE_BUCKET; i++, slot += sizeof(uint64_t)) {
		uint64_t word = cache_load(slot);

		if (word == 0) {
			unused = unused != NULL ? unused : slot;
		} else if (CACHE_WORD_TAG(word) == tag) {
			const struct cache_entry *there = entry_of(w, word);

			if (there != NULL && takes_place(w, e, there))
				return slot;
		}
	}
	return unused != NULL ? unused : least_of(w, bucket, now_ns);
}

/*
 * What the outcome at slot `mine` refutes: that the question failed, what it answered
 * before, and, if the name exists, that it does not (CA-11). An NXDOMAIN refutes answers
 * without a look at them, since it was stored later; NODATA leaves, so that nothing is
 * between it and an answer that may be preferred (CA-15). What was stored later than `e`
 * says it was (cachewrite_outdate()) stays.
 */
static void refute(struct cachewrite *w, const struct cache_entry *e, const uint8_t *mine)
{
	bool exists = e->kind == CACHE_ANSWER ||
	              (e->kind == CACHE_PASSES && e->rcode == 0);
	uint32_t typed = tag_of(e);
	uint32_t named = cache_tag(e->hcheck, e->group, 0, e->flags); /* an NXDOMAIN's */
	bool of_all = e->kind == CACHE_NXDOMAIN; /* it refutes other types, too */
	uint8_t *slot = bucket_of(w, e->path);

	if (e->kind == CACHE_FAILURE)
		return;
	for (unsigned i = 0; i < CACHE_BUCKET; i++, slot += sizeof(uint64_t)) {
		uint64_t word = cache_load(slot);
		const struct cache_entry *there = entry_of(w, word);
		uint32_t word_tag = CACHE_WORD_TAG(word);

		if (there == NULL || slot == mine ||
			(!of_all && word_tag != typed && word_tag != named))
			continue;
		if (there->stored_ns > e->stored_ns)
			continue;
		if ((there->kind == CACHE_FAILURE && same_question(there, e)) ||
			takes_place(w, e, there) ||
			(there->kind == CACHE_NXDOMAIN && exists &&
				same_name(there, e)) ||
			(e->kind == CACHE_NXDOMAIN && is_nodata(there) &&
				same_name(there, e)))
			unlink_slot(w, slot);
	}
}

int cachewrite_store(struct cachewrite *w, struct cache_entry *e)
{
	size_t n = (size_t)e->size8 * 8;
	uint64_t now_ns = e->stored_ns;
	uint32_t hits = 0, window_s = (uint32_t)(now_ns / NS_PER_S);

	if (!cache_fits(e, n))
		return -EINVAL;
	enum cache_which i = which(e);
	struct cachewrite_ring *r = &w->ring[i];
	if (w->base == NULL || n > r->size / 2 || (n > r->backed && !grow_ring(w, i, n)))
		return -ENOSPC;
	uint64_t place = make_room(w, i, n, now_ns);
	uint8_t *slot = slot_for(w, e, now_ns);
	const struct cache_entry *old = entry_of(w, cache_load(slot));
	if (old != NULL) {
		count(w, old, -1);
		if (takes_place(w, e, old)) {
			hits = old->hits;
			window_s = old->window_s;
		} else {
			count_evicted(w, old, now_ns);
		}
	}
	put(w, i, place, e, hits, window_s, slot);
	refute(w, e, slot);
	if (i != CACHE_PASSING_BY)
		w->insertions[i]++;
	return 0;
}

void cachewrite_outdate(struct cache_entry *e, uint16_t type, uint64_t at_ns)
{
	if (e->kind != CACHE_FAILURE)
		e->kind = CACHE_PASSES;
	e->type = type; /* an NXDOMAIN is for all */
	e->stored_ns = e->expires_ns = at_ns;
}

/* ---- notes ---- */

/* The ring and place of the entry of a word, which is whole or was; NULL: of none. */
static struct cache_entry *find_word(const struct cachewrite *w, uint64_t word)
{
	struct cache_entry *e = w->base != NULL ? entry_of(w, word) : NULL;

	for (unsigned i = 0; e != NULL && i < CACHE_RINGS; i++) {
		const struct cachewrite_ring *r = &w->ring[i];
		uint64_t at = CACHE_WORD_OFFSET(word);

		if (at < r->from || at >= r->from + r->backed)
			continue;
		if (e->place >= r->tail && e->place < r->head &&
			e->place % r->size == at - r->from &&
			octets_at(w, r, e->place) > 0 && word_of(w, e) == word)
			return e;
	}
	return NULL;
}

const struct cache_entry *cachewrite_entry(struct cachewrite *w, uint64_t word)
{
	const struct cache_entry *e = find_word(w, word);

	return e != NULL && slot_of(w, e) != NULL ? e : NULL;
}

uint32_t cachewrite_note(
	struct cachewrite *w, uint64_t word, uint32_t hits, uint64_t now_ns)
{
	struct cache_entry *e = find_word(w, word);
	uint32_t now_s = (uint32_t)(now_ns / NS_PER_S);

	if (e == NULL || slot_of(w, e) == NULL)
		return 0;
	if (w->window_ns > 0 && now_s - e->window_s >= w->window_ns / NS_PER_S)
		cache_store32(&e->window_s, now_s);
	else
		hits = hits < UINT32_MAX - e->hits ? e->hits + hits : UINT32_MAX;
	cache_store32(&e->hits, hits);
	return hits;
}

/* ---- the whole index ---- */

/* Let go of every entry that `goes` picks; how many. */
static size_t unlink_if(struct cachewrite *w,
	bool (*goes)(const struct cache_entry *e, const void *arg), const void *arg)
{
	uint8_t *slot = w->base + CACHE_INDEX;
	size_t n = 0;

	if (w->base == NULL)
		return 0;
	for (uint64_t i = w->buckets * CACHE_BUCKET; i > 0; i--, slot += 8) {
		const struct cache_entry *e = entry_of(w, cache_load(slot));

		if (e != NULL && goes(e, arg)) {
			unlink_slot(w, slot);
			n++;
		}
	}
	return n;
}

struct groups {
	const uint64_t *digests;
	size_t n;
};

static bool is_of_no_group(const struct cache_entry *e, const void *arg)
{
	const struct groups *g = arg;

	for (size_t i = 0; i < g->n; i++)
		if (g->digests[i] == e->group)
			return false;
	return true;
}

size_t cachewrite_keep_groups(struct cachewrite *w, const uint64_t *digests, size_t n)
{
	return unlink_if(w, is_of_no_group, &(struct groups){digests, n});
}

static bool is_flushed(const struct cache_entry *e, const void *arg)
{
	const struct forward_flush *f = arg;

	return e->stored_ns <= f->at_ns && forward_forgets(f, cache_name(e), e->name_len);
}

size_t cachewrite_flush(struct cachewrite *w, const struct forward_flush *what)
{
	return unlink_if(w, is_flushed, what);
}

/* ---- taking over ---- */

/* What an object for these rings says of itself. */
static void plan(
	struct cache_head *h, size_t success, size_t denial, const char *instance)
{
	*h = (struct cache_head){.layout = SNAP_LAYOUT, .endian = LAYOUT_ENDIAN};
	strncpy(h->instance, instance, sizeof(h->instance) - 1);
	h->octets[CACHE_ANSWERS] = round_up(MAX(success, RING_MIN), PAGE);
	h->octets[CACHE_DENIALS] = round_up(MAX(denial, RING_MIN), PAGE);
	h->octets[CACHE_PASSING_BY] = CACHE_PASSING;
	uint64_t words = (h->octets[0] + h->octets[1]) / ENTRY_OCTETS;
	for (h->buckets = PAGE / BUCKET_OCTETS; h->buckets * CACHE_BUCKET < words;)
		h->buckets *= 2;
	h->magic = CACHE_MAGIC;
	h->check = hash_check(h, offsetof(struct cache_head, check));
}

static size_t planned_octets(const struct cache_head *h)
{
	return CACHE_INDEX + h->buckets * BUCKET_OCTETS + h->octets[0] + h->octets[1] +
	       h->octets[2];
}

size_t cachewrite_octets(size_t success, size_t denial)
{
	struct cache_head h;

	plan(&h, success, denial, "");
	return planned_octets(&h);
}

/* Where a ring begins that is empty: no place before was ever so high. */
static uint64_t first_place(const struct cachewrite_ring *r, uint64_t now_ns)
{
	return lap_after(r, now_ns);
}

static void empty_ring(struct cachewrite *w, enum cache_which i, uint64_t now_ns)
{
	w->ring[i].backed = 0;
	cache_store(&shared_ring(w, i)->backed, 0);
	set_tail(w, i, first_place(&w->ring[i], now_ns));
	set_head(w, i, w->ring[i].tail);
}

/* Take a ring as the object has it, if it can be. */
static void adopt_ring(struct cachewrite *w, enum cache_which i, uint64_t now_ns)
{
	struct cache_ring *shared = shared_ring(w, i);
	struct cachewrite_ring *r = &w->ring[i];
	uint64_t place;

	r->backed = cache_load(&shared->backed);
	r->head = cache_load(&shared->head);
	r->tail = cache_load(&shared->tail);
	/* Killed where an empty ring went on to its next lap: its tail went first. */
	if (r->tail > r->head && r->tail == lap_after(r, r->head))
		set_head(w, i, r->tail);
	if (r->backed > r->size || r->backed % PAGE != 0 || r->head % 8 != 0 ||
		r->tail % 8 != 0 || r->tail > r->head || r->head - r->tail > r->size ||
		r->head > UINT64_MAX / 2 ||
		(w->grow != NULL && r->backed > 0 &&
			w->grow(w->arg, r->from, r->from + r->backed) < 0)) {
		empty_ring(w, i, now_ns);
		return;
	}
	/* What is not whole loses its place: it will be passed octet by octet. */
	for (place = r->tail; place < r->head; place = next_place(w, r, place)) {
		struct cache_entry *e = entry_at(w, r, place);
		size_t n = octets_at(w, r, place);

		if (n > 0 && (!cache_fits(e, n) ||
				     e->check != hash_check((uint8_t *)e + CACHE_CHECKED,
							 n - CACHE_CHECKED)))
			cache_store(&e->place, 0);
	}
}

/* True if a word leads to an entry that is whole, in the right ring and bucket. */
static bool is_right(const struct cachewrite *w, const uint8_t *slot, uint64_t word)
{
	const struct cache_entry *e = find_word(w, word);
	const struct cachewrite_ring *r;

	if (e == NULL || !cache_fits(e, (size_t)e->size8 * 8))
		return false;
	r = &w->ring[which(e)];
	const uint8_t *p = (const uint8_t *)e, *bucket = bucket_of(w, e->path);
	if (p < w->base + r->from || p >= w->base + r->from + r->size)
		return false;
	if (slot < bucket || slot >= bucket + BUCKET_OCTETS)
		return false;
	if (name_scan(cache_name(e), e->name_len) != e->name_len)
		return false;
	return slot_of(w, e) == slot; /* and not twice in its bucket */
}

/* Keep the words that are right. True: there are some. */
static bool adopt_index(struct cachewrite *w)
{
	uint8_t *slot = w->base + CACHE_INDEX;
	bool any = false;

	for (uint64_t i = w->buckets * CACHE_BUCKET; i > 0; i--, slot += 8) {
		uint64_t word = cache_load(slot);

		if (word == 0)
			continue;
		if (!is_right(w, slot, word)) {
			cache_store(slot, 0);
			continue;
		}
		count(w, entry_of(w, word), 1);
		any = true;
	}
	return any;
}

/* Make an empty cache: whoever reads meanwhile finds nothing. */
static void create(struct cachewrite *w, const struct cache_head *h, uint64_t now_ns)
{
	struct cache_head *shared = (void *)w->base;
	const uint8_t *from = (const uint8_t *)h;

	cache_store(&shared->magic, 0);
	for (uint64_t i = 0; i < h->buckets * CACHE_BUCKET; i++)
		cache_store(w->base + CACHE_INDEX + i * 8, 0);
	for (size_t i = 8; i < offsetof(struct cache_head, ring); i += 8) {
		uint64_t v;

		memcpy(&v, from + i, sizeof(v));
		cache_store(w->base + i, v);
	}
	for (unsigned i = 0; i < CACHE_RINGS; i++)
		empty_ring(w, i, now_ns);
	cache_store(&shared->magic, h->magic);
}

bool cachewrite_open(struct cachewrite *w, uint8_t *base, size_t size, size_t success,
	size_t denial, const char *instance, uint8_t *copies,
	int (*grow)(void *arg, size_t from, size_t to), void *arg, uint64_t now_ns)
{
	struct cache_head h;
	size_t at;

	plan(&h, success, denial, instance);
	*w = (struct cachewrite){.grow = grow, .arg = arg, .buckets = h.buckets};
	at = CACHE_INDEX + h.buckets * BUCKET_OCTETS;
	if (planned_octets(&h) > size || (grow != NULL && grow(arg, 0, at) < 0))
		return false;
	w->base = base;
	w->size = planned_octets(&h);
	w->reader.base = base;
	w->reader.size = w->size;
	w->reader.copy[0] = copies;
	w->reader.copy[1] = copies + CACHE_COPY_MAX;
	for (unsigned i = 0; i < CACHE_RINGS; i++) {
		w->ring[i].from = at;
		w->ring[i].size = h.octets[i];
		at += h.octets[i];
	}
	bool ours = memcmp(base, &h,
			    offsetof(struct cache_head, check) + sizeof(h.check)) == 0;
	if (!ours)
		create(w, &h, now_ns);
	for (unsigned i = 0; ours && i < CACHE_RINGS; i++)
		adopt_ring(w, i, now_ns);
	/* A first step while there is room: each ring shall have some, come what may. */
	for (unsigned i = 0; i < CACHE_RINGS; i++)
		if (w->ring[i].backed == 0)
			grow_ring(w, i, 1);
	return ours && adopt_index(w);
}
