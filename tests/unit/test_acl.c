/*
 * test_acl.c - access rules through their octets, and what they say of whom
 *
 * Rows: AC-01, AC-03.
 */
#include "snap/acl.h"

#include <errno.h>

#include "base/mem.h"
#include "support.h"

static struct acl_settings *a, *b;
static uint8_t *octets;

static void setup(void)
{
	a = mem_alloc(1, sizeof(*a));
	b = mem_alloc(1, sizeof(*b));
	octets = mem_alloc(1, ACL_OCTETS_MAX);
}

static void teardown(void)
{
	free(a);
	free(b);
	free(octets);
}

static struct addr address(const char *text)
{
	struct addr addr;

	ck_assert(addr_parse(text, strlen(text), &addr));
	return addr;
}

static struct acl_rule *add_rule(enum acl_action action)
{
	struct acl_rule *r = &a->rules[a->nrules++];

	r->action = (uint8_t)action;
	return r;
}

static void add_net(const char *cidr, uint64_t rules)
{
	struct acl_net *n = &a->nets[a->nnets++];

	ck_assert(addr_parse_prefix(cidr, strlen(cidr), &n->net));
	n->rules = rules;
}

static void add_namespace(const char *text, uint64_t rules)
{
	struct acl_namespace *n = &a->namespaces[a->nnamespaces++];

	space_set(&n->name, text, strlen(text));
	n->rules = rules;
	a->by_namespace |= rules;
}

static struct acl_run add_zone(const char *zone)
{
	struct name *n = &a->names[a->nnames];

	n->len = (uint8_t)name_wire(zone, n->wire);
	return (struct acl_run){a->nnames++, 1};
}

static struct acl_run add_type(uint16_t type)
{
	a->types[a->ntypes] = type;
	return (struct acl_run){a->ntypes++, 1};
}

/* One of everything: nets in wrong order, twice, within each other. */
static void fill(void)
{
	add_rule(ACL_ALLOW)->zones = add_zone("open.example.");
	add_rule(ACL_DROP)->types = add_type(255);
	add_rule(ACL_FILTER);
	add_rule(ACL_BLOCK)->zones = add_zone("example.");
	a->anybody = 1 << 3;
	add_net("10.1.2.0/24", 1 << 2);
	add_net("fd00::/8", 1 << 1);
	add_net("10.0.0.0/8", 1 << 0);
	add_net("10.1.2.0/24", 1 << 1);
	add_net("10.1.2.3/32", 0);
	add_net("192.0.2.0/24", 1 << 2);
	add_namespace("shop", 1 << 3);
	add_namespace("a", 1 << 1);
	add_namespace("sho", 1 << 1);
	add_namespace("shop", 1 << 1);
	acl_index(a);
}

static void put_octet(size_t at, uint8_t octet)
{
	octets[at] = octet;
}

/* All comes back; every cut of it, and one octet more, is refused. */
START_TEST(there_and_back)
{
	fill();
	size_t len = acl_encode(a, octets);
	ck_assert_uint_eq(a->nnets, 5);
	ck_assert_uint_eq(a->nnamespaces, 3);
	ck_assert_int_eq(acl_decode(octets, len, b), 0);
	ck_assert_mem_eq(a, b, sizeof(*a));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact_copy(octets, cut);

		ck_assert_int_eq(acl_decode(copy, cut, b), -EBADMSG);
		free(copy);
	}
	octets[len] = 0;
	ck_assert_int_eq(acl_decode(octets, len + 1, b), -EBADMSG);
}
END_TEST

