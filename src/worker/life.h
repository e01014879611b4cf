/*
 * life.h - how long a TCP connection may live, and which one gives way (FE-49) (core)
 *
 * A life is what is known of a connection without its octets: times and counts. Which
 * limit it has reached is a function of that, the limits and the time; the shell keeps
 * the members true and does what life_check() says.
 */
#ifndef WORKER_LIFE_H
#define WORKER_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "snap/settings.h"
#include "snap/stat.h"

#define LIFE_LINGER_MS 1000 /* how long we read on after our FIN (T-06) */

/* Times are monotonic, in ns; 0: it is not so. */
struct life {
	uint64_t began_ns;
	uint64_t quiet_ns;   /* the last query or reply */
	uint64_t partial_ns; /* a query has begun to come and is not complete */
	uint64_t unsent_ns;  /* the client does not take its replies */
	uint64_t ended_ns;   /* our FIN was sent: what comes is thrown away */
	uint64_t queries;
	uint32_t pending;        /* queries whose replies are not there yet */
	enum stat_tcp_close why; /* of ended_ns */
};

enum life_state {
	LIFE_GOES_ON,
	LIFE_END,   /* answer what was read, send FIN, read on for a while */
	LIFE_CLOSE, /* nothing more is worth waiting for */
};

/* A connection was accepted. */
void life_begin(struct life *l, uint64_t now_ns);

/*
 * After a turn that took `queries` messages out of what was read and left a part of
 * another (`partial`) or none: the clocks of reading and of idleness.
 */
void life_turn(struct life *l, uint64_t queries, bool partial, uint64_t now_ns);

/* A query of it is parked; its reply is on its way, or there will be none. */
void life_parked(struct life *l);
void life_settled(struct life *l, uint64_t now_ns);

/* Replies wait for the client from now on; until they are gone nothing is read. */
void life_unsent(struct life *l, uint64_t now_ns);

/* They are gone. */
void life_sent(struct life *l, uint64_t now_ns);

/* The FIN is about to be sent. */
void life_end(struct life *l, enum stat_tcp_close why, uint64_t now_ns);

/* True if no more queries may be taken (tcp.max_queries). */
bool life_spent(const struct life *l, const struct tcp_limits *limits);

/*
 * What is due now (LIFE_END: as soon as nothing is pending), and in *why for which
 * reason. tcp.max_age ends a life between queries only, but not later than tcp.read
 * allows for a query (T-06).
 */
enum life_state life_check(const struct life *l, const struct tcp_limits *limits,
	uint64_t now_ns, enum stat_tcp_close *why);

/*
 * True if a gives way before b when there are too many (T-08): ended ones first, then
 * idle ones, among these that whose client has more connections, then the longest quiet.
 */
bool life_gives_way(const struct life *a, unsigned connections_a, const struct life *b,
	unsigned connections_b);

#endif
