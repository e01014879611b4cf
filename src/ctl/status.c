/* status.c - shmdnsctl status: one screen (OV-01), from the shared pages alone */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/forwarders.h"
#include "ctl/look.h"
#include "ctl/options.h"
#include "ctl/overview.h"
#include "ctl/resources.h"
#include "ctl/stepfile.h"
#include "dns/type.h"
#include "snap/acl.h"

const char status_help[] = "\n"
			   "Reads the shared pages of the instance and asks nobody, so "
			   "it works while no process\n"
			   "answers; the first line says who is not running. `-o wide` "
			   "adds counters by reason,\n"
			   "type and batch size.\n"
			   "Exit status 1: there is no complete generation, or nobody "
			   "serves it; 3: nothing of\n"
			   "that instance is in shared memory.\n"
			   "  --alive                exit status 0 as long as a worker "
			   "runs, complete or not\n";

static unsigned living_workers(const struct overview *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->nworkers; i++)
		n += overview_lives(v, &v->worker[i].page->head);
	return n;
}

static bool controller_lives(const struct overview *v)
{
	return v->controller != NULL && overview_lives(v, &v->controller->head);
}

/* What an operator did, or what became of it (OV-08). */
static void print_frozen(const struct overview *v)
{
	const struct stat_controller *c = v->controller;
	char text[32];

	if (c == NULL)
		return;
	if (stat_get(&c->publish_frozen) != 0)
		printf("; PUBLISHING IS FROZEN at generation %" PRIu64 " for %s%s",
			stat_get(&c->frozen_generation),
			overview_since(v->wall_ns, stat_get(&c->frozen_wall_ns), text),
			stat_get(&c->settings_withheld) != 0
				? ", and settings with other zones wait"
				: "");
	if (stat_get(&c->freeze_lost_ns) != 0)
		printf("; A FREEZE ENDED BY ITSELF %s ago (`thaw` takes note)",
			overview_since(v->wall_ns, stat_get(&c->freeze_lost_ns), text));
	if (stat_get(&c->publish_held) != 0)
		printf("; THE FIRST GENERATION IS HELD BACK (`thaw` publishes it)");
}

/* RL-05, OP-26: somebody believes that other settings are in force. */
static void print_config_trouble(const struct overview *v)
{
	const struct running *r = &v->running;

	if (!v->runs)
		return;
	if (r->outcome == RELOAD_REFUSED)
		printf("; THE LAST RELOAD WAS REFUSED: %.*s", running_first(r),
			r->refusal);
	if (r->last_good)
		printf("; THE LAST GOOD CONFIGURATION RUNS: %s had errors at the start "
		       "(`check` names them)",
			r->path);
}

static void print_config(const struct overview *v)
{
	const struct running *r = &v->running;
	char digest[RUNNING_SHORT], when[32], ago[32];

	if (!v->runs)
		return;
	printf("config       %s %" PRIu64 ", sha256 %s, loaded %s, %s ago",
		r->last_good ? r->kept : r->path, r->number, running_short(r, digest),
		look_time(r->wall_ns, when), overview_since(v->wall_ns, r->wall_ns, ago));
	if (r->restart > 0)
		printf("; %" PRIu64 " settings wait for the next start", r->restart);
	printf("\nreloads      %" PRIu64 " accepted, %" PRIu64
	       " of them unchanged, %" PRIu64 " refused\n",
		stat_get(&v->supervisor->reloads[0]),
		stat_get(&v->supervisor->reload_unchanged),
		stat_get(&v->supervisor->reloads[1]));
}

/* FE-18: whatever is asked of them fails. */
static void print_unread(const struct overview *v)
{
	const struct settings *s = &v->reader.settings;
	char zone[NAME_TEXT_MAX];
	struct node_view node;
	unsigned n = 0;

	for (unsigned i = 0; v->snap != NULL && i < s->nzones; i++) {
		const struct name *apex = &s->zones[i].name;

		if (s->zones[i].kind != ZONE_FILE ||
			stepfile_find(v, apex, (int)i, TYPE_SOA, false, &node) !=
				STEPFILE_UNREAD)
			continue;
		if (n++ == 0)
			name_text(apex->wire, apex->len, zone, sizeof(zone));
	}
	if (n > 0)
		printf("; THE FILE OF ZONE %s COULD NOT BE READ (the log says why)",
			zone);
	if (n > 1)
		printf(", nor those of %u more", n - 1);
	if (v->controller != NULL && stat_get(&v->controller->zones_failed) > n)
		printf("; THE FILE OF A ZONE HAS ERRORS (the log says which): what it "
		       "said before stands");
	if (v->controller != NULL && stat_get(&v->controller->zones_refused) > 0)
		printf("; NOT ALL OF zones.directory IS SERVED (the log says what)");
}

