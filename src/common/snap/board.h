/*
 * board.h - the one page that says which root is current, and the reader's refresh
 *
 * The word is stored with release and loaded with acquire order: who reads a root sees
 * all octets that it reaches (G2). Generations never fall for a reader (G3).
 */
#ifndef SNAP_BOARD_H
#define SNAP_BOARD_H

#include <stdbool.h>

#include "snap/layout.h"
#include "snap/settings.h"
#include "snap/snap.h"

/* True if the page is a board of this layout and of `instance`. */
bool board_valid(const struct board_page *b, const char *instance);

/* Fill in a fresh page: magic, layout, instance, key, check. */
void board_init(struct board_page *b, const char *instance, const struct hash_key *key);

/* Atomic access to the fields of a live board. */
uint64_t board_load(const uint64_t *field);
void board_store(uint64_t *field, uint64_t v);

#endif
