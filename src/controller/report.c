#include "controller/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"

#define FAILED_EVERY_NS (60 * NS_PER_S)
#define SHORT_NS        (15 * NS_PER_S)

/* Nobody may take it for granted that publishing is frozen still (OV-08). */
static void lose_freeze(struct stat_controller *s, const char *why)
{
	if (stat_get(&s->publish_frozen) == 0)
		return;
	log_line(LOG_WARNING,
		"the freeze has ended: %s; what objects say is published again "
		"kept_generation=%llu",
		why, (unsigned long long)stat_get(&s->frozen_generation));
	stat_set(&s->publish_frozen, 0);
	stat_set(&s->settings_withheld, 0);
	stat_set(&s->freeze_lost_ns, clock_wall_ns());
}

void report_begin(
	struct report *r, struct stat_controller *stat, uint64_t life, uint64_t now_ns)
{
	r->stat = stat;
	stat_set(&stat->head.life, life);
	stat_set(&stat->head.started_ns, now_ns);
	stat_set(&stat->head.heartbeat_ns, now_ns);
	stat_set(&stat->head.pid, (uint64_t)getpid());
	stat_set(&stat->publish_held, 0);
	lose_freeze(stat, "the controller was started anew");
}

void report_heartbeat(struct report *r, uint64_t now_ns)
{
	if (r->stat != NULL)
		stat_set(&r->stat->head.heartbeat_ns, now_ns);
}

static void set_info(struct stat_controller *s, const struct publish_info *info)
{
	stat_set(&s->generation, info->generation);
	stat_set(&s->serial, info->serial);
	stat_set(&s->segment, info->segment);
	stat_set(&s->names, info->names);
	stat_set(&s->live, info->live);
	stat_set(&s->garbage, info->garbage);
	stat_set(&s->used, info->used);
	stat_add(&s->publishes, 1);
}

/* MS-05; most become current by themselves, some with the publish that was under way. */
static void count_compaction(
	struct stat_controller *s, const struct publish_info *info, uint64_t now_ns)
{
	uint64_t lasted_ns = now_ns - info->compact_began_ns;

	if (info->compact_began_ns == 0)
		return;
	stat_add(&s->compactions, 1);
	stat_add(&s->compaction_time[stat_long(lasted_ns)], 1);
	stat_add(&s->compaction_ns, lasted_ns);
}

/* How long it lasted, and since its causes (MS-08, MS-11, MS-12). */
static void count_times(struct stat_controller *s, const struct engine_published *p,
	uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t lasted_ns = now_ns - p->began_ns;

	if (p->event_ns != 0)
		stat_moment_add(&s->published, p->info.generation, now_ns, p->event_ns);

	stat_add(&s->publish_time[stat_fine(lasted_ns)], 1);
	stat_add(&s->publish_ns, lasted_ns);
	for (size_t i = 0; i < p->ntriggers; i++) {
		const struct engine_trigger *t = &p->triggers[i];
		uint64_t ns = wall_ns > t->wall_ns ? wall_ns - t->wall_ns : 0;

		stat_add(&s->propagation[t->headless][stat_long(ns)], 1);
		stat_add(&s->propagation_ns[t->headless], ns);
	}
}

static void count_published(struct stat_controller *s, const struct engine_published *p,
	const uint64_t objects[KUBE_KINDS], uint64_t wall_ns)
{
	set_info(s, &p->info);
	stat_set(&s->complete, p->complete);
	stat_add(&s->causes[p->cause < STAT_CAUSES ? p->cause : 0], 1);
	if (p->records)
		stat_set(&s->published_wall_ns, wall_ns);
	stat_add(&s->names_added, p->info.added);
	stat_add(&s->names_changed, p->info.changed);
	stat_add(&s->names_removed, p->info.removed);
	for (size_t i = 0; i < KUBE_KINDS && i < ARRAY_LEN(s->objects); i++)
		stat_set(&s->objects[i], objects[i]);
}

void report_published(struct report *r, const struct engine_published *p,
	const uint64_t objects[KUBE_KINDS], uint64_t now_ns, uint64_t wall_ns)
{
	char quoted[STORE_CAUSE_MAX * 4], more[64] = "", held[48] = "";
	const char *cause = p->cause == CAUSE_SETTINGS ? "settings" : p->object;
	uint64_t suppressed;

	if (r->stat != NULL) {
		count_published(r->stat, p, objects, wall_ns);
		count_times(r->stat, p, now_ns, wall_ns);
		count_compaction(r->stat, &p->info, now_ns);
	}
	if (r->failing)
		log_line(LOG_INFO, "publish works again failures=%llu",
			(unsigned long long)r->failures);
	r->failing = false;
	r->failures = 0;
	r->failed_next_ns = 0;
	if (!log_allow(&r->published, now_ns, &suppressed))
		return;
	if (p->nobjects > 1)
		snprintf(more, sizeof(more), " causes=%llu",
			(unsigned long long)p->nobjects);
	if (suppressed > 0)
		snprintf(held, sizeof(held), " suppressed=%llu",
			(unsigned long long)suppressed);
	log_line(LOG_INFO,
		"published generation=%llu added=%llu changed=%llu removed=%llu "
		"cause=%s%s "
		"lag_ms=%llu.%03llu names=%llu complete=%d%s",
		(unsigned long long)p->info.generation, (unsigned long long)p->info.added,
		(unsigned long long)p->info.changed, (unsigned long long)p->info.removed,
		log_quote(cause[0] != '\0' ? cause : "objects", quoted, sizeof(quoted)),
		more, (unsigned long long)(p->lag_ns / NS_PER_MS),
		(unsigned long long)(p->lag_ns / 1000 % 1000),
		(unsigned long long)p->info.names, p->complete, held);
}

