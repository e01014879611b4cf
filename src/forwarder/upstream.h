/*
 * upstream.h - what is known of an upstream, learnt from its replies and its silence
 * (core)
 *
 * How long a reply takes (U-02), whether it is up (U-03, U-04), when it is probed
 * (FW-10), whether it keeps letter case (U-07) and bears EDNS (U-09), how much it may be
 * asked (FW-26, U-05), and which addresses it has. Facts come in, nothing is sent from
 * here. A zeroed struct is an upstream of which nothing is known, but for
 * upstream_init().
 */
#ifndef FORWARDER_UPSTREAM_H
#define FORWARDER_UPSTREAM_H

#include "snap/forward.h"

#define UPSTREAM_NEVER     UINT64_MAX
#define UPSTREAM_ADDRESSES 8    /* of a host name */
#define UPSTREAM_INFLIGHT  4096 /* questions that it may have at once (U-05) */
#define UPSTREAM_SAMPLES   64   /* the newest, from which p95 is taken */
#define UPSTREAM_TEXT_MAX  64

/* How an upstream is reached; TCP and TLS have more to do for a reply than UDP. */
enum upstream_way { UPSTREAM_UDP, UPSTREAM_STREAM, UPSTREAM_WAYS };

struct upstream_times {
	uint64_t srtt_ns, dev_ns; /* 0: no history (RFC 6298, section 2) */
	uint64_t p95_ns;          /* 0: not known yet */
	uint32_t sample_us[UPSTREAM_SAMPLES];
	uint32_t nsamples;
};

enum upstream_case { UPSTREAM_CASE_TRIED, UPSTREAM_CASE_ON, UPSTREAM_CASE_OFF };

struct upstream {
	struct forward_upstream to; /* as configured, but for the address in use */

	struct upstream_times times[UPSTREAM_WAYS];

	bool down;
	uint64_t down_ns;     /* since then */
	uint64_t out_ns;      /* a loop leads through it: not asked before then (LO-02) */
	uint64_t replied_ns;  /* the last matching reply */
	uint8_t failed;       /* in a row */
	bool refused;         /* the last thing that happened (U-04) */
	uint8_t replies, bad; /* of the last hundred */

	uint64_t probe_ns;       /* the next one; UPSTREAM_NEVER: none is due */
	uint32_t probe_bound_ms; /* between the last one and the next */
	uint8_t probes_failed;   /* in a row */

	uint8_t letters; /* enum upstream_case */
	uint8_t kept, changed;

	uint8_t plain;     /* questions that were answered only without OPT */
	uint64_t plain_ns; /* it gets no OPT until then */

	uint64_t rate_ns; /* when its bucket of packets is full again */
	uint32_t inflight;

	struct addr addrs[UPSTREAM_ADDRESSES]; /* of a host name */
	uint8_t naddrs, turn;
	bool looked_up;        /* a look-up has ended, well or not */
	uint64_t resolve_ns;   /* the next one; UPSTREAM_NEVER: it has an address */
	uint64_t resolving_ns; /* the present one began then */
};

/* What a fact has changed. */
enum upstream_change { UPSTREAM_SAME, UPSTREAM_WENT_DOWN, UPSTREAM_CAME_UP };

/* Nothing is known of this one yet. */
void upstream_init(
	struct upstream *u, const struct forward_upstream *to, uint64_t now_ns);

/* True if both are one target, so that what is known of one holds for the other. */
bool upstream_same(const struct forward_upstream *a, const struct forward_upstream *b);

/* As it was configured: "10.0.0.1:53", "dns.example:853", cut to `cap`; the length. */
size_t upstream_text(const struct upstream *u, char *out, size_t cap);

/* True if there is an address and no loop through it: it can be asked. */
bool upstream_reachable(const struct upstream *u, uint64_t now_ns);

/* True if it takes one more now: enough in flight (U-05), packets a second (FW-26). */
bool upstream_room(
	const struct upstream *u, const struct forward_group *g, uint64_t now_ns);

/* A packet goes to it: counts against the rate, and the next address is in use. */
void upstream_sent(struct upstream *u, const struct forward_group *g, uint64_t now_ns);

/*
 * How long to wait until the next step, for the `asked`th time in a row (from 0; U-02).
 */
uint64_t upstream_wait_ns(const struct upstream *u, enum upstream_way way, unsigned asked,
	const struct forward_group *g);

/* After which time a second upstream is asked beside; 0: it is not (FW-14). */
uint64_t upstream_hedge_ns(const struct upstream *u, enum upstream_way way);

/* A reply that says nothing about its upstream but that it is there. */
void upstream_heard(
	struct upstream *u, enum upstream_way way, uint64_t rtt_ns, uint64_t now_ns);

/*
 * A matching reply, `rtt_ns` after the question. `alone`: no other one of its group is
 * up, so rcodes do not take it out.
 */
enum upstream_change upstream_replied(struct upstream *u, enum upstream_way way,
	uint16_t rcode, uint64_t rtt_ns, bool alone, const struct forward_group *g,
	uint64_t now_ns);

/* A question of `sent_ns` has not been answered in time, or its connection has failed. */
enum upstream_change upstream_failed(struct upstream *u, const struct forward_group *g,
	uint64_t sent_ns, uint64_t now_ns);

/* It refuses packets: the second time in a row is a failure (U-04). */
enum upstream_change upstream_refused(struct upstream *u, const struct forward_group *g,
	uint64_t sent_ns, uint64_t now_ns);

/* A probe leaves: the next one is due later. */
void upstream_probing(struct upstream *u, const struct forward_group *g, uint64_t now_ns,
	uint32_t random);

/* A probe brought no reply, or one that says no (FW-09). */
enum upstream_change upstream_probe_failed(
	struct upstream *u, const struct forward_group *g, uint64_t now_ns);

/* A question came back to us by it: it is out for 60 s (LO-02). */
void upstream_loop(struct upstream *u, uint64_t now_ns);

/* Letter case (U-07): is it mixed in questions, and must a reply have kept it? */
bool upstream_mixes(
	const struct upstream *u, const struct forward_group *g, size_t name_len);
bool upstream_insists(const struct upstream *u);

/* A reply has kept the case of a mixed question, or changed it. */
void upstream_letters(struct upstream *u, bool kept);

/* EDNS (U-09): does it get an OPT? */
bool upstream_edns(
	const struct upstream *u, const struct forward_group *g, uint64_t now_ns);

/* It has answered: with an OPT, or only after it was asked without one. */
void upstream_bears(struct upstream *u, bool edns, uint64_t now_ns);

/* New addresses of its host name, to be looked up again at `again_ns`; n 0: none. */
void upstream_resolved(
	struct upstream *u, const struct addr *addrs, unsigned n, uint64_t again_ns);

/*
 * When something is due that nobody asked for: a probe, a look-up. UPSTREAM_NEVER: none.
 */
uint64_t upstream_due_ns(const struct upstream *u);

#endif
