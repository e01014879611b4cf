#include "worker/order.h"

#include "base/base.h"
#include "dns/type.h"

#define KNOWN_MAX 256 /* weights that need not be looked up twice */

/* The RRset in work: its first group that is not empty is what can be chosen from. */
struct lead {
	const struct settings *settings;
	const struct weights_name *name;
	const uint8_t *addrs;
	size_t size; /* of an address */
	unsigned group, count;
};

/*
 * A number below `sum` that nobody can tell from the one before: all bits of the turn,
 * which is a mere counter, take part in it. Two names, or two families of one, differ.
 */
static uint32_t draw(uint64_t name, uint32_t turn, size_t size, uint32_t sum)
{
	uint64_t x = name + turn + ((uint64_t)size << 32);

	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	x ^= x >> 33;
	return (uint32_t)((x >> 32) * sum >> 32);
}

static void find_lead(struct lead *l, const struct rrset *rr)
{
	unsigned g;

	l->group = l->settings->nprefer;
	l->count = rr->count;
	if (l->group == 0)
		return;
	l->count = 0;
	for (unsigned i = 0; i < rr->count; i++) {
		g = order_group(l->settings, l->addrs + i * l->size, l->size);
		if (g < l->group) {
			l->group = g;
			l->count = 0;
		}
		l->count += g == l->group;
	}
}

/* Weight of an address; 0: it is not of the group that is chosen from. */
static uint32_t weight_of(const struct lead *l, unsigned i)
{
	const struct settings *s = l->settings;
	const uint8_t *addr = l->addrs + i * l->size;

	if (s->nprefer > 0 && order_group(s, addr, l->size) != l->group)
		return 0;
	return weights_of(&s->weights, l->name, addr, l->size);
}

bool order_choose(const struct settings *s, uint32_t turn, const struct rrset *rr,
	const uint8_t *name, size_t len, struct order_choice *out)
{
	struct lead l = {.settings = s,
		.name = weights_find(&s->weights, name, len),
		.addrs = rr->data,
		.size = rr->type == TYPE_AAAA ? 16 : 4};
	uint8_t known[KNOWN_MAX];
	uint32_t sum = 0, left;
	unsigned nth = 0, i = 0;

	if (l.name == NULL || rr->count == 0)
		return false;
	find_lead(&l, rr);
	for (; i < rr->count; i++) {
		uint32_t weight = weight_of(&l, i);

		if (i < KNOWN_MAX)
			known[i] = (uint8_t)weight;
		sum += weight;
	}
	left = draw(l.name->hash.path, turn, l.size, sum);
	for (i = 0; i < rr->count; i++) {
		uint32_t weight = i < KNOWN_MAX ? known[i] : weight_of(&l, i);

		if (left < weight)
			break;
		left -= weight;
		nth += weight > 0;
	}
	out->index = i;
	out->place = (nth + l.count - order_first(s, turn, l.count)) % l.count;
	return true;
}
