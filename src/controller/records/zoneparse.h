/*
 * zoneparse.h - a master file to records (RFC 1035, section 5; RFC 2308, section 4)
 * (core)
 *
 * $ORIGIN, $TTL and $INCLUDE are understood. The first thing that is wrong ends it: a
 * zone is served as its file has it, or not at all. Nothing of the text is trusted.
 */
#ifndef RECORDS_ZONEPARSE_H
#define RECORDS_ZONEPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"

#define ZONEPARSE_DEPTH_MAX  8                  /* files that include each other */
#define ZONEPARSE_OCTETS_MAX ((size_t)64 << 20) /* that are read of all texts together */
#define ZONEPARSE_WHY_MAX    320

/* A text, and what messages call it; all is borrowed. */
struct zoneparse_text {
	const char *path;
	const char *text;
	size_t len;
};

/* What is wrong, and where. */
struct zoneparse_fault {
	char path[256];
	unsigned line, column; /* 0: nowhere in particular */
	char why[ZONEPARSE_WHY_MAX];
};

/* A record, borrowed for the call. */
struct zoneparse_rr {
	const struct name *owner; /* folded, within the zone */
	uint16_t type;
	uint32_t ttl_s;
	bool ttl_known; /* else the SOA's minimum is meant */
	const uint8_t *rdata;
	size_t len;
	const char *path; /* borrowed from its text */
	unsigned line;
};

struct zoneparse_handlers {
	/* False: there are too many of them. */
	bool (*on_rr)(void *arg, const struct zoneparse_rr *rr);
	/*
	 * The file that `target`, of `len` octets, means in the text `from`: borrowed
	 * until the parse ends. NULL, or why it is not followed.
	 */
	const char *(*on_include)(void *arg, const char *from, const char *target,
		size_t len, struct zoneparse_text *out);
};

/* Read the zone of that apex (folded). 0; -EINVAL: *fault says why. */
int zoneparse(const struct name *apex, const struct zoneparse_text *text,
	const struct zoneparse_handlers *handlers, void *arg,
	struct zoneparse_fault *fault);

/* Say what is wrong; returns -EINVAL. Octets of files are made printable. */
__attribute__((format(printf, 5, 6))) int zoneparse_fail(struct zoneparse_fault *fault,
	const char *path, unsigned line, unsigned column, const char *fmt, ...);

#endif
