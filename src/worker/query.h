/*
 * query.h - a packet on its way through the worker, and what happens to it once (core)
 *
 * A packet's buffer holds the query when it arrives and the reply when it leaves: the
 * question stays where it stands, octet for octet (RG-03). admit() parses and counts
 * once; answer() (answer.h) may run again from what admit() left here.
 */
#ifndef WORKER_QUERY_H
#define WORKER_QUERY_H

#include "base/hash.h"
#include "dns/msg.h"
#include "snap/settings.h"
#include "snap/snap.h"
#include "snap/stat.h"

enum verdict {
	VERDICT_REPLY, /* reply_len octets stand in the buffer */
	VERDICT_NEED,  /* an outcome is missing: park, ask, run again */
	VERDICT_DROP,  /* no reply */
};

/* What a reply is besides its rcode; for counters. */
#define PACKET_HEADER_ONLY  0x01 /* HDR rows */
#define PACKET_TRUNCATED    0x02 /* TC=1 */
#define PACKET_DAMAGED      0x04 /* SERVFAIL, because a look-up met damage (SH-08) */
#define PACKET_NOT_COMPLETE 0x08 /* RU-03 */

struct sockaddr;

struct packet {
	uint8_t *buf;                  /* query in, reply out; borrowed */
	size_t cap;                    /* octets of buf that may be written */
	size_t len;                    /* octets of the query */
	size_t reply_len;              /* octets of the reply; 0: none */
	uint64_t arrival_ns;           /* monotonic */
	const struct sockaddr *client; /* who asks; borrowed, NULL: nobody known */
	uint32_t turn;       /* where the rotation of addresses begins (LD-01) */
	bool tcp;            /* no limit but 65,535 octets */
	uint16_t keepalive;  /* TCP: told to who asks, in 100 ms (E-17); 0: shed load */
	bool cut;            /* the datagram was longer than the buffer (W-35) */
	uint8_t facts;       /* PACKET_* */
	uint16_t rcode;      /* of the reply, 12 bits */
	struct hash128 hash; /* of the folded qname; set by admit() */
	struct query q;      /* set by admit() */
};

/* What an answer is made from, besides the packet. All of it is borrowed for the call. */
struct basis {
	const struct snap *snap;
	const struct settings *settings;
	uint64_t now_ns; /* monotonic */
};

/*
 * Parse the packet, count it in `st` (NULL: nobody counts), and hash its name. True: go
 * on to answer(). False: it is settled here, with reply_len octets of reply; 0 if it is
 * dropped.
 */
bool admit(const struct basis *b, struct packet *p, struct stat_worker *st);

/* Count a reply that is about to leave. */
void query_count_reply(const struct packet *p, struct stat_worker *st);

#endif
