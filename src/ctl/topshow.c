/* topshow.c - a frame as text */
#include "ctl/topshow.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "dns/type.h"

#define LINE     512
#define ROWS_MAX 200
#define WIDE     110 /* columns from which on names and clients stand side by side */
#define NUMBERS  39  /* columns behind the key, at most */
#define SLOW_NS  NS_PER_S

/* 18240 as "18,240"; what is under 10 with one digit behind the point. */
static const char *number(double n, char out[32])
{
	char plain[32];
	size_t len, at = 0;

	if (n < 9.95) {
		snprintf(out, 32, "%.1f", n);
		return out;
	}
	len = (size_t)snprintf(plain, sizeof(plain), "%.0f", MIN(n, 1e15));
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = plain[i];
	}
	out[at] = '\0';
	return out;
}

static const char *duration(uint64_t ns, char out[32])
{
	if (ns == 0)
		snprintf(out, 32, "-");
	else if (ns < NS_PER_MS)
		snprintf(out, 32, "%" PRIu64 " us", (ns + 999) / 1000);
	else if (ns < NS_PER_S)
		snprintf(out, 32, "%.1f ms", (double)ns / (double)NS_PER_MS);
	else
		snprintf(out, 32, "%.1f s", (double)ns / (double)NS_PER_S);
	return out;
}

static double percent(double part, double all)
{
	return 100.0 * topshow_share(part, all);
}

/* ---- the head ---- */

static void put_first(const struct topframe *f, FILE *out)
{
	char rate[32], p50[32], p99[32], lag[32] = "-", clock[16] = "", workers[32];
	const time_t now = (time_t)(f->wall_ns / NS_PER_S);
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%SZ", &tm);
	if (f->lag_known)
		duration(f->lag_ns, lag);
	snprintf(workers, sizeof(workers), "%u worker%s", f->workers,
		f->workers == 1 ? "" : "s");
	fprintf(out, "%s  %s  %s  %s q/s  p50 %s  p99 %s  gen %" PRIu64 "  lag %s\n",
		f->instance, clock, f->workers > 0 ? workers : "NO WORKER IS RUNNING",
		number(f->per_s, rate), duration(f->p50_ns, p50),
		duration(f->p99_ns, p99), f->generation, lag);
}

/* The namespaces that waste most, of all that is asked. */
static void put_waste(const struct topframe *f, FILE *out)
{
	const struct sketch_item *top[SKETCH_ITEMS];
	const struct tally *t = f->tally;
	const size_t n = sketch_top(&t->by[TALLY_NAMESPACE], top, SKETCH_ITEMS);
	double rest = t->wasted;
	unsigned shown = 0;

	fprintf(out, "NXDOMAIN %.0f %%", percent(f->rcodes[RCODE_NXDOMAIN], f->replies));
	if (t->wasted <= 0) {
		fputs("  (search path waste 0 %)\n", out);
		return;
	}
	fprintf(out, "  (search path waste %.0f %%:", percent(t->wasted, t->all));
	for (size_t i = 0; i < n && shown < 3; i++) {
		if (percent(top[i]->wasted, t->all) < 0.5)
			continue;
		fprintf(out, "%s namespace %.*s %.0f %%", shown++ > 0 ? "," : "",
			(int)top[i]->len, (const char *)top[i]->key,
			percent(top[i]->wasted, t->all));
		rest -= top[i]->wasted;
	}
	if (percent(rest, t->all) >= 0.5)
		fprintf(out, "%s other %.0f %%", shown > 0 ? "," : "",
			percent(rest, t->all));
	fputs(")\n", out);
}

/* ---- tables ---- */

