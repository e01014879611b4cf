#include "controller/publish/compact.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "snap/diff.h"
#include "snap/entry.h"

/* A trie node on the way down: its children, copied up to `done`. */
struct frame {
	const struct trie_node *node;
	unsigned done, count;
	uint64_t copied[TRIE_FANOUT];
};

/* Where the copy of a body stands. */
struct body_place {
	uint32_t from, to; /* refs; from 0: free */
};

/* The tries are copied one after the other. */
enum which { NAMES, CLIENTS, TRIES };

struct compact {
	struct snap from;
	struct arena *to;
	struct frame frame[TRIE_LEVELS];
	unsigned depth;
	unsigned which;       /* enum which: under way; TRIES: all are copied */
	uint64_t trie[TRIES]; /* new */
	struct body_place *bodies;
	size_t nbodies, room; /* room: a power of two */
	int changes;
};

struct compact *compact_new(const struct snap *from, struct arena *to)
{
	struct compact *c = mem_alloc(1, sizeof(*c));

	c->from = *from;
	c->to = to;
	c->room = 1024;
	c->bodies = mem_alloc(c->room, sizeof(*c->bodies));
	return c;
}

void compact_free(struct compact *c)
{
	if (c == NULL)
		return;
	free(c->bodies);
	free(c);
}

uint64_t compact_trie(const struct compact *c)
{
	return c->trie[NAMES];
}

uint64_t compact_clients(const struct compact *c)
{
	return c->trie[CLIENTS];
}

/* What is copied now. */
static uint64_t source(const struct compact *c)
{
	return c->which == NAMES ? c->from.trie : c->from.clients;
}

static bool is_client(const struct node_view *v)
{
	return (v->head->flags & NODE_CLIENT) != 0;
}

/* The place of a body, or the free place where it belongs. */
static struct body_place *find_place(
	struct body_place *bodies, size_t room, uint32_t from)
{
	size_t i = (from * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	for (;; i++) {
		struct body_place *p = &bodies[i & (room - 1)];

		if (p->from == from || p->from == 0)
			return p;
	}
}

static void widen(struct compact *c)
{
	struct body_place *old = c->bodies;
	size_t room = c->room;

	c->room *= 2;
	c->bodies = mem_alloc(c->room, sizeof(*c->bodies));
	for (size_t i = 0; i < room; i++)
		if (old[i].from != 0)
			*find_place(c->bodies, c->room, old[i].from) = old[i];
	free(old);
}

/*
 * Copy the body that the node uses, unless that was done
 * before; *ref is its new place.
 */
static int copy_body(struct compact *c, const struct node_view *v, uint32_t *ref)
{
	struct body_place *p;
	int ret;

	if (v->body == NULL) {
		*ref = 0;
		return 0;
	}
	if (2 * c->nbodies >= c->room)
		widen(c);
	p = find_place(c->bodies, c->room, v->head->body);
	if (p->from == 0) {
		ret = arena_octets(c->to, v->body - sizeof(struct body_header),
			v->body_len + sizeof(struct body_header), &p->to);
		if (ret < 0)
			return ret;
		p->from = v->head->body;
		c->nbodies++;
	}
	*ref = p->to;
	return 0;
}

/* Copy a node with its body; *entry is its leaf in the new segment. */
static int copy_node(struct compact *c, const struct node_view *v,
	const struct hash128 *h, uint64_t *entry)
{
	uint32_t body;
	int ret = copy_body(c, v, &body);

	if (ret < 0)
		return ret;
	return arena_node(c->to, h, (const uint8_t *)v->head, (size_t)v->head->size8 * 8,
		body, entry);
}

/* Hash of a node's name. */
static struct hash128 view_hash(const struct compact *c, const struct node_view *v)
{
	struct hash128 h;

