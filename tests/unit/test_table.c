/*
 * test_table.c - the intrusive hash table under the store: nothing is lost or doubled
 *
 * G10: few hashes for many keys are slow at most.
 */
#include "controller/kube/table.h"
#include "support.h"

struct item {
	int value;
	struct table_link link;
};

static struct item *find(const struct table *t, uint64_t hash, int value)
{
	struct table_link *l = table_first(t, hash);

	for (; l != NULL; l = table_next(l)) {
		struct item *i = TABLE_ENTRY(l, struct item, link);

		if (i->value == value)
			return i;
	}
	return NULL;
}

/* With few hashes for many items: chains, and removal from anywhere in them. */
START_TEST(against_a_plain_array)
{
	enum { N = 500 };
	static struct item items[N];
	bool in[N] = {false};
	struct table t = {0};
	uint64_t random = 7;
	size_t count = 0;

	for (int round = 0; round < 20000; round++) {
		int i = (int)(next_random(&random) % N);
		uint64_t hash = (uint64_t)i % 97;

		items[i].value = i;
		if (in[i])
			table_remove(&t, &items[i].link);
		else
			table_add(&t, &items[i].link, hash);
		in[i] = !in[i];
		count = in[i] ? count + 1 : count - 1;
		ck_assert_uint_eq(t.count, count);
		ck_assert_ptr_eq(find(&t, hash, i), in[i] ? &items[i] : NULL);
	}
	for (int i = 0; i < N; i++)
		ck_assert_ptr_eq(find(&t, (uint64_t)i % 97, i), in[i] ? &items[i] : NULL);
	while (table_any(&t) != NULL)
		table_remove(&t, table_any(&t));
	ck_assert_uint_eq(t.count, 0);
	ck_assert_ptr_null(table_first(&t, 1));
	table_fini(&t);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, against_a_plain_array);
	return run_case("table", tc);
}
