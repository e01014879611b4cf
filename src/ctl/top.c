/* top.c - shmdnsctl top: what is going on now (OV-02) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/interval.h"
#include "ctl/options.h"
#include "ctl/overview.h"
#include "ctl/target.h"
#include "ctl/terminal.h"
#include "ctl/topframe.h"
#include "snap/waste.h"

#define LOOK_NS   (200 * NS_PER_MS) /* between two looks at the rings */
#define RECENT_NS (60 * NS_PER_S)   /* at the start: samples of so long ago count */
#define HALF_NS   (10 * NS_PER_S)   /* after so long a sample counts half */
#define LEAST_NS  (100 * NS_PER_MS) /* between two frames */
#define COLUMNS   120               /* of a plain frame */
#define LINES     40

const char top_help[] =
	"\n"
	"A live view from shared memory: rates and times are exact, names and clients\n"
	"come of one query in 64. Into a pipe: one frame after one interval.\n"
	"      --by VIEW        all, rcode, name, client, namespace, nxdomain, slow\n"
	"      --interval TIME  between two frames, such as 1s or 500ms (1s)\n"
	"  -n, --number N       end after so many frames\n"
	"Names that only a search list made are told by namespace: search path waste.\n"
	"Of those with many labels in front the first one is shown as *.\n"
	"Keys: q ends, 0 to 6 choose the view.\n"
	"Exit status 3: nothing of that instance is in shared memory.\n";

/* What counters said at a frame. */
struct counts {
	uint64_t mono_ns, replies;
	uint64_t rcodes[STAT_RCODES], duration[STAT_FINE];
};

struct upstream_counts {
	char text[STAT_UPSTREAM_TEXT + 1];
	uint64_t queries, failures, duration[STAT_FINE];
};

struct top {
	struct options o;
	enum top_by by;
	uint64_t interval_ns;
	unsigned long frames; /* 0: no end */
	struct overview view;
	struct ring_reader ring[OVERVIEW_WORKERS_MAX]; /* by slot */
	struct tally tally;
	struct counts before, now;
	struct upstream_counts upstream[STAT_UPSTREAMS];
	size_t nupstreams;
	struct topframe frame;
};

/* ---- samples ---- */

static bool is_namespace(void *arg, const uint8_t *label, const struct name *zone)
{
	const struct top *t = arg;

	return waste_is_namespace(t->view.snap, label, zone);
}

static bool who(void *arg, const struct ring_entry *e, struct who *out)
{
	const struct top *t = arg;

	return who_asked(t->view.snap, e, out);
}

static void drain(struct top *t, uint64_t since_ns)
{
	static struct ring_entry e;
	const struct settings *s = &t->view.reader.settings;
	struct tally_context c = {
		.settings = s, .is_namespace = is_namespace, .who = who, .arg = t};

	if (t->view.snap == NULL)
		return;
	privacy_init(&c.privacy, s->querylog.privacy, &t->view.snap->key);
	for (size_t i = 0; i < t->view.nworkers; i++) {
		const struct worker_page *w = &t->view.worker[i];

		while (ring_next(&t->ring[w->slot], &w->page->ring, &e))
			if (e.wall_ns >= since_ns)
				tally_take(&t->tally, &e, &c);
	}
}

static uint64_t lost(const struct top *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(t->ring); i++)
		n += t->ring[i].lost;
	return n;
}

/* ---- counters ---- */

static void count(struct top *t, struct counts *c)
{
	*c = (struct counts){.mono_ns = clock_mono_ns()};
	c->replies = overview_total(&t->view, OVERVIEW_AT(replies, 0));
	for (unsigned i = 0; i < STAT_RCODES; i++)
		c->rcodes[i] = overview_total(&t->view, OVERVIEW_AT(rcodes, i));
	for (unsigned s = 0; s < STAT_SOURCES; s++)
		for (unsigned i = 0; i < STAT_FINE; i++)
			c->duration[i] += overview_total(
				&t->view, OVERVIEW_AT(duration[s], i));
}

/* What runs backwards is another process's page. */
static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static struct upstream_counts *known_upstream(struct top *t, const char *text)
{
	for (size_t i = 0; i < t->nupstreams; i++)
		if (strcmp(t->upstream[i].text, text) == 0)
			return &t->upstream[i];
	return NULL;
}

