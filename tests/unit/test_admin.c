/*
 * test_admin.c - the text of a scrape, and what makes an appliance ready (V-28, ME-04,
 * HR-01 to HR-04)
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/health.h"
#include "metrics/metrics.h"
#include "metrics/pages.h"
#include "base/base.h"
#include "base/clock.h"
#include "support.h"

/* ---- text ---- */

static const char *text_of(struct text *t)
{
	mem_buf_put(&t->buf, "", 1);
	return (const char *)t->buf.data;
}

/* V-28: whatever a value holds, it ends where it ends. */
START_TEST(values_are_escaped)
{
	struct text t = {0};

	text_family(&t, "x_total", TEXT_COUNTER, "a\\b\nc\"");
	text_count(&t, LABELS({"to", "a\"} 1\nb\\"}, {"rcode", ""}), 7);
	ck_assert_str_eq(text_of(&t), "# HELP x_total a\\\\b\\nc\"\n"
				      "# TYPE x_total counter\n"
				      "x_total{to=\"a\\\"} 1\\nb\\\\\",rcode=\"\"} 7\n");
	mem_buf_fini(&t.buf);
}
END_TEST

/* ME-04: families of counters have no suffix there, and the document has an end. */
START_TEST(openmetrics)
{
	struct text t = {.openmetrics = true};

	text_counter(&t, "x_total", "an x", 1);
	text_end(&t);
	ck_assert_str_eq(
		text_of(&t), "# HELP x an x\n# TYPE x counter\nx_total 1\n# EOF\n");
	mem_buf_fini(&t.buf);
}
END_TEST

/* Buckets add up, the last has all, and the sum is in seconds. */
START_TEST(histogram)
{
	const uint64_t counts[] = {1, 0, 2};
	struct text t = {0};

	text_family(&t, "x", TEXT_HISTOGRAM, "x");
	text_histogram(&t, NO_LABELS, TEXT_TIME, counts, ARRAY_LEN(counts), 1500000000);
	ck_assert_str_eq(text_of(&t), "# HELP x x\n# TYPE x histogram\n"
				      "x_bucket{le=\"0.00025\"} 1\n"
				      "x_bucket{le=\"0.0005\"} 1\n"
				      "x_bucket{le=\"+Inf\"} 3\n"
				      "x_sum 1.5\nx_count 3\n");
	mem_buf_fini(&t.buf);
}
END_TEST

/* CM-05, CM-06, MQ-03: an index is that of the least bound that is not less. */
START_TEST(bounds)
{
	for (size_t n = 0; n <= UINT16_MAX; n++) {
		unsigned i = stat_size(n);

		ck_assert(i == STAT_SIZES - 1 || n <= stat_size_bound(i));
		ck_assert(i == 0 || n > stat_size_bound(i - 1));
	}
	for (unsigned k = 0; k + 1 < STAT_FINE; k++) {
		ck_assert_uint_eq(stat_fine(UINT64_C(1000) << k), k);
		ck_assert_uint_eq(stat_fine((UINT64_C(1000) << k) + 1), k + 1);
	}
	for (unsigned k = 0; k + 1 < STAT_TIME; k++) {
		ck_assert_uint_eq(stat_time(UINT64_C(250000) << k), k);
		ck_assert_uint_eq(stat_time((UINT64_C(250000) << k) + 1), k + 1);
	}
	ck_assert_uint_eq(stat_fine(UINT64_MAX - 999), STAT_FINE - 1);
	for (unsigned k = 0; k + 1 < STAT_LONG; k++) {
		ck_assert_uint_eq(stat_long(UINT64_C(1000000) << k), k);
		ck_assert_uint_eq(stat_long((UINT64_C(1000000) << k) + 1), k + 1);
	}
	for (unsigned k = 0; k + 1 < STAT_DEF; k++) {
		ck_assert_uint_eq(stat_def(stat_def_ms[k] * NS_PER_MS), k);
		ck_assert_uint_eq(stat_def(stat_def_ms[k] * NS_PER_MS + 1), k + 1);
	}
	for (uint64_t k = 0, ns = 250000; k + 1 < STAT_SLIM; k++, ns *= 10) {
		ck_assert_uint_eq(stat_slim(ns), k);
		ck_assert_uint_eq(stat_slim(ns + 1), k + 1);
	}
}
END_TEST

/* ---- readiness ---- */

static struct stat_worker workers[2];
static struct stat_controller controller;
static struct stat_supervisor supervisor;
static struct snap snap;
static struct view view;

