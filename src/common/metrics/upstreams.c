/* upstreams.c - see upstreams.h; and MU rows */
#include "metrics/upstreams.h"

#include <stdlib.h>
#include <string.h>

#include "metrics/metrics.h"
#include "base/base.h"
#include "dns/type.h"

#define GATHER_TRIES 8

static const char *const protos[3] = {"udp", "tcp", "tls"};

/* ---- gathering ---- */

static struct upstreams_one *find(struct upstreams *all, const char *text)
{
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->one[i].text, text) == 0)
			return &all->one[i];
	if (all->n == STAT_UPSTREAMS)
		return NULL;
	struct upstreams_one *u = &all->one[all->n++];
	memset(u, 0, sizeof(*u));
	memcpy(u->text, text, strlen(text) + 1);
	return u;
}

static void add(uint64_t *to, const stat_u64 *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] += stat_get(&from[i]);
}

static void add_one(struct upstreams_one *u, const struct stat_upstream *s)
{
	u->up |= stat_get(&s->up) != 0;
	add(u->queries, s->queries, ARRAY_LEN(u->queries));
	add(u->rcodes, s->rcodes, STAT_RCODES);
	add(u->failures, s->failures, STAT_FAILURES);
	add(u->duration, s->duration, STAT_FINE);
	add(&u->duration_ns, &s->duration_ns, 1);
	add(u->time[0], s->time[0], STAT_REPLIES * STAT_TIME);
	add(u->time_ns, s->time_ns, STAT_REPLIES);
	add(&u->inflight, &s->inflight, 1);
	add(u->connections, s->connections, 2);
	add(u->made, s->connections_made, 2);
	add(u->used, s->connections_used, 2);
	add(&u->truncated, &s->truncated, 1);
	add(&u->hedges, &s->hedges, 1);
	add(&u->failovers, &s->failovers, 1);
	add(&u->loops, &s->loops, 1);
	add(&u->probes_failed, &s->probes_failed, 1);
}

/* "10.0.0.1:853" of "tls://10.0.0.1:853#name", in place. */
static const char *address(char *text)
{
	text[strcspn(text, "#")] = '\0';
	return strncmp(text, "tls://", 6) == 0 ? text + 6 : text;
}

/* False: a forwarder moved its upstreams meanwhile; what was read may be mixed up. */
static bool gather(const struct view *v, bool by_address, struct upstreams *out)
{
	char text[VIEW_TEXT];
	bool whole = true;

	out->n = 0;
	for (unsigned f = 0; f < v->nforwarders; f++) {
		const stat_u64 *seq = &v->forwarder[f]->upstreams_seq;
		const uint64_t begun = stat_read_begin(seq);

		for (unsigned i = 0; i < STAT_UPSTREAMS; i++) {
			const struct stat_upstream *s = &v->forwarder[f]->upstreams[i];

			if (view_text(s->text, text)[0] == '\0')
				continue;
			struct upstreams_one *u = find(
				out, by_address ? address(text) : text);
			if (u != NULL)
				add_one(u, s);
		}
		whole = stat_read_done(seq, begun) && whole;
	}
	return whole;
}

/* A move takes microseconds; one that does not end was cut short by a death. */
void upstreams_gather(const struct view *v, bool by_address, struct upstreams *out)
{
	for (unsigned tries = 0; tries < GATHER_TRIES; tries++)
		if (gather(v, by_address, out))
			return;
}

/* ---- writing ---- */

/* One sample of each, of the word at `offset` of its struct. */
static void put_each(struct text *t, const struct upstreams *all, size_t offset)
{
	for (unsigned i = 0; i < all->n; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&all->one[i] + offset, sizeof(value));
		text_count(t, LABELS({"upstream", all->one[i].text}), value);
	}
}

/* ... of the `n` words there, each with a label of its own. */
static void put_table(struct text *t, const struct upstreams *all, size_t offset,
	const char *label, const char *const *values, unsigned n)
{
	for (unsigned i = 0; i < all->n; i++) {
		for (unsigned k = 0; k < n; k++) {
			uint64_t value;

			memcpy(&value,
				(const char *)&all->one[i] + offset + k * sizeof(value),
				sizeof(value));
			text_count(t,
				LABELS({"upstream", all->one[i].text},
					{label, values[k]}),
				value);
		}
	}
}

#define ONE(field) offsetof(struct upstreams_one, field)

