/*
 * text.h - the formats of Prometheus, written into one buffer that grows (core)
 *
 * A family begins with text_family() and goes on with its samples. Names are literals of
 * ours; values of labels may hold anything (an upstream, a zone) and are escaped in one
 * place (V-28). Both formats are the same but for the names of counters' families and the
 * last line (ME-04): bounds of buckets are written alike, or sums over servers would not
 * meet (ME-03).
 */
#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

#include <stdbool.h>

#include "base/mem.h"
#include "snap/stat.h"

/*
 * TEXT_TOTAL is a counter beside a gauge of the same name without "_total": OpenMetrics,
 * which would call both families alike, gets it as of unknown type.
 */
enum text_type { TEXT_COUNTER, TEXT_TOTAL, TEXT_GAUGE, TEXT_HISTOGRAM };

struct text {
	struct mem_buf buf;
	bool openmetrics;   /* application/openmetrics-text 1.0.0 */
	const char *family; /* that is being written, borrowed */
};

struct text_label {
	const char *name, *value; /* borrowed for the call */
};

/* Labels of a sample: LABELS({"proto", "udp"}, {"family", "ipv4"}). */
#define LABELS(...)                                                                      \
	(const struct text_label[]){__VA_ARGS__},                                        \
		sizeof((const struct text_label[]){__VA_ARGS__}) /                       \
			sizeof(struct text_label)
#define NO_LABELS NULL, 0

/* Begin a family; the name of a counter ends with "_total". */
void text_family(struct text *t, const char *name, enum text_type type, const char *help);

/* One sample of the family: a whole number, or nanoseconds as seconds. */
void text_count(
	struct text *t, const struct text_label *labels, size_t nlabels, uint64_t value);
void text_seconds(
	struct text *t, const struct text_label *labels, size_t nlabels, uint64_t ns);

/* A family of one sample without labels. */
void text_counter(struct text *t, const char *name, const char *help, uint64_t value);
void text_gauge(struct text *t, const char *name, const char *help, uint64_t value);
void text_gauge_seconds(struct text *t, const char *name, const char *help, uint64_t ns);

/* What the bounds of a histogram are; the last bucket is of all that is more. */
enum text_scale {
	TEXT_FINE,   /* 1 us, doubled */
	TEXT_TIME,   /* 250 us, doubled */
	TEXT_SLIM,   /* 250 us, tenfold */
	TEXT_LONG,   /* 1 ms, doubled */
	TEXT_DEF,    /* stat_def_ms */
	TEXT_SIZE,   /* stat_size_bound() */
	TEXT_POWERS, /* 1, doubled */
};

/*
 * One histogram of the family, of `n` counts that are not cumulative; `sum` is in
 * nanoseconds where the bounds are times.
 */
void text_histogram(struct text *t, const struct text_label *labels, size_t nlabels,
	enum text_scale scale, const uint64_t *counts, unsigned n, uint64_t sum);

/* The end of the document. */
void text_end(struct text *t);

#endif
