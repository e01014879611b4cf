/*
 * test_visibility.c - rules of visibility through their octets, and what they say of whom
 *
 * Rows: AC-04.
 */
#include "snap/visibility.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "snap/settings.h"
#include "support.h"

static struct visibility_settings *a, *b;
static uint8_t *octets;

static void setup(void)
{
	a = mem_alloc(1, sizeof(*a));
	b = mem_alloc(1, sizeof(*b));
	octets = mem_alloc(1, VISIBILITY_OCTETS_MAX);
}

static void teardown(void)
{
	free(a);
	free(b);
	free(octets);
}

static void add(const char *text, uint64_t from, uint64_t to)
{
	struct visibility_namespace *n = &a->namespaces[a->nnamespaces++];

	space_set(&n->name, text, strlen(text));
	n->from = from;
	n->to = to;
}

/*
 * { from = [ "*" ]; to = [ "default" ]; },
 * { from = [ "team-a", "team" ]; to = [ "db" ]; },
 * { from = [ "ops" ]; to = [ "*" ]; },
 * { from = [ "team-a" ]; to = [ "web" ]; }
 */
static void fill(void)
{
	a->nrules = 4;
	a->from_all = 1 << 0;
	a->to_all = 1 << 2;
	add("web", 0, 1 << 3);
	add("team-a", 1 << 1, 0);
	add("default", 0, 1 << 0);
	add("team", 1 << 1, 0);
	add("ops", 1 << 2, 0);
	add("db", 0, 1 << 1);
	add("team-a", 1 << 3, 0);
	visibility_index(a);
}

static bool sees(const char *from, const char *to)
{
	const struct viewer who = visibility_viewer(a, from, strlen(from));

	return visibility_sees(&who, to, strlen(to));
}

/* All comes back; every cut of it, and one octet more, is refused. */
START_TEST(there_and_back)
{
	fill();
	size_t len = visibility_encode(a, octets);
	ck_assert_uint_eq(a->nnamespaces, 6);
	ck_assert_uint_le(len, VISIBILITY_OCTETS_MAX);
	ck_assert_int_eq(visibility_decode(octets, len, b), 0);
	ck_assert_mem_eq(a, b, sizeof(*a));
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = mem_dup(
			(const char *)octets, cut); /* so that reading on shows */

		ck_assert_int_eq(
			visibility_decode((const uint8_t *)copy, cut, b), -EBADMSG);
		free(copy);
	}
	octets[len] = 0;
	ck_assert_int_eq(visibility_decode(octets, len + 1, b), -EBADMSG);
}
END_TEST

/* As much as there can be fits. */
START_TEST(full)
{
	a->nrules = VISIBILITY_RULES_MAX;
	a->from_all = a->to_all = UINT64_MAX;
	for (unsigned i = 0; i < VISIBILITY_NAMESPACES_MAX; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%063u", i);
		add(text, UINT64_MAX, UINT64_C(1) << i % 64);
	}
	visibility_index(a);
	size_t len = visibility_encode(a, octets);
	ck_assert_uint_le(len, VISIBILITY_OCTETS_MAX);
	ck_assert_int_eq(visibility_decode(octets, len, b), 0);
	ck_assert_mem_eq(a, b, sizeof(*a));
}
END_TEST

/* Octets that no encoder writes: rules and names that are none, names out of order. */
START_TEST(hostile)
{
	fill();
	const size_t len = visibility_encode(a, octets), first = 1 + 8 + 8 + 2;
	/* "db": its length, its octets, its two words; "default" behind it */
	const struct {
		size_t at;
		uint8_t octet;
	} rows[] = {{0, VISIBILITY_RULES_MAX + 1}, {0, 3}, {1, 1 << 4}, {9, 1 << 4},
		{first - 1, 5}, {first, 0}, {first, 64}, {first + 1, 'e'},
		{first + 3, 1 << 4}, {first + 3 + 8, 1 << 4}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint8_t was = octets[rows[i].at];

		octets[rows[i].at] = rows[i].octet;
		ck_assert_msg(
			visibility_decode(octets, len, b) == -EBADMSG, "row %zu", i);
		octets[rows[i].at] = was;
	}
	ck_assert_int_eq(visibility_decode(octets, len, b), 0);
}
END_TEST

static const struct {
	const char *from, *to;
	bool sees;
} rows[] = {
	{"team-a", "team-a", true}, /* itself, always */
	{"x", "x", true},
	{"", "default", true}, /* everybody, known or not */
	{"x", "default", true},
	{"team", "db", true},
	{"team-a", "db", true},
	{"team-a", "web", true}, /* rules add up */
	{"team", "web", false},
	{"db", "team", false}, /* not the other way round */
	{"", "db", false},     /* who is not known sees what everybody sees */
	{"", "x", false},
	{"x", "db", false},
	{"team-", "db", false}, /* parts of names */
	{"team-aa", "db", false},
	{"team-a", "d", false},
	{"team-a", "dbb", false},
	{"ops", "db", true}, /* all, whether any rule names it or not */
	{"ops", "elsewhere", true},
	{"default", "ops", false},
};

START_TEST(who_sees_what)
{
	fill();
	ck_assert_msg(sees(rows[_i].from, rows[_i].to) == rows[_i].sees, "%s -> %s",
		rows[_i].from, rows[_i].to);
}
END_TEST

