#include "controller/kube/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define MINUTE_NS (60 * NS_PER_S)

#define BACK_OFF_NS       (800 * NS_PER_MS) /* RF-01 */
#define BACK_OFF_MAX_NS   (30 * NS_PER_S)
#define BACK_OFF_RESET_NS (2 * MINUTE_NS)
#define REACHABLE_NS      NS_PER_S
#define LIST_QUIET_NS     (75 * NS_PER_S) /* WP-25: it is answered in 60 s, or 504 */
#define LIST_LONG_NS      (10 * MINUTE_NS)
#define ERROR_BODY_NS     (10 * NS_PER_S)
#define HEAD_NS           (30 * NS_PER_S)
#define INITIAL_NS        (60 * NS_PER_S)  /* WP-49 */
#define QUIET_NS          (150 * NS_PER_S) /* WP-60 */
#define LATE_NS           (30 * NS_PER_S)
#define SHORT_NS          NS_PER_S /* WP-52 */
#define PROVED_NS         (10 * NS_PER_S)
#define DENIED_NS         (5 * NS_PER_S)
#define STARTING_NS       (30 * NS_PER_S)
#define REACHED_MANY      6
#define TOLD_MAX_S        60 /* Retry-After, whatever a server says */
#define TOLD_MANY         10
#define DENIED_MANY       3
#define ABSENT_NS         (2 * MINUTE_NS)
#define ABSENT_MANY       3
#define ERRORS_MANY       3
#define PROBE_NS          (5 * MINUTE_NS)
#define PROBE_AGAIN_NS    (30 * NS_PER_S)
#define UNSUPPORTED_NS    (6 * 60 * MINUTE_NS) /* WP-47 */
#define PAGE_OBJECTS      500
#define PAGES_MAX         20000
#define WATCH_MIN_S       300 /* WP-30 */
#define WATCH_SPREAD_S    301

static uint64_t scaled(const struct watch *w, uint64_t ns)
{
	return ns / w->options.speedup;
}

/* xorshift64*: jitter needs no secret. Below n. */
static uint64_t draw(struct watch *w, uint64_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return n == 0 ? 0 : (w->random * UINT64_C(2685821657736338717) >> 11) % n;
}

/* WP-78, AF-11: comparable if it is a number; 0 if not. */
static uint64_t number(const char *rv)
{
	uint64_t v = 0;

	for (; *rv >= '0' && *rv <= '9'; rv++) {
		if (v > UINT64_MAX / 10 - 1)
			return 0;
		v = v * 10 + (uint64_t)(*rv - '0');
	}
	return *rv == '\0' ? v : 0;
}

bool watch_older(const char *a, const char *b)
{
	uint64_t x = number(a), y = number(b);

	return x != 0 && y != 0 && x < y;
}

static bool keep_rv(char to[WATCH_RV_MAX], const char *rv)
{
	size_t n = strlen(rv);

	if (n == 0 || n >= WATCH_RV_MAX)
		return false;
	memcpy(to, rv, n + 1);
	return true;
}

static void advance(struct watch *w, const char *rv)
{
	keep_rv(w->rv, rv);
}

static void forget_pages(struct watch *w)
{
	free(w->more);
	w->more = NULL;
	w->pages = 0;
}

/* WP-62: plus or minus a half. */
static void plan_audit(struct watch *w, uint64_t now_ns)
{
	uint64_t every = scaled(w, w->options.audit_ns);

	w->audit_ns = every == 0 ? UINT64_MAX : now_ns + every / 2 + draw(w, every);
}

static void want_list(struct watch *w, enum watch_from from, enum stat_relist reason)
{
	forget_pages(w);
	w->want = WANT_LIST;
	w->from = from;
	w->reason = reason;
	w->auditing = false;
}

void watch_init(
	struct watch *w, const struct watch_options *o, uint64_t random, uint64_t now_ns)
{
	*w = (struct watch){.options = *o, .random = random | 1};
	w->wait_ns = now_ns;
	w->audit_ns = UINT64_MAX;
	want_list(w, o->first_fresh ? FROM_NEWEST : FROM_CACHE, RELIST_FIRST);
	w->state = WATCH_LISTING;
}

void watch_fini(struct watch *w)
{
	forget_pages(w);
}

