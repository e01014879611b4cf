/*
 * test_forward.c - forward settings through their octets, and which group has a name
 *
 * Rows: FW-01, FW-05, FW-16, AC-10, FT-03.
 */
#include "snap/forward.h"

#include <errno.h>

#include "base/mem.h"
#include "support.h"

static struct forward_settings *f, *g;
static uint8_t *octets;

static void setup(void)
{
	f = mem_alloc(1, sizeof(*f));
	g = mem_alloc(1, sizeof(*g));
	octets = mem_alloc(1, FORWARD_OCTETS_MAX);
}

static void teardown(void)
{
	free(f);
	free(g);
	free(octets);
}

static struct name named(const char *text)
{
	struct name n = {0};

	n.len = (uint8_t)name_wire(text, n.wire);
	return n;
}

static struct forward_group *add_group(const char *from)
{
	struct forward_group *group = &f->groups[f->ngroups++];

	group->digest = 1000u + f->ngroups;
	group->timeout_ms = 2000;
	group->expire_ms = 10000;
	group->probe_ms = 500;
	group->probe_type = 2;
	group->probe_name = named(".");
	if (from != NULL)
		group->from = named(from);
	return group;
}

static struct forward_names add_names(const char *a, const char *b)
{
	struct forward_names run = {f->nnames, 0};

	f->names[f->nnames++] = named(a);
	if (b != NULL)
		f->names[f->nnames++] = named(b);
	run.n = (uint8_t)(f->nnames - run.first);
	return run;
}

static struct addr address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, strlen(text), &a));
	return a;
}

static struct prefix cidr(const char *text)
{
	struct prefix p;

	ck_assert(addr_parse_prefix(text, strlen(text), &p));
	return p;
}

/* One of everything. */
static void fill(void)
{
	f->deadline_ms = 4500;
	f->forwarders = 2;
	f->loop = LOOP_WARN;
	f->text_len = 5;
	memcpy(f->text, "\0/ca", 5);
	struct forward_group *group = add_group("corp.example.");
	group->n = 2;
	group->ca = 1;
	group->failover = 1 << 2 | 1 << 5;
	group->hedge = group->edns = true;
	group->source = address("192.0.2.7");
	group->except = add_names("a.corp.example.", "b.corp.example.");
	add_group(".")->first = 2;
	add_group(NULL)->first = 2;
	f->bootstrap = true;
	f->groups[2].n = 1;
	f->nupstreams = 3;
	f->upstreams[0] = (struct forward_upstream){
		.addr = address("192.0.2.53"), .port = 53};
	f->upstreams[1] = (struct forward_upstream){
		.port = 853, .tls = true, .host = named("dns.example.")};
	f->upstreams[2] = (struct forward_upstream){.addr = address("fe80::1"),
		.port = 853,
		.scope = 3,
		.tls = true,
		.server = named("dns.example.")};
	f->nclients = 1;
	f->clients[0] = cidr("10.0.0.0/8");
	f->nown = 1;
	f->own[0] = cidr("fd00::/108");
	f->nflush = 1;
	f->flush[0] = (struct forward_flush){77, true, named("corp.example.")};
	f->cache.success_max_ttl_s = 30;
	f->cache.denial_max_ttl_s = UINT32_MAX;
	f->cache.prefetch_percent = 10;
	f->cache.stale_mode = STALE_VERIFY;
	f->cache.zones = add_names("corp.example.", NULL);
}

/* All comes back; every cut of it, and one octet more, is refused. */
START_TEST(there_and_back)
{
	fill();
	size_t len = forward_encode(f, octets);
	ck_assert_int_eq(forward_decode(octets, len, g), 0);
	ck_assert_mem_eq(f, g, sizeof(*f));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact_copy(octets, cut);

		ck_assert_int_eq(forward_decode(copy, cut, g), -EBADMSG);
		free(copy);
	}
	octets[len] = 0;
	ck_assert_int_eq(forward_decode(octets, len + 1, g), -EBADMSG);
}
END_TEST

