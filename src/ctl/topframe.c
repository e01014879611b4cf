/* topframe.c - a frame as JSON, and what both forms share */
#include "ctl/topframe.h"

#include "base/base.h"
#include "ctl/json.h"
#include "ctl/topshow.h"
#include "dns/type.h"

#define JSON_ROWS 50

const char *topframe_by(unsigned by)
{
	static const char *const words[TOP_VIEWS] = {
		"all", "rcode", "name", "client", "namespace", "nxdomain", "slow"};

	return by < TOP_VIEWS ? words[by] : NULL;
}

double topshow_per_s(const struct topframe *f, double weight)
{
	return f->tally->all > 0 ? f->per_s * weight / f->tally->all : 0;
}

double topshow_share(double part, double all)
{
	return all > 0 ? part / all : 0;
}

void topshow_key(enum tally_by by, const struct sketch_item *it, char out[TOPSHOW_KEY])
{
	if (by != TALLY_CLIENT && by != TALLY_NAMESPACE) {
		if (it->len > 0)
			name_text(it->key, it->len, out, TOPSHOW_KEY);
		else
			snprintf(out, TOPSHOW_KEY, "(no question)");
		return;
	}
	snprintf(out, TOPSHOW_KEY, "%.*s", (int)it->len, (const char *)it->key);
}

static void json_double(struct json *j, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.6g", value);
	json_raw(j, key, text);
}

static void json_item(struct json *j, const struct topframe *f, enum tally_by by,
	const struct sketch_item *it)
{
	char key[TOPSHOW_KEY];

	topshow_key(by, it, key);
	json_begin(j, NULL, '{');
	json_string(j,
		by == TALLY_CLIENT      ? "client"
		: by == TALLY_NAMESPACE ? "namespace"
					: "name",
		key);
	if (it->label[0] != '\0')
		json_string(j, "namespace", it->label);
	json_double(j, "queries_per_s", topshow_per_s(f, it->count));
	json_string(j, "rcode", sketch_rcode_text(sketch_mostly(it)));
	json_double(j, "nxdomain", topshow_share(it->rcodes[SKETCH_NXDOMAIN], it->count));
	json_double(j, "wasted", topshow_share(it->wasted, it->count));
	json_number(j, "mean_ns", (uint64_t)topshow_share(it->duration_ns, it->count));
	json_number(j, "max_ns", it->max_ns);
	json_end(j, '}');
}

static void json_tables(struct json *j, const struct topframe *f)
{
	static const char *const words[TALLY_TABLES] = {
		"names", "clients", "namespaces", "nxdomain_names", "slow"};
	const struct sketch_item *top[JSON_ROWS];

	for (unsigned by = 0; by < TALLY_TABLES; by++) {
		const size_t n = sketch_top(&f->tally->by[by], top, JSON_ROWS);

		json_begin(j, words[by], '[');
		for (size_t i = 0; i < n; i++)
			json_item(j, f, (enum tally_by)by, top[i]);
		json_end(j, ']');
	}
}

static void json_upstreams(struct json *j, const struct topframe *f)
{
	json_begin(j, "upstreams", '[');
	for (size_t i = 0; i < f->nupstreams; i++) {
		const struct topframe_upstream *u = &f->upstream[i];

		json_begin(j, NULL, '{');
		json_string(j, "upstream", u->text);
		json_bool(j, "up", u->up);
		json_double(j, "queries_per_s", u->per_s);
		json_number(j, "p99_ns", u->p99_ns);
		json_number(j, "replies", u->replies);
		json_number(j, "failures", u->failures);
		json_end(j, '}');
	}
	json_end(j, ']');
}

void topframe_json(const struct topframe *f, FILE *out)
{
	struct json j = {.out = out};
	char buf[12];

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", f->instance);
	json_string(&j, "from", "shared memory");
	json_number(&j, "now_ns", f->wall_ns);
	json_number(&j, "interval_ns", f->interval_ns);
	json_number(&j, "workers", f->workers);
	json_double(&j, "queries_per_s", f->per_s);
	json_number(&j, "p50_ns", f->p50_ns);
	json_number(&j, "p99_ns", f->p99_ns);
	json_number(&j, "generation", f->generation);
	if (f->lag_known)
		json_number(&j, "lag_ns", f->lag_ns);
	json_number(&j, "samples", f->tally->samples);
	json_number(&j, "lost", f->lost);
	json_double(&j, "nxdomain", topshow_share(f->rcodes[RCODE_NXDOMAIN], f->replies));
	json_double(&j, "wasted", topshow_share(f->tally->wasted, f->tally->all));
	json_double(
		&j, "wasted_other", topshow_share(f->tally->wasted_other, f->tally->all));
	json_begin(&j, "rcodes", '{');
	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (f->rcodes[i] > 0)
			json_double(&j, rcode_text(i, buf), f->rcodes[i]);
	json_end(&j, '}');
	json_tables(&j, f);
	json_upstreams(&j, f);
	json_end(&j, '}');
	fputc('\n', out);
}
