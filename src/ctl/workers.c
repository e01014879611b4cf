/* workers.c - shmdnsctl workers: who answers, and how busy they are (OV-13) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/options.h"
#include "ctl/overview.h"

#define LOOK_NS (500 * NS_PER_MS) /* between the two looks that rates are made of */

const char workers_help[] =
	"\n"
	"One row for each worker: its process, the share of the sockets that it reads,\n"
	"the generation that it answers from, queries a second and how busy it is,\n"
	"over half a second, the mean size of a batch, and packets without a reply.\n"
	"Reads shared memory and asks nobody. `-o wide` shows free slots too.\n"
	"Exit status 1: no worker runs; 3: nothing of that instance is in shared\n"
	"memory.\n";

/* What a page said at the first look. */
struct look {
	uint64_t queries, busy_ns;
};

struct workers {
	struct overview view;
	struct look before[OVERVIEW_WORKERS_MAX];
	uint64_t took_ns;
	unsigned living;
};

/* Per second, between the two looks. */
static double rate(const struct workers *w, uint64_t before, uint64_t now)
{
	/* A page may say anything: what runs backwards is nothing. */
	return now > before && w->took_ns > 0
	               ? (double)(now - before) * (double)NS_PER_S / (double)w->took_ns
	               : 0.0;
}

static double rate_queries(const struct workers *w, size_t i)
{
	return rate(w, w->before[i].queries, stat_get(&w->view.worker[i].page->queries));
}

static double percent_busy(const struct workers *w, size_t i)
{
	double busy = rate(w, w->before[i].busy_ns,
			      stat_get(&w->view.worker[i].page->busy_ns)) *
	              100.0 / (double)NS_PER_S;

	return MIN(busy, 100.0);
}

static double mean_batch(const struct stat_worker *w)
{
	uint64_t batches = stat_get(&w->batches);

	return batches > 0 ? (double)stat_get(&w->queries) / (double)batches : 0.0;
}

static void look_twice(struct workers *w)
{
	const struct timespec wait = {.tv_nsec = LOOK_NS};
	uint64_t began_ns = clock_mono_ns();

	for (size_t i = 0; i < w->view.nworkers; i++)
		w->before[i] = (struct look){
			.queries = stat_get(&w->view.worker[i].page->queries),
			.busy_ns = stat_get(&w->view.worker[i].page->busy_ns)};
	nanosleep(&wait, NULL);
	w->view.mono_ns = clock_mono_ns();
	w->took_ns = w->view.mono_ns - began_ns;
	for (size_t i = 0; i < w->view.nworkers; i++)
		w->living += overview_lives(&w->view, &w->view.worker[i].page->head);
}

static void print_row(const struct workers *w, size_t i)
{
	const struct worker_page *p = &w->view.worker[i];
	const struct stat_head *head = &p->page->head;
	bool lives = overview_lives(&w->view, head);
	char up[32] = "-";

	if (lives)
		overview_since(w->view.mono_ns, stat_get(&head->started_ns), up);
	printf("%4u %8" PRIu64 "  %-8s %-12s %5" PRIu64 " %10" PRIu64
	       " %9.0f %5.1f%% %6.1f "
	       "%12" PRIu64 " %8" PRIu64 "\n",
		p->slot, stat_get(&head->pid),
		stat_get(&head->pid) == 0 ? "free"
		: lives                   ? "running"
					  : "silent",
		up, stat_get(&p->page->share), stat_get(&p->page->generation),
		rate_queries(w, i), percent_busy(w, i), mean_batch(p->page),
		stat_get(&p->page->queries), stat_sum(p->page->drops, STAT_DROPS));
}

static void print_table(const struct workers *w, bool wide)
{
	printf("instance %s: %u workers; read from shared memory%s\n\n", w->view.instance,
		w->living, w->living == 0 ? "; NO WORKER IS RUNNING" : "");
	printf("%4s %8s  %-8s %-12s %5s %10s %9s %6s %6s %12s %8s\n", "SLOT", "PID",
		"STATE", "UP", "SHARE", "GENERATION", "Q/S", "BUSY", "BATCH", "QUERIES",
		"DROPS");
	for (size_t i = 0; i < w->view.nworkers; i++)
		if (wide || stat_get(&w->view.worker[i].page->head.pid) != 0)
			print_row(w, i);
}

static void print_json(const struct workers *w)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", w->view.instance);
	json_string(&j, "from", "shared memory");
	json_number(&j, "looked_ns", w->took_ns);
	json_begin(&j, "workers", '[');
	for (size_t i = 0; i < w->view.nworkers; i++) {
		const struct stat_worker *p = w->view.worker[i].page;

		json_begin(&j, NULL, '{');
		json_number(&j, "slot", w->view.worker[i].slot);
		overview_json_head(&j, &w->view, &p->head);
		json_number(&j, "share", stat_get(&p->share));
		json_number(&j, "generation", stat_get(&p->generation));
		json_number(&j, "queries_per_s", (uint64_t)rate_queries(w, i));
		json_number(&j, "busy_percent", (uint64_t)percent_busy(w, i));
		json_number(&j, "queries", stat_get(&p->queries));
		json_number(&j, "batches", stat_get(&p->batches));
		json_number(&j, "drops", stat_sum(p->drops, STAT_DROPS));
		json_end(&j, '}');
	}
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

int ctl_workers(const struct verb *verb, int argc, char **argv)
{
	static struct workers w;
	struct options o;
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	ret = overview_begin(verb, &o, &w.view);
	if (ret != EXIT_OK)
		return ret;
	look_twice(&w);
	if (o.format == FORMAT_JSON)
		print_json(&w);
	else
		print_table(&w, o.format == FORMAT_WIDE);
	overview_close(&w.view);
	return w.living > 0 ? EXIT_OK : EXIT_NEGATIVE;
}
