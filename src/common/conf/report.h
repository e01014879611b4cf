/*
 * report.h - collecting the findings of a check (inside of conf/)
 */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include <stddef.h>

#include "conf/conf.h"

#define REPORT_QUOTE_MAX 128 /* octets of report_quote()'s output with its NUL */

/* Where something stands in the files. Zeroed: nowhere. */
struct place {
	const char *file; /* borrowed from the bundle; NULL: nowhere */
	unsigned order;   /* of the file in the bundle, for sorting */
	unsigned line;    /* 1-based, 0: not known */
	unsigned column;  /* 1-based, in octets, 0: not known */
};

/*
 * Add a finding; all strings are copied. After 200 findings one says that there are more,
 * the rest is counted only: the amount of output must not follow the size of the input.
 */
void report_add(struct conf_report *r, enum conf_severity severity,
	const struct place *at, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Put the findings in the order of files, lines and columns; equal ones keep theirs. */
void report_sort(struct conf_report *r);

/*
 * `len` octets in double quotes: backslashes, quotes and what cannot be printed escaped,
 * cut with "..." when long. `out` has REPORT_QUOTE_MAX octets; returns `out`.
 */
const char *report_quote(const char *s, size_t len, char *out);

#endif
