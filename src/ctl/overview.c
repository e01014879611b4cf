/* overview.c - the shared pages of an instance, and all of them as JSON */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/json.h"
#include "ctl/resources.h"
#include "ctl/overview.h"
#include "dns/type.h"

#define ALIVE_NS (3 * NS_PER_S) /* as long as the supervisor waits too (DE-05) */

const char *const overview_drops[STAT_DROPS] = {
	[DROP_SHORT] = "short",
	[DROP_RESPONSE] = "response",
	[DROP_ACL] = "acl",
	[DROP_RATE] = "rate",
	[DROP_NO_SLOT] = "no_slot",
	[DROP_SEND] = "send",
	[DROP_DIGEST] = "digest",
};

const char *const overview_closes[STAT_TCP_CLOSES] = {
	[TCP_CLOSE_CLIENT] = "client",
	[TCP_CLOSE_IDLE] = "idle",
	[TCP_CLOSE_READ] = "read",
	[TCP_CLOSE_WRITE] = "write",
	[TCP_CLOSE_QUERIES] = "queries",
	[TCP_CLOSE_AGE] = "age",
	[TCP_CLOSE_LIMIT] = "limit",
	[TCP_CLOSE_ERROR] = "error",
};

const char *const overview_kinds[4] = {
	"namespaces",
	"services",
	"endpointslices",
	"pods",
};

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
	for (unsigned i = 0; i < OVERVIEW_WORKERS_MAX; i++) {
		snprintf(who, sizeof(who), "w%u", i);
		if (segment_stat_map(instance, who, STAT_WORKER, &page) == 0)
			v->worker[v->nworkers++] = (struct worker_page){i, page};
	}
	return v->reader.board != NULL || v->controller != NULL || v->nworkers > 0;
}

void overview_close(struct overview *v)
{
	reader_fini(&v->reader);
	segment_stat_unmap(v->controller, STAT_CONTROLLER);
	for (size_t i = 0; i < v->nworkers; i++)
		segment_stat_unmap(v->worker[i].page, STAT_WORKER);
}

bool overview_lives(const struct overview *v, const struct stat_head *head)
{
	uint64_t beat = stat_get(&head->heartbeat_ns);

	return stat_get(&head->pid) != 0 && beat + ALIVE_NS > v->mono_ns;
}

uint64_t overview_garbage(const struct overview *v)
{
	uint64_t needed = SEGMENT_FIRST + v->snap->live;

	return v->snap->used > needed ? v->snap->used - needed : 0;
}

const char *overview_cause(const struct overview *v)
{
	static const char *const words[] = {
		[CAUSE_SETTINGS] = "settings",
		[CAUSE_OBJECTS] = "objects",
		[CAUSE_COMPACT] = "compaction",
		[CAUSE_RESTORE] = "restore",
		[CAUSE_ROLLBACK] = "rollback",
	};
	unsigned c = v->snap->cause;

	return c < ARRAY_LEN(words) && words[c] != NULL ? words[c] : "unknown";
}

static void json_snap(struct json *j, const struct overview *v)
{
	char zone[NAME_TEXT_MAX];

	json_number(j, "generation", v->snap->generation);
	json_bool(j, "complete", (v->snap->flags & ROOT_COMPLETE) != 0);
	json_string(j, "cause", overview_cause(v));
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

static void json_head(
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
	uint64_t failures = 0, skipped = 0;

	for (size_t i = 0; i < ARRAY_LEN(c->publish_failures); i++)
		failures += stat_get(&c->publish_failures[i]);
	for (size_t i = 0; i < ARRAY_LEN(c->skipped); i++)
		skipped += stat_get(&c->skipped[i]);
	json_begin(j, "controller", '{');
	json_head(j, v, &c->head);
	json_number(j, "publishes", stat_get(&c->publishes));
	json_number(j, "publish_failures", failures);
	json_number(j, "compactions", stat_get(&c->compactions));
	json_number(j, "audit_differences", stat_get(&c->audit_differences));
	json_number(j, "source_errors", stat_get(&c->source_errors));
	json_number(j, "skipped", skipped);
	json_number(j, "config", stat_get(&c->config_number));
	json_begin(j, "objects", '{');
	for (size_t i = 0; i < ARRAY_LEN(overview_kinds); i++)
		json_number(j, overview_kinds[i], stat_get(&c->objects[i]));
	json_end(j, '}');
	json_end(j, '}');
}

static void json_counters(struct json *j, const struct stat_worker *w)
{
	char buf[12];

	json_begin(j, "drops", '{');
	for (unsigned i = 0; i < STAT_DROPS; i++)
		json_number(j, overview_drops[i], stat_get(&w->drops[i]));
	json_end(j, '}');
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
		json_number(j, overview_closes[i], stat_get(&w->tcp_closed[i]));
	json_end(j, '}');
	json_end(j, '}');
}

static void json_worker(
	struct json *j, const struct overview *v, const struct worker_page *p)
{
	const struct stat_worker *w = p->page;

	json_begin(j, NULL, '{');
	json_number(j, "slot", p->slot);
	json_head(j, v, &w->head);
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
	resources_json(&j, v);
	json_begin(&j, "workers", '[');
	for (size_t i = 0; i < v->nworkers; i++)
		json_worker(&j, v, &v->worker[i]);
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}
