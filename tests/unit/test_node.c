/*
 * test_node.c - nodes, bodies and settings: built, read back, cut to size (S-05, GS-05,
 * GS-07)
 */
#include <errno.h>

#include "arena.h"
#include "support.h"

#include "dns/type.h"
#include "snap/settings.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct heap_arena *heap;
static struct node_builder builder;
static struct body_builder body;

static void setup(void)
{
	heap = heap_arena_new(UINT64_C(16) << 20, &key);
}

static void teardown(void)
{
	heap_arena_free(heap);
	node_builder_fini(&builder);
	body_fini(&body);
}

static struct name owner_name(const char *text)
{
	struct name n = {0};

	n.len = (uint8_t)name_wire(text, n.wire);
	return n;
}

/* Append what the builders hold and view it as a reader does. */
static struct node_view place(bool with_body)
{
	const struct hash128 h = {3, 4};
	struct node_view v;
	uint64_t entry;
	uint32_t ref = 0;
	size_t len;

	if (with_body) {
		const uint8_t *octets = body_finish(&body, &len);

		ck_assert_uint_eq(len % 8, 0);
		ck_assert_int_eq(arena_octets(&heap->arena, octets, len, &ref), 0);
	}
	const uint8_t *node = node_finish(&builder, &len);
	ck_assert_ptr_nonnull(node);
	ck_assert_int_eq(arena_node(&heap->arena, &h, node, len, ref, &entry), 0);
	ck_assert(node_view(heap->arena.base, heap->arena.used, (uint32_t)entry, &v));
	ck_assert(node_intact(&v));
	return v;
}

/* Each form comes back as it was put, in the order it was put. */
START_TEST(inline_forms)
{
	static const uint8_t a4[] = {10, 0, 0, 1, 10, 0, 0, 2}, a6[16] = {0xfd, [15] = 1};
	static const uint8_t txt[] = {6, 0, 5, '1', '.', '1', '.', '0'};
	const uint16_t ports[] = {53, 9153, 65535};
	struct name n = owner_name("web.shop.svc.cluster.local.");
	struct rdata_name target = {owner_name("a.b.cluster.local."), 15};
	struct rrset r;
	bool damaged = false;

	node_begin(&builder, &n, 3, NODE_ALWAYS);
	ck_assert_uint_eq(node_add_addrs(&builder, TYPE_A, 30, a4, 2, false), 2);
	ck_assert_uint_eq(node_add_addrs(&builder, TYPE_AAAA, 5, a6, 1, true), 1);
	ck_assert_uint_eq(node_add_srv_self(&builder, 30, 33, 4, ports, 3), 3);
	ck_assert_uint_eq(node_add_names(&builder, TYPE_NS, 30, &target, 1), 1);
	ck_assert_uint_eq(
		node_add_opaque(&builder, TYPE_TXT, 28800, txt, sizeof(txt), 1), 1);
	ck_assert_uint_eq(node_add_addrs(&builder, TYPE_A, 30, a4, 0, false), 0);
	struct node_view v = place(false);
	ck_assert_uint_eq(v.head->nrrsets, 5);
	ck_assert_uint_eq(v.head->zone, 3);
	ck_assert_mem_eq(v.name, n.wire, n.len);
	ck_assert(node_rrset(&v, TYPE_A, &r, &damaged));
	ck_assert_uint_eq(r.len, sizeof(a4));
	ck_assert_mem_eq(r.data, a4, sizeof(a4));
	ck_assert(node_rrset(&v, TYPE_AAAA, &r, &damaged));
	ck_assert(r.glue_only && r.ttl_s == 5);
	ck_assert(node_rrset(&v, TYPE_SRV, &r, &damaged));
	ck_assert_uint_eq(r.count, 3);
	ck_assert_uint_eq(r.data[2], 4);
	ck_assert_mem_eq(r.data + 4, ports, sizeof(ports));
	ck_assert(node_rrset(&v, TYPE_NS, &r, &damaged));
	ck_assert_uint_eq(r.data[0], target.name.len);
	ck_assert_uint_eq(r.data[1], 15);
	ck_assert(node_rrset(&v, TYPE_TXT, &r, &damaged));
	ck_assert_uint_eq(r.ttl_s, 28800);
	ck_assert_mem_eq(r.data, txt, sizeof(txt));
	ck_assert(!node_rrset(&v, TYPE_MX, &r, &damaged));
	ck_assert(!damaged);
}
END_TEST

