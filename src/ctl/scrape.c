/* scrape.c - shmdnsctl metrics: the scrape, without the process that serves it (OV-17) */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/interval.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/overview.h"
#include "ctl/samples.h"
#include "ctl/target.h"
#include "metrics/metrics.h"
#include "metrics/pages.h"
#include "snap/reader.h"

#define DNS_PORT 53
#define OBJECTS  600 /* of shared memory */
#define ALIVE_NS (5 * NS_PER_S)

const char metrics_help[] =
	"\n"
	"What a scrape of /metrics says, made from the shared pages: it works while\n"
	"shmdns-admin is off or hangs. Arguments are beginnings of names.\n"
	"      --diff TIME      what grew in that time, and by how much a second (10s)\n"
	"      --openmetrics    the format of OpenMetrics\n"
	"Exit status 3: nothing of that instance is in shared memory.\n";

struct scrape {
	struct reader reader;
	struct view view;
	const struct options *o;
	char probe_name[NAME_TEXT_MAX];
	struct stat_object object[OBJECTS];
};

/* What there is of the instance. False: nothing. */
static bool look(struct scrape *s)
{
	struct view *v = &s->view;

	v->mono_ns = clock_mono_ns();
	v->wall_ns = clock_wall_ns();
	reader_refresh(&s->reader);
	pages_map(v, s->reader.instance);
	v->snap = reader_snap(&s->reader);
	v->settings = v->snap != NULL ? &s->reader.settings : NULL;
	v->compat = 1;
	v->port = DNS_PORT;
	if (v->admin != NULL && stat_get(&v->admin->port) != 0) {
		v->compat = (uint32_t)stat_get(&v->admin->compat);
		v->port = (uint16_t)stat_get(&v->admin->port);
	}
	if (v->supervisor != NULL)
		v->shares = (uint32_t)MIN(
			stat_get(&v->supervisor->config.workers), STAT_SHARES);
	v->object = s->object;
	v->nobjects = segment_objects(
		s->reader.instance, s->object, OBJECTS, &v->shm_limit);
	const struct name *zone = view_probe_zone(v->settings);
	if (zone != NULL)
		name_text(zone->wire, zone->len, s->probe_name, sizeof(s->probe_name));
	v->probe_name = s->probe_name;
	/* of one that is gone, processes may be others by now */
	if (v->supervisor != NULL && view_lives(v, &v->supervisor->head, ALIVE_NS))
		pages_processes(v);
	return v->snap != NULL || v->supervisor != NULL || v->controller != NULL ||
	       v->nworkers > 0;
}

/* The document, NUL-terminated and owned by the caller; NULL: there is nothing. */
static char *document(struct scrape *s, bool openmetrics)
{
	struct text t = {.openmetrics = openmetrics};

	if (!look(s))
		return NULL;
	metrics_write(&t, &s->view);
	mem_buf_put(&t.buf, "", 1);
	return (char *)t.buf.data;
}

/* True if the name begins like one of the arguments, or there are none. */
static bool wanted(const struct options *o, const char *name)
{
	for (int i = 0; i < o->nargs; i++)
		if (strncmp(name, o->arg[i], strlen(o->arg[i])) == 0)
			return true;
	return o->nargs == 0;
}

/* Comments have the family's name behind their second word. */
static void print_text(const struct options *o, const char *text)
{
	static const char help[] = "# HELP ", type[] = "# TYPE ";

	for (const char *p = text; *p != '\0';) {
		const size_t n = strcspn(p, "\n") + 1;
		const bool said = strncmp(p, help, strlen(help)) == 0 ||
		                  strncmp(p, type, strlen(type)) == 0;

		if (wanted(o, said ? p + strlen(help) : p))
			fwrite(p, 1, n, stdout);
		p += n;
	}
}

/* A label's value: \\, \" and \n are what is escaped in it. */
static void json_label(struct json *j, const struct sample_label *l)
{
	char *name = mem_dup(l->name, l->name_len),
	     *value = mem_alloc(l->value_len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < l->value_len; i++) {
		if (l->value[i] == '\\' && i + 1 < l->value_len)
			value[n++] = l->value[++i] == 'n' ? '\n' : l->value[i];
		else
			value[n++] = l->value[i];
	}
	json_string(j, name, value);
	free(name);
	free(value);
}

static void json_sample(struct json *j, const struct sample *s)
{
	char *name = mem_dup(s->name, s->family_len),
	     *type = mem_dup(s->type, s->type_len);
	struct sample_label label;
	const char *at = NULL;

	json_string(j, "name", name);
	json_string(j, "type", type);
	json_begin(j, "labels", '{');
	while (samples_label(s, &at, &label))
		json_label(j, &label);
	json_end(j, '}');
	free(name);
	free(type);
}

