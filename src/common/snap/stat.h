/*
 * stat.h - the pages that each process writes about itself (SH-07, ME-05 to ME-07)
 *
 * One page, one writer; made by the supervisor at start and kept as long as it lives, so
 * that counters go on when a slot's process is replaced. Readers take it as hostile: one
 * relaxed load a word, nothing is followed. Mapping and naming: segment.h.
 */
#ifndef SNAP_STAT_H
#define SNAP_STAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snap/ring.h"

#define STAT_MAGIC            UINT64_C(0x317461747364736d)
#define STAT_OCTETS           16384
#define STAT_WORKER_OCTETS    360448 /* with its ring */
#define STAT_ADMIN_OCTETS     65536
#define STAT_FORWARDER_OCTETS 262144 /* a forwarder's page has more to say */
#define STAT_RCODES           24
#define STAT_SHARES           256 /* of sockets: as many as workers at most */
#define STAT_QTYPES           18  /* 17 values and "other" (ME-09) */

enum stat_role {
	STAT_WORKER = 1,
	STAT_CONTROLLER,
	STAT_FORWARDER,
	STAT_ADMIN,
	STAT_SUPERVISOR,
};

/* Why a packet got no reply (MQ-04). */
enum stat_drop {
	DROP_SHORT,
	DROP_RESPONSE,
	DROP_ACL,
	DROP_RATE,
	DROP_NO_SLOT,
	DROP_SEND,
	DROP_DIGEST,
	STAT_DROPS
};

/* Why a TCP connection was closed (MQ-11). */
enum stat_tcp_close {
	TCP_CLOSE_CLIENT,  /* by the client */
	TCP_CLOSE_IDLE,    /* tcp.idle */
	TCP_CLOSE_READ,    /* tcp.read */
	TCP_CLOSE_WRITE,   /* tcp.write */
	TCP_CLOSE_QUERIES, /* tcp.max_queries */
	TCP_CLOSE_AGE,     /* tcp.max_age, and the orderly end of the worker */
	TCP_CLOSE_LIMIT,   /* made room for another */
	TCP_CLOSE_ERROR,   /* reset by the client, or no stream of queries */
	STAT_TCP_CLOSES
};

/* Why a stale answer was given (MC-03). */
enum stat_stale { STALE_TIMEOUT, STALE_FAILURE, STALE_FIRST, STAT_STALES };

/* Why a miss was not taken on (MU-09). */
enum stat_reject {
	REJECT_SLOTS,
	REJECT_WAITERS,
	REJECT_RATE,
	REJECT_DEADLINE,
	STAT_REJECTS
};

/* Where an answer came from (MQ-02). */
enum stat_source {
	SOURCE_CLUSTER, /* the zones of Kubernetes */
	SOURCE_LOCAL,   /* special names, chaos */
	SOURCE_CACHE,
	SOURCE_STALE,
	SOURCE_FORWARD, /* it waited for a forwarder */
	SOURCE_POLICY,  /* refused or hidden: not for this client, or nobody to ask */
	SOURCE_ERROR,   /* a faulty query, or a failure of ours */
	STAT_SOURCES
};

/* "cluster", "local", ...; of a number that is none "-". */
const char *stat_source_text(unsigned source);

/*
 * Upper bounds of histograms. "fine": 1 us doubled up to 4.19 s, and more. "time"
 * (CM-05): 250 us doubled up to 8.192 s, and more. "size" (CM-06): stat_size_bound(), and
 * more.
 */
#define STAT_FINE  24
#define STAT_TIME  17
#define STAT_SIZES 15
#define STAT_SLIM  6  /* 250 us tenfold up to 2.5 s, and more (CM-29) */
#define STAT_LONG  21 /* 1 ms doubled up to 524 s, and more (MA-02, MS-11, CM-26) */
#define STAT_DEF   12 /* Prometheus's own: 5 ms to 10 s, and more (CM-27) */

#define STAT_ACL  4  /* ACL_ACTIONS */
#define STAT_EDES 32 /* INFO-CODEs that are counted each; the last one: all above */

typedef _Atomic uint64_t stat_u64;

#define STAT_MOMENTS 64 /* that are kept; the one that is written next may be torn */