/* ---- what to request ---- */

static enum watch_verb choose_verb(const struct watch *w, uint64_t now_ns)
{
	if (w->want == WANT_WATCH)
		return WATCH_WATCH;
	if (w->want == WANT_LIST && w->options.watch_list && !w->plain &&
		w->from != FROM_EXACTLY && now_ns >= w->no_watch_list_ns)
		return WATCH_WATCHLIST;
	return WATCH_LIST;
}

/* WP-20, WP-22, WP-28. */
static void list_query(const struct watch *w, struct watch_query *q)
{
	unsigned limit = w->no_limit ? 0 : PAGE_OBJECTS;

	if (w->more != NULL) {
		*q = (struct watch_query){.more = w->more, .limit = limit};
		return;
	}
	switch (w->from) {
	case FROM_KNOWN:
		*q = (struct watch_query){.rv = w->rv, .match = "NotOlderThan"};
		break;
	case FROM_CACHE:
		*q = (struct watch_query){.rv = "0"};
		break;
	case FROM_NEWEST:
		*q = (struct watch_query){.limit = limit};
		break;
	case FROM_EXACTLY:
		*q = (struct watch_query){.rv = w->rv, .match = "Exact", .limit = limit};
		break;
	}
}

static void open_watch(struct watch *w, struct watch_query *q, uint64_t now_ns)
{
	struct watch_stream *s = &w->stream;
	uint64_t length_s = (WATCH_MIN_S + draw(w, WATCH_SPREAD_S)) / w->options.speedup;

	q->watch = true;
	q->timeout_s = (unsigned)MAX(length_s, 1);
	s->until_ns = now_ns + q->timeout_s * NS_PER_S;
	s->initial = s->verb == WATCH_WATCHLIST;
	q->initial = s->initial;
	/* WP-48. Without an RV: what is there now, even if history was lost. */
	q->match = s->initial ? "NotOlderThan" : NULL;
	q->rv = s->initial ? NULL : w->rv;
}

bool watch_next(struct watch *w, uint64_t now_ns, struct watch_request *r)
{
	struct watch_stream *s = &w->stream;
	struct watch_query q = {0};

	if (s->open || now_ns < w->wait_ns)
		return false;
	if (w->want == WANT_WATCH)
		w->auditing = false; /* whoever counts differences has done so */
	if (w->from == FROM_KNOWN && w->rv[0] == '\0')
		w->from = FROM_NEWEST;
	*s = (struct watch_stream){.open = true,
		.verb = choose_verb(w, now_ns),
		.from = w->from,
		.paged = w->more != NULL,
		.began_ns = now_ns,
		.octet_ns = now_ns,
		.object_ns = now_ns};
	if (s->verb == WATCH_LIST)
		list_query(w, &q);
	else
		open_watch(w, &q, now_ns);
	*r = (struct watch_request){.verb = s->verb,
		.form = s->verb == WATCH_LIST ? KUBE_FORM_LIST : KUBE_FORM_WATCH,
		.metadata = w->options.kind == KUBE_NAMESPACE,
		.begins_pass = w->want == WANT_LIST};
	watch_path(&w->options, &q, &r->path);
	w->unreachable = false;
	if (r->begins_pass) {
		stat_add(&w->options.stat->relists[w->reason], 1);
		w->listed = w->expected = 0;
	}
	return true;
}

/* ---- what comes in ---- */

/*
 * A server is there again. Until it is ready it refuses, so it is asked often for a
 * while; but not if it goes on like that.
 */
static void starts(struct watch *w, uint64_t now_ns)
{
	if (w->reached++ == 0)
		w->starting_ns = now_ns + scaled(w, STARTING_NS);
}

void watch_response(
	struct watch *w, unsigned status, unsigned retry_after_s, uint64_t now_ns)
{
	struct watch_stream *s = &w->stream;

	s->code = status;
	s->retry_after_s = MIN(retry_after_s, TOLD_MAX_S);
	s->octet_ns = s->object_ns = now_ns;
	stat_add(&w->options.stat->requests[s->verb][stat_api_code(status)], 1);
	if (w->lost) /* the waits so far were for another trouble */
		starts(w, now_ns);
	w->lost = false;
	if (status != 200)
		return;
	w->retried = false;
	w->absent = w->told = 0;
	w->state = w->taken ? WATCH_TAKEN : WATCH_LISTING;
}

