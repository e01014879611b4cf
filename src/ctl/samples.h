/*
 * samples.h - what a scrape says, sample by sample (pure)
 */
#ifndef CTL_SAMPLES_H
#define CTL_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* One sample; strings are borrowed from the text. */
struct sample {
	const char *name;   /* with its labels: `x_total{proto="udp"}` */
	size_t name_len;    /* ... */
	size_t family_len;  /* of that, what stands before the labels */
	const char *family; /* of the last TYPE line: `x_total` */
	size_t type_family_len;
	const char *type; /* "counter", "gauge", "histogram" */
	size_t type_len;
	const char *value;
	size_t value_len;
};

struct samples {
	char *text; /* owned */
	struct sample *sample;
	size_t n;
};

/* Take a document of the classic format; `text` is NUL-terminated and copied. */
void samples_take(struct samples *s, const char *text);

/* The sample of the same name and labels, or NULL; looks at `from` first. */
const struct sample *samples_find(
	const struct samples *s, const struct sample *as, size_t from);

/* True for what only grows: counters, buckets, sums and counts of histograms. */
bool samples_grows(const struct sample *s);

/*
 * The next label behind *at (NULL at first) of a sample: its name and its value as they
 * stand, still escaped. False: there is no more.
 */
struct sample_label {
	const char *name, *value;
	size_t name_len, value_len;
};
bool samples_label(const struct sample *s, const char **at, struct sample_label *out);

/* Free what it owns; it is empty and valid again. */
void samples_fini(struct samples *s);

#endif
