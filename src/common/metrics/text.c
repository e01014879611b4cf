#include "metrics/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define NUMBER_MAX 32 /* octets of a number */

static const char *const types[] = {"counter", "counter", "gauge", "histogram"};

static void put(struct text *t, const char *s)
{
	mem_buf_put(&t->buf, s, strlen(s));
}

/* The one escaper (V-28): what would end a value, or the line. */
static void put_escaped(struct text *t, const char *s, bool quotes)
{
	for (; *s != '\0'; s++) {
		size_t plain = strcspn(s, quotes ? "\\\n\"" : "\\\n");

		mem_buf_put(&t->buf, s, plain);
		s += plain;
		if (*s == '\0')
			return;
		put(t, *s == '\n' ? "\\n" : *s == '"' ? "\\\"" : "\\\\");
	}
}

/* OpenMetrics names a counter's family without the suffix of its samples. */
static void put_family(struct text *t, enum text_type type)
{
	size_t len = strlen(t->family);

	if (t->openmetrics && type == TEXT_COUNTER)
		len -= sizeof("_total") - 1;
	mem_buf_put(&t->buf, t->family, len);
}

void text_family(struct text *t, const char *name, enum text_type type, const char *help)
{
	t->family = name;
	put(t, "# HELP ");
	put_family(t, type);
	put(t, " ");
	put_escaped(t, help, t->openmetrics);
	put(t, "\n# TYPE ");
	put_family(t, type);
	put(t, " ");
	put(t, t->openmetrics && type == TEXT_TOTAL ? "unknown" : types[type]);
	put(t, "\n");
}

static void put_labels(
	struct text *t, const struct text_label *labels, size_t nlabels, const char *le)
{
	if (nlabels == 0 && le == NULL)
		return;
	put(t, "{");
	for (size_t i = 0; i < nlabels; i++) {
		put(t, i > 0 ? "," : "");
		put(t, labels[i].name);
		put(t, "=\"");
		put_escaped(t, labels[i].value, true);
		put(t, "\"");
	}
	if (le != NULL) {
		put(t, nlabels > 0 ? ",le=\"" : "le=\"");
		put(t, le);
		put(t, "\"");
	}
	put(t, "}");
}

static void put_sample(struct text *t, const char *suffix,
	const struct text_label *labels, size_t nlabels, const char *le,
	const char *value)
{
	put(t, t->family);
	put(t, suffix);
	put_labels(t, labels, nlabels, le);
	put(t, " ");
	put(t, value);
	put(t, "\n");
}

static const char *whole(uint64_t value, char out[NUMBER_MAX])
{
	snprintf(out, NUMBER_MAX, "%" PRIu64, value);
	return out;
}

/* Seconds without an exponent and without zeros at the end: "0.00025", "8.192", "1". */
static const char *seconds(uint64_t ns, char out[NUMBER_MAX])
{
	int len = snprintf(
		out, NUMBER_MAX, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);

	while (out[len - 1] == '0')
		out[--len] = '\0';
	if (out[len - 1] == '.')
		out[--len] = '\0';
	return out;
}

void text_count(
	struct text *t, const struct text_label *labels, size_t nlabels, uint64_t value)
{
	char number[NUMBER_MAX];

	put_sample(t, "", labels, nlabels, NULL, whole(value, number));
}

void text_seconds(
	struct text *t, const struct text_label *labels, size_t nlabels, uint64_t ns)
{
	char number[NUMBER_MAX];

	put_sample(t, "", labels, nlabels, NULL, seconds(ns, number));
}

void text_counter(struct text *t, const char *name, const char *help, uint64_t value)
{
	text_family(t, name, TEXT_COUNTER, help);
	text_count(t, NO_LABELS, value);
}

void text_gauge(struct text *t, const char *name, const char *help, uint64_t value)
{
	text_family(t, name, TEXT_GAUGE, help);
	text_count(t, NO_LABELS, value);
}

void text_gauge_seconds(struct text *t, const char *name, const char *help, uint64_t ns)
{
	text_family(t, name, TEXT_GAUGE, help);
	text_seconds(t, NO_LABELS, ns);
}

static const char *bound(enum text_scale scale, unsigned i, char out[NUMBER_MAX])
{
	uint64_t slim_ns = 250000;

	switch (scale) {
	case TEXT_FINE:
		return seconds(UINT64_C(1000) << i, out);
	case TEXT_TIME:
		return seconds(UINT64_C(250000) << i, out);
	case TEXT_SLIM:
		for (unsigned k = 0; k < i; k++)
			slim_ns *= 10;
		return seconds(slim_ns, out);
	case TEXT_LONG:
		return seconds(UINT64_C(1000000) << i, out);
	case TEXT_DEF:
		return seconds(stat_def_ms[i] * NS_PER_MS, out);
	case TEXT_SIZE:
		return whole(stat_size_bound(i), out);
	case TEXT_POWERS:
		break;
	}
	return whole(UINT64_C(1) << i, out);
}

void text_histogram(struct text *t, const struct text_label *labels, size_t nlabels,
	enum text_scale scale, const uint64_t *counts, unsigned n, uint64_t sum)
{
	bool times = scale <= TEXT_DEF;
	char le[NUMBER_MAX], number[NUMBER_MAX];
	uint64_t total = 0;

	for (unsigned i = 0; i < n; i++) {
		total += counts[i];
		put_sample(t, "_bucket", labels, nlabels,
			i + 1 < n ? bound(scale, i, le) : "+Inf", whole(total, number));
	}
	put_sample(t, "_sum", labels, nlabels, NULL,
		times ? seconds(sum, number) : whole(sum, number));
	put_sample(t, "_count", labels, nlabels, NULL, whole(total, number));
}

void text_end(struct text *t)
{
	if (t->openmetrics)
		put(t, "# EOF\n");
}