static const struct {
	enum tally_by by;
	const char *key, *numbers;
	unsigned width; /* of the numbers */
} tables[TOP_VIEWS] = {
	[TOP_NAME] = {TALLY_NAME, "NAME (folded)", "       q/s  share rcode", 27},
	[TOP_CLIENT] = {TALLY_CLIENT, "CLIENT", "       q/s  share  nxdom  waste", 32},
	[TOP_NAMESPACE] = {TALLY_NAMESPACE, "NAMESPACE",
		"       q/s  share  nxdom  waste", 32},
	[TOP_NXDOMAIN] = {TALLY_NXDOMAIN, "NAME (NXDOMAIN, folded)",
		"       q/s  share  waste", 25},
	[TOP_SLOW] = {TALLY_SLOW, "NAME (by time)", "       q/s     mean      max rcode",
		38},
};

/* `key` in `width` columns, cut with ".." where it is longer; not beyond LINE. */
static size_t put_key(char *out, const char *key, unsigned width)
{
	const size_t n = strlen(key);

	width = MIN(width, LINE / 2);
	if (n <= width)
		return (size_t)snprintf(out, LINE, "%-*s", (int)width, key);
	return (size_t)snprintf(out, LINE, "%.*s..", (int)width - 2, key);
}

/* As people write it: the root's dot is for the program that reads JSON. */
static void drop_root(char *key)
{
	const size_t n = strlen(key);

	if (n > 1 && key[n - 1] == '.')
		key[n - 1] = '\0';
}

static void row(const struct topframe *f, enum top_by view, const struct sketch_item *it,
	unsigned width, char out[LINE])
{
	const enum tally_by by = tables[view].by;
	char key[TOPSHOW_KEY], rate[32], mean[32], max[32];

	topshow_key(by, it, key);
	drop_root(key);
	const size_t label = strlen(it->label);
	const bool pod = strncmp(key, it->label, label) == 0 && key[label] == '/';
	if (by == TALLY_CLIENT && label > 0 && !pod) {
		const size_t n = strlen(key);

		snprintf(key + n, sizeof(key) - n, " (%s)", it->label);
	}
	const size_t at = put_key(out, key, width - tables[view].width);
	char *rest = out + at;
	const size_t room = LINE - at;
	number(topshow_per_s(f, it->count), rate);
	const double share = percent(it->count, f->tally->all);
	switch (view) {
	case TOP_NAME:
		snprintf(rest, room, "%10s %5.1f%% %s", rate, share,
			sketch_rcode_text(sketch_mostly(it)));
		break;
	case TOP_NXDOMAIN:
		snprintf(rest, room, "%10s %5.1f%% %5.1f%%", rate, share,
			percent(it->wasted, it->count));
		break;
	case TOP_SLOW:
		duration((uint64_t)topshow_share(it->duration_ns, it->count), mean);
		snprintf(rest, room, "%10s %8s %8s %s", rate, mean,
			duration(it->max_ns, max), sketch_rcode_text(sketch_mostly(it)));
		break;
	default:
		snprintf(rest, room, "%10s %5.1f%% %5.1f%% %5.1f%%", rate, share,
			percent(it->rcodes[SKETCH_NXDOMAIN], it->count),
			percent(it->wasted, it->count));
	}
}

/* Line `i` of a table, its head being 0; "" past its end. */
static void line(const struct topframe *f, enum top_by view,
	const struct sketch_item *const *top, size_t n, size_t i, unsigned width,
	char out[LINE])
{
	out[0] = '\0';
	if (i == 0) {
		const size_t at = put_key(
			out, tables[view].key, width - tables[view].width);

		snprintf(out + at, LINE - at, "%s", tables[view].numbers);
	} else if (i <= n) {
		row(f, view, top[i - 1], width, out);
	}
}

/* A table of `lines` lines with its head, or two of them side by side. */
static void put_tables(const struct topframe *f, enum top_by left, enum top_by right,
	unsigned columns, unsigned lines, FILE *out)
{
	const struct sketch_item *a[ROWS_MAX], *b[ROWS_MAX];
	const unsigned rows = MIN(lines > 1 ? lines - 1 : 0, ROWS_MAX);
	const size_t n = sketch_top(&f->tally->by[tables[left].by], a, rows);
	const size_t m = right != TOP_ALL
	                         ? sketch_top(&f->tally->by[tables[right].by], b, rows)
	                         : 0;
	const unsigned width = right != TOP_ALL ? columns * 3 / 5 : columns;
	char text[LINE];

	for (size_t i = 0; i <= MAX(n, m); i++) {
		line(f, left, a, n, i, width, text);
		if (right == TOP_ALL) {
			fprintf(out, "%s\n", text);
			continue;
		}
		const bool both = i <= m;
		fprintf(out, "%-*s%s", both ? (int)width : 0, text, both ? "  " : "");
		line(f, right, b, m, i, columns - width - 2, text);
		fprintf(out, "%s\n", text);
	}
}

