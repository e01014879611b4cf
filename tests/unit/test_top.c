/*
 * test_top.c - shmdnsctl top: what comes most often, search path waste, a frame as text
 * (OV-02, OF-08, OP-08);
 * which queries tail shows (OV-05)
 */
#include "ctl/sift.h"
#include "ctl/sketch.h"
#include "ctl/tally.h"
#include "ctl/topframe.h"
#include "snap/waste.h"

#include "support.h"

/* ---- sketch ---- */

static struct sketch sketch;

static void fresh(void)
{
	memset(&sketch, 0, sizeof(sketch));
}

/* Whatever has more than its part is there, with a weight that is at least true. */
START_TEST(heavy_ones_stay)
{
	uint64_t random = 42;
	double truth[4] = {0};
	char key[32];

	fresh();
	for (unsigned i = 0; i < 40000; i++) {
		unsigned n = (unsigned)(next_random(&random) % 100);

		if (n < 4) {
			truth[n] += 1;
			snprintf(key, sizeof(key), "heavy%u", n);
		} else {
			snprintf(key, sizeof(key), "%llu",
				(unsigned long long)next_random(&random));
		}
		sketch_add(&sketch, key, strlen(key), 1);
	}
	ck_assert_uint_eq(sketch.n, SKETCH_ITEMS);
	for (unsigned n = 0; n < 4; n++) {
		snprintf(key, sizeof(key), "heavy%u", n);
		const struct sketch_item *it = sketch_find(&sketch, key, strlen(key));

		ck_assert_ptr_nonnull(it);
		ck_assert(it->weight >= truth[n]);
		ck_assert(it->weight - it->error <= truth[n]);
	}
}
END_TEST

START_TEST(order_and_fading)
{
	const struct sketch_item *top[3];

	fresh();
	sketch_add(&sketch, "b", 1, 2);
	sketch_add(&sketch, "c", 1, 0.02);
	sketch_add(&sketch, "a", 1, 2);
	sketch_add(&sketch, "d", 1, 3);
	ck_assert_uint_eq(sketch_top(&sketch, top, 3), 3);
	ck_assert_int_eq(top[0]->key[0], 'd');
	ck_assert_int_eq(top[1]->key[0], 'a'); /* equal ones by key */
	ck_assert_int_eq(top[2]->key[0], 'b');
	sketch_scale(&sketch, 0.25);
	ck_assert_uint_eq(sketch.n, 3);
	ck_assert_ptr_null(sketch_find(&sketch, "c", 1));
	ck_assert(sketch_find(&sketch, "d", 1)->weight == 0.75);
	sketch_scale(&sketch, 0);
	ck_assert_uint_eq(sketch.n, 0);
	ck_assert_uint_eq(sketch_top(&sketch, top, 3), 0);
}
END_TEST

START_TEST(long_keys_are_cut)
{
	uint8_t key[SKETCH_KEY + 10] = {0};

	fresh();
	sketch_add(&sketch, key, sizeof(key), 1);
	sketch_add(&sketch, key, SKETCH_KEY, 1);
	ck_assert_uint_eq(sketch.n, 1);
}
END_TEST

/* ---- waste ---- */

static const struct {
	const char *name;
	bool wasted; /* if it is NXDOMAIN */
	const char *namespace, *folded;
} names[] = {
	{"web.shop.svc.cluster.local", false, "shop", NULL},
	{"nope.shop.svc.cluster.local", false, "shop", NULL},
	{"example.com.shop.svc.cluster.local", true, "shop",
		"example.com.shop.svc.cluster.local."},
	{"a.s3.example.com.shop.svc.cluster.local", true, "shop",
		"*.s3.example.com.shop.svc.cluster.local."},
	{"www.example.com.svc.cluster.local", true, "com", NULL},
	{"www.example.com.cluster.local", true, NULL, NULL},
	{"example.com.cluster.local", true, NULL, NULL},
	{"example.cluster.local", false, NULL, NULL},
	{"cluster.local", false, NULL, NULL}, {"svc.cluster.local", false, NULL, NULL},
	{"shop.svc.cluster.local", false, "shop", NULL},
	{"10-0-0-1.shop.pod.cluster.local", false, NULL, NULL},
	{"a.b.c.pod.cluster.local", false, NULL, NULL},
	{"_http._tcp.web.shop.svc.cluster.local", false, "shop", NULL},
	{"db-0.db.shop.svc.cluster.local", true, "shop", NULL}, /* cannot be told apart */
};

