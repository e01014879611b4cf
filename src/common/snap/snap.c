#include "snap/snap.h"

#include "base/base.h"
#include "snap/entry.h"

#include <errno.h>

int snap_open(const uint8_t *base, uint64_t size, uint32_t ref, struct snap *out)
{
	const struct segment_header *head = (const void *)base;
	uint64_t at = (uint64_t)ref * 8;
	struct root root;

	if (at + sizeof(root) > size)
		return -ERANGE;
	if (at < SEGMENT_FIRST)
		return -EBADMSG;
	memcpy(&root, base + at, sizeof(root));
	if (root.size != sizeof(root) ||
		root.check != hash_check(&root.size, sizeof(root) - sizeof(root.check)))
		return -EBADMSG;
	if (root.used > size)
		return -ERANGE;
	if (root.used < at + sizeof(root))
		return -EBADMSG;
	*out = (struct snap){
		.base = base,
		.used = root.used,
		.segment = head->segment,
		.generation = root.generation,
		.trie = root.trie,
		.clients = root.clients,
		.names = root.names,
		.live = root.live,
		.time_ns = root.time_ns,
		.serial = root.serial,
		.settings = root.settings,
		.root = ref,
		.previous = root.previous,
		.cause = root.cause,
		.flags = root.flags,
		.key = {head->key0, head->key1, UINT64_MAX},
	};
	return 0;
}

/*
 * Is the node at `entry` the one that is looked for? An empty non-terminal has no name to
 * compare: the second word of the hash stands for it.
 */
static enum lookup match(const struct snap *s, uint64_t entry, const struct hash128 *h,
	const uint8_t *name, size_t len, struct node_view *v)
{
	struct hash128 own;

	if (!node_view(s->base, s->used, (uint32_t)entry, v))
		return LOOKUP_DAMAGED;
	if (v->name != NULL && len > 0)
		return v->head->name_len == len && memcmp(v->name, name, len) == 0
		               ? LOOKUP_FOUND
		               : LOOKUP_ABSENT;
	if (v->name != NULL)
		own = hash_name(&s->key, v->name, v->head->name_len);
	else
		memcpy(&own, v->head + 1, sizeof(own));
	return own.path == h->path && own.check == h->check ? LOOKUP_FOUND
	                                                    : LOOKUP_ABSENT;
}

/* The nodes of a list, one after the other. */
static enum lookup match_list(const struct snap *s, uint64_t entry,
	const struct hash128 *h, const uint8_t *name, size_t len, struct node_view *v)
{
	const struct trie_list *list = entry_list(s->base, s->used, entry);

	if (list == NULL)
		return LOOKUP_DAMAGED;
	for (uint32_t i = 0; i < list->count; i++) {
		enum lookup l = match(s, list->entry[i], h, name, len, v);

		if (l != LOOKUP_ABSENT)
			return l;
	}
	return LOOKUP_ABSENT;
}

enum lookup snap_find(const struct snap *s, const struct hash128 *h, const uint8_t *name,
	size_t len, struct node_view *v)
{
	uint64_t entry = s->trie;

	for (unsigned level = 0; entry != 0; level++) {
		if (entry_kind(entry) != ENTRY_TRIE) {
			if (!entry_tagged(entry, h->path))
				return LOOKUP_ABSENT;
			return entry_kind(entry) == ENTRY_NODE
			               ? match(s, entry, h, name, len, v)
			               : match_list(s, entry, h, name, len, v);
		}
		const struct trie_node *t = entry_trie(s->base, s->used, entry);
		if (t == NULL || level == TRIE_LEVELS)
			return LOOKUP_DAMAGED;
		unsigned digit = entry_digit(h->path, level);
		if ((t->map >> digit & 1) == 0)
			return LOOKUP_ABSENT;
		entry = t->entry[entry_index(t->map, digit)];
	}
	return LOOKUP_ABSENT;
}

struct snap snap_clients(const struct snap *s)
{
	struct snap clients = *s;

	clients.trie = s->clients;
	return clients;
}

/* One level down for every hash whose entry is still a trie node; false: none was. */
static bool prefetch_level(const struct snap *s, const struct hash128 *h, uint64_t *entry,
	unsigned n, unsigned level)
{
	bool more = false;

	for (unsigned i = 0; i < n; i++) {
		if (entry[i] == 0 || entry_kind(entry[i]) != ENTRY_TRIE)
			continue;
		const struct trie_node *t = entry_trie(s->base, s->used, entry[i]);
		unsigned digit = entry_digit(h[i].path, level);
		entry[i] = 0;
		if (t == NULL || (t->map >> digit & 1) == 0)
			continue;
		uint64_t next = t->entry[entry_index(t->map, digit)];
		if (entry_at(next) >= s->used || (entry_kind(next) != ENTRY_TRIE &&
							 !entry_tagged(next, h[i].path)))
			continue;
		__builtin_prefetch(s->base + entry_at(next));
		__builtin_prefetch(s->base + entry_at(next) + 64);
		entry[i] = next;
		more = true;
	}
	return more;
}

void snap_prefetch(const struct snap *s, const struct hash128 *h, unsigned n)
{
	uint64_t entry[64];

	n = MIN(n, (unsigned)ARRAY_LEN(entry));
	for (unsigned i = 0; i < n; i++)
		entry[i] = s->trie;
	for (unsigned level = 0; level < TRIE_LEVELS; level++)
		if (!prefetch_level(s, h, entry, n, level))
			break;
}

