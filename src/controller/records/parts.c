#include "controller/records/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"

bool parts_name(struct name *out, const struct record_options *o, unsigned zone,
	const char *below, const char *label, struct draft *d)
{
	const struct name *z = &o->settings.zones[zone].name;

	out->len = 0;
	if ((label != NULL && name_push(out, label, strlen(label)) < 0) ||
		name_push(out, below, strlen(below)) < 0 ||
		name_end(out, z->wire, z->len) < 0) {
		draft_skip(d, SKIP_NAME);
		return false;
	}
	return true;
}

bool parts_service_name(struct name *out, const struct record_options *o, unsigned zone,
	const struct service_record *svc, struct draft *d)
{
	const struct name *z = &o->settings.zones[zone].name;
	const char *ns = svc->namespace_->name;

	out->len = 0;
	if (!draft_label(svc->name) || !draft_label(ns) ||
		name_push(out, svc->name, strlen(svc->name)) < 0 ||
		name_push(out, ns, strlen(ns)) < 0 || name_push(out, "svc", 3) < 0 ||
		name_end(out, z->wire, z->len) < 0) {
		draft_skip(d, SKIP_NAME);
		return false;
	}
	return true;
}

bool parts_prepend(struct name *out, const void *label, size_t len,
	const struct name *base, struct draft *d)
{
	out->len = 0;
	if (name_push(out, label, len) < 0 || name_end(out, base->wire, base->len) < 0) {
		draft_skip(d, SKIP_NAME);
		return false;
	}
	return true;
}

/* "_" and the name of a port; the API allows letters, digits and '-'. */
static size_t port_label(const char *name, char out[LABEL_MAX_LEN + 1])
{
	size_t n = strlen(name);

	if (n == 0 || n >= LABEL_MAX_LEN)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789-",
			    name[i]) == NULL)
			return 0;
	out[0] = '_';
	memcpy(out + 1, name, n);
	return n + 1;
}

bool parts_port_name(struct name *out, const struct part_port *p, const struct name *base,
	struct draft *d)
{
	static const char *const protocols[] = {[PROTOCOL_TCP] = "_tcp",
		[PROTOCOL_UDP] = "_udp",
		[PROTOCOL_SCTP] = "_sctp"};
	char label[LABEL_MAX_LEN + 1];
	size_t len = port_label(p->name, label);

	out->len = 0;
	if (p->protocol == PROTOCOL_OTHER || len == 0 || name_push(out, label, len) < 0 ||
		name_push(out, protocols[p->protocol], strlen(protocols[p->protocol])) <
			0 ||
		name_end(out, base->wire, base->len) < 0) {
		draft_skip(d, SKIP_NAME);
		return false;
	}
	return true;
}

void parts_empty(struct draft *d, const struct record_options *o, const struct name *name,
	unsigned zone, uint8_t flags)
{
	if (draft_begin(d, o, name, zone, flags))
		draft_end(d);
}

uint16_t parts_weight(size_t pairs)
{
	size_t weight = pairs > 0 ? 100 / pairs : 1;

	return weight > 0 ? (uint16_t)(weight & 0x7f) : 1;
}

/* ---- ports ---- */

static int compare_ports(const void *a, const void *b)
{
	const struct part_port *x = a, *y = b;
	int c = strcasecmp(x->name, y->name);

	if (c != 0)
		return c;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->slice < y->slice ? -1 : x->slice > y->slice;
}

void parts_sort_ports(struct part_port *p, size_t n)
{
	if (n > 1)
		qsort(p, n, sizeof(*p), compare_ports);
}

size_t parts_same_port(const struct part_port *p, size_t n, size_t i)
{
	size_t end = i + 1;

	while (end < n && p[end].protocol == p[i].protocol &&
		strcasecmp(p[end].name, p[i].name) == 0)
		end++;
	return end;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

size_t parts_numbers(const struct part_port *p, size_t n, uint16_t *out)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i].port >= 0 && p[i].port <= UINT16_MAX)
			out[count++] = (uint16_t)p[i].port;
	if (count > 1)
		qsort(out, count, sizeof(*out), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}