START_TEST(zeroed)
{
	ck_assert_int_eq(visibility_decode(octets, visibility_encode(a, octets), b), 0);
	ck_assert(sees("a", "b") && sees("", "b") && sees("", ""));
	a->nrules = 1; /* about nobody: then everybody sees itself alone */
	ck_assert(sees("a", "a") && !sees("a", "b") && !sees("", "b"));
}
END_TEST

/* Random rules against the sentence that they are to be. */
START_TEST(model)
{
	bool from[64][9] = {{false}}, to[64][9] = {{false}}; /* the last one: "*" */
	uint32_t seed = 1 + (uint32_t)_i;

	a->nrules = (uint8_t)(1 + _i % 64);
	for (unsigned r = 0; r < a->nrules; r++) {
		for (unsigned k = 0; k < 9; k++) {
			seed = seed * 1664525 + 1013904223;
			from[r][k] = seed >> 24 < (k < 8 ? 30 : 3);
			to[r][k] = (seed >> 8 & 255) < (k < 8 ? 30 : 3);
			if (k == 8) {
				a->from_all |= (uint64_t)from[r][8] << r;
				a->to_all |= (uint64_t)to[r][8] << r;
			} else if (from[r][k] || to[r][k]) {
				add((char[2]){(char)('a' + k)}, (uint64_t)from[r][k] << r,
					(uint64_t)to[r][k] << r);
			}
		}
	}
	visibility_index(a);
	for (unsigned x = 0; x < 9; x++) { /* the last one is not known */
		for (unsigned y = 0; y < 8; y++) {
			bool expected = x == y;

			for (unsigned r = 0; r < a->nrules; r++)
				expected |= (from[r][8] || (x < 8 && from[r][x])) &&
				            (to[r][8] || to[r][y]);
			ck_assert_msg(sees((char[2]){x < 8 ? (char)('a' + x) : '\0'},
					      (char[2]){(char)('a' + y)}) == expected,
				"%u -> %u", x, y);
		}
	}
}
END_TEST

static const struct {
	const char *name, *namespace; /* in zone "cluster.local."; "": of none */
} names[] = {
	{"cluster.local.", ""},
	{"svc.cluster.local.", ""},
	{"pod.cluster.local.", ""},
	{"dns.cluster.local.", ""},
	{"ns.dns.cluster.local.", ""},
	{"shop.svc.cluster.local.", "shop"},
	{"shop.pod.cluster.local.", "shop"},
	{"web.shop.svc.cluster.local.", "shop"},
	{"_http._tcp.web.shop.svc.cluster.local.", "shop"},
	{"1-2-3-4.shop.pod.cluster.local.", "shop"},
	{"a.b.c.d.e.shop.svc.cluster.local.", "shop"},
	{"svc.svc.cluster.local.", "svc"},
	{"shop.svc.pod.cluster.local.", "svc"},
	{"web.shop.svcs.cluster.local.", ""},
	{"web.shop.sv.cluster.local.", ""},
	{"web.shop.cluster.local.", ""},
	{"shop.svc.svc2.cluster.local.", ""},
};

START_TEST(whose_name)
{
	uint8_t wire[NAME_MAX_LEN], zone[NAME_MAX_LEN];
	const size_t zone_len = name_wire("cluster.local.", zone);
	const size_t len = name_wire(names[_i].name, wire);
	const char *namespace = NULL;
	const size_t n = visibility_namespace(wire, len, zone_len, &namespace);

	ck_assert_uint_eq(n, strlen(names[_i].namespace));
	if (n > 0)
		ck_assert_mem_eq(namespace, names[_i].namespace, n);
}
END_TEST

/* Names of other zones than the cluster's are everybody's; targets may be in capitals. */
START_TEST(by_zone)
{
	struct settings *s = mem_alloc(1, sizeof(*s));
	static const uint8_t kinds[] = {
		ZONE_FORWARD, ZONE_REVERSE, ZONE_MULTICLUSTER, ZONE_FILE};
	uint8_t wire[NAME_MAX_LEN];
	const size_t len = name_wire("WEB.Shop.SVC.cluster.LOCAL.", wire);

	s->nzones = 1;
	s->zones[0].name.len = (uint8_t)name_wire(
		"cluster.local.", s->zones[0].name.wire);
	settings_index(s);
	s->visibility.nrules = 1;
	const struct viewer stranger = visibility_viewer(&s->visibility, "x", 1);
	const struct viewer own = visibility_viewer(&s->visibility, "shop", 4);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		s->zones[0].kind = kinds[i];
		ck_assert_int_eq(settings_tells(s, &stranger, wire, len),
			kinds[i] == ZONE_REVERSE || kinds[i] == ZONE_FILE);
		ck_assert(settings_tells(s, &own, wire, len));
	}
	ck_assert(settings_sees(s, &stranger, -1, wire, len));
	free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("visibility");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, full);
	tcase_add_test(tc, hostile);
	tcase_add_loop_test(tc, who_sees_what, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, zeroed);
	tcase_add_loop_test(tc, model, 0, 128);
	tcase_add_loop_test(tc, whose_name, 0, ARRAY_LEN(names));
	tcase_add_test(tc, by_zone);
	return run_case("visibility", tc);
}