static void on_upstream(void *arg, const struct overview *v, const struct pool_row *r)
{
	struct top *t = arg;
	struct upstream_counts *u = known_upstream(t, r->text), fresh = {0};
	struct topframe_upstream *out = &t->frame.upstream[t->frame.nupstreams];
	uint64_t times[STAT_FINE];

	(void)v;
	memcpy(fresh.text, r->text, sizeof(fresh.text));
	fresh.queries = stat_sum(r->n.queries, ARRAY_LEN(r->n.queries));
	fresh.failures = stat_sum(r->n.failures, STAT_FAILURES);
	for (unsigned i = 0; i < STAT_FINE; i++)
		fresh.duration[i] = stat_get(&r->n.duration[i]);
	if (u == NULL && t->nupstreams < ARRAY_LEN(t->upstream)) {
		t->upstream[t->nupstreams++] = fresh;
		u = &fresh;
	}
	if (u == NULL || t->frame.nupstreams == ARRAY_LEN(t->frame.upstream))
		return;
	*out = (struct topframe_upstream){
		.up = r->up > 0, .failures = grown(u->failures, fresh.failures)};
	memcpy(out->text, r->text, sizeof(out->text));
	for (unsigned i = 0; i < STAT_FINE; i++) {
		times[i] = grown(u->duration[i], fresh.duration[i]);
		out->replies += times[i];
	}
	out->p99_ns = tally_quantile(times, 0.99);
	out->per_s = (double)grown(u->queries, fresh.queries) * (double)NS_PER_S /
	             (double)MAX(t->frame.interval_ns, 1);
	t->frame.nupstreams++;
	*u = fresh;
}

static int busier(const void *a, const void *b)
{
	const struct topframe_upstream *x = a, *y = b;

	return x->per_s != y->per_s ? (x->per_s > y->per_s ? -1 : 1)
	                            : strcmp(x->text, y->text);
}

/* The mean time from a change of endpoints to its publish (MS-11). */
static void take_lag(struct top *t)
{
	const struct stat_controller *c = t->view.controller;
	uint64_t n = 0, ns = 0;

	for (unsigned i = 0; c != NULL && i < STAT_SERVICES; i++) {
		n += stat_sum(c->propagation[i], STAT_LONG);
		ns += stat_get(&c->propagation_ns[i]);
	}
	t->frame.lag_known = n > 0;
	t->frame.lag_ns = n > 0 ? ns / n : 0;
}

static void make_frame(struct top *t)
{
	struct topframe *f = &t->frame;
	uint64_t times[STAT_FINE];

	t->before = t->now;
	count(t, &t->now);
	*f = (struct topframe){.instance = t->view.instance,
		.wall_ns = clock_wall_ns(),
		.interval_ns = t->now.mono_ns - t->before.mono_ns,
		.lost = lost(t),
		.tally = &t->tally};
	for (size_t i = 0; i < t->view.nworkers; i++)
		f->workers += overview_lives(&t->view, &t->view.worker[i].page->head);
	f->replies = (double)grown(t->before.replies, t->now.replies);
	f->per_s = f->replies * (double)NS_PER_S / (double)MAX(f->interval_ns, 1);
	for (unsigned i = 0; i < STAT_RCODES; i++)
		f->rcodes[i] = (double)grown(t->before.rcodes[i], t->now.rcodes[i]);
	for (unsigned i = 0; i < STAT_FINE; i++)
		times[i] = grown(t->before.duration[i], t->now.duration[i]);
	f->p50_ns = tally_quantile(times, 0.5);
	f->p99_ns = tally_quantile(times, 0.99);
	f->generation = t->view.snap != NULL ? t->view.snap->generation : 0;
	take_lag(t);
	pool_each(&t->view, on_upstream, t);
	qsort(f->upstream, f->nupstreams, sizeof(f->upstream[0]), busier);
}

/* 2 to the power of -x, without the library of mathematics: x is small. */
static double half_to(double x)
{
	double y = 1;

	for (; x >= 1; x--)
		y /= 2;
	return y * (1 - x * (0.6931 - x * (0.2402 - x * 0.0523)));
}

/* ---- showing ---- */

/* Pages are looked up anew: those of an appliance that was started again are others. */
static void look_again(struct top *t)
{
	char instance[INSTANCE_MAX];

	memcpy(instance, t->view.instance, sizeof(instance));
	overview_close(&t->view);
	overview_open(&t->view, instance);
}

static char *text_of(const struct top *t, unsigned columns, unsigned lines, bool keys)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	topframe_text(&t->frame, t->by, columns, lines, keys, out);
	fclose(out);
	return text;
}