/* Equal addresses and lists stand in a body once; nodes of it read the same octets. */
START_TEST(bodies_share)
{
	static const uint8_t a4[] = {10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3};
	struct endpoint_spec spec[] = {
		{(const uint8_t *)"db-0", 4, 1, 0, a4, NULL, NULL, NULL},
		{(const uint8_t *)"db-1", 4, 2, 0, a4 + 4, NULL, NULL, NULL}};
	struct name n = owner_name("db.shop.svc.cluster.local.");
	struct endpoints it;
	struct endpoint e;
	struct rrset r;
	bool damaged = false;

	uint32_t addrs = body_addrs(&body, a4, 3, 4);
	uint32_t list = body_endpoints(&body, spec, 2);
	size_t before = body.buf.len;
	ck_assert_uint_eq(body_addrs(&body, a4, 3, 4), addrs);
	ck_assert_uint_eq(body_endpoints(&body, spec, 2), list);
	ck_assert_uint_eq(body.buf.len, before);
	struct srv_list lists[] = {{5432, list, 2}, {9187, list, 2}};
	node_begin(&builder, &n, 0, NODE_OWNS_BODY);
	ck_assert_uint_eq(node_add_body_addrs(&builder, TYPE_A, 30, addrs, 3, false), 3);
	ck_assert_uint_eq(node_add_srv_body(&builder, 30, 25, 0, lists, 2), 4);
	struct node_view v = place(true);
	ck_assert(node_rrset(&v, TYPE_A, &r, &damaged));
	ck_assert_mem_eq(r.data, a4, sizeof(a4));
	ck_assert(node_rrset(&v, TYPE_SRV, &r, &damaged));
	ck_assert_uint_eq(r.data[3], 2);
	ck_assert(endpoints_begin(&v, list, &it));
	ck_assert(endpoints_next(&it, &e));
	ck_assert_mem_eq(e.label, "db-0", 4);
	ck_assert(endpoints_next(&it, &e));
	ck_assert_uint_eq(e.n4, 2);
	ck_assert_mem_eq(e.addrs4, a4 + 4, 8);
	ck_assert(!endpoints_next(&it, &e));
	/* The node that owns the body counts it: that is how garbage is exact. */
	ck_assert_uint_eq(node_size(&v), heap->arena.live);
}
END_TEST

/* GS-05: addresses with their places, in the node and in a body, in and out. */
START_TEST(placed)
{
	static const uint8_t a4[] = {10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3},
			     a6[48] = {1, [16] = 2, [32] = 3};
	const uint32_t places[] = {place_make(2, 1), place_make(1, 0), place_make(2, 2)};
	const uint32_t same[] = {7, 7, 7};
	struct name n = owner_name("db.shop.svc.cluster.local.");
	struct place_order p;
	struct place_near near;
	struct rrset r;
	bool damaged = false;
	uint32_t at = 0;

	ck_assert(!body_placed(&body, a6, 3, 16, same, &at));
	ck_assert(body_placed(&body, a6, 3, 16, places, &at));
	uint32_t again = 0;
	size_t before = body.buf.len;
	ck_assert(body_placed(&body, a6, 3, 16, places, &again));
	ck_assert_uint_eq(again, at);
	ck_assert_uint_eq(body.buf.len, before);
	node_begin(&builder, &n, 0, NODE_OWNS_BODY);
	ck_assert_uint_eq(node_add_addrs_placed(&builder, TYPE_A, 30, a4, 3, places), 3);
	node_add_body_placed(&builder, TYPE_AAAA, 30, at, 3);
	ck_assert_uint_eq(node_add_addrs_placed(&builder, TYPE_TXT, 30, a4, 0, NULL), 0);
	ck_assert_uint_eq(node_add_addrs(&builder, TYPE_MX, 30, a4, 0, false), 0);
	struct node_view v = place(true);
	ck_assert_uint_eq(v.head->nrrsets, 2);
	for (int six = 0; six < 2; six++) {
		ck_assert(node_rrset(&v, six ? TYPE_AAAA : TYPE_A, &r, &damaged));
		ck_assert(node_placed(r.form));
		ck_assert_uint_eq(r.len, six ? sizeof(a6) : sizeof(a4));
		ck_assert_mem_eq(r.data, six ? a6 : a4, r.len);
		ck_assert(node_places(&r, &p));
		ck_assert(place_near(&p, places[2], &near));
		ck_assert_uint_eq(near.zone_end - near.zone, 2);
		ck_assert_uint_eq(near.node_end - near.node, 1);
		ck_assert_uint_eq(place_index(&p, near.node), 2);
	}
	ck_assert_uint_eq(node_size(&v), heap->arena.live);
	/* all at one place: as if nobody cared */
	node_begin(&builder, &n, 0, 0);
	ck_assert_uint_eq(node_add_addrs_placed(&builder, TYPE_A, 30, a4, 3, same), 3);
	v = place(false);
	ck_assert(node_rrset(&v, TYPE_A, &r, &damaged));
	ck_assert_int_eq(r.form, FORM_ADDRS);
	ck_assert(!damaged);
}
END_TEST

