/*
 * fuzz_lookup.c - look-ups, walks, audits and comparisons in a damaged segment (G8, G10,
 * SH-08, R-03)
 *
 * The input is a list of edits {u16 offset, u8 value} to a small segment with two roots:
 * nodes of every form, bodies, empty non-terminals, lists of equal hashes. Whatever the
 * octets are, nothing may be read outside of them, and everything comes to an end.
 */
#include <stdlib.h>

#include "arena.h"
#include "dns/type.h"
#include "fuzz/fuzz.h"
#include "snap/chain.h"
#include "snap/client.h"
#include "snap/diff.h"
#include "snap/settings.h"

#define NAMES 60

static struct {
	struct heap_arena *heap;
	uint32_t root[2];
	struct name name[NAMES];
	struct hash128 hash[NAMES];
} fixed;

static const struct hash_key key = {1, 2, UINT64_C(0x3f) | UINT64_C(0xf) << 60};

static void put(uint64_t *trie, unsigned i, struct node_builder *b, uint32_t body)
{
	size_t len;
	uint64_t leaf = 0;
	const uint8_t *node = node_finish(b, &len);

	if (arena_node(&fixed.heap->arena, &fixed.hash[i], node, len, body, &leaf) < 0 ||
		trie_put(&fixed.heap->arena, trie, &fixed.hash[i], leaf) < 0)
		abort();
}

/* A headless Service's node over a body with two endpoint lists, and with places. */
static void put_headless(uint64_t *trie, unsigned i, struct node_builder *b)
{
	static const uint8_t a4[8] = {10, 0, 0, 1, 10, 0, 0, 2}, a6[32] = {0x20, 1};
	static const uint32_t places[2] = {0x00100001, 0x00200002};
	struct endpoint_spec e[2] = {
		{(const uint8_t *)"pod-a", 5, 2, 2, a4, a6, places, places},
		{(const uint8_t *)"b", 1, 1, 0, a4 + 4, NULL, NULL, NULL}};
	struct body_builder body = {0};
	uint32_t ref = 0;
	size_t len;

	uint32_t addrs = body_addrs(&body, a4, 2, 4), placed = 0;
	if (!body_placed(&body, a6, 2, 16, places, &placed))
		abort();
	struct srv_list lists[2] = {{80, body_endpoints(&body, e, 2), 2},
		{81, body_endpoints(&body, e, 1), 1}};
	node_begin(b, &fixed.name[i], 0, NODE_OWNS_BODY);
	node_add_body_addrs(b, TYPE_A, 30, addrs, 2, false);
	node_add_body_placed(b, TYPE_AAAA, 30, placed, 2);
	node_add_addrs_placed(b, TYPE_AAAA, 30, a6, 2, places);
	node_add_srv_body(b, 30, 33, 0, lists, 2);
	const uint8_t *octets = body_finish(&body, &len);
	if (arena_octets(&fixed.heap->arena, octets, len, &ref) < 0)
		abort();
	put(trie, i, b, ref);
	body_fini(&body);
}

/* The apex of a signed zone: its chain is the body. */
static void put_signed(uint64_t *trie, unsigned i, struct node_builder *b)
{
	static const struct nsec3_params params = {2, 3, (const uint8_t *)"abc"};
	static const uint8_t rdata[] = {0, 47, 2, 3};
	struct body_builder body = {0};
	struct mem_buf chain = {0};
	uint32_t ref = 0;
	size_t len;

	chain_begin(&chain, 26, i % 24 == 9 ? &params : NULL);
	for (unsigned k = 0; k < 26; k++) {
		chain_add(&chain, k,
			&(struct chain_link){fixed.name[k].wire, fixed.name[k].len, 1,
				sizeof(rdata), 30, rdata, NULL, NULL});
		chain_add_signature(&chain, rdata, sizeof(rdata));
	}
	node_begin(b, &fixed.name[i], 0, NODE_APEX | NODE_OWNS_BODY);
	node_set_file(b, NODE_FILE_CHAIN);
	body_octets(&body, chain.data, chain.len);
	const uint8_t *octets = body_finish(&body, &len);
	if (arena_octets(&fixed.heap->arena, octets, len, &ref) < 0)
		abort();
	put(trie, i, b, ref);
	body_fini(&body);
	mem_buf_fini(&chain);
}

