#include "forwarder/lane.h"

int lane_find(const struct lane *l, uint16_t id)
{
	for (uint64_t left = l->used; left != 0; left &= left - 1) {
		int place = __builtin_ctzll(left);

		if (l->id[place] == id)
			return place;
	}
	return -1;
}

int lane_put(struct lane *l, uint32_t exchange, uint16_t *id)
{
	if (!lane_room(l))
		return -1;
	int place = __builtin_ctzll(~l->used);
	while (lane_find(l, *id) >= 0)
		++*id;
	l->used |= UINT64_C(1) << place;
	l->exchange[place] = exchange;
	l->id[place] = *id;
	return place;
}

void lane_free(struct lane *l, unsigned place)
{
	l->used &= ~(UINT64_C(1) << place);
	l->dropped &= ~(UINT64_C(1) << place);
}

void lane_drop(struct lane *l, unsigned place)
{
	l->dropped |= l->used & UINT64_C(1) << place;
}