/*
 * When generations came to be, the latest ones: of a worker, when it went over to each;
 * of the controller, when it published each, and when the first cause of it came in.
 */
struct stat_moment {
	stat_u64 generation;
	stat_u64 at_ns, cause_ns; /* monotonic; cause_ns 0: of a worker */
};

struct stat_moments {
	stat_u64 n; /* ever; number i stands at i modulo STAT_MOMENTS */
	struct stat_moment moment[STAT_MOMENTS];
};

/* What every process says of itself. */
struct stat_head {
	uint64_t magic;
	uint32_t layout;       /* SNAP_LAYOUT */
	uint32_t role;         /* enum stat_role */
	stat_u64 pid;          /* 0: the slot is free */
	stat_u64 life;         /* of struct message_start */
	stat_u64 started_ns;   /* monotonic */
	stat_u64 heartbeat_ns; /* monotonic; moves at least every second */
};

struct stat_worker {
	struct stat_head head;
	_Alignas(64) stat_u64 generation; /* in use */
	stat_u64 segment;                 /* mapped and in use */
	stat_u64 populated;               /* segment mapped ahead, or 0 */
	stat_u64 refreshes;
	stat_u64 refresh_failures;
	stat_u64 damaged_lookups;
	stat_u64 share;
	stat_u64 busy_ns;
	_Alignas(64) stat_u64 batches;
	stat_u64 batch_packets; /* in all of them */
	stat_u64 queries;
	stat_u64 replies;
	stat_u64 truncated;
	stat_u64 header_replies;
	stat_u64 drops[STAT_DROPS];
	stat_u64 rcodes[STAT_RCODES];
	stat_u64 qtypes[STAT_QTYPES];
	stat_u64 batch_sizes[7]; /* 1, 2, 4, 8, 16, 32, more: upper bounds */
	stat_u64 not_complete;   /* RU-03 answers */
	stat_u64 receive_buffer; /* octets, the least granted of its sockets */
	_Alignas(64) stat_u64 tcp_connections; /* open now (MQ-10) */
	stat_u64 tcp_total;
	stat_u64 tcp_closed[STAT_TCP_CLOSES];
	stat_u64 tcp_queries;
	stat_u64 tcp_pauses; /* of accepting, for lack of descriptors (EV-08) */
	_Alignas(64) stat_u64 cache_hits[2]; /* answers, denials (MC-02) */
	stat_u64 cache_misses;
	stat_u64 cache_stale[STAT_STALES]; /* MC-03 */
	stat_u64 cache_failures;           /* answered from a stored failure (CA-13) */
	stat_u64 cache_torn;               /* MC-05 */
	stat_u64 parked;                   /* now (MC-06) */
	stat_u64 parked_total, adopted;
	stat_u64 rounds; /* runs of answer() for parked queries */
	stat_u64 asks, asks_again, settled, settled_unknown;
	stat_u64 forward_rejected[STAT_REJECTS]; /* MU-09 */
	stat_u64 deadlines;       /* parked queries that ended at their deadline */
	stat_u64 loops;           /* queries of ours that came back (LO-01), */
	stat_u64 loops_passed;    /* and those of them that only their hops told */
	stat_u64 edes[STAT_EDES]; /* replies by INFO-CODE (MQ-07) */
	/* By [TCP][IPv6]; queries without a type that can be read count as "other". */
	_Alignas(64) stat_u64 asked[2][2][STAT_QTYPES];      /* MQ-01, CM-04 */
	stat_u64 asked_do;                                   /* CM-08 */
	stat_u64 truncated_tcp;                              /* of `truncated` (MQ-05) */
	stat_u64 header_rcodes[2];                           /* FORMERR, NOTIMP (MQ-06) */
	stat_u64 formerr;                                    /* ... with a question */
	stat_u64 answers[STAT_SOURCES][STAT_RCODES];         /* MQ-02, CM-09 */
	stat_u64 duration[STAT_SOURCES][STAT_FINE];          /* MQ-03 */
	stat_u64 duration_ns[STAT_SOURCES];                  /* sums */
	stat_u64 time[STAT_TIME];                            /* CM-05 */
	stat_u64 asked_size[2][STAT_SIZES], asked_octets[2]; /* by [TCP]: CM-06 */
	stat_u64 reply_size[2][STAT_SIZES], reply_octets[2]; /* CM-07 */
	stat_u64 acl[STAT_ACL]; /* queries by enum acl_action, with rules (MQ-12) */
	stat_u64 hidden;        /* replies that visibility changed (MQ-15) */
	stat_u64 duplicates;    /* of queries that are parked (MQ-14) */
	stat_u64 localhost;     /* queries for localhost.DOMAIN, NAME.localhost (CM-39) */
	struct stat_moments refreshed; /* MS-12 */
	struct ring ring;              /* the latest queries */
};

