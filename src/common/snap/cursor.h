/*
 * cursor.h - one description of a block for writing and for reading it (inside of snap/)
 *
 * A struct is walked field by field with a cursor that either writes the field or reads
 * it, so the two cannot differ. What is read is hostile: each field says what it may be,
 * and what may not be is sticky in `bad`. Pure.
 */
#ifndef SNAP_CURSOR_H
#define SNAP_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"

/* One of `out` and `in` is NULL. */
struct cursor {
	uint8_t *out;
	const uint8_t *in;
	size_t left; /* octets at `in` */
	bool bad;    /* sticky: nothing more is read or written in earnest */
};

/* `n` octets at `field`, in host order. */
void cursor_octets(struct cursor *c, void *field, size_t n);

/* What a reader insists on; a writer that has something else stops there as well. */
void cursor_insist(struct cursor *c, bool condition);

/* A number of one octet, at most `max`. */
void cursor_octet(struct cursor *c, uint8_t *field, unsigned max);

/* Numbers of one, two and four octets; a flag is 0 or 1. */
void cursor_flag(struct cursor *c, bool *field);
void cursor_half(struct cursor *c, uint16_t *field);
void cursor_word(struct cursor *c, uint32_t *field);

/* A name that is well-formed and folded; of the first kind there may be none (len 0). */
void cursor_optional_name(struct cursor *c, struct name *n);
void cursor_name(struct cursor *c, struct name *n);

/* An address, or none (len 0), whose unused octets are 0. */
void cursor_address(struct cursor *c, struct addr *a);

/* A prefix of an address. */
void cursor_prefix(struct cursor *c, struct prefix *p);

#endif