/* The last frame, in whichever form. False: nobody reads any more. */
static bool show(const struct top *t, bool live)
{
	unsigned columns = COLUMNS, lines = LINES;
	bool ok = true;

	if (t->o.format == FORMAT_JSON) {
		topframe_json(&t->frame, stdout);
		return fflush(stdout) == 0;
	}
	if (live)
		terminal_size(&columns, &lines);
	char *text = text_of(t, columns, lines, live);
	if (live)
		ok = terminal_draw(text);
	else
		ok = fputs(text, stdout) >= 0 && fflush(stdout) == 0;
	free(text);
	return ok;
}

static void pause_until(uint64_t until_ns)
{
	const uint64_t now_ns = clock_mono_ns();
	const uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
		.tv_nsec = (long)(wait_ns % NS_PER_S)};

	nanosleep(&wait, NULL);
}

/* False: the key, or a signal, says that it is over. */
static bool on_key(struct top *t, int key)
{
	if (key < 0 || key == 'q' || key == 'Q')
		return false;
	if (key >= '0' && key < '0' + TOP_VIEWS) {
		t->by = (enum top_by)(key - '0');
		show(t, true);
	}
	return true;
}

/* Read rings until it is time for a frame. False: it is over. */
static bool gather(struct top *t, bool live)
{
	const uint64_t until_ns = t->now.mono_ns + t->interval_ns;
	uint64_t now_ns;

	while ((now_ns = clock_mono_ns()) < until_ns) {
		const uint64_t next_ns = MIN(now_ns + LOOK_NS, until_ns);

		if (!live)
			pause_until(next_ns);
		else if (!on_key(t, terminal_key(next_ns)))
			return false;
		drain(t, 0);
	}
	return true;
}

static void run(struct top *t, bool live)
{
	drain(t, t->view.wall_ns - RECENT_NS);
	count(t, &t->now);
	pool_each(&t->view, on_upstream, t); /* what they begin with */
	for (unsigned long n = 0; t->frames == 0 || n < t->frames; n++) {
		if (!gather(t, live))
			return;
		look_again(t);
		make_frame(t);
		if (!show(t, live))
			return;
		tally_fade(&t->tally,
			half_to((double)t->frame.interval_ns / (double)HALF_NS));
	}
}

/* ---- words ---- */

static bool parse_interval(const char *text, uint64_t *ns)
{
	if (!interval_parse("--interval", text, ns))
		return false;
	if (*ns < LEAST_NS)
		ctl_complain("--interval must be 100ms at least");
	return *ns >= LEAST_NS;
}

static bool parse_by(const char *text, enum top_by *out)
{
	for (unsigned i = 0; topframe_by(i) != NULL; i++)
		if (strcmp(topframe_by(i), text) == 0) {
			*out = (enum top_by)i;
			return true;
		}
	ctl_complain("--by must be all, rcode, name, client, namespace, nxdomain or "
		     "slow, not '%s'",
		text);
	return false;
}

static int parse(const struct verb *v, int argc, char **argv, struct top *t)
{
	const char *by = NULL, *interval = NULL, *frames = NULL;
	const struct option_spec own[] = {
		{NULL, "--by", &by, NULL},
		{NULL, "--interval", &interval, NULL},
		{"-n", "--number", &frames, NULL},
	};
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &t->o);

	if (ret != 0)
		return ret;
	t->interval_ns = NS_PER_S;
	if ((by != NULL && !parse_by(by, &t->by)) ||
		(interval != NULL && !parse_interval(interval, &t->interval_ns)) ||
		(frames != NULL &&
			!options_number("--number", frames, 1, 1000000, &t->frames)))
		return -1;
	return 0;
}

int ctl_top(const struct verb *verb, int argc, char **argv)
{
	static struct top t;
	int ret = parse(verb, argc, argv, &t);

	if (ret != 0)
		return options_exit(ret);
	ret = overview_begin(verb, &t.o, &t.view);
	if (ret != EXIT_OK)
		return ret;
	const bool live = t.o.format != FORMAT_JSON && terminal_is() &&
	                  terminal_enter() == 0;
	if (!live && t.frames == 0)
		t.frames = 1;
	run(&t, live);
	terminal_leave();
	overview_close(&t.view);
	return t.frame.workers > 0 ? EXIT_OK : EXIT_NEGATIVE;
}
