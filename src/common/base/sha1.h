/*
 * sha1.h - SHA-1 (FIPS 180-4) of a few octets, for NSEC3 (RFC 5155, section 5) (core)
 *
 * Not for secrets: NSEC3 knows no other hash. All is given at once, nothing is allocated;
 * some 250 ns for each 64 octets.
 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_OCTETS 20

/* The digest of `len` octets, less than 2^29; `out` may be where they stand. */
void sha1(const uint8_t *data, size_t len, uint8_t out[SHA1_OCTETS]);

#endif
