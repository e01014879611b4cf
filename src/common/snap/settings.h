/*
 * settings.h - what workers need to know besides records, as one block in the snapshot
 *
 * The controller encodes it from the configuration; a worker decodes it into memory of
 * its own when the block's number changed, so nothing in it is trusted later. Pure.
 */
#ifndef SNAP_SETTINGS_H
#define SNAP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"
#include "snap/acl.h"
#include "snap/forward.h"
#include "snap/logset.h"
#include "snap/querylog.h"
#include "snap/weights.h"

#define SETTINGS_ZONES_MAX  255
#define SETTINGS_OWN_MAX    32
#define SETTINGS_PREFER_MAX 8

/* ZONE_FILE: its names come from a file (SM-11), not from objects. */
enum zone_kind { ZONE_FORWARD = 1, ZONE_REVERSE, ZONE_MULTICLUSTER, ZONE_FILE };

struct zone {
	struct name name; /* folded */
	uint8_t kind;     /* enum zone_kind */
	uint8_t labels;   /* without the root */
	bool fallthrough; /* what is NXDOMAIN in it goes on to the next sources (FT-01) */
};

enum pods_mode { PODS_DISABLED, PODS_INSECURE, PODS_VERIFIED };
enum any_mode { ANY_NORMAL, ANY_HINFO, ANY_NOTIMP };
enum rotation { ROTATION_SHUFFLE, ROTATION_FIXED, ROTATION_WEIGHTED };

/* Limits of a worker's TCP connections (FE-49). */
struct tcp_limits {
	uint32_t read_ms, write_ms, idle_ms;
	uint32_t max_age_ms;      /* 0: none */
	uint32_t max_queries;     /* of one connection; 0: none */
	uint32_t max_connections; /* of one worker */
};
/* Tokens of a client a second, and at once (AC-05, AC-08). */
struct rate_limit {
	uint32_t per_source; /* 0: no limit */
	uint32_t burst;
};
/* Flags of a message's header, as MSG_*, that are put in or taken out (SM-09). */
struct header_settings {
	uint16_t response_set, response_clear;
	uint16_t query_set, query_clear;
};
#define SETTINGS_RATE_MAX        1000000
#define SETTINGS_TIME_MAX_MS     86400000
#define SETTINGS_CONNECTIONS_MAX 10000
/* Which special names are answered here instead of being forwarded (SM-04, SM-16). */
#define SPECIAL_LOCALHOST 0x01
#define SPECIAL_INVALID   0x02
#define SPECIAL_ONION     0x04
#define SPECIAL_TEST      0x08
#define SPECIAL_LOCAL     0x10

#define SETTINGS_HOST_ZONES_MAX 16

/* What is to be done about names of `hosts`, and those that are not there (HO rows). */
struct host_settings {
	uint8_t on;          /* there may be names of `hosts` outside of our zones too */
	uint8_t wildcards;   /* some begin with "*" */
	uint8_t closed;      /* what is in `zones` and in no zone of ours is NXDOMAIN */
	uint8_t unsupported; /* other types than A, AAAA and PTR are others' */
	uint8_t nzones;      /* 0: all names */
	struct name zones[SETTINGS_HOST_ZONES_MAX]; /* folded */
};

#define SETTINGS_ZONE_SLOTS                                                              \
	512 /* a power of two, twice SETTINGS_ZONES_MAX: runs are short */

/* Which zone has a name, if one has: settings_index() makes it. */
struct zone_index {
	uint64_t lens[4]; /* a bit for each length that a zone's name has */
	/* By hash of the name: 0, or the index of the zone plus 1, below a tag. */
	uint16_t slots[SETTINGS_ZONE_SLOTS];
};

#define SETTINGS_TEXT_MAX 64

/* A short text of the operator's, such as an NSID. */
struct settings_text {
	uint8_t len;
	char octets[SETTINGS_TEXT_MAX]; /* not terminated */
};

struct settings {
	uint64_t number;
	uint32_t ttl_s;          /* T */
	uint32_t negative_ttl_s; /* NT */
	uint32_t startup_ms;     /* how long a start waits for a complete generation */
	uint16_t max_udp;        /* edns.max_udp */
	uint8_t pods;            /* enum pods_mode */
	uint8_t any;             /* enum any_mode */
	uint8_t rotation;        /* enum rotation */
	uint8_t nprefer;
	uint8_t special;               /* SPECIAL_* */
	uint8_t chaos;                 /* answer class CH (SM-07) */
	struct settings_text nsid;     /* empty: no NSID (SM-06) */
	struct settings_text version;  /* of version.bind */
	struct settings_text hostname; /* of hostname.bind and id.server */
	uint8_t nown;
	uint8_t nzones;
	uint8_t primary; /* index of PRIMARY */
	struct tcp_limits tcp;
	struct rate_limit rate, miss_rate;
	uint8_t slip; /* one in so many refused queries is answered with TC; 0: none */
	bool minimal; /* positive answers have no more than was asked for (SM-10) */
	struct header_settings header;
	bool rate_public; /* `rate` is for queries to globally routable addresses only */
	struct prefix prefer[SETTINGS_PREFER_MAX]; /* addresses that go first (LD-03) */
	struct addr own[SETTINGS_OWN_MAX];         /* our own addresses (RO-19) */
	struct zone zones[SETTINGS_ZONES_MAX];
	struct zone_index index; /* of `zones`; it is not encoded */
	struct host_settings hosts;
	struct log_settings log;           /* how processes speak (LG-01) */
	struct acl_settings acl;           /* who may know of which names (AC-01) */
	struct querylog_settings querylog; /* SM-02 */
	struct weights weights;            /* of ROTATION_WEIGHTED (LD-01) */
	struct forward_settings forward;   /* names that are not ours */
};

/* Largest size of settings_encode()'s output. */
#define SETTINGS_OCTETS_MAX                                                              \
	(512 + 17 * SETTINGS_OWN_MAX + 260 * SETTINGS_ZONES_MAX +                        \
		260 * SETTINGS_HOST_ZONES_MAX + FORWARD_OCTETS_MAX + ACL_OCTETS_MAX +    \
		LOGSET_OCTETS_MAX + QUERYLOG_OCTETS_MAX + WEIGHTS_OCTETS_MAX)

/* Octets of *s without its number into `out` (SETTINGS_OCTETS_MAX); returns how many. */
size_t settings_encode(const struct settings *s, uint8_t *out);

/*
 * The opposite, with its index. -EBADMSG (with *out undefined) if anything is out of its
 * range.
 */
int settings_decode(
	const uint8_t *octets, size_t len, uint64_t number, struct settings *out);

/* After `zones` or `nzones` were set: settings_zone() finds them from now on. */
void settings_index(struct settings *s);

/*
 * Index of the longest zone that `name` (folded) is in; -1: none of ours. Costs a bit for
 * each label of the name and a look-up where that is set, however many zones there are.
 */
int settings_zone(const struct settings *s, const uint8_t *name, size_t len);

#endif
