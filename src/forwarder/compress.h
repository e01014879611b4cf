/*
 * compress.h - names of a message, each pointing to what stands already (core)
 *
 * RFC 1035, section 4.1.4. Names that were taught are found by a hash of each of their
 * suffixes, so the work for a name is O(its octets), whatever stands already (V-19).
 * Letter case makes no difference: what is pointed to shows its own.
 */
#ifndef FORWARDER_COMPRESS_H
#define FORWARDER_COMPRESS_H

#include "dns/name.h"
#include "dns/wire.h"

#define COMPRESS_NAMES 48
#define COMPRESS_SLOTS 1024 /* a power of two */

struct compress {
	uint64_t seed; /* odd */
	uint16_t nslots;
	uint8_t nnames;
	struct name name[COMPRESS_NAMES]; /* folded */
	struct compress_slot {
		uint64_t hash;
		uint16_t offset; /* in the message; 0: free */
		uint8_t name, at;
	} slot[COMPRESS_SLOTS];
};

/* Begin; `seed` should be known to nobody else. */
void compress_init(struct compress *c, uint64_t seed);

/* The name stands at this offset of the message, which lies behind the header. */
void compress_learn(struct compress *c, const struct name *n, size_t offset);

/*
 * Write a name as short as can be. The writer's buffer begins at offset `base` of the
 * message. With `learn` it may be pointed to from then on.
 */
void compress_put(struct compress *c, struct wire *w, size_t base, const struct name *n,
	bool learn);

#endif