START_TEST(each_name)
{
	uint8_t wire[NAME_MAX_LEN], folded[NAME_MAX_LEN];
	const size_t len = name_wire(names[_i].name, wire);
	char text[NAME_TEXT_MAX];
	struct name zone;
	struct waste w;

	ck_assert_int_eq(name_parse("cluster.local", &zone), 0);
	ck_assert_int_eq(waste_look(wire, len, &zone, &w), names[_i].wasted);
	if (names[_i].namespace == NULL) {
		ck_assert_uint_eq(w.namespace, 0);
	} else {
		ck_assert_uint_eq(wire[w.namespace], strlen(names[_i].namespace));
		ck_assert_mem_eq(wire + w.namespace + 1, names[_i].namespace,
			strlen(names[_i].namespace));
	}
	if (names[_i].folded == NULL)
		return;
	const size_t n = waste_fold(wire, len, 4, folded);
	name_text(folded, n, text, sizeof(text));
	ck_assert_str_eq(text, names[_i].folded);
}
END_TEST

/* ---- tally ---- */

static struct settings settings;
static struct tally tally;

static bool is_shop(void *arg, const uint8_t *label, const struct name *zone)
{
	(void)arg;
	(void)zone;
	return label[0] == 4 && memcmp(label + 1, "shop", 4) == 0;
}

/* 10.0.0.9 is a Pod. */
static bool who(void *arg, const struct ring_entry *e, struct who *out)
{
	(void)arg;
	*out = (struct who){{0}, {0}};
	if (e->client[3] != 9)
		return false;
	*out = (struct who){"batch", "etl-7c9"};
	return true;
}

static void begin(void)
{
	memset(&tally, 0, sizeof(tally));
	settings = (struct settings){.nzones = 1};
	settings.zones[0].kind = ZONE_FORWARD;
	ck_assert_int_eq(name_parse("cluster.local", &settings.zones[0].name), 0);
	settings_index(&settings);
}

static void take_name(const uint8_t *wire, size_t len, uint16_t rcode, uint8_t client)
{
	const struct tally_context c = {
		.settings = &settings, .is_namespace = is_shop, .who = who};
	struct ring_entry e = {.marks = RING_SAMPLED,
		.rcode = rcode,
		.duration_ns = 1000,
		.name_len = (uint8_t)len,
		.client = {10, 0, 0, client}};

	memcpy(e.name, wire, len);
	tally_take(&tally, &e, &c);
}

static void take(const char *name, uint16_t rcode, uint8_t client)
{
	uint8_t wire[NAME_MAX_LEN];

	take_name(wire, name_wire(name, wire), rcode, client);
}

START_TEST(waste_by_namespace)
{
	const struct sketch_item *top[8];

	begin();
	take("www.example.com.shop.svc.cluster.local", 3, 1);
	take("www.example.com.svc.cluster.local", 3, 1); /* its namespace is known now */
	take("www.example.com.cluster.local", 3, 1);
	take("www.example.com", 0, 1);
	take("www.example.com.cluster.local", 3, 2); /* of this one it is not */
	take("web.shop.svc.cluster.local", 0, 2);
	ck_assert(tally.all == 6 && tally.nxdomain == 4 && tally.wasted == 4);
	ck_assert(tally.wasted_other == 1);
	ck_assert_uint_eq(sketch_top(&tally.by[TALLY_NAMESPACE], top, 8), 1);
	ck_assert_uint_eq(top[0]->len, 4);
	ck_assert_mem_eq(top[0]->key, "shop", 4);
	ck_assert(top[0]->wasted == 3 && top[0]->count == 4);
	ck_assert_uint_eq(sketch_top(&tally.by[TALLY_CLIENT], top, 8), 2);
	ck_assert_str_eq(top[0]->label, "shop");
	ck_assert_str_eq(top[1]->label, "");
	tally_fade(&tally, 0.5);
	ck_assert(tally.all == 3 && tally.wasted == 2);
}
END_TEST

