/*
 * test_client.c - what a snapshot knows of clients: written, found, damaged (GS-05,
 * AC-03, OF-09, SH-08)
 */
#include "snap/who.h"

#include "arena.h"
#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct heap_arena *heap;
static uint64_t trie;
static uint8_t octets[CLIENT_NODE_MAX];
static char longest[CLIENT_POD_MAX + 1];

static void setup(void)
{
	heap = heap_arena_new(UINT64_C(1) << 20, &key);
	trie = 0;
	memset(longest, 'a', CLIENT_POD_MAX);
}

static void teardown(void)
{
	heap_arena_free(heap);
}

static struct addr address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, strlen(text), &a));
	return a;
}

static struct client known(uint32_t place, const char *namespace, const char *pod)
{
	return (struct client){
		place, (uint8_t)strlen(namespace), (uint8_t)strlen(pod), namespace, pod};
}

static void put(const struct addr *a, const uint8_t *node, size_t len)
{
	const struct hash128 h = hash_name(&key, a->octets, a->len);
	uint64_t entry;

	ck_assert_int_eq(arena_node(&heap->arena, &h, node, len, 0, &entry), 0);
	ck_assert_int_eq(trie_put(&heap->arena, &trie, &h, entry), 0);
}

static struct snap view(void)
{
	struct snap s;

	arena_snap(&heap->arena, 0, &s);
	s.clients = trie;
	return s;
}

/* All of it comes back, in as few octets as there can be. */
START_TEST(there_and_back)
{
	const struct {
		const char *address;
		struct client client;
		size_t size;
	} rows[] = {
		{"10.0.0.1", known(0xabcdef01, "", ""), 24},
		{"fd00::1", known(0xabcdef01, "", ""), 40},
		{"10.0.0.2", known(0, "shop", "web-0"), 40},
		{"10.0.0.3", known(7, "shop", ""), 32},
		{"fd00::2", known(0, "kube-system", "coredns-5d78c9869d-abcde"), 80},
		{"10.0.0.4", known(1, "x", longest), 280},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct addr a = address(rows[i].address);
		struct client c;

		size_t len = client_node(&a, &rows[i].client, octets);
		ck_assert_msg(len == rows[i].size, "row %u: %zu", i, len);
		put(&a, octets, len);
		struct snap s = view();
		ck_assert(client_find(&s, &a, &c));
		ck_assert(client_equal(&c, &rows[i].client));
		ck_assert_uint_eq(client_place(&s, &a), rows[i].client.place);
		s = snap_clients(&s);
		struct node_view v;
		struct hash128 h = hash_name(&key, a.octets, a.len);
		ck_assert_int_eq(snap_find(&s, &h, a.octets, a.len, &v), LOOKUP_FOUND);
		ck_assert(node_intact(&v));
	}
}
END_TEST

/* Who is not there, or is no client, is not known, and nothing is said of it. */
START_TEST(nobody)
{
	const struct addr a = address("10.0.0.1"), other = address("10.0.0.2"),
			  none = {0};
	const struct client nothing = {0};
	struct client c;
	struct snap s = view();

	ck_assert(!client_find(&s, &a, &c));
	c = known(1, "shop", "web");
	put(&a, octets, client_node(&a, &c, octets));
	s = view();
	ck_assert(!client_find(&s, &other, &c));
	ck_assert(client_equal(&c, &nothing));
	ck_assert(!client_find(&s, &none, &c));
	ck_assert_uint_eq(client_place(&s, &other), PLACE_UNKNOWN);
	((struct node_header *)(void *)octets)->flags = 0;
	put(&a, octets, sizeof(struct node_header) + 24);
	s = view();
	ck_assert(!client_find(&s, &a, &c));
	ck_assert(client_equal(&c, &nothing));
}
END_TEST

START_TEST(differ)
{
	const struct client all[] = {known(0, "", ""), known(1, "", ""),
		known(0, "a", ""), known(0, "b", ""), known(0, "ab", ""),
		known(0, "a", "b"), known(0, "a", "c"), known(1, "a", "c")};

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		ck_assert_int_eq(client_unknown(&all[i]), i == 0);
		for (unsigned k = 0; k < ARRAY_LEN(all); k++)
			ck_assert_int_eq(client_equal(&all[i], &all[k]), i == k);
	}
}
END_TEST

/* SH-08: lengths that lead out of the node, or that no name has. */
START_TEST(hostile)
{
	static const struct {
		uint8_t namespace_len, pod_len;
		bool taken;
	} rows[] = {{4, 5, true}, {4, 18, true}, {17, 5, true}, {4, 19, false},
		{255, 255, false}, {64, 0, false}, {0, 5, false}, {4, 254, false},
		{0, 0, true}};
	const struct addr a = address("10.0.0.1");
	const struct client shop = known(3, "shop", "web-0-0-0-0");

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct client c;
		size_t len = client_node(&a, &shop, octets);

		octets[24] = rows[i].namespace_len;
		octets[25] = rows[i].pod_len;
		put(&a, octets, len);
		struct snap s = view();
		ck_assert_msg(client_find(&s, &a, &c) == rows[i].taken, "row %u", i);
		ck_assert_uint_eq(c.place, rows[i].taken ? 3 : 0);
		ck_assert_uint_eq(
			c.namespace_len, rows[i].taken ? rows[i].namespace_len : 0);
	}
}
END_TEST

/* OF-09: who a query in a ring came from; texts that can be shown. */
START_TEST(who_asks)
{
	const struct {
		const char *address, *namespace, *pod, *shown_namespace, *shown_pod;
	} rows[] = {
		{"10.0.0.1", "shop", "web-0.x", "shop", "web-0.x"},
		{"fd00::1", "shop", "", "shop", ""},
		{"10.0.0.2", "a\"\n\x80", "\\ =B", "a???", "????"},
		{"10.0.0.3", "", "", "", ""},
	};
	struct who who;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct addr a = address(rows[i].address);
		const struct client c = known(7, rows[i].namespace, rows[i].pod);
		struct ring_entry e = {.marks = a.len == 16 ? RING_IPV6 : 0};

		put(&a, octets, client_node(&a, &c, octets));
		const struct snap s = view();
		memcpy(e.client, a.octets, a.len);
		ck_assert_int_eq(who_asked(&s, &e, &who), c.namespace_len > 0);
		ck_assert_str_eq(who.namespace, rows[i].shown_namespace);
		ck_assert_str_eq(who.pod, rows[i].shown_pod);
		e.client[1] ^= 1;
		ck_assert(!who_asked(&s, &e, &who));
		ck_assert(who.namespace[0] == '\0' && who.pod[0] == '\0');
		ck_assert(!who_asked(NULL, &e, &who));
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("client");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, nobody);
	tcase_add_test(tc, differ);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, who_asks);
	return run_case("client", tc);
}
