/*
 * test_zonetree.c - which names exist (RX-20), against a plain model
 *
 * The model holds what the trie would: for each name of a small zone nothing, an empty
 * non-terminal or a node. After each settling it must be what the set of own names says.
 */
#include "controller/publish/zonetree.h"

#include <errno.h>

#include "support.h"

#define NAMES 85 /* 1 + 4 + 16 + 64: all names of up to three labels a..d, and the apex */

enum { NONE, EMPTY, NAMED };

static const struct hash_key key = {1, 2, UINT64_MAX};
static const struct zonetree_zone zone = {.number = 3, .len = 3}; /* "z." */

struct model {
	uint8_t wire[NAMES][16];
	size_t len[NAMES];
	struct hash128 hash[NAMES];
	int parent[NAMES];
	bool own[NAMES];
	int trie[NAMES];
	int fail_after; /* calls that succeed before one fails; -1: none fails */
};

static void add_name(struct model *m, int i, int parent, char label)
{
	m->wire[i][0] = 1;
	m->wire[i][1] = (uint8_t)label;
	memcpy(m->wire[i] + 2, m->wire[parent], m->len[parent]);
	m->len[i] = m->len[parent] + 2;
	m->parent[i] = parent;
}

static void init(struct model *m)
{
	int next = 1;

	memset(m, 0, sizeof(*m));
	m->fail_after = -1;
	memcpy(m->wire[0], "\1z", 3);
	m->len[0] = 3;
	m->parent[0] = -1;
	for (int p = 0; next < NAMES; p++)
		for (char c = 'a'; c <= 'd'; c++)
			add_name(m, next++, p, c);
	for (int i = 0; i < NAMES; i++)
		m->hash[i] = hash_name(&key, m->wire[i], m->len[i]);
}

static int find(const struct model *m, const struct hash128 *h)
{
	for (int i = 0; i < NAMES; i++)
		if (m->hash[i].path == h->path && m->hash[i].check == h->check)
			return i;
	ck_abort_msg("a hash of no name");
	return -1;
}

static bool fails(struct model *m)
{
	if (m->fail_after < 0)
		return false;
	return m->fail_after-- == 0;
}

static int on_empty(void *arg, const struct hash128 *h, uint8_t z)
{
	struct model *m = arg;

	ck_assert_uint_eq(z, 3);
	if (fails(m))
		return -ENOSPC;
	m->trie[find(m, h)] = EMPTY;
	return 0;
}

static int on_gone(void *arg, const struct hash128 *h, const uint8_t *name, size_t len)
{
	struct model *m = arg;
	int i = find(m, h);

	if (fails(m))
		return -ENOSPC;
	ck_assert_int_eq(m->trie[i], name == NULL ? EMPTY : NAMED);
	if (name != NULL) {
		ck_assert_uint_eq(len, m->len[i]);
		ck_assert_mem_eq(name, m->wire[i], len);
	}
	m->trie[i] = NONE;
	return 0;
}

static const struct zonetree_handlers handlers = {on_empty, on_gone};

static void own(struct zonetree *t, struct model *m, int i, bool on)
{
	m->own[i] = on;
	if (on)
		m->trie[i] = NAMED; /* the caller puts it first */
	zonetree_own(t, m->wire[i], m->len[i], &zone, on);
}

static void check(const struct model *m)
{
	bool below[NAMES] = {false};

	for (int i = NAMES - 1; i > 0; i--)
		if (m->own[i] || below[i])
			below[m->parent[i]] = true;
	for (int i = 0; i < NAMES; i++)
		ck_assert_msg(m->trie[i] == (m->own[i]         ? NAMED
						    : below[i] ? EMPTY
							       : NONE),
			"name %d: %d", i, m->trie[i]);
}

START_TEST(up_and_down)
{
	struct zonetree t = {.key = key};
	struct model m;

	init(&m);
	own(&t, &m, 0, true);
	own(&t, &m, 84, true); /* three labels: two empty ones above it */
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	ck_assert_int_eq(m.trie[m.parent[84]], EMPTY);
	own(&t, &m, m.parent[84], true); /* an empty one gets a node of its own */
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	own(&t, &m, m.parent[84], false); /* and loses it again */
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	own(&t, &m, 84, false);
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	ck_assert_uint_eq(t.count, 1);
	zonetree_fini(&t);
}
END_TEST

/* True if name i is between the apex and the name 84. */
static bool above(const struct model *m, int i)
{
	return i != 0 && m->len[i] < m->len[84] &&
	       memcmp(m->wire[i], m->wire[84] + m->len[84] - m->len[i], m->len[i]) == 0;
}

/* RG-12: a zone of its own below holds the names above it, whatever comes and goes. */
START_TEST(cut)
{
	struct zonetree t = {.key = key};
	struct model m;
	int n = 0;

	init(&m);
	own(&t, &m, 0, true);
	zonetree_cut(&t, m.wire[84], m.len[84], &zone);
	for (int turn = 0; turn < 3; turn++) {
		ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
		for (int i = 1; i < NAMES; i++, n += m.trie[i - 1] == EMPTY)
			ck_assert_int_eq(m.trie[i], above(&m, i) ? EMPTY : NONE);
		/* A node of its own comes and goes there, or beside it. */
		own(&t, &m, turn == 0 ? m.parent[84] : 1, true);
		ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
		own(&t, &m, turn == 0 ? m.parent[84] : 1, false);
	}
	ck_assert_int_eq(n, 3 * 2);
	zonetree_fini(&t);
}
END_TEST

/* RX-20: random changes, several between two settlings; some run out of space. */
START_TEST(random_changes)
{
	struct zonetree t = {.key = key};
	struct model m;
	uint64_t random = 88172645463325252u + (uint64_t)_i;

	init(&m);
	own(&t, &m, 0, true);
	for (int round = 0; round < 5000; round++) {
		for (uint64_t n = next_random(&random) % 8; n > 0; n--) {
			int i = 1 + (int)(next_random(&random) % (NAMES - 1));

			own(&t, &m, i, !m.own[i]);
		}
		m.fail_after = next_random(&random) % 4 == 0
		                       ? (int)(next_random(&random) % 3)
		                       : -1;
		int ret = zonetree_settle(&t, &handlers, &m);
		ck_assert(ret == 0 || ret == -ENOSPC);
		if (ret == 0)
			check(&m);
	}
	m.fail_after = -1;
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	for (int i = 1; i < NAMES; i++)
		if (m.own[i])
			own(&t, &m, i, false);
	ck_assert_int_eq(zonetree_settle(&t, &handlers, &m), 0);
	check(&m);
	ck_assert_uint_eq(t.count, 1);
	zonetree_fini(&t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("zonetree");

	tcase_add_test(tc, up_and_down);
	tcase_add_test(tc, cut);
	tcase_add_loop_test(tc, random_changes, 0, 8);
	return run_case("zonetree", tc);
}
