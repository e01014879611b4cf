/*
 * conf.h - the configuration of an appliance: libconfig syntax under our own schema
 *
 * One schema table (schema.c) holds each key: path, type, range, default, unit, whether a
 * reload may change it, one line of help (OP-21). Validation, defaults and the text of
 * conf/shmdns.conf come from it. conf_parse() reports every error in one pass (OP-20).
 * Pure but for conf_read() and conf_check_files(), which open files.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/logline.h"
#include "base/sha256.h"
#include "dns/addr.h"
#include "dns/name.h"
#include "dns/privacy.h"

enum conf_source { CONF_SOURCE_API, CONF_SOURCE_FILES };
enum conf_first_list { CONF_FIRST_LIST_CACHED, CONF_FIRST_LIST_FRESH };
enum conf_pods { CONF_PODS_DISABLED, CONF_PODS_INSECURE, CONF_PODS_VERIFIED };
enum conf_any { CONF_ANY_NORMAL, CONF_ANY_HINFO, CONF_ANY_NOTIMP };
enum conf_special { CONF_SPECIAL_NXDOMAIN, CONF_SPECIAL_FORWARD };
enum conf_rotation { CONF_ROTATION_SHUFFLE, CONF_ROTATION_FIXED, CONF_ROTATION_WEIGHTED };
enum conf_topology { CONF_TOPOLOGY_NONE, CONF_TOPOLOGY_ZONE, CONF_TOPOLOGY_NODE };

enum conf_client_names {
	CONF_CLIENT_NAMES_NONE,
	CONF_CLIENT_NAMES_NAMESPACE,
	CONF_CLIENT_NAMES_POD,
};

enum conf_policy {
	CONF_POLICY_RANDOM,
	CONF_POLICY_ROUND_ROBIN,
	CONF_POLICY_SEQUENTIAL,
	CONF_POLICY_FASTEST,
};
enum conf_transport {
	CONF_TRANSPORT_UDP,
	CONF_TRANSPORT_TCP,
	CONF_TRANSPORT_TLS,
	CONF_TRANSPORT_CLIENT,
};
enum conf_stale { CONF_STALE_OFF, CONF_STALE_VERIFY, CONF_STALE_IMMEDIATE };
enum conf_compat { CONF_COMPAT_OFF, CONF_COMPAT_ON, CONF_COMPAT_EXTRA };
enum conf_acl_action {
	CONF_ACL_ALLOW,
	CONF_ACL_BLOCK,
	CONF_ACL_FILTER,
	CONF_ACL_DROP,
};
enum conf_query_log {
	CONF_QUERY_LOG_OFF,
	CONF_QUERY_LOG_KV,
	CONF_QUERY_LOG_JSON,
	CONF_QUERY_LOG_COREDNS,
};
enum conf_loop { CONF_LOOP_BREAK, CONF_LOOP_WARN, CONF_LOOP_EXIT };

#define CONF_ACL_NAMESPACES_MAX 1024u /* of all rules */
#define CONF_NAMESPACES_FEW     16 /* of kubernetes.namespaces; of more all are watched */

#define CONF_PREFER_MAX     8
#define CONF_FORWARD_MAX    63    /* groups; `bootstrap` is one more */
#define CONF_UPSTREAMS_MAX  15    /* of a group (FW-02) */
#define CONF_POOL_MAX       128u  /* upstreams of all groups */
#define CONF_NAMES_MAX      255u  /* of both `except` and the cache's zones */
#define CONF_TEXT_MAX       8192u /* octets of paths in `tls` */
#define CONF_CIDRS_MAX      64    /* of a list */
#define CONF_HOST_ZONES_MAX 16
#define CONF_ZONES_MAX      255u /* of the cluster and from files */
#define CONF_ACL_MAX        64   /* rules */
#define CONF_ACL_ZONES_MAX  255u /* of all rules, as are types and nets */
#define CONF_ACL_TYPES_MAX  255u
#define CONF_ACL_NETS_MAX   4096u
#define CONF_TYPE_ALL       0 /* "*" among types */
/* Of query_log.classes. */
#define CONF_CLASS_SUCCESS 0x1
#define CONF_CLASS_DENIAL  0x2
#define CONF_CLASS_ERROR   0x4
#define CONF_CLASS_ALL     0x8
#define CONF_LOG_ZONES_MAX 32
/* Of the lists of `header`. */
#define CONF_HEADER_AA 0x1
#define CONF_HEADER_RA 0x2
#define CONF_HEADER_RD 0x4

