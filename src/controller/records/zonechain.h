/*
 * zonechain.h - what a signed zone has to prove that names do not exist (SM-11) (core)
 *
 * NSEC (RFC 4034) or NSEC3 (RFC 5155), as the zone's file has them: nothing is signed or
 * made up here.
 */
#ifndef RECORDS_ZONECHAIN_H
#define RECORDS_ZONECHAIN_H

#include "controller/records/zoneset.h"
#include "dns/nsec3.h"

enum zonechain_kind {
	ZONECHAIN_UNSIGNED,
	ZONECHAIN_NSEC,
	ZONECHAIN_NSEC3,
	/* it is signed, but denials go without proofs: */
	ZONECHAIN_ABSENT,     /* there are none */
	ZONECHAIN_ITERATIONS, /* NSEC3 with more iterations than NSEC3_ITERATIONS_MAX */
};

struct zonechain {
	enum zonechain_kind kind;
	struct nsec3_params params; /* of ZONECHAIN_NSEC3 and _ITERATIONS; the set's */
};

/* Look at the apex: an NSEC3PARAM that can be used counts more than an NSEC. */
struct zonechain zonechain_of(const struct zoneset *s);

/*
 * Put the chain (snap/chain.h) of the zone into an empty buffer. False, and nothing is
 * put: there is none. O(records).
 */
bool zonechain_build(const struct zoneset *s, struct mem_buf *out);

#endif
