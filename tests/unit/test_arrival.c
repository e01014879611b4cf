/*
 * test_arrival.c - when all workers answer by an event: pages of workers and of the
 * controller are put together, later (MS-12)
 */
#include "admin/arrival.h"

#include "base/base.h"
#include "base/mem.h"
#include "support.h"

#define WORKERS 3

static struct stat_worker *workers[WORKERS];
static struct stat_controller *controller;
static struct stat_admin *page;
static struct view *view;

static void *new_page(size_t octets)
{
	void *p = aligned_alloc(64, round_up(octets, 64));

	memset(p, 0, octets);
	return p;
}

static uint64_t ms(uint64_t n)
{
	return n * NS_PER_MS;
}

/* Three workers that have lived for long, at 100 s, with generation 1. */
static void setup(void)
{
	view = mem_alloc(1, sizeof(*view));
	controller = new_page(sizeof(*controller));
	page = new_page(sizeof(*page));
	view->controller = controller;
	view->mono_ns = ms(100000);
	view->nworkers = WORKERS;
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = new_page(sizeof(*workers[i]));
		view->worker[i] = workers[i];
		stat_set(&workers[i]->head.pid, 100 + i);
		stat_set(&workers[i]->head.started_ns, ms(1000));
		stat_set(&workers[i]->head.heartbeat_ns, ms(100000));
		stat_set(&workers[i]->generation, 1);
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		free(workers[i]);
	free(controller);
	free(page);
	free(view);
}

static void publish(uint64_t generation, uint64_t at_ms, uint64_t cause_ms)
{
	stat_moment_add(&controller->published, generation, ms(at_ms), ms(cause_ms));
}

static void refresh(unsigned i, uint64_t generation, uint64_t at_ms)
{
	stat_moment_add(&workers[i]->refreshed, generation, ms(at_ms), 0);
	stat_set(&workers[i]->generation, generation);
}

/* So many were counted so far, of so many ms in all. */
static void counted(uint64_t n, uint64_t sum_ms)
{
	arrival_count(page, view);
	ck_assert_uint_eq(stat_sum(page->arrival_time, STAT_FINE), n);
	ck_assert_uint_eq(stat_get(&page->arrival_ns), ms(sum_ms));
}

/* The last worker counts, and a later generation stands for those before it. */
START_TEST(last_worker)
{
	counted(0, 0);
	publish(2, 90010, 90000);
	refresh(0, 2, 90011);
	refresh(1, 2, 90012);
	counted(0, 0);
	refresh(2, 2, 90250);
	counted(1, 250);
	ck_assert_uint_eq(stat_get(&page->arrival_time[stat_fine(ms(250))]), 1);
	counted(1, 250);
	publish(3, 91001, 91000);
	publish(4, 91021, 91020);
	for (unsigned i = 0; i < WORKERS; i++)
		refresh(i, 4, 91030 + i);
	counted(3, 250 + 32 + 12);
}
END_TEST

/* Each generation has the time of its own, however late one looks. */
START_TEST(looked_late)
{
	for (unsigned g = 2; g < 30; g++) {
		publish(g, 90000 + 10 * g + 1, 90000 + 10 * g);
		for (unsigned i = 0; i < WORKERS; i++)
			refresh(i, g, 90000 + 10 * g + 2);
	}
	counted(28, 28 * 2);
}
END_TEST

/* More than are kept: those that are left out are left out, none counts twice. */
START_TEST(too_many)
{
	for (unsigned g = 2; g < 202; g++) {
		publish(g, 90000 + g, 90000 + g);
		for (unsigned i = 0; i < WORKERS; i++)
			refresh(i, g, 90000 + g + 1);
	}
	counted(STAT_MOMENTS - 1, STAT_MOMENTS - 1);
	counted(STAT_MOMENTS - 1, STAT_MOMENTS - 1);
}
END_TEST

static void dead(void)
{
	stat_set(&workers[1]->head.pid, 0);
}

static void frozen(void)
{
	stat_set(&workers[1]->head.heartbeat_ns, ms(97900));
}

static void started_since(void)
{
	stat_set(&workers[1]->head.started_ns, ms(99012));
}

static void not_serving(void)
{
	stat_set(&workers[1]->generation, 0);
}

static void (*const troubles[])(void) = {dead, frozen, started_since, not_serving};

/* Who cannot answer by what was before keeps nobody waiting. */
START_TEST(not_awaited)
{
	publish(2, 99010, 99000);
	refresh(0, 2, 99020);
	refresh(2, 2, 99030);
	counted(0, 0);
	troubles[_i]();
	counted(1, 30);
}
END_TEST

/* It hung, and went on before it was given up: then it answered late. */
START_TEST(thawed)
{
	publish(2, 99010, 99000);
	refresh(0, 2, 99020);
	refresh(2, 2, 99030);
	stat_set(&workers[1]->head.heartbeat_ns, ms(98500));
	counted(0, 0);
	refresh(1, 2, 99900);
	counted(1, 900);
}
END_TEST

/* It lives, but cannot go over: that counts too, and later ones are not kept for it. */
START_TEST(never)
{
	publish(2, 90000, 89990);
	publish(3, 99900, 99890);
	refresh(0, 3, 99901);
	refresh(2, 3, 99902);
	counted(1, 10010); /* until now */
	ck_assert_uint_eq(stat_get(&page->arrival_time[STAT_FINE - 1]), 1);
	refresh(1, 3, 99990);
	counted(2, 10010 + 100);
}
END_TEST

/* Nobody lives: nobody answers by the older one, and there is nothing to count. */
START_TEST(nobody)
{
	publish(2, 99010, 99000);
	for (unsigned i = 0; i < WORKERS; i++)
		stat_set(&workers[i]->head.pid, 0);
	counted(0, 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		stat_set(&workers[i]->head.pid, 1);
		refresh(i, 2, 99500);
	}
	counted(0, 0);
	view->controller = NULL;
	counted(0, 0);
}
END_TEST

/* What a page says that somebody damaged leads nowhere. */
START_TEST(damaged)
{
	publish(2, 99010, 99000);
	stat_set(&controller->published.n, UINT64_MAX);
	stat_set(&workers[0]->refreshed.n, UINT64_MAX);
	arrival_count(page, view);
	stat_set(&page->arrived, UINT64_MAX);
	stat_set(&controller->published.n, 1);
	arrival_count(page, view);
	ck_assert_uint_le(stat_sum(page->arrival_time, STAT_FINE), STAT_MOMENTS);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("arrival");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, last_worker);
	tcase_add_test(tc, looked_late);
	tcase_add_test(tc, too_many);
	tcase_add_loop_test(tc, not_awaited, 0, ARRAY_LEN(troubles));
	tcase_add_test(tc, thawed);
	tcase_add_test(tc, never);
	tcase_add_test(tc, nobody);
	tcase_add_test(tc, damaged);
	return run_case("arrival", tc);
}
