/*
 * mark.h - the mark in our queries by which we know them again (LO-01)
 *
 * An EDNS option of a code for local use: which appliance asked, through which upstream,
 * how many of its kind the question has passed, and a checksum under the instance's key,
 * so that nobody else can make one.
 */
#ifndef DNS_MARK_H
#define DNS_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define MARK_OPTION 65313 /* RFC 6891, section 9: 65001 to 65534 are for local use */
#define MARK_OCTETS 20    /* of the option's data */
#define MARK_HOPS   4     /* so many are a loop, whoever began it */

struct mark {
	uint64_t life;    /* random, of the appliance's life */
	uint8_t upstream; /* index in the settings' pool */
	uint8_t hops;
};

/*
 * The number of the appliance's life: the same in all of its processes, since it follows
 * from the key, which it does not give away.
 */
uint64_t mark_life(const struct hash_key *key);

/* The data of the option. */
void mark_write(
	const struct mark *m, const struct hash_key *key, uint8_t out[MARK_OCTETS]);

/*
 * How many appliances a query with this mark has passed, as it says: anybody can write
 * that, so it may end the query that it stands in and mean nothing to others.
 */
uint8_t mark_hops(const uint8_t data[MARK_OCTETS]);

/* The opposite; false: it is none of this key's. Never trusts its input. */
bool mark_read(
	const uint8_t *data, size_t len, const struct hash_key *key, struct mark *out);

#endif
