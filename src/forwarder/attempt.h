/*
 * attempt.h - a query that was sent, until its reply has come or nobody waits for it
 * (core)
 *
 * Attempts of a question are linked from its flight; probes and looks for loops belong to
 * none. They make the query's octets, tell its reply from other packets (FW-24), and say
 * what happened to the upstream that it went to.
 */
#ifndef FORWARDER_ATTEMPT_H
#define FORWARDER_ATTEMPT_H

#include "forwarder/table.h"

enum attempt_kind { ATTEMPT_QUESTION, ATTEMPT_PROBE, ATTEMPT_LOOK };

struct attempt {
	struct sent sent;
	uint64_t sent_ns;
	uint64_t late_ns; /* the wait for it is over: evidence against the upstream */
	uint64_t end_ns;  /* no reply is taken after that */
	uint32_t flight;  /* TABLE_NONE: of no question */
	uint32_t next;    /* of its question, or of those that are free */
	struct effort_try try;
	uint8_t upstream; /* index in the pool */
	uint8_t kind;     /* enum attempt_kind */
	uint8_t number;   /* of its question, from 1 */
	uint8_t mismatches;
	bool open, late;
	bool lettered; /* its letter case tells something */
};

/* What to ask, and for whom. */
struct attempt_order {
	const uint8_t *name; /* borrowed, folded */
	uint8_t name_len;
	uint16_t type;
	uint8_t flags; /* QUESTION_* */
	uint8_t hops;  /* of the client's loop mark */
	bool recursion;
	uint8_t kind; /* enum attempt_kind */
	uint8_t number;
	uint8_t upstream;
	const struct forward_group *group;
	struct effort_try try;
	uint32_t flight;
	uint64_t wait_ns; /* until it is late */
	uint64_t end_ns;
};

/* Allocate room for all attempts; the table owns it. */
void attempt_init(struct fwdtab *f);

/* Send a query; *id: its number. 0; -errno: it could not be sent (fwdtab_ops). */
int attempt_send(
	struct fwdtab *f, const struct attempt_order *o, uint64_t now_ns, uint32_t *id);

/*
 * No reply to it is wanted any more; its number is free. Whoever links it forgets it
 * first.
 */
void attempt_close(struct fwdtab *f, uint32_t id);

/*
 * A query of `sent_ns` has failed, for that reason: say so to its upstream, and count it.
 * Mismatches are counted only: anybody can send them (U-04).
 */
void attempt_blame(struct fwdtab *f, unsigned upstream, enum stat_failure why,
	uint64_t sent_ns, uint64_t now_ns);

/* True if no other upstream of its group is up. */
bool attempt_alone(const struct fwdtab *f, unsigned upstream, uint64_t now_ns);

/* A matching reply has come: its upstream has answered. */
void attempt_credit(struct fwdtab *f, const struct attempt *a, const uint8_t *msg,
	const struct reply_facts *facts, uint64_t now_ns);

/* "10.0.0.1:53 udp attempt 2: timeout", at most CACHE_TEXT_MAX octets. */
void attempt_text(const struct fwdtab *f, unsigned upstream, const struct effort_try *t,
	unsigned number, const char *what, char out[CACHE_TEXT_MAX + 1]);

/* An upstream went down or came up: tell the shell, count it. */
void attempt_changed(struct fwdtab *f, unsigned upstream, enum upstream_change change,
	uint64_t now_ns);

#endif
