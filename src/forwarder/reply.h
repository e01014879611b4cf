/*
 * reply.h - is this the reply, and what of it may be believed (core)
 *
 * Octets from an upstream are hostile. reply_check() says whether they are the reply that
 * is awaited (FW-24, U-06); everything else is waited out. reply_take() keeps what
 * answers the question (U-10) and writes it as an entry of the cache; the rest is never
 * stored and never delivered.
 */
#ifndef FORWARDER_REPLY_H
#define FORWARDER_REPLY_H

#include "cache/cache.h"
#include "dns/mark.h"
#include "snap/settings.h"

/* A query as it was sent. */
struct sent {
	uint16_t id;
	uint16_t type;
	bool edns;
	bool mixed; /* letter case is part of the match (0x20) */
	uint8_t name_len;
	uint8_t name[NAME_MAX_LEN + 1]; /* letter case as sent */
};

enum reply_kind {
	REPLY_MATCHES,
	REPLY_OTHER,  /* not to this query: mismatch, counted, the wait goes on */
	REPLY_BROKEN, /* cannot be parsed: the same (F-07, F-08, F-17) */
	REPLY_CASE,   /* right but for the letter case (U-07) */
};

/* What the header and the OPT of a matching reply say. */
struct reply_facts {
	uint16_t rcode; /* with the extended bits */
	bool tc, ad, has_opt;
	bool loop; /* SERVFAIL since an appliance found a loop (LO-01) */
};

/*
 * Look at `len` octets. *facts is set for REPLY_MATCHES and REPLY_CASE. With TC=1 it is
 * enough that header and question fit: nothing else of such a reply is ever used.
 */
enum reply_kind reply_check(const uint8_t *msg, size_t len, const struct sent *sent,
	struct reply_facts *facts);

enum reply_use {
	REPLY_STORE,   /* *e is an entry that may be reused */
	REPLY_PASS,    /* ... only for those who wait (CA-07, CA-10, CA-20) */
	REPLY_USELESS, /* nothing of it is an answer: a failure (F-12, F-18, F-20) */
};

/* By what reply_take() decides, besides the octets. All is borrowed for the call. */
struct reply_rules {
	const struct forward_settings *settings;
	/* Whose zones are ours: what an upstream says of a name in them is not taken over
	 * from the end of an alias. NULL: there are none. */
	const struct settings *zones;
	bool trust_ad;
	uint64_t now_ns; /* monotonic */
	uint32_t wall_s; /* since 1970, for the end of RRSIGs; 0: not known, none ends */
};

/*
 * Make an entry of a reply that matches and is not truncated into `e`, which has
 * CACHE_COPY_MAX octets: all of it but `check`, `place` and `hits`, which are the
 * cache's. `reason`, if not NULL, gets a literal that says why for REPLY_USELESS.
 *
 * What the entry says:
 * - rcode as received, AD if it is trusted. Any rcode but NOERROR, NXDOMAIN and SERVFAIL
 *   passes; SERVFAIL is as reply_failure() makes it, without a reason (CA-13).
 * - The name does not exist (NXDOMAIN, no alias): CACHE_NXDOMAIN, for every type.
 * - An alias whose target does not exist (NXDOMAIN), or lacks the type: an entry of the
 *   asked type alone, with chain and SOA. The rcode is that of the last name, and the
 *   asked one exists, since it has a CNAME (RFC 2308, section 2.1; RFC 6604, section 3).
 * - An alias that nothing follows, rcode NOERROR and no SOA: the last RR of the answer
 *   but RRSIGs is a CNAME though that is not what was asked, and authority is empty.
 *   Whoever answers from it has to ask for its target. It may be reused if it ends there
 *   because the target is in a zone of ours, about which an upstream has nothing to say
 *   (records behind it are dropped, NXDOMAIN is NOERROR); if the upstream just ended
 *   there, it passes (CA-10).
 */
enum reply_use reply_take(const uint8_t *msg, size_t len, const struct question *q,
	const struct reply_rules *rules, struct cache_entry *e, const char **reason);

/*
 * An entry that says that the question failed, until now + servfail_ttl (CA-13). `ede` is
 * UINT16_MAX and `text` NULL where there is nothing to say.
 */
void reply_failure(const struct question *q, const struct reply_rules *rules,
	uint16_t ede, const char *text, struct cache_entry *e);

#define REPLY_QUERY_MAX 512

/*
 * Octets of a query: one name as `sent` has it, RD, CD by `flags`, AD with
 * `trust_ad`, an OPT of `max_udp` octets with DO by `flags` and the loop mark (NULL:
 * none), signed with `key`, unless sent->edns is false. Returns the length; `out` has
 * REPLY_QUERY_MAX octets.
 */
size_t reply_query(const struct sent *sent, uint8_t flags, bool trust_ad,
	uint16_t max_udp, const struct mark *mark, const struct hash_key *key,
	uint8_t *out);

#endif
