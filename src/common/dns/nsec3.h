/*
 * nsec3.h - names as NSEC3 has them: hashed (RFC 5155) (core)
 */
#ifndef DNS_NSEC3_H
#define DNS_NSEC3_H

#include "base/sha1.h"
#include "dns/name.h"

#define NSEC3_SHA1      1 /* the only hash algorithm there is */
#define NSEC3_SALT_MAX  255
#define NSEC3_LABEL_LEN 32 /* octets of a hash as a label: base32hex without padding */

/*
 * More iterations than these cost more than they are worth (RFC 9276, section 3.2): what
 * they are needed for is not done.
 */
#define NSEC3_ITERATIONS_MAX 50

/* How the names of a zone are hashed. */
struct nsec3_params {
	uint16_t iterations;
	uint8_t salt_len;
	const uint8_t *salt; /* borrowed */
};

/*
 * The owner name of the NSEC3 that `name` (folded) has in the zone, in lower case.
 * 1 + iterations times SHA-1. False: it would be too long for a name.
 */
bool nsec3_owner(const struct nsec3_params *p, const uint8_t *name, size_t len,
	const struct name *zone, struct name *out);

#endif