const uint8_t *snap_settings(const struct snap *s, size_t *len, uint64_t *number)
{
	uint64_t at = (uint64_t)s->settings * 8;

	if (at < SEGMENT_FIRST || at + sizeof(struct settings_header) > s->used)
		return NULL;
	const struct settings_header *head = (const void *)(s->base + at);
	if (head->octets > s->used - at - sizeof(*head))
		return NULL;
	if (head->check != hash_check(&head->octets, sizeof(*head) - 4 + head->octets))
		return NULL;
	*len = head->octets;
	*number = head->number;
	return (const uint8_t *)(head + 1);
}

struct walk {
	const struct snap *s;
	snap_on_node on_node;
	void *arg;
	uint64_t budget; /* entries that may still be followed */
	bool stopped, damaged;
};

static void walk_node(struct walk *w, uint64_t entry)
{
	struct node_view v;

	if (entry_kind(entry) != ENTRY_NODE ||
		!node_view(w->s->base, w->s->used, (uint32_t)entry, &v))
		w->damaged = true;
	else
		w->stopped = !w->on_node(w->arg, &v);
}

/* Depth is bounded by the levels, so the recursion is. */
static void walk_entry(struct walk *w, uint64_t entry, unsigned level)
{
	const struct trie_node *t = NULL;
	const struct trie_list *list = NULL;

	if (w->budget-- == 0) {
		w->damaged = w->stopped = true;
		return;
	}
	switch (entry_kind(entry)) {
	case ENTRY_NODE:
		walk_node(w, entry);
		return;
	case ENTRY_LIST:
		list = entry_list(w->s->base, w->s->used, entry);
		for (uint32_t i = 0; list != NULL && i < list->count && !w->stopped; i++)
			walk_node(w, list->entry[i]);
		w->damaged |= list == NULL;
		return;
	case ENTRY_TRIE:
		if (level < TRIE_LEVELS)
			t = entry_trie(w->s->base, w->s->used, entry);
		break;
	}
	if (t == NULL) {
		w->damaged = true;
		return;
	}
	unsigned n = (unsigned)__builtin_popcount(t->map);
	for (unsigned i = 0; i < n && !w->stopped; i++)
		walk_entry(w, t->entry[i], level + 1);
}

int snap_walk(const struct snap *s, snap_on_node on_node, void *arg)
{
	struct walk w = {
		.s = s,
		.on_node = on_node,
		.arg = arg,
		.budget = entry_budget(s->used),
	};

	if (s->trie != 0)
		walk_entry(&w, s->trie, 0);
	return w.damaged ? -EBADMSG : 0;
}

/* Verify the checksum of a trie node or a list, which both begin with it. */
static bool inner_intact(const void *p, size_t octets)
{
	uint32_t check;

	memcpy(&check, p, sizeof(check));
	return check == hash_check((const uint8_t *)p + 4, octets - 4);
}

static const struct trie_node *intact_trie(const struct snap *s, uint64_t entry)
{
	const struct trie_node *t = entry_trie(s->base, s->used, entry);

	if (t == NULL)
		return NULL;
	size_t octets = sizeof(*t) + 8 * (size_t)__builtin_popcount(t->map);
	return inner_intact(t, octets) ? t : NULL;
}

static int audit_leaf(const struct snap *s, uint64_t entry)
{
	struct node_view v;

	if (entry_kind(entry) != ENTRY_NODE ||
		!node_view(s->base, s->used, (uint32_t)entry, &v) || !node_intact(&v))
		return -EBADMSG;
	return 1;
}

static int audit_list(const struct snap *s, uint64_t entry)
{
	const struct trie_list *list = entry_list(s->base, s->used, entry);
	int n = 0, ret = 0;

	if (list == NULL || !inner_intact(list, sizeof(*list) + 8 * (size_t)list->count))
		return -EBADMSG;
	for (uint32_t i = 0; i < list->count && ret >= 0; i++, n++)
		ret = audit_leaf(s, list->entry[i]);
	return ret < 0 ? ret : n;
}

static int audit_entry(
	const struct snap *s, uint64_t entry, unsigned level, uint64_t *budget)
{
	int n = 0;

	if ((*budget)-- == 0)
		return -EBADMSG;
	if (entry_kind(entry) == ENTRY_LIST)
		return audit_list(s, entry);
	if (entry_kind(entry) != ENTRY_TRIE)
		return audit_leaf(s, entry);
	const struct trie_node *t = level < TRIE_LEVELS ? intact_trie(s, entry) : NULL;
	if (t == NULL)
		return -EBADMSG;
	for (int i = 0; i < __builtin_popcount(t->map); i++) {
		int ret = audit_entry(s, t->entry[i], level + 1, budget);

		if (ret < 0)
			return ret;
		n += ret;
	}
	return n;
}

int snap_audit(const struct snap *s, unsigned part)
{
	const unsigned half = AUDIT_PARTS / 2, in_half = part % half;
	const unsigned digit[2] = {in_half / TRIE_FANOUT, in_half % TRIE_FANOUT};
	uint64_t entry = part < half ? s->trie : s->clients;
	uint64_t budget = entry_budget(s->used);

	for (unsigned level = 0; level < 2; level++) {
		if (entry == 0)
			return 0;
		/*
		 * A leaf above the second level belongs to the
		 * first part that leads to it.
		 */
		if (entry_kind(entry) != ENTRY_TRIE) {
			unsigned first = level == 0 ? in_half : digit[1];

			return first == 0 ? audit_entry(s, entry, level, &budget) : 0;
		}
		const struct trie_node *t = intact_trie(s, entry);
		if (t == NULL)
			return -EBADMSG;
		entry = (t->map >> digit[level] & 1) == 0
		                ? 0
		                : t->entry[entry_index(t->map, digit[level])];
	}
	return entry == 0 ? 0 : audit_entry(s, entry, 2, &budget);
}
