#include "snap/trie.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "snap/entry.h"

/* What the trie nodes of one path, copied or new, take at the most. */
#define PATH_OCTETS (TRIE_LEVELS * (sizeof(struct trie_node) + 8 * TRIE_FANOUT))

/* Make sure that the next `need` octets can be taken: nothing fails half-way then. */
static int reserve(struct arena *a, uint64_t need)
{
	if (a->used + need <= a->window_to)
		return 0;
	return a->grow(a, need);
}

/* Take n reserved octets, a multiple of 8; they count as live. */
static uint64_t take(struct arena *a, uint64_t n)
{
	uint64_t at = a->used;

	assert(n % 8 == 0 && at + n <= a->window_to);
	a->used += n;
	a->live += n;
	return at;
}

/* Where the octets at `at` can be written: only what was not published yet. */
static void *writable(struct arena *a, uint64_t at)
{
	assert(at >= a->watermark && at >= a->window_from && at < a->window_to);
	return a->window + (at - a->window_from);
}

static const struct trie_node *trie_at(const struct arena *a, uint64_t entry)
{
	return (const void *)(a->base + entry_at(entry));
}

static const struct trie_list *list_at(const struct arena *a, uint64_t entry)
{
	return (const void *)(a->base + entry_at(entry));
}

static uint64_t trie_octets(uint32_t map)
{
	return sizeof(struct trie_node) + 8 * (uint64_t)__builtin_popcount(map);
}

/* View of our own node. */
static struct node_view own_view(const struct arena *a, uint64_t entry)
{
	struct node_view v;
	bool ok = node_view(a->base, a->used, (uint32_t)entry, &v);

	assert(ok);
	(void)ok;
	return v;
}

/* Sets the checksum of a trie node or list that stands at `p`. */
static void seal(void *p, uint64_t octets)
{
	uint32_t check = hash_check((const uint8_t *)p + 4, octets - 4);

	memcpy(p, &check, sizeof(check));
}

int arena_octets(struct arena *a, const void *octets, size_t len, uint32_t *ref)
{
	size_t size = round_up(len, 8);
	int ret = reserve(a, size);

	if (ret < 0)
		return ret;
	uint64_t at = take(a, size);
	uint8_t *p = writable(a, at);
	memcpy(p, octets, len);
	memset(p + len, 0, size - len);
	*ref = (uint32_t)(at / 8);
	return 0;
}

int arena_node(struct arena *a, const struct hash128 *h, const uint8_t *node, size_t len,
	uint32_t body, uint64_t *entry)
{
	struct node_header head;
	uint32_t ref;
	int ret = arena_octets(a, node, len, &ref);

	if (ret < 0)
		return ret;
	uint8_t *p = writable(a, (uint64_t)ref * 8);
	memcpy(&head, p, sizeof(head));
	head.body = body;
	memcpy(p, &head, sizeof(head));
	seal(p, len);
	*entry = entry_make((uint64_t)ref * 8, ENTRY_NODE, h->path);
	return 0;
}

struct hash128 trie_hash(const struct arena *a, uint64_t leaf)
{
	struct node_view v = own_view(a, leaf);
	struct hash128 h;

	if (v.name != NULL)
		return hash_name(&a->key, v.name, v.head->name_len);
	memcpy(&h, v.head + 1, sizeof(h));
	return h;
}

/* Path hash of a leaf or list. */
static uint64_t path_of(const struct arena *a, uint64_t entry)
{
	if (entry_kind(entry) == ENTRY_LIST)
		entry = list_at(a, entry)->entry[0];
	return trie_hash(a, entry).path;
}

/*
 * Are the leaf and (hash, name) the same name? Where one of them is an empty non-terminal
 * there are no octets to compare: then the 128-bit hashes decide.
 */
static bool same_name(const struct arena *a, uint64_t leaf, const struct hash128 *h,
	const uint8_t *name, size_t len)
{
	struct node_view v;

	if (!entry_tagged(leaf, h->path))
		return false;
	v = own_view(a, leaf);
	if (v.name != NULL && name != NULL)
		return v.head->name_len == len && memcmp(v.name, name, len) == 0;
	struct hash128 own = trie_hash(a, leaf);
	return own.path == h->path && own.check == h->check;
}

/* A leaf that is no longer reachable. */
static void drop_leaf(struct arena *a, uint64_t leaf)
{
	struct node_view v = own_view(a, leaf);

	a->live -= node_size(&v);
	a->names -= node_is_name(&v);
}

