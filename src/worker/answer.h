/*
 * answer.h - from a question to its reply (core)
 *
 * The straight line of a query: access control, special names, look-up, cache, encoding,
 * as plain calls in that order. Pure: memory in, memory out; no allocation, no lock, no
 * log, no clock, no system call. What it reads from the snapshot it does not trust.
 */
#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

#include "worker/query.h"

/*
 * Answer a packet that admit() let through. VERDICT_REPLY: p->reply_len octets of
 * p->buf are the reply, within the limit of the transport, of the client and of p->cap.
 * VERDICT_NEED: run it again when what it lacks is there. VERDICT_DROP: reply_len is 0.
 * The packet may be answered any number of times; only the last reply stands.
 */
enum verdict answer(const struct basis *b, struct packet *p);

/* ---- endings of a run, for the files of worker/ that make one ---- */

struct run;
struct rrset;

/*
 * NODATA or NXDOMAIN: the SOA of the zone that said so (RG-11, RG-12, RE-04), of the name
 * where it stands in `hosts` (HO-03).
 */
void answer_negative(struct run *run, uint16_t rcode);

/* SERVFAIL, because octets that we read make no sense (SH-08). */
void answer_damaged(struct run *run);

/* ANY at a name of ours that has no CNAME (RO-28, RFC 8482). */
void answer_any(struct run *run);

/*
 * Put a CNAME into the answer and go on to its target. True: look that up; false: the
 * chain ends here and the reply is complete.
 */
bool answer_follow(struct run *run, const struct rrset *rr);

#endif