/* OF-09, LG-04: a client that is known is its Pod, unless that is private. */
START_TEST(known_clients)
{
	const struct sketch_item *top[8];
	struct tally_context c = {.settings = &settings,
		.is_namespace = is_shop,
		.who = who,
		.privacy = {.mode = PRIVACY_PREFIX}};
	struct ring_entry e = {.marks = RING_SAMPLED, .client = {10, 0, 0, 9}};

	begin();
	take("www.example.com.svc.cluster.local", 3, 9);
	take("www.example.com", 0, 9);
	ck_assert_uint_eq(sketch_top(&tally.by[TALLY_CLIENT], top, 8), 1);
	ck_assert_uint_eq(top[0]->len, strlen("batch/etl-7c9"));
	ck_assert_mem_eq(top[0]->key, "batch/etl-7c9", top[0]->len);
	ck_assert(top[0]->wasted == 1 && tally.wasted_other == 0);
	ck_assert_uint_eq(sketch_top(&tally.by[TALLY_NAMESPACE], top, 8), 1);
	ck_assert_mem_eq(top[0]->key, "batch", 5);
	begin();
	tally_take(&tally, &e, &c);
	ck_assert_uint_eq(sketch_top(&tally.by[TALLY_CLIENT], top, 8), 1);
	ck_assert_ptr_null(memchr(top[0]->key, 'e', top[0]->len));
}
END_TEST

/* What was logged and not sampled does not count; an entry may be without a question. */
START_TEST(odd_entries)
{
	const struct tally_context c = {
		.settings = &settings, .is_namespace = is_shop, .who = who};
	struct ring_entry e = {.marks = RING_LOGGED};

	begin();
	tally_take(&tally, &e, &c);
	ck_assert_uint_eq(tally.samples, 0);
	take_name((const uint8_t *)"", 0, 1, 1);
	take_name((const uint8_t *)"", 1, 4095, 1);
	ck_assert_uint_eq(tally.samples, 2);
}
END_TEST

/* 10.0.0.1 is a Pod of "shop", 10.0.0.2 one of "front", 10.0.0.3 only that. */
static bool who_of_four(void *arg, const struct ring_entry *e, struct who *out)
{
	(void)arg;
	*out = (struct who){{0}, {0}};
	if (e->client[3] == 1)
		*out = (struct who){"shop", "web-0"};
	else if (e->client[3] == 2)
		*out = (struct who){"front", "app-0"};
	else if (e->client[3] == 3)
		*out = (struct who){"front", ""};
	return out->namespace[0] != '\0';
}

/* OF-09, LG-04: items of clients 1, 2, 3 and 9 by the privacy, and their namespaces. */
START_TEST(clients_by_privacy)
{
	static const struct {
		uint8_t mode;
		const char *key[4]; /* up to the NUL; NULL: it is one with that before */
	} cases[] = {
		{PRIVACY_OFF, {"shop/web-0", "front/app-0", "10.0.0.3", "10.0.0.9"}},
		{PRIVACY_PREFIX, {"10.0.0.0", "10.0.0.0", NULL, "10.0.0.0"}},
	};
	static const char *const labels[] = {"shop", "front", "front", ""};
	static const uint8_t hosts[] = {1, 2, 3, 9};
	const struct sketch_item *top[8];

	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		struct tally_context c = {.settings = &settings,
			.privacy = {.mode = cases[k].mode},
			.is_namespace = is_shop,
			.who = who_of_four};
		size_t items = 0;

		begin();
		for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
			struct ring_entry e = {
				.marks = RING_SAMPLED, .client = {10, 0, 0, hosts[i]}};

			e.name_len = (uint8_t)name_wire(
				"web.shop.svc.cluster.local", e.name);
			for (size_t n = i; n < 4; n++)
				tally_take(&tally, &e, &c);
		}
		const size_t n = sketch_top(&tally.by[TALLY_CLIENT], top, 8);
		for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
			size_t at = 0;

			if (cases[k].key[i] == NULL)
				continue;
			items++;
			while (at < n && (strcmp(top[at]->label, labels[i]) != 0 ||
						 strcmp((const char *)top[at]->key,
							 cases[k].key[i]) != 0))
				at++;
			ck_assert_uint_lt(at, n);
		}
		ck_assert_uint_eq(n, items);
		/* by who asks; where nobody knows that, by what is asked for */
		ck_assert_uint_eq(sketch_top(&tally.by[TALLY_NAMESPACE], top, 8), 2);
		ck_assert_mem_eq(top[0]->key, "front", 5);
		ck_assert(top[0]->count == 5);
		ck_assert_mem_eq(top[1]->key, "shop", 4);
		ck_assert(top[1]->count == 5);
	}
}
END_TEST

