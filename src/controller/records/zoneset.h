/*
 * zoneset.h - a zone from a file, as it is served (SM-11; RFC 1034, RFC 4592) (core)
 *
 * It is read once, checked, and never changes from there on: whoever derives asks it.
 * Names stand in canonical order, empty non-terminals included, and know what answers
 * need to know of them. Memory: some 100 octets and the rdata for each record.
 */
#ifndef RECORDS_ZONESET_H
#define RECORDS_ZONESET_H

#include "base/mem.h"
#include "controller/records/zoneparse.h"

#define ZONESET_RRS_MAX   250000 /* records of a zone */
#define ZONESET_NAMES_MAX 500000 /* its names, empty non-terminals included */

struct zoneset_rr {
	uint32_t name, rdata; /* where they stand in the set's octets */
	uint8_t name_len;
	uint8_t path; /* index */
	uint16_t type, len;
	uint32_t
		ttl_s; /* of its RRset: that of all its records (RFC 2181, section 5.2) */
	uint32_t line;
};

/* A name: records [rr, rr + n), by type and then by rdata. */
struct zoneset_name {
	uint32_t name;
	uint32_t rr, n;
	uint8_t len;
	uint8_t flags; /* NODE_FILE_* of layout.h, or ZONESET_HASHED */
};

/*
 * The owner of an NSEC3 and of nothing else, which is no name of the zone (RFC 5155,
 * section 7.2.8). zoneset_find() does not find it.
 */
#define ZONESET_HASHED 0x80

#define ZONESET_PATHS_MAX 64

struct zoneset {
	struct name apex;
	struct mem_buf octets;
	struct zoneset_rr *rrs; /* owned */
	size_t n, room;
	struct zoneset_name *names; /* owned */
	size_t nnames, names_room;
	char *path[ZONESET_PATHS_MAX]; /* owned: the files that records come from */
	size_t npaths;
};

/*
 * Read a zone; `on_include` and `arg` are as those of zoneparse.h. NULL: *fault says what
 * is wrong with it. Owned by the caller.
 */
struct zoneset *zoneset_read(const struct name *apex, const struct zoneparse_text *text,
	const char *(*on_include)(void *arg, const char *from, const char *target,
		size_t len, struct zoneparse_text *out),
	void *arg, struct zoneparse_fault *fault);
void zoneset_free(struct zoneset *s);

/* The name, or NULL. */
const struct zoneset_name *zoneset_find(
	const struct zoneset *s, const uint8_t *name, size_t len);

/* The first record of that type at the name, and how many there are: *n; NULL: none. */
const struct zoneset_rr *zoneset_rrset(const struct zoneset *s,
	const struct zoneset_name *name, uint16_t type, size_t *n);

/* Octets of a name or of rdata of the set; borrowed. */
static inline const uint8_t *zoneset_octets(const struct zoneset *s, uint32_t at)
{
	return s->octets.data + at;
}

#endif
