/*
 * fwdtab.h - questions in flight, and what becomes of them (core)
 *
 * The whole of a forwarder's mind: which questions are in flight and who waits for them
 * (flight.h, waiters.h), which upstream is asked next, by which transport, how long it is
 * waited for (effort.h), how upstreams fare (upstream.h). No sockets and no clock: the
 * shell brings octets and time in and does what `struct fwdtab_ops` says. All memory is
 * allocated by fwdtab_new().
 */
#ifndef FORWARDER_FWDTAB_H
#define FORWARDER_FWDTAB_H

#include "cache/ask.h"
#include "forwarder/cachewrite.h"
#include "forwarder/reply.h"
#include "snap/settings.h"
#include "snap/stat.h"

#define FWDTAB_QUESTIONS 16384 /* in flight (FP-02) */
#define FWDTAB_WAITERS   256   /* of a question */
#define FWDTAB_EXCHANGES 32768 /* queries that are awaited: hedges and probes too */

struct fwdtab;

/* Who asked. */
struct fwdtab_waiter {
	uint32_t slot; /* of the worker; the shell knows its pair */
	uint32_t place, serial;
	uint64_t life;
};

enum exchange_transport { EXCHANGE_UDP, EXCHANGE_TCP, EXCHANGE_TLS };

/* A query that the shell shall send. Borrowed for the call. */
struct fwdtab_send {
	uint32_t exchange;                 /* its number until close() */
	uint8_t transport;                 /* enum exchange_transport */
	uint8_t upstream;                  /* index in the settings' pool */
	const struct forward_upstream *to; /* its address is known */
	const struct forward_group *group;
	const uint8_t *query;
	size_t len;
	bool probe;
};

#define FWDTAB_ANY_TRANSPORT UINT8_MAX

/* Something that happened, for the log and for counters of the shell. */
enum fwdtab_event_kind {
	EVENT_FAILED, /* a question: text says why (FP-06) */
	EVENT_DOWN,
	EVENT_UP, /* an upstream */
	EVENT_LOOP,
};
struct fwdtab_event {
	enum fwdtab_event_kind kind;
	int upstream;      /* -1: none */
	uint8_t transport; /* FWDTAB_ANY_TRANSPORT: not of one exchange */
	unsigned attempt;
	uint16_t rcode, ede;
	uint64_t elapsed_ns;
	const struct question *question; /* NULL: of none */
	const char *text;
};

struct fwdtab_ops {
	/*
	 * Send; replies come back by fwdtab_reply() or fwdtab_error(), never from within.
	 * A fresh ID is in the query and in *id; TCP may put another one in the place of
	 * both. 0, or -errno: as fwdtab_error(), and there is no exchange.
	 */
	int (*send)(void *arg, const struct fwdtab_send *s, uint16_t *id);
	/*
	 * No reply to this exchange is wanted any more. Once for each that was sent,
	 * after fwdtab_error() too; its number may be given out again at once.
	 */
	void (*close)(void *arg, uint32_t exchange);
	void (*settled)(void *arg, const struct fwdtab_waiter *w, enum ask_status status);
	void (*event)(void *arg, const struct fwdtab_event *e);
	uint32_t (*draw)(void *arg); /* 32 random bits (CSPRNG) */
};

/*
 * Make one that stores into `cache` and counts in `stat` (both borrowed for its life;
 * stat NULL: nobody reads the numbers). `key` hashes names and signs loop marks, `life`
 * stands in the marks (LO-01). Owned; fwdtab_free() ends it, without a word to anybody.
 */
struct fwdtab *fwdtab_new(const struct fwdtab_ops *ops, void *arg,
	struct cachewrite *cache, struct stat_forwarder *stat, const struct hash_key *key,
	uint64_t life);
void fwdtab_free(struct fwdtab *f);

/*
 * New settings (borrowed until the next call has returned): what is known of upstreams
 * that stay is kept, questions of groups that are gone are settled as ASK_OTHER, their
 * entries and what the operator wants forgotten are flushed.
 */
void fwdtab_configure(struct fwdtab *f, const struct settings *s, uint64_t now_ns);

/* What the wall clock says at `now_ns`, for the end of signatures; never: not known. */
void fwdtab_wall(struct fwdtab *f, uint32_t wall_s, uint64_t now_ns);

/*
 * The `n` questions of an ASK: `w` is settled when all their outcomes are stored, once
 * for each ASK. A later ASK of the same slot and place takes the place of the one before.
 * With `w` NULL nobody waits: they are fetched for the cache. Before settings came
 * everything is ASK_OTHER.
 */
void fwdtab_ask(struct fwdtab *f, const struct question *q, unsigned n,
	const struct fwdtab_waiter *w, const struct ask_head *head, uint64_t now_ns);

/* Octets came for an exchange; `id` as send() left it. */
void fwdtab_reply(struct fwdtab *f, uint32_t exchange, const uint8_t *msg, size_t len,
	uint64_t now_ns);

/* Why an exchange failed. */
enum fwdtab_error {
	FWDTAB_REFUSED,   /* ICMP unreachable, connection refused */
	FWDTAB_NETWORK,   /* no route, reset, closed */
	FWDTAB_HANDSHAKE, /* handshake or certificate */
	FWDTAB_FULL,      /* no descriptor, no port: not the upstream's fault */
};

/* It did; `text` (borrowed, may be NULL) says more for the log and the EDE (FP-06). */
void fwdtab_error(struct fwdtab *f, uint32_t exchange, enum fwdtab_error why,
	const char *text, uint64_t now_ns);

/* An entry was used: count it, and fetch it anew before it ends (CA-14). */
void fwdtab_note(struct fwdtab *f, const struct ask_note *n, uint64_t now_ns);

/* A query of ours came back to us by that upstream (LO-02). */
void fwdtab_loop(struct fwdtab *f, const struct ask_loop *l, uint64_t now_ns);

/* What is due by time; when to call it next (UINT64_MAX: not before an event). */
void fwdtab_turn(struct fwdtab *f, uint64_t now_ns);
uint64_t fwdtab_next_ns(const struct fwdtab *f);

#endif
