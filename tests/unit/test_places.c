/*
 * test_places.c - numbers for the names of zones and nodes (GS-05): kept while they are
 * in use, given in turn, none where there are none left
 */
#include "controller/kube/places.h"

#include <stdio.h>

#include "snap/place.h"
#include "support.h"

static const struct hash_key key = {5, 6, UINT64_MAX};
static struct places places;

static void teardown(void)
{
	places_fini(&places);
}

static struct kube_endpoint at(char *zone, char *node)
{
	return (struct kube_endpoint){.zone = zone, .node = node};
}

static uint32_t take(char *zone, char *node)
{
	struct kube_endpoint e = at(zone, node);

	places_take(&places, &key, &e);
	return places_of(&places, &key, &e);
}

static void drop(char *zone, char *node)
{
	struct kube_endpoint e = at(zone, node);

	places_drop(&places, &key, &e);
}

static uint32_t of(char *zone, char *node)
{
	struct kube_endpoint e = at(zone, node);

	return places_of(&places, &key, &e);
}

START_TEST(numbers)
{
	ck_assert_uint_eq(take("", ""), PLACE_UNKNOWN);
	ck_assert_uint_eq(take("east", ""), place_make(1, 0));
	ck_assert_uint_eq(take("", "n1"), place_make(0, 1));
	ck_assert_uint_eq(take("east", "n2"), place_make(1, 2));
	ck_assert_uint_eq(take("west", "n1"), place_make(2, 1));
	ck_assert_uint_eq(take("n1", "east"), place_make(3, 3)); /* kinds are apart */
	ck_assert_uint_eq(of("north", "n9"), PLACE_UNKNOWN);
	drop("north", "n9"); /* was never taken */
	/* As long as somebody has it, a name keeps its number. */
	drop("east", "");
	ck_assert_uint_eq(of("east", "n2"), place_make(1, 2));
	drop("east", "n2");
	ck_assert_uint_eq(of("east", "n2"), PLACE_UNKNOWN);
	/* What was given up does not come again soon. */
	ck_assert_uint_eq(take("north", "n3"), place_make(4, 4));
	ck_assert_uint_eq(take("east", "n2"), place_make(5, 5));
	places_fini(&places);
	ck_assert_uint_eq(of("west", "n1"), PLACE_UNKNOWN);
	ck_assert_uint_eq(take("west", "n1"), place_make(1, 1));
}
END_TEST

static void make(char *out, unsigned i)
{
	snprintf(out, 16, "node-%u", i);
}

/* In turn, past the end and on from 1, around those that are in use. */
START_TEST(in_turn)
{
	char name[16], other[16];

	places.nodes.max = 100;
	for (unsigned i = 1; i <= 100; i++) {
		make(name, i);
		ck_assert_uint_eq(take("", name), i);
	}
	ck_assert_uint_eq(take("", "too-many"), PLACE_UNKNOWN);
	make(name, 7);
	drop("", name);
	ck_assert_uint_eq(of("", "too-many"), PLACE_UNKNOWN); /* stays as it is */
	ck_assert_uint_eq(take("", "late"), 7);
	make(name, 99);
	make(other, 3);
	drop("", other);
	drop("", name);
	ck_assert_uint_eq(take("", "later"), 99);
	ck_assert_uint_eq(take("", "last"), 3);
	drop("", "too-many");
	ck_assert_uint_eq(take("", "too-many"), PLACE_UNKNOWN);
}
END_TEST

/* Nodes come and go for years: memory and time stay what those in use need. */
START_TEST(churn)
{
	char name[16], old[16];
	uint32_t last = 0;

	for (unsigned i = 1; i < 300000; i++) {
		make(name, i);
		last = take("zone", name);
		if (i <= 50)
			continue;
		make(old, i - 50);
		drop("zone", old);
	}
	ck_assert_uint_eq(last, place_make(1, 299999));
	ck_assert_uint_eq(places.nodes.table.count, 50);
	ck_assert_uint_eq(places.nodes.given, 50);
}
END_TEST

/* Each row goes before all below it. */
START_TEST(which_is_taken)
{
	static char *const rows[][2] = {{"a", "n"}, {"a", "o"}, {"b", "a"}, {"", "n"},
		{"", "o"}, {"a", ""}, {"b", ""}, {"", ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			struct kube_endpoint x = at(rows[i][0], rows[i][1]);
			struct kube_endpoint y = at(rows[k][0], rows[k][1]);
			int c = places_compare(&x, &y);

			ck_assert_int_eq((c > 0) - (c < 0), (i > k) - (i < k));
		}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("places");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, in_turn);
	tcase_add_test(tc, churn);
	tcase_add_test(tc, which_is_taken);
	return run_case("places", tc);
}
