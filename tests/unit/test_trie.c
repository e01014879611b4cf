/*
 * test_trie.c - the persistent hash trie against a plain array: puts, removes, publishes,
 * bulk builds and compactions at random, with full and weakened hashes (G1, LH-01); and
 * beside it the trie of clients in the same segment (GS-05)
 */
#include <stdio.h>

#include "arena.h"
#include "support.h"

#include "controller/publish/compact.h"
#include "dns/type.h"
#include "snap/client.h"
#include "snap/diff.h"

#define NAMES_MAX   5000
#define CLIENTS_MAX 400

struct model {
	struct heap_arena *heap;
	struct arena *a;
	uint64_t trie, clients;
	struct hash_key key;
	unsigned names;
	uint32_t version[NAMES_MAX]; /* 0: absent */
	uint32_t place[CLIENTS_MAX]; /* PLACE_UNKNOWN: absent */
	uint64_t random;
	struct node_builder builder;
};

/* Every seventh name is an empty non-terminal: no octets, only the hash. */
static bool is_ent(unsigned i)
{
	return i % 7 == 6;
}

static void make_name(
	unsigned i, struct name *n, struct hash128 *h, const struct hash_key *key)
{
	char label[16];

	*n = (struct name){0};
	snprintf(label, sizeof(label), "n%u", i);
	ck_assert_int_eq(name_push(n, label, strlen(label)), 0);
	ck_assert_int_eq(name_end(n, (const uint8_t *)"\4test", 6), 0);
	*h = hash_name(key, n->wire, n->len);
}

static void model_init(struct model *m, unsigned names, uint64_t mask)
{
	memset(m, 0, sizeof(*m));
	m->key = (struct hash_key){0x0706050403020100, 0x0f0e0d0c0b0a0908, mask};
	m->heap = heap_arena_new(UINT64_C(768) << 20, &m->key);
	m->a = &m->heap->arena;
	m->names = names;
	m->random = 88172645463325252u ^ mask;
}

static void model_fini(struct model *m)
{
	node_builder_fini(&m->builder);
	heap_arena_free(m->heap);
}

/* Put name i with a new version; an injected failure must change nothing. */
static void put(struct model *m, unsigned i)
{
	uint32_t version = m->version[i] + 1 + (uint32_t)(next_random(&m->random) % 3);
	struct hash128 h;
	struct name n;
	uint64_t leaf;
	size_t len;

	make_name(i, &n, &h, &m->key);
	if (is_ent(i)) {
		node_begin_ent(&m->builder, &h, 0);
		version = 1;
	} else {
		node_begin(&m->builder, &n, 0, 0);
		node_add_addrs(&m->builder, TYPE_A, version, (const uint8_t *)&version, 1,
			false);
	}
	const uint8_t *node = node_finish(&m->builder, &len);
	ck_assert_int_eq(arena_node(m->a, &h, node, len, 0, &leaf), 0);
	ck_assert_int_eq(trie_put(m->a, &m->trie, &h, leaf), 0);
	m->version[i] = version;
}

static void take_away(struct model *m, unsigned i)
{
	struct hash128 h;
	struct name n;

	make_name(i, &n, &h, &m->key);
	int ret = is_ent(i) ? trie_remove(m->a, &m->trie, &h, NULL, 0)
	                    : trie_remove(m->a, &m->trie, &h, n.wire, n.len);
	ck_assert_int_eq(ret, m->version[i] != 0 ? 0 : -ENOENT);
	m->version[i] = 0;
}

/* Every third client has an IPv6 address. */
static struct addr client_addr(unsigned i)
{
	struct addr a = {.len = i % 3 == 2 ? 16 : 4};

	store_u16(a.octets + a.len - 2, (uint16_t)i);
	a.octets[0] = 10;
	return a;
}

static void put_client(struct model *m, unsigned i)
{
	struct addr a = client_addr(i);
	struct hash128 h = hash_name(&m->key, a.octets, a.len);
	uint8_t node[CLIENT_NODE_MAX];
	uint64_t leaf;

	m->place[i] = 1 + (uint32_t)next_random(&m->random) % 1000;
	size_t len = client_node(&a, &(struct client){.place = m->place[i]}, node);
	ck_assert_int_eq(arena_node(m->a, &h, node, len, 0, &leaf), 0);
	ck_assert_int_eq(trie_put(m->a, &m->clients, &h, leaf), 0);
}

