/* test_dump.c - every form of an RRset, as shmdnsctl dump expands it */
#include "ctl/records.h"

#include <stdio.h>

#include "dns/type.h"
#include "support.h"

struct lines {
	char text[4096];
	size_t len;
};

static void on_rdata(void *arg, const char *rdata)
{
	struct lines *l = arg;
	int n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s\n", rdata);

	l->len = MIN(l->len + (size_t)n, sizeof(l->text) - 1);
}

static struct node_builder builder;
static struct body_builder body;
static uint64_t memory[1024]; /* a segment of one body and one node */

static void setup(void)
{
	struct name owner;

	ck_assert_int_eq(name_parse("_http._tcp.db.shop.svc.cluster.local", &owner), 0);
	node_begin(&builder, &owner, 0, 0);
}

static void teardown(void)
{
	node_builder_fini(&builder);
	body_fini(&body);
}

/* Put body and node where a reader finds them, and view the node. */
static struct node_view finish(void)
{
	struct node_view v;
	size_t body_len, len;
	const uint8_t *b = body_finish(&body, &body_len);
	const uint8_t *n = node_finish(&builder, &len);
	uint8_t *base = (uint8_t *)memory;
	uint32_t ref = SEGMENT_FIRST / 8;

	ck_assert_ptr_nonnull(n);
	memcpy(base + SEGMENT_FIRST, b, body_len);
	memcpy(base + SEGMENT_FIRST + body_len, n, len);
	struct node_header *head = (void *)(base + SEGMENT_FIRST + body_len);
	head->body = ref;
	ref += (uint32_t)(body_len / 8);
	ck_assert(node_view(base, SEGMENT_FIRST + body_len + len, ref, &v));
	return v;
}

/* Expand the only RRset. */
static bool expand(struct lines *out)
{
	struct node_view v = finish();
	const uint8_t *cursor = v.rrsets;
	struct rrset rr;

	*out = (struct lines){0};
	ck_assert(node_next(&v, &cursor, &rr));
	return records_expand(&v, &rr, on_rdata, out);
}

static void expect(const char *text)
{
	struct lines l;

	ck_assert(expand(&l));
	ck_assert_str_eq(l.text, text);
}

static const uint8_t addrs4[] = {10, 1, 0, 1, 10, 1, 0, 2};

START_TEST(addresses)
{
	node_add_addrs(&builder, TYPE_A, 30, addrs4, 2, false);
	expect("10.1.0.1\n10.1.0.2\n");
}
END_TEST

START_TEST(addresses_in_the_body)
{
	static const uint8_t addrs6[32] = {0x20, 1, [15] = 1, [16] = 0x20, 1, [31] = 2};
	uint32_t at = body_addrs(&body, addrs6, 2, 16);

	node_add_body_addrs(&builder, TYPE_AAAA, 30, at, 2, false);
	expect("2001::1\n2001::2\n");
}
END_TEST

/* Places are no records: addresses stand in their own order (GS-05, GS-07). */
START_TEST(addresses_with_places)
{
	static const uint32_t places[] = {2, 1};
	static const uint8_t addrs6[32] = {0x20, 1, [15] = 1, [16] = 0x20, 1, [31] = 2};
	uint32_t at = 0;

	if (_i == 0) {
		node_add_addrs_placed(&builder, TYPE_A, 30, addrs4, 2, places);
		expect("10.1.0.1\n10.1.0.2\n");
		return;
	}
	ck_assert(body_placed(&body, addrs6, 2, 16, places, &at));
	node_add_body_placed(&builder, TYPE_AAAA, 30, at, 2);
	expect("2001::1\n2001::2\n");
}
END_TEST

START_TEST(srv_of_the_service_itself)
{
	static const uint16_t ports[] = {80, 8080};

	node_add_srv_self(&builder, 30, 50, 11, ports, 2);
	expect("0 50 80 db.shop.svc.cluster.local.\n"
	       "0 50 8080 db.shop.svc.cluster.local.\n");
}
END_TEST

START_TEST(srv_of_endpoints)
{
	static const struct endpoint_spec specs[] = {
		{(const uint8_t *)"db-0", 4, 1, 0, addrs4, NULL, NULL, NULL},
		{(const uint8_t *)"db-1", 4, 1, 0, addrs4 + 4, NULL, NULL, NULL},
	};
	struct srv_list lists[] = {
		{80, body_endpoints(&body, specs, 2), 2},
		{81, body_endpoints(&body, specs + 1, 1), 1},
	};

	node_add_srv_body(&builder, 30, 33, 11, lists, 2);
	expect("0 33 80 db-0.db.shop.svc.cluster.local.\n"
	       "0 33 80 db-1.db.shop.svc.cluster.local.\n"
	       "0 33 81 db-1.db.shop.svc.cluster.local.\n");
}
END_TEST

START_TEST(names)
{
	struct rdata_name targets[2] = {{.zone_len = 1}, {.zone_len = 1}};

	name_parse("a.example", &targets[0].name);
	name_parse(".", &targets[1].name);
	node_add_names(&builder, TYPE_PTR, 30, targets, 2);
	expect("a.example.\n.\n");
}
END_TEST

START_TEST(opaque)
{
	uint8_t rdatas[32];
	const uint16_t lens[] = {6, 2};

	memcpy(rdatas, &lens[0], 2);
	memcpy(rdatas + 2, "\0051.1.0", 6);
	memcpy(rdatas + 8, &lens[1], 2);
	memcpy(rdatas + 10, "\1x", 2);
	node_add_opaque(&builder, TYPE_TXT, 28800, rdatas, 12, 2);
	expect("\"1.1.0\"\n\"x\"\n");
}
END_TEST

/* Whatever octets a damaged endpoint list has: an end, and nothing read outside. */
START_TEST(damaged_endpoints)
{
	static const uint32_t places[] = {2, 1};
	const struct endpoint_spec spec = {(const uint8_t *)"db-0", 4, 2, 0, addrs4, NULL,
		_i == 0 ? NULL : places, NULL};
	struct srv_list list = {80, body_endpoints(&body, &spec, 1), 1};
	uint8_t *at = (uint8_t *)memory + SEGMENT_FIRST + sizeof(struct body_header);
	unsigned refused = 0;

	node_add_srv_body(&builder, 30, 33, 11, &list, 1);
	struct node_view v = finish();
	for (size_t i = 0; i < (_i == 0 ? 14 : 42); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			const uint8_t *cursor = v.rrsets;
			struct lines l = {0};
			struct rrset rr;

			at[i] ^= (uint8_t)(1u << bit);
			ck_assert(node_next(&v, &cursor, &rr));
			refused += !records_expand(&v, &rr, on_rdata, &l);
			at[i] ^= (uint8_t)(1u << bit);
		}
	}
	ck_assert_uint_gt(refused, 60);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dump");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, addresses_in_the_body);
	tcase_add_loop_test(tc, addresses_with_places, 0, 2);
	tcase_add_test(tc, srv_of_the_service_itself);
	tcase_add_test(tc, srv_of_endpoints);
	tcase_add_test(tc, names);
	tcase_add_test(tc, opaque);
	tcase_add_loop_test(tc, damaged_endpoints, 0, 2);
	return run_case("dump", tc);
}
