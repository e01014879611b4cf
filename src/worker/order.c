#include "worker/order.h"

#include "dns/type.h"
#include "snap/client.h"
#include "worker/draw.h"

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
	struct draw draw; /* of an owner that has weights */
};

static uint32_t place_of_client(struct reply *r)
{
	struct addr client;

	if (!r->placed) {
		addr_of_socket(r->p->client, &client);
		r->place = client_place(r->snap, &client);
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
	unsigned turn = order_first(o->r, first + g->to2 - g->from2);

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

/* ---- by prefixes, by places within, and by weights in front ---- */

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

/* Of each group: how many addresses, its first place, and the next one, from there. */
struct tally {
	unsigned count[GROUPS], begin[GROUPS], turn[GROUPS];
};

static void count_groups(const struct order *o, struct tally *t)
{
	unsigned groups = (o->r->settings->nprefer + 1u) * (o->placed ? KINDS : 1u);
	const uint8_t *addr;

	for (unsigned g = 0; g < groups; g++)
		t->count[g] = 0;
	if (groups == 1) /* weights alone */
		t->count[0] = o->rr->count;
	else
		for (unsigned k = 0; k < o->rr->count; k++)
			t->count[group_of(o, k, &addr)]++;
	for (unsigned g = 0, sum = 0; g < groups; sum += t->count[g++]) {
		t->begin[g] = sum;
		t->turn[g] = t->count[g] - order_first(o->r, t->count[g]);
	}
}

/*
 * All RRs are of one size, so each goes to its place at once: with counting two looks at
 * an address. What has its place behind the first n RRs is left out. Addresses of the
 * first group that is not empty are candidates of the draw, left out or not.
 */
__attribute__((always_inline)) static inline void put_by_group(
	struct order *o, struct tally *t, unsigned n, bool weighted)
{
	const uint8_t *addr;

	for (unsigned k = 0; k < o->rr->count; k++) {
		unsigned g = group_of(o, k, &addr);
		unsigned at = t->begin[g] + t->turn[g]++ % t->count[g];

		if (at < n)
			put_one(o, at, addr);
		if (weighted && t->begin[g] == 0)
			draw_offer(&o->draw, addr, at);
	}
}

static void put_by_prefix(struct order *o, unsigned n)
{
	struct tally t;

	count_groups(o, &t);
	put_by_group(o, &t, n, false);
}

/* The address that is drawn moves to the front; if it was left out, the last one goes. */
static void put_by_weight(struct order *o, unsigned n)
{
	size_t len = o->head_len + o->size;
	struct tally t;

	count_groups(o, &t);
	put_by_group(o, &t, n, true);
	if (n == 0)
		return;
	memmove(o->to + len, o->to, MIN(o->draw.place, n - 1) * len);
	put_one(o, 0, o->draw.addr);
}

/* ---- what there is of an RRset ---- */

/* True if something is near the client. */
static bool find_near(struct order *o, struct reply *r)
{
	if (!node_placed(o->rr->form))
		return false;
	uint32_t client = place_of_client(r);

	return client != PLACE_UNKNOWN && node_places(o->rr, &o->places) &&
	       place_near(&o->places, client, &o->near);
}

/* True if the owner, which stands at `owner_at`, has weights: the draw has begun. */
static bool find_weights(struct order *o, uint16_t owner_at)
{
	const struct reply *r = o->r;
	const struct settings *s = r->settings;
	struct name owner;

	if (s->rotation != ROTATION_WEIGHTED || o->rr->count < 2 ||
		name_expand(r->p->buf, r->w.len, owner_at, &owner) == 0)
		return false;
	name_fold(owner.wire, owner.wire, owner.len);
	return draw_begin(
		&o->draw, &s->weights, owner.wire, owner.len, o->size, r->p->turn);
}

bool order_addrs(struct reply *r, uint16_t owner_at, uint8_t *to, const uint8_t *head,
	size_t head_len, const struct rrset *rr, unsigned n)
{
	struct order o;

	o.r = r;
	o.rr = rr;
	o.size = rr->type == TYPE_AAAA ? 16 : 4;
	o.head = head;
	o.head_len = head_len;
	o.to = to;
	o.placed = find_near(&o, r);
	if (find_weights(&o, owner_at))
		put_by_weight(&o, n);
	else if (r->settings->nprefer > 0)
		put_by_prefix(&o, n);
	else if (o.placed)
		put_by_place(&o, n);
	else
		return false;
	return true;
}