/* Two workers that serve generation 5, which is complete and current. */
static void begin(void)
{
	memset(workers, 0, sizeof(workers));
	memset(&controller, 0, sizeof(controller));
	memset(&supervisor, 0, sizeof(supervisor));
	snap = (struct snap){.generation = 5, .flags = ROOT_COMPLETE};
	view = (struct view){
		.mono_ns = 100 * NS_PER_S,
		.wall_ns = 1000 * NS_PER_S,
		.supervisor = &supervisor,
		.controller = &controller,
		.worker = {&workers[0], &workers[1]},
		.nworkers = 2,
		.shares = 2,
		.snap = &snap,
		.settled = 5,
	};
	for (unsigned i = 0; i < 2; i++) {
		stat_set(&workers[i].head.pid, 10 + i);
		stat_set(&workers[i].head.heartbeat_ns, 99 * NS_PER_S);
		stat_set(&workers[i].share, i);
		stat_set(&workers[i].generation, 5);
	}
	stat_set(&controller.config_number, 1);
}

/* Compare what is missing; "" is ready. */
static void check_missing(const char *want)
{
	struct mem_buf why = {0};
	bool ready = health_ready(&view, &why);

	mem_buf_put(&why, "", 1);
	ck_assert_str_eq((const char *)why.data, want);
	ck_assert_int_eq(ready, want[0] == '\0');
	mem_buf_fini(&why);
}

/* RL-05, OP-26: told, and no reason to be unready. */
START_TEST(notes)
{
	struct mem_buf out = {0};

	ck_assert(!health_notes(&view, &out));
	stat_set(&supervisor.reload.outcome, RELOAD_REFUSED);
	stat_text_set(supervisor.reload.refusal, STAT_REFUSAL_WORDS,
		"a:1:2: error: x\033: no\n1 error, 0 warnings\n");
	stat_set(&supervisor.config.last_good, 1);
	ck_assert(health_notes(&view, &out));
	mem_buf_put(&out, "", 1);
	ck_assert_str_eq((const char *)out.data,
		"config: the last reload was refused: a:1:2: error: x?: no\n"
		"config: the last good one runs: the file had errors at the start\n");
	mem_buf_fini(&out);
	check_missing("");
	stat_set(&supervisor.reload.outcome, RELOAD_UNCHANGED);
	stat_set(&supervisor.config.last_good, 0);
	ck_assert(!health_notes(&view, &out));
	view.supervisor = NULL;
	ck_assert(!health_notes(&view, &out));
}
END_TEST

/* A text in words: cut where there is no more room, ended whatever stands there. */
START_TEST(texts)
{
	char text[41] = "0123456789abcdef", out[24];
	stat_u64 words[3];

	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'x', n);
		text[n] = '\0';
		memset(words, 0xff, sizeof(words));
		stat_text_set(words, 3, text);
		text[MIN(n, 23)] = '\0';
		ck_assert_str_eq(stat_text_get(words, 3, out), text);
	}
	memset(words, 'y', sizeof(words));
	ck_assert_uint_eq(strlen(stat_text_get(words, 3, out)), 23);
}
END_TEST

/* What is read while it is written is not of one piece. */
START_TEST(pieces)
{
	stat_u64 seq = 0;
	uint64_t begun = stat_read_begin(&seq);

	ck_assert(stat_read_done(&seq, begun));
	stat_write_begin(&seq);
	ck_assert(!stat_read_done(&seq, begun));
	begun = stat_read_begin(&seq);
	ck_assert(!stat_read_done(&seq, begun));
	stat_write_done(&seq);
	ck_assert(!stat_read_done(&seq, begun));
	begun = stat_read_begin(&seq);
	ck_assert(stat_read_done(&seq, begun));
}
END_TEST

START_TEST(ready)
{
	check_missing("");
	ck_assert(health_alive(&view));
	stat_set(&workers[1].head.heartbeat_ns, 90 * NS_PER_S);
	check_missing("worker 1: no heartbeat\n");
	ck_assert(health_alive(&view));
	stat_set(&workers[0].head.pid, 0);
	check_missing("worker 0: no heartbeat\nworker 1: no heartbeat\n");
	ck_assert(!health_alive(&view));
}
END_TEST

/* HR-02: a generation that is newer than 2 s may not have come to all. */
START_TEST(behind)
{
	snap.generation = 6;
	check_missing("");
	view.settled = 6;
	stat_set(&workers[0].generation, 6);
	check_missing("worker 1: serves generation 5, current for 2 s is 6\n");
	stat_set(&workers[1].generation, 0);
	check_missing("worker 1: serves no generation yet\n");
}
END_TEST

/* HR-02: how far a list is, as far as the API server says so. */
static const struct {
	uint64_t listed, expected;
	const char *text;
} lists[] = {
	{0, 0, "services: initial list\n"},
	{1, 0, "services: initial list, 1 so far\n"},
	{700, 0, "services: initial list, 700 so far\n"},
	{0, 700, "services: initial list, 0 %\n"},
	{500, 1500, "services: initial list, 33 %\n"},
	{999, 1000, "services: initial list, 99 %\n"},
	{1000, 1000, "services: initial list, 99 %\n"},
	{UINT64_MAX, 1, "services: initial list, 99 %\n"},
	{UINT64_MAX / 2, UINT64_MAX, "services: initial list, 50 %\n"},
};