/* An object of shared memory: its name behind that of the instance; what it takes. */
struct stat_object {
	char name[32];
	uint64_t octets;
};

/* State of a resource of the API (MA-10). */
enum stat_resource_state {
	RESOURCE_UNUSED, /* objects come from files */
	RESOURCE_TAKEN,
	RESOURCE_LISTING,
	RESOURCE_DENIED,
	RESOURCE_ABSENT,
	STAT_RESOURCE_STATES
};

/* Why a watch began again (MA-04). */
enum stat_restart {
	RESTART_CLEAN,
	RESTART_TRANSPORT,
	RESTART_STALL,
	RESTART_EXPIRED,
	RESTART_AUTH,
	RESTART_THROTTLED,
	RESTART_ERROR,
	RESTART_PARSE,
	STAT_RESTARTS
};

/* Why a list was taken (MA-05). */
enum stat_relist {
	RELIST_FIRST,
	RELIST_EXPIRED,
	RELIST_REGRESSED,
	RELIST_AUDIT,
	RELIST_PARSE,
	RELIST_ERROR,
	STAT_RELISTS
};

#define STAT_API_VERBS 3  /* list, watch, watchlist */
#define STAT_API_CODES 16 /* stat_api_code() */

/* What the controller says of one resource of the API (MA rows). */
struct stat_resource {
	stat_u64 state;         /* enum stat_resource_state */
	stat_u64 version;       /* resourceVersion, if it is a number */
	stat_u64 octet_wall_ns; /* of the last octet of a watch */
	stat_u64 failing_ns;    /* wall clock: since then requests fail; 0: they do not */
	stat_u64 requests[STAT_API_VERBS][STAT_API_CODES];
	stat_u64 lists, list_ns;       /* complete ones, and how long they took in all */
	stat_u64 list_time[STAT_LONG]; /* ... each (MA-02) */
	stat_u64 restarts[STAT_RESTARTS];
	stat_u64 relists[STAT_RELISTS];
	stat_u64 regressions;
	stat_u64 audit_differences;
	stat_u64 events[3]; /* of watches: added, modified, deleted */
	stat_u64 bookmarks;
	stat_u64 dropped; /* objects that could not be used (WP-79) */
	stat_u64 octets;
	stat_u64 held; /* objects whose removal is held back (WP-90) */
	/* Of the first list: objects so far, and that there are in all; 0: not known. */
	stat_u64 listed, expected;
};

/* Why an exchange with an upstream failed (MU-03). */
enum stat_failure {
	FAILURE_TIMEOUT,
	FAILURE_REFUSED,
	FAILURE_NETWORK,
	FAILURE_TLS,
	FAILURE_MISMATCH,
	FAILURE_MALFORMED,
	STAT_FAILURES
};

/* "timeout", "refused", ...; of a number that is none "-". */
const char *stat_failure_text(unsigned failure);

#define STAT_UPSTREAMS     128 /* FORWARD_POOL_MAX */
#define STAT_UPSTREAM_TEXT 64
#define STAT_REPLIES       7 /* rcodes 0 to 5, and all others */

