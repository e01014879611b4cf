#include "snap/diff.h"

#include <errno.h>

#include "base/base.h"
#include "snap/entry.h"

struct diff {
	const struct snap *before, *after;
	snap_on_change on_change;
	void *arg;
	uint64_t budget; /* entries that may still be followed */
};

/* Hash of a node's name. */
static struct hash128 view_hash(const struct hash_key *key, const struct node_view *v)
{
	struct hash128 h;

	if (v->name != NULL)
		return hash_name(key, v->name, v->head->name_len);
	memcpy(&h, v->head + 1, sizeof(h));
	return h;
}

bool snap_same_name(
	const struct hash_key *key, const struct node_view *a, const struct node_view *b)
{
	if (a->name != NULL && b->name != NULL)
		return a->head->name_len == b->head->name_len &&
		       memcmp(a->name, b->name, a->head->name_len) == 0;
	struct hash128 x = view_hash(key, a), y = view_hash(key, b);
	return x.path == y.path && x.check == y.check;
}

/* What happens to one leaf that is below `entry`. */
struct visit {
	struct diff *d;
	const struct snap *s;
	int (*on_leaf)(struct visit *v, uint64_t leaf);
};

/* Call on_leaf for every leaf at and below the entry. */
static int visit(struct visit *v, uint64_t entry, unsigned level)
{
	const struct trie_node *t;
	const struct trie_list *list;
	int ret = 0;

	if (entry == 0)
		return 0;
	if (v->d->budget-- == 0)
		return -EBADMSG;
	switch (entry_kind(entry)) {
	case ENTRY_NODE:
		return v->on_leaf(v, entry);
	case ENTRY_LIST:
		list = entry_list(v->s->base, v->s->used, entry);
		if (list == NULL)
			return -EBADMSG;
		for (uint32_t i = 0; i < list->count && ret == 0; i++)
			ret = v->on_leaf(v, list->entry[i]);
		return ret;
	case ENTRY_TRIE:
		t = level < TRIE_LEVELS ? entry_trie(v->s->base, v->s->used, entry)
		                        : NULL;
		if (t == NULL)
			return -EBADMSG;
		for (int i = 0; i < __builtin_popcount(t->map) && ret == 0; i++)
			ret = visit(v, t->entry[i], level + 1);
		return ret;
	default:
		return -EBADMSG;
	}
}

struct wanted {
	struct visit visit;
	const struct node_view *leaf;
	struct node_view *found;
};

static int on_candidate(struct visit *v, uint64_t leaf)
{
	struct wanted *w = (struct wanted *)v;

	if (!node_view(v->s->base, v->s->used, (uint32_t)leaf, w->found))
		return -EBADMSG;
	return snap_same_name(&v->s->key, w->leaf, w->found) ? 1 : 0;
}

/*
 * Search for `leaf`'s name below `entry` of snapshot `s`.
 * 1: *found; 0: none; or an error.
 */
static int search(struct diff *d, const struct snap *s, uint64_t entry,
	const struct node_view *leaf, struct node_view *found)
{
	struct wanted w = {{.d = d, .s = s, .on_leaf = on_candidate}, leaf, found};

	return visit(&w.visit, entry, 0);
}

/* One side of a place where the tries differ in shape. */
struct side {
	struct visit visit;
	const struct snap *other_snap;
	uint64_t other; /* entry on the other side */
	bool is_before;
};

/* A leaf of one side: is its name on the other side too, and the same node? */
static int on_one_side(struct visit *v, uint64_t leaf)
{
	struct side *side = (struct side *)v;
	struct node_view own, other;

	if (!node_view(v->s->base, v->s->used, (uint32_t)leaf, &own))
		return -EBADMSG;
	int found = search(v->d, side->other_snap, side->other, &own, &other);
	if (found < 0)
		return found;
	if (side->is_before) {
		if (found && own.head == other.head)
			return 0;
		return v->d->on_change(v->d->arg, &own, found ? &other : NULL);
	}
	return found ? 0 : v->d->on_change(v->d->arg, NULL, &own);
}

/* Leaves against leaves, or a few leaves against a subtree. */
static int diff_shapes(struct diff *d, uint64_t before, uint64_t after)
{
	struct side b = {
		{.d = d, .s = d->before, .on_leaf = on_one_side}, d->after, after, true};
	struct side a = {{.d = d, .s = d->after, .on_leaf = on_one_side}, d->before,
		before, false};
	int ret = visit(&b.visit, before, 0);

	return ret != 0 ? ret : visit(&a.visit, after, 0);
}

static int diff_entries(struct diff *d, uint64_t before, uint64_t after, unsigned level)
{
	if (before == after)
		return 0;
	if (d->budget-- == 0)
		return -EBADMSG;
	if (before == 0 || after == 0 || entry_kind(before) != ENTRY_TRIE ||
		entry_kind(after) != ENTRY_TRIE)
		return diff_shapes(d, before, after);
	const struct trie_node *b = entry_trie(d->before->base, d->before->used, before);
	const struct trie_node *a = entry_trie(d->after->base, d->after->used, after);
	if (a == NULL || b == NULL || level == TRIE_LEVELS)
		return -EBADMSG;
	uint32_t map = a->map | b->map;
	for (unsigned digit = 0; digit < TRIE_FANOUT; digit++) {
		if ((map >> digit & 1) == 0)
			continue;
		bool in_b = (b->map >> digit & 1) != 0, in_a = (a->map >> digit & 1) != 0;
		int ret = diff_entries(d, in_b ? b->entry[entry_index(b->map, digit)] : 0,
			in_a ? a->entry[entry_index(a->map, digit)] : 0, level + 1);
		if (ret != 0)
			return ret;
	}
	return 0;
}

int snap_diff(const struct snap *before, const struct snap *after,
	snap_on_change on_change, void *arg)
{
	struct diff d = {before, after, on_change, arg,
		4 * entry_budget(before->used + after->used)};

	return diff_entries(&d, before->trie, after->trie, 0);
}
