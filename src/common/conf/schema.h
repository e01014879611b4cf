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

#define SCHEMA_KEYS 192 /* room for keys */

enum key_type {
	KEY_INT,       /* min..max; stored in `size` octets, unsigned */
	KEY_AUTO,      /* min..max or "auto", which is min - 1 */
	KEY_BOOL,      /* bool */
	KEY_WORD,      /* one of `words`, stored as its index in an int */
	KEY_STRING,    /* min..max octets */
	KEY_PATH,      /* min..max octets; beside the file in which it stands */
	KEY_LABEL,     /* a DNS-1123 label of at most `max` octets */
	KEY_SELECTOR,  /* a label selector, stored as text */
	KEY_FRACTION,  /* 0 to 1, six digits behind the point; uint32_t of millionths */
	KEY_TTL,       /* min..max seconds, integer or duration; uint32_t */
	KEY_DURATION,  /* min..max `unit` (s or ms), as a string; uint64_t of ns */
	KEY_SIZE,      /* min..max MiB, as a string with a unit; uint64_t of octets */
	KEY_NAME,      /* a domain name; "" if min is 0; struct name, folded */
	KEY_ADDRESS,   /* an address without a port, or ""; struct addr */
	KEY_RRTYPE,    /* a type such as "NS"; uint16_t */
	KEY_RCODES,    /* list of rcodes; uint16_t with bit 1 << rcode */
	KEY_WORDS,     /* list of `words`; uint16_t with bit 1 << index */
	KEY_LISTENER,  /* IP:port, [v6]:port, :port or ""; struct conf_listen */
	KEY_ENDPOINT,  /* of listen: IP, IP:port, [v6]:port, with %interface */
	KEY_ZONES,     /* list of zone names and CIDRs; struct name */
	KEY_NAMES,     /* list of domain names; struct name, folded */
	KEY_LABELS,    /* list of DNS-1123 labels; char * */
	KEY_ADDRESSES, /* list of addresses without ports; struct addr */
	KEY_PREFIXES,  /* list of CIDRs; struct prefix */
	KEY_CLIENTS,   /* the same, or "*", which has an address of len 0 */
	KEY_NETS,      /* as KEY_CLIENTS, or an address, which is a net of its own */
	KEY_RRTYPES,   /* list of types of queries, or "*", which is 0; uint16_t */
	KEY_URLS,      /* list of URLs of API servers; char * */
	KEY_HOSTS,     /* list of lines of a hosts file; char * */
	KEY_UPSTREAMS, /* list of upstreams; struct conf_upstream */
	KEY_GROUPS,    /* list of groups, whose keys stand below "PATH[]" */
};

/*
 * Where a value goes is told from the struct that holds it: struct conf, or, for keys
 * below "PATH[]", an element of that list. A list is a pointer to its elements, at
 * `offset`, each of `size` octets, and a size_t, at `count`; it has at most `max`.
 */
struct key {
	const char *path;
	enum key_type type;
	bool reloadable; /* else a change takes effect at the next start */
	uint32_t min, max;
	const char *unit;     /* of min and max; "" for plain numbers */
	const char *fallback; /* the default, as it would stand in a file */
	bool required;        /* a group without it is refused; fallback is an example */
	const char *follows;  /* path of the key whose value is the default, else NULL */
	const char *const *words;
	size_t offset, size, count;
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

/* True if values of the key are lists, which are joined if they are set again. */
bool schema_is_list(const struct key *k);

/* True if they are lists that are kept as the bits of a number. */
bool schema_is_bits(const struct key *k);

/*
 * The `i`-th key or later that stands in the group of `prefix` ("" for what stands in no
 * list, "forward[]") and in no list below it; schema_n: no more.
 */
size_t schema_next(const char *prefix, size_t i);

/* Edit distance of two words: insert, remove, replace or swap neighbours; 99 if large. */
unsigned schema_distance(const char *a, const char *b);

/*
 * The defaults of the keys of `prefix` (as for schema_next()) as a file that sets them,
 * without those that are required or follow another key.
 */
void schema_print_defaults(const char *prefix, FILE *out);

/* The file that is installed: each key behind a comment sign and below its help. */
void schema_print(FILE *out);

#endif
