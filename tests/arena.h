/*
 * arena.h - a segment in plain memory, for tests: what segment.c gives without the kernel
 */
#ifndef TESTS_ARENA_H
#define TESTS_ARENA_H

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "snap/trie.h"

/* An arena over heap memory. `fail` makes the next grow calls say -ENOSPC. */
struct heap_arena {
	struct arena arena; /* first */
	uint64_t capacity;
	unsigned fail;
};

static int heap_grow(struct arena *a, uint64_t need)
{
	struct heap_arena *h = (struct heap_arena *)a;

	if (h->fail > 0) {
		h->fail--;
		return -ENOSPC;
	}
	if (a->used + need > h->capacity)
		return -ENOSPC;
	/* Small steps, so that growing happens often. */
	a->window_to = MIN(round_up(a->used + need, 4096), h->capacity);
	return 0;
}

/* A fresh arena with room for `capacity` octets. */
static inline struct heap_arena *heap_arena_new(
	uint64_t capacity, const struct hash_key *key)
{
	struct heap_arena *h = mem_alloc(1, sizeof(*h));
	uint8_t *base = mem_alloc(1, capacity);

	h->capacity = capacity;
	h->arena = (struct arena){
		.base = base,
		.window = base,
		.window_to = SEGMENT_FIRST,
		.used = SEGMENT_FIRST,
		.watermark = SEGMENT_FIRST,
		.key = *key,
		.grow = heap_grow,
	};
	return h;
}

static inline void heap_arena_free(struct heap_arena *h)
{
	free(h->arena.window);
	free(h);
}

#endif
