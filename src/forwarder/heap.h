/*
 * heap.h - timers: which of a fixed number of things is due first (core)
 *
 * Things are numbers below the capacity, each of which has one time or none. Setting a
 * time takes O(log n), looking at the first O(1). Memory is allocated by heap_init()
 * alone.
 */
#ifndef FORWARDER_HEAP_H
#define FORWARDER_HEAP_H

#include <stdint.h>

#define HEAP_NEVER UINT64_MAX

struct heap {
	uint64_t *due;   /* owned; by thing, HEAP_NEVER: none */
	uint32_t *place; /* owned; of a thing in `thing` */
	uint32_t *thing; /* owned; those with a time, as a binary heap */
	uint32_t n, cap;
};

/* Room for things 0 to `cap` - 1, none of which has a time; heap_fini() ends it. */
void heap_init(struct heap *h, uint32_t cap);

/* Free its memory. */
void heap_fini(struct heap *h);

/* `thing` is due at `due_ns`, and at no other time; HEAP_NEVER: at none. */
void heap_set(struct heap *h, uint32_t thing, uint64_t due_ns);

/* When the first is due; HEAP_NEVER: none is. *thing, if not NULL, says which. */
uint64_t heap_first(const struct heap *h, uint32_t *thing);

#endif
