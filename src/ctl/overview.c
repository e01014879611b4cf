/* overview.c - the shared pages of an instance, and all of them as JSON */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/forwarders.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/overview.h"
#include "ctl/resources.h"
#include "ctl/target.h"
#include "dns/type.h"
#include "snap/acl.h"

#define ALIVE_NS (3 * NS_PER_S) /* as long as the supervisor waits too (DE-05) */

const char *const overview_stales[STAT_STALES] = {
	[STALE_TIMEOUT] = "stale_timeout",
	[STALE_FAILURE] = "stale_failure",
	[STALE_FIRST] = "stale_first",
};

const char *const overview_kinds[4] = {
	"namespaces",
	"services",
	"endpointslices",
	"pods",
};

void overview_complain(const char *instance)
{
	if (look_denied(instance))
		return;
	ctl_complain(
		"nothing of instance '%s' is in shared memory; -i NAME or -c FILE names "
		"another",
		instance);
}

bool overview_open(struct overview *v, const char *instance)
{
	const void *page;
	char who[16];

	memset(v, 0, sizeof(*v));
	snprintf(v->instance, sizeof(v->instance), "%s", instance);
	v->mono_ns = clock_mono_ns();
	v->wall_ns = clock_wall_ns();
	reader_init(&v->reader, instance);
	reader_refresh(&v->reader);
	v->snap = reader_snap(&v->reader);
	if (segment_stat_map(instance, "controller", STAT_CONTROLLER, &page) == 0)
		v->controller = page;
	if (segment_stat_map(instance, "supervisor", STAT_SUPERVISOR, &page) == 0)
		v->supervisor = page;
	if (segment_stat_map(instance, "admin", STAT_ADMIN, &page) == 0)
		v->admin = page;
	v->runs = v->supervisor != NULL && running_read(v->supervisor, &v->running);
	for (unsigned i = 0; i < OVERVIEW_WORKERS_MAX; i++) {
		snprintf(who, sizeof(who), "w%u", i);
		if (segment_stat_map(instance, who, STAT_WORKER, &page) == 0)
			v->worker[v->nworkers++] = (struct worker_page){i, page};
	}
	for (unsigned i = 0; i < FORWARDERS_MAX; i++) {
		snprintf(who, sizeof(who), "f%u", i);
		if (segment_stat_map(instance, who, STAT_FORWARDER, &page) == 0)
			v->forwarder[v->nforwarders++] = (struct forwarder_page){i, page};
	}
	return v->reader.board != NULL || v->controller != NULL || v->nworkers > 0;
}

void overview_close(struct overview *v)
{
	reader_fini(&v->reader);
	segment_stat_unmap(v->controller, STAT_CONTROLLER);
	segment_stat_unmap(v->supervisor, STAT_SUPERVISOR);
	segment_stat_unmap(v->admin, STAT_ADMIN);
	for (size_t i = 0; i < v->nworkers; i++)
		segment_stat_unmap(v->worker[i].page, STAT_WORKER);
	for (size_t i = 0; i < v->nforwarders; i++)
		segment_stat_unmap(v->forwarder[i].page, STAT_FORWARDER);
}

int overview_begin(const struct verb *verb, const struct options *o, struct overview *v)
{
	char instance[INSTANCE_MAX];

	if (o->nargs > 0) {
		ctl_complain("%s: what is '%s'? (try --help)", verb->name, o->arg[0]);
		return EXIT_USAGE;
	}
	if (!target_guess(o, instance))
		return EXIT_USAGE;
	if (overview_open(v, instance))
		return EXIT_OK;
	overview_complain(instance);
	overview_close(v);
	return EXIT_UNREACHABLE;
}

bool overview_lives(const struct overview *v, const struct stat_head *head)
{
	uint64_t beat = stat_get(&head->heartbeat_ns);

	return stat_get(&head->pid) != 0 && beat + ALIVE_NS > v->mono_ns;
}

uint64_t overview_total(const struct overview *v, size_t offset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->nworkers; i++)
		n += stat_get(
			(const stat_u64 *)(const void *)((const char *)v->worker[i].page +
							 offset));
	return n;
}