#define CONF_AUTO UINT32_MAX /* "auto" where 0 is a number */

struct conf_listen {
	struct addr addr; /* all zero octets: wildcard; len 0: of both families */
	uint32_t scope;   /* interface index of a link-local address, else 0 */
	uint16_t port;    /* host order; 0: not listened (HTTP) */
};

/* kubernetes.*: RO rows. Strings and arrays are owned by the conf. */
struct conf_kubernetes {
	struct name *zones; /* folded; CIDRs already turned into reverse zones */
	size_t nzones;
	enum conf_source source;
	char *path;                 /* of source "files"; "" if not set */
	char *kubeconfig, *context; /* "" if not set */
	char **endpoints;           /* of source "api"; as url_server() writes them */
	size_t nendpoints;
	struct {
		char *cert, *key, *ca; /* files */
	} tls;
	char *token_file;
	bool exec; /* plug-ins of a kubeconfig may be run */
	bool watch_list;
	enum conf_first_list first_list;
	uint64_t audit_ns; /* 0: never */
	bool lean;
	uint32_t api_qps, api_burst;
	uint32_t test_speedup; /* 1 but in tests */
	char **namespaces;
	size_t nnamespaces;
	char *namespace_labels; /* label selectors as text, syntax checked; "" = all */
	char *labels;
	enum conf_pods pods;
	bool endpoint_pod_names;
	uint32_t ttl_s;
	uint32_t negative_ttl_s;             /* filled with ttl_s when not set */
	enum conf_client_names client_names; /* OF-09 */
	bool noendpoints;
	bool ignore_empty_service;
	bool cluster_ip_endpoints;
	bool port_addresses;
	bool first_address_only;
	bool serving_fallback;
	uint64_t startup_timeout_ns;
	struct addr *server_addresses; /* [] = the machine's own, not loopback */
	size_t nserver_addresses;
	struct name *fallthrough; /* RO-14; folded */
	size_t nfallthrough;
	struct prefix *own_ranges; /* RO-25 */
	size_t nown_ranges;
};

enum conf_upstream_kind {
	CONF_UPSTREAM_ADDRESS,
	CONF_UPSTREAM_HOST, /* a name, resolved through `bootstrap` */
	CONF_UPSTREAM_FILE, /* a resolv.conf */
};

/* One of `to` or `bootstrap` (FW-02). */
struct conf_upstream {
	enum conf_upstream_kind kind;
	struct addr addr;
	uint32_t scope;     /* interface index of a link-local address, else 0 */
	struct name host;   /* folded */
	char *path;         /* owned; NULL unless FILE */
	uint16_t port;      /* host order; 0: that of the transport */
	bool tls;           /* tls:// */
	struct name server; /* behind "#": the name of its certificate; len 0: none */
};