/* GS-05: endpoints with places of no, one and both families. */
START_TEST(placed_endpoints)
{
	static const uint8_t a4[] = {10, 0, 0, 1, 10, 0, 0, 2}, a6[32] = {1, [16] = 2};
	const uint32_t near[] = {1, 2}, same[] = {5, 5};
	struct name n = owner_name("db.shop.svc.cluster.local.");
	struct place_order p;
	struct endpoints it;
	struct endpoint e;

	struct endpoint_spec spec[4];
	for (unsigned i = 0; i < 4; i++)
		spec[i] = (struct endpoint_spec){.label = (const uint8_t *)"abc",
			.label_len = (uint8_t)(1 + i % 3),
			.n4 = 2,
			.n6 = 2,
			.addrs4 = a4,
			.addrs6 = a6,
			.place4 = (i & 1) != 0 ? near : same,
			.place6 = (i & 2) != 0 ? near : NULL};
	uint32_t list = body_endpoints(&body, spec, 4);
	struct srv_list lists[] = {{5432, list, 4}};
	node_begin(&builder, &n, 0, NODE_OWNS_BODY);
	ck_assert_uint_eq(node_add_srv_body(&builder, 30, 25, 0, lists, 1), 4);
	struct node_view v = place(true);
	ck_assert(endpoints_begin(&v, list, &it));
	for (unsigned i = 0; i < 4; i++) {
		ck_assert(endpoints_next(&it, &e));
		ck_assert_uint_eq(e.flags, i);
		ck_assert_mem_eq(e.addrs4, a4, sizeof(a4));
		ck_assert_mem_eq(e.addrs6, a6, sizeof(a6));
		if ((i & 1) != 0)
			ck_assert_uint_ne(place_view(e.addrs4 + 8, SIZE_MAX, 2, &p), 0);
		if ((i & 2) != 0)
			ck_assert_uint_ne(place_view(e.addrs6 + 32, SIZE_MAX, 2, &p), 0);
	}
	ck_assert(!endpoints_next(&it, &e));
	ck_assert_uint_eq(it.left, 0);
	ck_assert_ptr_eq(it.at, it.end);
}
END_TEST

/* S-05: an RRset is cut to what a TCP message of 65,535 octets holds. */
START_TEST(cut_to_tcp)
{
	static const struct {
		uint16_t type;
		size_t size, least, most;
	} rows[] = {{TYPE_A, 4, 4070, 4095}, {TYPE_AAAA, 16, 2320, 2340}};
	struct name n = owner_name("huge.shop.svc.cluster.local.");
	uint8_t *addrs = mem_alloc(6000, 16);

	node_begin(&builder, &n, 0, 0);
	size_t kept = node_add_addrs(&builder, rows[_i].type, 30, addrs, 6000, false);
	ck_assert_uint_ge(kept, rows[_i].least);
	ck_assert_uint_le(kept, rows[_i].most);
	ck_assert_uint_le(12u + n.len + 4u + 11u + kept * (12 + rows[_i].size), 65535);
	ck_assert_uint_eq(node_fit(&builder, rows[_i].type, 6000), kept);
	uint32_t *places = mem_alloc(6000, sizeof(*places));
	places[1] = 1;
	node_begin(&builder, &n, 0, 0);
	ck_assert_uint_eq(
		node_add_addrs_placed(&builder, rows[_i].type, 30, addrs, 6000, places),
		kept);
	free(places);
	free(addrs);
}
END_TEST