static void put_any(uint64_t *trie, unsigned i, struct node_builder *b)
{
	static const uint8_t addrs[12] = {1, 2, 3, 4, 5, 6, 7, 8},
			     txt[] = {4, 0, 3, '1', '.', '1'};
	struct rdata_name names[2] = {{fixed.name[0], 0}, {fixed.name[1], 3}};
	const uint16_t ports[3] = {53, 80, 443};

	if (i % 12 == 9) {
		put_signed(trie, i, b);
		return;
	} else if (i % 6 == 5) {
		node_begin_ent(b, &fixed.hash[i], 0);
	} else if (i % 6 == 4) {
		put_headless(trie, i, b);
		return;
	} else {
		node_begin(b, &fixed.name[i], (uint8_t)i, NODE_APEX);
		node_add_addrs(b, TYPE_A, 30, addrs, 1 + i % 3, false);
		node_add_srv_self(b, 30, 100, 2, ports, i % 4);
		node_add_names(b, TYPE_PTR, 30, names, i % 3);
		node_add_opaque(b, TYPE_TXT, 30, txt, sizeof(txt), i % 2);
	}
	put(trie, i, b, 0);
}

static struct addr client_addr(unsigned i)
{
	struct addr a = {.len = i % 2 == 0 ? 4 : 16, .octets = {10, (uint8_t)i}};

	return a;
}

static void put_client(uint64_t *clients, unsigned i, uint32_t place)
{
	struct addr a = client_addr(i);
	struct hash128 h = hash_name(&key, a.octets, a.len);
	uint8_t node[CLIENT_NODE_MAX];
	uint64_t leaf = 0;
	size_t len = client_node(&a, &(struct client){.place = place}, node);

	if (arena_node(&fixed.heap->arena, &h, node, len, 0, &leaf) < 0 ||
		trie_put(&fixed.heap->arena, clients, &h, leaf) < 0)
		abort();
}

/* Append a root with the settings block at `settings`. */
static uint32_t put_root(
	uint64_t trie, uint64_t clients, uint32_t settings, uint64_t generation)
{
	struct arena *a = &fixed.heap->arena;
	struct root root = {.size = sizeof(root),
		.generation = generation,
		.used = a->used + sizeof(root),
		.trie = trie,
		.clients = clients,
		.names = a->names,
		.live = a->live,
		.settings = settings};
	uint32_t ref = 0;

	root.check = hash_check(&root.size, sizeof(root) - 4);
	if (arena_octets(a, &root, sizeof(root), &ref) < 0)
		abort();
	a->watermark = a->used;
	return ref;
}

static uint32_t put_settings(void)
{
	struct settings *s = mem_alloc(1, sizeof(*s));
	uint8_t *block = mem_alloc(
		1, sizeof(struct settings_header) + SETTINGS_OCTETS_MAX);
	struct settings_header head = {.number = 7};
	uint32_t ref = 0;

	s->max_udp = 1232;
	s->nzones = 1;
	s->zones[0] = (struct zone){.name = fixed.name[0], .kind = ZONE_FORWARD};
	head.octets = (uint32_t)settings_encode(s, block + sizeof(head));
	memcpy(block, &head, sizeof(head));
	head.check = hash_check(block + 4, sizeof(head) - 4 + head.octets);
	memcpy(block, &head, sizeof(head));
	if (arena_octets(&fixed.heap->arena, block, sizeof(head) + head.octets, &ref) < 0)
		abort();
	free(block);
	free(s);
	return ref;
}

static void build(void)
{
	struct node_builder b = {0};
	uint64_t trie = 0, clients = 0;

	fixed.heap = heap_arena_new(60000, &key);
	for (unsigned i = 0; i < NAMES; i++) {
		uint8_t label[2] = {(uint8_t)('a' + i % 26), (uint8_t)('a' + i / 26)};

		name_push(&fixed.name[i], label, 2);
		name_end(&fixed.name[i], (const uint8_t *)"\3svc\4test", 10);
		fixed.hash[i] = hash_name(&key, fixed.name[i].wire, fixed.name[i].len);
	}
	struct segment_header *head = (void *)fixed.heap->arena.window;
	head->key0 = key.k0;
	head->key1 = key.k1;
	uint32_t settings = put_settings();
	for (unsigned i = 0; i < NAMES; i++)
		put_any(&trie, i, &b);
	for (unsigned i = 0; i < NAMES; i++)
		put_client(&clients, i, 0x00100001 + i % 3);
	fixed.root[0] = put_root(trie, clients, settings, 1);
	for (unsigned i = 0; i < NAMES; i += 5)
		trie_remove(&fixed.heap->arena, &trie, &fixed.hash[i], fixed.name[i].wire,
			fixed.name[i].len);
	for (unsigned i = 1; i < NAMES; i += 7)
		put_any(&trie, i, &b);
	for (unsigned i = 0; i < NAMES; i += 9)
		put_client(&clients, i, 0x00200002);
	fixed.root[1] = put_root(trie, clients, settings, 2);
	node_builder_fini(&b);
}

/* Sum of all octets, so that a read past the end is a read. */
static unsigned sum(const uint8_t *p, size_t n)
{
	unsigned s = 0;

	while (n-- > 0)
		s += *p++;
	return s;
}

