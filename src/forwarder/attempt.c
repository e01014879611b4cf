#include "forwarder/attempt.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/mark.h"
#include "dns/type.h"

void attempt_init(struct fwdtab *f)
{
	f->attempts = mem_alloc(FWDTAB_EXCHANGES, sizeof(*f->attempts));
	for (uint32_t i = 0; i < FWDTAB_EXCHANGES; i++)
		f->attempts[i].next = i + 1 < FWDTAB_EXCHANGES ? i + 1 : TABLE_NONE;
	f->free_attempt = 0;
}

/* ---- sending ---- */

/* Letters of the name in a case that nobody can guess (U-07). True: any is upper case. */
static bool mix_letters(struct fwdtab *f, uint8_t *name, size_t len)
{
	uint32_t bits = 0;
	unsigned left = 0;
	bool upper = false;

	for (size_t i = 0; i < len; i++) {
		if (name[i] < 'a' || name[i] > 'z')
			continue;
		if (left == 0) {
			bits = f->ops->draw(f->arg);
			left = 32;
		}
		if (bits & 1) {
			name[i] = (uint8_t)(name[i] - 'a' + 'A');
			upper = true;
		}
		bits >>= 1;
		left--;
	}
	return upper;
}

static void fill(struct fwdtab *f, struct attempt *a, const struct attempt_order *o,
	uint64_t now_ns)
{
	const struct upstream *u = &f->upstreams[o->upstream];
	bool mixes = o->try.transport == EXCHANGE_UDP &&
	             upstream_mixes(u, o->group, o->name_len);

	*a = (struct attempt){
		.sent =
			{
				.id = (uint16_t)f->ops->draw(f->arg),
				.type = o->type,
				.edns = !o->try.plain &&
	                                upstream_edns(u, o->group, now_ns),
				.mixed = mixes && upstream_insists(u),
				.name_len = o->name_len,
			},
		.sent_ns = now_ns,
		.late_ns = now_ns + o->wait_ns,
		.end_ns = o->end_ns,
		.flight = o->flight,
		.next = a->next,
		.try = o->try,
		.upstream = o->upstream,
		.kind = o->kind,
		.number = o->number,
	};
	memcpy(a->sent.name, o->name, o->name_len);
	if (mixes)
		a->lettered = mix_letters(f, a->sent.name, a->sent.name_len);
}

static size_t write_query(const struct fwdtab *f, const struct attempt *a,
	const struct attempt_order *o, uint8_t out[REPLY_QUERY_MAX])
{
	struct mark mark = {
		.life = f->life,
		.upstream = a->upstream,
		.hops = (uint8_t)(o->hops + 1),
	};
	size_t len = reply_query(&a->sent, o->flags, o->group->trust_ad, f->all->max_udp,
		&mark, &f->key, out);

	if (!o->recursion)
		out[2] &= (uint8_t)~1u; /* RD (health_check.recursion) */
	return len;
}

int attempt_send(
	struct fwdtab *f, const struct attempt_order *o, uint64_t now_ns, uint32_t *id)
{
	struct stat_upstream *stat = table_stat(f, o->upstream);
	struct upstream *u = &f->upstreams[o->upstream];
	uint32_t i = f->free_attempt;
	uint8_t query[REPLY_QUERY_MAX];
	int ret;

	if (i == TABLE_NONE)
		return -ENOBUFS;
	struct attempt *a = &f->attempts[i];
	upstream_sent(u, o->group, now_ns);
	fill(f, a, o, now_ns);
	struct fwdtab_send s = {
		.exchange = i,
		.transport = o->try.transport,
		.upstream = o->upstream,
		.to = &u->to,
		.group = o->group,
		.query = query,
		.len = write_query(f, a, o, query),
		.probe = o->kind != ATTEMPT_QUESTION,
	};
	ret = f->ops->send(f->arg, &s, &a->sent.id);
	if (ret < 0)
		return ret;
	f->free_attempt = a->next;
	a->next = TABLE_NONE;
	a->open = true;
	u->inflight++;
	stat_add(&stat->queries[o->try.transport], 1);
	stat_set(&stat->inflight, u->inflight);
	*id = i;
	return 0;
}

void attempt_close(struct fwdtab *f, uint32_t id)
{
	struct attempt *a = &f->attempts[id];
	struct upstream *u = &f->upstreams[a->upstream];

	u->inflight--;
	stat_set(&table_stat(f, a->upstream)->inflight, u->inflight);
	a->open = false;
	a->next = f->free_attempt;
	f->free_attempt = id;
	f->ops->close(f->arg, id);
}

/* ---- what happened to it ---- */

/* The last failure of an upstream; NULL: there was none but of probes. */
static const char *why_down(struct stat_upstream *stat)
{
	return stat_get(&stat->error_ns) != 0
	               ? stat_failure_text((unsigned)stat_get(&stat->error))
	               : NULL;
}