/* What a forwarder says of one upstream (MU rows). */
struct stat_upstream {
	char text[STAT_UPSTREAM_TEXT]; /* "10.0.0.1:53", "tls://..."; "": free. Hostile */
	stat_u64 up;                   /* 1, 0 */
	stat_u64 queries[3];           /* udp, tcp, tls */
	stat_u64 rcodes[STAT_RCODES];
	stat_u64 failures[STAT_FAILURES];
	stat_u64 duration[STAT_FINE]; /* of replies, by upper bound */
	stat_u64 duration_ns;         /* sum */
	stat_u64 time[STAT_REPLIES][STAT_TIME], time_ns[STAT_REPLIES]; /* CM-19 */
	stat_u64 srtt_ns;
	stat_u64 inflight;
	stat_u64 connections[2]; /* tcp, tls; open now */
	stat_u64 connections_made[2], connections_used[2];
	stat_u64 truncated, hedges, failovers, loops, probes, probes_failed;
	stat_u64 down_ns;  /* monotonic, since when; 0: it is up */
	stat_u64 error_ns; /* of the last failure */
	stat_u64 error;    /* enum stat_failure */
};

struct stat_forwarder {
	struct stat_head head;
	_Alignas(64) stat_u64 settings; /* number in use */
	stat_u64 nupstreams;
	stat_u64 inflight, inflight_limit; /* MU-08 */
	stat_u64 questions, coalesced, answered, failed;
	stat_u64 rejected[STAT_REJECTS];
	stat_u64 prefetches;
	stat_u64 notes, notes_lost;
	stat_u64 cache_entries[2], cache_octets[2], cache_limit[2];   /* MC-01 */
	stat_u64 insertions[2], evicted_expired[2], evicted_space[2]; /* MC-04 */
	stat_u64 adopted;             /* 1: the cache was a predecessor's */
	stat_u64 flushed, flushed_ns; /* entries; when the newest flush was asked for */
	stat_u64 broken;              /* all upstreams of a group were down (CM-17) */
	stat_u64 upstreams_seq;       /* odd while they are moved; stat_read_begin() */
	struct stat_upstream upstreams[STAT_UPSTREAMS];
};

#define STAT_CAUSES    6 /* enum root_cause, and 0: none of these */
#define STAT_SERVICES  2 /* kinds of Services: with a cluster IP, headless (CM-26) */
#define STAT_RESOURCES 3 /* enum kube_kind without Pods */
#define STAT_EXPIRIES  3 /* token, our certificate, CA */

#define STAT_HOST_WORDS 32 /* 256 octets with the NUL */

/* ... and of the API as a whole. */
struct stat_api {
	struct stat_resource resources[STAT_RESOURCES];
	stat_u64 expiry_s[STAT_EXPIRIES]; /* unix time (MA-13); 0: not known */
	stat_u64 host[STAT_HOST_WORDS];   /* text: that is asked now, "10.96.0.1:443" */
	/* Requests for lists, each page by itself; waits for a token of the bucket. */
	stat_u64 get_time[STAT_DEF], get_ns;     /* CM-27 */
	stat_u64 limit_time[STAT_DEF], limit_ns; /* CM-27 */
};

struct stat_controller {
	struct stat_head head;
	_Alignas(64) stat_u64 generation;
	stat_u64 serial;
	stat_u64 segment;
	stat_u64 complete;
	stat_u64 published_wall_ns; /* of the last publish that changed records */
	stat_u64 names, live, garbage, used;
	stat_u64 publishes;
	stat_u64 publish_failures[3]; /* no_space, self_check, limit */
	stat_u64 compactions;
	stat_u64 audit_differences;
	stat_u64 names_added, names_changed, names_removed;
	stat_u64 objects[4];   /* by enum kube_kind */
	stat_u64 events[4][3]; /* by kind; added, modified, deleted */
	/* MS-15: name, address, ip_literal, fqdn_slice, size, target */
	stat_u64 skipped[8];
	stat_u64 source_errors; /* files that could not be read */
	stat_u64 config_number;
	struct stat_api api;
	/* MS-10; an operator's freeze (OV-08) */
	stat_u64 publish_held;        /* 1: the first generation is held back */
	stat_u64 publish_frozen;      /* 1: objects are not published */
	stat_u64 frozen_wall_ns;      /* since then */
	stat_u64 frozen_generation;   /* whose records are served */
	stat_u64 settings_withheld;   /* 1: settings wait for the thaw */
	stat_u64 freeze_lost_ns;      /* wall clock: one ended by itself; 0: none did */
	stat_u64 causes[STAT_CAUSES]; /* publishes by enum root_cause (MS-06) */
	stat_u64 publish_time[STAT_FINE], publish_ns; /* how long they took */
	/* From a change of endpoints, as it is dated, to its publish (MS-11). */
	stat_u64 propagation[STAT_SERVICES][STAT_LONG];
	stat_u64 propagation_ns[STAT_SERVICES];
	stat_u64 hosts_entries; /* addresses and names of `hosts` (CM-33) */
	stat_u64 hosts_wall_ns; /* when its file was read last */
	stat_u64 zones_failed;  /* zones whose file cannot be read, or has errors */
	stat_u64 zones_refused; /* files of a directory that are no zones (FE-03) */
	/* The last configuration whose settings are published, and the generation that
	 * had them first, which is stored before. */
	stat_u64 config_generation, config_served;
	stat_u64 compaction_time[STAT_LONG], compaction_ns; /* MS-05 */
	struct stat_moments
		published; /* what an event, a file or the time caused (MS-12) */
};

