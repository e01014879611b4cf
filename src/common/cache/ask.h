/*
 * ask.h - messages between a worker and a forwarder (design: need, park, settle)
 *
 * They travel over a SOCK_SEQPACKET pair for each slot of a worker and each forwarder, of
 * which the supervisor holds both ends, so what is queued outlives either side. One
 * packet is one message. Every message is a hint: losing any of them costs time, never an
 * answer. Who receives one takes it as hostile: ask_check() looks before anybody acts.
 *
 *   worker -> forwarder   ASK     a parked query needs outcomes of 1 to 8 questions
 *                         NOTE    an entry of the cache was used
 *                         LOOP    a query of ours came back to us (LO-01)
 *   forwarder -> worker   SETTLED all outcomes of an ASK are stored, or will not come
 *                         HELLO   a new forwarder has begun: ask again
 */
#ifndef CACHE_ASK_H
#define CACHE_ASK_H

#include "cache/question.h"

#define ASK_QUESTIONS_MAX 8
#define ASK_NOBODY        UINT32_MAX /* place: nobody waits, fetch it for the cache */
#define ASK_NO_UPSTREAM   UINT32_MAX /* a mark that we did not make: it blames nobody */

enum ask_type { ASK_ASK = 1, ASK_NOTE, ASK_LOOP, ASK_SETTLED, ASK_HELLO };

/* Why SETTLED. */
enum ask_status {
	ASK_STORED, /* run answer() again: the outcomes are in the cache */
	ASK_FULL,   /* no room for the question (FP-02) */
	ASK_OTHER,  /* of a group that the forwarder does not have: run answer() again */
};

/* Behind the head: `n` times struct ask_question and its name. */
struct ask_head {
	uint32_t type;          /* ASK_ASK */
	uint32_t place, serial; /* given back by SETTLED */
	uint32_t n;
	uint64_t life;        /* of the worker */
	uint64_t settings;    /* number of the settings that it uses */
	uint64_t arrival_ns;  /* of the query: an outcome stored since then settles it */
	uint64_t deadline_ns; /* when the waiter gives up */
	uint32_t tcp;         /* the client came by TCP (transport "client") */
	uint32_t pad;
};

struct ask_question {
	uint64_t group; /* digest */
	uint16_t type;
	uint8_t flags; /* QUESTION_* */
	uint8_t name_len;
	uint8_t hops; /* of the query's loop mark; 0: none (LO-01) */
	uint8_t pad[3];
	/* then the name, and zeros up to a multiple of 8 */
};

struct ask_note {
	uint32_t type; /* ASK_NOTE */
	uint32_t hits; /* since the last note of this entry */
	uint64_t word; /* as cache_find() gave it */
	uint64_t now_ns;
};

struct ask_loop {
	uint32_t type;     /* ASK_LOOP */
	uint32_t upstream; /* index in the settings' pool; ASK_NO_UPSTREAM: not known */
	uint64_t life;     /* of the appliance that made the mark; 0: not known */
	uint32_t hops;
	uint32_t pad;
};

struct ask_settled {
	uint32_t type; /* ASK_SETTLED */
	uint32_t place, serial;
	uint32_t status; /* enum ask_status */
	uint64_t life;   /* of the worker that asked */
};

struct ask_hello {
	uint32_t type; /* ASK_HELLO */
	uint32_t forwarder;
	uint64_t life;
};

#define ASK_OCTETS_MAX                                                                   \
	(sizeof(struct ask_head) +                                                       \
		ASK_QUESTIONS_MAX * (sizeof(struct ask_question) + NAME_MAX_LEN + 1))

union ask_message {
	uint32_t type;
	struct ask_head head;
	struct ask_note note;
	struct ask_loop loop;
	struct ask_settled settled;
	struct ask_hello hello;
	uint8_t octets[ASK_OCTETS_MAX];
};

/*
 * True if `len` octets are a whole message of a known type, questions and names included.
 */
bool ask_check(const union ask_message *m, size_t len);

/*
 * Write `n` questions behind the head, whose other fields the caller fills; its length.
 */
size_t ask_write(union ask_message *m, const struct question *q, unsigned n);

/*
 * Question number i of a message that ask_check() passed, hashed under `key`. False:
 * there is none.
 */
bool ask_question(const union ask_message *m, unsigned i, const struct hash_key *key,
	struct question *out);

#endif