/* Append a trie node with this map and these entries; space is reserved. */
static uint64_t new_trie(struct arena *a, uint32_t map, const uint64_t *entries)
{
	uint64_t octets = trie_octets(map);
	uint64_t at = take(a, octets);
	struct trie_node *t = writable(a, at);

	t->map = map;
	memcpy(t->entry, entries, octets - sizeof(*t));
	seal(t, octets);
	return entry_make(at, ENTRY_TRIE, 0);
}

int arena_trie(struct arena *a, uint32_t map, const uint64_t *entries, uint64_t *entry)
{
	int ret = reserve(a, trie_octets(map));

	if (ret == 0)
		*entry = new_trie(a, map, entries);
	return ret;
}

/* Set child `index` of the trie node *entry: in place if it is not published yet. */
static void set_child(struct arena *a, uint64_t *entry, unsigned index, uint64_t child)
{
	const struct trie_node *t = trie_at(a, *entry);
	uint64_t octets = trie_octets(t->map);

	if (t->entry[index] == child)
		return;
	if (entry_at(*entry) >= a->watermark) {
		struct trie_node *w = writable(a, entry_at(*entry));

		w->entry[index] = child;
		seal(w, octets);
		return;
	}
	uint64_t entries[TRIE_FANOUT];
	memcpy(entries, t->entry, octets - sizeof(*t));
	entries[index] = child;
	*entry = new_trie(a, t->map, entries);
	a->live -= octets;
}

/* Give the trie node *entry one more child. */
static void add_child(struct arena *a, uint64_t *entry, unsigned digit, uint64_t child)
{
	const struct trie_node *t = trie_at(a, *entry);
	unsigned index = entry_index(t->map, digit);
	unsigned n = (unsigned)__builtin_popcount(t->map);
	uint64_t entries[TRIE_FANOUT];

	memcpy(entries, t->entry, 8 * index);
	entries[index] = child;
	memcpy(entries + index + 1, t->entry + index, 8 * (n - index));
	a->live -= trie_octets(t->map);
	*entry = new_trie(a, t->map | UINT32_C(1) << digit, entries);
}

/* A trie over two leaves (or lists) of different paths that agree above `level`. */
static uint64_t fork(struct arena *a, uint64_t x, uint64_t x_path, uint64_t y,
	uint64_t y_path, unsigned level)
{
	unsigned dx = entry_digit(x_path, level), dy = entry_digit(y_path, level);

	assert(level < TRIE_LEVELS);
	if (dx == dy) {
		uint64_t below = fork(a, x, x_path, y, y_path, level + 1);

		return new_trie(a, UINT32_C(1) << dx, &below);
	}
	uint64_t entries[2] = {dx < dy ? x : y, dx < dy ? y : x};
	return new_trie(a, UINT32_C(1) << dx | UINT32_C(1) << dy, entries);
}

/* Append a list of nodes; space is reserved. */
static uint64_t new_list(
	struct arena *a, const uint64_t *entries, uint32_t n, uint64_t path)
{
	uint64_t octets = sizeof(struct trie_list) + 8 * (uint64_t)n;
	uint64_t at = take(a, octets);
	struct trie_list *list = writable(a, at);

	list->count = n;
	memcpy(list->entry, entries, 8 * (size_t)n);
	seal(list, octets);
	return entry_make(at, ENTRY_LIST, path);
}

/* Replace entry i of the list by `leaf`; i == count appends, leaf == 0 removes. */
static int change_list(struct arena *a, uint64_t *entry, uint32_t i, uint64_t leaf)
{
	const struct trie_list *old = list_at(a, *entry);
	uint32_t count = old->count, n = 0;
	uint64_t *entries;
	int ret = reserve(a, sizeof(*old) + 8 * ((uint64_t)count + 1) + PATH_OCTETS);

	if (ret < 0)
		return ret;
	entries = mem_alloc((size_t)count + 1, 8);
	for (uint32_t k = 0; k <= count; k++) {
		uint64_t e = k == i ? leaf : k < count ? old->entry[k] : 0;

		if (e != 0)
			entries[n++] = e;
	}
	uint64_t path = path_of(a, old->entry[0]);
	a->live -= sizeof(*old) + 8 * (uint64_t)count;
	*entry = n == 1 ? entries[0] : new_list(a, entries, n, path);
	free(entries);
	return 0;
}