static void print_first_line(const struct overview *v)
{
	char text[32];

	printf("instance %s: ", v->instance);
	if (v->snap == NULL)
		printf("no generation yet");
	else
		printf("generation %" PRIu64 ", %s", v->snap->generation,
			(v->snap->flags & ROOT_COMPLETE) != 0 ? "complete"
							      : "NOT COMPLETE");
	printf(", %u workers; read from shared memory", living_workers(v));
	if (v->supervisor != NULL && stat_get(&v->supervisor->stopping) != 0)
		printf("; IT WAS TOLD TO END");
	if (v->supervisor != NULL && !overview_lives(v, &v->supervisor->head))
		printf("; THE SUPERVISOR IS NOT RUNNING");
	if (!controller_lives(v))
		printf("; THE CONTROLLER IS NOT RUNNING");
	print_frozen(v);
	print_config_trouble(v);
	print_unread(v);
	if (living_workers(v) == 0)
		printf("; NO WORKER IS RUNNING");
	if (v->nforwarders > 0 && forwarders_living(v) == 0)
		printf("; NO FORWARDER IS RUNNING");
	if (resources_failing_ns(v) != 0)
		printf("; THE API SERVER CANNOT BE USED for %s",
			overview_since(v->wall_ns, resources_failing_ns(v), text));
	printf("\n\n");
}

static void print_zones(const struct overview *v)
{
	char zone[NAME_TEXT_MAX];

	printf("names        %" PRIu64 " in", v->snap->names);
	for (unsigned i = 0; i < v->reader.settings.nzones && i < 4; i++) {
		const struct name *n = &v->reader.settings.zones[i].name;

		name_text(n->wire, n->len, zone, sizeof(zone));
		printf(" %s", zone);
	}
	if (v->reader.settings.nzones > 4)
		printf(" and %u more zones", v->reader.settings.nzones - 4u);
	printf("\n");
}

static void print_snap(const struct overview *v)
{
	const struct snap *s = v->snap;
	char when[32], a[32], b[32], c[32], d[32];

	printf("published    %s, %s ago, cause %s\n", look_time(s->time_ns, when),
		overview_since(v->wall_ns, s->time_ns, a), look_cause(s));
	printf("serial       %u\n", (unsigned)s->serial);
	print_zones(v);
	printf("segment %-4" PRIu64 " %s live, %s garbage, %s used of %s\n", s->segment,
		overview_size(s->live, a), overview_size(overview_garbage(v), b),
		overview_size(s->used, c), overview_size(v->reader.current.capacity, d));
}

static void print_controller(const struct overview *v)
{
	const struct stat_controller *c = v->controller;

	printf("objects     ");
	for (size_t i = 0; i < ARRAY_LEN(overview_kinds); i++)
		printf("%s %" PRIu64 " %s", i == 0 ? "" : ",", stat_get(&c->objects[i]),
			overview_kinds[i]);
	printf("\npublishes    %" PRIu64 ", %" PRIu64 " failed, %" PRIu64
	       " compactions, %" PRIu64 " damages found\n",
		stat_get(&c->publishes),
		stat_sum(c->publish_failures, ARRAY_LEN(c->publish_failures)),
		stat_get(&c->compactions), stat_get(&c->audit_differences));
	printf("left out     %" PRIu64 " records that do not fit into DNS, %" PRIu64
	       " files unreadable\n",
		stat_sum(c->skipped, ARRAY_LEN(c->skipped)), stat_get(&c->source_errors));
}

/* One row: who, and what the head of its page says. */
static void print_process(
	const struct overview *v, const char *who, const struct stat_head *head)
{
	char up[32] = "-", beat[32] = "-";

	if (stat_get(&head->pid) != 0) {
		overview_since(v->mono_ns, stat_get(&head->started_ns), up);
		overview_since(v->mono_ns, stat_get(&head->heartbeat_ns), beat);
	}
	printf("%-11s %7" PRIu64 "  %-8s %-12s %-10s", who, stat_get(&head->pid),
		stat_get(&head->pid) == 0 ? "free"
		: overview_lives(v, head) ? "running"
					  : "silent",
		up, beat);
}

static void print_worker(const struct overview *v, const struct worker_page *p)
{
	const struct stat_worker *w = p->page;
	char who[16];

	snprintf(who, sizeof(who), "worker.%u", p->slot);
	print_process(v, who, &w->head);
	printf(" %10" PRIu64 " %5" PRIu64 " %12" PRIu64 " %12" PRIu64 " %9" PRIu64
	       " %7" PRIu64 " %7" PRIu64 "\n",
		stat_get(&w->generation), stat_get(&w->share), stat_get(&w->queries),
		stat_get(&w->replies), stat_get(&w->truncated),
		stat_sum(w->drops, STAT_DROPS), stat_get(&w->damaged_lookups));
}

/* Its columns say: settings of which generation, questions, those that were answered. */
static void print_forwarder(const struct overview *v, const struct forwarder_page *p)
{
	char who[16];

	snprintf(who, sizeof(who), "forwarder.%u", p->number);
	print_process(v, who, &p->page->head);
	printf(" %10s %5s %12" PRIu64 " %12" PRIu64 "\n",
		forwarders_current(v, p->page) ? "current" : "older", "-",
		stat_get(&p->page->questions), stat_get(&p->page->answered));
}

