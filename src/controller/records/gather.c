#include "controller/records/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

size_t gather_endpoint_name(const struct record_options *o, const struct kube_endpoint *e,
	const struct addr *addr, char label[LABEL_MAX_LEN + 1], struct draft *d)
{
	const char *name = NULL;

	if (draft_label(e->hostname))
		name = e->hostname;
	else if (e->hostname[0] != '\0')
		draft_skip(d, SKIP_NAME);
	if (name == NULL && o->endpoint_pod_names && draft_label(e->target_name))
		name = e->target_name;
	if (name == NULL)
		return addr_dashed(addr, label);

	size_t len = strlen(name);
	memcpy(label, name, len + 1);
	return len;
}

const uint8_t *gather_label(const struct gather *g, const struct gathered *item)
{
	return g->labels.data + item->label;
}

/*
 * What the Service prefers of a client's: what trafficDistribution says, if the operator
 * has the feature on at all, else what he says.
 */
static enum conf_topology topology_of(
	const struct record_options *o, const struct service_record *svc)
{
	if (o->topology == CONF_TOPOLOGY_NONE || svc->object == NULL)
		return CONF_TOPOLOGY_NONE;
	switch (svc->object->u.service.traffic) {
	case TRAFFIC_ZONE:
		return CONF_TOPOLOGY_ZONE;
	case TRAFFIC_NODE:
		return CONF_TOPOLOGY_NODE;
	case TRAFFIC_UNSET:
		break;
	}
	return o->topology;
}

/* A place without the node, where only the zone is preferred. */
static uint32_t place_of(
	const struct store *s, enum conf_topology t, const struct kube_endpoint *e)
{
	if (t == CONF_TOPOLOGY_NONE)
		return PLACE_UNKNOWN;
	uint32_t place = store_endpoint_place(s, e);
	return t == CONF_TOPOLOGY_NODE ? place : place & ~PLACE_NODE_MAX;
}

static void add(struct gather *g, const char *label, size_t len, const struct addr *addr,
	const struct kube_endpoint *e, uint32_t place)
{
	if (g->n == g->cap) {
		g->cap = g->cap == 0 ? 16 : g->cap * 2;
		g->items = mem_resize(g->items, g->cap, sizeof(*g->items));
	}
	g->items[g->n++] = (struct gathered){
		.label = (uint32_t)g->labels.len,
		.label_len = (uint8_t)len,
		.addr = *addr,
		.endpoint = e,
		.place = place,
		.slice = (uint32_t)g->nslices,
	};
	mem_buf_put(&g->labels, label, len);
}

static void add_slice(struct gather *g, const struct store *s,
	const struct service_record *svc, const struct slice_record *slice, bool fallback,
	const struct record_options *o, struct draft *d)
{
	const struct kube_slice *k = &slice->object.u.slice;
	enum conf_topology topology = topology_of(o, svc);
	size_t before = g->n;
	char label[LABEL_MAX_LEN + 1];

	for (size_t i = 0; i < k->nendpoints; i++) {
		const struct kube_endpoint *e = &k->endpoints[i];
		size_t n = o->first_address_only ? MIN(e->naddrs, 1) : e->naddrs;

		if (!store_endpoint_counts(svc, e, fallback))
			continue;
		uint32_t place = place_of(s, topology, e);
		for (size_t a = 0; a < n; a++)
			add(g, label, gather_endpoint_name(o, e, &e->addrs[a], label, d),
				&e->addrs[a], e, place);
	}
	g->slices[g->nslices++] = (struct gathered_slice){
		.slice = slice, .count = g->n - before};
}

static int compare_labels(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len) /* the length octet stands in front of a label */
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int compare_items(const void *a, const void *b, void *arg)
{
	const struct gather *g = arg;
	const struct gathered *x = a, *y = b;
	int c = compare_labels(
		gather_label(g, x), x->label_len, gather_label(g, y), y->label_len);

	if (c == 0)
		c = addr_compare(&x->addr, &y->addr);
	if (c != 0)
		return c;
	return g->placed ? places_compare(x->endpoint, y->endpoint) : 0;
}

void gather_init(struct gather *g, const struct store *s,
	const struct service_record *svc, const struct record_options *o, struct draft *d)
{
	bool fallback = store_fallback(s, svc);
	const struct slice_record *slice;

	g->placed = topology_of(o, svc) != CONF_TOPOLOGY_NONE;
	g->slices = mem_alloc(svc->nslices + 1, sizeof(*g->slices));
	TAILQ_FOREACH(slice, &svc->slices, of_service)
	{
		if (slice->object.u.slice.fqdn)
			draft_skip(d, SKIP_FQDN_SLICE);
		if (!slice->counts)
			continue;
		if (slice->object.u.slice.bad_addresses > 0)
			draft_skip(d, SKIP_ADDRESS);
		add_slice(g, s, svc, slice, fallback, o, d);
	}
	if (g->n > 1)
		qsort_r(g->items, g->n, sizeof(*g->items), compare_items, g);
}

void gather_fini(struct gather *g)
{
	mem_buf_fini(&g->labels);
	free(g->items);
	free(g->slices);
	*g = (struct gather){0};
}

size_t gather_same(const struct gather *g, size_t i)
{
	size_t end = i + 1;

	while (end < g->n &&
		compare_labels(gather_label(g, &g->items[i]), g->items[i].label_len,
			gather_label(g, &g->items[end]), g->items[end].label_len) == 0)
		end++;
	return end;
}

bool gather_any(const struct store *s, const struct service_record *svc)
{
	bool fallback = store_fallback(s, svc);
	const struct slice_record *slice;

	TAILQ_FOREACH(slice, &svc->slices, of_service)
	{
		const struct kube_slice *k = &slice->object.u.slice;

		for (size_t i = 0; slice->counts && i < k->nendpoints; i++)
			if (k->endpoints[i].naddrs > 0 &&
				store_endpoint_counts(svc, &k->endpoints[i], fallback))
				return true;
	}
	return false;
}