/* Put a leaf where a list stands. */
static int put_into_list(struct arena *a, uint64_t *entry, const struct hash128 *h,
	uint64_t leaf, const struct node_view *v, unsigned level)
{
	const struct trie_list *list = list_at(a, *entry);
	uint64_t path = path_of(a, *entry);
	uint32_t i = 0;

	if (path != h->path) {
		*entry = fork(a, *entry, path, leaf, h->path, level);
		return 0;
	}
	while (i < list->count &&
		!same_name(a, list->entry[i], h, v->name, v->head->name_len))
		i++;
	uint64_t old = i < list->count ? list->entry[i] : 0;
	int ret = change_list(a, entry, i, leaf);
	if (ret == 0 && old != 0)
		drop_leaf(a, old);
	return ret;
}

/* Put a leaf where another leaf stands. */
static void put_beside(struct arena *a, uint64_t *entry, const struct hash128 *h,
	uint64_t leaf, const struct node_view *v, unsigned level)
{
	if (same_name(a, *entry, h, v->name, v->head->name_len)) {
		drop_leaf(a, *entry);
		*entry = leaf;
		return;
	}
	uint64_t path = path_of(a, *entry);
	if (path == h->path)
		*entry = new_list(a, (uint64_t[]){*entry, leaf}, 2, path);
	else
		*entry = fork(a, *entry, path, leaf, h->path, level);
}

/* Everything is decided on the way down and changed on the way up. */
static int put(struct arena *a, uint64_t *entry, const struct hash128 *h, uint64_t leaf,
	const struct node_view *v, unsigned level)
{
	int ret = 0;

	if (*entry == 0) {
		*entry = leaf;
		return 0;
	}
	if (entry_kind(*entry) == ENTRY_LIST)
		return put_into_list(a, entry, h, leaf, v, level);
	if (entry_kind(*entry) == ENTRY_NODE) {
		put_beside(a, entry, h, leaf, v, level);
		return 0;
	}
	const struct trie_node *t = trie_at(a, *entry);
	unsigned digit = entry_digit(h->path, level);
	unsigned index = entry_index(t->map, digit);
	if ((t->map >> digit & 1) == 0) {
		add_child(a, entry, digit, leaf);
		return 0;
	}
	uint64_t child = t->entry[index];
	ret = put(a, &child, h, leaf, v, level + 1);
	if (ret == 0)
		set_child(a, entry, index, child);
	return ret;
}

int trie_put(struct arena *a, uint64_t *trie, const struct hash128 *h, uint64_t leaf)
{
	uint64_t entry = *trie;
	int ret = reserve(a, PATH_OCTETS);

	if (ret < 0)
		return ret;
	struct node_view v = own_view(a, leaf);
	ret = put(a, &entry, h, leaf, &v, 0);
	if (ret < 0)
		return ret;
	a->names += node_is_name(&v);
	*trie = entry;
	return 0;
}

/* Take child `index` out of the trie node *entry; a lone leaf moves up. */
static void remove_child(struct arena *a, uint64_t *entry, unsigned digit)
{
	const struct trie_node *t = trie_at(a, *entry);
	unsigned index = entry_index(t->map, digit);
	unsigned n = (unsigned)__builtin_popcount(t->map) - 1;
	uint64_t entries[TRIE_FANOUT];

	memcpy(entries, t->entry, 8 * index);
	memcpy(entries + index, t->entry + index + 1, 8 * (n - index));
	a->live -= trie_octets(t->map);
	if (n == 0)
		*entry = 0;
	else if (n == 1 && entry_kind(entries[0]) != ENTRY_TRIE)
		*entry = entries[0];
	else
		*entry = new_trie(a, t->map & ~(UINT32_C(1) << digit), entries);
}

static int remove_name(struct arena *a, uint64_t *entry, const struct hash128 *h,
	const uint8_t *name, size_t len, unsigned level);

static int remove_below(struct arena *a, uint64_t *entry, const struct hash128 *h,
	const uint8_t *name, size_t len, unsigned level)
{
	const struct trie_node *t = trie_at(a, *entry);
	unsigned digit = entry_digit(h->path, level);
	unsigned index = entry_index(t->map, digit);

	if ((t->map >> digit & 1) == 0)
		return -ENOENT;
	uint64_t child = t->entry[index];
	int ret = remove_name(a, &child, h, name, len, level + 1);
	if (ret < 0)
		return ret;
	if (child == 0) {
		remove_child(a, entry, digit);
	} else if (entry_kind(child) != ENTRY_TRIE && __builtin_popcount(t->map) == 1) {
		a->live -= trie_octets(t->map);
		*entry = child;
	} else {
		set_child(a, entry, index, child);
	}
	return 0;
}