/* Nothing at all is a valid setting: no miss is answered. */
START_TEST(zeroed)
{
	size_t len = forward_encode(f, octets);

	ck_assert_int_eq(forward_decode(octets, len, g), 0);
	ck_assert_mem_eq(f, g, sizeof(*f));
	ck_assert_int_eq(forward_group(g, (const uint8_t *)"", 1, -1), -1);
	ck_assert(!forward_allowed(g, &(struct addr){0}));
}
END_TEST

/* Lists at their limits still fit. */
START_TEST(largest)
{
	fill();
	while (f->nnames < FORWARD_NAMES_MAX)
		add_names("a.corp.example.", NULL);
	for (unsigned i = 3; i < FORWARD_POOL_MAX; i++)
		f->upstreams[i] = f->upstreams[i % 3];
	f->nupstreams = FORWARD_POOL_MAX;
	f->bootstrap = false;
	f->groups[2].from = named("x.");
	while (f->ngroups < FORWARD_GROUPS_MAX)
		*add_group("x.") = f->groups[0];
	for (unsigned i = 0; i < FORWARD_CLIENTS_MAX; i++)
		f->clients[i] = cidr("10.0.0.0/8");
	for (unsigned i = 0; i < FORWARD_OWN_MAX; i++)
		f->own[i] = cidr("10.0.0.0/8");
	for (unsigned i = 0; i < FORWARD_FLUSH_MAX; i++)
		f->flush[i] = f->flush[0];
	f->nclients = FORWARD_CLIENTS_MAX;
	f->nown = FORWARD_OWN_MAX;
	f->nflush = FORWARD_FLUSH_MAX;
	f->text_len = FORWARD_TEXT_MAX;
	size_t len = forward_encode(f, octets);
	ck_assert_uint_le(len, FORWARD_OCTETS_MAX);
	ck_assert_int_eq(forward_decode(octets, len, g), 0);
	ck_assert_mem_eq(f, g, sizeof(*f));
}
END_TEST

/* ---- what no reader may believe ---- */

static void many_upstreams(void)
{
	f->groups[0].n = FORWARD_UPSTREAMS_MAX + 1;
	f->nupstreams = 20;
	for (unsigned i = 3; i < 20; i++)
		f->upstreams[i] = f->upstreams[0];
}

static void upstreams_outside(void)
{
	f->groups[1].first = 2;
	f->groups[1].n = 2;
}

static void names_outside(void)
{
	f->groups[0].except.n = 4;
}

static void text_outside(void)
{
	f->groups[1].key = 5;
}

static void text_without_end(void)
{
	f->text[4] = 'x';
}

static void no_from(void)
{
	f->bootstrap = false;
}

static void from_of_bootstrap(void)
{
	f->groups[2].from = named(".");
}

static void upper_case(void)
{
	f->names[0].wire[1] = 'A';
}

static void half_a_name(void)
{
	f->names[0].wire[0] = 60;
}

static void no_name(void)
{
	f->names[1].len = 0;
}

static void no_port(void)
{
	f->upstreams[0].port = 0;
}

static void neither_address_nor_name(void)
{
	f->upstreams[0].addr = (struct addr){0};
}

static void odd_address(void)
{
	f->upstreams[0].addr.len = 5;
}

static void octets_behind_address(void)
{
	f->upstreams[0].addr.octets[9] = 1;
}

static void long_prefix(void)
{
	f->clients[0].bits = 33;
}

static void policy(void)
{
	f->groups[0].policy = FORWARD_SEQUENTIAL + 1;
}

static void no_time(void)
{
	f->groups[0].timeout_ms = 0;
}

static void long_time(void)
{
	f->cache.stale_timeout_ms = FORWARD_TIME_MAX_MS + 1;
}

static void stale(void)
{
	f->cache.stale_mode = STALE_IMMEDIATE + 1;
}

static void many_forwarders(void)
{
	f->forwarders = FORWARDERS_MAX + 1;
}

