#include "ctl/resources.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base.h"

static const char *const states[STAT_RESOURCE_STATES] = {
	"unused", "taken", "listing", "denied", "absent"};
static const char *const verbs[STAT_API_VERBS] = {"list", "watch", "watchlist"};
static const char *const restarts[STAT_RESTARTS] = {
	"clean", "transport", "stall", "expired", "auth", "throttled", "error", "parse"};
static const char *const relists[STAT_RELISTS] = {
	"first", "expired", "regressed", "audit", "parse", "error"};
static const char *const names[] = {"namespaces", "services", "endpointslices"};

static const struct stat_resource *resource(const struct overview *v, size_t i)
{
	return &v->controller->api.resources[i];
}

static const char *state(const struct stat_resource *r)
{
	uint64_t s = stat_get(&r->state);

	/* Taken it is, but nobody says what has changed since. */
	if (s == RESOURCE_TAKEN && stat_get(&r->failing_ns) != 0)
		return "retrying";
	return s < STAT_RESOURCE_STATES ? states[s] : "unknown";
}

/* How far a first list is: "45 %", or objects so far; "": that is no matter. */
static const char *progress(const struct stat_resource *r, char out[32])
{
	const uint64_t listed = stat_get(&r->listed), all = stat_get(&r->expected);

	out[0] = '\0';
	if (stat_get(&r->state) != RESOURCE_LISTING)
		return out;
	if (all > 0)
		snprintf(out, 32, "%u %%", stat_percent(listed, all));
	else if (listed > 0)
		snprintf(out, 32, "%" PRIu64 " so far", listed);
	return out;
}

static bool used(const struct overview *v, size_t i)
{
	return v->controller != NULL && stat_get(&resource(v, i)->state) != 0;
}

uint64_t resources_failing_ns(const struct overview *v)
{
	uint64_t since = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint64_t at = used(v, i) ? stat_get(&resource(v, i)->failing_ns) : 0;

		if (at != 0 && (since == 0 || at < since))
			since = at;
	}
	return since;
}

/* Requests that got no 200. */
static uint64_t failures(const struct stat_resource *r)
{
	unsigned ok = stat_api_code(200);
	uint64_t all = stat_sum(&r->requests[0][0], STAT_API_VERBS * STAT_API_CODES);

	for (unsigned verb = 0; verb < STAT_API_VERBS; verb++)
		all -= MIN(all, stat_get(&r->requests[verb][ok]));
	return all;
}

static void print_row(const struct overview *v, size_t i)
{
	const struct stat_resource *r = resource(v, i);
	uint64_t then = stat_get(&r->octet_wall_ns);
	char heard[32] = "never";

	if (then != 0)
		snprintf(heard, sizeof(heard), "%.1f s ago",
			(double)(v->wall_ns > then ? v->wall_ns - then : 0) /
				(double)NS_PER_S);
	printf("%-15s %-8s %12" PRIu64 "  %-14s %9" PRIu64 " %7" PRIu64 " %9" PRIu64
	       " %9" PRIu64 " %8" PRIu64 " %7" PRIu64 "\n",
		names[i], state(r), stat_get(&r->version), heard, stat_sum(r->events, 3),
		stat_get(&r->lists), stat_sum(r->restarts, STAT_RESTARTS), failures(r),
		stat_get(&r->dropped), stat_get(&r->held));
}

static void print_reasons(
	const char *what, const char *const *texts, const stat_u64 *c, size_t n)
{
	if (stat_sum(c, n) == 0)
		return;
	printf(" %s", what);
	for (size_t i = 0; i < n; i++)
		if (stat_get(&c[i]) > 0)
			printf(" %s %" PRIu64, texts[i], stat_get(&c[i]));
	printf(";");
}

static void print_wide(const struct overview *v, size_t i)
{
	const struct stat_resource *r = resource(v, i);

	printf("%-15s", names[i]);
	for (unsigned verb = 0; verb < STAT_API_VERBS; verb++)
		for (unsigned code = 0; code < STAT_API_CODES; code++)
			if (stat_get(&r->requests[verb][code]) > 0)
				printf(" %s %s %" PRIu64 ",", verbs[verb],
					stat_api_code_text(code),
					stat_get(&r->requests[verb][code]));
	print_reasons("restarts:", restarts, r->restarts, STAT_RESTARTS);
	print_reasons("lists:", relists, r->relists, STAT_RELISTS);
	printf(" bookmarks %" PRIu64 "; regressions %" PRIu64 "; audit differences "
	       "%" PRIu64 "; %" PRIu64 " octets\n",
		stat_get(&r->bookmarks), stat_get(&r->regressions),
		stat_get(&r->audit_differences), stat_get(&r->octets));
}

static const char *const expiries[STAT_EXPIRIES] = {"token", "certificate", "CA"};

