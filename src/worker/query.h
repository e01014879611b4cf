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
#include "cache/cache.h"
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
#define PACKET_HEADER_ONLY  0x0001  /* HDR rows */
#define PACKET_TRUNCATED    0x0002  /* TC=1 */
#define PACKET_DAMAGED      0x0004  /* SERVFAIL, because a look-up met damage (SH-08) */
#define PACKET_NOT_COMPLETE 0x0008  /* RU-03 */
#define PACKET_EDE          0x0010  /* `ede` is set */
#define PACKET_HIT          0x0020  /* from an entry that was there before the query */
#define PACKET_DENIAL       0x0040  /* ... NXDOMAIN or NODATA */
#define PACKET_STALE        0x0080  /* from an entry that has expired */
#define PACKET_FAILURE      0x0100  /* from a stored failure */
#define PACKET_REJECTED     0x0200  /* there was no room to wait (FP-02) */
#define PACKET_OVER         0x0400  /* the deadline is over (FP-04) */
#define PACKET_LOOP         0x0800  /* a query of ours came back (LO-01) */
#define PACKET_RATED        0x2000  /* its client asks too often (AC-08) */
#define PACKET_REFRESH      0x1000  /* `need` is to be fetched for the cache (CA-15) */
#define PACKET_ACCESS       0x4000  /* there are access rules: `action` came of them */
#define PACKET_PASSED       0x8000  /* PACKET_LOOP by its hops; the mark is not ours */
#define PACKET_HIDDEN       0x10000 /* visibility kept something from it (AC-04) */
#define PACKET_FAULT        0x20000 /* a faulty query; its question could be read */

/*
 * What a query does where the cache lacks an answer. From WAIT_STALE on an answer that
 * has expired is taken, if there is one and it may be used (CA-15).
 */
enum wait {
	WAIT_ASK,   /* VERDICT_NEED */
	WAIT_STALE, /* the same: it has waited for stale_timeout */
	WAIT_FULL,  /* it cannot wait: REFUSED (FP-02) */
	WAIT_OVER,  /* it has waited for all of its deadline: SERVFAIL (FP-04) */
};

#define PACKET_NEEDS_MAX 1 /* a message has room for 8: DNS64, search paths */

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
	uint8_t wait;        /* enum wait */
	uint8_t source;      /* of the reply: enum stat_source */
	uint32_t facts;      /* PACKET_* */
	uint16_t rcode;      /* of the reply, 12 bits */
	uint16_t ede;        /* INFO-CODE in the reply, with PACKET_EDE */
	uint8_t action;      /* enum acl_action, with PACKET_ACCESS */
	uint8_t nneeds;      /* VERDICT_NEED: how many of `need` */
	uint8_t used_home;   /* PACKET_HIT: which cache, */
	uint64_t used_word;  /* and what notes call the entry */
	struct hash128 hash; /* of the folded qname; set by admit() */
	struct query q;      /* set by admit() */
	struct question need[PACKET_NEEDS_MAX];
};

/* What an answer is made from, besides the packet. All of it is borrowed for the call. */
struct basis {
	const struct snap *snap;
	const struct settings *settings;
	uint64_t now_ns;      /* monotonic */
	struct cache *caches; /* one of each forwarder; their copies are written to */
	unsigned ncaches;     /* 0: nobody forwards */
};

/*
 * Parse the packet, count it in `st` (NULL: nobody counts), and hash its name. True: go
 * on to answer(). False: it is settled here, with reply_len octets of reply; 0 if it is
 * dropped.
 */
bool admit(const struct basis *b, struct packet *p, struct stat_worker *st);

/* True if there are groups to ask and a forwarder; `bootstrap` is no such group. */
static inline bool query_forwards(const struct settings *s)
{
	return s->forward.ngroups > s->forward.bootstrap && s->forward.forwarders > 0;
}

/* True if this client may have misses answered (AC-10, B-04). */
bool query_allowed(const struct settings *s, const struct sockaddr *client);
static inline bool query_may_forward(
	const struct settings *s, const struct sockaddr *client)
{
	return query_forwards(s) && (s->forward.everybody || query_allowed(s, client));
}

/* Count a query that was admitted by its reply, which is about to leave, or by none. */
void query_count_reply(const struct packet *p, struct stat_worker *st);
void query_count_drop(const struct packet *p, struct stat_worker *st);

/* Count how long a reply took that has left at `now_ns` (MQ-03, CM-05). */
static inline void query_count_time(
	const struct packet *p, struct stat_worker *st, uint64_t now_ns)
{
	uint64_t ns = now_ns - p->arrival_ns;

	stat_add(&st->duration[p->source][stat_fine(ns)], 1);
	stat_add(&st->duration_ns[p->source], ns);
	stat_add(&st->time[stat_time(ns)], 1);
}

#endif