void watch_octets(struct watch *w, size_t n, uint64_t now_ns)
{
	w->stream.octet_ns = now_ns;
	stat_add(&w->options.stat->octets, n);
}

bool watch_object(struct watch *w, const char *rv, uint64_t now_ns)
{
	struct watch_stream *s = &w->stream;

	s->object_ns = now_ns;
	if (s->verb == WATCH_LIST || s->initial) {
		w->listed++;
		return true; /* WP-33 */
	}
	w->errors = 0;
	if (watch_older(rv, w->rv) || (number(rv) != 0 && strcmp(rv, w->rv) == 0))
		return false;
	s->events++;
	advance(w, rv);
	return true;
}

static void complete(struct watch *w, const char *rv, uint64_t now_ns)
{
	struct stat_resource *stat = w->options.stat;

	if (watch_older(rv, w->rv))
		stat_add(&stat->regressions, 1);
	advance(w, rv);
	stat_add(&stat->lists, 1);
	stat_add(&stat->list_ns, now_ns - w->stream.began_ns);
	stat_add(&stat->list_time[stat_long(now_ns - w->stream.began_ns)], 1);
	forget_pages(w);
	w->taken = true;
	w->want = WANT_WATCH;
	w->from = FROM_KNOWN;
	w->reason = RELIST_ERROR;
	w->plain = false;
	w->errors = w->denied = 0;
	w->state = WATCH_TAKEN;
	plan_audit(w, now_ns);
	w->probe_ns = now_ns + scaled(w, PROBE_NS);
}

bool watch_bookmark(struct watch *w, const char *rv, bool end, uint64_t now_ns)
{
	struct watch_stream *s = &w->stream;

	stat_add(&w->options.stat->bookmarks, 1);
	s->events += strcmp(rv, w->rv) != 0;
	s->bookmarked = true;
	w->bookmarks = true;
	if (!s->initial) {
		if (!watch_older(rv, w->rv))
			advance(w, rv);
		return false;
	}
	if (!end || rv[0] == '\0' || strlen(rv) >= WATCH_RV_MAX)
		return false;
	s->initial = false;
	complete(w, rv, now_ns);
	return true;
}

void watch_list_end(struct watch *w, const char *rv, const char *more, uint64_t remaining)
{
	struct watch_stream *s = &w->stream;

	/* A page that is followed by itself has no end. */
	s->listed = keep_rv(w->list_rv, rv) &&
	            (w->more == NULL || strcmp(w->more, more) != 0);
	free(w->more);
	w->more = NULL;
	if (more[0] != '\0')
		w->more = mem_dup(more, strlen(more));
	w->expected = remaining > 0 ? w->listed + remaining : 0;
}

void watch_status(struct watch *w, const struct kube_status *s)
{
	w->stream.has_status = true;
	w->stream.status_code = s->code;
	w->stream.too_large = s->too_large;
	w->stream.retry_after_s = MIN(
		MAX(s->retry_after_s, w->stream.retry_after_s), TOLD_MAX_S);
}

/* ---- what follows from an end ---- */

static void restarted(struct watch *w, enum stat_restart why)
{
	stat_add(&w->options.stat->restarts[why], 1);
}

/*
 * RF-01, with full jitter; a server that starts is asked often, but not for long. What it
 * asks for is waited at least, and up to half more, but not for ever (WP-58, WP-59).
 */
static void back_off(struct watch *w, uint64_t least_ns, uint64_t now_ns)
{
	uint64_t cap = scaled(w, BACK_OFF_MAX_NS), least = scaled(w, least_ns);

	if (least > 0 && ++w->told > TOLD_MANY)
		least = 0;
	if (w->bound_ns == 0 || now_ns > w->failed_ns + scaled(w, BACK_OFF_RESET_NS))
		w->bound_ns = scaled(w, BACK_OFF_NS);
	else
		w->bound_ns = MIN(2 * w->bound_ns, cap);
	if (now_ns < w->starting_ns)
		w->bound_ns = MIN(w->bound_ns, scaled(w, BACK_OFF_NS));
	w->failed_ns = now_ns;
	w->wait_ns = now_ns + draw(w, w->bound_ns);
	if (least > 0)
		w->wait_ns = MAX(w->wait_ns, now_ns + least + draw(w, least / 2));
}

