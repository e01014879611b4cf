/*
 * flat.h - a configuration as a list of keys with their values, where each was set, and
 * how two of them differ (OV-11)
 *
 * Values are what came of the text, written one way: "60s" and 60 of a TTL are the same,
 * paths and names are whole. Groups of lists are counted: "forward[2].to". Pure; strings
 * are owned by the list.
 */
#ifndef CONF_FLAT_H
#define CONF_FLAT_H

#include "conf/conf.h"

enum flat_kind {
	FLAT_NUMBER,
	FLAT_BOOL,
	FLAT_STRING,
	FLAT_LIST,   /* of strings */
	FLAT_GROUPS, /* a list of groups: `n` of them, whose keys follow as items */
};

/* A place in a file. */
struct flat_place {
	char *file;
	unsigned line, column; /* 1-based */
};

struct flat_item {
	char *path; /* "kubernetes.ttl", "forward[2].to" */
	char *id; /* the same by which a group is known: `forward["corp.example."].to` */
	const char *help; /* borrowed, of the table of keys */
	enum flat_kind kind;
	char **text; /* n of them: one, or the elements of a list; none of FLAT_GROUPS */
	size_t n;
	bool names;      /* its group is known by it: the first key of each */
	bool set;        /* a file sets it */
	bool changed;    /* its value is not the default */
	bool reloadable; /* else a change takes effect at the next start */
	struct flat_place
		*place; /* where it is set: of lists, each line that adds to it */
	size_t nplaces;
};

struct flat {
	struct flat_item *item; /* in the order of the table of keys */
	size_t n;
};

/* Two values of one key: NULL where one of both has no such group. */
struct flat_change {
	const struct flat_item *before, *after;
};

/*
 * As conf_parse(), with what it gives in *out, owned by the caller. -EINVAL: *out is
 * empty.
 */
int flat_parse(
	const uint8_t *bundle, size_t len, struct flat *out, struct conf_report *report);

/* The item of that path, or NULL. */
const struct flat_item *flat_find(const struct flat *f, const char *path);

/*
 * The path that was probably meant by one that nothing has; false: no idea. A group, such
 * as "kubernetes", is a path too.
 */
bool flat_guess(const char *path, char *out, size_t cap);

/* Write a value as it would stand in a file: 30, "5s", [ "a", "b" ]. */
void flat_print_value(const struct flat_item *it, FILE *out);

/* Write the quoted string that stands for `text`. */
void flat_print_string(const char *text, FILE *out);

/* True if the values are the same. */
bool flat_same(const struct flat_item *a, const struct flat_item *b);

/*
 * What of `before` differs in `after`, one entry for each key, in the order of the table.
 * Groups of lists are known by what stands first in them (address, zone), so that one
 * that moved is the same; those of lists in which the order counts by their turn. Returns
 * how many, *out owned by the caller (free()), which borrows from both.
 */
size_t flat_diff(
	const struct flat *before, const struct flat *after, struct flat_change **out);

/*
 * Write the table of keys as a JSON schema (draft 2020-12) of what a file says, one line:
 * with what is not of the standard as x-expected, x-reloadable and x-follows.
 */
void flat_print_schema(FILE *out);

/* Free what it owns; it is empty and valid again. Zeroed is valid. */
void flat_fini(struct flat *f);

#endif
