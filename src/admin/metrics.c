#include "admin/metrics.h"

const char *const metrics_kinds[2] = {"success", "denial"};

void metrics_by(struct text *t, const struct view *v, size_t offset, const char *label,
	const char *const *values, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		text_count(t, LABELS({label, values[i]}),
			view_workers(v, offset + VIEW_WORD(i)));
}

void metrics_write(struct text *t, const struct view *v)
{
	metrics_processes(t, v);
	metrics_queries(t, v);
	metrics_snapshot(t, v);
	metrics_api(t, v);
	metrics_cache(t, v);
	metrics_upstreams(t, v);
	if (v->compat > 0)
		metrics_compat(t, v);
	text_end(t);
}
