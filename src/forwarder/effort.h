/*
 * effort.h - one question's way through the upstreams of a group (core)
 *
 * effort_next() is the plan: whatever has happened, it says what to do now. What it goes
 * by is a budget that is only ever lowered (U-01): a deadline, packets in all, and
 * packets for each upstream and transport. Packets that an upstream itself asks for
 * (TC=1, no OPT, no mixed case) are sent even when those in all are spent, and count all
 * the same.
 */
#ifndef FORWARDER_EFFORT_H
#define FORWARDER_EFFORT_H

#include "forwarder/fwdtab.h"
#include "forwarder/upstream.h"

#define EFFORT_NEVER      UINT64_MAX
#define EFFORT_SAME_MAX   3  /* packets for an upstream and transport (RFC 9520) */
#define EFFORT_MISMATCHES 50 /* packets that are no reply, then it is TCP (F-10) */

/* What all questions of a group share. */
struct effort_group {
	uint32_t inflight;
	uint32_t down;     /* questions that found every upstream down (FW-11) */
	uint64_t tried_ns; /* when the last of those was sent all the same; 0: never */
	uint32_t credit;   /* hundredths of hedges (FW-14) */
	uint8_t turn;      /* round_robin: who is first next time */
};

/* One packet to be sent. */
struct effort_try {
	uint8_t at;        /* upstream, as position in its group */
	uint8_t transport; /* enum exchange_transport */
	bool plain;        /* without OPT (U-09) */
};

struct effort {
	uint64_t began_ns, deadline_ns;
	uint64_t next_ns;  /* when the next upstream is asked */
	uint64_t hedge_ns; /* when a second one is asked beside */
	uint8_t group;     /* in the settings */
	bool tcp;          /* the client came by TCP (transport "client") */
	uint8_t order[FORWARD_UPSTREAMS_MAX];
	uint8_t n, turn; /* of `order`: how many, who is next */
	uint8_t sent[FORWARD_UPSTREAMS_MAX][UPSTREAM_WAYS];
	uint16_t spoiled; /* bits by position: has said no, is not asked again (FW-15) */
	uint8_t packets, limit;
	uint8_t attempts;  /* packets of all groups */
	uint8_t open;      /* attempts that may still be answered */
	uint8_t failovers; /* replies that said no */
	bool trial;        /* all are down, and this question tries one (FW-11) */
	bool late;         /* an attempt has been waited for in vain */
	bool full;         /* what kept it from being sent was our own limits */
	bool again_due;
	struct effort_try again; /* the same upstream, in another way */
};

/* Who could be asked. */
struct effort_view {
	const struct forward_group *group;
	struct upstream *upstreams; /* of the group, group->n */
	struct effort_group *shared;
	uint32_t (*draw)(void *arg);
	void *arg;
};

/* Begin with a group: whom to ask in which order (FW-06), how often (FW-12). */
void effort_begin(struct effort *e, const struct effort_view *v);

enum effort_step {
	EFFORT_SEND,  /* *out, and ask again */
	EFFORT_HEDGE, /* the same, beside one that is slow */
	EFFORT_WAIT,  /* until effort_due_ns(), or an event */
	EFFORT_OVER,  /* nothing more will come */
};

/* The plan. */
enum effort_step effort_next(struct effort *e, const struct effort_view *v,
	uint64_t now_ns, struct effort_try *out);

/* The packet has left; after which time its reply is late (U-02). */
uint64_t effort_sent(struct effort *e, const struct effort_view *v,
	const struct effort_try *t, uint64_t now_ns);

/* When there is something to do, whatever comes. */
uint64_t effort_due_ns(const struct effort *e);

/*
 * That attempt (by its number, from 1) is over without a reply: if it was the newest, or
 * the last that was open, the next step need not wait. `open` does not count it any more.
 */
void effort_failed(struct effort *e, unsigned attempt, uint64_t now_ns);

/* What a matching reply means for the question. */
enum effort_verdict {
	EFFORT_TAKE,  /* this is the outcome, if its records are of use */
	EFFORT_AGAIN, /* the same upstream is asked in another way */
	EFFORT_OTHER, /* it says no: another upstream is asked, once (FW-15) */
	EFFORT_GROUP, /* the next group is asked (FW-16) */
	EFFORT_BAD,   /* it cannot be used, as a reply that says no */
};
struct reply_facts;
enum effort_verdict effort_judge(struct effort *e, const struct forward_group *g,
	const struct effort_try *t, bool edns, const struct reply_facts *facts);

/* Ask the upstream of `t` by TCP: TC=1, wrong letter case, too many mismatches. */
void effort_stream(struct effort *e, const struct effort_try *t);

/* An upstream has said no (FW-15). False: it is the second one, and enough. */
bool effort_spoil(
	struct effort *e, const struct effort_try *t, unsigned attempt, uint64_t now_ns);

#endif
