#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/parts.h"
#include "dns/rev.h"
#include "dns/type.h"

#define TTL_VERSION_S 28800 /* RX-09 */

/* Who answers for a zone: NS targets, and the addresses behind them (RX-02, RX-08). */
struct servers {
	struct rdata_name *names; /* owned */
	size_t n, cap;
	struct part_addrs addrs;
};

static void add_name(struct servers *v, const struct rdata_name *name)
{
	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 4 : v->cap * 2;
		v->names = mem_resize(v->names, v->cap, sizeof(*v->names));
	}
	v->names[v->n++] = *name;
}

/* A zero length tells a target in PRIMARY from one in the zone itself (RX-04, RG-15). */
static uint8_t typed_len(const struct record_options *o, unsigned zone, unsigned of)
{
	return zone == of ? o->settings.zones[zone].name.len : 0;
}

static void add_headless(struct servers *v, const struct store *s,
	const struct record_options *o, const struct address_ref *ref, unsigned zone,
	unsigned of, struct draft *d)
{
	struct gather g = {0};
	struct rdata_name target = {.zone_len = typed_len(o, zone, of)};
	struct name base;

	gather_init(&g, s, ref->service, o, d);
	for (size_t i = 0; i < g.n; i++) {
		const struct gathered *item = &g.items[i];

		if (g.slices[item->slice].slice != ref->slice)
			continue;
		if (!parts_service_name(&base, o, of, ref->service, d) ||
			!parts_prepend(&target.name, gather_label(&g, item),
				item->label_len, &base, d))
			continue;
		add_name(v, &target);
		parts_addrs_add(&v->addrs, &item->addr);
	}
	gather_fini(&g);
}

static void add_service(struct servers *v, const struct store *s,
	const struct record_options *o, const struct address_ref *ref, unsigned zone,
	struct draft *d)
{
	const struct service_record *svc = ref->service;
	unsigned of = o->settings.zones[zone].kind == ZONE_FORWARD ? zone
	                                                           : o->settings.primary;
	struct rdata_name target = {.zone_len = typed_len(o, zone, of)};

	if (ref->slice == NULL || !store_service_exposed(svc) ||
		svc->object->u.service.type != SERVICE_CLUSTER_IP)
		return;
	if (!store_endpoint_counts(svc,
		    &ref->slice->object.u.slice.endpoints[ref->endpoint],
		    store_fallback(s, svc)))
		return;
	if (svc->object->u.service.headless) {
		add_headless(v, s, o, ref, zone, of, d);
		return;
	}
	if (svc->object->u.service.nips == 0 ||
		!parts_service_name(&target.name, o, of, svc, d))
		return;
	add_name(v, &target);
	for (size_t i = 0; i < svc->object->u.service.nips; i++)
		parts_addrs_add(&v->addrs, &svc->object->u.service.ips[i]);
}

static void find_servers(struct servers *v, const struct store *s,
	const struct record_options *o, unsigned zone, struct draft *d)
{
	const struct settings *set = &o->settings;

	for (unsigned i = 0; i < set->nown; i++) {
		const struct address_record *a = store_find_address(s, &set->own[i]);

		for (uint32_t k = 0; a != NULL && k < a->nrefs; k++)
			add_service(v, s, o, &store_refs(a)[k], zone, d);
	}
	v->n = parts_sort_names(v->names, v->n);
}

/* RX-03: nobody known stands behind us, so it is us. */
static void name_ourselves(
	struct servers *v, const struct record_options *o, unsigned zone, struct draft *d)
{
	struct rdata_name target = {.zone_len = o->settings.zones[zone].name.len};

	if (parts_name(&target.name, o, zone, "dns", "ns", d))
		add_name(v, &target);
	for (unsigned i = 0; i < o->settings.nown; i++)
		parts_addrs_add(&v->addrs, &o->settings.own[i]);
}

static void emit_version(const struct record_options *o, unsigned zone, struct draft *d)
{
	bool multicluster = o->settings.zones[zone].kind == ZONE_MULTICLUSTER;
	const char *text = multicluster ? "1.0.0" : "1.1.0";
	uint8_t rdata[2 + 6] = {0};
	uint16_t len = 6;
	struct name name;

	memcpy(rdata, &len, 2); /* FORM_OPAQUE: host order */
	rdata[2] = 5;
	memcpy(rdata + 3, text, 5);
	if (!parts_name(&name, o, zone, "dns-version", NULL, d) ||
		!draft_begin(d, o, &name, zone, NODE_ALWAYS))
		return;
	node_add_opaque(&d->node, TYPE_TXT, TTL_VERSION_S, rdata, sizeof(rdata), 1);
	draft_end(d);
}

static void emit_ns(const struct servers *v, const struct record_options *o,
	unsigned zone, struct draft *d)
{
	uint32_t ttl_s = o->settings.ttl_s;
	struct name name;

	if (!parts_name(&name, o, zone, "dns", "ns", d) ||
		!draft_begin(d, o, &name, zone, NODE_ALWAYS))
		return;
	node_add_addrs(
		&d->node, TYPE_A, ttl_s, v->addrs.octets4.data, v->addrs.n4, false);
	node_add_addrs(
		&d->node, TYPE_AAAA, ttl_s, v->addrs.octets6.data, v->addrs.n6, false);
	draft_end(d);
}

static void emit_empty(
	const struct record_options *o, unsigned zone, const char *label, struct draft *d)
{
	struct name name;

	if (parts_name(&name, o, zone, label, NULL, d))
		parts_empty(d, o, &name, zone, NODE_ALWAYS);
}

/* A zone may be as small as one address: its PTRs stand at the apex (RV-01). */
static void add_pointers(const struct store *s, const struct record_options *o,
	unsigned zone, struct draft *d)
{
	const struct name *z = &o->settings.zones[zone].name;
	const struct address_record *a;
	struct rdata_name *targets;
	struct addr addr;
	size_t n;

	if (!rev_parse(z->wire, z->len, &addr))
		return;
	a = store_find_address(s, &addr);
	if (a == NULL || a->nrefs == 0)
		return;
	targets = parts_pointers(s, o, a, &n, d);
	if (n > 0)
		draft_count(d,
			node_add_names(&d->node, TYPE_PTR, o->settings.ttl_s, targets, n),
			n);
	free(targets);
}

void parts_zone(const struct store *s, const struct record_options *o, unsigned zone,
	struct draft *d)
{
	const struct zone *z = &o->settings.zones[zone];
	struct servers v = {0};

	find_servers(&v, s, o, zone, d);
	if (v.n == 0)
		name_ourselves(&v, o, zone, d);
	parts_addrs_sort(&v.addrs);
	if (draft_begin(d, o, &z->name, zone, NODE_APEX | NODE_ALWAYS)) {
		draft_count(d,
			node_add_names(
				&d->node, TYPE_NS, o->settings.ttl_s, v.names, v.n),
			v.n);
		add_pointers(s, o, zone, d);
		parts_delegation(o, &z->name, d);
		draft_end(d);
	}
	emit_empty(o, zone, "dns", d);
	emit_ns(&v, o, zone, d);
	emit_version(o, zone, d);
	if (z->kind != ZONE_REVERSE) {
		emit_empty(o, zone, "svc", d);
		emit_empty(o, zone, "pod", d);
	}
	free(v.names);
	parts_addrs_fini(&v.addrs);
}
