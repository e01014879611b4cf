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

/* RR number `at` of the RRset gets address number `i`. */
static void put(const struct order *o, unsigned at, unsigned i)
{
	const uint8_t *addr = o->rr->data + i * o->size;
	uint8_t *to = o->to + at * (o->head_len + o->size);

	if (o->head_len == 12)
		memcpy(to, o->head, 12);
	else
		memcpy(to, o->head, o->head_len);
	if (o->size == 4)
		memcpy(to + o->head_len, addr, 4);
	else
		memcpy(to + o->head_len, addr, 16);
}

/* ---- by places alone ---- */

/* Positions [from, to) of the order, and then [from2, to2): one group. */
struct stretch {
	unsigned from, to, from2, to2;
};

/* Write a group, rotated, as RRs from number `at` on, up to `n`. The next number. */
static unsigned put_stretch(
	const struct order *o, const struct stretch *s, unsigned at, unsigned n)
{
	unsigned first = s->to - s->from, count = first + s->to2 - s->from2;
	unsigned turn = encode_first(o->r, count);

	for (unsigned k = 0; k < count && at < n; k++) {
		unsigned position = turn < first ? s->from + turn
		                                 : s->from2 + turn - first;

		put(o, at++, place_index(&o->places, position));
		turn = turn + 1 < count ? turn + 1 : 0;
	}
	return at;
}

static void put_by_place(const struct order *o, unsigned n)
{
	const struct place_near *near = &o->near;
	const struct stretch stretches[KINDS] = {
		{near->node, near->node_end, 0, 0},
		{near->zone, near->node, near->node_end, near->zone_end},
		{0, near->zone, near->zone_end, o->rr->count},
	};
	unsigned at = 0;

	for (unsigned i = 0; i < KINDS && at < n; i++)
		at = put_stretch(o, &stretches[i], at, n);
}

/* ---- by prefixes, and by places within ---- */

/* Number of the first prefix that the address begins with; behind them the rest. */
static unsigned prefix_of(const struct order *o, unsigned i)
{
	const struct settings *s = o->r->settings;
	unsigned g = 0;

	while (g < s->nprefer &&
		!addr_in_prefix(o->rr->data + i * o->size, o->size, &s->prefer[g]))
		g++;
	return g;
}

static unsigned kind_of(const struct order *o, unsigned position)
{
	const struct place_near *near = &o->near;

	if (position >= near->node && position < near->node_end)
		return 0;
	return position >= near->zone && position < near->zone_end ? 1 : 2;
}

/* The group that the address at `position` belongs to; *i is its index. */
static unsigned group_of(const struct order *o, unsigned position, unsigned *i)
{
	*i = position;
	if (!o->placed)
		return prefix_of(o, position);
	*i = place_index(&o->places, position);
	return prefix_of(o, *i) * KINDS + kind_of(o, position);
}

/*
 * All RRs are of one size, so each goes to its place at once: two looks at an address.
 * What has its place behind the first n RRs is left out.
 */
static void put_by_prefix(const struct order *o, unsigned n)
{
	unsigned groups = (o->r->settings->nprefer + 1u) * (o->placed ? KINDS : 1u);
	unsigned count[GROUPS], begin[GROUPS], turn[GROUPS], i;

	for (unsigned g = 0; g < groups; g++)
		count[g] = 0;
	for (unsigned k = 0; k < o->rr->count; k++)
		count[group_of(o, k, &i)]++;
	for (unsigned g = 0, sum = 0; g < groups; sum += count[g++]) {
		begin[g] = sum;
		turn[g] = count[g] - encode_first(o->r, count[g]);
	}
	for (unsigned k = 0; k < o->rr->count; k++) {
		unsigned g = group_of(o, k, &i);
		unsigned at = begin[g] + turn[g]++ % count[g];

		if (at < n)
			put(o, at, i);
	}
}

bool order_addrs(struct reply *r, uint8_t *to, const uint8_t *head, size_t head_len,
	const struct rrset *rr, unsigned n)
{
	struct order o = {
		.r = r,
		.rr = rr,
		.size = rr->type == TYPE_AAAA ? 16 : 4,
		.head = head,
		.head_len = head_len,
		.to = to,
	};

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