START_TEST(quantiles)
{
	uint64_t counts[STAT_FINE] = {0};

	ck_assert_uint_eq(tally_quantile(counts, 0.5), 0);
	counts[3] = 100; /* 4 to 8 us */
	ck_assert_uint_eq(tally_quantile(counts, 0.5), 6000);
	counts[STAT_FINE - 1] = 100;
	ck_assert_uint_eq(tally_quantile(counts, 0.99), UINT64_C(1000) << 22);
}
END_TEST

/* ---- what tail shows ---- */

/* An entry of 10.0.0.7 for web.shop.svc.cluster.local AAAA: NXDOMAIN, cluster, 1 ms. */
static const struct {
	const char *name, *client, *rcode, *source;
	int type;
	uint64_t slower_ns;
	bool wanted;
} sifts[] = {
	{NULL, NULL, NULL, NULL, SIFT_ANY, 0, true},
	{"web.shop.svc.cluster.local", "10.0.0.7", "NXDOMAIN", "cluster", 28, NS_PER_MS,
		true},
	{"SHOP.svc.cluster.local", "10.0.0.0/29", "3", NULL, SIFT_ANY, 0, true},
	{".", NULL, NULL, NULL, SIFT_ANY, 0, true},
	{"hop.svc.cluster.local", NULL, NULL, NULL, SIFT_ANY, 0, false},
	{NULL, "10.0.0.8/29", NULL, NULL, SIFT_ANY, 0, false},
	{NULL, "::/0", NULL, NULL, SIFT_ANY, 0, false},
	{NULL, NULL, "noerror", NULL, SIFT_ANY, 0, false},
	{NULL, NULL, "4095", NULL, SIFT_ANY, 0, false},
	{NULL, NULL, NULL, "cache", SIFT_ANY, 0, false},
	{NULL, NULL, NULL, NULL, 1, 0, false},
	{NULL, NULL, NULL, NULL, SIFT_ANY, NS_PER_MS + 1, false},
};

START_TEST(each_sift)
{
	struct ring_entry e = {.client = {10, 0, 0, 7},
		.rcode = 3,
		.source = SOURCE_CLUSTER,
		.type = 28,
		.duration_ns = NS_PER_MS};
	struct sift s;

	e.name_len = (uint8_t)name_wire("web.shop.svc.cluster.local", e.name);
	sift_init(&s);
	if (sifts[_i].name != NULL) {
		ck_assert_int_eq(name_parse(sifts[_i].name, &s.name), 0);
		name_fold(s.name.wire, s.name.wire, s.name.len);
	}
	if (sifts[_i].client != NULL)
		ck_assert(sift_client(&s, sifts[_i].client));
	if (sifts[_i].rcode != NULL)
		ck_assert(sift_rcode(&s, sifts[_i].rcode));
	if (sifts[_i].source != NULL)
		ck_assert(sift_source(&s, sifts[_i].source));
	s.type = sifts[_i].type;
	s.slower_ns = sifts[_i].slower_ns;
	ck_assert_int_eq(sift_wants(&s, &e), sifts[_i].wanted);
	e.name_len = 0; /* no question could be read */
	if (sifts[_i].name != NULL)
		ck_assert(!sift_wants(&s, &e));
}
END_TEST

START_TEST(bad_sifts)
{
	struct sift s;

	sift_init(&s);
	ck_assert(!sift_client(&s, "10.0.0") && !sift_client(&s, "10.0.0.0/33"));
	ck_assert(!sift_rcode(&s, "4096") && !sift_rcode(&s, "-1"));
	ck_assert(!sift_rcode(&s, "") && !sift_rcode(&s, "3x"));
	ck_assert(!sift_source(&s, "CACHE") && !sift_source(&s, ""));
	ck_assert(sift_wants(&s, &(struct ring_entry){0}));
}
END_TEST

/* ---- a frame ---- */