/* One group of `forward`: FW rows. */
struct conf_forward {
	struct name from; /* folded */
	struct conf_upstream *to;
	size_t nto;
	struct name *except; /* folded */
	size_t nexcept;
	enum conf_policy policy;
	enum conf_transport transport;
	uint32_t max_fails; /* 0: never down */
	struct {
		uint64_t interval_ns;
		struct name name;
		uint16_t type;
		bool recursion;
	} health_check;
	bool failfast;
	uint32_t max_connect_attempts; /* 0: no limit; CONF_AUTO: twice the upstreams */
	uint64_t timeout_ns;
	bool hedge;
	uint16_t failover, next; /* rcodes as bits */
	bool next_on_nodata;
	uint32_t max_concurrent; /* 0: no limit of its own */
	uint64_t expire_ns, max_age_ns;
	uint32_t max_idle; /* 0: no limit */
	struct {
		char *ca, *cert, *key;   /* files; "" if not set */
		struct name server_name; /* len 0: not set */
	} tls;
	struct addr source_address; /* len 0: any */
	bool case_randomize, edns;
	uint32_t packet_rate; /* a second and upstream; 0: no limit */
	bool trust_ad, reuse_sockets;
};

/* One rule of `acl` (AC-01). */
struct conf_acl {
	enum conf_acl_action action;
	struct name *zones;  /* folded; "." stands for every name */
	uint16_t *types;     /* CONF_TYPE_ALL stands for "*" */
	struct prefix *nets; /* an address of len 0 stands for "*" */
	char **namespaces;   /* "" stands for "*" */
	size_t nzones, ntypes, nnets, nnamespaces;
};

/* One rule of `errors.consolidate` (SM-01). */
#define CONF_CONSOLIDATE_MAX 16
struct conf_consolidate {
	uint64_t window_ns;
	char *match; /* owned; pattern_compile() takes it */
	enum log_level level;
	bool show_first;
};

/* cache.*: CA rows. */
struct conf_cache {
	uint32_t max_ttl_s;
	struct name *zones, *disable_success, *disable_denial; /* folded */
	size_t nzones, ndisable_success, ndisable_denial;
	struct {
		uint64_t size;      /* octets, of all forwarders */
		uint32_t max_ttl_s; /* filled with that of the cache when not set */
		uint32_t min_ttl_s;
	} success, denial;
	bool keep_ttl, nxdomain_cut;
	uint32_t servfail_ttl_s;
	struct {
		uint32_t hits; /* 0: off */
		uint64_t window_ns;
		uint32_t percent;
	} prefetch;
	struct {
		uint32_t max_age_s;
		enum conf_stale mode;
		uint64_t timeout_ns;
		uint32_t ttl_s;
		uint64_t recheck_ns;
		bool prefer_positive;
	} serve_stale;
};

/* hosts.*: HO rows. */
struct conf_hosts {
	char *file;   /* "" if not set */
	char **lines; /* `inline`: as those of the file, checked */
	size_t nlines;
	uint32_t ttl_s;
	uint64_t reload_ns; /* 0: the file is read once */
	bool reverse, fallthrough, unsupported;
	struct name *zones; /* folded; [] = all */
	size_t nzones;
};

/* One zone from a file (SM-11). */
struct conf_zone {
	struct name name;   /* folded */
	char *file;         /* absolute, or as the configuration's own path */
	uint64_t reload_ns; /* 0: it is read once */
	bool fallthrough;
};

/* tcp.*: FE-49. */
struct conf_tcp {
	uint64_t read_ns, write_ns, idle_ns;
	uint64_t max_age_ns;      /* 0: none */
	uint32_t max_queries;     /* of one connection; 0: no end */
	uint32_t max_connections; /* of one worker */
};