void report_compacted(struct report *r, const struct publish_info *info, uint64_t now_ns)
{
	if (r->stat != NULL) {
		set_info(r->stat, info);
		count_compaction(r->stat, info, now_ns);
		stat_add(&r->stat->causes[CAUSE_COMPACT], 1);
	}
	log_line(LOG_INFO, "compacted generation=%llu segment=%llu live=%llu",
		(unsigned long long)info->generation, (unsigned long long)info->segment,
		(unsigned long long)info->live);
}

void report_frozen(struct report *r, const struct engine *e)
{
	const struct freeze *f = &e->freeze;
	struct stat_controller *s = r->stat;

	if (s == NULL)
		return;
	stat_set(&s->publish_held, e->guard_names > 0 && e->guard_until_ns != 0);
	if (f->damaged)
		lose_freeze(s, "what it kept was damaged");
	if (f->on) {
		stat_set(&s->frozen_wall_ns, f->since_ns);
		stat_set(&s->frozen_generation, f->generation);
		stat_set(&s->freeze_lost_ns, 0);
	}
	if (f->withheld && stat_get(&s->settings_withheld) == 0)
		log_line(LOG_WARNING,
			"settings wait for the thaw: their zones are others");
	stat_set(&s->settings_withheld, f->withheld);
	stat_set(&s->publish_frozen, f->on);
}

void report_hosts(struct report *r, uint64_t entries, uint64_t wall_ns)
{
	if (r->stat == NULL)
		return;
	stat_set(&r->stat->hosts_entries, entries);
	stat_set(&r->stat->hosts_wall_ns, wall_ns);
}

void report_zones(struct report *r, const struct zonefiles *z)
{
	if (r->stat == NULL)
		return;
	stat_set(&r->stat->zones_failed, zonefiles_failed(z));
	stat_set(&r->stat->zones_refused, zonedir_refused(&z->dir));
}

void report_failed(struct report *r, const char *what, int error, uint64_t now_ns)
{
	char quoted[128];

	if (r->stat != NULL && error == -EBADMSG)
		stat_add(&r->stat->audit_differences, 1);
	else if (r->stat != NULL)
		stat_add(&r->stat->publish_failures[error == -ENOSPC ? 0 : 1], 1);
	r->failures++;
	r->failing = true;
	if (now_ns < r->failed_next_ns)
		return;
	r->failed_next_ns = now_ns + FAILED_EVERY_NS;
	log_line(LOG_ERROR, "%s failed error=%s failures=%llu%s", what,
		log_quote(strerror(-error), quoted, sizeof(quoted)),
		(unsigned long long)r->failures,
		error == -ENOSPC
			? " hint=\"shared memory is full: the last generation is "
			  "served\""
			: "");
}

void report_room(struct report *r, uint64_t free_octets, uint64_t live, uint64_t now_ns)
{
	if (free_octets >= live) {
		r->short_since_ns = 0;
		return;
	}
	if (r->short_since_ns == 0)
		r->short_since_ns = now_ns;
	/* A segment that was left lingers, and is no lack. */
	if (now_ns - r->short_since_ns < SHORT_NS ||
		live < r->short_live + r->short_live / 2)
		return;
	r->short_live = MAX(live, 1);
	log_line(LOG_WARNING,
		"shared memory is small free_mib=%llu live_mib=%llu hint=\"a controller "
		"that starts needs as much again as is live: give /dev/shm more\"",
		(unsigned long long)(free_octets >> 20),
		(unsigned long long)(live >> 20));
}

void report_skipped(
	struct report *r, const struct owner *o, enum skip_reason why, uint64_t now_ns)
{
	char text[STORE_CAUSE_MAX], quoted[STORE_CAUSE_MAX * 4];
	uint64_t suppressed;

	if (r->stat != NULL)
		stat_add(&r->stat->skipped[why], 1);
	if (!log_allow(&r->skipped, now_ns, &suppressed))
		return;
	store_owner_text(o, text, sizeof(text));
	log_line(LOG_WARNING, "skipped object=%s reason=%s suppressed=%llu",
		log_quote(text, quoted, sizeof(quoted)), draft_skip_text(why),
		(unsigned long long)suppressed);
}

void report_held(uint64_t names, uint64_t before, uint64_t hold_ns)
{
	log_line(LOG_WARNING,
		"the first generation is held back names=%llu before=%llu hold_ms=%llu "
		"hint=\"the last one is served; publish.max_drop and publish.hold\"",
		(unsigned long long)names, (unsigned long long)before,
		(unsigned long long)(hold_ns / NS_PER_MS));
}

void report_public_name(struct report *r, const char *namespace, uint64_t now_ns)
{
	uint64_t suppressed;

	if (!log_allow(&r->public_name, now_ns, &suppressed))
		return;
	log_line(LOG_WARNING,
		"namespace is named like a top-level domain namespace=%s "
		"hint=\"where a search path is used, its Services stand for names of "
		"the Internet: NAME.%s\" suppressed=%llu",
		namespace, namespace, (unsigned long long)suppressed);
}

void report_event(struct report *r, enum kube_kind kind, enum kube_change change)
{
	if (r->stat != NULL && kind < ARRAY_LEN(r->stat->events) &&
		change < ARRAY_LEN(r->stat->events[0]))
		stat_add(&r->stat->events[kind][change], 1);
}

void report_source_error(struct report *r, const char *line)
{
	if (r->stat != NULL)
		stat_add(&r->stat->source_errors, 1);
	log_line(LOG_WARNING, "source %s", line);
}