/* An audit that fails for a reason of its own is none: the watch goes on (WP-62). */
static void drop_audit(struct watch *w, uint64_t now_ns)
{
	if (!w->auditing)
		return;
	forget_pages(w);
	w->auditing = false;
	w->want = WANT_WATCH;
	w->from = FROM_KNOWN;
	plan_audit(w, now_ns);
}

/* WP-51, WP-59. */
static void unreachable(struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	w->rotate = true;
	w->unreachable = s->code == 0 || s->code == 200; /* or it was cut */
	w->lost |= w->unreachable;
	restarted(w, RESTART_TRANSPORT);
	drop_audit(w, now_ns);
	back_off(w, s->retry_after_s * NS_PER_S, now_ns);
}

/* WP-04, WP-53. */
static void unauthorized(struct watch *w, uint64_t now_ns)
{
	restarted(w, RESTART_AUTH);
	drop_audit(w, now_ns);
	w->unauthorized = true;
	if (w->retried)
		back_off(w, 0, now_ns);
	else
		w->wait_ns = now_ns;
	w->retried = true;
}

/* WP-54. Servers refuse while they start: then the next tries come soon. */
static void denied(struct watch *w, uint64_t now_ns)
{
	uint64_t most = scaled(w, DENIED_NS) + draw(w, scaled(w, DENIED_NS));

	restarted(w, RESTART_AUTH);
	drop_audit(w, now_ns);
	w->denied++;
	w->state = WATCH_DENIED;
	back_off(w, 0, now_ns);
	if (w->denied >= DENIED_MANY && now_ns >= w->starting_ns)
		w->wait_ns = now_ns + most;
}

/* WP-55. What we ask for is there in every cluster: data stays. */
static void absent(struct watch *w, uint64_t now_ns)
{
	restarted(w, RESTART_ERROR);
	drop_audit(w, now_ns);
	w->rotate = true;
	if (++w->absent < ABSENT_MANY) {
		back_off(w, 0, now_ns);
		return;
	}
	w->state = WATCH_ABSENT;
	back_off(w, 0, now_ns);
	w->wait_ns = now_ns + scaled(w, ABSENT_NS) + draw(w, scaled(w, ABSENT_NS) / 2);
}

/*
 * WP-57, WP-23. All replicas lose their watches at once when a server starts, hence the
 * wait; a list that asked for too old a state, or for a page of it, has waited before.
 */
static void expired(struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	bool list = s->verb == WATCH_LIST;

	restarted(w, RESTART_EXPIRED);
	if (s->paged)
		w->no_limit = true;
	want_list(w, list || s->initial ? FROM_NEWEST : FROM_KNOWN,
		w->auditing ? RELIST_AUDIT : RELIST_EXPIRED);
	w->wait_ns = now_ns;
	if (!list || (s->from == FROM_NEWEST && !s->paged))
		back_off(w, 0, now_ns);
}

/* WP-47. */
static void no_watch_list(struct watch *w, uint64_t now_ns)
{
	w->no_watch_list_ns = now_ns + scaled(w, UNSUPPORTED_NS);
}

/* WP-56; elsewhere the server did not like what we know of it. */
static void refused(struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	restarted(w, RESTART_ERROR);
	if (s->initial) {
		no_watch_list(w, now_ns);
		w->wait_ns = now_ns;
		return;
	}
	want_list(w, FROM_NEWEST, RELIST_ERROR);
	back_off(w, 0, now_ns);
}

/* WP-5A, WP-24. */
static void ahead(struct watch *w, uint64_t now_ns)
{
	restarted(w, RESTART_ERROR);
	stat_add(&w->options.stat->regressions, 1);
	want_list(w, FROM_NEWEST, RELIST_REGRESSED);
	w->rv[0] = '\0'; /* it means nothing there */
	w->wait_ns = now_ns;
}

