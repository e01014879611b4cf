#include "controller/publish/reclaim.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "snap/entry.h"
#include "snap/segment.h"

#define PAGE    UINT64_C(4096)
#define WAIT_NS (5 * NS_PER_S) /* then no reader is at an older root */

/* A walk over what a root reaches. */
struct walk {
	const struct snap *s;
	size_t pages;    /* whole ones below `used` */
	uint64_t budget; /* entries that may still be followed */
	uint8_t *used;   /* one octet for each page: something in it is reached */
};

static void mark(struct walk *w, uint64_t at, uint64_t len)
{
	for (size_t i = at / PAGE; i <= (at + len - 1) / PAGE && i < w->pages; i++)
		w->used[i] = 1;
}

static bool mark_leaf(struct walk *w, uint64_t entry)
{
	struct node_view v;

	if (entry_kind(entry) != ENTRY_NODE ||
		!node_view(w->s->base, w->s->used, (uint32_t)entry, &v))
		return false;
	mark(w, entry_at(entry), (uint64_t)v.head->size8 * 8);
	if (v.body != NULL)
		mark(w, (uint64_t)v.head->body * 8,
			v.body_len + sizeof(struct body_header));
	return true;
}

static bool mark_list(struct walk *w, uint64_t entry)
{
	const struct trie_list *list = entry_list(w->s->base, w->s->used, entry);
	bool ok = list != NULL;

	if (ok)
		mark(w, entry_at(entry), sizeof(*list) + 8 * (uint64_t)list->count);
	for (uint32_t i = 0; ok && i < list->count; i++)
		ok = mark_leaf(w, list->entry[i]);
	return ok;
}

/* Depth is bounded by the levels. */
static bool mark_entry(struct walk *w, uint64_t entry, unsigned level)
{
	if (w->budget-- == 0)
		return false;
	if (entry_kind(entry) == ENTRY_LIST)
		return mark_list(w, entry);
	if (entry_kind(entry) != ENTRY_TRIE)
		return mark_leaf(w, entry);
	const struct trie_node *t = level < TRIE_LEVELS
	                                    ? entry_trie(w->s->base, w->s->used, entry)
	                                    : NULL;
	if (t == NULL)
		return false;
	unsigned n = entry_bits(t->map);
	mark(w, entry_at(entry), sizeof(*t) + 8 * (uint64_t)n);
	for (unsigned i = 0; i < n; i++)
		if (!mark_entry(w, t->entry[i], level + 1))
			return false;
	return true;
}

static bool mark_all(struct walk *w)
{
	const struct snap *s = w->s;
	uint64_t number;
	size_t len;

	if (snap_settings(s, &len, &number) == NULL)
		return false;
	mark(w, 0, SEGMENT_FIRST);
	mark(w, (uint64_t)s->settings * 8, sizeof(struct settings_header) + len);
	mark(w, (uint64_t)s->root * 8, sizeof(struct root));
	return (s->trie == 0 || mark_entry(w, s->trie, 0)) &&
	       (s->clients == 0 || mark_entry(w, s->clients, 0));
}

void reclaim_fini(struct reclaim *r)
{
	free(r->used);
	r->used = NULL;
}

/* Find the pages by the root that the board names, if it is worth while. */
static void find_pages(struct reclaim *r, const struct segment *seg, uint64_t word)
{
	struct snap s;

	if (snap_open(seg->base, seg->size, BOARD_REF(word), &s) < 0 ||
		s.used - SEGMENT_FIRST < s.live + SEGMENT_STEP)
		return;
	struct walk w = {.s = &s,
		.pages = s.used / PAGE,
		.budget = entry_budget(s.used),
		.used = mem_alloc(s.used / PAGE, 1)};
	if (!mark_all(&w)) {
		free(w.used);
		return;
	}
	r->used = w.used;
	r->pages = w.pages;
	r->word = word;
}

static void look(struct reclaim *r, const char *instance, const struct board_page *board)
{
	const struct hash_key key = {board->key0, board->key1, UINT64_MAX};
	uint64_t word = board_load(&board->word);
	struct segment seg;

	if (word == 0 || word == r->done ||
		segment_map(instance, BOARD_SEGMENT(word), &key, &seg) < 0)
		return;
	find_pages(r, &seg, word);
	segment_unmap(&seg);
}

/* Punch each run of pages out. */
static void punch(const struct reclaim *r, int fd)
{
	for (size_t i = 0, end; i < r->pages; i = end) {
		end = i + 1;
		while (end < r->pages && r->used[end] == r->used[i])
			end++;
		if (r->used[i] == 0)
			segment_punch(fd, i * PAGE, end * PAGE);
	}
}

void reclaim_step(struct reclaim *r, const char *instance, struct board_page *board,
	uint64_t now_ns)
{
	if (now_ns < r->due_ns)
		return;
	r->due_ns = now_ns + WAIT_NS;
	if (r->used == NULL) {
		look(r, instance, board);
		return;
	}
	int fd = segment_open_for_punch(instance, BOARD_SEGMENT(r->word));
	if (fd >= 0) {
		board_store(&board->reclaimed, r->word);
		punch(r, fd);
		close(fd);
	}
	r->done = r->word;
	reclaim_fini(r);
}
