#include "ctl/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/name.h"
#include "snap/diff.h"

/* Nodes without a name are empty non-terminals; `has` says which side has another. */
struct pair {
	struct node_view before, after;
	bool has_before, has_after;
};

struct comparison {
	struct pair *pair; /* owned */
	size_t n, cap;
	struct changes count;
};

static bool is_name(const struct node_view *v)
{
	return v != NULL && node_is_name(v);
}

/* True if the octets are equal, but for the place of the body and its checksum. */
static bool same_octets(const struct node_view *a, const struct node_view *b)
{
	const size_t from = offsetof(struct node_header, size8);
	const size_t body = offsetof(struct node_header, body);
	const size_t behind = sizeof(struct node_header);
	const uint8_t *x = (const void *)a->head, *y = (const void *)b->head;

	return a->head->size8 == b->head->size8 &&
	       memcmp(x + from, y + from, body - from) == 0 &&
	       memcmp(x + behind, y + behind, 8u * a->head->size8 - behind) == 0 &&
	       a->body_len == b->body_len &&
	       (a->body_len == 0 || memcmp(a->body, b->body, a->body_len) == 0);
}

bool changes_same(const struct node_view *a, const struct node_view *b)
{
	struct lines x = {0}, y = {0};

	if (same_octets(a, b))
		return true;
	bool same = lines_take(a, &x) && lines_take(b, &y) && lines_equal(&x, &y);
	lines_fini(&x);
	lines_fini(&y);
	return same;
}

static int on_change(
	void *arg, const struct node_view *before, const struct node_view *after)
{
	struct comparison *c = arg;
	struct pair p = {.has_before = is_name(before), .has_after = is_name(after)};

	if (!p.has_before && !p.has_after) {
		c->count.empty += before == NULL || after == NULL;
		return 0;
	}
	if (p.has_before && p.has_after && same_octets(before, after))
		return 0;
	if (p.has_before)
		p.before = *before;
	if (p.has_after)
		p.after = *after;
	if (c->n == c->cap) {
		c->cap = 2 * c->cap + 64;
		c->pair = mem_resize(c->pair, c->cap, sizeof(*c->pair));
	}
	c->pair[c->n++] = p;
	return 0;
}

static const struct node_view *named(const struct pair *p)
{
	return p->has_after ? &p->after : &p->before;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct node_view *x = named(a), *y = named(b);

	return name_compare(x->name, x->head->name_len, y->name, y->head->name_len);
}

/* Flags that make a difference to who asks, where no record does. */
static uint8_t answers(const struct pair *p)
{
	return (uint8_t)((p->before.head->flags ^ p->after.head->flags) & NODE_POD_GATE);
}

static void tell(
	struct comparison *c, const struct pair *p, changes_on_name on_name, void *arg)
{
	struct lines was = {0}, is = {0};
	const struct node_view *v = named(p);
	bool whole = name_scan(v->name, v->head->name_len) == v->head->name_len;

	if (whole && p->has_before)
		whole = lines_take(&p->before, &was);
	if (whole && p->has_after)
		whole = lines_take(&p->after, &is);
	bool both = p->has_before && p->has_after;
	if (!whole) {
		c->count.damaged++;
	} else if (!both || !lines_equal(&was, &is) || answers(p) != 0) {
		const struct change change = {p->has_before ? &p->before : NULL,
			p->has_after ? &p->after : NULL, &was, &is};

		c->count.added += !p->has_before;
		c->count.removed += !p->has_after;
		c->count.changed += both;
		if (on_name != NULL)
			on_name(arg, &change);
	}
	lines_fini(&was);
	lines_fini(&is);
}

int changes_between(const struct snap *before, const struct snap *after,
	changes_on_name on_name, void *arg, struct changes *out)
{
	struct comparison c = {0};
	int ret = snap_diff(before, after, on_change, &c);

	if (c.n > 0 && on_name != NULL)
		qsort(c.pair, c.n, sizeof(*c.pair), compare_pairs);
	for (size_t i = 0; i < c.n; i++)
		tell(&c, &c.pair[i], on_name, arg);
	*out = c.count;
	free(c.pair);
	return ret;
}