/* An empty non-terminal has no name but both words of its hash. */
START_TEST(empty_non_terminal)
{
	const struct hash128 h = {0x1122334455667788, 0x99aabbccddeeff00};
	struct hash128 stored;

	node_begin_ent(&builder, &h, 9);
	struct node_view v = place(false);
	ck_assert_ptr_null(v.name);
	ck_assert_uint_eq(v.head->nrrsets, 0);
	memcpy(&stored, v.head + 1, sizeof(stored));
	ck_assert_mem_eq(&stored, &h, sizeof(h));
	ck_assert_uint_eq(node_size(&v), 32);
}
END_TEST

/* Settings survive the way through their block, and every cut of it is refused. */
START_TEST(settings_block)
{
	struct settings *s = mem_alloc(1, sizeof(*s)), *t = mem_alloc(1, sizeof(*t));
	uint8_t *octets = mem_alloc(1, SETTINGS_OCTETS_MAX);

	s->number = 12;
	s->ttl_s = 30;
	s->negative_ttl_s = 5;
	s->max_udp = 1232;
	s->pods = PODS_INSECURE;
	s->tcp = (struct tcp_limits){3000, 5000, 10000, 60000, 7, 1000};
	s->nown = 2;
	ck_assert(addr_parse("192.0.2.1", 9, &s->own[0]));
	ck_assert(addr_parse("2001:db8::1", 11, &s->own[1]));
	s->nprefer = 2; /* LD-03 */
	ck_assert(addr_parse_prefix("10.1.0.0/16", 11, &s->prefer[0]));
	ck_assert(addr_parse_prefix("fd00::/8", 8, &s->prefer[1]));
	s->nzones = 3;
	static const char *const names[] = {
		"cluster.local.", "in-addr.arpa.", "b.cluster.local."};
	for (unsigned i = 0; i < 3; i++) {
		s->zones[i].name = owner_name(names[i]);
		s->zones[i].kind = i == 1 ? ZONE_REVERSE : ZONE_FORWARD;
		s->zones[i].labels = i == 2 ? 3 : 2;
	}
	settings_index(s);
	s->rotation = ROTATION_WEIGHTED; /* LD-01 */
	s->weights.key = (struct hash_key){5, 6, UINT64_MAX};
	s->weights.nnames = s->weights.naddrs = 1;
	s->weights.name[0] = (struct weights_name){{7, 8}, 0, 1};
	s->weights.addr[0] = (struct weights_addr){{0xfd, [15] = 1}, 9};
	s->querylog.format = QUERYLOG_JSON; /* SM-02 */
	s->querylog.classes = QUERYLOG_ERROR;
	s->querylog.nnames = 1;
	s->querylog.names[0] = owner_name("b.cluster.local.");
	size_t len = settings_encode(s, octets);
	ck_assert_int_eq(settings_decode(octets, len, 12, t), 0);
	ck_assert_mem_eq(s, t, sizeof(*s));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact_copy(octets, cut);

		ck_assert_int_eq(settings_decode(copy, cut, 12, t), -EBADMSG);
		free(copy);
	}
	octets[len] = 0; /* and nothing may follow */
	ck_assert_int_eq(settings_decode(octets, len + 1, 12, t), -EBADMSG);
	s->rotation = ROTATION_WEIGHTED + 1;
	settings_encode(s, octets);
	ck_assert_int_eq(settings_decode(octets, len, 12, t), -EBADMSG);
	s->rotation = ROTATION_SHUFFLE;
	s->prefer[0].bits = 33;
	ck_assert_uint_eq(settings_encode(s, octets), len);
	ck_assert_int_eq(settings_decode(octets, len, 12, t), -EBADMSG);
	struct name in = owner_name("x.b.cluster.local."),
		    other = owner_name("xcluster.local.");
	ck_assert_int_eq(
		settings_zone(s, in.wire, in.len), 2); /* the longest wins (RO-01) */
	ck_assert_int_eq(settings_zone(s, other.wire, other.len), -1);
	free(s);
	free(t);
	free(octets);
}
END_TEST

/* ---- whose zone is it ---- */