void attempt_changed(
	struct fwdtab *f, unsigned upstream, enum upstream_change change, uint64_t now_ns)
{
	struct stat_upstream *stat = table_stat(f, upstream);
	struct fwdtab_event e = {
		.kind = change == UPSTREAM_WENT_DOWN ? EVENT_DOWN : EVENT_UP,
		.upstream = (int)upstream,
		.transport = FWDTAB_ANY_TRANSPORT,
	};

	heap_set(&f->timers, table_timer(upstream), table_due_ns(f, upstream));
	if (change == UPSTREAM_SAME)
		return;
	e.elapsed_ns = now_ns - (stat_get(&stat->down_ns) == 0
						? now_ns
						: stat_get(&stat->down_ns));
	if (change == UPSTREAM_WENT_DOWN)
		e.text = why_down(stat);
	stat_set(&stat->up, change == UPSTREAM_CAME_UP);
	stat_set(&stat->down_ns, f->upstreams[upstream].down_ns);
	f->ops->event(f->arg, &e);
}

void attempt_blame(struct fwdtab *f, unsigned upstream, enum stat_failure why,
	uint64_t sent_ns, uint64_t now_ns)
{
	struct upstream *u = &f->upstreams[upstream];
	const struct forward_group *g = table_group(f, upstream);
	struct stat_upstream *stat = table_stat(f, upstream);
	enum upstream_change change = UPSTREAM_SAME;

	stat_add(&stat->failures[why], 1);
	if (why == FAILURE_MISMATCH || why == FAILURE_MALFORMED)
		return;
	stat_set(&stat->error, why);
	stat_set(&stat->error_ns, now_ns);
	if (why == FAILURE_REFUSED || why == FAILURE_NETWORK)
		change = upstream_refused(u, g, sent_ns, now_ns);
	else
		change = upstream_failed(u, g, sent_ns, now_ns);
	attempt_changed(f, upstream, change, now_ns);
}

static void count_reply(
	struct fwdtab *f, const struct attempt *a, uint16_t rcode, uint64_t rtt_ns)
{
	struct stat_upstream *stat = table_stat(f, a->upstream);
	unsigned reply = MIN(rcode, STAT_REPLIES - 1);

	stat_add(&stat->rcodes[MIN(rcode, STAT_RCODES - 1)], 1);
	stat_add(&stat->duration[stat_fine(rtt_ns)], 1);
	stat_add(&stat->duration_ns, rtt_ns);
	stat_add(&stat->time[reply][stat_time(rtt_ns)], 1);
	stat_add(&stat->time_ns[reply], rtt_ns);
}

bool attempt_alone(const struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	const struct forward_group *g = table_group(f, upstream);

	for (unsigned i = g->first; i < g->first + g->n; i++) {
		if (i != upstream && !f->upstreams[i].down &&
			upstream_reachable(&f->upstreams[i], now_ns))
			return false;
	}
	return true;
}

void attempt_credit(struct fwdtab *f, const struct attempt *a, const uint8_t *msg,
	const struct reply_facts *facts, uint64_t now_ns)
{
	struct upstream *u = &f->upstreams[a->upstream];
	enum upstream_way way = a->try.transport == EXCHANGE_UDP ? UPSTREAM_UDP
	                                                         : UPSTREAM_STREAM;
	uint64_t rtt_ns = now_ns - a->sent_ns;
	/* A client who claims hops can make any appliance say so: no word about it. */
	bool claimed = facts->loop && a->kind == ATTEMPT_QUESTION;
	enum upstream_change change = UPSTREAM_SAME;

	count_reply(f, a, facts->rcode, rtt_ns);
	if (a->lettered)
		upstream_letters(
			u, memcmp(msg + 12, a->sent.name, a->sent.name_len) == 0);
	if (a->sent.edns && facts->has_opt)
		upstream_bears(u, true, now_ns);
	else if (a->try.plain && facts->rcode != RCODE_FORMERR &&
		 facts->rcode != RCODE_NOTIMP)
		upstream_bears(u, false, now_ns);
	if (claimed)
		upstream_heard(u, way, rtt_ns, now_ns);
	else
		change = upstream_replied(u, way, facts->rcode, rtt_ns,
			attempt_alone(f, a->upstream, now_ns),
			table_group(f, a->upstream), now_ns);
	stat_set(&table_stat(f, a->upstream)->srtt_ns, u->times[way].srtt_ns);
	attempt_changed(f, a->upstream, change, now_ns);
}

void attempt_text(const struct fwdtab *f, unsigned upstream, const struct effort_try *t,
	unsigned number, const char *what, char out[CACHE_TEXT_MAX + 1])
{
	static const char *const transports[] = {"udp", "tcp", "tls"};
	size_t len = upstream_text(&f->upstreams[upstream], out, CACHE_TEXT_MAX + 1);

	snprintf(out + len, CACHE_TEXT_MAX + 1 - len, " %s attempt %u: %s",
		transports[t->transport], number, what);
}