static void take_client(struct model *m, unsigned i)
{
	struct addr a = client_addr(i);
	struct hash128 h = hash_name(&m->key, a.octets, a.len);

	ck_assert_int_eq(trie_remove(m->a, &m->clients, &h, a.octets, a.len),
		m->place[i] != PLACE_UNKNOWN ? 0 : -ENOENT);
	m->place[i] = PLACE_UNKNOWN;
}

/* Both tries as a reader sees them. */
static void model_snap(const struct model *m, struct snap *s)
{
	arena_snap(m->a, m->trie, s);
	s->clients = m->clients;
}

static void check_clients(const struct snap *s, const struct model *m)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct addr a = client_addr(i);

		ck_assert_uint_eq(client_place(s, &a), m->place[i]);
	}
}

static void check_name(const struct snap *s, const struct model *m, unsigned i)
{
	struct node_view v;
	struct rrset r;
	struct hash128 h;
	struct name n;
	bool damaged = false;

	make_name(i, &n, &h, &m->key);
	enum lookup l = snap_find(s, &h, n.wire, n.len, &v);
	ck_assert_int_eq(l, m->version[i] != 0 ? LOOKUP_FOUND : LOOKUP_ABSENT);
	if (m->version[i] == 0)
		return;
	ck_assert(node_intact(&v));
	if (is_ent(i)) {
		ck_assert_ptr_null(v.name);
		return;
	}
	ck_assert(node_rrset(&v, TYPE_A, &r, &damaged));
	ck_assert_uint_eq(r.ttl_s, m->version[i]);
	ck_assert_mem_eq(r.data, &m->version[i], 4);
}

static void check_all(const struct model *m)
{
	struct snap s;
	uint64_t present = 0;

	model_snap(m, &s);
	check_clients(&s, m);
	for (unsigned i = 0; i < m->names; i++) {
		check_name(&s, m, i);
		present += m->version[i] != 0 && !is_ent(i);
	}
	ck_assert_uint_eq(m->a->names, present);
}

struct leaves {
	struct trie_leaf leaf[NAMES_MAX];
	size_t n;
	struct arena *to;
};

static bool copy_leaf(void *arg, const struct node_view *v)
{
	struct leaves *l = arg;
	struct hash128 h;

	if (v->name != NULL)
		h = hash_name(&l->to->key, v->name, v->head->name_len);
	else
		memcpy(&h, v->head + 1, sizeof(h));
	ck_assert_int_eq(arena_node(l->to, &h, (const uint8_t *)v->head,
				 (size_t)v->head->size8 * 8, 0, &l->leaf[l->n].entry),
		0);
	l->leaf[l->n++].path = h.path;
	return true;
}

/*
 * The bulk build of the same names takes the octets that `live` says: garbage is counted
 * exactly, and the shape of a trie does not depend on its history.
 */
static void check_live(const struct model *m)
{
	struct heap_arena *heap = heap_arena_new(UINT64_C(8) << 20, &m->key);
	struct leaves *l = mem_alloc(1, sizeof(*l));
	struct snap s, both;
	uint64_t trie, clients;

	l->to = &heap->arena;
	model_snap(m, &both);
	ck_assert_int_eq(snap_walk(&both, copy_leaf, l), 0);
	const size_t nodes = l->n;
	ck_assert_uint_eq(trie_names(l->to, l->leaf, l->n), m->a->names);
	ck_assert_int_eq(trie_build(l->to, l->leaf, l->n, &trie), 0);
	s = snap_clients(&both);
	l->n = 0;
	ck_assert_int_eq(snap_walk(&s, copy_leaf, l), 0);
	ck_assert_int_eq(trie_build(l->to, l->leaf, l->n, &clients), 0);
	ck_assert_uint_eq(l->to->names, m->a->names);
	ck_assert_uint_eq(l->to->live, m->a->live);
	ck_assert_uint_eq(l->to->used - SEGMENT_FIRST, l->to->live);
	arena_snap(l->to, trie, &s);
	s.clients = clients;
	check_clients(&s, m);
	for (unsigned i = 0; i < m->names; i++)
		check_name(&s, m, i);
	size_t audited = 0;
	for (unsigned part = 0; part < AUDIT_PARTS; part++) {
		int n = snap_audit(&s, part);

		ck_assert_int_ge(n, 0);
		audited += (size_t)n;
	}
	ck_assert_uint_eq(audited, nodes + l->n); /* each of both, once */
	free(l);
	heap_arena_free(heap);
}

