#include "snap/ring.h"

#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "dns/name.h"

#define FIXED_WORDS (round_up(offsetof(struct ring_entry, name), 8) / 8)

_Static_assert(RING_NAME == NAME_MAX_LEN, "room for every name");
_Static_assert((RING_ENTRIES & (RING_ENTRIES - 1)) == 0, "places are found by a mask");

/* Words of an entry whose name has so many octets. */
static size_t words_of(size_t name_len)
{
	return round_up(offsetof(struct ring_entry, name) + name_len, 8) / 8;
}

static uint64_t load_relaxed(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static void store_relaxed(_Atomic uint64_t *p, uint64_t v)
{
	atomic_store_explicit(p, v, memory_order_relaxed);
}

/* ---- writer ---- */

void ring_put(struct ring *r, const struct ring_entry *e)
{
	uint64_t number = load_relaxed(&r->written) + 1, words[RING_WORDS];
	uint64_t logged = load_relaxed(&r->logged) + ((e->marks & RING_LOGGED) != 0);
	struct ring_place *p = &r->places[(number - 1) % RING_ENTRIES];
	size_t n = words_of(e->name_len);

	memcpy(words, e, n * 8);
	words[offsetof(struct ring_entry, logged) / 8] = logged;
	store_relaxed(&p->number, 0);
	/* Who sees one of the words sees the 0 as well, or what comes after it. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < n; i++)
		store_relaxed(&p->words[i], words[i]);
	atomic_store_explicit(&p->number, number, memory_order_release);
	store_relaxed(&r->logged, logged);
	atomic_store_explicit(&r->written, number, memory_order_release);
}

/* ---- readers ---- */

void ring_seek_end(struct ring_reader *reader, const struct ring *r)
{
	reader->next = atomic_load_explicit(&r->written, memory_order_acquire);
}

/* True if `name` is one name of exactly `len` octets, or none at all. */
static bool name_valid(const uint8_t *name, size_t len)
{
	size_t at = 0;

	if (len == 0)
		return true;
	while (at < len && name[at] != 0) {
		if (name[at] > LABEL_MAX_LEN)
			return false;
		at += 1u + name[at];
	}
	return at + 1 == len;
}

/* Copy the entry of that number; false: it is not there, or not whole. */
static bool copy(const struct ring_place *p, uint64_t number, struct ring_entry *out)
{
	uint64_t words[RING_WORDS];
	struct ring_entry head;
	size_t n;

	if (atomic_load_explicit(&p->number, memory_order_acquire) != number)
		return false;
	for (size_t i = 0; i < FIXED_WORDS; i++)
		words[i] = load_relaxed(&p->words[i]);
	memcpy(&head, words, FIXED_WORDS * 8);
	n = words_of(head.name_len);
	for (size_t i = FIXED_WORDS; i < n; i++)
		words[i] = load_relaxed(&p->words[i]);
	atomic_thread_fence(memory_order_acquire);
	if (load_relaxed(&p->number) != number)
		return false;
	memcpy(&head, words, n * 8);
	if (!name_valid(head.name, head.name_len))
		return false;
	memcpy(out, &head, n * 8);
	return true;
}

bool ring_next(struct ring_reader *reader, const struct ring *r, struct ring_entry *out)
{
	for (;;) {
		uint64_t written = atomic_load_explicit(
			&r->written, memory_order_acquire);

		if (reader->next >= written) {
			reader->next = written; /* never before what is there */
			return false;
		}
		if (written - reader->next > RING_ENTRIES) {
			reader->lost += written - reader->next - RING_ENTRIES;
			reader->next = written - RING_ENTRIES;
		}
		uint64_t number = ++reader->next;
		if (copy(&r->places[(number - 1) % RING_ENTRIES], number, out))
			return true;
		reader->lost++;
	}
}