static void put_upstreams(const struct topframe *f, unsigned lines, FILE *out)
{
	char rate[32], p99[32];

	if (f->nupstreams == 0 || lines < 2)
		return;
	fprintf(out, "%-40s %10s %10s %6s\n", "UPSTREAM", "q/s", "p99", "fail");
	for (size_t i = 0; i < f->nupstreams && i + 1 < lines; i++) {
		const struct topframe_upstream *u = &f->upstream[i];

		fprintf(out, "%-40s %10s %10s %5.0f%%%s\n", u->text,
			number(u->per_s, rate), duration(u->p99_ns, p99),
			percent((double)u->failures,
				(double)u->failures + (double)u->replies),
			!u->up                 ? "  DOWN"
			: u->p99_ns >= SLOW_NS ? "  slow"
					       : "");
	}
}

static void put_rcodes(const struct topframe *f, unsigned lines, FILE *out)
{
	char buf[12], rate[32];
	unsigned n = 1;

	fprintf(out, "%-12s %10s %6s\n", "RCODE", "q/s", "share");
	for (unsigned i = 0; i < STAT_RCODES && n < lines; i++) {
		if (f->rcodes[i] <= 0)
			continue;
		fprintf(out, "%-12s %10s %5.1f%%\n", rcode_text(i, buf),
			number(f->per_s * topshow_share(f->rcodes[i], f->replies), rate),
			percent(f->rcodes[i], f->replies));
		n++;
	}
}

static void put_keys(const struct topframe *f, enum top_by by, FILE *out)
{
	fputs("q quit ", out);
	for (unsigned i = 0; topframe_by(i) != NULL; i++)
		fprintf(out, i == (unsigned)by ? " [%u %s]" : " %u %s", i,
			topframe_by(i));
	fprintf(out, "  %" PRIu64 " samples", f->tally->samples);
	if (f->lost > 0)
		fprintf(out, ", %" PRIu64 " lost", f->lost);
	fputc('\n', out);
}

static void put_all(const struct topframe *f, unsigned columns, unsigned lines, FILE *out)
{
	const unsigned below = f->nupstreams > 0
	                               ? MIN((unsigned)f->nupstreams + 2, lines / 3)
	                               : 0;
	const unsigned above = lines - below;

	if (columns >= WIDE) {
		put_tables(f, TOP_NAME, TOP_CLIENT, columns, above, out);
	} else {
		put_tables(f, TOP_NAME, TOP_ALL, columns, above * 2 / 3, out);
		fputc('\n', out);
		put_tables(f, TOP_CLIENT, TOP_ALL, columns, above / 3, out);
	}
	if (below > 2)
		fputc('\n', out);
	put_upstreams(f, below, out);
}

void topframe_text(const struct topframe *f, enum top_by by, unsigned columns,
	unsigned lines, bool keys, FILE *out)
{
	const unsigned used = 3 + (keys ? 2 : 0);
	const unsigned room = lines > used + 3 ? lines - used : 3;

	columns = MAX(columns, NUMBERS + 16);
	put_first(f, out);
	put_waste(f, out);
	fputc('\n', out);
	if (by == TOP_ALL)
		put_all(f, columns, room, out);
	else if (by == TOP_RCODE)
		put_rcodes(f, room, out);
	else
		put_tables(f, by, TOP_ALL, columns, room, out);
	if (keys) {
		fputc('\n', out);
		put_keys(f, by, out);
	}
}
