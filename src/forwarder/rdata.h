/*
 * rdata.h - what stands in the rdata of an RR from an upstream (core)
 *
 * Only A, AAAA, CNAME, DNAME, SOA, SRV, PTR, NS and MX are looked into, and theirs is
 * used up exactly; everything else is opaque (V-02, V-05; RFC 3597).
 */
#ifndef FORWARDER_RDATA_H
#define FORWARDER_RDATA_H

#include "forwarder/rrs.h"

/* Octets, names, octets. */
struct rdata_form {
	uint16_t type;
	uint8_t before, names, after;
	bool compress; /* its names may be compressed (RFC 3597, section 4) */
	bool single;   /* a name has one RR of this type */
};

/* The form of a type; NULL: it is opaque. */
const struct rdata_form *rdata_form(uint16_t type);

#define RDATA_WHOLE_MAX (20 + 2 * NAME_MAX_LEN)

/*
 * The rdata of an RR with names whole and folded: two of one type are the same if these
 * octets are. Returns them, in `buf` or in the message (opaque), and their number; NULL:
 * it is not what its type says.
 */
const uint8_t *rdata_whole(const struct rrs *r, const struct rr *rr,
	uint8_t buf[RDATA_WHOLE_MAX], size_t *len);

/* The name that the rdata of a CNAME or DNAME is; false: it is none. */
bool rdata_name(const struct rrs *r, const struct rr *rr, struct name *out);

/* The MINIMUM of an SOA that rdata_whole() has passed. */
uint32_t rdata_minimum_s(const struct rrs *r, const struct rr *rr);

/* What an RRSIG says in its fixed part (RFC 4034, section 3.1). */
struct rdata_signature {
	uint16_t covered;
	uint32_t expires_s; /* seconds since 1970, modulo 2^32 */
	struct name signer;
};

/* False: it is too short to say it. */
bool rdata_signature(
	const struct rrs *r, const struct rr *rr, struct rdata_signature *out);

#endif