struct conf {
	char *instance;   /* OP-30 */
	char *run_dir;    /* as configured, "/INSTANCE" appended unless "default" */
	char *state_dir;  /* the same */
	uint32_t workers; /* 1..256; "auto" is resolved by the supervisor: 0 here */
	struct conf_listen *listen;
	size_t nlisten;
	struct conf_kubernetes kubernetes;
	struct {
		uint32_t max_drop; /* per cent */
		uint64_t hold_ns;
	} publish; /* WP-90 */
	enum conf_any any_query;
	uint16_t edns_max_udp;  /* 512..4096 */
	bool minimal_responses; /* SM-10 */
	struct {
		uint16_t response_set, response_clear, query_set, query_clear;
	} header; /* SM-09: CONF_HEADER_* */
	struct conf_tcp tcp;
	bool local; /* SM-04 */
	struct {
		enum conf_special invalid, onion, test, local;
	} special_names; /* SM-16 */
	char *nsid;      /* SM-06; "hostname" stands for the machine's */
	struct {
		bool enabled;
		char *version;
	} chaos; /* SM-07 */
	struct {
		enum conf_rotation policy; /* LD-01 */
		char *file;                /* of weights; "" if not set */
		struct prefix *prefer;     /* LD-03 */
		size_t nprefer;
		enum conf_topology topology; /* GS-05 */
	} loadbalance;
	struct conf_hosts hosts;
	char *base_dir; /* FE-44; "" if not set */
	struct conf_zone *zone;
	size_t nzone;
	struct {
		char *directory;    /* as conf_zone's file; "": none */
		char *pattern;      /* pattern_groups() takes it */
		char *name;         /* dirzone_name() takes it */
		uint64_t rescan_ns; /* 0: it is read once */
		bool fallthrough;
	} zones;                      /* FE-03 */
	uint32_t forwarders;          /* processes; 0: misses are not answered */
	struct conf_forward *forward; /* [] = misses are refused */
	size_t nforward;
	struct conf_upstream *bootstrap; /* FW-22 */
	size_t nbootstrap;
	struct conf_cache cache;
	struct {
		uint64_t query_deadline_ns; /* FP-04 */
		struct {
			uint32_t per_source; /* CONF_AUTO: where the Internet can ask */
			uint32_t burst;      /* CONF_AUTO: of two seconds */
			uint32_t slip;
		} rate; /* AC-05 */
		struct {
			uint32_t per_source, burst;
		} miss_rate; /* AC-08 */
	} limits;
	struct prefix *forward_clients; /* AC-10; an address of len 0 stands for "*" */
	size_t nforward_clients;
	struct {
		struct prefix *nets;
		size_t nnets;
		struct name *except;
		size_t nexcept;
	} private_addresses;           /* AC-09 */
	enum conf_loop loop_detection; /* LO-02 */
	struct {
		struct conf_listen listen; /* HR-01 */
		uint64_t lameduck_ns;      /* HR-04; 0: none */
	} health;
	struct {
		struct conf_listen listen; /* HR-02 */
		uint64_t max_stale_ns;     /* 0: off (HR-03) */
	} ready;
	struct {
		struct conf_listen listen;
		enum conf_compat coredns_compat; /* ME-01 */
		uint32_t max_namespaces;         /* ME-09 */
	} metrics;
	struct conf_acl *acl; /* [] = everybody may know of everything */
	size_t nacl;
	struct {
		uint64_t interval_ns, jitter_ns;
	} reload; /* RL-01 */
	struct {
		enum conf_query_log format;
		uint16_t classes;   /* CONF_CLASS_* */
		struct name *names; /* folded; "." is all */
		size_t nnames;
		uint32_t sample; /* millionths */
	} query_log;             /* SM-02 */
	struct {
		enum log_level level;
		enum log_format format; /* LG-01 */
	} log;
	struct conf_consolidate *consolidate; /* SM-01 */
	size_t nconsolidate;
	enum privacy_mode privacy; /* LG-04 */
};

enum conf_severity { CONF_ERROR, CONF_WARNING };

/* One finding of a check. All strings are owned by the report. */
struct conf_finding {
	enum conf_severity severity;
	char *file;            /* "" if it stands in none, such as a missing setting */
	unsigned order;        /* of the file in the bundle */
	unsigned line, column; /* 1-based; 0: not known */
	char *path;            /* "kubernetes.ttl"; "" for a fault of syntax */
	char *text;            /* what is wrong, the value quoted, and how to mend it */
};

