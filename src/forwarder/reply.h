/*
 * reply.h - is this the reply, and what of it may be believed (core)
 *
 * Octets from an upstream are hostile. reply_check() says whether they are the reply that
 * is awaited (FW-24, U-06); everything else is waited out. reply_take() keeps what answers
 * the question (U-10) and writes it as an entry of the cache; the rest is never stored
 * and never delivered.
 */
#ifndef FORWARDER_REPLY_H
#define FORWARDER_REPLY_H

#include "cache/cache.h"
#include "snap/forward.h"

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
};

/* Look at `len` octets. *facts is set for REPLY_MATCHES and REPLY_CASE. */
enum reply_kind reply_check(const uint8_t *msg, size_t len, const struct sent *sent,
	struct reply_facts *facts);

enum reply_use {
	REPLY_STORE, /* *e is an entry that may be reused */
	REPLY_PASS,  /* ... only for those who wait (CA-07, CA-10, CA-20) */
	REPLY_USELESS, /* nothing of it answers the question: a failure (F-12, F-18, F-20) */
};

/* By what reply_take() decides, besides the octets. */
struct reply_rules {
	const struct forward_settings *settings;
	bool trust_ad;
	uint64_t now_ns;
};

/*
 * Make an entry of a reply that matches and is not truncated into `e`, which has
 * CACHE_COPY_MAX octets: all of it but `check`, `place` and `hits`, which are the cache's.
 * `reason`, if not NULL, gets a literal that says why for REPLY_USELESS.
 */
enum reply_use reply_take(const uint8_t *msg, size_t len, const struct question *q,
	const struct reply_rules *rules, struct cache_entry *e, const char **reason);

/* An entry that says that the question failed, until now + servfail_ttl (CA-13). */
void reply_failure(const struct question *q, const struct reply_rules *rules,
	uint16_t ede, const char *text, struct cache_entry *e);

/*
 * Octets of a query: one name as `sent` has it, RD, CD by `flags`, AD with
 * `trust_ad`, an OPT of `max_udp` octets with DO by `flags` and the loop mark, unless
 * sent->edns is false. Returns the length; `out` has 512 octets.
 */
struct mark;
size_t reply_query(const struct sent *sent, uint8_t flags, bool trust_ad,
	uint16_t max_udp, const struct mark *mark, uint8_t *out);

#endif
