/*
 * hostset.h - the names of `hosts`, those of its file and its list together (HO rows)
 * (core)
 *
 * A set is filled with texts, then finished, and never changes from there on: whoever
 * derives asks it. What is equal is kept once. Memory: some 100 octets for each name.
 */
#ifndef RECORDS_HOSTSET_H
#define RECORDS_HOSTSET_H

#include "base/hash.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/hostlist.h"

/* One RR: an address of a name, or the name that an address has (PTR). */
struct host {
	struct hash128 hash; /* of the owner's name */
	size_t name, target; /* where they stand in the set's octets; target: of a PTR */
	uint8_t name_len, target_len;
	uint16_t type;
	uint32_t line;    /* of the file; 0: of the configuration's list */
	struct addr addr; /* of A and AAAA; of a PTR that whose name it is */
};

struct hostset {
	struct hash_key key;
	char *file; /* owned; NULL: none was named */
	uint32_t ttl_s;
	bool reverse;
	bool wildcards;           /* a name begins with "*" */
	const struct name *zones; /* names in none of them do not count; borrowed */
	size_t nzones;            /* 0: all names count */
	struct mem_buf octets;    /* of names */
	struct host *hosts;       /* owned; once finished by hash, type, data */
	size_t n, room;
};

/*
 * An empty set by the configuration, whose zones are borrowed until hostset_finish().
 * Names are hashed under `key`. Owned by the caller.
 */
struct hostset *hostset_new(const struct conf_hosts *c, const struct hash_key *key);
void hostset_free(struct hostset *s);

/* Add what the file says; `on_bad` is told of lines that are skipped (HO-05). */
void hostset_add(struct hostset *s, const char *text, size_t len,
	void (*on_bad)(void *arg, unsigned line, const char *text), void *arg);

/* Add a line of the configuration. */
void hostset_add_line(struct hostset *s, const char *text);

/* That was all: sort it, and leave out what stands twice. */
void hostset_finish(struct hostset *s);

/* The name of a host in the set; borrowed. */
const uint8_t *hostset_name(const struct hostset *s, const struct host *h);

/* True if the (finished) set has the name of this hash; NULL has none. */
bool hostset_has(const struct hostset *s, const struct hash128 *h);

/* The first host of that hash; (finished) set->n: there is none. */
size_t hostset_find(const struct hostset *s, const struct hash128 *h);

/* The first host behind all that have the name of hosts[i]. */
size_t hostset_next(const struct hostset *s, size_t i);

#endif
