/* snapshot.c - MS rows */
#include "admin/metrics.h"
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
	text_gauge_seconds(t, "shmdns_snapshot_published_timestamp_seconds",
		"When it was published, as Unix time.", s->time_ns);
	text_gauge(t, "shmdns_snapshot_nodes", "Names in it.", s->names);
	text_family(t, "shmdns_snapshot_bytes", TEXT_GAUGE,
		"Octets of the segment that are in use, and that no longer are.");
	text_count(t, LABELS({"kind", "live"}), s->live);
	text_count(
		t, LABELS({"kind", "garbage"}), s->used > needed ? s->used - needed : 0);
}

static void put_publishing(struct text *t, const struct stat_controller *c)
{
	static const char *const reasons[] = {"no_space", "self_check", "limit"};
	static const char *const ops[] = {"added", "changed", "removed"};
	const stat_u64 *names[] = {&c->names_added, &c->names_changed, &c->names_removed};

	text_counter(t, "shmdns_publishes_total", "Generations that were published.",
		stat_get(&c->publishes));
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
	if (v->controller == NULL)
		return;
	put_publishing(t, v->controller);
	put_skipped(t, v->controller);
}
