/*
 * layout.h - the octets of a cache object
 *
 * /shmdns.INSTANCE.vLAYOUT.cache.K is written by forwarder K alone and read in place by
 * every worker. An index of buckets leads to entries, which stand one behind another in
 * three rings: answers, denials (NXDOMAIN, NODATA, failures), and outcomes that only those
 * who wait for them may use (too large, TTL 0, not to be stored; CA-07, CA-10, CA-20).
 * A ring is written front to back and begins anew at its end; what stands where the next
 * entry goes is let go, or, if it was used since, moved to the front (second chance).
 *
 * An entry never changes but for `hits`. Readers copy it and believe the copy only if
 * its checksum holds; everything in it is hostile all the same (C-17, DE-12).
 */
#ifndef CACHE_LAYOUT_H
#define CACHE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_MAGIC      UINT64_C(0x3168636163736473) /* "sdscach1" */
#define CACHE_STORED_MAX 16384 /* octets of RRs of an entry that may be reused (CA-20) */
#define CACHE_WIRE_MAX   65535 /* ... of one that passes by */
#define CACHE_PASSING    (4u << 20) /* octets of the third ring */
#define CACHE_SETS_MAX   128        /* RRsets of an entry */
#define CACHE_TEXT_MAX   64         /* of a failure: RFC 8914's EXTRA-TEXT */
#define CACHE_BUCKET     8 /* words of a bucket: one line of the processor's cache */

enum cache_kind {
	CACHE_ANSWER,   /* NOERROR with RRs, or NODATA */
	CACHE_NXDOMAIN, /* of the name, for every type (CA-11) */
	CACHE_FAILURE,
	CACHE_PASSES, /* any outcome, for those who arrived before it was stored */
	CACHE_KINDS
};

/*
 * A word of a bucket, 0: free. Bits 0-37: the entry's offset in units of 8 octets; 38-39:
 * its kind; 40-63: a tag of question and kind.
 */
#define CACHE_WORD_OFFSET(w) (((w) & ((UINT64_C(1) << 38) - 1)) * 8)
#define CACHE_WORD_KIND(w)   ((unsigned)((w) >> 38) & 3)
#define CACHE_WORD_TAG(w)    ((uint32_t)((w) >> 40))

/* An RRset of an entry: where its RRs stand in the wire part, and its TTL. */
struct cache_set {
	uint32_t ttl_s; /* when stored, capped */
	uint16_t at;    /* of its first RR, from the start of the wire part */
	uint16_t count; /* RRs, one behind another */
	uint16_t type;
	uint8_t authority; /* 1: of the authority section, which stands behind the answer */
	uint8_t pad;
};

/*
 * An entry, a multiple of 8 octets. Behind it stand its sets, the name, the text of a
 * failure, and the wire part: the RRs as they stand in a reply right behind the question of
 * this name, compression pointers included (they count from the start of a message whose
 * question begins at octet 12). No pointer leads into a set of more than one RR, so
 * that those may be turned. TTLs in it are 0.
 */
struct cache_entry {
	uint32_t check; /* hash_check() from `size8` to the end, with hits as 0 */
	uint32_t size8; /* of all of it, in units of 8 octets */
	uint64_t
		place; /* octets that the ring had taken before it, ever: no two are equal */
	uint32_t hits;         /* in the present window; written by the forwarder only */
	uint32_t sent;         /* reserved */
	uint64_t path, hcheck; /* hash of the name */
	uint64_t group;
	uint64_t stored_ns;  /* monotonic */
	uint64_t expires_ns; /* not after it; a failure: not tried again before it */
	uint32_t wire_len;
	uint16_t type; /* NXDOMAIN: 0 */
	uint8_t flags; /* QUESTION_* */
	uint8_t kind;  /* enum cache_kind */
	uint16_t rcode;
	uint16_t ede;     /* of a failure; UINT16_MAX: none */
	uint16_t answers; /* RRs of the answer section */
	uint16_t authorities;
	uint8_t ad; /* the upstream's, if it is trusted (FW-27) */
	uint8_t nsets;
	uint8_t name_len;
	uint8_t text_len;
};

#endif