/* The largest there may be: its octets fit, and all of it comes back. */
START_TEST(full)
{
	for (unsigned i = 0; i < ACL_RULES_MAX; i++)
		add_rule(i % ACL_ACTIONS)->zones = (struct acl_run){0, ACL_NAMES_MAX};
	for (unsigned i = 0; i < ACL_NAMES_MAX; i++) {
		a->names[i].len = NAME_MAX_LEN;
		for (unsigned k = 0; k < NAME_MAX_LEN - 1; k += 2)
			memcpy(a->names[i].wire + k, "\1a", 2);
	}
	a->nnames = ACL_NAMES_MAX;
	a->ntypes = ACL_TYPES_MAX;
	for (unsigned i = 0; i < ACL_NETS_MAX; i++) {
		a->nets[i].net = (struct prefix){
			{16, {0xfd, (uint8_t)(i >> 8), (uint8_t)i}}, 24};
		a->nets[i].rules = UINT64_C(1) << i % 64;
	}
	a->nnets = ACL_NETS_MAX;
	for (unsigned i = 0; i < ACL_NAMESPACES_MAX; i++) {
		struct acl_namespace *n = &a->namespaces[a->nnamespaces++];

		n->name.len = sizeof(n->name.octets);
		memset(n->name.octets, 'a', n->name.len);
		n->name.octets[0] = (char)('a' + i % 16);
		n->name.octets[1] = (char)('a' + i / 16 % 16);
		n->name.octets[2] = (char)('a' + i / 256);
		n->rules = 1;
	}
	a->by_namespace = 1;
	acl_index(a);
	ck_assert_uint_eq(a->nnamespaces, ACL_NAMESPACES_MAX);
	size_t len = acl_encode(a, octets);
	ck_assert_uint_le(len, ACL_OCTETS_MAX);
	ck_assert_int_eq(acl_decode(octets, len, b), 0);
	ck_assert_mem_eq(a, b, sizeof(*a));
}
END_TEST

/* What leads out of its pool, or is out of order, is refused. */
START_TEST(hostile)
{
	enum { RULES, NAMES, TYPES, NETS, ANYBODY = 5 };
	static const struct {
		size_t at;
		uint8_t octet;
	} rows[] = {{RULES, 65}, {RULES, 1}, {NAMES, 0}, {TYPES, 200}, {NETS + 1, 17},
		{ANYBODY, 1 << 4}, {ANYBODY + 7, 0x80}};

	fill();
	/* names of 1, 3 and 4 octets, each with its length and a word */
	size_t len = acl_encode(a, octets), spaces = len - (10 + 12 + 13);
	size_t named = spaces - 8, nets = named - 2 - 5 * (size_t)26;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t old = octets[rows[i].at];

		put_octet(rows[i].at, rows[i].octet);
		ck_assert_msg(acl_decode(octets, len, b) == -EBADMSG, "row %zu", i);
		put_octet(rows[i].at, old);
	}
	ck_assert_int_eq(acl_decode(octets, len, b), 0);
	put_octet(nets + 26 + 18, 0); /* a rule of the wider net is missing */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(nets + 26 + 18, 1 | 1 << 1 | 1 << 2);
	ck_assert_int_eq(acl_decode(octets, len, b), 0);
	put_octet(nets + 4, 1); /* an octet behind the prefix */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(nets + 4, 0);
	put_octet(nets + 1, 11); /* out of order */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(nets + 1, 10);
	ck_assert_int_eq(acl_decode(octets, len, b), 0);
	put_octet(spaces + 1, 'z'); /* out of order */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(spaces + 1, 'a');
	put_octet(spaces, 64);
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(spaces, 0);
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(spaces, 1);
	put_octet(named, 1 << 3); /* a rule that is about no namespace has one */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
	put_octet(named, 1 << 3 | 1 << 1);
	put_octet(named - 1, 5); /* more than there may be */
	ck_assert_int_eq(acl_decode(octets, len, b), -EBADMSG);
}
END_TEST

/* AC-01: which rules are about whom, and the first of them that fits counts. */
START_TEST(first_match)
{
	static const struct {
		const char *client;
		uint64_t rules;
		const char *name;
		uint16_t type;
		enum acl_action action;
	} rows[] = {
		{"10.1.2.3", 15, "open.example.", 255, ACL_ALLOW},
		{"10.1.2.3", 15, "a.open.example.", 1, ACL_ALLOW},
		{"10.1.2.3", 15, "xopen.example.", 255, ACL_DROP},
		{"10.1.2.3", 15, "other.", 255, ACL_DROP},
		{"10.1.2.3", 15, "xopen.example.", 1, ACL_FILTER},
		{"10.1.2.255", 15, "other.", 1, ACL_FILTER},
		{"10.1.3.0", 9, "other.", 255, ACL_ALLOW},
		{"10.1.3.0", 9, "example.", 255, ACL_BLOCK},
		{"10.255.255.255", 9, "open.example.", 1, ACL_ALLOW},
		{"11.0.0.0", 8, "open.example.", 1, ACL_BLOCK},
		{"9.255.255.255", 8, "open.example.", 1, ACL_BLOCK},
		{"fd12::1", 10, "open.example.", 255, ACL_DROP},
		{"fd12::1", 10, "open.example.", 1, ACL_BLOCK},
		{"fe80::1", 8, ".", 1, ACL_ALLOW},
	};
	uint8_t name[NAME_MAX_LEN];

	fill();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct addr client = address(rows[i].client);
		const size_t len = name_wire(rows[i].name, name);
		const uint64_t rules = acl_rules(a, &client);

		ck_assert_msg(rules == rows[i].rules, "row %zu: %x", i, (unsigned)rules);
		ck_assert_msg(
			acl_judge(a, rules, name, len, rows[i].type) == rows[i].action,
			"row %zu", i);
	}
	ck_assert_uint_eq(acl_rules(a, &(struct addr){0}), 8); /* nobody known */
}
END_TEST

