/*
 * sha256.h - SHA-256 (FIPS 180-4), for names of contents that people compare (core)
 *
 * Not for secrets and not for speed: what an operator sees in a metric is what
 * sha256sum(1) and kubectl say elsewhere.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_OCTETS 32

struct sha256 {
	uint32_t h[8];
	uint64_t len; /* octets so far */
	uint8_t block[64];
};

/* Begin: nothing was added. */
void sha256_init(struct sha256 *s);

/* Add `len` octets. */
void sha256_add(struct sha256 *s, const void *data, size_t len);

/* The digest of all that was added; *s is of no use any more. */
void sha256_end(struct sha256 *s, uint8_t out[SHA256_OCTETS]);

#endif
