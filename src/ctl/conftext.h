/*
 * conftext.h - configurations as text and as JSON
 */
#ifndef CTL_CONFTEXT_H
#define CTL_CONFTEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/flat.h"
#include "ctl/json.h"

/* Which keys are shown, and with what. */
struct conftext {
	bool defaults; /* those that no file sets, too */
	bool origin;   /* file, line and column behind each */
};

/* True if the item is among those that are shown. */
bool conftext_shown(const struct conftext *t, const struct flat_item *it);

/* As a file that can be read again; what no file sets is commented out. */
void conftext_file(const struct conftext *t, const struct flat *f, FILE *out);

/* One line for each key, `path = value`, of those below `prefix` ("": all). */
void conftext_lines(
	const struct conftext *t, const struct flat *f, const char *prefix, FILE *out);

/* The same as an array of objects. */
void conftext_json(const struct conftext *t, const struct flat *f, const char *prefix,
	struct json *j);

/* The value alone, as JSON. */
void conftext_value(struct json *j, const char *key, const struct flat_item *it);

/* "a.conf:3:5, b.conf:1:1" or "default". */
void conftext_places(const struct flat_item *it, FILE *out);

/* True if `path` is `prefix` or stands in that group or list. */
bool conftext_below(const char *path, const char *prefix);

#endif