/* What a check found, in the order of files and lines. Zeroed is valid and empty. */
struct conf_report {
	struct conf_finding *finding;
	size_t n, errors, warnings;
};

/*
 * All configuration files in one run of octets: what the supervisor reads once and hands
 * to whoever parses, in one sealed memory file. If a file may name one, the machine's
 * network interfaces and their indexes are in it too. The format is private to bundle.c.
 */
struct conf_bundle {
	uint8_t *data; /* owned */
	size_t len;
};

/*
 * Read `path` and, beside it, conf.d/ *.conf in sorted order (OP-23, OP-24; dot files, *~
 * and *.dpkg-* ignored) into *out. 0; -errno with *failed (owned by the caller) naming
 * the file that could not be read; -EFBIG: over 1 MiB in all. Files that are included are
 * read too; the parse names those that could not be read.
 */
int conf_read(const char *path, struct conf_bundle *out, char **failed);

/*
 * Append one file to a bundle (zeroed: empty), as conf_read() does: for text that stands
 * in no file. Everything is copied.
 */
void conf_bundle_add(
	struct conf_bundle *b, const char *name, const void *text, size_t len);

/*
 * The name of the file at *pos (0 at first), which then moves to the next one, those that
 * are included and could not be read among them; false: that was the last. Borrowed.
 */
bool conf_bundle_file(const struct conf_bundle *b, size_t *pos, const char **name);

/*
 * What the files seem to say for a key of the top, a string, where they have errors: the
 * last line that looks so. False: none does, and `out` is as it was. Not for files that
 * can be parsed.
 */
bool conf_bundle_guess(
	const struct conf_bundle *b, const char *key, char *out, size_t cap);

/* SHA-256 of the names and texts of all files; interfaces do not count. */
void conf_bundle_digest(const struct conf_bundle *b, uint8_t out[SHA256_OCTETS]);

/* Free the octets. */
void conf_bundle_fini(struct conf_bundle *b);

/*
 * Parse and check a bundle. 0 with *out filled and owned by the caller (warnings may
 * stand in *report); -EINVAL: at least one error stands in *report, *out is empty. What
 * *report holds before is not freed.
 */
int conf_parse(
	const uint8_t *bundle, size_t len, struct conf *out, struct conf_report *report);

/*
 * Warn of each resolv.conf that a group names and that leaves nobody to ask (FW-04). One
 * that cannot be read is not told: it may not be this machine that it is for. `fallback`
 * is RESOLV_FALLBACK (resolv.h) but in tests.
 */
void conf_check_files(
	const struct conf *c, const char *fallback, struct conf_report *report);

/*
 * The zone of the cluster whose names a zone from a file of that name would have (FT-04);
 * NULL: there is none. Borrowed from *c.
 */
const struct name *conf_cluster_zone(const struct conf *c, const struct name *name);

/* The defaults alone: what an empty file gives. Never fails. */
void conf_defaults(struct conf *out);

/* One value that differs. Texts are as a file would say them, borrowed for the call. */
struct conf_difference {
	const char
		*path; /* "log.level", "forward[1].policy"; "listen": one element of it */
	const char *was, *is; /* "": the element is not there */
	bool reloadable;      /* else it takes effect at the next start */
};

typedef void (*conf_on_difference)(void *arg, const struct conf_difference *d);

/* Tell each value that is another one in `b` than in `a`, and count them. */
size_t conf_differ(const struct conf *a, const struct conf *b,
	conf_on_difference on_difference, void *arg);

/* Free what the conf, or the report, owns. */
void conf_fini(struct conf *c);
void conf_report_fini(struct conf_report *r);

/* One line each: `file:line:column: error: path: text`, then "2 errors, 1 warning". */
void conf_report_print(const struct conf_report *r, FILE *out);

/* Write the text of conf/shmdns.conf: each key, commented out at its default. */
void conf_print_defaults(FILE *out);

#endif
