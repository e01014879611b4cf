/*
 * zonerdata.h - words of a master file to names, times and rdata (core)
 *
 * Types that answers look into (V-05) are read here, strictly; all types may be written
 * as \# LENGTH HEX (RFC 3597); the others are ldns's (rdatatext.h). Names in rdata of
 * the types that are read here are folded.
 */
#ifndef RECORDS_ZONERDATA_H
#define RECORDS_ZONERDATA_H

#include "base/mem.h"
#include "controller/records/zonescan.h"
#include "dns/name.h"

/* What is wrong, and with which word; `why` is static text. */
struct zonerdata_fault {
	const char *why;
	size_t word; /* index */
};

/*
 * A name as the file has it, folded; relative ones are completed with `origin`. NULL, or
 * why it is none.
 */
const char *zonerdata_name(
	const struct zonescan_word *w, const struct name *origin, struct name *out);

/* A type's mnemonic, or TYPE123, of what may stand in a zone; -1: none. */
int zonerdata_type(const struct zonescan_word *w);

/* Seconds as a number or with units (1h30m), up to 2^31 - 1 (RFC 2181, section 8). */
bool zonerdata_ttl(const struct zonescan_word *w, uint32_t *out);

/* True if the word is that text, in any case. */
bool zonerdata_is(const struct zonescan_word *w, const char *text);

/*
 * Append the rdata that the `n` words say to `out`, at most 65535 octets. False: *fault
 * says why, and nothing was appended.
 */
bool zonerdata_parse(uint16_t type, const struct zonescan_word *w, size_t n,
	const struct name *origin, struct mem_buf *out, struct zonerdata_fault *fault);

/* True if the octets are rdata of that type, for those that are read here. */
bool zonerdata_valid(uint16_t type, const uint8_t *rdata, size_t len);

#endif