/* What became of a reload. */
enum stat_reload { RELOAD_NONE, RELOAD_ACCEPTED, RELOAD_UNCHANGED, RELOAD_REFUSED };

#define STAT_PATH_WORDS    64  /* 512 octets with the NUL */
#define STAT_REFUSAL_WORDS 384 /* 3,072 of them */

/*
 * The last reload that ended. Written by the supervisor alone, between two changes of
 * `reload_seq`, which is odd meanwhile.
 */
struct stat_outcome {
	stat_u64 number;                      /* of the reload; 0: there was none */
	stat_u64 outcome;                     /* enum stat_reload */
	stat_u64 config_number;               /* that is current since */
	stat_u64 workers_was;                 /* before it */
	stat_u64 added, removed;              /* listening addresses, as configured */
	stat_u64 refusal[STAT_REFUSAL_WORDS]; /* text, lines; "" unless refused */
};

/* What runs, written as the outcome is. */
struct stat_config {
	stat_u64 number;
	stat_u64 digest[4]; /* SHA-256 of the files, as its octets stand */
	stat_u64 wall_ns;   /* when it was taken */
	stat_u64 last_good; /* 1: the files had errors at the start (OP-26) */
	stat_u64 fd;        /* the supervisor's descriptor of the memory file */
	stat_u64 restart;   /* keys that wait for the next start */
	stat_u64 workers;   /* shares that there shall be */
	stat_u64 addresses; /* listening addresses, as configured */
	stat_u64 path[STAT_PATH_WORDS]; /* of the file */
	stat_u64 kept[STAT_PATH_WORDS]; /* where the last good one is kept */
	stat_u64 run_dir[STAT_PATH_WORDS];
};

/* What became of processes, by enum stat_process (MP-02, MP-03). */
enum stat_process {
	PROCESS_WORKER,
	PROCESS_FORWARDER,
	PROCESS_ADMIN,
	PROCESS_CONTROLLER,
	STAT_PROCESSES
};
enum stat_exit { EXIT_STATUS, EXIT_SIGNAL, EXIT_HEARTBEAT, EXIT_OOM, STAT_EXITS };

struct stat_supervisor {
	struct stat_head head;
	_Alignas(64) stat_u64 starts[STAT_PROCESSES];
	stat_u64 exits[STAT_PROCESSES][STAT_EXITS];
	stat_u64 stopping;      /* 1: told to end (HR-04) */
	stat_u64 config_number; /* current */
	stat_u64 reloads[2];    /* accepted, refused (MN-01) */
	stat_u64 reload_failed; /* 1: the last one was refused (MN-02) */
	stat_u64 reload_wall_ns;
	stat_u64 dropped[STAT_SHARES];   /* by the kernel, at its sockets (MP-09) */
	stat_u64 withdrawn[STAT_SHARES]; /* 1: steered around (MP-10) */
	stat_u64 reload_unchanged;       /* of those accepted: nothing was new */
	/*
	 * Reloads are numbered. One that has a number above that which `reload_begun` had
	 * reads the files after that was looked at; `reload_whole` is the number of the
	 * last one after which nothing was left to do: workers, listeners.
	 */
	stat_u64 reload_begun, reload_whole;
	stat_u64 reload_seq;
	struct stat_outcome reload;
	struct stat_config config;
};

