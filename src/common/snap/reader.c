#include "snap/reader.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"

#define BOARD_TRIES 4 /* races between reading the board and opening the object (SH-05) */

void reader_init(struct reader *r, const char *instance)
{
	memset(r, 0, sizeof(*r));
	strncpy(r->instance, instance, sizeof(r->instance) - 1);
}

static struct hash_key board_key(const struct board_page *b)
{
	return (struct hash_key){b->key0, b->key1, UINT64_MAX};
}

/* The segment in use or mapped ahead that has this number, or NULL. */
static struct segment *mapped(struct reader *r, uint64_t number)
{
	if (r->current.base != NULL && r->current.number == number)
		return &r->current;
	if (r->next.base != NULL && r->next.number == number)
		return &r->next;
	return NULL;
}

/* Map the segment as the next one, unless it is mapped already. */
static int want(struct reader *r, uint64_t number, struct segment **out)
{
	struct hash_key key = board_key(r->board);
	int ret = 0;

	*out = mapped(r, number);
	if (*out != NULL)
		return 0;
	segment_unmap(&r->next);
	r->populated = 0;
	ret = segment_map(r->instance, number, &key, &r->next);
	if (ret == 0)
		*out = &r->next;
	return ret;
}

/* Open the root; an object that has grown meanwhile is asked for its size once. */
static int open_root(struct segment *s, uint32_t ref, struct snap *snap)
{
	int ret = snap_open(s->base, s->size, ref, snap);

	if (ret == -ERANGE && segment_refresh(s) == 0)
		ret = snap_open(s->base, s->size, ref, snap);
	return ret;
}

/* Decode the settings of a root, if they are not those that we have. */
static int take_settings(struct reader *r, const struct snap *snap)
{
	uint64_t number;
	size_t len;
	const uint8_t *octets = snap_settings(snap, &len, &number);

	if (octets == NULL)
		return -EBADMSG;
	if (r->snap.base != NULL && number == r->settings.number)
		return 0;
	struct settings fresh;
	int ret = settings_decode(octets, len, number, &fresh);
	if (ret == 0)
		r->settings = fresh;
	return ret;
}

/* Roots before this one have lost memory (SH-02). */
static uint32_t oldest(const struct reader *r, const struct segment *s)
{
	uint64_t reclaimed = board_load(&r->board->reclaimed);

	return BOARD_SEGMENT(reclaimed) == s->number ? BOARD_REF(reclaimed) : 0;
}

static void switch_to(struct reader *r, const struct segment *s)
{
	if (s != &r->next)
		return;
	segment_unmap(&r->old);
	r->old = r->current;
	r->current = r->next;
	r->next = (struct segment){0};
	r->populated = 0;
}

/* Try the root that `word` names. */
static int try_word(struct reader *r, uint64_t word)
{
	struct segment *s;
	struct snap snap;
	int ret = want(r, BOARD_SEGMENT(word), &s);

	if (ret == 0)
		ret = open_root(s, BOARD_REF(word), &snap);
	if (ret == 0 && r->snap.base != NULL && snap.generation < r->snap.generation)
		ret = -EBADMSG; /* G3 */
	if (ret == 0)
		ret = take_settings(r, &snap);
	if (ret < 0)
		return ret;
	snap.oldest = oldest(r, s);
	switch_to(r, s);
	r->snap = snap;
	r->word = word;
	r->refreshes++;
	return 0;
}

bool reader_refresh(struct reader *r)
{
	if (r->board == NULL && segment_board_map(r->instance, &r->board) < 0)
		return false;
	for (int i = 0; i < BOARD_TRIES; i++) {
		uint64_t word = board_load(&r->board->word);

		if (word == r->word || word == 0 || word == r->refused)
			return false;
		int ret = try_word(r, word);
		if (ret == 0)
			return true;
		if (board_load(&r->board->word) == word) {
			r->failures++;
			r->refused = word;
			return false;
		}
	}
	return false;
}

/*
 * The board is found by its name once. Where it was damaged or unlinked, a controller
 * that starts makes another, which is told apart by its key: go on there, with what we
 * have until it names a root. Its segments may have the numbers of the old one's.
 */
static void follow_board(struct reader *r)
{
	const struct board_page *fresh;

	if (r->board == NULL || segment_board_map(r->instance, &fresh) < 0)
		return;
	if (fresh->key0 == r->board->key0 && fresh->key1 == r->board->key1) {
		segment_board_unmap(fresh);
		return;
	}
	segment_board_unmap(r->board);
	r->board = fresh;
	r->word = 0;
	r->current.number = 0;
	segment_unmap(&r->next);
	r->populated = 0;
}

void reader_retry(struct reader *r)
{
	r->refused = 0;
	follow_board(r);
}

bool reader_step(struct reader *r)
{
	struct segment *s;

	if (r->old.base != NULL)
		return segment_unmap_step(&r->old);
	if (r->board == NULL)
		return false;
	uint64_t building = board_load(&r->board->building);
	/* Given up: its memory is not free before the last of us has let go of it. */
	if (building == 0)
		return segment_unmap_step(&r->next);
	if (mapped(r, building) == &r->current)
		return false;
	if (want(r, building, &s) < 0 || segment_refresh(s) < 0)
		return false;
	return segment_populate(s, s->size, &r->populated);
}

const struct snap *reader_snap(const struct reader *r)
{
	return r->snap.base != NULL ? &r->snap : NULL;
}

void reader_fini(struct reader *r)
{
	segment_unmap(&r->current);
	segment_unmap(&r->next);
	segment_unmap(&r->old);
	segment_board_unmap(r->board);
	memset(r, 0, sizeof(*r));
}

bool reader_complete(const char *instance)
{
	struct reader r;

	reader_init(&r, instance);
	reader_refresh(&r);
	bool complete = r.snap.base != NULL && (r.snap.flags & ROOT_COMPLETE) != 0;
	reader_fini(&r);
	return complete;
}
