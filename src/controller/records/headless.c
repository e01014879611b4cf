#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/parts.h"
#include "dns/type.h"

#define LISTS_MAX 255 /* of an SRV RRset: their number is one octet */

/*
 * What a set of slices gives: an endpoint list and the addresses, as they stand in the
 * body. Most ports stand in all slices, so the same set comes again and again.
 */
struct set {
	uint8_t *mask;           /* owned; one octet for each slice */
	size_t max_label;        /* longer endpoint names do not fit into this zone */
	struct part_addrs addrs; /* kept if they have places: how many fit, nodes know */
	uint32_t list, at4, at6;
	size_t endpoints, n4, n6;
};

struct headless {
	const struct record_options *o;
	const struct service_record *svc;
	const struct gather *g;
	struct draft *d;
	struct part_port *ports; /* of the slices, sorted */
	size_t nports;
	struct set *sets; /* owned */
	size_t nsets;
	bool owned; /* a node that owns the body was made */
};

/* ---- sets ---- */

/* Addresses of endpoints, and their places; neither ever moves. */
struct pack {
	struct mem_buf addrs, places;
};

static void pack_init(struct pack *p, size_t n)
{
	mem_buf_add(&p->addrs, n * 16);
	mem_buf_add(&p->places, n * sizeof(uint32_t));
	p->addrs.len = p->places.len = 0;
}

static void pack_fini(struct pack *p)
{
	mem_buf_fini(&p->addrs);
	mem_buf_fini(&p->places);
}

/* Addresses of items [from, to) of the set into `pack`, each once, IPv4 first. */
static void pack_label(const struct headless *h, const uint8_t *mask, size_t from,
	size_t to, struct pack *pack, struct endpoint_spec *e)
{
	const struct addr *last = NULL;
	size_t start = pack->addrs.len, place = pack->places.len;

	for (size_t i = from; i < to; i++) {
		const struct gathered *item = &h->g->items[i];

		if (!mask[item->slice] ||
			(last != NULL && addr_compare(last, &item->addr) == 0))
			continue;
		last = &item->addr;
		if (item->addr.len == 4)
			e->n4++;
		else
			e->n6++;
		mem_buf_put(&pack->addrs, item->addr.octets, item->addr.len);
		mem_buf_put(&pack->places, &item->place, sizeof(item->place));
	}
	e->addrs4 = pack->addrs.data + start;
	e->addrs6 = e->addrs4 + 4u * e->n4;
	if (!h->g->placed)
		return;
	e->place4 = (const uint32_t *)(const void *)(pack->places.data + place);
	e->place6 = e->place4 + e->n4;
}

/* The endpoint list of the set. */
static void put_list(struct headless *h, struct set *set)
{
	const struct gather *g = h->g;
	struct endpoint_spec *specs = mem_alloc(g->n, sizeof(*specs));
	struct pack pack = {0};
	size_t n = 0;

	pack_init(&pack, g->n);
	for (size_t i = 0, end; i < g->n; i = end) {
		struct endpoint_spec e = {.label = gather_label(g, &g->items[i]),
			.label_len = g->items[i].label_len};

		end = gather_same(g, i);
		pack_label(h, set->mask, i, end, &pack, &e);
		if (e.n4 + e.n6 == 0)
			continue;
		if (e.label_len > set->max_label) {
			draft_skip(h->d, SKIP_NAME);
			continue;
		}
		specs[n++] = e;
	}
	set->endpoints = n;
	set->list = n > 0 ? body_endpoints(&h->d->body, specs, n) : 0;
	pack_fini(&pack);
	free(specs);
}

static void put_addrs(struct headless *h, struct set *set)
{
	struct part_addrs a = {0};

	for (size_t i = 0; i < h->g->n; i++)
		if (set->mask[h->g->items[i].slice])
			parts_addrs_take(&a, h->g, &h->g->items[i]);
	parts_addrs_sort(&a);
	set->n4 = a.n4;
	set->n6 = a.n6;
	if (h->g->placed) {
		set->addrs = a;
		return;
	}
	if (a.n4 > 0)
		set->at4 = body_addrs(&h->d->body, a.octets4.data, a.n4, 4);
	if (a.n6 > 0)
		set->at6 = body_addrs(&h->d->body, a.octets6.data, a.n6, 16);
	parts_addrs_fini(&a);
}

/* The set of `mask`, made now or found again; borrowed until the next call. */
static const struct set *get_set(
	struct headless *h, const uint8_t *mask, size_t max_label)
{
	for (size_t i = 0; i < h->nsets; i++)
		if (h->sets[i].max_label == max_label &&
			memcmp(h->sets[i].mask, mask, h->g->nslices) == 0)
			return &h->sets[i];

	struct set set = {.max_label = max_label, .mask = mem_alloc(h->g->nslices, 1)};
	memcpy(set.mask, mask, h->g->nslices);
	put_addrs(h, &set);
	put_list(h, &set);
	h->sets = mem_resize(h->sets, h->nsets + 1, sizeof(*h->sets));
	h->sets[h->nsets++] = set;
	return &h->sets[h->nsets - 1];
}

/* ---- RRsets ---- */

