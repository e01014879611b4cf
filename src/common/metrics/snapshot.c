/* snapshot.c - MS rows */
#include "metrics/metrics.h"
#include "base/base.h"

static void put_current(struct text *t, const struct view *v)
{
	const struct snap *s = v->snap;
	uint64_t needed = s->live + SEGMENT_FIRST;

	text_gauge(t, "shmdns_snapshot_generation", "Current generation.", s->generation);
	text_gauge(t, "shmdns_snapshot_segment", "Number of its segment.", s->segment);
	text_gauge(t, "shmdns_snapshot_serial", "Serial of the SOA.", s->serial);
	text_gauge(t, "shmdns_snapshot_complete",
		"1 when all objects were taken into account.",
		(s->flags & ROOT_COMPLETE) != 0);
	text_gauge(t, "shmdns_snapshot_stale",
		"1 when it was restored from a file and no API server has confirmed it.",
		(s->flags & ROOT_STALE) != 0);
	text_gauge_seconds(t, "shmdns_snapshot_published_timestamp_seconds",
		"When it was published, as Unix time.", s->time_ns);
	text_gauge(t, "shmdns_snapshot_nodes",
		"Names in it, without empty non-terminals.", s->names);
	text_family(t, "shmdns_snapshot_bytes", TEXT_GAUGE,
		"Octets of the segment that are in use, and that no longer are.");
	text_count(t, LABELS({"kind", "live"}), s->live);
	text_count(
		t, LABELS({"kind", "garbage"}), s->used > needed ? s->used - needed : 0);
}

static void put_publishing(struct text *t, const struct stat_controller *c)
{
	static const char *const reasons[] = {"no_space", "self_check", "limit"};
	static const char *const causes[STAT_CAUSES] = {
		[CAUSE_SETTINGS] = "settings",
		[CAUSE_OBJECTS] = "objects",
		[CAUSE_COMPACT] = "compact",
		[CAUSE_RESTORE] = "restore",
		[CAUSE_ROLLBACK] = "rollback",
	};
	static const char *const ops[] = {"added", "changed", "removed"};
	const stat_u64 *names[] = {&c->names_added, &c->names_changed, &c->names_removed};

	text_family(t, "shmdns_publishes_total", TEXT_COUNTER,
		"Generations that were published.");
	for (unsigned i = 1; i < ARRAY_LEN(causes); i++)
		text_count(t, LABELS({"cause", causes[i]}), stat_get(&c->causes[i]));
	text_family(t, "shmdns_publish_failures_total", TEXT_COUNTER,
		"Generations that could not be published.");
	for (unsigned i = 0; i < ARRAY_LEN(reasons); i++)
		text_count(t, LABELS({"reason", reasons[i]}),
			stat_get(&c->publish_failures[i]));
	text_family(t, "shmdns_publish_changed_names_total", TEXT_COUNTER,
		"Names that publishing changed.");
	for (unsigned i = 0; i < ARRAY_LEN(ops); i++)
		text_count(t, LABELS({"op", ops[i]}), stat_get(names[i]));
	text_counter(t, "shmdns_compactions_total",
		"Segments that were written anew without garbage.",
		stat_get(&c->compactions));
	text_counter(t, "shmdns_snapshot_audit_differences_total",
		"Damage that the audit of the segment found.",
		stat_get(&c->audit_differences));
}