/* Numbers of a scrape are JSON's, but for infinities, which only bounds have. */
static void json_value(struct json *j, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.17g", value);
	json_raw(j, key, text);
}

static void print_json(const struct scrape *s, const struct samples *all)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", s->reader.instance);
	json_number(&j, "now_ns", s->view.wall_ns);
	json_begin(&j, "samples", '[');
	for (size_t i = 0; i < all->n; i++) {
		if (!wanted(s->o, all->sample[i].name))
			continue;
		json_begin(&j, NULL, '{');
		json_sample(&j, &all->sample[i]);
		json_value(&j, "value", strtod(all->sample[i].value, NULL));
		json_end(&j, '}');
	}
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

/* ---- two looks ---- */

struct growth {
	const struct sample *sample;
	double by, per_s;
};

/* What of sample i there is to tell. False: nothing. */
static bool grown(const struct samples *before, const struct samples *after, size_t i,
	double seconds, struct growth *out)
{
	const struct sample *s = &after->sample[i], *old;

	if (!samples_grows(s))
		return false;
	old = samples_find(before, s, i);
	out->sample = s;
	out->by = strtod(s->value, NULL) - (old != NULL ? strtod(old->value, NULL) : 0);
	out->per_s = seconds > 0 ? out->by / seconds : 0;
	return out->by > 0;
}

static void print_growth(const struct scrape *s, const struct samples *before,
	const struct samples *after, double seconds)
{
	struct growth g;

	printf("# %.1f s\n", seconds);
	for (size_t i = 0; i < after->n; i++)
		if (wanted(s->o, after->sample[i].name) &&
			grown(before, after, i, seconds, &g))
			printf("%.*s +%.9g (%.6g/s)\n", (int)g.sample->name_len,
				g.sample->name, g.by, g.per_s);
}

static void json_growth(const struct scrape *s, const struct samples *before,
	const struct samples *after, double seconds)
{
	struct json j = {.out = stdout};
	struct growth g;

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", s->reader.instance);
	json_value(&j, "seconds", seconds);
	json_begin(&j, "differences", '[');
	for (size_t i = 0; i < after->n; i++) {
		if (!wanted(s->o, after->sample[i].name) ||
			!grown(before, after, i, seconds, &g))
			continue;
		json_begin(&j, NULL, '{');
		json_sample(&j, g.sample);
		json_value(&j, "by", g.by);
		json_value(&j, "per_s", g.per_s);
		json_end(&j, '}');
	}
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

static int diff(struct scrape *s, uint64_t wait_ns)
{
	const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
		.tv_nsec = (long)(wait_ns % NS_PER_S)};
	struct samples before, after;
	char *text = document(s, false);
	uint64_t began_ns = s->view.mono_ns;

	if (text == NULL)
		return EXIT_UNREACHABLE;
	samples_take(&before, text);
	free(text);
	nanosleep(&wait, NULL);
	text = document(s, false);
	if (text != NULL) {
		const double took = (double)(s->view.mono_ns - began_ns) /
		                    (double)NS_PER_S;

		samples_take(&after, text);
		if (s->o->format == FORMAT_JSON)
			json_growth(s, &before, &after, took);
		else
			print_growth(s, &before, &after, took);
		samples_fini(&after);
	}
	free(text);
	samples_fini(&before);
	return text != NULL ? EXIT_OK : EXIT_UNREACHABLE;
}

static int once(struct scrape *s, bool openmetrics)
{
	struct samples all;
	char *text = document(s, openmetrics && s->o->format != FORMAT_JSON);

	if (text == NULL)
		return EXIT_UNREACHABLE;
	if (s->o->format == FORMAT_JSON) {
		samples_take(&all, text);
		print_json(s, &all);
		samples_fini(&all);
	} else {
		print_text(s->o, text);
	}
	free(text);
	return EXIT_OK;
}

int ctl_metrics(const struct verb *verb, int argc, char **argv)
{
	static struct scrape s;
	const char *seconds = NULL;
	bool openmetrics = false;
	char instance[INSTANCE_MAX];
	uint64_t wait_ns = 0;
	struct options o;
	const struct option_spec own[] = {
		{NULL, "--diff", &seconds, NULL},
		{NULL, "--openmetrics", NULL, &openmetrics},
	};
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (seconds != NULL && !interval_parse("--diff", seconds, &wait_ns))
		return EXIT_USAGE;
	if (!target_guess(&o, instance))
		return EXIT_USAGE;
	s = (struct scrape){.o = &o, .view = {.version = PACKAGE_VERSION}};
	reader_init(&s.reader, instance);
	ret = wait_ns > 0 ? diff(&s, wait_ns) : once(&s, openmetrics);
	if (ret == EXIT_UNREACHABLE)
		overview_complain(instance);
	reader_fini(&s.reader);
	return ret;
}
