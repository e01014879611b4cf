#include "forwarder/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"

#define WAIT_LEAST_NS   (50 * NS_PER_MS)
#define WAIT_UNKNOWN_NS (300 * NS_PER_MS)
#define FAILURES_MAX    5
#define WINDOW          100   /* replies by whose rcodes it is judged */
#define P95_LEAST       20    /* samples, before anything is said of the slowest */
#define PROBE_CAP_MS    24000 /* with the jitter 30 s */
#define LOOP_NS         (60 * NS_PER_S)
#define CASE_KEPT       3
#define CASE_CHANGED    2
#define CASE_NAME_MAX   200
#define PLAIN_SEEN      2
#define PLAIN_NS        (15 * 60 * NS_PER_S)

void upstream_init(struct upstream *u, const struct forward_upstream *to, uint64_t now_ns)
{
	*u = (struct upstream){
		.to = *to,
		.probe_ns = UPSTREAM_NEVER,
		.resolve_ns = to->addr.len == 0 ? now_ns : UPSTREAM_NEVER,
	};
}

bool upstream_same(const struct forward_upstream *a, const struct forward_upstream *b)
{
	if (a->port != b->port || a->scope != b->scope || a->tls != b->tls ||
		!name_equal(a->host.wire, a->host.len, b->host.wire, b->host.len) ||
		!name_equal(a->server.wire, a->server.len, b->server.wire, b->server.len))
		return false;
	return a->host.len > 0 || addr_compare(&a->addr, &b->addr) == 0;
}

size_t upstream_text(const struct upstream *u, char *out, size_t cap)
{
	char text[NAME_TEXT_MAX];
	const char *form = "%.*s:%u";
	size_t len;
	int n;

	if (u->to.host.len > 1) {
		len = name_text(u->to.host.wire, u->to.host.len, text, sizeof(text)) - 1;
		len = MIN(len, MAX(cap, 8) - 8); /* the port is not cut */
	} else {
		len = addr_text(&u->to.addr, text);
		form = u->to.addr.len == 16 ? "[%.*s]:%u" : form;
	}
	n = snprintf(out, cap, form, (int)len, text, u->to.port);
	return MIN((size_t)MAX(n, 0), cap - 1);
}

bool upstream_reachable(const struct upstream *u, uint64_t now_ns)
{
	return u->to.addr.len > 0 && now_ns >= u->out_ns;
}

/* ---- how much it may be asked ---- */

/* The bucket holds an eighth of a second's packets, and at least one. */
bool upstream_room(
	const struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	uint64_t step_ns;

	if (u->inflight >= UPSTREAM_INFLIGHT)
		return false;
	if (g->packet_rate == 0)
		return true;
	step_ns = NS_PER_S / g->packet_rate;
	return u->rate_ns <= now_ns + step_ns * (g->packet_rate / 8);
}

void upstream_sent(struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	if (g->packet_rate > 0)
		u->rate_ns = MAX(u->rate_ns, now_ns) + NS_PER_S / g->packet_rate;
	if (u->naddrs > 0) {
		u->to.addr = u->addrs[u->turn % u->naddrs];
		u->turn = (uint8_t)((u->turn + 1u) % u->naddrs);
	}
}

/* ---- how long it takes ---- */

/* Of 64 samples the fourth from above: three or fewer in 64 are slower. */
static uint64_t p95_of(const struct upstream_times *t)
{
	uint32_t slowest[UPSTREAM_SAMPLES / 20 + 1] = {
		0}; /* in order, the slowest first */
	unsigned n = MIN(t->nsamples, UPSTREAM_SAMPLES), k = n / 20 + 1;

	for (unsigned i = 0; i < n; i++) {
		uint32_t v = t->sample_us[i];
		unsigned at = k;

		if (v <= slowest[k - 1])
			continue;
		for (; --at > 0 && slowest[at - 1] < v;)
			slowest[at] = slowest[at - 1];
		slowest[at] = v;
	}
	return (uint64_t)slowest[k - 1] * 1000;
}

