#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/parts.h"
#include "dns/type.h"

bool parts_ignored(const struct store *s, const struct record_options *o,
	const struct service_record *svc)
{
	const struct kube_service *k = &svc->object->u.service;

	return o->ignore_empty_service && k->type == SERVICE_CLUSTER_IP && !k->headless &&
	       !gather_any(s, svc);
}

/* ---- endpoint names, of headless and cluster IP Services alike ---- */

/* The SRV of one endpoint name: items [from, to) of the gather. */
static void add_endpoint_srv(struct draft *d, const struct record_options *o,
	const struct gather *g, size_t from, size_t to)
{
	size_t pairs = 0, total = 0, at = 0;

	for (size_t i = from; i < to; i++)
		total += g->slices[g->items[i].slice].slice->object.u.slice.nports;

	struct part_port *ports = mem_alloc(total + 1, sizeof(*ports));
	uint16_t *numbers = mem_alloc(total + 1, sizeof(*numbers));
	for (size_t i = from; i < to; i++) {
		const struct kube_slice *k =
			&g->slices[g->items[i].slice].slice->object.u.slice;

		for (size_t p = 0; p < k->nports; p++)
			ports[at++].port = k->ports[p].port;
		pairs += k->nports;
	}
	size_t n = parts_numbers(ports, at, numbers);
	draft_count(d,
		node_add_srv_self(
			&d->node, o->settings.ttl_s, parts_weight(pairs), 0, numbers, n),
		n);
	free(ports);
	free(numbers);
}

static void add_addrs(struct draft *d, const struct record_options *o,
	const struct part_addrs *a, bool glue_only)
{
	draft_count(d,
		node_add_addrs(&d->node, TYPE_A, o->settings.ttl_s, a->octets4.data,
			a->n4, glue_only),
		a->n4);
	draft_count(d,
		node_add_addrs(&d->node, TYPE_AAAA, o->settings.ttl_s, a->octets6.data,
			a->n6, glue_only),
		a->n6);
}

/* The addresses of an endpoint name, with places if they have some. */
static void add_endpoint_addrs(
	struct draft *d, const struct record_options *o, const struct part_addrs *a)
{
	const uint32_t *place4 = parts_addrs_places(a, false);
	const uint32_t *place6 = parts_addrs_places(a, true);
	uint32_t ttl_s = o->settings.ttl_s;

	if (place4 == NULL && place6 == NULL) {
		add_addrs(d, o, a, false);
		return;
	}
	draft_count(d,
		node_add_addrs_placed(
			&d->node, TYPE_A, ttl_s, a->octets4.data, a->n4, place4),
		a->n4);
	draft_count(d,
		node_add_addrs_placed(
			&d->node, TYPE_AAAA, ttl_s, a->octets6.data, a->n6, place6),
		a->n6);
}

void parts_endpoints(struct draft *d, const struct record_options *o,
	const struct gather *g, const struct name *base, unsigned zone)
{
	struct part_addrs a = {0};

	for (size_t i = 0, end; i < g->n; i = end) {
		struct name name;

		end = gather_same(g, i);
		if (!parts_prepend(&name, gather_label(g, &g->items[i]),
			    g->items[i].label_len, base, d) ||
			!draft_begin(d, o, &name, zone, 0))
			continue;
		parts_addrs_reset(&a);
		for (size_t k = i; k < end; k++)
			parts_addrs_take(&a, g, &g->items[k]);
		parts_addrs_sort(&a);
		add_endpoint_addrs(d, o, &a);
		add_endpoint_srv(d, o, g, i, end);
		draft_end(d);
	}
	parts_addrs_fini(&a);
}

/* ---- Services with a cluster IP (RS rows) ---- */

struct cluster_ip {
	const struct record_options *o;
	const struct service_record *svc;
	struct draft *d;
	struct part_addrs addrs;
	struct part_port *ports; /* of the Service, sorted */
	size_t nports;
	uint16_t *numbers; /* room for nports */
	struct gather endpoints;
};

/* SRV of `n` ports with `skip` octets of the owner name in front of the target. */
static void add_srv(
	struct cluster_ip *c, const struct part_port *ports, size_t n, size_t skip)
{
	size_t nips = c->svc->object->u.service.nips;
	size_t count = parts_numbers(ports, n, c->numbers);

	if (nips == 0)
		return;
	draft_count(c->d,
		node_add_srv_self(&c->d->node, c->o->settings.ttl_s,
			parts_weight(n * nips), (uint8_t)skip, c->numbers, count),
		count);
}

