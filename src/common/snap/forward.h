/*
 * forward.h - what settings say of names that are not ours: groups, upstreams, cache
 *
 * A part of struct settings: made by the controller from `forward`, `cache`, `limits` and
 * resolv.conf files, decoded by workers (which group has a name) and by forwarders (all
 * of it). Lists of names, upstreams and texts stand in pools, and groups say which part
 * of a pool is theirs. Pure.
 */
#ifndef SNAP_FORWARD_H
#define SNAP_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"

#define FORWARD_GROUPS_MAX    64
#define FORWARD_UPSTREAMS_MAX 15   /* of a group (FW-02) */
#define FORWARD_POOL_MAX      128  /* upstreams of all groups */
#define FORWARD_NAMES_MAX     255  /* names of all lists */
#define FORWARD_TEXT_MAX      8192 /* octets of file names */
#define FORWARD_CLIENTS_MAX   64   /* CIDRs of forward_clients */
#define FORWARD_OWN_MAX       64   /* CIDRs of kubernetes.own_ranges */
#define FORWARD_PRIVATE_MAX   64   /* CIDRs of private_addresses.nets */
#define FORWARD_FLUSH_MAX     16
#define FORWARD_TIME_MAX_MS   86400000
#define FORWARDERS_MAX        8

/* A run of names in the pool. */
struct forward_names {
	uint8_t first, n;
};

enum forward_transport { FORWARD_UDP, FORWARD_TCP, FORWARD_TLS, FORWARD_CLIENT };
enum forward_policy { FORWARD_RANDOM, FORWARD_ROUND_ROBIN, FORWARD_SEQUENTIAL };

/* An upstream, once for each group that names it. */
struct forward_upstream {
	struct addr addr;   /* len 0: `host` is to be resolved through bootstrap */
	uint16_t port;      /* host order */
	uint32_t scope;     /* interface of a link-local address, else 0 */
	bool tls;           /* tls://, whatever the group's transport says */
	struct name host;   /* len 0: an address was configured */
	struct name server; /* name that its certificate must have; len 0: its address */
};

/* Rcodes as bits: 1 << rcode (FW-15, FW-16). */
typedef uint16_t forward_rcodes;

struct forward_group {
	uint64_t digest; /* forward_digests(): part of the cache key */
	struct name from;
	struct forward_names except;
	uint8_t first, n;  /* upstreams in the pool; n 0: none could be found */
	uint8_t policy;    /* enum forward_policy */
	uint8_t transport; /* enum forward_transport */
	bool failfast, hedge, case_randomize, edns, trust_ad, next_on_nodata, recursion;
	bool reuse_sockets;
	uint8_t max_fails;            /* 0: never down */
	uint8_t max_connect_attempts; /* 0: twice the upstreams; 255: as time allows */
	uint16_t max_idle;            /* connections; 0: no limit */
	forward_rcodes failover, next;
	uint32_t max_concurrent; /* 0: the table's size */
	uint32_t packet_rate;    /* packets a second and upstream; 0: none */
	uint32_t timeout_ms, expire_ms, max_age_ms;
	uint32_t probe_ms; /* health_check.interval */
	uint16_t probe_type;
	struct name probe_name;
	struct addr source;     /* len 0: any */
	uint16_t ca, cert, key; /* file names, as offsets into the text; 0: none */
};

enum stale_mode { STALE_OFF, STALE_VERIFY, STALE_IMMEDIATE };

/* cache.*: CA rows. TTLs in seconds, UINT32_MAX: no cap. */
struct cache_settings {
	uint32_t success_max_ttl_s, success_min_ttl_s;
	uint32_t denial_max_ttl_s, denial_min_ttl_s;
	uint32_t servfail_ttl_ms;
	uint32_t prefetch_hits, prefetch_window_ms, prefetch_percent; /* hits 0: off */
	uint32_t stale_max_age_s, stale_timeout_ms, stale_ttl_s, stale_recheck_ms;
	uint8_t stale_mode; /* enum stale_mode */
	bool stale_prefer_positive, keep_ttl, nxdomain_cut;
	struct forward_names zones;           /* n 0: all */
	struct forward_names disable_success; /* names at or below */
	struct forward_names disable_denial;
};

