#include "forwarder/heap.h"

#include <stdlib.h>

#include "base/mem.h"

void heap_init(struct heap *h, uint32_t cap)
{
	*h = (struct heap){
		.due = mem_alloc(cap, sizeof(*h->due)),
		.place = mem_alloc(cap, sizeof(*h->place)),
		.thing = mem_alloc(cap, sizeof(*h->thing)),
		.cap = cap,
	};
	for (uint32_t i = 0; i < cap; i++)
		h->due[i] = HEAP_NEVER;
}

void heap_fini(struct heap *h)
{
	free(h->due);
	free(h->place);
	free(h->thing);
	*h = (struct heap){0};
}

static void put(struct heap *h, uint32_t at, uint32_t thing)
{
	h->thing[at] = thing;
	h->place[thing] = at;
}

/* The place `at` is free for `thing`: let earlier ones stand above it. */
static void sift(struct heap *h, uint32_t at, uint32_t thing)
{
	uint64_t due = h->due[thing];

	while (at > 0 && h->due[h->thing[(at - 1) / 2]] > due) {
		put(h, at, h->thing[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < h->n &&
			h->due[h->thing[child + 1]] < h->due[h->thing[child]])
			child++;
		if (child >= h->n || h->due[h->thing[child]] >= due)
			break;
		put(h, at, h->thing[child]);
		at = child;
	}
	put(h, at, thing);
}

static void take_out(struct heap *h, uint32_t thing)
{
	uint32_t at = h->place[thing], last = h->thing[--h->n];

	h->due[thing] = HEAP_NEVER;
	if (last != thing)
		sift(h, at, last);
}

void heap_set(struct heap *h, uint32_t thing, uint64_t due_ns)
{
	if (h->due[thing] == due_ns)
		return;
	if (due_ns == HEAP_NEVER) {
		take_out(h, thing);
		return;
	}
	uint32_t at = h->due[thing] == HEAP_NEVER ? h->n++ : h->place[thing];
	h->due[thing] = due_ns;
	sift(h, at, thing);
}

uint64_t heap_first(const struct heap *h, uint32_t *thing)
{
	if (h->n == 0)
		return HEAP_NEVER;
	if (thing != NULL)
		*thing = h->thing[0];
	return h->due[h->thing[0]];
}