/* "12 s", "3 min", "2 h 5 min", "4 d 1 h" into `out`. */
static const char *age(uint64_t ns, char out[32])
{
	uint64_t s = ns / NS_PER_S;

	if (s < 10)
		snprintf(out, 32, "%.1f s", (double)ns / (double)NS_PER_S);
	else if (s < 120)
		snprintf(out, 32, "%" PRIu64 " s", s);
	else if (s < 7200)
		snprintf(out, 32, "%" PRIu64 " min", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, 32, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(
			out, 32, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
	return out;
}

const char *overview_since(uint64_t now_ns, uint64_t then_ns, char out[32])
{
	return age(now_ns > then_ns ? now_ns - then_ns : 0, out);
}

const char *overview_size(uint64_t octets, char out[32])
{
	if (octets < 10240)
		snprintf(out, 32, "%" PRIu64 " B", octets);
	else if (octets < 10 << 20)
		snprintf(out, 32, "%.1f KiB", (double)octets / 1024);
	else
		snprintf(out, 32, "%.1f MiB", (double)octets / (1 << 20));
	return out;
}

uint64_t overview_garbage(const struct overview *v)
{
	uint64_t needed = SEGMENT_FIRST + v->snap->live;

	return v->snap->used > needed ? v->snap->used - needed : 0;
}

static void json_snap(struct json *j, const struct overview *v)
{
	char zone[NAME_TEXT_MAX];

	json_number(j, "generation", v->snap->generation);
	json_bool(j, "complete", (v->snap->flags & ROOT_COMPLETE) != 0);
	json_string(j, "cause", look_cause(v->snap));
	json_number(j, "published_ns", v->snap->time_ns);
	json_number(j, "serial", v->snap->serial);
	json_number(j, "names", v->snap->names);
	json_begin(j, "segment", '{');
	json_number(j, "number", v->snap->segment);
	json_number(j, "capacity", v->reader.current.capacity);
	json_number(j, "used", v->snap->used);
	json_number(j, "live", v->snap->live);
	json_number(j, "garbage", overview_garbage(v));
	json_end(j, '}');
	json_begin(j, "zones", '[');
	for (unsigned i = 0; i < v->reader.settings.nzones; i++) {
		const struct name *n = &v->reader.settings.zones[i].name;

		name_text(n->wire, n->len, zone, sizeof(zone));
		json_string(j, NULL, zone);
	}
	json_end(j, ']');
}

void overview_json_head(
	struct json *j, const struct overview *v, const struct stat_head *head)
{
	json_number(j, "pid", stat_get(&head->pid));
	json_bool(j, "running", overview_lives(v, head));
	json_number(j, "life", stat_get(&head->life));
	json_number(j, "started_ns", stat_get(&head->started_ns));
	json_number(j, "heartbeat_ns", stat_get(&head->heartbeat_ns));
}

static void json_controller(struct json *j, const struct overview *v)
{
	const struct stat_controller *c = v->controller;
	uint64_t failures = 0, skipped = 0, events = 0;

	for (size_t i = 0; i < ARRAY_LEN(c->events); i++)
		events += stat_sum(c->events[i], ARRAY_LEN(c->events[i]));
	for (size_t i = 0; i < ARRAY_LEN(c->publish_failures); i++)
		failures += stat_get(&c->publish_failures[i]);
	for (size_t i = 0; i < ARRAY_LEN(c->skipped); i++)
		skipped += stat_get(&c->skipped[i]);
	json_begin(j, "controller", '{');
	overview_json_head(j, v, &c->head);
	json_number(j, "events", events);
	json_number(j, "publishes", stat_get(&c->publishes));
	json_number(j, "publish_failures", failures);
	json_number(j, "compactions", stat_get(&c->compactions));
	json_number(j, "audit_differences", stat_get(&c->audit_differences));
	json_number(j, "source_errors", stat_get(&c->source_errors));
	json_number(j, "skipped", skipped);
	json_number(j, "config", stat_get(&c->config_number));
	json_bool(j, "held", stat_get(&c->publish_held) != 0);
	json_bool(j, "frozen", stat_get(&c->publish_frozen) != 0);
	if (stat_get(&c->publish_frozen) != 0) {
		json_number(j, "frozen_ns", stat_get(&c->frozen_wall_ns));
		json_number(j, "frozen_generation", stat_get(&c->frozen_generation));
		json_bool(j, "settings_withheld", stat_get(&c->settings_withheld) != 0);
	}
	if (stat_get(&c->freeze_lost_ns) != 0)
		json_number(j, "freeze_lost_ns", stat_get(&c->freeze_lost_ns));
	json_begin(j, "objects", '{');
	for (size_t i = 0; i < ARRAY_LEN(overview_kinds); i++)
		json_number(j, overview_kinds[i], stat_get(&c->objects[i]));
	json_end(j, '}');
	json_end(j, '}');
}

static void json_config(struct json *j, const struct overview *v)
{
	json_begin(j, "config", '{');
	running_json(j, &v->running);
	json_number(j, "reloads_accepted", stat_get(&v->supervisor->reloads[0]));
	json_number(j, "reloads_refused", stat_get(&v->supervisor->reloads[1]));
	json_number(j, "reloads_unchanged", stat_get(&v->supervisor->reload_unchanged));
	json_number(j, "reload_ns", stat_get(&v->supervisor->reload_wall_ns));
	json_end(j, '}');
}

static void json_counters(struct json *j, const struct stat_worker *w)
{
	char buf[12];

	json_begin(j, "drops", '{');
	for (unsigned i = 0; i < STAT_DROPS; i++)
		json_number(j, stat_drops[i], stat_get(&w->drops[i]));
	json_end(j, '}');
	json_begin(j, "acl", '{');
	for (unsigned i = 0; i < STAT_ACL; i++)
		json_number(j, acl_action_text(i), stat_get(&w->acl[i]));
	json_end(j, '}');
	json_number(j, "hidden", stat_get(&w->hidden));
	json_begin(j, "rcodes", '{');
	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (stat_get(&w->rcodes[i]) > 0)
			json_number(j, rcode_text(i, buf), stat_get(&w->rcodes[i]));
	json_end(j, '}');
	json_begin(j, "types", '{');
	for (unsigned i = 0; i < STAT_QTYPES; i++)
		if (stat_get(&w->qtypes[i]) > 0)
			json_number(j, stat_qtype_text(i), stat_get(&w->qtypes[i]));
	json_end(j, '}');
}

static void json_tcp(struct json *j, const struct stat_worker *w)
{
	json_begin(j, "tcp", '{');
	json_number(j, "connections", stat_get(&w->tcp_connections));
	json_number(j, "total", stat_get(&w->tcp_total));
	json_number(j, "queries", stat_get(&w->tcp_queries));
	json_number(j, "pauses", stat_get(&w->tcp_pauses));
	json_begin(j, "closed", '{');
	for (unsigned i = 0; i < STAT_TCP_CLOSES; i++)
		json_number(j, stat_closes[i], stat_get(&w->tcp_closed[i]));
	json_end(j, '}');
	json_end(j, '}');
}

/* Names that are not ours: what the cache had, what is parked (MC and MU rows). */
static void json_misses(struct json *j, const struct stat_worker *w)
{
	json_begin(j, "cache", '{');
	json_number(j, "hits", stat_get(&w->cache_hits[0]));
	json_number(j, "denial_hits", stat_get(&w->cache_hits[1]));
	json_number(j, "misses", stat_get(&w->cache_misses));
	for (unsigned i = 0; i < STAT_STALES; i++)
		json_number(j, overview_stales[i], stat_get(&w->cache_stale[i]));
	json_number(j, "failures", stat_get(&w->cache_failures));
	json_number(j, "torn", stat_get(&w->cache_torn));
	json_end(j, '}');
	json_begin(j, "parked", '{');
	json_number(j, "now", stat_get(&w->parked));
	json_number(j, "total", stat_get(&w->parked_total));
	json_number(j, "adopted", stat_get(&w->adopted));
	json_number(j, "rounds", stat_get(&w->rounds));
	json_number(j, "asks", stat_get(&w->asks));
	json_number(j, "asks_again", stat_get(&w->asks_again));
	json_number(j, "settled", stat_get(&w->settled));
	json_number(j, "deadlines", stat_get(&w->deadlines));
	json_end(j, '}');
	json_begin(j, "rejected", '{');
	for (unsigned i = 0; i < STAT_REJECTS; i++)
		json_number(j, stat_rejects[i], stat_get(&w->forward_rejected[i]));
	json_end(j, '}');
	json_number(j, "loops", stat_get(&w->loops));
}

static void json_worker(
	struct json *j, const struct overview *v, const struct worker_page *p)
{
	const struct stat_worker *w = p->page;

	json_begin(j, NULL, '{');
	json_number(j, "slot", p->slot);
	overview_json_head(j, v, &w->head);
	json_number(j, "share", stat_get(&w->share));
	json_number(j, "generation", stat_get(&w->generation));
	json_number(j, "segment", stat_get(&w->segment));
	json_number(j, "refreshes", stat_get(&w->refreshes));
	json_number(j, "refresh_failures", stat_get(&w->refresh_failures));
	json_number(j, "damaged_lookups", stat_get(&w->damaged_lookups));
	json_number(j, "batches", stat_get(&w->batches));
	json_number(j, "queries", stat_get(&w->queries));
	json_number(j, "replies", stat_get(&w->replies));
	json_number(j, "truncated", stat_get(&w->truncated));
	json_number(j, "header_replies", stat_get(&w->header_replies));
	json_number(j, "not_complete", stat_get(&w->not_complete));
	json_number(j, "busy_ns", stat_get(&w->busy_ns));
	json_number(j, "receive_buffer", stat_get(&w->receive_buffer));
	json_counters(j, w);
	json_tcp(j, w);
	json_misses(j, w);
	json_end(j, '}');
}

void overview_json(const struct overview *v)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", v->instance);
	json_string(&j, "from", "shared memory");
	json_number(&j, "now_ns", v->wall_ns);
	json_number(&j, "monotonic_ns", v->mono_ns);
	if (v->snap != NULL)
		json_snap(&j, v);
	if (v->controller != NULL)
		json_controller(&j, v);
	if (v->runs)
		json_config(&j, v);
	resources_json(&j, v);
	json_begin(&j, "workers", '[');
	for (size_t i = 0; i < v->nworkers; i++)
		json_worker(&j, v, &v->worker[i]);
	json_end(&j, ']');
	forwarders_json(&j, v);
	if (v->admin != NULL) {
		json_begin(&j, "admin", '{');
		overview_json_head(&j, v, &v->admin->head);
		json_end(&j, '}');
	}
	json_end(&j, '}');
	printf("\n");
}
