/*
 * test_querylog.c - from rings to lines: order, room, losses, a successor (SM-02, MN-07)
 */
#include "admin/querylog.h"

#include <stdio.h>

#include "base/mem.h"
#include "support.h"

static struct stat_worker *workers[2];
static struct stat_admin *page;
static struct querylog *querylog;
static struct view *view;
static struct mem_buf taken;

static const struct privacy shown = {.mode = PRIVACY_OFF};

static void setup(void)
{
	view = mem_alloc(1, sizeof(*view));
	page = mem_alloc(1, sizeof(*page));
	querylog = mem_alloc(1, sizeof(*querylog));
	view->nworkers = ARRAY_LEN(workers);
	for (size_t i = 0; i < ARRAY_LEN(workers); i++) {
		workers[i] = aligned_alloc(64, round_up(sizeof(*workers[i]), 64));
		memset(workers[i], 0, sizeof(*workers[i]));
		view->worker[i] = workers[i];
	}
	querylog_begin(querylog, page);
	taken = (struct mem_buf){0};
}

static void teardown(void)
{
	for (size_t i = 0; i < ARRAY_LEN(workers); i++)
		free(workers[i]);
	free(view);
	free(page);
	free(querylog);
	mem_buf_fini(&taken);
}

/* A reply that is known by its ID. */
static void put(unsigned worker, unsigned id, uint8_t marks)
{
	struct ring_entry e = {
		.id = (uint16_t)id, .marks = marks, .name_len = 1, .name = {0}};

	ring_put(&workers[worker]->ring, &e);
}

static bool fill(void)
{
	return querylog_fill(querylog, view, QUERYLOG_COREDNS, &shown, "> ");
}

/* Take what waits, at most `n` pieces. */
static void take(unsigned n)
{
	const char *piece;
	size_t len;

	for (; n > 0 && (len = querylog_piece(querylog, &piece)) > 0; n--) {
		ck_assert_uint_le(len, QUERYLOG_PIECE);
		ck_assert_int_eq(piece[len - 1], '\n');
		mem_buf_put(&taken, piece, len);
		querylog_left(querylog, len, page);
	}
}

/* Lines that were taken, by their IDs in order, from `first` on; all have the prefix. */
static unsigned check_lines(unsigned first)
{
	unsigned n = 0, id;

	mem_buf_put(&taken, "", 1);
	for (char *p = (char *)taken.data; *p != '\0'; p = strchr(p, '\n') + 1, n++) {
		ck_assert_int_eq(sscanf(p, "> 0.0.0.0:0 - %u \"", &id), 1);
		ck_assert_uint_eq(id, (first + n) & 0xffff);
	}
	taken.len = 0;
	return n;
}

/* What is only sampled is nobody's line. */
START_TEST(in_order)
{
	ck_assert(fill());
	take(9);
	ck_assert_uint_eq(check_lines(0), 0);
	put(0, 1, RING_LOGGED);
	put(0, 77, RING_SAMPLED);
	put(0, 2, RING_LOGGED | RING_SAMPLED);
	put(1, 3, RING_LOGGED);
	ck_assert(fill());
	take(9);
	ck_assert_uint_eq(check_lines(1), 3);
	ck_assert_uint_eq(stat_get(&page->log_lost), 0);
}
END_TEST

/* What nobody takes stays in the ring, is overwritten there, and is counted. */
START_TEST(nobody_takes)
{
	unsigned id = 0, lines = 0;

	while (fill()) /* until the buffer is full */
		put(0, id++, RING_LOGGED);
	for (unsigned i = 0; i < 3 * RING_ENTRIES; i++)
		put(0, id++, i % 2 == 0 ? RING_LOGGED : RING_SAMPLED);
	ck_assert(!fill());
	unsigned logged = id - 3 * RING_ENTRIES / 2;
	for (bool all = false; !all; all = fill()) {
		take(1);
		for (size_t i = 0; i < taken.len; i++)
			lines += taken.data[i] == '\n';
		taken.len = 0;
	}
	take(99);
	for (size_t i = 0; i < taken.len; i++)
		lines += taken.data[i] == '\n';
	ck_assert_uint_eq(lines + stat_get(&page->log_lost), logged);
	ck_assert_uint_eq(stat_get(&page->log_lost), RING_ENTRIES);
}
END_TEST

/* What was sampled alone may be overwritten: no line is missing. */
START_TEST(nothing_to_log)
{
	for (unsigned i = 0; i < 5 * RING_ENTRIES; i++)
		put(0, i, RING_SAMPLED);
	put(0, 1, RING_LOGGED);
	ck_assert(fill());
	take(9);
	ck_assert_uint_eq(check_lines(1), 1);
	ck_assert_uint_eq(stat_get(&page->log_lost), 0);
}
END_TEST

/* A pipe takes a part of a piece: the rest of the line comes first, the next time. */
START_TEST(a_part_leaves)
{
	const char *piece;

	put(0, 1, RING_LOGGED);
	put(0, 2, RING_LOGGED);
	ck_assert(fill());
	ck_assert_uint_gt(querylog_piece(querylog, &piece), 10);
	mem_buf_put(&taken, piece, 10);
	querylog_left(querylog, 10, page);
	put(0, 3, RING_LOGGED);
	ck_assert(fill());
	take(9);
	ck_assert_uint_eq(check_lines(1), 3);
}
END_TEST

/* Killed at any time: the successor skips nothing, and writes again what it must. */
START_TEST(successor)
{
	unsigned id = 0;

	for (; id < 100; id++)
		put(1, id, RING_LOGGED);
	ck_assert(fill());
	take(99);
	ck_assert_uint_eq(check_lines(0), 100);
	for (; id < 200; id++)
		put(1, id, RING_LOGGED);
	ck_assert(fill());
	take(1); /* and dies */
	ck_assert_uint_lt(check_lines(100), 100);
	querylog_begin(querylog, page);
	ck_assert(fill());
	take(99);
	ck_assert_uint_eq(check_lines(100), 100);
	ck_assert_uint_eq(stat_get(&page->log_lost), 0);
	for (; id < 200 + 2 * RING_ENTRIES; id++) /* nobody was there for long */
		put(1, id, RING_LOGGED);
	querylog_begin(querylog, page);
	while (!fill())
		take(99);
	take(99);
	ck_assert_uint_eq(check_lines(200 + RING_ENTRIES), RING_ENTRIES);
	ck_assert_uint_eq(stat_get(&page->log_lost), RING_ENTRIES);
}
END_TEST

/* One that logs all it can does not keep the others from their turn. */
START_TEST(fair)
{
	put(1, 7, RING_LOGGED);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < RING_ENTRIES; i++)
			put(0, i, RING_LOGGED);
		ck_assert(!fill()); /* more than the buffer has room for */
		take(99);
	}
	mem_buf_put(&taken, "", 1);
	ck_assert_ptr_nonnull(strstr((char *)taken.data, "> 0.0.0.0:0 - 7 "));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("querylog");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, nobody_takes);
	tcase_add_test(tc, nothing_to_log);
	tcase_add_test(tc, a_part_leaves);
	tcase_add_test(tc, successor);
	tcase_add_test(tc, fair);
	return run_case("querylog", tc);
}
