#include "worker/hosts.h"

static void find(const struct basis *b, const uint8_t *name, size_t len,
	const struct hash128 *h, struct hit *hit)
{
	hit->kind = HIT_ABSENT;
	switch (snap_find(b->snap, h, name, len, &hit->node)) {
	case LOOKUP_FOUND:
		if ((hit->node.head->flags & NODE_HOSTS) != 0)
			hit->kind = HIT_NODE;
		break;
	case LOOKUP_ABSENT:
		break;
	case LOOKUP_DAMAGED:
		hit->kind = HIT_DAMAGED;
		break;
	}
}

void hosts_wildcard(const struct basis *b, const struct owner *o, struct hit *hit)
{
	uint8_t name[NAME_MAX_LEN + 1] = {1, '*'};

	hit->owner = *o;
	hit->kind = HIT_ABSENT;
	if (b->settings->hosts.wildcards == 0 || o->len < 3)
		return;
	size_t label = 1u + o->name[0], rest = o->len - label;
	memcpy(name + 2, o->name + label, rest);
	struct hash128 h = hash_name(&b->snap->key, name, 2 + rest);
	find(b, name, 2 + rest, &h, hit);
}

void hosts_find(const struct basis *b, const struct owner *o, const struct hash128 *h,
	struct hit *hit)
{
	hit->owner = *o;
	find(b, o->name, o->len, h, hit);
	if (hit->kind == HIT_ABSENT)
		hosts_wildcard(b, o, hit);
}

/* The first zone that the name is in; -1: none. */
static int zone_of(const struct host_settings *s, const uint8_t *name, size_t len)
{
	for (unsigned i = 0; i < s->nzones; i++)
		if (name_under(name, len, s->zones[i].wire, s->zones[i].len))
			return (int)i;
	return -1;
}

size_t hosts_zone(const struct host_settings *s, const uint8_t *name, size_t len)
{
	int zone = zone_of(s, name, len);

	if (zone >= 0)
		return s->zones[zone].len;
	return len > 1 ? len - 1 - name[0] : len;
}

bool hosts_denies(const struct host_settings *s, const uint8_t *name, size_t len)
{
	return s->closed != 0 && (s->nzones == 0 || zone_of(s, name, len) >= 0);
}
