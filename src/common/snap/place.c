#include "snap/place.h"

#include <stdlib.h>

#include "base/base.h"

#define HEAD 4u /* u16 runs, u16 addresses */
#define RUN  6u /* u32 place, u16 position of its first address */

size_t place_view(
	const uint8_t *octets, size_t room, unsigned count, struct place_order *out)
{
	if (room < HEAD)
		return 0;
	unsigned nruns = load_host_u16(octets), n = load_host_u16(octets + 2);
	size_t size = HEAD + (size_t)RUN * nruns + 2 * (size_t)n;
	if (n != count || size > room)
		return 0;
	*out = (struct place_order){
		.runs = octets + HEAD,
		.order = octets + HEAD + (size_t)RUN * nruns,
		.nruns = nruns,
		.count = n,
	};
	return size;
}

/* Position of the first address whose place is `least` or more. */
static unsigned position_of(const struct place_order *p, uint64_t least)
{
	unsigned from = 0, to = p->nruns;

	while (from < to) {
		unsigned middle = (from + to) / 2;

		if (load_host_u32(p->runs + (size_t)RUN * middle) < least)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == p->nruns)
		return p->count;
	unsigned position = load_host_u16(p->runs + (size_t)RUN * from + 4);
	return MIN(position, p->count);
}

bool place_near(const struct place_order *p, uint32_t client, struct place_near *out)
{
	uint64_t zone = client >> PLACE_NODE_BITS;
	struct place_near n;

	n.node = n.node_end = position_of(p, client);
	if ((client & PLACE_NODE_MAX) != 0)
		n.node_end = position_of(p, (uint64_t)client + 1);
	n.zone = n.node;
	n.zone_end = n.node_end;
	if (zone != 0) {
		n.zone = position_of(p, zone << PLACE_NODE_BITS);
		n.zone_end = position_of(p, (zone + 1) << PLACE_NODE_BITS);
	}
	/* Not so only where the block is damaged. */
	if (n.zone > n.node || n.node > n.node_end || n.node_end > n.zone_end)
		return false;
	*out = n;
	return n.zone < n.zone_end;
}

/* ---- building ---- */

struct item {
	uint32_t place;
	uint16_t index;
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static unsigned count_runs(const struct item *items, size_t n)
{
	unsigned runs = 0;

	for (size_t i = 0; i < n; i++)
		runs += i == 0 || items[i].place != items[i - 1].place;
	return runs;
}

static void put_u16(struct mem_buf *b, size_t v)
{
	uint16_t u = (uint16_t)v;

	mem_buf_put(b, &u, sizeof(u));
}

bool place_build(struct mem_buf *out, const uint32_t *place, size_t count)
{
	struct item *items = mem_alloc(count + 1, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){place[i], (uint16_t)i};
	qsort(items, count, sizeof(*items), compare_items);
	unsigned runs = count_runs(items, count);
	if (runs > 1) {
		put_u16(out, runs);
		put_u16(out, count);
		for (size_t i = 0; i < count; i++) {
			if (i > 0 && items[i].place == items[i - 1].place)
				continue;
			mem_buf_put(out, &items[i].place, sizeof(items[i].place));
			put_u16(out, i);
		}
		for (size_t i = 0; i < count; i++)
			put_u16(out, items[i].index);
	}
	free(items);
	return runs > 1;
}