/* WP-5B: an ERROR event of another kind. */
static void stream_error(struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	restarted(w, RESTART_ERROR);
	if (s->initial)
		no_watch_list(w, now_ns); /* etcd is too old for it, for example */
	if (++w->errors >= ERRORS_MANY && w->taken) {
		want_list(w, FROM_KNOWN, RELIST_ERROR);
		w->errors = 0;
	}
	back_off(w, s->retry_after_s * NS_PER_S, now_ns);
}

static void broken(struct watch *w, uint64_t now_ns)
{
	restarted(w, RESTART_PARSE);
	want_list(w, FROM_KNOWN, RELIST_PARSE);
	back_off(w, 0, now_ns);
}

static void by_code(
	struct watch *w, const struct watch_stream *s, unsigned code, uint64_t now_ns)
{
	switch (code) {
	case 400:
	case 422:
		refused(w, s, now_ns);
		break;
	case 401:
		unauthorized(w, now_ns);
		break;
	case 403:
		denied(w, now_ns);
		break;
	case 404:
		absent(w, now_ns);
		break;
	case 410:
		expired(w, s, now_ns);
		break;
	case 429:
		restarted(w, RESTART_THROTTLED);
		drop_audit(w, now_ns);
		back_off(w, MAX(s->retry_after_s, 1) * NS_PER_S, now_ns);
		break;
	default:
		if (s->too_large)
			ahead(w, now_ns);
		else if (s->code == 200)
			stream_error(w, s, now_ns);
		else
			unreachable(w, s, now_ns);
	}
}

static bool audit_due(
	const struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	return s->verb != WATCH_LIST && !s->initial && w->want == WANT_WATCH &&
	       s->code == 200 && now_ns >= w->audit_ns;
}

static void begin_audit(struct watch *w, uint64_t now_ns)
{
	want_list(w, FROM_EXACTLY, RELIST_AUDIT);
	w->auditing = true;
	w->wait_ns = now_ns;
}

static void overdue(struct watch *w, uint64_t now_ns)
{
	restarted(w, RESTART_STALL);
	drop_audit(w, now_ns);
	w->rotate = true;
	back_off(w, 0, now_ns);
}

static void failed(struct watch *w, const struct watch_stream *s, enum watch_end end,
	uint64_t now_ns)
{
	if (s->initial && s->code != 0)
		w->plain = true; /* WP-47, WP-49: any failure but to get there */
	if (s->code != 0 && s->code != 200)
		by_code(w, s, s->code, now_ns);
	else if (s->has_status)
		by_code(w, s, s->status_code, now_ns);
	else if (end == WATCH_END_OVERDUE)
		overdue(w, now_ns);
	else if (end == WATCH_END_PARSE || (end == WATCH_END_CLEAN && !s->initial))
		broken(w, now_ns);
	else
		unreachable(w, s, now_ns);
	if (w->want == WANT_LIST || s->code != 429)
		forget_pages(w); /* but for a page that has to wait (WP-58) */
	if (w->want == WANT_PAGE && s->code != 429)
		w->want = WANT_LIST;
	/* WP-61: has the server lost history meanwhile? Asked when it answers again. */
	w->probe_ns = MIN(w->probe_ns, now_ns);
}

/* A List is there, or a page of it. */
static enum watch_result listed(struct watch *w, uint64_t now_ns)
{
	w->wait_ns = now_ns;
	if (w->more == NULL) {
		complete(w, w->list_rv, now_ns);
		return WATCH_COMPLETE;
	}
	w->want = WANT_PAGE;
	if (++w->pages <= PAGES_MAX)
		return WATCH_GOES_ON;
	broken(w, now_ns);
	return WATCH_FAILED;
}

/* WP-35, WP-52. */
static enum watch_result watched(
	struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	w->wait_ns = now_ns;
	if (s->events > 0 || now_ns - s->began_ns >= scaled(w, SHORT_NS)) {
		restarted(w, RESTART_CLEAN);
		return WATCH_GOES_ON;
	}
	restarted(w, RESTART_ERROR);
	back_off(w, 0, now_ns);
	return WATCH_FAILED;
}

/* A watch that brought something, or stood for a while: what comes now is new trouble. */
static bool proved(const struct watch *w, const struct watch_stream *s, uint64_t now_ns)
{
	return s->code == 200 && !s->has_status &&
	       (s->events > 0 || now_ns - s->began_ns >= scaled(w, PROVED_NS));
}

