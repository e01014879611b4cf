/*
 * watch.h - how one resource is listed, watched and recovered: the state machine (core)
 *
 * A watch owns no connection: it is asked what to request, is told what came of it and
 * when, and says what that means (WP-20 to WP-64, RF rows). Time and randomness are
 * arguments. At most one stream (a list or a watch) and one probe (WP-61) are under way.
 *
 *   watch_next()      the stream is free: which request, if one is due
 *   watch_response(), watch_octets(), watch_object(), watch_bookmark(),
 *   watch_list_end(), watch_status()          what comes in on it
 *   watch_overdue()   give the stream up now?
 *   watch_end()       it is over: what follows from that
 *   watch_deadline()  when to look again though nothing came
 *
 * A list begins a pass of the store (WP-85) with its first request and ends it when all
 * is there; no failure ever removes an object. Trust: any order of calls and any values.
 */
#ifndef KUBE_WATCH_H
#define KUBE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "controller/kube/kubefields.h"
#include "snap/stat.h"

#define WATCH_RV_MAX 64 /* octets of a resourceVersion that is kept, with the NUL */

/* Of one resource; texts are borrowed as long as the watch lives. */
struct watch_options {
	enum kube_kind kind;
	const char *namespace_;     /* watch only this one; "": all (WP-17) */
	const char *labels;         /* label selector, "": none (RO-08) */
	bool watch_list;            /* try WatchList first (WP-45) */
	bool first_fresh;           /* WP-28: the first list is consistent, in pages */
	bool lean;                  /* AF-10: slices of headless Services only */
	uint64_t audit_ns;          /* WP-62; 0: never */
	unsigned speedup;           /* divides every time-out: 1 but in tests */
	struct stat_resource *stat; /* borrowed; counted here */
};

enum watch_verb { WATCH_LIST, WATCH_WATCH, WATCH_WATCHLIST, WATCH_VERBS };

/* What to send: GET `path`, which has its query. */
struct watch_request {
	enum watch_verb verb;
	enum kube_form form;
	struct mem_buf path; /* owned by whoever asked; ends with a NUL */
	bool metadata;       /* ask for metadata only (WP-15) */
	bool begins_pass;    /* the first request of a list */
};

/* How a stream ended, as far as whoever read it can tell. */
enum watch_end {
	WATCH_END_CLEAN,     /* the whole reply is there */
	WATCH_END_TRANSPORT, /* no connection, TLS, reset, cut short */
	WATCH_END_CONTENT,   /* not what was asked for: type or encoding (WP-5D) */
	WATCH_END_PARSE,     /* the octets are no JSON, or have no meaning (WP-5C) */
	WATCH_END_OVERDUE,   /* watch_overdue() said so */
};

/* What the end of a stream means. */
enum watch_result {
	WATCH_FAILED,
	WATCH_GOES_ON,  /* as it should: a page, a watch's time, an audit begins */
	WATCH_COMPLETE, /* a list is complete: sweep */
};

enum watch_state { WATCH_LISTING, WATCH_TAKEN, WATCH_DENIED, WATCH_ABSENT };

enum watch_want { WANT_LIST, WANT_PAGE, WANT_WATCH };

/* Which resourceVersion a list asks for. */
enum watch_from { FROM_KNOWN, FROM_CACHE, FROM_NEWEST, FROM_EXACTLY };

/* The stream that is under way. */
struct watch_stream {
	bool open;
	enum watch_verb verb;
	enum watch_from from; /* of a list */
	bool paged;           /* of a list: a `continue` was sent */
	uint64_t began_ns, octet_ns, object_ns;
	uint64_t until_ns; /* of a watch: when the server ends it */
	unsigned code;     /* HTTP status; 0: none yet */
	unsigned retry_after_s;
	bool initial;    /* WatchList: before the end of the initial events */
	bool bookmarked; /* a bookmark was seen */
	bool listed;     /* a list has come to its end */
	bool has_status; /* a Status came; its facts: */
	unsigned status_code;
	bool too_large;
	uint64_t events;
};

