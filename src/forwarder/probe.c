#include "forwarder/probe.h"

#include "base/base.h"
#include "dns/type.h"
#include "forwarder/neterror.h"
#include "forwarder/resolve.h"

#define TIMEOUT_NS   NS_PER_S
#define LOOK_LETTERS 26

uint64_t table_due_ns(const struct fwdtab *f, unsigned upstream)
{
	uint64_t due = upstream_due_ns(&f->upstreams[upstream]);

	if (f->probe[upstream] != TABLE_NONE)
		due = MIN(due, f->attempts[f->probe[upstream]].end_ns);
	if (f->look[upstream] != TABLE_NONE)
		due = MIN(due, f->attempts[f->look[upstream]].end_ns);
	return due;
}

static void stop(struct fwdtab *f, uint32_t *attempt)
{
	uint32_t id = *attempt;

	if (id == TABLE_NONE)
		return;
	*attempt = TABLE_NONE;
	attempt_close(f, id);
}

void probe_stop(struct fwdtab *f, unsigned upstream)
{
	stop(f, &f->probe[upstream]);
	stop(f, &f->look[upstream]);
}

static uint8_t transport_of(const struct fwdtab *f, unsigned upstream)
{
	const struct forward_group *g = table_group(f, upstream);

	if (f->upstreams[upstream].to.tls || g->transport == FORWARD_TLS)
		return EXCHANGE_TLS;
	return g->transport == FORWARD_TCP ? EXCHANGE_TCP : EXCHANGE_UDP;
}

static int send_query(struct fwdtab *f, unsigned upstream, const struct name *name,
	uint16_t type, enum attempt_kind kind, uint64_t now_ns, uint32_t *id)
{
	const struct forward_group *g = table_group(f, upstream);
	struct attempt_order o = {
		.name = name->wire,
		.name_len = name->len,
		.type = type,
		.recursion = kind == ATTEMPT_LOOK || g->recursion,
		.kind = (uint8_t)kind,
		.upstream = (uint8_t)upstream,
		.group = g,
		.try = {.at = (uint8_t)(upstream - g->first),
			.transport = transport_of(f, upstream)},
		.flight = TABLE_NONE,
		.wait_ns = TIMEOUT_NS,
		.end_ns = now_ns + TIMEOUT_NS,
	};

	return attempt_send(f, &o, now_ns, id);
}

/* A probe brought nothing good. */
static void failed(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	struct upstream *u = &f->upstreams[upstream];

	stat_add(&table_stat(f, upstream)->probes_failed, 1);
	attempt_changed(f, upstream,
		upstream_probe_failed(u, table_group(f, upstream), now_ns), now_ns);
}

static void probe(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	const struct forward_group *g = table_group(f, upstream);
	struct upstream *u = &f->upstreams[upstream];
	uint32_t id;

	upstream_probing(u, g, now_ns, f->ops->draw(f->arg));
	if (!upstream_reachable(u, now_ns))
		return;
	int ret = send_query(
		f, upstream, &g->probe_name, g->probe_type, ATTEMPT_PROBE, now_ns, &id);
	if (ret < 0 && neterror(ret) == FWDTAB_FULL)
		return; /* says nothing about the upstream */
	stat_add(&table_stat(f, upstream)->probes, 1);
	if (ret < 0)
		failed(f, upstream, now_ns);
	else
		f->probe[upstream] = id;
}

void probe_turn(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	struct upstream *u = &f->upstreams[upstream];
	uint32_t open = f->probe[upstream];

	if (open != TABLE_NONE &&
		(now_ns >= f->attempts[open].end_ns || now_ns >= u->probe_ns)) {
		stop(f, &f->probe[upstream]);
		failed(f, upstream, now_ns);
	}
	open = f->look[upstream];
	if (open != TABLE_NONE && now_ns >= f->attempts[open].end_ns)
		stop(f, &f->look[upstream]);
	if (now_ns >= u->probe_ns)
		probe(f, upstream, now_ns);
	if (now_ns >= u->resolve_ns)
		resolve_start(f, upstream, now_ns);
	heap_set(&f->timers, table_timer(upstream), table_due_ns(f, upstream));
}

void probe_reply(struct fwdtab *f, uint32_t attempt, const uint8_t *msg,
	const struct reply_facts *facts, uint64_t now_ns)
{
	struct attempt a = f->attempts[attempt];

	if (a.kind == ATTEMPT_LOOK) {
		stop(f, &f->look[a.upstream]);
		return;
	}
	attempt_credit(f, &a, msg, facts, now_ns);
	stop(f, &f->probe[a.upstream]);
	if (facts->rcode == RCODE_SERVFAIL || facts->rcode == RCODE_REFUSED)
		failed(f, a.upstream, now_ns);
}

void probe_error(
	struct fwdtab *f, uint32_t attempt, enum fwdtab_error why, uint64_t now_ns)
{
	struct attempt a = f->attempts[attempt];

	if (a.kind == ATTEMPT_LOOK) {
		stop(f, &f->look[a.upstream]);
		return;
	}
	stop(f, &f->probe[a.upstream]);
	if (why != FWDTAB_FULL) /* that says nothing about the upstream */
		failed(f, a.upstream, now_ns);
}

/* ---- loops ---- */

/* Loopback, or in a range of the cluster's: its DNS Service is there (LO-03). */
static bool could_be_ours(const struct fwdtab *f, const struct addr *a)
{
	if (addr_loopback(a))
		return true;
	for (unsigned i = 0; i < f->settings->nown; i++) {
		if (addr_in_prefix(a->octets, a->len, &f->settings->own[i]))
			return true;
	}
	return false;
}

void probe_look(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	struct name name = {.len = LOOK_LETTERS + 2};
	uint32_t id;

	if (f->look[upstream] != TABLE_NONE || f->upstreams[upstream].to.addr.len == 0 ||
		!could_be_ours(f, &f->upstreams[upstream].to.addr))
		return;
	name.wire[0] = LOOK_LETTERS;
	for (unsigned i = 1; i <= LOOK_LETTERS; i++)
		name.wire[i] = (uint8_t)('a' + f->ops->draw(f->arg) % 26);
	name.wire[LOOK_LETTERS + 1] = 0;
	if (send_query(f, upstream, &name, TYPE_A, ATTEMPT_LOOK, now_ns, &id) == 0)
		f->look[upstream] = id;
}