/* AC-03: who is in no namespace that a rule names has none of these rules. */
START_TEST(by_namespace)
{
	static const struct {
		const char *namespace;
		uint64_t rules;
	} rows[] = {{"", 5}, {"shop", 15}, {"sho", 7}, {"a", 7}, {"shopp", 5}, {"b", 5},
		{"0", 5}, {"z", 5}};

	fill();
	ck_assert_uint_eq(a->by_namespace, 1 << 1 | 1 << 3);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const size_t len = strlen(rows[i].namespace);

		ck_assert_msg(
			acl_rules_of(a, 15, rows[i].namespace, len) == rows[i].rules,
			"row %zu", i);
		ck_assert_uint_eq(acl_rules_of(a, 1 << 3, rows[i].namespace, len),
			rows[i].rules & 1 << 3);
	}
	ck_assert_uint_eq(acl_rules_of(a, 15, NULL, 0), 5);
}
END_TEST

/* No rule: everybody may know of everything. */
START_TEST(zeroed)
{
	const struct addr client = address("10.0.0.1");

	ck_assert_int_eq(acl_decode(octets, acl_encode(a, octets), b), 0);
	ck_assert_mem_eq(a, b, sizeof(*a));
	ck_assert_uint_eq(acl_rules(b, &client), 0);
	ck_assert_int_eq(acl_judge(b, 0, (const uint8_t *)"", 1, 1), ACL_ALLOW);
}
END_TEST

static struct addr some_address(uint64_t *random)
{
	const uint64_t r = next_random(random);
	struct addr addr = {.len = (r & 1) != 0 ? 4 : 16};

	for (unsigned i = 0; i < addr.len; i++)
		addr.octets[i] = (uint8_t)(next_random(random) & 0x81);
	return addr;
}

/* The table against nets that are gone through one by one. */
START_TEST(model)
{
	struct acl_net *plain = mem_alloc(ACL_NETS_MAX, sizeof(*plain));
	uint64_t random = 7;

	a->nrules = ACL_RULES_MAX;
	for (unsigned i = 0; i < ACL_NETS_MAX; i++) {
		struct prefix *p = &plain[i].net;

		p->addr = some_address(&random);
		p->bits = (uint8_t)(next_random(&random) % (8u * p->addr.len + 1));
		for (unsigned k = p->bits; k < 8u * p->addr.len; k++)
			p->addr.octets[k / 8] &= (uint8_t) ~(0x80u >> k % 8);
		plain[i].rules = UINT64_C(1) << next_random(&random) % 64;
	}
	memcpy(a->nets, plain, ACL_NETS_MAX * sizeof(*plain));
	a->nnets = ACL_NETS_MAX;
	acl_index(a);
	ck_assert_int_eq(acl_decode(octets, acl_encode(a, octets), b), 0);
	for (unsigned i = 0; i < 2000; i++) {
		const struct addr client = some_address(&random);
		uint64_t expected = 0;

		for (unsigned k = 0; k < ACL_NETS_MAX; k++)
			if (addr_in_prefix(client.octets, client.len, &plain[k].net))
				expected |= plain[k].rules;
		ck_assert_uint_eq(acl_rules(b, &client), expected);
	}
	free(plain);
}
END_TEST

START_TEST(texts)
{
	ck_assert_str_eq(acl_action_text(ACL_ALLOW), "allow");
	ck_assert_str_eq(acl_action_text(ACL_BLOCK), "block");
	ck_assert_str_eq(acl_action_text(ACL_FILTER), "filter");
	ck_assert_str_eq(acl_action_text(ACL_DROP), "drop");
	ck_assert_ptr_null(acl_action_text(ACL_ACTIONS));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("acl");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, full);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, first_match);
	tcase_add_test(tc, by_namespace);
	tcase_add_test(tc, zeroed);
	tcase_add_test(tc, model);
	tcase_add_test(tc, texts);
	return run_case("acl", tc);
}