/* All octets in labels: nothing but printable ASCII comes out. */
START_TEST(hostile_names)
{
	static const uint8_t below[] = "\4shop\3svc\7cluster\5local";
	static struct topframe f;
	uint8_t wire[NAME_MAX_LEN];

	begin();
	for (unsigned first = 0; first < 256; first += 16) {
		wire[0] = 16;
		for (unsigned i = 0; i < 16; i++)
			wire[1 + i] = (uint8_t)(first + i);
		wire[17] = 0;
		take_name(wire, 18, 3, 1);
		memcpy(wire + 17, below, sizeof(below));
		take_name(wire, 17 + sizeof(below), 3, (uint8_t)first);
	}
	f = (struct topframe){
		.instance = "x", .tally = &tally, .per_s = 12345, .nupstreams = 1};
	memset(f.upstream[0].text, 'u', sizeof(f.upstream[0].text) - 1);
	for (unsigned by = 0; by < TOP_VIEWS; by++) {
		for (unsigned columns = 1; columns < 250; columns += 31) {
			char *text = NULL;
			size_t len = 0;
			FILE *out = open_memstream(&text, &len);

			topframe_text(&f, (enum top_by)by, columns, 24, true, out);
			fclose(out);
			unsigned lines = 0;
			for (size_t i = 0; i < len; i++) {
				lines += text[i] == '\n';
				ck_assert(text[i] == '\n' ||
					  (text[i] >= ' ' && text[i] < 0x7f));
			}
			ck_assert_uint_le(lines, 24);
			free(text);
		}
	}
}
END_TEST

START_TEST(frame_text)
{
	static struct topframe f;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	begin();
	for (unsigned i = 0; i < 3; i++)
		take("a.s3.example.com.shop.svc.cluster.local", 3, 1);
	take("web.shop.svc.cluster.local", 0, 2);
	f = (struct topframe){.instance = "demo",
		.workers = 4,
		.per_s = 18240,
		.replies = 100,
		.p50_ns = 9000,
		.p99_ns = 41000,
		.generation = 57,
		.lag_ns = 300 * NS_PER_MS,
		.lag_known = true,
		.tally = &tally,
		.nupstreams = 1};
	f.rcodes[3] = 75;
	f.upstream[0] = (struct topframe_upstream){.text = "10.0.0.3:53",
		.per_s = 2,
		.p99_ns = 2 * NS_PER_S,
		.replies = 63,
		.failures = 37,
		.up = true};
	topframe_text(&f, TOP_ALL, 80, 24, false, out);
	fclose(out);
	ck_assert_str_eq(text,
		"demo  00:00:00Z  4 workers  18,240 q/s  p50 9 us  p99 41 us  gen 57  "
		"lag 300.0 ms\n"
		"NXDOMAIN 75 %  (search path waste 75 %: namespace shop 75 %)\n"
		"\n"
		"NAME (folded)                                               q/s  share "
		"rcode\n"
		"*.s3.example.com.shop.svc.cluster.local                  13,680  75.0% "
		"NXDOMAIN\n"
		"web.shop.svc.cluster.local                                4,560  25.0% "
		"NOERROR\n"
		"\n"
		"CLIENT                                                 q/s  share  nxdom"
		"  waste\n"
		"10.0.0.1 (shop)                                     13,680  75.0% 100.0%"
		" 100.0%\n"
		"10.0.0.2                                             4,560  25.0%   0.0%"
		"   0.0%\n"
		"\n"
		"UPSTREAM                                        q/s        p99   fail\n"
		"10.0.0.3:53                                     2.0      2.0 s    37%  "
		"slow\n");
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("top");

	tcase_add_test(tc, heavy_ones_stay);
	tcase_add_test(tc, order_and_fading);
	tcase_add_test(tc, long_keys_are_cut);
	tcase_add_loop_test(tc, each_name, 0, ARRAY_LEN(names));
	tcase_add_test(tc, waste_by_namespace);
	tcase_add_test(tc, known_clients);
	tcase_add_test(tc, odd_entries);
	tcase_add_test(tc, clients_by_privacy);
	tcase_add_test(tc, quantiles);
	tcase_add_loop_test(tc, each_sift, 0, ARRAY_LEN(sifts));
	tcase_add_test(tc, bad_sifts);
	tcase_add_test(tc, hostile_names);
	tcase_add_test(tc, frame_text);
	return run_case("top", tc);
}
