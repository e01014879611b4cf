/*
 * entry.h - taking the 8-octet entries of the trie apart (layout.h), for the files of
 * snap
 */
#ifndef SNAP_ENTRY_H
#define SNAP_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snap/layout.h"

#define ENTRY_TAG_MASK (~((UINT64_C(1) << 34) - 1))

/* Offset in the segment of what the entry names. */
static inline uint64_t entry_at(uint64_t entry)
{
	return (uint64_t)(uint32_t)entry * 8;
}

/* ENTRY_TRIE, ENTRY_NODE, ENTRY_LIST; 3 is none of them. */
static inline unsigned entry_kind(uint64_t entry)
{
	return (unsigned)(entry >> 32 & 3);
}

/* An entry for the octets at `at`. */
static inline uint64_t entry_make(uint64_t at, unsigned kind, uint64_t path)
{
	return at / 8 | (uint64_t)kind << 32 |
	       (kind == ENTRY_TRIE ? 0 : path & ENTRY_TAG_MASK);
}

/* True if the entry's hash bits are those of `path`: nearly always the same hash. */
static inline bool entry_tagged(uint64_t entry, uint64_t path)
{
	return ((entry ^ path) & ENTRY_TAG_MASK) == 0;
}

/* Which of 32 children `path` leads to at `level`. */
static inline unsigned entry_digit(uint64_t path, unsigned level)
{
	return (unsigned)(path >> (TRIE_BITS * level)) & (TRIE_FANOUT - 1);
}

/*
 * Bits that are set. Not __builtin_popcount(): without a machine option that is a call,
 * and there are several on the way to each name.
 */
static inline unsigned entry_bits(uint32_t map)
{
	map -= map >> 1 & UINT32_C(0x55555555);
	map = (map & UINT32_C(0x33333333)) + (map >> 2 & UINT32_C(0x33333333));
	return ((map + (map >> 4)) & UINT32_C(0x0f0f0f0f)) * UINT32_C(0x01010101) >> 24;
}

/* Place of child `digit` among the entries of a trie node with this map. */
static inline unsigned entry_index(uint32_t map, unsigned digit)
{
	return entry_bits(map & ((UINT32_C(1) << digit) - 1));
}

/*
 * The trie node or list that the entry names, checked to lie within `used` octets with
 * all its entries; NULL if it does not.
 */
static inline const struct trie_node *entry_trie(
	const uint8_t *base, uint64_t used, uint64_t entry)
{
	uint64_t at = entry_at(entry);

	if (at < SEGMENT_FIRST || at + sizeof(struct trie_node) > used)
		return NULL;
	const struct trie_node *t = (const void *)(base + at);
	uint64_t room = used - at - sizeof(*t);
	/* Nearly always there is room for all children: then they need not be counted. */
	return room >= 8 * TRIE_FANOUT || room >= 8 * entry_bits(t->map) ? t : NULL;
}

/*
 * The same for a list of nodes; a longer one is damage:
 * 64-bit hashes hardly ever agree.
 */
#define ENTRY_LIST_MAX 4096
static inline const struct trie_list *entry_list(
	const uint8_t *base, uint64_t used, uint64_t entry)
{
	uint64_t at = entry_at(entry);

	if (at < SEGMENT_FIRST || at + sizeof(struct trie_list) > used)
		return NULL;
	const struct trie_list *l = (const void *)(base + at);
	if (l->count > ENTRY_LIST_MAX)
		return NULL;
	return 8 * (uint64_t)l->count <= used - at - sizeof(*l) ? l : NULL;
}

/*
 * How many entries a walk may follow: in a damaged segment many links may lead to one
 * place, and no whole segment holds more of them than it has room for.
 */
static inline uint64_t entry_budget(uint64_t used)
{
	return used / sizeof(uint64_t);
}

#endif
