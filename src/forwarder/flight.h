/*
 * flight.h - a question in flight: who waits for it, and how far it is (core)
 *
 * The same question is in flight once (FP-03, Q-06). flight_run() goes on with it after
 * whatever has happened; it ends with an outcome in the cache, or with none because there
 * is no room for it, and then all who wait are told.
 */
#ifndef FORWARDER_FLIGHT_H
#define FORWARDER_FLIGHT_H

#include "forwarder/attempt.h"

struct flight {
	struct question q;
	struct waiting waiting;
	struct effort effort;
	uint32_t next;     /* in its bucket, or of those that are free */
	uint32_t attempts; /* that are open, linked; TABLE_NONE: none */
	uint64_t digest;   /* of the group that is asked now (FW-16) */
	uint64_t until_ns; /* who arrived later needs another one; UINT64_MAX: nobody */
	uint8_t home;      /* group that it counts for */
	bool live;
	bool onward;  /* if it fails here, the next group is asked (FW-16) */
	uint16_t ede; /* why it will have failed */
	char why[CACHE_TEXT_MAX + 1];
	uint8_t blamed;     /* number of the upstream that `why` is about + 1; 0: none */
	uint8_t blamed_way; /* enum exchange_transport */
	uint8_t blamed_after; /* attempts */
};

/* What is known of who asks. */
struct flight_terms {
	uint64_t deadline_ns; /* of the waiter */
	bool tcp;
};

/* Allocate room for all questions; the table owns it. */
void flight_init(struct fwdtab *f);

/* The question's flight that a query which arrived then may wait for, or TABLE_NONE. */
uint32_t flight_find(
	const struct fwdtab *f, const struct question *q, uint64_t arrival_ns);

/*
 * The operator wants outcomes forgotten that were asked for before: flights of that name
 * that have begun end for who waits already, and nobody else joins them.
 */
void flight_outdate(struct fwdtab *f, const struct forward_flush *what);

/* A new one, not running yet. TABLE_NONE: the table or its group is full (FP-02). */
uint32_t flight_begin(struct fwdtab *f, const struct question *q, unsigned group,
	const struct flight_terms *t, uint64_t now_ns);

/*
 * Somebody else waits for it, too. If they have more time than who began it, so has it,
 * up to the deadline of queries from its beginning: nobody fails for want of another's.
 */
void flight_join(struct fwdtab *f, uint32_t id, const struct flight_terms *t);

/* Go on with it, whatever has happened. It may have ended after that. */
void flight_run(struct fwdtab *f, uint32_t id, uint64_t now_ns);

/* It is due by time. */
void flight_turn(struct fwdtab *f, uint32_t id, uint64_t now_ns);

/* A reply that matches one of its attempts; right but for its letter case; no reply. */
void flight_reply(struct fwdtab *f, uint32_t attempt, const uint8_t *msg, size_t len,
	const struct reply_facts *facts, uint64_t now_ns);
void flight_case(struct fwdtab *f, uint32_t attempt, uint64_t now_ns);
void flight_mismatch(struct fwdtab *f, uint32_t attempt, uint64_t now_ns);

/* One of its attempts has failed. */
void flight_error(struct fwdtab *f, uint32_t attempt, enum fwdtab_error why,
	const char *text, uint64_t now_ns);

/* A loop leads through the upstream that it was sent to (LO-02). */
void flight_loop(struct fwdtab *f, uint32_t attempt, uint64_t now_ns);

/* It ends without an outcome, for that reason. */
void flight_drop(struct fwdtab *f, uint32_t id, enum ask_status why);

/* Fetch it for the cache, unless it is in flight or there is no room (CA-14). */
void flight_fetch(struct fwdtab *f, const struct question *q, uint64_t now_ns);

#endif
