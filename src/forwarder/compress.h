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

#define COMPRESS_NAMES    48
#define COMPRESS_SUFFIXES 512
#define COMPRESS_BUCKETS  256 /* a power of two */

/* A suffix of a name that was taught. */
struct compress_suffix {
	uint64_t hash;
	uint16_t offset; /* in the message */
	uint16_t next;   /* of its bucket, + 1; 0: none */
	uint8_t name, at;
};

/* Behind the buckets nothing is zeroed: most messages have a few names. */
struct compress {
	uint64_t seed; /* odd */
	uint16_t nsuffixes;
	uint8_t nnames;
	uint16_t bucket[COMPRESS_BUCKETS]; /* the first suffix of each, + 1; 0: none */
	struct compress_suffix suffix[COMPRESS_SUFFIXES];
	struct name name[COMPRESS_NAMES]; /* folded */
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