	if (v->name != NULL)
		return hash_name(&c->to->key, v->name, v->head->name_len);
	memcpy(&h, v->head + 1, sizeof(h));
	return h;
}

/* Copy what a leaf entry names. The tag of an entry holds all that its place needs. */
static int copy_leaf(struct compact *c, uint64_t entry, uint64_t *copy)
{
	struct hash128 h = {.path = entry & ENTRY_TAG_MASK};
	struct node_view v;

	if (!node_view(c->from.base, c->from.used, (uint32_t)entry, &v))
		return -EBADMSG;
	int ret = copy_node(c, &v, &h, copy);
	if (ret == 0)
		c->to->names += node_is_name(&v);
	return ret;
}

/*
 * Copy the nodes of equal path hash: put one after the
 * other, which makes the list anew.
 */
static int copy_list(struct compact *c, uint64_t entry, uint64_t *copy)
{
	const struct trie_list *list = entry_list(c->from.base, c->from.used, entry);
	struct node_view v;
	int ret = 0;

	*copy = 0;
	if (list == NULL)
		return -EBADMSG;
	for (uint32_t i = 0; i < list->count && ret == 0; i++) {
		uint64_t leaf;

		if (!node_view(c->from.base, c->from.used, (uint32_t)list->entry[i], &v))
			return -EBADMSG;
		struct hash128 h = view_hash(c, &v);
		ret = copy_node(c, &v, &h, &leaf);
		if (ret == 0)
			ret = trie_put(c->to, copy, &h, leaf);
	}
	return ret;
}

/* Go down into a trie node. */
static int descend(struct compact *c, uint64_t entry)
{
	const struct trie_node *t = entry_trie(c->from.base, c->from.used, entry);

	if (t == NULL || t->map == 0 || c->depth == TRIE_LEVELS)
		return -EBADMSG;
	struct frame *f = &c->frame[c->depth++];
	f->node = t;
	f->done = 0;
	f->count = (unsigned)__builtin_popcount(t->map);
	return 0;
}

/* All children are copied: append the node itself and hand it to the frame above. */
static int ascend(struct compact *c)
{
	struct frame *f = &c->frame[c->depth - 1];
	uint64_t entry;
	int ret = arena_trie(c->to, f->node->map, f->copied, &entry);

	if (ret < 0)
		return ret;
	c->depth--;
	if (c->depth == 0)
		c->trie[c->which] = entry;
	else
		c->frame[c->depth - 1].copied[c->frame[c->depth - 1].done++] = entry;
	return 0;
}

/* Begin with the root's entry, which need not be a trie node. */
static int start(struct compact *c)
{
	switch (entry_kind(source(c))) {
	case ENTRY_TRIE:
		return descend(c, source(c));
	case ENTRY_LIST:
		return copy_list(c, source(c), &c->trie[c->which]);
	default:
		return copy_leaf(c, source(c), &c->trie[c->which]);
	}
}

/* True if the trie under way is copied, or there is nothing to copy. */
static bool done(const struct compact *c)
{
	return c->depth == 0 && (c->trie[c->which] != 0 || source(c) == 0);
}

int compact_step(struct compact *c, unsigned nodes)
{
	while (c->which < TRIES && done(c))
		c->which++;
	if (c->which == TRIES)
		return 0;
	int ret = c->depth == 0 ? start(c) : 0;
	while (ret == 0 && c->depth > 0 && nodes > 0) {
		struct frame *f = &c->frame[c->depth - 1];

		if (f->done == f->count) {
			ret = ascend(c);
			continue;
		}
		uint64_t entry = f->node->entry[f->done], copy;
		if (entry_kind(entry) == ENTRY_TRIE) {
			ret = descend(c, entry);
			continue;
		}
		ret = entry_kind(entry) == ENTRY_LIST ? copy_list(c, entry, &copy)
		                                      : copy_leaf(c, entry, &copy);
		if (ret == 0)
			f->copied[f->done++] = copy;
		nodes--;
	}
	if (ret < 0)
		return ret;
	return c->depth > 0 || c->which + 1 < TRIES;
}

static int on_change(
	void *arg, const struct node_view *before, const struct node_view *after)
{
	struct compact *c = arg;
	const struct node_view *v = after != NULL ? after : before;
	uint64_t *trie = &c->trie[is_client(v) ? CLIENTS : NAMES];
	struct hash128 h = view_hash(c, v);
	uint64_t leaf;
	int ret;

	c->changes++;
	if (after == NULL) {
		ret = trie_remove(c->to, trie, &h, before->name, before->head->name_len);
		return ret == -ENOENT
		               ? 0
		               : ret; /* a round that failed half-way is repeated */
	}
	ret = copy_node(c, after, &h, &leaf);
	return ret < 0 ? ret : trie_put(c->to, trie, &h, leaf);
}

int compact_catch_up(struct compact *c, const struct snap *now)
{
	const struct snap before = snap_clients(&c->from), after = snap_clients(now);

	c->changes = 0;
	int ret = snap_diff(&c->from, now, on_change, c);
	if (ret >= 0)
		ret = snap_diff(&before, &after, on_change, c);
	if (ret < 0)
		return ret;
	c->from = *now;
	return c->changes;
}
