/*
 * scrub.h - what of a reply answers the question (U-10; core)
 *
 * Kept are the asked type at the name or at the end of its chain of CNAMEs and DNAMEs,
 * that chain, and the SOA of a zone above the last name of a denial; with DO also RRSIGs,
 * and the NSEC and NSEC3 of the zones that signed what is kept. All else is as if it had
 * never been there. An RRset is brought together, its RRs keep their order, no two of
 * them are the same, and its TTL is its lowest (RFC 2181, section 5).
 *
 * Time is O(octets) times a constant: at most 11 names of a chain and 128 RRsets.
 */
#ifndef FORWARDER_SCRUB_H
#define FORWARDER_SCRUB_H

#include "cache/cache.h"
#include "forwarder/rrs.h"
#include "snap/settings.h"

#define SCRUB_ALIASES_MAX 10    /* CNAMEs of a chain */
#define SCRUB_DNAMES_MAX  64    /* looked at in a message */
#define SCRUB_SIGNERS_MAX 12    /* zones of them */
#define SCRUB_SLOTS       16384 /* a power of two, more than twice RRS_MAX */
#define SCRUB_SLOTS_MIN   16    /* those of a message that has a few RRs */

/* Where the chain of names ended. */
enum scrub_end {
	SCRUB_DATA,   /* the asked type is there */
	SCRUB_DENIED, /* it is not, and an SOA says for how long */
	SCRUB_OPEN,   /* it is not, and nothing says why */
	SCRUB_OURS,   /* at an alias into a zone of ours */
	SCRUB_BROKEN, /* what was there does not fit its type (F-18) */
	SCRUB_LOOP,   /* F-20 */
	SCRUB_LONG,   /* more than SCRUB_ALIASES_MAX */
	SCRUB_FULL,   /* more RRsets than an entry has */
};

/* An RRset: the picks that are its RRs. Those of the answer stand first. */
struct scrub_set {
	uint16_t first, count;
	uint16_t type;
	uint32_t ttl_s; /* the lowest of its RRs, as received */
	bool authority;
};

struct scrub {
	const struct rrs *rrs;        /* borrowed */
	const struct settings *zones; /* borrowed; NULL: none is ours */
	uint16_t type;                /* that was asked for */
	bool want_do;
	uint64_t seed;
	enum scrub_end end;
	uint8_t aliases;     /* CNAMEs that were followed */
	bool referral;       /* authority has an NS */
	bool broken;         /* an RR that was looked for does not fit its type */
	bool is_signed;      /* an RRSIG is kept */
	uint32_t expires_s;  /* when the first of them ends, as RFC 4034 counts */
	uint32_t negative_s; /* SCRUB_DENIED: min(SOA TTL, MINIMUM) */
	uint16_t nsets, npicks;
	uint8_t nzones;  /* that signed what is kept of the answer, or said no */
	uint8_t ndnames; /* that were looked at */
	struct scrub_set set[CACHE_SETS_MAX];
	uint16_t pick[RRS_MAX]; /* numbers of RRs */
	struct owner chain[SCRUB_ALIASES_MAX + 1];
	struct name zone[SCRUB_SIGNERS_MAX + 1];
	/* Used as far as the message has RRs, and no more of it is zeroed. */
	bool taken[RRS_MAX];         /* RRs that belong to a set */
	unsigned nslots;             /* a power of two, more than twice as many */
	uint16_t slots[SCRUB_SLOTS]; /* picks + 1 by the hash of their rdata */
};

/*
 * Choose. The caller has set rrs, zones, type, want_do and seed (which nobody else should
 * know); all else is written here. `name` is the asked one, folded.
 */
void scrub(struct scrub *s, const struct name *name);

#endif
