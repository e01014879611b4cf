/*
 * test_census.c - sampled queries by namespace: whom they count for, how many places
 * there are, a successor, what the scrape says (MQ-08, MQ-09, ME-05, ME-09, OF-08)
 */
#include "admin/census.h"

#include "arena.h"
#include "metrics/metrics.h"
#include "dns/type.h"
#include "snap/client.h"
#include "snap/node.h"
#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct heap_arena *heap;
static struct stat_worker *worker;
static struct stat_admin *page;
static struct settings settings;
static struct snap snap;
static struct view *view;
static uint64_t names, clients;

static void put_namespace(const char *text)
{
	struct node_builder b = {0};
	struct name n = {0};
	uint64_t entry;
	size_t len;

	ck_assert_int_eq(name_parse(text, &n), 0);
	const struct hash128 h = hash_name(&key, n.wire, n.len);
	node_begin_ent(&b, &h, 0);
	const uint8_t *node = node_finish(&b, &len);
	ck_assert_int_eq(arena_node(&heap->arena, &h, node, len, 0, &entry), 0);
	ck_assert_int_eq(trie_put(&heap->arena, &names, &h, entry), 0);
	node_builder_fini(&b);
}

/* 10.0.0.`host` is of that namespace. */
static void put_client(uint8_t host, const char *namespace)
{
	const struct addr a = {.len = 4, .octets = {10, 0, 0, host}};
	const struct client c = {.namespace_len = (uint8_t)strlen(namespace),
		.pod_len = 5,
		.namespace = namespace,
		.pod = "pod-0"};
	const struct hash128 h = hash_name(&key, a.octets, a.len);
	uint8_t octets[CLIENT_NODE_MAX];
	uint64_t entry;

	const size_t len = client_node(&a, &c, octets);
	ck_assert_int_eq(arena_node(&heap->arena, &h, octets, len, 0, &entry), 0);
	ck_assert_int_eq(trie_put(&heap->arena, &clients, &h, entry), 0);
}

/* Clients 1 to 4 are of a, b, c, d; 9 is nobody's. There is a namespace "shop". */
static void setup(void)
{
	static const char *const of[] = {"a", "b", "c", "d"};

	heap = heap_arena_new(UINT64_C(1) << 20, &key);
	names = clients = 0;
	put_namespace("shop.svc.cluster.local");
	for (uint8_t i = 0; i < ARRAY_LEN(of); i++)
		put_client(i + 1, of[i]);
	arena_snap(&heap->arena, names, &snap);
	snap.clients = clients;
	settings = (struct settings){.nzones = 2};
	settings.zones[0].kind = ZONE_FORWARD;
	settings.zones[1].kind = ZONE_FILE;
	ck_assert_int_eq(name_parse("cluster.local", &settings.zones[0].name), 0);
	ck_assert_int_eq(name_parse("example.test", &settings.zones[1].name), 0);
	settings_index(&settings);
	worker = aligned_alloc(64, round_up(sizeof(*worker), 64));
	memset(worker, 0, sizeof(*worker));
	page = aligned_alloc(64, round_up(sizeof(*page), 64));
	memset(page, 0, sizeof(*page));
	view = mem_alloc(1, sizeof(*view));
	view->nworkers = 1;
	view->worker[0] = worker;
	view->admin = page;
	view->snap = &snap;
	view->settings = &settings;
}

static void teardown(void)
{
	heap_arena_free(heap);
	free(worker);
	free(page);
	free(view);
}

static void ask(const char *name, uint16_t rcode, uint8_t host, uint8_t marks)
{
	struct ring_entry e = {.rcode = rcode,
		.marks = marks,
		.port = 5353,
		.id = 7,
		.type = TYPE_SOA,
		.client = {10, 0, 0, host}};

	e.name_len = (uint8_t)name_wire(name, e.name);
	ring_put(&worker->ring, &e);
}

static const struct stat_namespace *find(const char *name)
{
	const struct stat_census *c = &page->census;
	char text[8 * STAT_NAMESPACE_WORDS];

	for (uint64_t i = 0; i < stat_get(&c->nnamespaces); i++) {
		stat_text_get(c->namespaces[i].name, STAT_NAMESPACE_WORDS, text);
		if (strcmp(text, name) == 0)
			return &c->namespaces[i];
	}
	return NULL;
}

static void check(const struct stat_namespace *n, unsigned queries, unsigned wasted)
{
	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(stat_get(&n->queries), RING_SAMPLE * queries);
	ck_assert_uint_eq(stat_get(&n->wasted), RING_SAMPLE * wasted);
}

/* One query each: whose it is, and whom what it wastes counts for; "" is nobody. */
static const struct {
	const char *name;
	uint16_t rcode;
	uint8_t host;
	const char *client, *wasted; /* NULL: nothing was wasted */
} rows[] = {
	{"web.shop.svc.cluster.local", 0, 1, "a", NULL},
	{"www.example.com.shop.svc.cluster.local", 3, 1, "a", "shop"},
	{"www.example.com.shop.svc.cluster.local", 3, 9, "", "shop"},
	{"www.example.com.nope.svc.cluster.local", 3, 1, "a", "a"},
	{"www.example.com.svc.cluster.local", 3, 2, "b", "b"},
	{"www.example.com.cluster.local", 3, 2, "b", "b"},
	{"www.example.com.cluster.local", 3, 9, "", ""},
	{"www.example.com.cluster.local", 0, 1, "a", NULL},
	{"nope.shop.svc.cluster.local", 3, 1, "a", NULL},
	{"a.b.c.example.test", 3, 1, "a", NULL}, /* a zone from a file */
	{"www.example.com", 3, 9, "", NULL},
};

