/* api.c - MA rows */
#include "admin/metrics.h"
#include "base/base.h"

static const char *const resources[STAT_RESOURCES] = {
	"namespaces", "services", "endpointslices"};
static const char *const kinds[] = {"namespaces", "services", "endpointslices", "pods"};
static const char *const verbs[STAT_API_VERBS] = {"list", "watch", "watchlist"};
static const char *const types[3] = {"added", "modified", "deleted"};

static const char *const restarts[STAT_RESTARTS] = {
	[RESTART_CLEAN] = "clean",
	[RESTART_TRANSPORT] = "transport",
	[RESTART_STALL] = "stall",
	[RESTART_EXPIRED] = "expired",
	[RESTART_AUTH] = "auth",
	[RESTART_THROTTLED] = "throttled",
	[RESTART_ERROR] = "error",
	[RESTART_PARSE] = "parse",
};

static const char *const relists[STAT_RELISTS] = {
	[RELIST_FIRST] = "first",
	[RELIST_EXPIRED] = "expired",
	[RELIST_REGRESSED] = "regressed",
	[RELIST_AUDIT] = "audit",
	[RELIST_PARSE] = "parse",
	[RELIST_ERROR] = "error",
};

/* RESOURCE_UNUSED: objects come from files. */
static const char *const states[STAT_RESOURCE_STATES] = {
	[RESOURCE_TAKEN] = "taken",
	[RESOURCE_LISTING] = "listing",
	[RESOURCE_DENIED] = "denied",
	[RESOURCE_ABSENT] = "absent",
};

/* One sample of each resource, of the word at `offset` of its struct. */
static void put_each(
	struct text *t, const struct stat_api *a, size_t offset, bool is_time)
{
	for (unsigned i = 0; i < STAT_RESOURCES; i++) {
		const char *at = (const char *)(const void *)&a->resources[i] + offset;
		uint64_t value = stat_get((const stat_u64 *)(const void *)at);

		if (is_time)
			text_seconds(t, LABELS({"resource", resources[i]}), value);
		else
			text_count(t, LABELS({"resource", resources[i]}), value);
	}
}

/* ... of the `n` words there, each with a label of its own; NULL: not shown. */
static void put_table(struct text *t, const struct stat_api *a, size_t offset,
	const char *label, const char *const *values, unsigned n)
{
	for (unsigned i = 0; i < STAT_RESOURCES; i++) {
		const char *at = (const char *)(const void *)&a->resources[i] + offset;
		const stat_u64 *words = (const void *)at;

		for (unsigned k = 0; k < n; k++)
			text_count(t,
				LABELS({"resource", resources[i]}, {label, values[k]}),
				stat_get(&words[k]));
	}
}

#define RESOURCE(field) offsetof(struct stat_resource, field)

static void put_requests(struct text *t, const struct stat_api *a)
{
	text_family(t, "shmdns_api_requests_total", TEXT_COUNTER,
		"Requests to the API server, by the status of the reply; \"none\": there "
		"was no reply.");
	for (unsigned i = 0; i < STAT_RESOURCES; i++)
		for (unsigned k = 0; k < STAT_API_VERBS; k++)
			for (unsigned c = 0; c < STAT_API_CODES; c++) {
				uint64_t n = stat_get(&a->resources[i].requests[k][c]);

				if (n > 0 || c == 1)
					text_count(t,
						LABELS({"resource", resources[i]},
							{"verb", verbs[k]},
							{"code", stat_api_code_text(c)}),
						n);
			}
}

static void put_list_times(struct text *t, const struct stat_api *a)
{
	uint64_t n[STAT_LONG];

	text_family(t, "shmdns_api_request_duration_seconds", TEXT_HISTOGRAM,
		"How long complete lists took.");
	for (unsigned i = 0; i < STAT_RESOURCES; i++) {
		view_words(a->resources[i].list_time, n, STAT_LONG);
		text_histogram(t, LABELS({"resource", resources[i]}, {"verb", "list"}),
			TEXT_LONG, n, STAT_LONG, stat_get(&a->resources[i].list_ns));
	}
}

static void put_states(struct text *t, const struct stat_api *a)
{
	text_family(t, "shmdns_resource_state", TEXT_GAUGE,
		"What a resource of the API is in; none where objects come from files.");
	for (unsigned i = 0; i < STAT_RESOURCES; i++)
		for (unsigned k = RESOURCE_TAKEN; k < STAT_RESOURCE_STATES; k++)
			text_count(t,
				LABELS({"resource", resources[i]}, {"state", states[k]}),
				stat_get(&a->resources[i].state) == k);
}

static void put_watches(struct text *t, const struct stat_api *a)
{
	text_family(t, "shmdns_watch_last_event_timestamp_seconds", TEXT_GAUGE,
		"When the API server sent the last octet of a watch, as Unix time.");
	put_each(t, a, RESOURCE(octet_wall_ns), true);
	text_family(t, "shmdns_watch_restarts_total", TEXT_COUNTER,
		"Watches that ended, and why.");
	put_table(t, a, RESOURCE(restarts), "reason", restarts, STAT_RESTARTS);
	text_family(t, "shmdns_relists_total", TEXT_COUNTER,
		"Lists that were taken, and why.");
	put_table(t, a, RESOURCE(relists), "reason", relists, STAT_RELISTS);
	text_family(t, "shmdns_watch_events_total", TEXT_COUNTER, "Events of watches.");
	put_table(t, a, RESOURCE(events), "type", types, ARRAY_LEN(types));
	text_family(t, "shmdns_resource_version_regressions_total", TEXT_COUNTER,
		"Times that the API server went back to an older resourceVersion.");
	put_each(t, a, RESOURCE(regressions), false);
	text_family(t, "shmdns_audit_differences_total", TEXT_COUNTER,
		"Objects that a list had otherwise than the watch before it.");
	put_each(t, a, RESOURCE(audit_differences), false);
	text_family(t, "shmdns_resource_version", TEXT_GAUGE,
		"The newest resourceVersion that was seen, if it is a number.");
	put_each(t, a, RESOURCE(version), false);
	text_family(t, "shmdns_api_bytes_total", TEXT_COUNTER,
		"Octets of replies of the API server.");
	put_each(t, a, RESOURCE(octets), false);
}

static void put_expiries(struct text *t, const struct stat_api *a)
{
	static const char *const names[STAT_EXPIRIES] = {"token", "certificate", "ca"};

	text_family(t, "shmdns_api_credentials_expiry_timestamp_seconds", TEXT_GAUGE,
		"When credentials for the API server end, as Unix time.");
	for (unsigned i = 0; i < STAT_EXPIRIES; i++)
		if (stat_get(&a->expiry_s[i]) != 0)
			text_count(
				t, LABELS({"kind", names[i]}), stat_get(&a->expiry_s[i]));
}

void metrics_api(struct text *t, const struct view *v)
{
	const struct stat_controller *c = v->controller;

	if (c == NULL)
		return;
	text_family(t, "shmdns_objects", TEXT_GAUGE, "Objects that are known.");
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		text_count(t, LABELS({"resource", kinds[i]}), stat_get(&c->objects[i]));
	put_requests(t, &c->api);
	put_list_times(t, &c->api);
	put_states(t, &c->api);
	put_watches(t, &c->api);
	put_expiries(t, &c->api);
}