static void emit_ports(struct cluster_ip *c, const struct name *base, unsigned zone)
{
	for (size_t i = 0, end; i < c->nports; i = end) {
		struct name name;

		end = parts_same_port(c->ports, c->nports, i);
		if (c->ports[i].name[0] == '\0')
			continue;
		if (!parts_port_name(&name, &c->ports[i], base, c->d) ||
			!draft_begin(c->d, c->o, &name, zone, 0))
			continue;
		add_addrs(c->d, c->o, &c->addrs, !c->o->port_addresses);
		add_srv(c, c->ports + i, end - i, (size_t)(name.len - base->len));
		draft_end(c->d);
	}
}

static void emit_cluster_ip(struct cluster_ip *c, unsigned zone)
{
	struct name base;

	if (!parts_service_name(&base, c->o, zone, c->svc, c->d) ||
		!draft_begin(c->d, c->o, &base, zone, 0))
		return;
	add_addrs(c->d, c->o, &c->addrs, false);
	add_srv(c, c->ports, c->nports, 0);
	draft_end(c->d);
	emit_ports(c, &base, zone);
	parts_endpoints(c->d, c->o, &c->endpoints, &base, zone);
}

static void derive_cluster_ip(const struct store *s, const struct record_options *o,
	const struct service_record *svc, struct draft *d)
{
	const struct kube_service *k = &svc->object->u.service;
	struct cluster_ip c = {.o = o, .svc = svc, .d = d, .nports = k->nports};

	for (size_t i = 0; i < k->nips; i++)
		parts_addrs_add(&c.addrs, &k->ips[i]);
	parts_addrs_sort(&c.addrs);
	c.ports = mem_alloc(k->nports + 1, sizeof(*c.ports));
	c.numbers = mem_alloc(k->nports + 1, sizeof(*c.numbers));
	for (size_t i = 0; i < k->nports; i++)
		c.ports[i] = (struct part_port){.name = k->ports[i].name,
			.protocol = k->ports[i].protocol,
			.port = k->ports[i].port};
	parts_sort_ports(c.ports, c.nports);
	if (o->cluster_ip_endpoints)
		gather_init(&c.endpoints, s, svc, o, d);
	for (unsigned z = 0; z < o->settings.nzones; z++)
		if (o->settings.zones[z].kind == ZONE_FORWARD)
			emit_cluster_ip(&c, z);
	gather_fini(&c.endpoints);
	parts_addrs_fini(&c.addrs);
	free(c.ports);
	free(c.numbers);
}

/* ---- ExternalName (RE rows) ---- */

static void derive_external_name(
	const struct record_options *o, const struct service_record *svc, struct draft *d)
{
	const char *text = svc->object->u.service.external_name;
	struct rdata_name target = {0};
	struct addr literal;
	bool encodable;

	if (addr_parse(text, strlen(text), &literal)) { /* RE-10 */
		draft_skip(d, SKIP_IP_LITERAL);
		return;
	}
	encodable = text[0] != '\0' && name_parse(text, &target.name) == 0;
	if (encodable)
		name_fold(target.name.wire, target.name.wire, target.name.len);
	else
		draft_skip(d, SKIP_TARGET); /* RE-11: the node alone */
	for (unsigned z = 0; z < o->settings.nzones; z++) {
		struct name base;

		if (o->settings.zones[z].kind != ZONE_FORWARD ||
			!parts_service_name(&base, o, z, svc, d) ||
			!draft_begin(d, o, &base, z, 0))
			continue;
		if (encodable)
			node_add_names(
				&d->node, TYPE_CNAME, o->settings.ttl_s, &target, 1);
		draft_end(d);
	}
}

void parts_service(const struct store *s, const struct record_options *o,
	const struct service_record *svc, struct draft *d)
{
	struct gather g = {0};

	if (!store_service_exposed(svc))
		return;
	if (svc->object->u.service.bad_addresses > 0)
		draft_skip(d, SKIP_ADDRESS);
	if (svc->object->u.service.type == SERVICE_EXTERNAL_NAME) {
		derive_external_name(o, svc, d);
	} else if (!svc->object->u.service.headless) {
		if (!parts_ignored(s, o, svc))
			derive_cluster_ip(s, o, svc, d);
	} else {
		gather_init(&g, s, svc, o, d);
		if (g.n > 0) /* RH-03 */
			parts_headless(o, svc, &g, d);
		gather_fini(&g);
	}
}