static void one_change(struct model *m)
{
	uint64_t r = next_random(&m->random);
	unsigned i = (unsigned)(r >> 8) % m->names;

	if (r % 100 < 55)
		put(m, i);
	else
		take_away(m, i);
	if ((r >> 40) % 100 < 12)
		put_client(m, (unsigned)(r >> 48) % CLIENTS_MAX);
	else if ((r >> 40) % 100 < 22)
		take_client(m, (unsigned)(r >> 48) % CLIENTS_MAX);
}

/* Copy into a new segment while changes go on in the old one, then go on there. */
static void compact(struct model *m)
{
	struct heap_arena *heap = heap_arena_new(UINT64_C(768) << 20, &m->key);
	struct compact *c;
	struct snap s;
	int ret;

	m->a->watermark = m->a->used;
	model_snap(m, &s);
	c = compact_new(&s, &heap->arena);
	do {
		ret = compact_step(c, 100);
		ck_assert_int_ge(ret, 0);
		for (int i = 0; i < 3; i++)
			one_change(m);
		m->a->watermark = m->a->used;
	} while (ret > 0);
	do {
		model_snap(m, &s);
		ret = compact_catch_up(c, &s);
		ck_assert_int_ge(ret, 0);
	} while (ret > 0);
	ck_assert_uint_eq(heap->arena.live, m->a->live);
	ck_assert_uint_eq(heap->arena.names, m->a->names);
	heap_arena_free(m->heap);
	m->heap = heap;
	m->a = &heap->arena;
	m->trie = compact_trie(c);
	m->clients = compact_clients(c);
	m->a->watermark = m->a->used;
	compact_free(c);
}

static const struct {
	unsigned names;
	uint64_t mask;
	unsigned changes;
} runs[] = {
	{5000, UINT64_MAX, 700000}, {2000, 0x3ff, 200000}, /* lists at the third level */
	{500, UINT64_C(0xf) << 60, 80000}, /* paths that part at the last level */
	{300, UINT64_C(0x7) << 34, 40000}, /* deep and in lists */
	{40, 0, 20000},                    /* one list of all names */
};

START_TEST(random_changes)
{
	struct model m;

	model_init(&m, runs[_i].names, runs[_i].mask);
	for (unsigned k = 0; k < runs[_i].changes; k++) {
		one_change(&m);
		if (next_random(&m.random) % 20 == 0)
			m.a->watermark = m.a->used;
		if (k % (runs[_i].changes / 8) == 0)
			check_all(&m);
		if (k % (runs[_i].changes / 5) == runs[_i].changes / 5 - 1)
			compact(&m);
	}
	check_all(&m);
	check_live(&m);
	model_fini(&m);
}
END_TEST

/* G1: what is below the watermark never changes, and an old root says what it said. */
START_TEST(old_roots_stay)
{
	struct model m;
	struct model *old = mem_alloc(1, sizeof(*old));
	struct snap s;

	model_init(&m, 800, UINT64_MAX);
	for (int i = 0; i < 5000; i++)
		one_change(&m);
	m.a->watermark = m.a->used;
	*old = m;
	model_snap(&m, &s);
	uint64_t before = hash_content(m.a->base, m.a->watermark);
	for (int i = 0; i < 5000; i++) {
		one_change(&m);
		if (i % 50 == 0)
			m.a->watermark = m.a->used;
	}
	ck_assert_uint_eq(hash_content(m.a->base, s.used), before);
	for (unsigned i = 0; i < m.names; i++)
		check_name(&s, old, i);
	check_clients(&s, old);
	model_fini(&m);
	free(old);
}
END_TEST