struct watch {
	struct watch_options options;
	struct watch_stream stream;
	uint64_t random;
	enum watch_state state;
	bool taken; /* a list was complete once */
	enum watch_want want;
	enum watch_from from;
	enum stat_relist reason; /* why the list that is due, or under way */
	char rv[WATCH_RV_MAX];   /* "": none; of what the store holds */
	char *more;              /* owned: `continue` of the next page */
	char list_rv[WATCH_RV_MAX];
	unsigned pages;
	uint64_t listed;              /* objects of the list so far */
	uint64_t expected;            /* ... in all; 0: not said */
	bool no_limit;                /* pages expire here (WP-23) */
	bool plain;                   /* the next list is no WatchList */
	uint64_t no_watch_list_ns;    /* until then it is not supported (WP-47) */
	bool bookmarks;               /* this server sends them */
	uint64_t wait_ns;             /* no request before */
	bool unreachable;             /* ... because a connection failed (RF-01) */
	bool lost;                    /* one has failed, and no reply came since */
	bool rotate;                  /* try another server; cleared by whoever did */
	bool unauthorized;            /* 401; cleared by whoever read credentials again */
	bool retried;                 /* after a 401 */
	uint64_t bound_ns, failed_ns; /* back-off */
	unsigned errors, denied, absent; /* in a row */
	unsigned told;        /* waits in a row that a Retry-After asked for (WP-59) */
	unsigned reached;     /* times that we could connect, since a watch stood */
	uint64_t starting_ns; /* until then the server is taken to be starting */
	bool probing;
	uint64_t probe_ns;           /* the next one */
	char probe_rv[WATCH_RV_MAX]; /* ours, when it was sent */
	uint64_t audit_ns;           /* the next one */
	bool auditing; /* the list at work compares; nothing should differ */
};

/* Begin: a list is due at once. `random` is any value. */
void watch_init(
	struct watch *w, const struct watch_options *o, uint64_t random, uint64_t now_ns);
void watch_fini(struct watch *w);

/*
 * True if a request is due: *r is filled and the stream open. `r->path` is the caller's
 * to free (mem_buf_fini()).
 */
bool watch_next(struct watch *w, uint64_t now_ns, struct watch_request *r);

/* The head of the reply: its status, and Retry-After in seconds or 0. */
void watch_response(
	struct watch *w, unsigned status, unsigned retry_after_s, uint64_t now_ns);

/* Octets of the body. */
void watch_octets(struct watch *w, size_t n, uint64_t now_ns);

/*
 * An object, or one that was dropped, with its resourceVersion. False: it is an event
 * that is not newer than those before it. It repeats one of them, or the stream is out of
 * order: whoever knows the object can tell.
 */
bool watch_object(struct watch *w, const char *rv, uint64_t now_ns);

/* A List is complete (kube_reply_handlers). */
void watch_list_end(
	struct watch *w, const char *rv, const char *more, uint64_t remaining);

/* A BOOKMARK. True: the initial events of a WatchList are all there, sweep. */
bool watch_bookmark(struct watch *w, const char *rv, bool end, uint64_t now_ns);

/* A Status in the body. */
void watch_status(struct watch *w, const struct kube_status *s);

/* True if the stream is to be given up: end it with WATCH_END_OVERDUE. */
bool watch_overdue(const struct watch *w, uint64_t now_ns);

/* The stream is over. */
enum watch_result watch_end(struct watch *w, enum watch_end end, uint64_t now_ns);

/* When watch_next(), watch_overdue() or watch_probe() may say true by themselves. */
uint64_t watch_deadline(const struct watch *w);

/*
 * The probe (WP-61): true if it is due, with its path as of watch_next(). Its end with
 * the list's resourceVersion, "" if it failed: true if the server has lost history and
 * the stream has to be dropped (watch_end() is not called then).
 */
bool watch_probe(struct watch *w, uint64_t now_ns, struct watch_request *r);
bool watch_probe_end(struct watch *w, const char *rv, uint64_t now_ns);

/* A server that could not be reached takes connections again (RF-01). */
void watch_reachable(struct watch *w, uint64_t now_ns);

/*
 * True if the resource was refused so often that it is no accident (WP-54); until a list
 * of it is complete.
 */
bool watch_denied(const struct watch *w);

/* True if both resourceVersions are numbers and `a` is the lower one (AF-11). */
bool watch_older(const char *a, const char *b);

/* Our resourceVersion as a number; 0: there is none, or it is no number. */
uint64_t watch_version(const struct watch *w);

/* "services"; for logs and paths. */
const char *watch_resource(enum kube_kind kind);

/*
 * The path of a request, with its query, behind which watch.c stands: WP-14, WP-15,
 * WP-17, WP-22, WP-28, WP-30, WP-45. `limit` and `timeout_s` are left out if 0, `rv`,
 * `match` and `more` if NULL. Written into *out, with a NUL that counts.
 */
struct watch_query {
	bool watch, initial;
	const char *rv, *match, *more;
	unsigned limit, timeout_s;
};
void watch_path(
	const struct watch_options *o, const struct watch_query *q, struct mem_buf *out);

#endif