#define STAT_LOG_RINGS 512 /* slots of workers */

#define STAT_NAMESPACES      500 /* that are told apart, at the most (ME-09) */
#define STAT_NAMESPACE_WORDS 8   /* a label with its NUL */

/* Sampled queries of a namespace (MQ-08, MQ-09). */
struct stat_namespace {
	stat_u64 name[STAT_NAMESPACE_WORDS]; /* text; set once, before it counts */
	stat_u64 queries;                    /* of its clients */
	stat_u64 wasted;                     /* by its search domain (OF-08) */
};

/* ... by who asked, all of them. */
struct stat_census {
	stat_u64 nnamespaces; /* in use; none ever leaves */
	/* Those that had no place any more, and where no namespace is known. */
	struct stat_namespace other, unknown;
	struct stat_namespace namespaces[STAT_NAMESPACES];
	stat_u64 next[STAT_LOG_RINGS]; /* how far the ring of each slot was read */
};

struct stat_admin {
	struct stat_head head;
	_Alignas(64) stat_u64 requests[3][STAT_API_CODES]; /* health, ready, metrics */
	stat_u64 connections;                              /* open now */
	stat_u64 shut;                                     /* for their time (HT-03) */
	stat_u64 scrape_ns;                                /* that the last one took */
	stat_u64 compat, port; /* of the metrics, as told; 0: not yet */
	/* Queries of our own (HR-05): how long they took, those that failed. */
	stat_u64 probe_fine[STAT_FINE], probe_slim[STAT_SLIM], probe_ns;
	stat_u64 probe_failures;
	/* How far the ring of each slot was read for the query log (SM-02). */
	_Alignas(64) stat_u64 log_next[STAT_LOG_RINGS], log_logged[STAT_LOG_RINGS];
	stat_u64 log_lost; /* queries that were to be logged (MN-07) */
	/* From an event to the moment when all workers answer by it (MS-12). */
	stat_u64 arrived; /* moments of the controller that were dealt with */
	stat_u64 arrival_time[STAT_FINE], arrival_ns;
	struct stat_census census;
};

/* Names of reasons, as metrics and shmdnsctl show them. */
extern const char *const stat_drops[STAT_DROPS];
extern const char *const stat_closes[STAT_TCP_CLOSES];
extern const char *const stat_rejects[STAT_REJECTS];
extern const char *const stat_failures[STAT_FAILURES];

/*
 * Index of an HTTP status in stat_resource.requests; 0: there was no reply. And its name:
 * "200", "none", "other"; NULL past the end.
 */
unsigned stat_api_code(unsigned status);
const char *stat_api_code_text(unsigned index);

/* The least i with units <= 2^i, at most `most`: bounds that are doubled. */
static inline unsigned stat_log2_up(uint64_t units, unsigned most)
{
	unsigned i = units > 1 ? 64u - (unsigned)__builtin_clzll(units - 1) : 0;

	return i < most ? i : most;
}

/* ... of nanoseconds in one of "fine" bounds. */
static inline unsigned stat_fine(uint64_t ns)
{
	return stat_log2_up((ns + 999) / 1000, STAT_FINE - 1);
}

/* ... and in one of "time" bounds. */
static inline unsigned stat_time(uint64_t ns)
{
	return stat_log2_up((ns + 249999) / 250000, STAT_TIME - 1);
}

/* ... in one of "long" bounds, */
static inline unsigned stat_long(uint64_t ns)
{
	return stat_log2_up((ns + 999999) / 1000000, STAT_LONG - 1);
}

/* ... and in one of "slim" bounds. */
static inline unsigned stat_slim(uint64_t ns)
{
	unsigned i = 0;

	for (uint64_t bound = 250000; i < STAT_SLIM - 1 && ns > bound; bound *= 10)
		i++;
	return i;
}

/* Upper bounds of "def", in ms; the last index has none. */
extern const uint16_t stat_def_ms[STAT_DEF - 1];