/* SH-02: a put or remove that finds no space leaves the trie as it was. */
START_TEST(no_space_changes_nothing)
{
	struct model m;
	struct hash128 h;
	struct name n;
	unsigned failures = 0;

	model_init(&m, 700, _i == 0 ? UINT64_MAX : 0x3f);
	for (unsigned k = 0; k < 20000; k++) {
		unsigned i = (unsigned)next_random(&m.random) % m.names;

		m.a->watermark = m.a->used;
		if (k % 3 != 0) {
			one_change(&m);
			continue;
		}
		make_name(i, &n, &h, &m.key);
		uint64_t trie = m.trie;
		m.a->window_to = m.a->used; /* so that it must grow, and cannot */
		m.heap->fail = 1;
		if (trie_remove(m.a, &m.trie, &h, is_ent(i) ? NULL : n.wire, n.len) ==
			-ENOSPC)
			failures++;
		ck_assert_uint_eq(m.heap->fail, 0);
		ck_assert_uint_eq(m.trie, trie);
	}
	ck_assert_uint_gt(failures, 5000);
	check_all(&m);
	check_live(&m);
	model_fini(&m);
}
END_TEST

struct seen {
	struct model *before, *after;
	uint8_t *met;
};

static int on_change(void *arg, const struct node_view *b, const struct node_view *a)
{
	struct seen *seen = arg;
	const struct node_view *v = a != NULL && a->name != NULL ? a : b;

	if (v == NULL || v->name == NULL)
		return 0; /* empty non-terminals are counted by the others */
	unsigned i = (unsigned)strtoul((const char *)v->name + 2, NULL, 10);
	ck_assert_uint_eq(seen->met[i], 0);
	seen->met[i] = 1;
	ck_assert_int_eq(b != NULL, seen->before->version[i] != 0);
	ck_assert_int_eq(a != NULL, seen->after->version[i] != 0);
	return 0;
}

/* snap_diff() names exactly the names that were put or removed, each once. */
START_TEST(difference)
{
	struct model m;
	struct model *before = mem_alloc(1, sizeof(*before));
	uint8_t met[NAMES_MAX] = {0};
	struct seen seen = {before, &m, met};
	struct snap sb, sa;

	model_init(&m, 900, _i == 0 ? UINT64_MAX : _i == 1 ? 0xff : 0);
	for (int i = 0; i < 2000; i++)
		one_change(&m);
	m.a->watermark = m.a->used;
	*before = m;
	arena_snap(m.a, m.trie, &sb);
	for (int i = 0; i < 60; i++)
		one_change(&m);
	arena_snap(m.a, m.trie, &sa);
	ck_assert_int_eq(snap_diff(&sb, &sa, on_change, &seen), 0);
	for (unsigned i = 0; i < m.names; i++)
		if (!is_ent(i) && before->version[i] != m.version[i])
			ck_assert_uint_eq(met[i], 1);
	model_fini(&m);
	free(before);
}
END_TEST

/* A name takes the place of the empty non-terminal of its own hash, and back. */
START_TEST(name_and_empty_non_terminal)
{
	struct model m;
	struct hash128 h;
	struct name n;
	uint64_t leaf;
	size_t len;

	model_init(&m, 10, UINT64_MAX);
	for (int round = 0; round < 4; round++) {
		make_name(1, &n, &h, &m.key);
		if (round % 2 == 0)
			node_begin_ent(&m.builder, &h, 0);
		else
			node_begin(&m.builder, &n, 0, 0);
		const uint8_t *node = node_finish(&m.builder, &len);
		ck_assert_int_eq(arena_node(m.a, &h, node, len, 0, &leaf), 0);
		ck_assert_int_eq(trie_put(m.a, &m.trie, &h, leaf), 0);
		ck_assert_uint_eq(m.a->names, round % 2 == 0 ? 0 : 1);
	}
	ck_assert_int_eq(trie_remove(m.a, &m.trie, &h, NULL, 0), 0);
	ck_assert_uint_eq(m.trie, 0);
	ck_assert_uint_eq(m.a->live, 0);
	model_fini(&m);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("trie");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, random_changes, 0, ARRAY_LEN(runs));
	tcase_add_test(tc, old_roots_stay);
	tcase_add_loop_test(tc, no_space_changes_nothing, 0, 2);
	tcase_add_loop_test(tc, difference, 0, 3);
	tcase_add_test(tc, name_and_empty_non_terminal);
	return run_case("trie", tc);
}