/* How far first lists are: they are what readiness waits for. */
static void print_progress(const struct overview *v)
{
	const char *before = "listing     ";
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!used(v, i) || progress(resource(v, i), text)[0] == '\0')
			continue;
		printf("%s %s %s", before, names[i], text);
		before = ",";
	}
	if (before[0] == ',')
		printf("\n");
}

/* When credentials end, if that is known. */
static void print_expiries(const struct overview *v)
{
	bool any = false;

	for (size_t i = 0; i < STAT_EXPIRIES && v->controller != NULL; i++) {
		uint64_t at_s = stat_get(&v->controller->api.expiry_s[i]);
		int64_t left_s = (int64_t)at_s - (int64_t)(v->wall_ns / NS_PER_S);

		if (at_s == 0)
			continue;
		bool days = left_s > 2 * 86400 || left_s < -2 * 86400;
		printf("%s %s %s %" PRId64 " %s", any ? "," : "credentials ", expiries[i],
			left_s < 0 ? "EXPIRED since" : "valid for",
			(left_s < 0 ? -left_s : left_s) / (days ? 86400 : 60),
			days ? "d" : "min");
		any = true;
	}
	if (any)
		printf("\n");
}

void resources_print(const struct overview *v, bool wide)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!used(v, i))
			continue;
		if (!any)
			printf("\n%-15s %-8s %12s  %-14s %9s %7s %9s %9s %8s %7s\n",
				"RESOURCE", "STATE", "VERSION", "HEARD", "EVENTS",
				"LISTS", "RESTARTS", "FAILURES", "DROPPED", "HELD");
		any = true;
		print_row(v, i);
	}
	for (size_t i = 0; i < ARRAY_LEN(names) && wide; i++)
		if (used(v, i))
			print_wide(v, i);
	print_progress(v);
	if (any)
		print_expiries(v);
}

static void json_reasons(struct json *j, const char *what, const char *const *texts,
	const stat_u64 *c, size_t n)
{
	json_begin(j, what, '{');
	for (size_t i = 0; i < n; i++)
		json_number(j, texts[i], stat_get(&c[i]));
	json_end(j, '}');
}

static void json_requests(struct json *j, const struct stat_resource *r)
{
	json_begin(j, "requests", '{');
	for (unsigned verb = 0; verb < STAT_API_VERBS; verb++) {
		json_begin(j, verbs[verb], '{');
		for (unsigned code = 0; code < STAT_API_CODES; code++)
			if (stat_get(&r->requests[verb][code]) > 0)
				json_number(j, stat_api_code_text(code),
					stat_get(&r->requests[verb][code]));
		json_end(j, '}');
	}
	json_end(j, '}');
}

static void json_one(struct json *j, const struct overview *v, size_t i)
{
	const struct stat_resource *r = resource(v, i);

	json_begin(j, NULL, '{');
	json_string(j, "resource", names[i]);
	json_string(j, "state", state(r));
	json_number(j, "version", stat_get(&r->version));
	json_number(j, "last_octet_ns", stat_get(&r->octet_wall_ns));
	json_number(j, "failing_since_ns", stat_get(&r->failing_ns));
	json_number(j, "objects", stat_get(&v->controller->objects[i]));
	json_number(j, "added", stat_get(&r->events[0]));
	json_number(j, "modified", stat_get(&r->events[1]));
	json_number(j, "deleted", stat_get(&r->events[2]));
	json_requests(j, r);
	json_number(j, "lists", stat_get(&r->lists));
	json_number(j, "list_ns", stat_get(&r->list_ns));
	json_reasons(j, "restarts", restarts, r->restarts, STAT_RESTARTS);
	json_reasons(j, "relists", relists, r->relists, STAT_RELISTS);
	json_number(j, "bookmarks", stat_get(&r->bookmarks));
	json_number(j, "regressions", stat_get(&r->regressions));
	json_number(j, "audit_differences", stat_get(&r->audit_differences));
	json_number(j, "dropped", stat_get(&r->dropped));
	json_number(j, "held", stat_get(&r->held));
	json_number(j, "octets", stat_get(&r->octets));
	if (stat_get(&r->state) == RESOURCE_LISTING) {
		json_number(j, "listed", stat_get(&r->listed));
		json_number(j, "expected", stat_get(&r->expected));
	}
	json_end(j, '}');
}

void resources_json(struct json *j, const struct overview *v)
{
	json_begin(j, "expiry", '{');
	for (size_t i = 0; i < STAT_EXPIRIES && v->controller != NULL; i++)
		if (stat_get(&v->controller->api.expiry_s[i]) != 0)
			json_number(j, expiries[i],
				stat_get(&v->controller->api.expiry_s[i]));
	json_end(j, '}');
	json_begin(j, "resources", '[');
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (used(v, i))
			json_one(j, v, i);
	json_end(j, ']');
}
