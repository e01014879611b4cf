#include "worker/lookup.h"

/* Labels left of the zone, beginning with the leftmost; `n` of them. */
#define LEFT_MAX 5
struct left {
	unsigned n;
	const uint8_t *label[LEFT_MAX + 1]; /* each begins with its length */
};

/* Take the labels of `o` left of its zone apart; false: more than LEFT_MAX. */
static bool split(const struct basis *b, const struct owner *o, struct left *l)
{
	const struct zone *z = &b->settings->zones[o->zone];
	const uint8_t *at = o->name, *end = o->name + o->len - z->name.len;

	for (l->n = 0; at < end; at += 1 + at[0]) {
		if (l->n == LEFT_MAX)
			return false;
		l->label[l->n++] = at;
	}
	return true;
}

/* True if `label` is the `len` octets of `text`. */
static bool label_is(const uint8_t *label, const char *text, size_t len)
{
	return label[0] == len && memcmp(label + 1, text, len) == 0;
}

static void find(const struct basis *b, const struct hash128 *h, struct hit *hit)
{
	switch (snap_find(b->snap, h, hit->owner.name, hit->owner.len, &hit->node)) {
	case LOOKUP_FOUND:
		hit->kind = HIT_NODE;
		break;
	case LOOKUP_ABSENT:
		hit->kind = HIT_ABSENT;
		break;
	case LOOKUP_DAMAGED:
		hit->kind = HIT_DAMAGED;
		break;
	}
}

/* True for a protocol of ports, with or without its underscore. */
static bool is_protocol(const uint8_t *label)
{
	static const char protocols[][5] = {"_tcp", "_udp", "_sctp"};
	bool bare = label[0] < 2 || label[1] != '_';

	for (unsigned i = 0; i < ARRAY_LEN(protocols); i++) {
		size_t len = i == 2 ? 5 : 4;

		if (bare ? label_is(label, protocols[i] + 1, len - 1)
			 : label_is(label, protocols[i], len))
			return true;
	}
	return false;
}

/* Put a label into the alias, with an underscore if it has none; false: too long. */
static bool push_alias(struct hit *hit, unsigned *len, const uint8_t *label)
{
	unsigned n = label[0], extra = label[1] == '_' ? 0 : 1;

	if (n + extra > LABEL_MAX_LEN || *len + 1 + n + extra > NAME_MAX_LEN)
		return false;
	hit->alias[(*len)++] = (uint8_t)(n + extra);
	if (extra != 0)
		hit->alias[(*len)++] = '_';
	memcpy(hit->alias + *len, label + 1, n);
	*len += n;
	return true;
}

/*
 * NG-07: A.B.SVC.NS.svc and B.SVC.NS.svc again, with underscores where they lack. Only
 * the three protocols make such names, so others need no second look-up.
 */
static void find_port(const struct basis *b, const struct owner *o, const struct left *l,
	struct hit *hit)
{
	const uint8_t *name = l->label[l->n - 3]; /* SVC: from here on it stays */
	unsigned len = 0, rest = (unsigned)(o->name + o->len - name);

	if (b->settings->zones[o->zone].kind != ZONE_FORWARD ||
		!label_is(l->label[l->n - 1], "svc", 3) ||
		!is_protocol(l->label[l->n - 4]))
		return;
	for (unsigned i = 0; i < l->n - 3; i++)
		if (!push_alias(hit, &len, l->label[i]))
			return;
	if (len + rest > NAME_MAX_LEN || len + rest == o->len)
		return; /* too long, or nothing was put in */
	memcpy(hit->alias + len, name, rest);
	hit->owner.name = hit->alias;
	hit->owner.len = (uint8_t)(len + rest);
	struct hash128 h = hash_name(&b->snap->key, hit->owner.name, hit->owner.len);
	find(b, &h, hit);
	if (hit->kind == HIT_ABSENT)
		hit->owner = *o;
}

/* RP-04, RP-06: LABEL.NS.pod.Z, below a namespace that is there. */
static void find_pod(const struct basis *b, const struct owner *o, const struct left *l,
	struct hit *hit)
{
	if (b->settings->pods != PODS_INSECURE ||
		b->settings->zones[o->zone].kind == ZONE_REVERSE ||
		!label_is(l->label[2], "pod", 3) ||
		!addr_parse_dashed(o->name + 1, o->name[0], &hit->addr))
		return;
	hit->owner.name = l->label[1];
	hit->owner.len = (uint8_t)(o->len - 1 - o->name[0]);
	struct hash128 h = hash_name(&b->snap->key, hit->owner.name, hit->owner.len);
	find(b, &h, hit);
	hit->owner = *o;
	if (hit->kind == HIT_NODE)
		hit->kind = (hit->node.head->flags & NODE_POD_GATE) != 0 ? HIT_POD
		                                                         : HIT_ABSENT;
}

void lookup_name(const struct basis *b, const struct owner *o, const struct hash128 *h,
	struct hit *hit)
{
	struct left l;

	hit->owner = *o;
	find(b, h, hit);
	if (hit->kind != HIT_ABSENT || !split(b, o, &l))
		return;
	if (l.n == 3)
		find_pod(b, o, &l, hit);
	else if (l.n >= 4)
		find_port(b, o, &l, hit);
}
