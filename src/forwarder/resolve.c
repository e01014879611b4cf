#include "forwarder/resolve.h"

#include "base/base.h"
#include "dns/type.h"
#include "forwarder/flight.h"
#include "forwarder/probe.h"

#define RETRY_NS (5 * NS_PER_S) /* after a look-up that brought nothing */
#define LEAST_NS NS_PER_S       /* between two look-ups, whatever the TTL */

static const struct forward_group *bootstrap(const struct fwdtab *f)
{
	const struct forward_settings *s = f->settings;

	return s->bootstrap && s->ngroups > 0 ? &s->groups[s->ngroups - 1] : NULL;
}

static void question_of(const struct fwdtab *f, const struct name *host, uint16_t type,
	struct question *q)
{
	*q = (struct question){
		.group = bootstrap(f)->digest,
		.type = type,
		.name_len = host->len,
	};
	name_fold(q->name, host->wire, host->len);
	q->hash = hash_name(&f->key, q->name, q->name_len);
}

void resolve_start(struct fwdtab *f, unsigned upstream, uint64_t now_ns)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	struct upstream *u = &f->upstreams[upstream];
	struct question q;

	u->resolving_ns = now_ns;
	u->resolve_ns = now_ns + RETRY_NS; /* if nothing comes of it */
	if (bootstrap(f) == NULL) {
		u->resolve_ns = UPSTREAM_NEVER;
		u->looked_up = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		question_of(f, &u->to.host, types[i], &q);
		flight_fetch(f, &q, now_ns);
	}
}

/* Not "this network", nor multicast or reserved (U-11). */
static bool usable(const struct addr *a)
{
	static const uint8_t none[16] = {0};

	if (a->len == 4)
		return a->octets[0] != 0 && a->octets[0] < 224;
	return a->octets[0] != 0xff && memcmp(a->octets, none, sizeof(none)) != 0;
}

/* Addresses among the answers of an entry, behind the `n` that are known; how many. */
static unsigned read_entry(
	const struct cache_entry *e, uint16_t type, struct addr *out, unsigned n)
{
	const uint8_t *wire = cache_wire(e);
	struct cache_rr rr;
	size_t at = 0;

	for (unsigned i = 0; i < e->answers && n < UPSTREAM_ADDRESSES; i++) {
		if (!cache_rr(e, &at, &rr))
			break;
		if (rr.type != type || rr.rdlen != (type == TYPE_A ? 4 : 16))
			continue;
		out[n] = (struct addr){.len = (uint8_t)rr.rdlen};
		memcpy(out[n].octets, wire + rr.rdata, rr.rdlen);
		n += usable(&out[n]);
	}
	return n;
}

/* What the cache has of a type; *until: when the first of it ends. */
static unsigned read_type(struct fwdtab *f, const struct upstream *u, uint16_t type,
	uint64_t now_ns, struct addr *out, unsigned n, uint64_t *until_ns)
{
	struct cache_found found;
	struct question q;
	unsigned before = n;

	question_of(f, &u->to.host, type, &q);
	if (!cache_find(&f->cache->reader, &q, u->resolving_ns, now_ns, &found) ||
		found.answer == NULL || !found.fresh)
		return n;
	n = read_entry(found.answer, type, out, n);
	if (n > before)
		*until_ns = MIN(*until_ns, found.answer->expires_ns);
	return n;
}

/* Both outcomes are there, or one is still in flight and what there is will do. */
static void read_addresses(struct fwdtab *f, struct upstream *u, uint64_t now_ns)
{
	struct addr addrs[UPSTREAM_ADDRESSES];
	uint64_t until_ns = UINT64_MAX;
	unsigned n = 0;

	n = read_type(f, u, TYPE_A, now_ns, addrs, n, &until_ns);
	n = read_type(f, u, TYPE_AAAA, now_ns, addrs, n, &until_ns);
	upstream_resolved(u, addrs, n,
		n == 0 ? u->resolving_ns + RETRY_NS : MAX(until_ns, now_ns + LEAST_NS));
}

void resolve_ended(struct fwdtab *f, const struct question *q, uint64_t now_ns)
{
	if (bootstrap(f) == NULL || q->group != bootstrap(f)->digest)
		return;
	for (unsigned i = 0; i < f->settings->nupstreams; i++) {
		struct upstream *u = &f->upstreams[i];

		if (u->to.host.len == 0 || !name_equal(u->to.host.wire, u->to.host.len,
						   q->name, q->name_len))
			continue;
		read_addresses(f, u, now_ns);
		probe_look(f, i, now_ns);
		heap_set(&f->timers, table_timer(i), table_due_ns(f, i));
	}
}