START_TEST(each_query)
{
	const char *client = rows[_i].client, *wasted = rows[_i].wasted;

	ask(rows[_i].name, rows[_i].rcode, rows[_i].host, RING_SAMPLED | RING_LOGGED);
	ask(rows[_i].name, rows[_i].rcode, rows[_i].host, RING_LOGGED);
	census_take(&page->census, view, 50);
	const bool same = wasted != NULL && strcmp(client, wasted) == 0;
	check(client[0] != '\0' ? find(client) : &page->census.unknown, 1, same);
	if (wasted != NULL && !same)
		check(find(wasted), 0, 1);
	const bool other = wasted != NULL && !same && wasted[0] != '\0';
	const unsigned places = (client[0] != '\0' ? 1u : 0) + (other ? 1u : 0);
	ck_assert_uint_eq(stat_get(&page->census.nnamespaces), places);
}
END_TEST

/* ME-09: who comes when all places are taken is one of the others, and stays so. */
START_TEST(bounded)
{
	for (unsigned round = 1; round <= 2; round++) {
		for (uint8_t host = 1; host <= 4; host++)
			ask("x.example.com", 0, host, RING_SAMPLED);
		ask("a.b.shop.svc.cluster.local", 3, 4, RING_SAMPLED);
		census_take(&page->census, view, 2);
		ck_assert_uint_eq(stat_get(&page->census.nnamespaces), 2);
		check(find("a"), round, 0);
		check(find("b"), round, 0);
		check(&page->census.other, 3 * round, round);
	}
	census_take(&page->census, view, 0); /* lowered: nobody loses a place */
	ask("x.example.com", 0, 1, RING_SAMPLED);
	ask("x.example.com", 0, 3, RING_SAMPLED);
	census_take(&page->census, view, 0);
	check(find("a"), 3, 0);
	check(&page->census.other, 7, 2);
	ask("x.example.com", 0, 3, RING_SAMPLED);
	census_take(&page->census, view, UINT64_MAX); /* raised, beyond what there is */
	check(find("c"), 1, 0);
	check(&page->census.other, 7, 2);
	stat_set(&page->census.nnamespaces, UINT64_MAX); /* damaged */
	ask("x.example.com", 0, 4, RING_SAMPLED);
	census_take(&page->census, view, UINT64_MAX);
	check(&page->census.other, 8, 2);
}
END_TEST

/* ME-05: the page is all there is. Nothing is counted twice, nothing is skipped. */
START_TEST(successor)
{
	for (unsigned i = 0; i < 100; i++)
		ask("x.example.com", 0, 1, RING_SAMPLED);
	census_take(&page->census, view, 50);
	for (unsigned i = 0; i < 50; i++) /* while there is none */
		ask("x.example.com", 0, 1, RING_SAMPLED);
	view->snap = NULL; /* and before it knows a generation */
	census_take(&page->census, view, 50);
	check(find("a"), 100, 0);
	view->snap = &snap;
	census_take(&page->census, view, 50);
	census_take(&page->census, view, 50);
	check(find("a"), 150, 0);
	memset(&worker->ring, 0, sizeof(worker->ring)); /* damaged: it goes back */
	census_take(&page->census, view, 50);
	ask("x.example.com", 0, 1, RING_SAMPLED);
	census_take(&page->census, view, 50);
	check(find("a"), 151, 0);
}
END_TEST

/* HR-05 */
START_TEST(own_queries)
{
	view->own[3] = (struct view_own){.port = 5353, .id = 7};
	ask("cluster.local", 0, 9, RING_SAMPLED);
	census_take(&page->census, view, 50);
	check(&page->census.unknown, 0, 0);
}
END_TEST

/* Both families, whatever the page holds. */
START_TEST(scrape)
{
	struct text t = {0};

	ask("x.y.shop.svc.cluster.local", 3, 1, RING_SAMPLED);
	ask("x.example.com", 0, 9, RING_SAMPLED);
	census_take(&page->census, view, 50);
	stat_text_set(page->census.namespaces[1].name, STAT_NAMESPACE_WORDS, "\"}\n\xff");
	metrics_queries(&t, view);
	mem_buf_put(&t.buf, "", 1);
	const char *text = (const char *)t.buf.data;
	const char *queries =
		"shmdns_namespace_queries_total{namespace=\"a\"} 64\n"
		"shmdns_namespace_queries_total{namespace=\"????\"} 0\n"
		"shmdns_namespace_queries_total{namespace=\"_other\"} 0\n"
		"shmdns_namespace_queries_total{namespace=\"_unknown\"} 64\n";
	const char *wasted = "shmdns_search_path_nxdomain_total{namespace=\"a\"} 0\n"
			     "shmdns_search_path_nxdomain_total{namespace=\"????\"} 64\n";
	ck_assert_ptr_nonnull(strstr(text, queries));
	ck_assert_ptr_nonnull(strstr(text, wasted));
	mem_buf_fini(&t.buf);
	view->admin = NULL;
	t = (struct text){0};
	metrics_queries(&t, view);
	mem_buf_put(&t.buf, "", 1);
	ck_assert_ptr_null(strstr((const char *)t.buf.data, "namespace"));
	mem_buf_fini(&t.buf);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("census");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_query, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, successor);
	tcase_add_test(tc, own_queries);
	tcase_add_test(tc, scrape);
	return run_case("census", tc);
}