static void put_replies(struct text *t, const struct upstreams *all)
{
	char buf[12];

	text_family(t, "shmdns_upstream_responses_total", TEXT_COUNTER,
		"Replies of an upstream.");
	for (unsigned i = 0; i < all->n; i++)
		for (unsigned r = 0; r < STAT_RCODES; r++)
			if (all->one[i].rcodes[r] > 0 || r == RCODE_NOERROR)
				text_count(t,
					LABELS({"upstream", all->one[i].text},
						{"rcode", rcode_text(r, buf)}),
					all->one[i].rcodes[r]);
	text_family(t, "shmdns_upstream_duration_seconds", TEXT_HISTOGRAM,
		"From a question to the reply of an upstream.");
	for (unsigned i = 0; i < all->n; i++)
		text_histogram(t, LABELS({"upstream", all->one[i].text}), TEXT_FINE,
			all->one[i].duration, STAT_FINE, all->one[i].duration_ns);
}

static void put_state(struct text *t, const struct upstreams *all)
{
	text_family(t, "shmdns_upstream_up", TEXT_GAUGE, "1 unless its probes fail.");
	for (unsigned i = 0; i < all->n; i++)
		text_count(t, LABELS({"upstream", all->one[i].text}), all->one[i].up);
	text_family(t, "shmdns_upstream_inflight", TEXT_GAUGE,
		"Questions that an upstream has not answered yet.");
	put_each(t, all, ONE(inflight));
	text_family(t, "shmdns_upstream_connections", TEXT_GAUGE,
		"Connections to an upstream.");
	put_table(t, all, ONE(connections), "proto", protos + 1, 2);
}

/* What only its hops told has come by nobody knows whom (LO-01). */
static void put_loops(struct text *t, const struct view *v, const struct upstreams *all)
{
	text_family(t, "shmdns_loops_total", TEXT_COUNTER,
		"Times that an upstream asked us what we had asked it; unknown: what had "
		"passed four appliances.");
	put_each(t, all, ONE(loops));
	text_count(t, LABELS({"upstream", "unknown"}),
		view_workers(v, VIEW_WORKER(loops_passed)));
}

static void put_upstreams(struct text *t, const struct upstreams *all)
{
	text_family(t, "shmdns_upstream_queries_total", TEXT_COUNTER,
		"Questions to an upstream.");
	put_table(t, all, ONE(queries), "proto", protos, ARRAY_LEN(protos));
	put_replies(t, all);
	text_family(t, "shmdns_upstream_failures_total", TEXT_COUNTER,
		"Questions that an upstream did not answer, and why.");
	put_table(t, all, ONE(failures), "reason", stat_failures, STAT_FAILURES);
	put_state(t, all);
	text_family(t, "shmdns_upstream_truncated_retries_total", TEXT_COUNTER,
		"Questions that were asked again over TCP.");
	put_each(t, all, ONE(truncated));
	text_family(t, "shmdns_upstream_hedges_total", TEXT_COUNTER,
		"Questions that went to a second upstream because this one was slow.");
	put_each(t, all, ONE(hedges));
	text_family(t, "shmdns_upstream_failovers_total", TEXT_COUNTER,
		"Questions that went to the next upstream because this one failed.");
	put_each(t, all, ONE(failovers));
}

void metrics_upstreams(struct text *t, const struct view *v)
{
	struct upstreams *all = mem_alloc(1, sizeof(*all));

	upstreams_gather(v, false, all);
	put_upstreams(t, all);
	put_loops(t, v, all);
	free(all);
	text_gauge(t, "shmdns_forward_inflight", "Questions that are being asked.",
		view_forwarders(v, VIEW_FORWARDER(inflight)));
	text_gauge(t, "shmdns_forward_inflight_limit", "How many there may be.",
		view_forwarders(v, VIEW_FORWARDER(inflight_limit)));
	text_family(t, "shmdns_forward_rejected_total", TEXT_COUNTER,
		"Misses that were not taken on, and why.");
	for (unsigned i = 0; i < REJECT_DEADLINE; i++)
		text_count(t, LABELS({"reason", stat_rejects[i]}),
			view_forwarders(v, VIEW_FORWARDER(rejected) + VIEW_WORD(i)));
	text_count(t, LABELS({"reason", stat_rejects[REJECT_DEADLINE]}),
		view_workers(v, VIEW_WORKER(deadlines)));
	text_counter(t, "shmdns_forward_coalesced_total",
		"Questions that joined one that was being asked.",
		view_forwarders(v, VIEW_FORWARDER(coalesced)));
}
