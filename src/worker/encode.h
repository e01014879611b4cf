/*
 * encode.h - the octets of a reply (RFC 1035, section 4; RFC 6891; RFC 8914)
 *
 * A reply grows behind the question, which stays where it stands in the packet's buffer.
 * The writer's capacity is the client's limit less the OPT, so the OPT always fits. RRs
 * of the answer section that do not fit set `cut` (TC); RRsets of the additional section
 * that do not fit are left out, with all behind them (RG-08).
 *
 * Names are compressed against the question and the names written before, letter case
 * included (RG-09). Each reply remembers at most ENCODE_NAMES of them: a bounded number
 * of comparisons (S-07).
 */
#ifndef WORKER_ENCODE_H
#define WORKER_ENCODE_H

#include "dns/wire.h"
#include "worker/query.h"

#define ENCODE_NAMES   16
#define ENCODE_PTR_MAX 0x3fff /* the last offset that a pointer can name */

/* A name that stands in the message and may be pointed to. */
struct written {
	const uint8_t *labels; /* its octets, up to the tail; borrowed */
	uint8_t len;           /* of them, compressed or not */
	uint8_t literal; /* of them that stand in the message as they are, from `at` */
	uint16_t at;
	uint16_t tail; /* offset that the labels go on at; 0: the root label follows */
};

struct reply {
	struct wire w;
	struct packet *p;
	const struct settings *settings;
	const struct snap *snap;     /* where clients are known from; set by answer() */
	uint32_t place;              /* of the client, once it was asked for (order.h) */
	const struct viewer *viewer; /* who is not told of all PTRs; NULL: is (AC-04) */
	size_t limit;                /* of the whole message; w.cap is less by the OPT */
	uint16_t an, ns, ar;
	uint16_t rcode;
	uint16_t ede;         /* an INFO-CODE, or -1 as below */
	const void *ede_text; /* borrowed */
	uint8_t ede_len;      /* octets of it, at most 64 */
	bool aa;
	bool ad;          /* of an upstream that is trusted (FW-27) */
	bool cut;         /* the answer or the SOA does not fit: TC */
	bool full;        /* an additional RRset did not fit: no more of them */
	bool placed;      /* `place` was looked up */
	bool ra;          /* this client may have misses answered (B-04) */
	int zone;         /* of the question; -1: none of ours */
	uint16_t zone_at; /* where that zone's name begins in the message */
	bool referral; /* it ends with one, which is nothing without its glue (SM-10) */
	unsigned nnames;
	struct written names[ENCODE_NAMES];
};
#define ENCODE_NO_EDE UINT16_MAX

/*
 * The owner of RRs. `name` is folded; SRV targets are made from it. Its zone's octets are
 * written as the question has them if it is the question's zone (RG-15).
 */
struct owner {
	const uint8_t *name;
	uint8_t len;
	int zone;
	uint16_t at; /* where it stands in the message */
};

/*
 * Begin a reply to a packet that was parsed up to its question. `zone` is that of its
 * name or -1. Where not even the question and an OPT fit the reply will be a header
 * with TC=1.
 */
void encode_begin(struct reply *r, struct packet *p, const struct settings *s, int zone);

/* Say why it failed (RFC 8914), with a text that lives until encode_end(). */
void encode_ede(struct reply *r, uint16_t code, const void *text, size_t len);

/* Forget all RRs: the reply is the question alone again. */
void encode_reset(struct reply *r);

/*
 * Add the RRs of an RRset to the answer section, as many as fit, addresses in the order
 * of order.h. Not for SRV of objects (srv.h). `at`, if not NULL, gets the offsets of up
 * to `max` names that were written as rdata, or of rdata that is opaque. Returns how many
 * RRs were added; -EBADMSG: the RRset is damaged.
 */
int encode_answer(struct reply *r, const struct owner *o, const struct rrset *rr,
	uint16_t *at, unsigned max);

/*
 * Add one RR whose rdata is a name, such as a CNAME, to the answer section; *name_at is
 * where that stands. False: it does not fit.
 */
bool encode_name_rr(struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	const struct name *name, uint16_t *name_at);

/*
 * Add an SOA with this rdata (checked: two names and 20 octets) to the answer section or
 * to authority; its owner stands at `at`. False: it does not fit (S-04).
 */
bool encode_soa_rr(struct reply *r, uint16_t at, uint32_t ttl_s, const uint8_t *rdata,
	size_t len, bool authority);

/* Add one RR with this rdata to the answer section. False: it does not fit. */
bool encode_rr(struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	const void *rdata, size_t len);

/* An owner that does not stand in the message: a complete folded name, borrowed. */
struct encode_owner {
	const uint8_t *name;
	uint8_t len, zone_len; /* the last zone_len octets are its zone */
};

/*
 * Add one RR with this rdata to authority, with the owner's name in front of it. False:
 * it does not fit.
 */
bool encode_authority(struct reply *r, const struct encode_owner *o, uint16_t type,
	uint32_t ttl_s, const void *rdata, size_t len);

/*
 * Add addresses, whole or not at all, to the additional section; the owner stands at
 * `at`. False: they do not fit, or something before them did not.
 */
bool encode_glue(struct reply *r, uint16_t at, const struct rrset *rr);

/* Add the SOA of zone number `zone` to the answer section or to authority. */
void encode_soa(struct reply *r, int zone, uint32_t serial, bool authority);

/*
 * Add the SOA of a zone that is none of ours, such as one above a name of `hosts`, to
 * authority. `name` is complete, folded, and borrowed as by encode_name().
 */
void encode_other_soa(struct reply *r, const uint8_t *name, size_t len, uint32_t serial);

/*
 * Add the SOA of a built-in zone, whose name are the last `zone_len` octets of the
 * question's (RFC 6303, section 3), to the answer section or to authority.
 */
void encode_empty_soa(struct reply *r, size_t zone_len, bool authority);

/*
 * The fixed octets of an RR, up to the TTL, into `out`: a pointer to the owner at `at`,
 * or, where no pointer reaches, a copy of the name. Returns how many; 0: no owner
 * can be written.
 */
#define ENCODE_HEAD_MAX (NAME_MAX_LEN + 8)
size_t encode_head(const struct reply *r, uint16_t at, uint16_t type, uint32_t ttl_s,
	uint8_t out[ENCODE_HEAD_MAX]);

/*
 * Write a complete name, compressed; *at is where it stands, or where its only octets
 * point to. It is borrowed as long as the reply is written, if r->nnames has grown.
 * Overflow shows in r->w.
 */
void encode_name(struct reply *r, const uint8_t *name, size_t len, uint16_t *at);

/* Write header and OPT; sets reply_len, rcode, ede and facts of the packet. */
void encode_end(struct reply *r);

/* Make the reply of PARSE_REPLY: the question without RRs. */
void encode_status(struct packet *p, const struct settings *s, uint16_t rcode);

/* Make the reply of a client that asks too often: the question alone, with TC (AC-05). */
void encode_truncated(struct packet *p, const struct settings *s);

/* Make the reply of PARSE_HEADER: 12 octets, nothing copied but ID and opcode. */
void encode_header_only(struct packet *p, uint16_t rcode);

#endif