/* Each zone is looked at. */
static int zone_by_all(const struct settings *s, const struct name *n)
{
	int best = -1;

	for (unsigned i = 0; i < s->nzones; i++) {
		const struct name *z = &s->zones[i].name;

		if (name_under(n->wire, n->len, z->wire, z->len) &&
			(best < 0 || z->len > s->zones[best].name.len))
			best = (int)i;
	}
	return best;
}

/* A name of labels that few zones do not share, some of them long or not text. */
static struct name random_name(uint64_t *random, unsigned most)
{
	static const char *const words[] = {"a", "b", "cd", "abcdefg", "abcdefgh",
		"abcdefghi", "\1\0a", "svc", "a-label-of-more-than-sixteen-octets-0",
		"a-label-of-more-than-sixteen-octets-1"};
	struct name n = {0};

	for (uint64_t labels = next_random(random) % (most + 1); labels > 0; labels--) {
		const char *w = words[next_random(random) % ARRAY_LEN(words)];

		name_push(&n, w, w[0] == 1 ? 3 : strlen(w));
	}
	ck_assert_int_eq(name_end(&n, (const uint8_t *)"", 1), 0);
	return n;
}

static bool is_zone(const struct settings *s, const struct name *n)
{
	for (unsigned i = 0; i < s->nzones; i++)
		if (name_equal(
			    n->wire, n->len, s->zones[i].name.wire, s->zones[i].name.len))
			return true;
	return false;
}

/* RO-01: one zone more each time, up to as many as there may be; the root at times. */
START_TEST(zone_of_name)
{
	struct settings *s = mem_alloc(1, sizeof(*s));
	uint64_t random = (uint64_t)_i + 1;
	unsigned found = 0, asked = 0;

	settings_index(s);
	while (s->nzones < SETTINGS_ZONES_MAX) {
		struct name z = random_name(&random, _i % 2 == 0 ? 4 : 9);

		if (is_zone(s, &z) || (z.len == 1 && _i % 3 != 0))
			continue;
		s->zones[s->nzones++].name = z;
		settings_index(s);
		for (unsigned k = 0; k < 40; k++, asked++) {
			struct name n = random_name(&random, 12);
			int zone = zone_by_all(s, &n);

			ck_assert_int_eq(settings_zone(s, n.wire, n.len), zone);
			found += zone >= 0;
		}
	}
	for (unsigned i = 0; i < s->nzones; i++)
		ck_assert_int_eq(
			settings_zone(s, s->zones[i].name.wire, s->zones[i].name.len),
			(int)i);
	ck_assert_uint_gt(found, asked / 10);
	free(s);
}
END_TEST

/* The longest name and the longest label, as zones and below them. */
START_TEST(zone_of_long_name)
{
	struct settings *s = mem_alloc(1, sizeof(*s));
	uint8_t label[LABEL_MAX_LEN];
	struct name n = {0};

	memset(label, 'x', sizeof(label));
	while (name_push(&n, label, sizeof(label)) == 0)
		;
	while (name_push(&n, label, 1) == 0)
		;
	ck_assert_int_eq(name_end(&n, (const uint8_t *)"", 1), 0);
	ck_assert_uint_ge(n.len, 254);
	s->nzones = 2;
	s->zones[0].name = n;
	s->zones[1].name.len = (uint8_t)(n.len - 64);
	memcpy(s->zones[1].name.wire, n.wire + 64, n.len - 64u);
	settings_index(s);
	ck_assert_int_eq(settings_zone(s, n.wire, n.len), 0);
	n.wire[1] = 'y';
	ck_assert_int_eq(settings_zone(s, n.wire, n.len), 1);
	n.wire[65] = 'y';
	ck_assert_int_eq(settings_zone(s, n.wire, n.len), -1);
	free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("node");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, inline_forms);
	tcase_add_test(tc, bodies_share);
	tcase_add_test(tc, placed);
	tcase_add_test(tc, placed_endpoints);
	tcase_add_loop_test(tc, cut_to_tcp, 0, 2);
	tcase_add_test(tc, empty_non_terminal);
	tcase_add_test(tc, settings_block);
	tcase_add_loop_test(tc, zone_of_name, 0, 6);
	tcase_add_test(tc, zone_of_long_name);
	return run_case("node", tc);
}