static void put_times(struct text *t, const struct stat_controller *c)
{
	uint64_t fine[STAT_FINE], longs[STAT_LONG], lags[STAT_SERVICES][STAT_LONG];
	uint64_t ns = 0;

	view_words(c->publish_time, fine, STAT_FINE);
	text_family(t, "shmdns_publish_duration_seconds", TEXT_HISTOGRAM,
		"How long publishing a generation took.");
	text_histogram(
		t, NO_LABELS, TEXT_FINE, fine, STAT_FINE, stat_get(&c->publish_ns));
	view_words(c->compaction_time, longs, STAT_LONG);
	text_family(t, "shmdns_compaction_seconds", TEXT_HISTOGRAM,
		"How long it took to write a segment anew, in steps between events.");
	text_histogram(
		t, NO_LABELS, TEXT_LONG, longs, STAT_LONG, stat_get(&c->compaction_ns));
	view_words(&c->propagation[0][0], lags[0], STAT_SERVICES * STAT_LONG);
	for (unsigned i = 0; i < STAT_LONG; i++)
		lags[0][i] += lags[1][i];
	for (unsigned i = 0; i < STAT_SERVICES; i++)
		ns += stat_get(&c->propagation_ns[i]);
	text_family(t, "shmdns_propagation_seconds", TEXT_HISTOGRAM,
		"From the cause of a change, as its object is dated, to its publishing.");
	text_histogram(t, LABELS({"resource", "endpointslices"}), TEXT_LONG, lags[0],
		STAT_LONG, ns);
}

/* Nothing where there is no shmdns-admin, who counts. */
static void put_arrivals(struct text *t, const struct stat_admin *a)
{
	uint64_t fine[STAT_FINE];

	if (a == NULL)
		return;
	view_words(a->arrival_time, fine, STAT_FINE);
	text_family(t, "shmdns_event_to_answer_seconds", TEXT_HISTOGRAM,
		"From the receipt of a change to when all workers answered by it.");
	text_histogram(
		t, NO_LABELS, TEXT_FINE, fine, STAT_FINE, stat_get(&a->arrival_ns));
}

static void put_holds(struct text *t, const struct stat_controller *c)
{
	text_gauge(t, "shmdns_publish_held",
		"1 while a first generation with far fewer names than before is held "
		"back.",
		stat_get(&c->publish_held) != 0);
	text_gauge(t, "shmdns_publish_frozen",
		"1 while an operator has frozen publishing.",
		stat_get(&c->publish_frozen) != 0);
}

static void put_zones(struct text *t, const struct stat_controller *c)
{
	text_gauge(t, "shmdns_zone_files_failed",
		"Zones whose file cannot be read or has errors: what it said before "
		"stands, if anything.",
		stat_get(&c->zones_failed));
	text_gauge(t, "shmdns_zone_files_refused",
		"Files of zones.directory that should be zones and are not, the "
		"directory itself among them.",
		stat_get(&c->zones_refused));
}

static void put_memory(struct text *t, const struct view *v)
{
	if (v->nobjects == 0)
		return;
	text_family(t, "shmdns_shm_bytes", TEXT_GAUGE,
		"Octets of shared memory that an object of ours takes.");
	for (unsigned i = 0; i < v->nobjects; i++)
		text_count(
			t, LABELS({"segment", v->object[i].name}), v->object[i].octets);
	text_gauge(t, "shmdns_shm_limit_bytes",
		"Octets that there can be of shared memory.", v->shm_limit);
}

static void put_skipped(struct text *t, const struct stat_controller *c)
{
	static const char *const reasons[] = {
		"name", "address", "ip_literal", "fqdn_slice", "size", "target"};

	text_family(t, "shmdns_objects_skipped_total", TEXT_COUNTER,
		"Objects, or parts of them, that records could not be made of.");
	for (unsigned i = 0; i < ARRAY_LEN(reasons); i++)
		text_count(t, LABELS({"reason", reasons[i]}), stat_get(&c->skipped[i]));
}

void metrics_snapshot(struct text *t, const struct view *v)
{
	if (v->snap != NULL)
		put_current(t, v);
	put_memory(t, v);
	if (v->controller == NULL)
		return;
	put_publishing(t, v->controller);
	put_times(t, v->controller);
	put_arrivals(t, v->admin);
	put_holds(t, v->controller);
	put_zones(t, v->controller);
	put_skipped(t, v->controller);
}