struct part_port *parts_slice_ports(const struct gather *g, size_t *n)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < g->nslices; i++)
		total += g->slices[i].slice->object.u.slice.nports;

	struct part_port *out = mem_alloc(total + 1, sizeof(*out));
	for (size_t i = 0; i < g->nslices; i++) {
		const struct kube_slice *k = &g->slices[i].slice->object.u.slice;

		for (size_t p = 0; p < k->nports && g->slices[i].count > 0; p++)
			out[at++] = (struct part_port){.name = k->ports[p].name,
				.protocol = k->ports[p].protocol,
				.port = k->ports[p].port,
				.slice = (uint32_t)i};
	}
	parts_sort_ports(out, at);
	*n = at;
	return out;
}

/* ---- addresses and names ---- */

void parts_addrs_add(struct part_addrs *a, const struct addr *addr)
{
	if (addr->len == 4) {
		mem_buf_put(&a->octets4, addr->octets, 4);
		a->n4++;
	} else if (addr->len == 16) {
		mem_buf_put(&a->octets6, addr->octets, 16);
		a->n6++;
	}
}

void parts_addrs_take(
	struct part_addrs *a, const struct gather *g, const struct gathered *item)
{
	if (g->placed)
		mem_buf_put(&a->placed, item, sizeof(*item));
	else
		parts_addrs_add(a, &item->addr);
}

const uint32_t *parts_addrs_places(const struct part_addrs *a, bool six)
{
	const struct mem_buf *b = six ? &a->place6 : &a->place4;

	return b->len == 0 ? NULL : (const uint32_t *)(const void *)b->data;
}

/* By address; of several the one whose place is taken first. */
static int compare_placed(const void *a, const void *b)
{
	const struct gathered *x = a, *y = b;
	int c = addr_compare(&x->addr, &y->addr);

	return c != 0 ? c : places_compare(x->endpoint, y->endpoint);
}

/* Put what was gathered with places into the two families, each address once. */
static void sort_placed(struct part_addrs *a)
{
	struct gathered *p = (void *)a->placed.data;
	size_t n = a->placed.len / sizeof(*p);

	qsort(p, n, sizeof(*p), compare_placed);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && addr_compare(&p[i - 1].addr, &p[i].addr) == 0)
			continue;
		parts_addrs_add(a, &p[i].addr);
		mem_buf_put(p[i].addr.len == 4 ? &a->place4 : &a->place6, &p[i].place,
			sizeof(p[i].place));
	}
	a->placed.len = 0;
}

static int compare4(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static int compare16(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Fold equal neighbours of `size` octets each. */
static size_t fold(uint8_t *octets, size_t n, size_t size)
{
	size_t kept = n > 0;

	for (size_t i = 1; i < n; i++)
		if (memcmp(octets + (kept - 1) * size, octets + i * size, size) != 0)
			memmove(octets + kept++ * size, octets + i * size, size);
	return kept;
}

void parts_addrs_sort(struct part_addrs *a)
{
	if (a->placed.len > 0) {
		sort_placed(a);
		return;
	}
	if (a->n4 > 1)
		qsort(a->octets4.data, a->n4, 4, compare4);
	if (a->n6 > 1)
		qsort(a->octets6.data, a->n6, 16, compare16);
	a->n4 = fold(a->octets4.data, a->n4, 4);
	a->n6 = fold(a->octets6.data, a->n6, 16);
	a->octets4.len = a->n4 * 4;
	a->octets6.len = a->n6 * 16;
}

void parts_addrs_reset(struct part_addrs *a)
{
	a->octets4.len = a->octets6.len = a->n4 = a->n6 = 0;
	a->place4.len = a->place6.len = a->placed.len = 0;
}

void parts_addrs_fini(struct part_addrs *a)
{
	mem_buf_fini(&a->octets4);
	mem_buf_fini(&a->octets6);
	mem_buf_fini(&a->place4);
	mem_buf_fini(&a->place6);
	mem_buf_fini(&a->placed);
	*a = (struct part_addrs){0};
}

static int compare_names(const void *a, const void *b)
{
	const struct rdata_name *x = a, *y = b;
	int c = memcmp(x->name.wire, y->name.wire, MIN(x->name.len, y->name.len));

	if (c != 0)
		return c;
	return x->name.len < y->name.len ? -1 : x->name.len > y->name.len;
}

size_t parts_sort_names(struct rdata_name *names, size_t n)
{
	size_t kept = n > 0;

	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (compare_names(&names[kept - 1], &names[i]) != 0)
			names[kept++] = names[i];
	return kept;
}