/* Free slots that never did anything are of no interest. */
static bool worth_a_row(const struct worker_page *p, bool wide)
{
	return wide || stat_get(&p->page->head.pid) != 0 ||
	       stat_get(&p->page->queries) > 0;
}

static void print_processes(const struct overview *v, bool wide)
{
	printf("\n%-11s %7s  %-8s %-12s %-10s %10s %5s %12s %12s %9s %7s %7s\n",
		"PROCESS", "PID", "STATE", "UP", "HEARTBEAT", "GENERATION", "SHARE",
		"QUERIES", "REPLIES", "TRUNCATED", "DROPS", "DAMAGED");
	if (v->controller != NULL) {
		print_process(v, "controller", &v->controller->head);
		printf(" %10" PRIu64 "\n", stat_get(&v->controller->generation));
	}
	for (size_t i = 0; i < v->nworkers; i++)
		if (worth_a_row(&v->worker[i], wide))
			print_worker(v, &v->worker[i]);
	for (size_t i = 0; i < v->nforwarders; i++)
		print_forwarder(v, &v->forwarder[i]);
}

static void print_rcodes(const struct overview *v)
{
	char buf[12];

	printf("\nreplies     ");
	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (i == 0 || overview_total(v, OVERVIEW_AT(rcodes, i)) > 0)
			printf(" %s %" PRIu64, rcode_text(i, buf),
				overview_total(v, OVERVIEW_AT(rcodes, i)));
	printf("\n");
}

static void print_tcp(const struct overview *v, bool wide)
{
	printf("tcp          %" PRIu64 " connections now, %" PRIu64 " in all, %" PRIu64
	       " queries\n",
		overview_total(v, OVERVIEW_AT(tcp_connections, 0)),
		overview_total(v, OVERVIEW_AT(tcp_total, 0)),
		overview_total(v, OVERVIEW_AT(tcp_queries, 0)));
	if (!wide)
		return;
	printf("tcp closed  ");
	for (unsigned i = 0; i < STAT_TCP_CLOSES; i++)
		printf(" %s %" PRIu64, stat_closes[i],
			overview_total(v, OVERVIEW_AT(tcp_closed, i)));
	printf("; pauses %" PRIu64 "\n", overview_total(v, OVERVIEW_AT(tcp_pauses, 0)));
}

static void print_wide(const struct overview *v)
{
	static const char *const batches[] = {
		"1", "<=2", "<=4", "<=8", "<=16", "<=32", ">32"};

	printf("types       ");
	for (unsigned i = 0; i < STAT_QTYPES; i++)
		if (overview_total(v, OVERVIEW_AT(qtypes, i)) > 0)
			printf(" %s %" PRIu64, stat_qtype_text(i),
				overview_total(v, OVERVIEW_AT(qtypes, i)));
	printf("\ndrops       ");
	for (unsigned i = 0; i < STAT_DROPS; i++)
		printf(" %s %" PRIu64, stat_drops[i],
			overview_total(v, OVERVIEW_AT(drops, i)));
	printf("\nacl         ");
	for (unsigned i = 0; i < STAT_ACL; i++)
		printf(" %s %" PRIu64, acl_action_text(i),
			overview_total(v, OVERVIEW_AT(acl, i)));
	printf(" hidden %" PRIu64, overview_total(v, OVERVIEW_AT(hidden, 0)));
	printf("\nbatches     ");
	for (unsigned i = 0; i < ARRAY_LEN(batches); i++)
		printf(" %s %" PRIu64, batches[i],
			overview_total(v, OVERVIEW_AT(batch_sizes, i)));
	printf("\nnot complete %" PRIu64 " replies\n",
		overview_total(v, OVERVIEW_AT(not_complete, 0)));
}

static void print_table(const struct overview *v, bool wide)
{
	print_first_line(v);
	if (v->snap != NULL)
		print_snap(v);
	if (v->controller != NULL)
		print_controller(v);
	print_config(v);
	resources_print(v, wide);
	print_processes(v, wide);
	print_rcodes(v);
	print_tcp(v, wide);
	forwarders_print(v);
	if (wide)
		print_wide(v);
}

int ctl_status(const struct verb *verb, int argc, char **argv)
{
	static struct overview v;
	bool alive = false;
	struct options o;
	const struct option_spec own[] = {{NULL, "--alive", NULL, &alive}};
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	ret = overview_begin(verb, &o, &v);
	if (ret != EXIT_OK)
		return ret;
	if (o.format == FORMAT_JSON)
		overview_json(&v);
	else
		print_table(&v, o.format == FORMAT_WIDE);
	bool complete = v.snap != NULL && (v.snap->flags & ROOT_COMPLETE) != 0;
	bool good = living_workers(&v) > 0 && (complete || alive);
	overview_close(&v);
	return good ? EXIT_OK : EXIT_NEGATIVE;
}
