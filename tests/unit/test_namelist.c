/* test_namelist.c - what was put into a list of names comes out of it */
#include "controller/publish/namelist.h"
#include "support.h"

#include <stdio.h>

static const char *const texts[] = {
	"a.svc.cluster.local.",
	"_http._tcp.a.svc.cluster.local.",
	"_http._udp.a.svc.cluster.local.",
	"a.svc.cluster.local.",
	".",
	"b.a.svc.cluster.local.",
	"7.0.0.10.in-addr.arpa.",
	"17.0.0.10.in-addr.arpa.",
	"117.0.0.10.in-addr.arpa.",
	"ba.svc.cluster.local.",
	"a.svc.cluster.local.",
};

static void put(struct mem_buf *list, struct name *last, const char *text)
{
	uint8_t wire[256];
	size_t len = name_wire(text, wire);
	uint8_t *copy = exact_copy(wire, len);

	namelist_put(list, last, copy, len);
	free(copy);
}

static void expect(struct namelist_cursor *c, struct name *name, const char *text)
{
	uint8_t wire[256];
	size_t len = name_wire(text, wire);

	ck_assert(namelist_next(c, name));
	ck_assert_uint_eq(name->len, len);
	ck_assert_mem_eq(name->wire, wire, len);
}

START_TEST(round_trip)
{
	struct mem_buf list = {0};
	struct name last = {0}, name = {0};

	/* two lists, one behind the other */
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put(&list, &last, texts[i]);
	last = (struct name){0};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put(&list, &last, texts[i]);

	uint8_t *copy = exact_copy(list.data, list.len);
	struct namelist_cursor c = {.octets = copy, .len = list.len};
	for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++)
		expect(&c, &name, texts[i % ARRAY_LEN(texts)]);
	ck_assert(!namelist_next(&c, &name));
	free(copy);
	mem_buf_fini(&list);
}
END_TEST

/* Fifteen endpoints of a Service: two fifths of what their names have. */
START_TEST(small)
{
	struct mem_buf list = {0};
	struct name last = {0};
	size_t whole = 0;
	char text[128];
	uint8_t wire[256];

	for (unsigned i = 0; i < 15; i++) {
		snprintf(text, sizeof(text),
			"10-128-0-%u.svc-000000.ns-0.svc.cluster.local.", i);
		put(&list, &last, text);
		whole += name_wire(text, wire);
	}
	ck_assert_uint_lt(5 * list.len, 2 * whole);
	mem_buf_fini(&list);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("namelist");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, small);
	return run_case("namelist", tc);
}