START_TEST(listing)
{
	struct stat_resource *r = &controller.api.resources[1];

	snap.flags = 0;
	stat_set(&r->state, RESOURCE_LISTING);
	stat_set(&r->listed, lists[_i].listed);
	stat_set(&r->expected, lists[_i].expected);
	check_missing(lists[_i].text);
}
END_TEST

START_TEST(not_complete)
{
	snap.flags = 0;
	check_missing("records: not complete\n");
	stat_set(&controller.api.resources[1].state, RESOURCE_DENIED);
	stat_set(&controller.api.resources[2].state, RESOURCE_LISTING);
	check_missing("services: the API server denies them\n"
		      "endpointslices: initial list\n");
}
END_TEST

/* HR-03: silence counts only if it is asked for. HR-04: who stops is not ready. */
START_TEST(silence_and_stop)
{
	stat_set(&controller.api.resources[1].state, RESOURCE_TAKEN);
	stat_set(&controller.api.resources[1].octet_wall_ns, 900 * NS_PER_S);
	check_missing("");
	view.max_stale_ns = 60 * NS_PER_S;
	check_missing("services: nothing from the API server for 100 s\n");
	view.max_stale_ns = 0;
	stat_set(&supervisor.stopping, 1);
	check_missing("supervisor: stopping\n");
	ck_assert(health_alive(&view));
}
END_TEST

/* ---- pages are hostile ---- */

/* A name without end, with quotes, one in two forwarders: no line breaks or repeats. */
/* A counter that goes back is a new one to who reads it (ME-08). */
START_TEST(cpu_never_goes_back)
{
	static struct stat_worker page;
	struct view v = {.worker = {&page}, .nworkers = 1};

	stat_set(&page.head.pid, (uint64_t)getpid());
	while (v.process.cpu_ns == 0) {
		v.mono_ns = clock_mono_ns();
		stat_set(&page.head.heartbeat_ns, v.mono_ns);
		pages_processes(&v);
	}
	uint64_t before = v.process.cpu_ns;
	stat_set(&page.head.pid, 0); /* it died, and nobody has reaped it for us */
	pages_processes(&v);
	ck_assert_uint_ge(v.process.cpu_ns, before);
}
END_TEST

START_TEST(hostile_upstreams)
{
	struct stat_forwarder *f = mem_alloc(2, sizeof(*f));
	struct text t = {0};

	view.forwarder[0] = &f[0];
	view.forwarder[1] = &f[1];
	view.nforwarders = 2;
	view.compat = 2;
	view.version = "0";
	memset(f[0].upstreams[0].text, '"', STAT_UPSTREAM_TEXT);
	memcpy(f[0].upstreams[1].text, "a\033\\\xff", 5);
	memcpy(f[1].upstreams[7].text, "a\033\\\xff", 5);
	stat_set(&f[0].upstreams[1].queries[0], 2);
	stat_set(&f[1].upstreams[7].queries[0], 3);
	metrics_write(&t, &view);
	const char *line = "\nshmdns_upstream_queries_total{upstream=\"a?\\\\?\","
			   "proto=\"udp\"} 5\n";
	const char *found = strstr(text_of(&t), line);
	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_null(strstr(found + 1, line));
	mem_buf_fini(&t.buf);
	free(f);
}
END_TEST

/* A slot that a reload left without a worker has no state; what it counted stays. */
START_TEST(ended_worker)
{
	struct text t = {0};

	view.version = "0";
	for (unsigned i = 0; i < 2; i++) {
		stat_set(&workers[i].head.started_ns, NS_PER_S);
		stat_set(&workers[i].refreshes, 7);
	}
	stat_set(&workers[1].head.pid, 0);
	metrics_write(&t, &view);
	const char *text = text_of(&t);
	ck_assert_ptr_nonnull(
		strstr(text, "\nshmdns_worker_generation{worker=\"0\"} 5\n"));
	ck_assert_ptr_null(strstr(text, "\nshmdns_worker_generation{worker=\"1\"}"));
	ck_assert_ptr_null(strstr(
		text, "\nshmdns_worker_heartbeat_timestamp_seconds{worker=\"1\"}"));
	ck_assert_ptr_nonnull(strstr(text, "\nshmdns_refreshes_total{worker=\"1\"} 7\n"));
	mem_buf_fini(&t.buf);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("admin");

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, values_are_escaped);
	tcase_add_test(tc, openmetrics);
	tcase_add_test(tc, histogram);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, ended_worker);
	tcase_add_test(tc, notes);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, ready);
	tcase_add_test(tc, behind);
	tcase_add_loop_test(tc, listing, 0, ARRAY_LEN(lists));
	tcase_add_test(tc, not_complete);
	tcase_add_test(tc, silence_and_stop);
	tcase_add_test(tc, cpu_never_goes_back);
	tcase_add_test(tc, hostile_upstreams);
	return run_case("admin", tc);
}
