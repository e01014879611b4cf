/*
 * test_notes.c - hits are counted, and told once a second for each entry
 */
#include "support.h"
#include "worker/notes.h"

#define NOW (1000 * NS_PER_S)

static struct notes notes;

START_TEST(once_a_second)
{
	uint32_t hits = 0;

	memset(&notes, 0, sizeof(notes));
	ck_assert(notes_hit(&notes, 0, 77, 1, NOW, &hits));
	ck_assert_uint_eq(hits, 1);
	for (unsigned i = 1; i < 10; i++)
		ck_assert(!notes_hit(&notes, 0, 77, 1, NOW + i, &hits));
	ck_assert(!notes_hit(&notes, 0, 77, 0, NOW + NS_PER_S, &hits)); /* no room */
	ck_assert(notes_hit(&notes, 0, 77, 1, NOW + NS_PER_S, &hits));
	ck_assert_uint_eq(hits, 11);
	/* The same word in another cache is another entry. */
	ck_assert(notes_hit(&notes, 1, 77, 1, NOW + NS_PER_S, &hits));
	ck_assert_uint_eq(hits, 1);
}
END_TEST

/* Who takes the place of another begins anew; the place tells once a second. */
START_TEST(many)
{
	unsigned told[3] = {0};
	uint32_t hits = 0;

	memset(&notes, 0, sizeof(notes));
	for (unsigned second = 0; second < 3; second++) {
		uint64_t now_ns = NOW + second * NS_PER_S;

		for (uint64_t word = 1; word < 20 * NOTES_PLACES; word++) {
			told[second] += notes_hit(&notes, 0, word, 1, now_ns, &hits);
			ck_assert_uint_eq(hits, 1);
		}
		ck_assert_uint_gt(told[second], NOTES_PLACES / 2);
		ck_assert_uint_le(told[second], NOTES_PLACES);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("notes");

	tcase_add_test(tc, once_a_second);
	tcase_add_test(tc, many);
	return run_case("notes", tc);
}