/* The addresses of one family, with a places block for as many as fit. */
static size_t add_placed(struct headless *h, const struct set *set, bool six)
{
	struct node_builder *b = &h->d->node;
	const struct mem_buf *octets = six ? &set->addrs.octets6 : &set->addrs.octets4;
	uint16_t type = six ? TYPE_AAAA : TYPE_A;
	size_t n = six ? set->n6 : set->n4, size = six ? 16 : 4;
	size_t stand = node_fit(b, type, n);
	uint32_t at;

	if (!body_placed(&h->d->body, octets->data, stand, size,
		    parts_addrs_places(&set->addrs, six), &at))
		return node_add_body_addrs(b, type, h->o->settings.ttl_s,
			body_addrs(&h->d->body, octets->data, n, size), n, false);
	node_add_body_placed(b, type, h->o->settings.ttl_s, at, stand);
	return stand;
}

static void add_addrs(struct headless *h, const struct set *set)
{
	struct node_builder *b = &h->d->node;
	uint32_t ttl_s = h->o->settings.ttl_s;
	size_t stand4, stand6;

	if (h->g->placed) {
		stand4 = add_placed(h, set, false);
		stand6 = add_placed(h, set, true);
	} else {
		stand4 = node_add_body_addrs(b, TYPE_A, ttl_s, set->at4, set->n4, false);
		stand6 = node_add_body_addrs(
			b, TYPE_AAAA, ttl_s, set->at6, set->n6, false);
	}
	draft_count(h->d, stand4, set->n4);
	draft_count(h->d, stand6, set->n6);
	h->d->largest = MAX(h->d->largest, MAX(set->n4, set->n6));
}

/* (port, address) pairs of these ports, sentinels counted, duplicates too (RS-11). */
static size_t pairs(const struct headless *h, const struct part_port *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += h->g->slices[p[i].slice].count;
	return count;
}

/* The SRV RRset of these ports at a name `skip` octets longer than the Service's. */
static void add_srv(struct headless *h, const struct part_port *p, size_t n, size_t skip,
	size_t max_label)
{
	uint16_t *numbers = mem_alloc(n + 1, sizeof(*numbers));
	uint8_t *mask = mem_alloc(h->g->nslices, 1);
	size_t count = parts_numbers(p, n, numbers), nlists = 0, total = 0;
	struct srv_list lists[LISTS_MAX];

	for (size_t i = 0; i < count && nlists < LISTS_MAX; i++) {
		memset(mask, 0, h->g->nslices);
		for (size_t k = 0; k < n; k++)
			if (p[k].port == numbers[i])
				mask[p[k].slice] = 1;
		const struct set *set = get_set(h, mask, max_label);
		if (set->endpoints == 0)
			continue;
		lists[nlists++] = (struct srv_list){.port = numbers[i],
			.body_offset = set->list,
			.count = set->endpoints};
		total += set->endpoints;
	}
	if (count > LISTS_MAX)
		draft_skip(h->d, SKIP_SIZE);
	if (nlists > 0)
		draft_count(h->d,
			node_add_srv_body(&h->d->node, h->o->settings.ttl_s,
				parts_weight(pairs(h, p, n)), (uint8_t)skip, lists,
				nlists),
			total);
	free(numbers);
	free(mask);
}

/* ---- nodes ---- */

static void emit_port(struct headless *h, const struct part_port *p, size_t n,
	const struct name *base, unsigned zone, size_t max_label)
{
	struct name name;

	if (!parts_port_name(&name, p, base, h->d) ||
		!draft_begin(h->d, h->o, &name, zone, 0))
		return;
	if (h->o->port_addresses) {
		uint8_t *mask = mem_alloc(h->g->nslices, 1);

		for (size_t i = 0; i < n; i++)
			mask[p[i].slice] = 1;
		add_addrs(h, get_set(h, mask, max_label));
		free(mask);
	}
	add_srv(h, p, n, (size_t)(name.len - base->len), max_label);
	draft_end(h->d);
}

static void emit(struct headless *h, unsigned zone)
{
	struct name base;
	uint8_t *all;

	if (!parts_service_name(&base, h->o, zone, h->svc, h->d) ||
		!draft_begin(h->d, h->o, &base, zone, h->owned ? 0 : NODE_OWNS_BODY))
		return;
	h->owned = true;

	size_t room = base.len < NAME_MAX_LEN ? NAME_MAX_LEN - 1u - base.len : 0;
	size_t max_label = MIN(LABEL_MAX_LEN, room);
	all = mem_alloc(h->g->nslices, 1);
	memset(all, 1, h->g->nslices);
	add_addrs(h, get_set(h, all, max_label));
	free(all);
	add_srv(h, h->ports, h->nports, 0, max_label);
	draft_end(h->d);
	for (size_t i = 0, end; i < h->nports; i = end) {
		end = parts_same_port(h->ports, h->nports, i);
		if (h->ports[i].name[0] != '\0')
			emit_port(h, h->ports + i, end - i, &base, zone, max_label);
	}
	parts_endpoints(h->d, h->o, h->g, &base, zone);
}

void parts_headless(const struct record_options *o, const struct service_record *svc,
	const struct gather *g, struct draft *d)
{
	struct headless h = {.o = o, .svc = svc, .g = g, .d = d};

	h.ports = parts_slice_ports(g, &h.nports);
	for (unsigned z = 0; z < o->settings.nzones; z++)
		if (o->settings.zones[z].kind == ZONE_FORWARD)
			emit(&h, z);
	for (size_t i = 0; i < h.nsets; i++) {
		parts_addrs_fini(&h.sets[i].addrs);
		free(h.sets[i].mask);
	}
	free(h.sets);
	free(h.ports);
}
