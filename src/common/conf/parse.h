/*
 * parse.h - what a parse knows while it runs (inside of conf/)
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include <libconfig.h>

#include "conf/report.h"
#include "conf/scan.h"
#include "conf/schema.h"

/* Where an element of a list, or a key of a group in a list, stands. */
struct parse_mark {
	const struct key *key;
	size_t group; /* index of the group in its list; 0 outside of one */
	size_t element;
	struct place place;
};

/* What is being walked: the whole, or a group of a list. */
struct parse_scope {
	const char *prefix; /* as schema_next() has it: "", "forward[]" */
	const char *shown;  /* as messages name it: "", "forward[2]" */
	void *base;         /* struct conf, or the element */
};

struct flat;

struct parse {
	struct conf *conf;
	struct conf_report *report;
	const uint8_t *bundle; /* borrowed */
	size_t bundle_len;
	struct place nowhere; /* for findings about what is not there */
	struct place
		seen[SCHEMA_KEYS]; /* where each key was set last; no file: not set */
	bool bad[SCHEMA_KEYS];     /* a finding about it was made */
	struct place given[SCHEMA_KEYS]; /* the same of the group that is being read */
	struct parse_mark *marks;        /* owned; see parse_where() */
	size_t nmarks, group;
	struct flat *flat;      /* what there is goes here at the end; NULL: nowhere */
	bool defaults;          /* what is being walked are the defaults */
	bool filling;           /* ... of a group in a list */
	bool broken;            /* a value of the group has a fault that was said */
	uint16_t endpoint_port; /* that the last KEY_ENDPOINT carried; 0: none */
};

/* Remember where the element of a list, or a key (element 0) of a group, stands. */
void parse_note(
	struct parse *p, const struct key *k, size_t element, const struct place *at);

/* Where that is; else where the key was set; else the first file. */
const struct place *parse_where(
	const struct parse *p, const char *path, size_t group, size_t element);

/* True if there is a value of the user's or of ours that makes sense to look at. */
bool parse_sound(const struct parse *p, const char *path);

/* True if a file set it. */
bool parse_is_set(const struct parse *p, const char *path);

#endif