/* ... in one of "def" bounds. */
static inline unsigned stat_def(uint64_t ns)
{
	unsigned i = 0;

	while (i < STAT_DEF - 1 && ns > stat_def_ms[i] * UINT64_C(1000000))
		i++;
	return i;
}

/* Index of a size in a histogram of "size" bounds. */
static inline unsigned stat_size(size_t octets)
{
	if (octets <= 400)
		return ((unsigned)octets + 99) / 100;
	if (octets < 4096) /* 511, 1023, 2047, 4095 */
		return octets < 512 ? 5 : 28u - (unsigned)__builtin_clz((unsigned)octets);
	if (octets <= 8291)
		return 9;
	return octets > 64000 ? STAT_SIZES - 1 : 10 + ((unsigned)octets - 1) / 16000;
}

/* Upper bound of that index, in octets; the last index has none. */
unsigned stat_size_bound(unsigned index);

/* Index of `type` in stat_worker.qtypes. */
unsigned stat_qtype(uint16_t type);

/* Name of that index: "A", ..., "other"; NULL past the end. */
const char *stat_qtype_text(unsigned index);

/* Add n to a counter that this process alone writes: no locked instruction. */
static inline void stat_add(stat_u64 *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
		memory_order_relaxed);
}

/* Set a value that this process alone writes. */
static inline void stat_set(stat_u64 *c, uint64_t v)
{
	atomic_store_explicit(c, v, memory_order_relaxed);
}

/* Read a value. */
static inline uint64_t stat_get(const stat_u64 *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

/*
 * A text in n words: octets as they stand, cut to fit, ended by a NUL. The reader's `out`
 * has 8 * n octets; of a page that somebody damaged it ends with a NUL too. Returns it.
 */
void stat_text_set(stat_u64 *words, size_t n, const char *text);
const char *stat_text_get(const stat_u64 *words, size_t n, char *out);

/*
 * A reader of several words: what it copied in between is of one piece if
 * stat_read_done() says true. `seq` is odd, or moves, while the writer is at it.
 */
static inline uint64_t stat_read_begin(const stat_u64 *seq)
{
	return atomic_load_explicit(seq, memory_order_acquire);
}

/* ... with what stat_read_begin() returned. */
static inline bool stat_read_done(const stat_u64 *seq, uint64_t begun)
{
	atomic_thread_fence(memory_order_acquire);
	return (begun & 1) == 0 && stat_get(seq) == begun;
}

/* The one writer's side: its words are written in between. */
static inline void stat_write_begin(stat_u64 *seq)
{
	stat_add(seq, 1);
	atomic_thread_fence(memory_order_release);
}

/* ... and are whole. */
static inline void stat_write_done(stat_u64 *seq)
{
	atomic_store_explicit(seq, stat_get(seq) + 1, memory_order_release);
}

/* How far a list is: never 100 % before it is over, whatever the page says. */
static inline unsigned stat_percent(uint64_t listed, uint64_t all)
{
	return listed < all ? (unsigned)((double)listed * 100 / (double)all) : 99;
}

/* One more moment, by the one writer. */
void stat_moment_add(
	struct stat_moments *m, uint64_t generation, uint64_t at_ns, uint64_t cause_ns);

/* A moment that was read. */
struct stat_when {
	uint64_t generation, at_ns, cause_ns;
};

/* The first that is kept still, and whole. */
uint64_t stat_moment_oldest(const struct stat_moments *m);

/* Read number `i`; false: it is kept no more, or not there yet. */
bool stat_moment_get(const struct stat_moments *m, uint64_t i, struct stat_when *out);

/* The sum of n of them. */
static inline uint64_t stat_sum(const stat_u64 *c, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += stat_get(&c[i]);
	return total;
}

_Static_assert(sizeof(struct stat_supervisor) <= STAT_OCTETS, "stat page");
_Static_assert(sizeof(struct stat_admin) <= STAT_ADMIN_OCTETS, "stat page");
_Static_assert(sizeof(struct stat_worker) <= STAT_WORKER_OCTETS, "stat page");
_Static_assert(sizeof(struct stat_controller) <= STAT_OCTETS, "stat page");
_Static_assert(sizeof(struct stat_forwarder) <= STAT_FORWARDER_OCTETS, "stat page");

#endif