static int remove_name(struct arena *a, uint64_t *entry, const struct hash128 *h,
	const uint8_t *name, size_t len, unsigned level)
{
	if (*entry == 0)
		return -ENOENT;
	if (entry_kind(*entry) == ENTRY_TRIE)
		return remove_below(a, entry, h, name, len, level);
	if (entry_kind(*entry) == ENTRY_NODE) {
		if (!same_name(a, *entry, h, name, len))
			return -ENOENT;
		drop_leaf(a, *entry);
		*entry = 0;
		return 0;
	}
	const struct trie_list *list = list_at(a, *entry);
	for (uint32_t i = 0; i < list->count; i++) {
		uint64_t leaf = list->entry[i];

		if (!same_name(a, leaf, h, name, len))
			continue;
		int ret = change_list(a, entry, i, 0);
		if (ret == 0)
			drop_leaf(a, leaf);
		return ret;
	}
	return -ENOENT;
}

int trie_remove(struct arena *a, uint64_t *trie, const struct hash128 *h,
	const uint8_t *name, size_t len)
{
	uint64_t entry = *trie;
	int ret = reserve(a, PATH_OCTETS);

	if (ret == 0)
		ret = remove_name(a, &entry, h, name, len, 0);
	if (ret == 0)
		*trie = entry;
	return ret;
}

/*
 * The path with its digits in the order of the levels:
 * sorts leaves as the trie has them.
 */
static uint64_t sort_key(uint64_t path)
{
	uint64_t key = 0;

	for (unsigned level = 0; level + 1 < TRIE_LEVELS; level++)
		key = key << TRIE_BITS | entry_digit(path, level);
	return key << 4 | path >> 60;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = sort_key(((const struct trie_leaf *)a)->path);
	uint64_t y = sort_key(((const struct trie_leaf *)b)->path);

	return x < y ? -1 : x > y;
}

static int build(struct arena *a, const struct trie_leaf *leaves, size_t n,
	unsigned level, uint64_t *out);

static int build_list(
	struct arena *a, const struct trie_leaf *leaves, size_t n, uint64_t *out)
{
	uint64_t *entries;
	int ret = reserve(a, sizeof(struct trie_list) + 8 * (uint64_t)n);

	if (ret < 0)
		return ret;
	entries = mem_alloc(n, 8);
	for (size_t i = 0; i < n; i++)
		entries[i] = leaves[i].entry;
	*out = new_list(a, entries, (uint32_t)n, leaves[0].path);
	free(entries);
	return 0;
}

/* Children first, so that a trie node stands behind all that it leads to. */
static int build_trie(struct arena *a, const struct trie_leaf *leaves, size_t n,
	unsigned level, uint64_t *out)
{
	uint64_t entries[TRIE_FANOUT];
	uint32_t map = 0;
	unsigned k = 0;

	for (size_t from = 0, to = 0; from < n; from = to) {
		unsigned digit = entry_digit(leaves[from].path, level);

		while (to < n && entry_digit(leaves[to].path, level) == digit)
			to++;
		int ret = build(a, leaves + from, to - from, level + 1, &entries[k++]);
		if (ret < 0)
			return ret;
		map |= UINT32_C(1) << digit;
	}
	int ret = reserve(a, trie_octets(map));
	if (ret == 0)
		*out = new_trie(a, map, entries);
	return ret;
}

static int build(struct arena *a, const struct trie_leaf *leaves, size_t n,
	unsigned level, uint64_t *out)
{
	if (n == 1) {
		*out = leaves[0].entry;
		return 0;
	}
	if (leaves[0].path == leaves[n - 1].path)
		return build_list(a, leaves, n, out);
	return build_trie(a, leaves, n, level, out);
}

uint64_t trie_names(const struct arena *a, const struct trie_leaf *leaves, size_t n)
{
	uint64_t names = 0;

	for (size_t i = 0; i < n; i++) {
		const struct node_view v = own_view(a, leaves[i].entry);

		names += node_is_name(&v);
	}
	return names;
}

int trie_build(struct arena *a, struct trie_leaf *leaves, size_t n, uint64_t *trie)
{
	/* Before they are sorted: they stand one behind the other. */
	const uint64_t names = trie_names(a, leaves, n);
	uint64_t entry = 0;

	if (n > 1)
		qsort(leaves, n, sizeof(*leaves), by_key);
	int ret = n > 0 ? build(a, leaves, n, 0, &entry) : 0;
	if (ret < 0)
		return ret;
	a->names += names;
	*trie = entry;
	return 0;
}

void arena_snap(const struct arena *a, uint64_t trie, struct snap *out)
{
	*out = (struct snap){
		.base = a->base,
		.used = a->used,
		.trie = trie,
		.names = a->names,
		.live = a->live,
		.key = a->key,
	};
}
