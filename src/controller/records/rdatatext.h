/*
 * rdatatext.h - rdata of rarer types from text to wire form, by ldns (core)
 *
 * The only file that calls ldns. It knows the presentation form of some sixty types;
 * what it is lenient about is checked here: numbers that do not fit are refused.
 */
#ifndef RECORDS_RDATATEXT_H
#define RECORDS_RDATATEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "dns/name.h"

/* Mnemonic of a type (any case) to its number; -1: unknown. */
int rdatatext_type(const char *text);

/*
 * Append the wire form of `text`, words of rdata with blanks between them, to `out`.
 * Names are relative to `origin`. Returns NULL, or words to follow the
 * first of them, which say why it cannot be: static text.
 */
const char *rdatatext_parse(
	uint16_t type, const char *text, const struct name *origin, struct mem_buf *out);

#endif