/* RFC 6298, section 2.3, in integers. */
static void add_sample(struct upstream_times *t, uint64_t rtt_ns)
{
	uint64_t off = t->srtt_ns > rtt_ns ? t->srtt_ns - rtt_ns : rtt_ns - t->srtt_ns;

	if (t->srtt_ns == 0) {
		t->srtt_ns = MAX(rtt_ns, 1);
		t->dev_ns = rtt_ns / 2;
	} else {
		t->dev_ns = t->dev_ns - t->dev_ns / 4 + off / 4;
		t->srtt_ns = MAX(t->srtt_ns - t->srtt_ns / 8 + rtt_ns / 8, 1);
	}
	t->sample_us[t->nsamples++ % UPSTREAM_SAMPLES] = (uint32_t)MIN(
		rtt_ns / 1000, UINT32_MAX);
	if (t->nsamples >= P95_LEAST && t->nsamples % 4 == 0)
		t->p95_ns = p95_of(t);
}

uint64_t upstream_wait_ns(const struct upstream *u, enum upstream_way way, unsigned asked,
	const struct forward_group *g)
{
	const struct upstream_times *t = &u->times[way];
	uint64_t most = g->timeout_ms * NS_PER_MS;
	uint64_t wait = t->srtt_ns == 0 ? WAIT_UNKNOWN_NS
	                                : MAX(t->srtt_ns + 4 * t->dev_ns, WAIT_LEAST_NS);

	return MIN(wait << MIN(asked, 8), most);
}

uint64_t upstream_hedge_ns(const struct upstream *u, enum upstream_way way)
{
	return u->times[way].p95_ns;
}

/* ---- up and down ---- */

static enum upstream_change go_down(
	struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	if (u->down || g->max_fails == 0)
		return UPSTREAM_SAME;
	u->down = true;
	u->down_ns = now_ns;
	return UPSTREAM_WENT_DOWN;
}

/* Up to a quarter longer: upstreams that fail together are not probed together. */
static uint64_t jittered_ns(uint32_t ms, uint32_t random)
{
	return ms * NS_PER_MS + ms * NS_PER_MS / 4 * (random % 1024) / 1024;
}

/* After a first error probes begin, one interval later (FW-10). */
static void begin_probes(
	struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	if (u->probe_ns != UPSTREAM_NEVER || g->max_fails == 0 || g->probe_ms == 0)
		return;
	u->probe_bound_ms = g->probe_ms;
	u->probe_ns = now_ns + g->probe_ms * NS_PER_MS;
}

static bool says_no(uint16_t rcode)
{
	return rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED || rcode == RCODE_NOTIMP;
}

/* Over half of a hundred replies say no: true once, at the hundredth. */
static bool judged_bad(struct upstream *u, bool bad)
{
	u->bad += bad;
	if (++u->replies < WINDOW)
		return false;
	bad = u->bad > WINDOW / 2;
	u->replies = u->bad = 0;
	return bad;
}

void upstream_heard(
	struct upstream *u, enum upstream_way way, uint64_t rtt_ns, uint64_t now_ns)
{
	add_sample(&u->times[way], rtt_ns);
	u->replied_ns = now_ns;
	u->failed = 0;
	u->refused = false;
}

enum upstream_change upstream_replied(struct upstream *u, enum upstream_way way,
	uint16_t rcode, uint64_t rtt_ns, bool alone, const struct forward_group *g,
	uint64_t now_ns)
{
	bool bad = says_no(rcode), was_down = u->down;

	upstream_heard(u, way, rtt_ns, now_ns);
	if (judged_bad(u, bad) && !alone) {
		begin_probes(u, g, now_ns);
		return go_down(u, g, now_ns);
	}
	if (bad)
		return UPSTREAM_SAME;
	u->probe_ns = UPSTREAM_NEVER;
	u->probes_failed = 0;
	u->down = false;
	u->down_ns = 0;
	return was_down ? UPSTREAM_CAME_UP : UPSTREAM_SAME;
}