static void many_groups(void)
{
	f->ngroups = FORWARD_GROUPS_MAX + 1;
}

static void long_text(void)
{
	f->text_len = FORWARD_TEXT_MAX + 1;
}

static void (*const spoil[])(void) = {many_upstreams, upstreams_outside, names_outside,
	text_outside, text_without_end, no_from, from_of_bootstrap, upper_case,
	half_a_name, no_name, no_port, neither_address_nor_name, odd_address,
	octets_behind_address, long_prefix, policy, no_time, long_time, stale,
	many_forwarders, many_groups, long_text};

START_TEST(spoilt)
{
	fill();
	spoil[_i]();
	ck_assert_int_eq(forward_decode(octets, forward_encode(f, octets), g), -EBADMSG);
}
END_TEST

/* Any octet may have any value: what is taken then is sound (G10). */
START_TEST(any_octet)
{
	fill();
	size_t len = forward_encode(f, octets);
	for (size_t i = 0; i < len; i++)
		for (unsigned flip = 1; flip < 256; flip <<= 1) {
			uint8_t *copy = exact_copy(octets, len);

			copy[i] = (uint8_t)(copy[i] ^ flip);
			if (forward_decode(copy, len, g) == 0)
				ck_assert_uint_eq(forward_encode(g, copy), len);
			free(copy);
		}
}
END_TEST

/* ---- which group ---- */

static int group_of(const char *text, int after)
{
	struct name n = named(text);

	return forward_group(f, n.wire, n.len, after);
}

/* The longest `from` wins, `except` takes names away, `after` looks on (FW-16). */
START_TEST(longest)
{
	add_group(".");
	add_group("example.");
	add_group("corp.example.")->except = add_names("a.corp.example.", NULL);
	add_group("corp.example."); /* behind its equal */
	ck_assert_int_eq(group_of("example.com.", -1), 0);
	ck_assert_int_eq(group_of(".", -1), 0);
	ck_assert_int_eq(group_of("example.", -1), 1);
	ck_assert_int_eq(group_of("xexample.", -1), 0);
	ck_assert_int_eq(group_of("corp.example.", -1), 2);
	ck_assert_int_eq(group_of("b.corp.example.", -1), 2);
	ck_assert_int_eq(group_of("xa.corp.example.", -1), 2);
	ck_assert_int_eq(group_of("a.corp.example.", -1), 3);
	ck_assert_int_eq(group_of("x.a.corp.example.", -1), 3);
	ck_assert_int_eq(group_of("b.corp.example.", 2), 3);
	ck_assert_int_eq(group_of("b.corp.example.", 3), 1);
	ck_assert_int_eq(group_of("b.corp.example.", 1), 0);
	ck_assert_int_eq(group_of("b.corp.example.", 0), -1);
}
END_TEST

/* Names that nobody takes; and the bootstrap group takes none. */
START_TEST(nobody)
{
	add_group("example.")->except = add_names("x.example.", NULL);
	add_group(NULL);
	f->bootstrap = true;
	ck_assert_int_eq(group_of("test.", -1), -1);
	ck_assert_int_eq(group_of("x.example.", -1), -1);
	ck_assert_int_eq(group_of("y.example.", -1), 0);
	ck_assert_int_eq(group_of("y.example.", 0), -1);
	ck_assert_int_eq(forward_by_digest(f, 1002), 1);
	ck_assert_int_eq(forward_by_digest(f, 1003), -1);
}
END_TEST

/* AC-10. Nobody known is nobody, unless everybody may. */
START_TEST(clients)
{
	struct addr in = address("10.1.2.3"), out = address("11.1.2.3"),
		    six = address("fd00::1"), none = {0};

	ck_assert(!forward_allowed(f, &in));
	f->clients[0] = cidr("10.0.0.0/8");
	f->clients[1] = cidr("fd00::/8");
	f->nclients = 2;
	ck_assert(forward_allowed(f, &in));
	ck_assert(forward_allowed(f, &six));
	ck_assert(!forward_allowed(f, &out));
	ck_assert(!forward_allowed(f, &none));
	f->everybody = true;
	ck_assert(forward_allowed(f, &out));
	ck_assert(forward_allowed(f, &none));
}
END_TEST