enum watch_result watch_end(struct watch *w, enum watch_end end, uint64_t now_ns)
{
	struct watch_stream s = w->stream;
	bool clean = end == WATCH_END_CLEAN && s.code == 200 && !s.has_status;

	w->stream.open = false;
	if (s.verb != WATCH_LIST && !s.initial && proved(w, &s, now_ns)) {
		w->reached = 0;
		w->bound_ns = 0;
	}
	if (s.code == 0)
		stat_add(&w->options.stat->requests[s.verb][0], 1);
	if (clean && s.verb == WATCH_LIST && s.listed)
		return listed(w, now_ns);
	if (clean && s.verb != WATCH_LIST && !s.initial)
		return watched(w, &s, now_ns);
	if (end == WATCH_END_OVERDUE && audit_due(w, &s, now_ns)) {
		begin_audit(w, now_ns);
		return WATCH_GOES_ON;
	}
	failed(w, &s, end, now_ns);
	return WATCH_FAILED;
}

/* ---- time ---- */

/* When the open stream is to be given up. */
static uint64_t give_up_ns(const struct watch *w)
{
	const struct watch_stream *s = &w->stream;
	uint64_t at;

	if (s->code != 0 && s->code != 200)
		return s->object_ns + scaled(w, ERROR_BODY_NS); /* since its head */
	if (s->verb == WATCH_LIST)
		return MIN(s->octet_ns + scaled(w, LIST_QUIET_NS),
			s->began_ns + scaled(w, LIST_LONG_NS));
	if (s->code == 0)
		return s->began_ns + scaled(w, HEAD_NS);
	at = s->until_ns + scaled(w, LATE_NS);
	if (s->initial)
		return MIN(at, s->object_ns + scaled(w, INITIAL_NS));
	if (s->bookmarked || w->bookmarks)
		at = MIN(at, s->octet_ns + scaled(w, QUIET_NS));
	if (s->code == 200 && w->want == WANT_WATCH)
		at = MIN(at, w->audit_ns);
	return at;
}

bool watch_overdue(const struct watch *w, uint64_t now_ns)
{
	return w->stream.open && now_ns >= give_up_ns(w);
}

static bool can_probe(const struct watch *w)
{
	const struct watch_stream *s = &w->stream;

	return !w->probing && s->open && s->verb != WATCH_LIST && !s->initial &&
	       s->code == 200 && number(w->rv) != 0;
}

uint64_t watch_deadline(const struct watch *w)
{
	uint64_t at = w->stream.open ? give_up_ns(w) : w->wait_ns;

	return can_probe(w) ? MIN(at, w->probe_ns) : at;
}

void watch_reachable(struct watch *w, uint64_t now_ns)
{
	if (!w->unreachable || w->stream.open || w->reached >= REACHED_MANY)
		return;
	w->unreachable = false;
	starts(w, now_ns);
	w->wait_ns = MIN(w->wait_ns, now_ns + draw(w, scaled(w, REACHABLE_NS)));
}

uint64_t watch_version(const struct watch *w)
{
	return number(w->rv);
}

bool watch_denied(const struct watch *w)
{
	return w->denied >= DENIED_MANY;
}

/* ---- has the server lost history? (WP-61) ---- */

bool watch_probe(struct watch *w, uint64_t now_ns, struct watch_request *r)
{
	struct watch_query q = {.limit = 1};

	if (!can_probe(w) || now_ns < w->probe_ns)
		return false;
	*r = (struct watch_request){.verb = WATCH_LIST,
		.form = KUBE_FORM_LIST,
		.metadata = w->options.kind == KUBE_NAMESPACE};
	watch_path(&w->options, &q, &r->path);
	w->probing = true;
	keep_rv(w->probe_rv, w->rv);
	return true;
}

bool watch_probe_end(struct watch *w, const char *rv, uint64_t now_ns)
{
	w->probing = false;
	w->probe_ns = now_ns + scaled(w, rv[0] == '\0' ? PROBE_AGAIN_NS : PROBE_NS);
	if (!watch_older(rv, w->probe_rv) || w->want != WANT_WATCH)
		return false;
	w->stream.open = false;
	ahead(w, now_ns);
	return true;
}