enum upstream_change upstream_failed(struct upstream *u, const struct forward_group *g,
	uint64_t sent_ns, uint64_t now_ns)
{
	/*
	 * Whoever has answered others since then lost a packet, or is slow with this
	 * name.
	 */
	if (u->replied_ns > sent_ns)
		return UPSTREAM_SAME;
	u->refused = false;
	begin_probes(u, g, now_ns);
	if (u->failed < FAILURES_MAX)
		u->failed++;
	return u->failed == FAILURES_MAX ? go_down(u, g, now_ns) : UPSTREAM_SAME;
}

enum upstream_change upstream_refused(struct upstream *u, const struct forward_group *g,
	uint64_t sent_ns, uint64_t now_ns)
{
	if (u->refused)
		return upstream_failed(u, g, sent_ns, now_ns);
	if (u->replied_ns <= sent_ns) {
		u->refused = true;
		begin_probes(u, g, now_ns);
	}
	return UPSTREAM_SAME;
}

void upstream_probing(struct upstream *u, const struct forward_group *g, uint64_t now_ns,
	uint32_t random)
{
	u->probe_bound_ms = MIN(
		MAX(MAX(u->probe_bound_ms, g->probe_ms), 1) * 2, PROBE_CAP_MS);
	u->probe_ns = now_ns + jittered_ns(u->probe_bound_ms, random);
}

enum upstream_change upstream_probe_failed(
	struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	if (u->probes_failed < UINT8_MAX)
		u->probes_failed++;
	return u->probes_failed > g->max_fails ? go_down(u, g, now_ns) : UPSTREAM_SAME;
}

void upstream_loop(struct upstream *u, uint64_t now_ns)
{
	u->out_ns = now_ns + LOOP_NS;
}

/* ---- letter case and EDNS ---- */

bool upstream_mixes(
	const struct upstream *u, const struct forward_group *g, size_t name_len)
{
	return g->case_randomize && name_len <= CASE_NAME_MAX &&
	       u->letters != UPSTREAM_CASE_OFF;
}

bool upstream_insists(const struct upstream *u)
{
	return u->letters == UPSTREAM_CASE_ON;
}

void upstream_letters(struct upstream *u, bool kept)
{
	if (kept && u->letters == UPSTREAM_CASE_TRIED && ++u->kept == CASE_KEPT)
		u->letters = UPSTREAM_CASE_ON;
	if (!kept && u->letters != UPSTREAM_CASE_OFF && ++u->changed == CASE_CHANGED)
		u->letters = UPSTREAM_CASE_OFF;
}

bool upstream_edns(
	const struct upstream *u, const struct forward_group *g, uint64_t now_ns)
{
	return g->edns && now_ns >= u->plain_ns;
}

void upstream_bears(struct upstream *u, bool edns, uint64_t now_ns)
{
	if (edns) {
		u->plain = 0;
	} else if (++u->plain >= PLAIN_SEEN) {
		u->plain = 0;
		u->plain_ns = now_ns + PLAIN_NS;
	}
}

/* ---- addresses of a host name ---- */

void upstream_resolved(
	struct upstream *u, const struct addr *addrs, unsigned n, uint64_t again_ns)
{
	u->looked_up = true;
	u->resolve_ns = again_ns;
	if (n == 0)
		return; /* what was known may still be right */
	u->naddrs = (uint8_t)MIN(n, UPSTREAM_ADDRESSES);
	memcpy(u->addrs, addrs, u->naddrs * sizeof(addrs[0]));
	u->turn = 0;
	u->to.addr = addrs[0];
}

uint64_t upstream_due_ns(const struct upstream *u)
{
	return MIN(u->probe_ns, u->resolve_ns);
}
