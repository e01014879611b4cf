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

#endif