enum loop_mode { LOOP_BREAK, LOOP_WARN, LOOP_EXIT };

/* What an operator wants forgotten: outcomes of `name` that were asked for before. */
struct forward_flush {
	uint64_t at_ns;   /* of the request; ascending in the list */
	bool below;       /* those of names below it too */
	struct name name; /* folded */
};

/* Zeroed: no groups, no forwarders. */
struct forward_settings {
	uint32_t deadline_ms; /* limits.query_deadline */
	uint8_t ngroups, nupstreams, nnames, nclients, nown, nprivate, nflush;
	uint8_t forwarders; /* how many processes; each name has its home in one */
	uint8_t loop;       /* enum loop_mode */
	bool everybody;     /* forward_clients holds "*" */
	/* The last group has no `from`: it resolves names of upstreams. */
	bool bootstrap;
	struct cache_settings cache;
	struct forward_group groups[FORWARD_GROUPS_MAX];
	struct forward_upstream upstreams[FORWARD_POOL_MAX];
	struct name names[FORWARD_NAMES_MAX]; /* folded */
	struct prefix clients[FORWARD_CLIENTS_MAX];
	/* Reverse names of these never leave (FT-03). */
	struct prefix own[FORWARD_OWN_MAX];
	/* Addresses of these are nobody's in answers of upstreams (AC-09), */
	struct prefix private_nets[FORWARD_PRIVATE_MAX];
	struct forward_names private_except; /* but for these names and those below */
	struct forward_flush flush[FORWARD_FLUSH_MAX];
	uint16_t text_len;           /* with the last NUL */
	char text[FORWARD_TEXT_MAX]; /* NUL-terminated file names; [0] is the empty one */
};

/* Largest size of forward_encode()'s output; lists are cut to their length. */
#define FORWARD_OCTETS_MAX (sizeof(struct forward_settings))

/* Octets of *f into `out` (FORWARD_OCTETS_MAX); returns how many. */
size_t forward_encode(const struct forward_settings *f, uint8_t *out);

/*
 * The opposite: `len` octets, all of them. -EBADMSG (with *out undefined) if anything is
 * out of its range, or leads out of its pool. Never trusts its input.
 */
int forward_decode(const uint8_t *octets, size_t len, struct forward_settings *out);

/*
 * True if upstreams may not give this address of `len` octets (4 or 16) to a name that is
 * not in `private_except` (AC-09); an IPv4 address within an IPv6 one counts as itself.
 */
bool forward_private(const struct forward_settings *f, const uint8_t *octets, size_t len);

/*
 * The group that has `name` (folded): of those whose `from` it is in and whose `except`
 * it is not in, the one with the longest `from`, of equal ones the first (FW-01, FW-05);
 * -1: none. With `after` >= 0 only groups that are less good than that one (FW-16).
 */
int forward_group(
	const struct forward_settings *f, const uint8_t *name, size_t len, int after);

/*
 * Set the digests of all groups: each of what the group says, its upstreams, names and
 * texts, not of where in the pools they stand, and, if it goes on to others (FW-16), of
 * their digests. Never 0. Who is asked by a group of another digest may answer something
 * else, so nothing that is known under one counts under the other.
 */
void forward_digests(struct forward_settings *f);

/* The group of that digest, or -1. */
int forward_by_digest(const struct forward_settings *f, uint64_t digest);

/* True if misses of this client may be answered (AC-10); `client` len 0: nobody known. */
bool forward_allowed(const struct forward_settings *f, const struct addr *client);

/*
 * True if `name` never leaves (FT-03): a reverse name of an address in `own`, or of a run
 * of such addresses, or below one.
 */
bool forward_stays(const struct forward_settings *f, const uint8_t *name, size_t len);

/*
 * The least that forgets what two requests do: names below what theirs have in common,
 * as of the newer one.
 */
struct forward_flush forward_join(
	const struct forward_flush *older, const struct forward_flush *newer);

/* True if that is to be forgotten of `name` (folded). */
bool forward_forgets(const struct forward_flush *f, const uint8_t *name, size_t len);

/* True if `name` is one of the run, or below one. */
bool forward_covered(const struct forward_settings *f, struct forward_names list,
	const uint8_t *name, size_t len);

#endif