static const struct {
	const char *name;
	bool stays;
} reverse[] = {
	{"1.0.96.10.in-addr.arpa.", true},
	{"255.255.111.10.in-addr.arpa.", true},
	{"1.0.112.10.in-addr.arpa.", false},
	{"96.10.in-addr.arpa.", true}, /* all of its addresses are ours */
	{"10.in-addr.arpa.", false},
	{"x.1.0.96.10.in-addr.arpa.", true},
	{"x.96.10.in-addr.arpa.", true},
	{"1.0.96.10.x.in-addr.arpa.", false},
	{"1.0.096.10.in-addr.arpa.", false},
	{"1.0.96.10.in-addr.arp.", false},
	{"in-addr.arpa.", false},
	{"ip6.arpa.", false},
	{".", false},
	{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
		true},
	{"1.0.0.0.d.f.ip6.arpa.", true},
	{"1.d.f.ip6.arpa.", false},
	{"0.0.d.f.ip6.arpa.", true},
	{"d.f.ip6.arpa.", false},
	{"g.0.0.d.f.ip6.arpa.", true},
	{"00.d.f.ip6.arpa.", false},
};

START_TEST(stays) /* FT-03 */
{
	struct name n = named(reverse[_i].name);

	ck_assert(!forward_stays(f, n.wire, n.len));
	f->nown = 2;
	f->own[0] = cidr("10.96.0.0/12");
	f->own[1] = cidr("fd00::/16");
	ck_assert_msg(forward_stays(f, n.wire, n.len) == reverse[_i].stays, "%s",
		reverse[_i].name);
}
END_TEST

/* CA-21: what takes the place of two. */
START_TEST(flushes_are_joined)
{
	static const struct {
		const char *older, *newer, *both;
		bool older_below, newer_below, below;
	} rows[] = {
		{"a.b.", "a.b.", "a.b.", false, false, false},
		{"a.b.", "a.b.", "a.b.", true, false, true},
		{"a.b.", "a.b.", "a.b.", false, true, true},
		{"x.a.b.", "a.b.", "a.b.", false, false, true},
		{"a.b.", "x.a.b.", "a.b.", false, false, true},
		{"xa.b.", "a.b.", "b.", false, false, true},
		{"a.b.", "a.c.", ".", false, false, true},
		{".", "a.c.", ".", false, false, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct forward_flush older = {.at_ns = 5, .below = rows[i].older_below};
		struct forward_flush newer = {.at_ns = 7, .below = rows[i].newer_below};
		struct name both;

		ck_assert_int_eq(name_parse(rows[i].older, &older.name), 0);
		ck_assert_int_eq(name_parse(rows[i].newer, &newer.name), 0);
		ck_assert_int_eq(name_parse(rows[i].both, &both), 0);
		const struct forward_flush all = forward_join(&older, &newer);
		ck_assert_uint_eq(all.at_ns, 7);
		ck_assert_uint_eq(all.name.len, both.len);
		ck_assert_mem_eq(all.name.wire, both.wire, both.len);
		ck_assert_int_eq(all.below, rows[i].below);
		ck_assert(forward_forgets(&all, older.name.wire, older.name.len));
		ck_assert(forward_forgets(&all, newer.name.wire, newer.name.len));
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("forward");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, zeroed);
	tcase_add_test(tc, largest);
	tcase_add_loop_test(tc, spoilt, 0, ARRAY_LEN(spoil));
	tcase_add_test(tc, any_octet);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, nobody);
	tcase_add_test(tc, clients);
	tcase_add_test(tc, flushes_are_joined);
	tcase_add_loop_test(tc, stays, 0, ARRAY_LEN(reverse));
	return run_case("forward", tc);
}
