/*
 * show.h - values of a configuration as text, as they would stand in a file (inside of
 * conf/)
 *
 * Two values are equal if their texts are: what a text says is all that a value has. Keys
 * of groups within a group are shown by their dotted names.
 */
#ifndef CONF_SHOW_H
#define CONF_SHOW_H

#include <stdio.h>

#include "conf/schema.h"

/* The value of the key at `base`, the struct that the key is about. */
void show_value(const struct key *k, const void *base, FILE *out);

/* All keys of a group of the list `prefix`, "listen[]": { address = ...; port = 53; } */
void show_group(const char *prefix, const void *element, FILE *out);

/* The i-th element of a list. Borrowed. */
void *show_at(const struct key *k, const void *base, size_t i);

#endif