static volatile unsigned sink;

/* The order of an RRset for some clients: all positions are below the count. */
static void read_places(const struct rrset *r)
{
	struct place_order p;
	struct place_near n;

	if (!node_placed(r->form) || !node_places(r, &p))
		return;
	for (uint32_t c = 0; c < 4; c++)
		if (place_near(&p, c << 20 | c, &n))
			for (unsigned k = n.zone; k < n.zone_end; k++)
				FUZZ_CHECK(k < r->count && place_index(&p, k) < r->count);
}

/* Every link, and where names would stand. */
static void read_chain(const struct node_view *v)
{
	struct chain_link l;
	struct name hashed;
	struct chain c;

	if (!chain_view(v, &c))
		return;
	for (unsigned i = 0; i < NAMES; i++) {
		const struct name *n = &fixed.name[i];

		if (c.hashed && nsec3_owner(&c.params, n->wire, n->len, n, &hashed))
			sink += hashed.wire[1];
		if (chain_find(&c, n->wire, n->len, &l) == CHAIN_DAMAGED)
			continue;
		sink += sum(l.name, l.name_len) + sum(l.rdata, l.rdata_len);
		for (unsigned k = 0; k < l.signatures; k++) {
			const uint8_t *rdata;
			size_t len;

			if (!chain_signature(&l, &rdata, &len))
				break;
			sink += sum(rdata, len);
		}
	}
}

static bool on_node(void *arg, const struct node_view *v)
{
	const uint8_t *cursor = v->rrsets;
	struct endpoints it;
	struct endpoint e;
	struct rrset r;

	(void)arg;
	sink += node_intact(v);
	sink += (unsigned)node_size(v);
	read_chain(v);
	while (node_next(v, &cursor, &r)) {
		sink += sum(r.data, r.len);
		read_places(&r);
		for (unsigned k = 4; r.form == FORM_SRV_BODY && k + 8 <= r.len; k += 8) {
			uint32_t offset;

			memcpy(&offset, r.data + k + 4, 4);
			if (!endpoints_begin(v, offset, &it))
				continue;
			while (endpoints_next(&it, &e))
				sink += sum(e.label, e.label_len) +
				        sum(e.addrs4, 4u * e.n4) +
				        sum(e.addrs6, 16u * e.n6);
		}
	}
	return true;
}

static int on_change(
	void *arg, const struct node_view *before, const struct node_view *after)
{
	unsigned *changes = arg;

	if (before != NULL)
		on_node(NULL, before);
	if (after != NULL)
		on_node(NULL, after);
	return ++*changes > 1000;
}

static void read_all(const struct snap *s)
{
	struct settings *settings = mem_alloc(1, sizeof(*settings));
	const struct snap clients = snap_clients(s);
	struct node_view v;
	uint64_t number;
	size_t len;

	snap_prefetch(s, fixed.hash, NAMES);
	for (unsigned i = 0; i < NAMES; i++)
		if (snap_find(s, &fixed.hash[i], fixed.name[i].wire, fixed.name[i].len,
			    &v) == LOOKUP_FOUND)
			on_node(NULL, &v);
	for (unsigned i = 0; i < NAMES; i++) {
		struct addr a = client_addr(i);

		sink += client_place(s, &a);
	}
	sink += (unsigned)snap_walk(s, on_node, NULL);
	sink += (unsigned)snap_walk(&clients, on_node, NULL);
	for (unsigned part = 0; part < AUDIT_PARTS; part++)
		sink += (unsigned)snap_audit(s, part);
	const uint8_t *octets = snap_settings(s, &len, &number);
	if (octets != NULL)
		sink += (unsigned)settings_decode(octets, len, number, settings);
	free(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snap s[2];
	unsigned changes = 0;

	if (fixed.heap == NULL)
		build();
	uint64_t used = fixed.heap->arena.used;
	uint8_t *copy = malloc(used);
	if (copy == NULL)
		abort();
	memcpy(copy, fixed.heap->arena.base, used);
	for (size_t i = 0; i + 3 <= size && i < 3000; i += 3)
		copy[load_u16(data + i) % used] = data[i + 2];
	for (int i = 0; i < 2; i++) {
		if (snap_open(copy, used, fixed.root[i], &s[i]) < 0)
			arena_snap(&fixed.heap->arena, 0, &s[i]);
		s[i].key = key;
		read_all(&s[i]);
	}
	if (s[0].base == s[1].base) {
		const struct snap c[2] = {snap_clients(&s[0]), snap_clients(&s[1])};

		sink += (unsigned)snap_diff(&s[0], &s[1], on_change, &changes);
		sink += (unsigned)snap_diff(&c[0], &c[1], on_change, &changes);
	}
	free(copy);
	return 0;
}
