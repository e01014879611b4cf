/*
 * querylog.h - which queries are logged and how they are shown: a block of the settings
 *
 * The controller encodes it, workers choose by it, shmdns-admin writes by it. Pure.
 */
#ifndef SNAP_QUERYLOG_H
#define SNAP_QUERYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "dns/privacy.h"

#define QUERYLOG_NAMES_MAX 32
#define QUERYLOG_ALL       1000000 /* of `sample`: each one */

enum querylog_format { QUERYLOG_OFF, QUERYLOG_KV, QUERYLOG_JSON, QUERYLOG_COREDNS };

/* Classes of replies. */
#define QUERYLOG_SUCCESS 0x1
#define QUERYLOG_DENIAL  0x2 /* NXDOMAIN, NODATA */
#define QUERYLOG_ERROR   0x4
#define QUERYLOG_CLASSES 0x7

struct querylog_settings {
	uint8_t format;  /* enum querylog_format */
	uint8_t privacy; /* enum privacy_mode; of all that is shown of queries */
	uint8_t classes; /* QUERYLOG_*; 0: nothing is logged */
	uint8_t nnames;  /* 0: all names */
	uint32_t sample; /* of a million */
	struct name names[QUERYLOG_NAMES_MAX]; /* folded; with all below them */
};

#define QUERYLOG_OCTETS_MAX (8 + QUERYLOG_NAMES_MAX * (1 + NAME_MAX_LEN))

/* Octets of *q into `out` (QUERYLOG_OCTETS_MAX); returns how many. */
size_t querylog_encode(const struct querylog_settings *q, uint8_t *out);

/* The opposite. -EBADMSG (with *out undefined) if anything is out of its range. */
int querylog_decode(const uint8_t *octets, size_t len, struct querylog_settings *out);

/* The class of a reply, one of QUERYLOG_*, by its rcode and the octets of its header. */
uint8_t querylog_class(uint16_t rcode, const uint8_t header[12]);

/*
 * True if a reply of this class to a question for `name` (folded; len 0: none could be
 * read, and it counts as the root) is logged, where `random` is any number.
 */
bool querylog_wants(const struct querylog_settings *q, uint8_t class, const uint8_t *name,
	size_t len, uint32_t random);

#endif
