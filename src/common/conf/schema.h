/*
 * schema.h - the one table of keys (OP-21), and what it says of a key (inside of conf/)
 *
 * Paths are dotted; "listen[]" stands for each element of that list. Validation,
 * defaults, conf/shmdns.conf and what messages suggest are all made from this table.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCHEMA_KEYS 96 /* room for keys */

enum key_type {
	KEY_INT,       /* min..max; stored in `size` octets, unsigned */
	KEY_AUTO,      /* min..max or "auto", which is 0 */
	KEY_BOOL,      /* bool */
	KEY_WORD,      /* one of `words`, stored as its index in an int */
	KEY_STRING,    /* min..max octets */
	KEY_PATH,      /* min..max octets; beside the file in which it stands */
	KEY_LABEL,     /* a DNS-1123 label of at most `max` octets */
	KEY_SELECTOR,  /* a label selector, stored as text */
	KEY_TTL,       /* min..max seconds, integer or duration; uint32_t */
	KEY_DURATION,  /* min..max seconds, as a string with a unit; uint64_t of ns */
	KEY_ZONES,     /* zone names and CIDRs */
	KEY_LABELS,    /* DNS-1123 labels, stored as text */
	KEY_ADDRESSES, /* addresses without ports */
	KEY_PREFIXES,  /* at most `max` CIDRs */
	KEY_URLS,      /* URLs of API servers, at most `max` */
	KEY_LISTEN,    /* groups of the keys below "listen[]" */
	KEY_ENDPOINT,  /* inside of listen: IP, IP:port, [v6]:port, with %interface */
};

struct key {
	const char *path;
	enum key_type type;
	bool reloadable; /* else a change takes effect at the next start */
	uint32_t min, max;
	const char *unit;     /* of min and max; "" for plain numbers */
	const char *fallback; /* the default, as it would stand in a file */
	const char *follows;  /* path of the key whose value is the default, else NULL */
	const char *const *words;
	size_t offset,
		size;     /* where struct conf, or struct conf_listen, takes the value */
	const char *help; /* one line */
};

extern const struct key schema[];
extern const size_t schema_n; /* at most SCHEMA_KEYS */

/* The key of that path, or NULL. */
const struct key *schema_find(const char *path);

/* True if keys stand below the path, as below "kubernetes". */
bool schema_is_group(const char *path);

/*
 * The path that was probably meant by an unknown one: in the same group at an edit
 * distance of at most 2 (CF-02), else of the same last word elsewhere. False: no idea.
 */
bool schema_guess(const char *path, char *out, size_t cap);

/* What a value of the key must be, such as `a number from 1 to 256`. Returns `out`. */
const char *schema_expected(const struct key *k, char *out, size_t cap);

/* Edit distance of two words: insert, remove, replace or swap neighbours; 99 if large. */
unsigned schema_distance(const char *a, const char *b);

/*
 * Every key at its default as a file, or, with `commented`, as the file that is
 * installed: each key behind a comment sign and below its help.
 */
void schema_print(FILE *out, bool commented);

#endif
