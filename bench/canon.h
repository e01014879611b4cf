/*
 * canon.h - a reply with what may differ between two right replies taken out (core)
 *
 * The ID is left away, the RRs of each section stand in the order of their octets, and
 * the serial of an SOA is zero. Everything else is compared octet by octet. It decodes
 * nothing: names stay as they are, pointers included, so a reply whose rotation moves
 * the targets of pointers has no single form.
 */
#ifndef BENCH_CANON_H
#define BENCH_CANON_H

#include <stddef.h>
#include <stdint.h>

#define CANON_MAX 4096

/*
 * Write the canonical form of `msg` into `out` (CANON_MAX octets); returns its length, 0
 * if the message does not hold what its header says.
 */
size_t canon(const uint8_t *msg, size_t len, uint8_t *out);

#endif
