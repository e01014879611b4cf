/*
 * layout.h - the octets of a cache object: doc/CACHE.md in C
 *
 * /shmdns.INSTANCE.vLAYOUT.cache.K is written by forwarder K alone and read in place by
 * every worker: a page of its own, an index, three rings. An index of buckets leads to
 * entries, which stand one behind another in the rings: answers, denials (NXDOMAIN,
 * NODATA, failures), and outcomes that only those who wait for them may use (too large,
 * TTL 0, not to be stored; CA-07, CA-10, CA-20). A ring is written front to back and
 * begins anew at its end; what stands where the next entry goes is let go, or, if it
 * was used since, moved to the front (second chance).
 *
 * An entry never changes but for `hits` and `window_s`. Readers copy it and believe the
 * copy only if its checksum holds and the index still leads to it; everything in it is
 * hostile all the same (C-17, DE-12).
 */
#ifndef CACHE_LAYOUT_H
#define CACHE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_MAGIC        UINT64_C(0x3168636163736473) /* "sdscach1" */
#define CACHE_STORED_MAX   16384      /* octets of RRs that may be reused (CA-20) */
#define CACHE_WIRE_MAX     65535      /* ... of one that passes by */
#define CACHE_PASSING      (4u << 20) /* octets of the third ring */
#define CACHE_SETS_MAX     128        /* RRsets of an entry */
#define CACHE_TEXT_MAX     64         /* of a failure: RFC 8914's EXTRA-TEXT */
#define CACHE_BUCKET       8 /* words of a bucket: one line of the processor's cache */
#define CACHE_INSTANCE_MAX 32
#define CACHE_INDEX        4096 /* where the buckets begin; the rings stand behind them */

enum cache_kind {
	CACHE_ANSWER,   /* NOERROR with RRs, or NODATA */
	CACHE_NXDOMAIN, /* of the name, for every type (CA-11) */
	CACHE_FAILURE,
	CACHE_PASSES, /* any outcome, for those who arrived before it was stored */
	CACHE_KINDS
};

enum cache_which { CACHE_ANSWERS, CACHE_DENIALS, CACHE_PASSING_BY, CACHE_RINGS };

/*
 * A ring is counted in places: octets that it has taken, ever, each lap as long as the
 * ring. What stands at a place p is at octet p mod its size. Entries follow one another
 * from `tail` to `head`; where one has no room before the end of the memory a lap ends
 * early, with size8 0 if there is room for that.
 */
struct cache_ring {
	uint64_t backed; /* octets that have memory */
	uint64_t head;   /* place of the next entry */
	uint64_t tail;   /* of the oldest one */
	uint64_t pad[5];
};

/* At offset 0. All but the rings is written once, the magic last. */
struct cache_head {
	uint64_t magic;
	uint32_t layout; /* SNAP_LAYOUT */
	uint32_t endian;
	char instance[CACHE_INSTANCE_MAX];
	uint64_t buckets;             /* a power of two */
	uint64_t octets[CACHE_RINGS]; /* of each ring; they stand one behind another */
	uint32_t check;               /* hash_check() of all above */
	uint32_t pad[11];
	struct cache_ring ring[CACHE_RINGS];
};

/*
 * A word of a bucket, 0: free. Bits 0-37: the entry's offset in units of 8 octets; 38-39:
 * its kind; 40-63: cache_tag() of its question.
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
	uint8_t authority; /* 1: of the authority section, behind the answer */
	uint8_t pad;
};

/*
 * An entry, a multiple of 8 octets. Behind it stand its sets, the name, the text of a
 * failure, and the wire part: the RRs as they stand in a reply right behind the
 * question of this name, compression pointers included (they count from the start of a
 * message whose question begins at octet 12). The sets follow one another through the
 * whole of it. No pointer leads into a set of more than one RR, so that those may be
 * turned. TTLs in it are 0.
 */
struct cache_entry {
	uint32_t check;        /* hash_check() from `size8` to the end */
	uint32_t hits;         /* in the present window; written by the forwarder only */
	uint32_t window_s;     /* when that began, monotonic */
	uint32_t size8;        /* of all of it, in units of 8 octets */
	uint64_t place;        /* in its ring: no two are equal */
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
	uint8_t hops; /* of a failure: it is none for who has passed fewer appliances */
	uint8_t pad[3];
};

#define CACHE_CHECKED offsetof(struct cache_entry, size8) /* the checksum begins there */

/*
 * The tag of a question: names differ in more than the bits that chose the bucket, so two
 * questions of one bucket share it once in 16 million.
 */
static inline uint32_t cache_tag(
	uint64_t hcheck, uint64_t group, uint16_t type, uint8_t flags)
{
	uint64_t x = hcheck ^ group * UINT64_C(0x9e3779b97f4a7c15);

	x ^= ((uint64_t)type << 8 | flags) * UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return (uint32_t)(x * UINT64_C(0xff51afd7ed558ccd) >> 40);
}

/* The word of an entry at `offset`, a multiple of 8. */
static inline uint64_t cache_word(uint64_t offset, unsigned kind, uint32_t tag)
{
	return offset / 8 | (uint64_t)kind << 38 | (uint64_t)tag << 40;
}

/*
 * Shared words. Each one is loaded with acquire and stored with release order: a reader
 * that saw an octet of an entry which is being written sees, when it looks at the bucket
 * again, that nothing leads to it any more; and one that sees a word of a bucket sees the
 * whole entry. On x86 these are plain moves.
 */
typedef uint64_t __attribute__((may_alias)) cache_octets8;
typedef uint32_t __attribute__((may_alias)) cache_octets4;

/* Load a word of 8 octets; p is a multiple of 8. */
static inline uint64_t cache_load(const void *p)
{
	return __atomic_load_n((const cache_octets8 *)p, __ATOMIC_ACQUIRE);
}

/* Load 4 octets; p is a multiple of 4. */
static inline uint32_t cache_load32(const void *p)
{
	return __atomic_load_n((const cache_octets4 *)p, __ATOMIC_ACQUIRE);
}

/* Store a word of 8 octets; p is a multiple of 8. */
static inline void cache_store(void *p, uint64_t v)
{
	__atomic_store_n((cache_octets8 *)p, v, __ATOMIC_RELEASE);
}

/* Store 4 octets; p is a multiple of 4. */
static inline void cache_store32(void *p, uint32_t v)
{
	__atomic_store_n((cache_octets4 *)p, v, __ATOMIC_RELEASE);
}

#endif
