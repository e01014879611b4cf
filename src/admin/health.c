#include "admin/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static const char *const resources[STAT_RESOURCES] = {
	"namespaces", "services", "endpointslices"};

bool health_alive(const struct view *v)
{
	for (unsigned i = 0; i < v->nworkers; i++)
		if (view_lives(v, &v->worker[i]->head, HEALTH_BEAT_NS))
			return true;
	return false;
}

static void __attribute__((format(printf, 2, 3)))
say(struct mem_buf *why, const char *fmt, ...)
{
	char line[128];
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	mem_buf_put(why, line, MIN((size_t)len, sizeof(line) - 1));
	mem_buf_put(why, "\n", 1);
}

/* The worker that lives in a share; NULL: there is none. */
static const struct stat_worker *of_share(const struct view *v, uint32_t share)
{
	for (unsigned i = 0; i < v->nworkers; i++)
		if (stat_get(&v->worker[i]->share) == share &&
			view_lives(v, &v->worker[i]->head, HEALTH_BEAT_NS))
			return v->worker[i];
	return NULL;
}

static void check_workers(const struct view *v, struct mem_buf *why)
{
	for (uint32_t share = 0; share < v->shares; share++) {
		const struct stat_worker *w = of_share(v, share);
		uint64_t generation = w != NULL ? stat_get(&w->generation) : 0;

		if (w == NULL)
			say(why, "worker %" PRIu32 ": no heartbeat", share);
		else if (generation == 0)
			say(why, "worker %" PRIu32 ": serves no generation yet", share);
		else if (generation < v->settled)
			say(why,
				"worker %" PRIu32 ": serves generation %" PRIu64
				", current for 2 s is %" PRIu64,
				share, generation, v->settled);
	}
}

/* How far the first list of a resource is. */
static void say_listing(
	struct mem_buf *why, const char *name, const struct stat_resource *r)
{
	const uint64_t listed = stat_get(&r->listed), all = stat_get(&r->expected);

	if (all > 0)
		say(why, "%s: initial list, %u %%", name, stat_percent(listed, all));
	else if (listed > 0)
		say(why, "%s: initial list, %" PRIu64 " so far", name, listed);
	else
		say(why, "%s: initial list", name);
}

/* What the records wait for, as far as the controller says so. */
static void check_records(const struct view *v, struct mem_buf *why)
{
	const struct stat_controller *c = v->controller;
	size_t before = why->len;

	if (v->snap != NULL && (v->snap->flags & ROOT_COMPLETE) != 0)
		return;
	if (c == NULL || stat_get(&c->config_number) == 0)
		say(why, "controller: has not taken the configuration");
	for (unsigned i = 0; c != NULL && i < STAT_RESOURCES; i++) {
		uint64_t state = stat_get(&c->api.resources[i].state);

		if (state == RESOURCE_LISTING)
			say_listing(why, resources[i], &c->api.resources[i]);
		else if (state == RESOURCE_DENIED)
			say(why, "%s: the API server denies them", resources[i]);
		else if (state == RESOURCE_ABSENT)
			say(why, "%s: the API server does not have them", resources[i]);
	}
	if (why->len == before)
		say(why, "records: not complete");
}

/* HR-03, only if it is asked for. */
static void check_silence(const struct view *v, struct mem_buf *why)
{
	const struct stat_controller *c = v->controller;

	for (unsigned i = 0; c != NULL && v->max_stale_ns > 0 && i < STAT_RESOURCES;
		i++) {
		const struct stat_resource *r = &c->api.resources[i];
		uint64_t last_ns = stat_get(&r->octet_wall_ns);

		if (stat_get(&r->state) == RESOURCE_UNUSED || last_ns == 0 ||
			v->wall_ns < last_ns + v->max_stale_ns)
			continue;
		say(why, "%s: nothing from the API server for %" PRIu64 " s",
			resources[i], (v->wall_ns - last_ns) / NS_PER_S);
	}
}

bool health_ready(const struct view *v, struct mem_buf *why)
{
	size_t before = why->len;

	if (v->supervisor != NULL && stat_get(&v->supervisor->stopping) != 0)
		say(why, "supervisor: stopping");
	check_workers(v, why);
	check_records(v, why);
	check_silence(v, why);
	return why->len == before;
}

/* The first line of the refusal, printable; a page that is being written has none. */
static void put_refusal(const struct stat_supervisor *s, struct mem_buf *notes)
{
	char text[8 * STAT_REFUSAL_WORDS];
	uint64_t begun = stat_read_begin(&s->reload_seq);

	stat_text_get(s->reload.refusal, STAT_REFUSAL_WORDS, text);
	if (!stat_read_done(&s->reload_seq, begun))
		return;
	text[strcspn(text, "\n")] = '\0';
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	mem_buf_put(notes, ": ", 2);
	mem_buf_put(notes, text, strlen(text));
}

bool health_notes(const struct view *v, struct mem_buf *notes)
{
	static const char refused[] = "config: the last reload was refused";
	const struct stat_supervisor *s = v->supervisor;
	size_t before = notes->len;

	if (s != NULL && stat_get(&s->reload.outcome) == RELOAD_REFUSED) {
		mem_buf_put(notes, refused, sizeof(refused) - 1);
		put_refusal(s, notes);
		mem_buf_put(notes, "\n", 1);
	}
	if (s != NULL && stat_get(&s->config.last_good) != 0)
		say(notes, "config: the last good one runs: the file had errors at the "
			   "start");
	if (v->controller != NULL && stat_get(&v->controller->zones_failed) != 0)
		say(notes,
			"zones: the files of %" PRIu64 " have errors: what they said "
			"before stands, if anything, else SERVFAIL",
			stat_get(&v->controller->zones_failed));
	if (v->controller != NULL && stat_get(&v->controller->zones_refused) != 0)
		say(notes,
			"zones: of zones.directory %" PRIu64
			" could not be taken: the log "
			"says why",
			stat_get(&v->controller->zones_refused));
	return notes->len != before;
}
