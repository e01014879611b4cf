/*
 * rrs.h - the RRs of a message from an upstream, read once from front to back (core)
 *
 * Octets are hostile. rrs_read() believes nothing that does not fit into the message:
 * names, lengths and counts. What it lists are offsets into the message, which is
 * borrowed; rdata has not been looked into (rdata.h). Time is O(octets).
 */
#ifndef FORWARDER_RRS_H
#define FORWARDER_RRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "dns/name.h"

#define RRS_MAX 5957 /* 11 octets each: no message has more */

/* A name that RRs are compared with. */
struct owner {
	struct name name; /* folded */
	uint32_t hash;
	uint8_t labels;
};

enum rrs_section { RRS_ANSWER, RRS_AUTHORITY };

struct rr {
	uint16_t owner; /* offset of its name */
	uint16_t fixed; /* ... of its type */
	uint16_t type, rdlen;
	uint32_t hash; /* of its folded name */
	uint8_t labels;
	uint8_t section; /* enum rrs_section */
};

struct rrs {
	const uint8_t *msg; /* borrowed */
	size_t len;
	uint16_t flags;    /* of the header, host order */
	uint16_t rcode;    /* with the bits of the OPT */
	uint16_t question; /* offset behind it */
	uint16_t answers;  /* RRs in the answer section, listed here or not */
	bool has_opt;
	uint16_t options; /* offset of those of the OPT, */
	uint16_t options_len;
	uint16_t n;
	struct rr rr[RRS_MAX]; /* of class IN, of answer and authority, in their order */
};

/*
 * Read a message of at most 65,535 octets that has one question. 0; -EBADMSG: it cannot
 * be parsed up to its last octet, and there is nothing behind.
 */
int rrs_read(const uint8_t *msg, size_t len, struct rrs *out);

/* Begin a comparison with a name in any letter case. */
void rrs_key(struct owner *o, const struct name *n);

/* Where the rdata of an RR begins. */
static inline size_t rrs_rdata(const struct rr *rr)
{
	return rr->fixed + 10u;
}

/* Its TTL; what would be negative is as long as can be (C-03). */
static inline uint32_t rrs_ttl_s(const struct rrs *r, const struct rr *rr)
{
	return MIN(load_u32(r->msg + rr->fixed + 4), INT32_MAX);
}

/* The name of an RR, letter case kept. */
void rrs_name(const struct rrs *r, const struct rr *rr, struct name *out);

/* True if the RR is at that name. */
bool rrs_at(const struct rrs *r, const struct rr *rr, const struct owner *o);

/* True if the RR is at that name or at one above it. */
bool rrs_above(const struct rrs *r, const struct rr *rr, const struct owner *o);

#endif
