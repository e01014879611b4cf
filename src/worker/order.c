#include "worker/order.h"

#include "dns/type.h"

/* By nearness: at the node, in the zone, the rest. */
#define KINDS  3u
#define GROUPS ((SETTINGS_PREFER_MAX + 1) * KINDS)

/* An RRset in work. */
struct order {
	const struct reply *r;
	const struct rrset *rr;
	size_t size; /* of an address */
	const uint8_t *head;
	size_t head_len;
	uint8_t *to;
	bool placed; /* `places` and `near` are set, and something is near */
	struct place_order places;
	struct place_near near;
};

static uint32_t client_place(struct reply *r)
{
	struct addr client;

	if (!r->placed) {
		addr_of_socket(r->p->client, &client);
		r->place = snap_place(r->snap, &client);
		r->placed = true;
	}
	return r->place;
}

/* Write an RR to `to`. Always inline: with sizes that are known it is a few moves. */
__attribute__((always_inline)) static inline void put(uint8_t *to, const uint8_t *head,
	size_t head_len, const uint8_t *addr, size_t size)
{
	memcpy(to, head, head_len);
	memcpy(to + head_len, addr, size);
}

/* ---- by places alone ---- */

/* Write the RRs at `n` positions of the order, from `from` on. */
__attribute__((always_inline)) static inline void put_range(const struct order *o,
	unsigned from, unsigned n, uint8_t *to, size_t head_len, size_t size)
{
	/* Copies, because for all that the compiler knows `to` leads into *o. */
	const struct place_order places = o->places;
	const uint8_t *data = o->rr->data, *head = o->head;

	for (unsigned end = from + n; from < end; from++, to += head_len + size)
		put(to, head, head_len, data + place_index(&places, from) * size, size);
}

/* Those at [from, to) as RRs from number `at` on, up to `n`. The next number. */
static unsigned put_positions(
	const struct order *o, unsigned from, unsigned to, unsigned at, unsigned n)
{
	unsigned take = MIN(to - from, n - at);
	uint8_t *p = o->to + at * (o->head_len + o->size);

	if (take == 0)
		return at;
	if (o->head_len != 12)
		put_range(o, from, take, p, o->head_len, o->size);
	else if (o->size == 4)
		put_range(o, from, take, p, 12, 4);
	else
		put_range(o, from, take, p, 12, 16);
	return at + take;
}

/* Positions of one group, which stand in one or two places. */
struct group {
	unsigned from, to, from2, to2;
};

/* A group, rotated: it begins in one of its parts and ends with what is before that. */
static unsigned put_group(
	const struct order *o, const struct group *g, unsigned at, unsigned n)
{
	unsigned first = g->to - g->from;
	unsigned turn = encode_first(o->r, first + g->to2 - g->from2);

	if (turn < first) {
		at = put_positions(o, g->from + turn, g->to, at, n);
		at = put_positions(o, g->from2, g->to2, at, n);
		return put_positions(o, g->from, g->from + turn, at, n);
	}
	turn -= first;
	at = put_positions(o, g->from2 + turn, g->to2, at, n);
	at = put_positions(o, g->from, g->to, at, n);
	return put_positions(o, g->from2, g->from2 + turn, at, n);
}

static void put_by_place(const struct order *o, unsigned n)
{
	const struct place_near *near = &o->near;
	const struct group groups[KINDS] = {
		{near->node, near->node_end, 0, 0},
		{near->zone, near->node, near->node_end, near->zone_end},
		{0, near->zone, near->zone_end, o->rr->count},
	};
	unsigned at = 0;

	for (unsigned i = 0; i < KINDS; i++)
		at = put_group(o, &groups[i], at, n);
}

/* ---- by prefixes, and by places within ---- */

/* Number of the first prefix that the address begins with; behind them the rest. */
static inline unsigned prefix_of(
	const struct settings *s, const uint8_t *addr, size_t size)
{
	unsigned g = 0;

	while (g < s->nprefer && !addr_in_prefix(addr, size, &s->prefer[g]))
		g++;
	return g;
}

static unsigned kind_of(const struct place_near *near, unsigned position)
{
	if (position >= near->node && position < near->node_end)
		return 0;
	return position >= near->zone && position < near->zone_end ? 1 : 2;
}

/* The group that the address at `position` belongs to; *addr is that address. */
static inline unsigned group_of(
	const struct order *o, unsigned position, const uint8_t **addr)
{
	const struct settings *s = o->r->settings;

	if (!o->placed) {
		*addr = o->rr->data + position * o->size;
		return prefix_of(s, *addr, o->size);
	}
	*addr = o->rr->data + place_index(&o->places, position) * o->size;
	return prefix_of(s, *addr, o->size) * KINDS + kind_of(&o->near, position);
}

/* RR number `at` of the RRset gets this address. */
static inline void put_one(const struct order *o, unsigned at, const uint8_t *addr)
{
	uint8_t *to = o->to + at * (o->head_len + o->size);

	if (o->head_len != 12)
		put(to, o->head, o->head_len, addr, o->size);
	else if (o->size == 4)
		put(to, o->head, 12, addr, 4);
	else
		put(to, o->head, 12, addr, 16);
}

/*
 * All RRs are of one size, so each goes to its place at once: two looks at an address.
 * What has its place behind the first n RRs is left out.
 */
static void put_by_prefix(const struct order *o, unsigned n)
{
	unsigned groups = (o->r->settings->nprefer + 1u) * (o->placed ? KINDS : 1u);
	unsigned count[GROUPS], begin[GROUPS], turn[GROUPS];
	const uint8_t *addr;

	for (unsigned g = 0; g < groups; g++)
		count[g] = 0;
	for (unsigned k = 0; k < o->rr->count; k++)
		count[group_of(o, k, &addr)]++;
	for (unsigned g = 0, sum = 0; g < groups; sum += count[g++]) {
		begin[g] = sum;
		turn[g] = count[g] - encode_first(o->r, count[g]);
	}
	for (unsigned k = 0; k < o->rr->count; k++) {
		unsigned g = group_of(o, k, &addr);
		unsigned at = begin[g] + turn[g]++ % count[g];

		if (at < n)
			put_one(o, at, addr);
	}
}

bool order_addrs(struct reply *r, uint8_t *to, const uint8_t *head, size_t head_len,
	const struct rrset *rr, unsigned n)
{
	struct order o;

	o.r = r;
	o.rr = rr;
	o.size = rr->type == TYPE_AAAA ? 16 : 4;
	o.head = head;
	o.head_len = head_len;
	o.to = to;
	o.placed = false;
	if (node_placed(rr->form)) {
		uint32_t client = client_place(r);

		o.placed = client != PLACE_UNKNOWN && node_places(rr, &o.places) &&
		           place_near(&o.places, client, &o.near);
	}
	if (r->settings->nprefer > 0)
		put_by_prefix(&o, n);
	else if (o.placed)
		put_by_place(&o, n);
	return o.placed || r->settings->nprefer > 0;
}
