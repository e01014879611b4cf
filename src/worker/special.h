/*
 * special.h - what is answered without the snapshot: special names and class CH (core)
 *
 * localhost and the reverse names of loopback (SM-04, RFC 6761, RFC 6303), names that
 * never leave (SM-16: invalid, onion; by setting test, local), resolver.arpa (RFC 9462),
 * and version.bind with its like (SM-07). The longest match wins, as between zones: a
 * special name never stands inside a zone of ours that is as long as its own.
 */
#ifndef WORKER_SPECIAL_H
#define WORKER_SPECIAL_H

#include "worker/encode.h"

enum special_kind {
	SPECIAL_FORWARD, /* localhost: has the loopback addresses */
	SPECIAL_REVERSE, /* has PTR localhost. at one name */
	SPECIAL_EMPTY,   /* NXDOMAIN, the apex included (N-03, N-04) */
	SPECIAL_NODATA,  /* exists, and has nothing (N-06) */
};

struct special {
	enum special_kind kind;
	uint8_t zone_len; /* octets of the special zone's name at the end of the qname */
};

/*
 * Is the folded `name` special? `ours` is the length of the zone of ours that it is in,
 * 0 if it is in none. True: *out is set.
 */
bool special_find(const struct settings *s, const uint8_t *name, size_t len, size_t ours,
	struct special *out);

/* Answer a special name: AA, and for what is not there an SOA of its own. */
void special_answer(struct reply *r, const struct special *special);

/* Answer a question of class CH (SM-07): TXT, or REFUSED. */
void special_chaos(struct reply *r);

#endif
