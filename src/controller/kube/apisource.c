#include "controller/kube/apisource.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "controller/kube/access.h"
#include "controller/kube/apilog.h"
#include "controller/kube/apiprobe.h"
#include "controller/kube/apishow.h"
#include "controller/kube/bucket.h"
#include "controller/kube/kubehttp.h"
#include "controller/kube/kubejson.h"
#include "controller/kube/watch.h"

#define PAGES_FREE       100                /* of one token */
#define ERROR_OCTETS_MAX ((size_t)64 << 10) /* WP-72 */
#define CONNECT_MS       5000               /* WP-63 */
#define CONNECT_LEAST_MS 1000
#define PROBE_MS         75000 /* a server answers within 60 s (WP-25) */
#define ACCESS_AGAIN_NS  NS_PER_S
#define WARN_S           (7 * 24 * 3600)
#define REACH_NS         NS_PER_S /* RF-01 */

static const enum kube_kind kinds[] = {KUBE_NAMESPACE, KUBE_SERVICE, KUBE_SLICE};

/* One resource, of one namespace or of all. */
struct resource {
	struct apisource *source;
	struct watch watch;
	char *namespace_;                 /* owned; "": all */
	struct kubehttp_transfer *stream; /* NULL: none */
	struct kubejson *json;            /* of its reply */
	struct apiprobe probe;
	uint64_t limited_ns;   /* since then a request waits for a token; 0: none does */
	size_t octets;         /* of the reply's body */
	enum watch_end ending; /* why we stopped reading */
	size_t server;         /* that it was sent to */
	uint64_t login;        /* login_generation that it was sent with */
	uint32_t pass;
	size_t differences;     /* of the audit at work */
	uint64_t held_until_ns; /* UINT64_MAX: nothing is held */
	uint32_t held_pass;     /* of the complete list that lacked it */
	size_t held;
	bool blind;   /* the list has an object whose name is not known */
	bool no_gzip; /* AF-03: this server's is not what it should be */
	struct apilog log;
};

struct apisource {
	struct event_base *base;
	struct event *turn, *reach;
	struct access *access;
	struct kubehttp *http;
	const struct apisource_handlers *handlers;
	void *arg;
	struct resource *resources; /* owned */
	size_t nresources, first;
	struct bucket bucket;     /* RF-17 */
	size_t server;            /* the one that is asked (WP-13) */
	uint64_t tls;             /* tls_generation of the last request */
	uint64_t access_again_ns; /* credentials are not asked for before */
	struct apiprobe reaching;
	size_t reaching_server;
	char *problem; /* of access, as it was logged last; owned */
	unsigned speedup;
	struct stat_api *stat;
	uint64_t warned_s[ACCESS_EXPIRIES]; /* the end that was warned of */
	bool synced, implied;
	char *labels; /* owned */
};

/* ---- what is said ---- */

static void say_problem(struct apisource *s, const char *problem)
{
	if (strcmp(problem, s->problem) == 0)
		return;
	free(s->problem);
	s->problem = mem_dup(problem, strlen(problem));
	if (problem[0] == '\0')
		log_line(LOG_INFO, "API access is well again");
	else
		log_line(LOG_ERROR, "API access: %s", problem);
}

/* ---- a complete list ---- */

static const char *scope(const struct resource *r)
{
	return r->namespace_[0] == '\0' ? NULL : r->namespace_;
}

/*
 * What the list did not hold goes, or is held back (WP-90): until the time is up, or
 * until another list has it again.
 */
static void sweep(struct resource *r, uint64_t now_ns)
{
	struct apisource *s = r->source;
	bool late = now_ns >= r->held_until_ns;
	struct apisource_swept swept = s->handlers->on_pass_end(
		s->arg, r->watch.options.kind, scope(r), r->held_pass, late);

	r->held = swept.held;
	if (r->watch.auditing)
		r->differences += swept.removed;
	if (swept.held == 0) {
		r->held_until_ns = UINT64_MAX;
		return;
	}
	if (r->held_until_ns == UINT64_MAX)
		r->held_until_ns = now_ns + swept.hold_ns;
	apilog_held(&r->watch, swept.held, r->held_until_ns - now_ns);
}

/* Not while a list is under way: it may be about to bring back what is held. */
static bool held_is_due(const struct resource *r, uint64_t now_ns)
{
	return now_ns >= r->held_until_ns && r->watch.want == WANT_WATCH;
}

static bool required_taken(const struct apisource *s)
{
	for (size_t i = 0; i < s->nresources; i++) {
		const struct watch *w = &s->resources[i].watch;
		bool optional = w->options.kind == KUBE_NAMESPACE && watch_denied(w);

		if (!w->taken && !optional)
			return false;
	}
	return true;
}

/* OB-N2: only where no list of Namespaces was ever taken. */
static void judge_namespaces(struct apisource *s)
{
	bool implied = false;

	for (size_t i = 0; i < s->nresources; i++) {
		const struct watch *w = &s->resources[i].watch;

		if (w->options.kind == KUBE_NAMESPACE && !w->taken && watch_denied(w))
			implied = true;
	}
	if (implied == s->implied)
		return;
	s->implied = implied;
	log_line(LOG_WARNING, "%s",
		implied ? "Namespaces may not be listed: they follow from Services, "
			  "where those are known hint=\"grant list and watch on "
			  "namespaces\""
			: "Namespaces are listed again");
	s->handlers->on_implied(s->arg, implied);
}

static void judge_synced(struct apisource *s)
{
	judge_namespaces(s);
	if (s->synced || !required_taken(s))
		return;
	s->synced = true;
	s->handlers->on_synced(s->arg);
}

static void completed(struct resource *r, uint64_t now_ns)
{
	if (!r->blind) {
		r->held_pass = r->pass;
		sweep(r, now_ns);
	}
	if (r->watch.auditing) {
		stat_add(&r->watch.options.stat->audit_differences, r->differences);
		apilog_audit(&r->watch, r->differences);
	} else {
		apilog_complete(&r->watch, now_ns);
	}
}

/* ---- replies ---- */

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	struct resource *r = arg;
	struct apisource *s = r->source;

	if (!watch_object(&r->watch, o->resource_version, clock_mono_ns())) {
		const char *known = s->handlers->on_version(s->arg, o);

		/* It repeats what we have, or the stream is out of order. */
		if (known == NULL ? change != KUBE_DELETED
				  : watch_older(known, o->resource_version))
			r->ending = WATCH_END_PARSE;
		return;
	}
	if (r->watch.want == WANT_WATCH)
		stat_add(&r->watch.options.stat->events[change], 1);
	if (s->handlers->on_object(s->arg, change, o) && r->watch.auditing)
		r->differences++;
}

static void on_dropped(
	void *arg, const struct kube_object *o, const struct kube_error *why)
{
	struct resource *r = arg;
	uint64_t now_ns = clock_mono_ns();

	watch_object(&r->watch, o->resource_version, now_ns);
	r->source->handlers->on_seen(r->source->arg, o);
	r->blind |= o->name[0] == '\0';
	stat_add(&r->watch.options.stat->dropped, 1);
	apilog_dropped(&r->log, o, why, now_ns);
}

static void on_list_end(void *arg, const char *rv, const char *more, uint64_t remaining)
{
	struct resource *r = arg;

	watch_list_end(&r->watch, rv, more, remaining);
}

static void on_bookmark(void *arg, const char *rv, bool end)
{
	struct resource *r = arg;
	uint64_t now_ns = clock_mono_ns();

	if (watch_bookmark(&r->watch, rv, end, now_ns))
		completed(r, now_ns);
}

static void on_status(void *arg, const struct kube_status *status)
{
	struct resource *r = arg;

	apilog_said(&r->log, status->message);
	watch_status(&r->watch, status);
}

static const struct kube_reply_handlers reply_handlers = {
	on_object, on_dropped, on_list_end, on_bookmark, on_status};

/* ---- the stream ---- */

static void end_stream(struct resource *r, enum watch_end end, const char *problem)
{
	struct apisource *s = r->source;
	uint64_t now_ns = clock_mono_ns();

	kubejson_free(r->json);
	r->json = NULL;
	r->stream = NULL;
	apishow_request(s->stat, &r->watch.stream, now_ns);
	enum watch_result result = watch_end(&r->watch, end, now_ns);
	if (result == WATCH_COMPLETE)
		completed(r, now_ns);
	if (r->watch.unauthorized)
		access_refused(s->access, r->login);
	r->watch.unauthorized = false;
	if (r->watch.rotate && r->server == s->server)
		s->server++; /* unless another resource has been there before */
	r->watch.rotate = false;
	if (result == WATCH_FAILED)
		apilog_failed(&r->log, &r->watch, end, problem, now_ns);
}

static void on_head(void *arg, const struct kubehttp_head *head)
{
	struct resource *r = arg;

	watch_response(&r->watch, head->status, head->retry_after_s, clock_mono_ns());
	if (head->status == 200 && (!head->json || head->encoded))
		r->ending = WATCH_END_CONTENT;
	if (!head->json || head->encoded) {
		kubejson_free(r->json);
		r->json = NULL;
	}
	if (head->status == 200 && r->ending == WATCH_END_CLEAN)
		apilog_well(&r->log, &r->watch);
}

/* The body of an error is of interest if it is a Status; whatever it is, it ends. */
static bool read_error(struct resource *r, const uint8_t *data, size_t n)
{
	struct kube_error error;

	if (r->json != NULL && kubejson_feed(r->json, data, n, &error) < 0) {
		kubejson_free(r->json);
		r->json = NULL;
	}
	return r->octets <= ERROR_OCTETS_MAX;
}

static bool on_body(void *arg, const uint8_t *data, size_t n)
{
	struct resource *r = arg;
	struct stat_resource *stat = r->watch.options.stat;
	struct kube_error error;

	r->octets += n;
	watch_octets(&r->watch, n, clock_mono_ns());
	stat_set(&stat->octet_wall_ns, clock_wall_ns());
	if (r->watch.stream.code != 200)
		return read_error(r, data, n);
	if (r->ending != WATCH_END_CLEAN)
		return false;
	if (kubejson_feed(r->json, data, n, &error) < 0) {
		apilog_malformed(&r->watch, r->octets, &error);
		r->ending = WATCH_END_PARSE;
	}
	/* After an ERROR event nothing of use comes. */
	return r->ending == WATCH_END_CLEAN &&
	       (r->watch.stream.verb == WATCH_LIST || !r->watch.stream.has_status);
}

/* A reply that is complete for HTTP may still be cut for JSON; a watch may be empty. */
static bool cut_short(struct resource *r)
{
	struct kube_error error;

	if (r->watch.stream.code != 200 || r->json == NULL || r->octets == 0)
		return false;
	return kubejson_end(r->json, &error) < 0;
}

static void on_end(void *arg, enum kubehttp_end end, const char *problem)
{
	struct resource *r = arg;
	enum watch_end what = r->ending;

	r->stream = NULL;
	switch (end) {
	case KUBEHTTP_DONE:
		if (what == WATCH_END_CLEAN && cut_short(r))
			what = WATCH_END_PARSE;
		break;
	case KUBEHTTP_STOPPED:
		break;
	case KUBEHTTP_CERTIFICATE:
		access_refused(r->source->access, r->login);
		what = WATCH_END_TRANSPORT;
		break;
	case KUBEHTTP_ENCODING:
		r->no_gzip = true;
		what = WATCH_END_CONTENT;
		break;
	case KUBEHTTP_FAILED:
		what = WATCH_END_TRANSPORT;
		break;
	}
	end_stream(r, what, problem);
}

static const struct kubehttp_handlers stream_handlers = {on_head, on_body, on_end};

/* ---- has the server lost history? (WP-61) ---- */

static void on_probed(void *arg, const char *rv)
{
	struct resource *r = arg;
	char ours[WATCH_RV_MAX];

	memcpy(ours, r->watch.rv, sizeof(ours));
	if (!watch_probe_end(&r->watch, rv, clock_mono_ns()))
		return;
	apilog_lost(&r->watch, ours, rv);
	if (r->stream != NULL)
		kubehttp_cancel(r->stream);
	r->stream = NULL;
	kubejson_free(r->json);
	r->json = NULL;
}

/* ---- is a server there again? (RF-01) ---- */

static void on_reached(void *arg, bool reached)
{
	struct apisource *s = arg;
	uint64_t now_ns = clock_mono_ns();

	if (!reached)
		return;
	s->server = s->reaching_server;
	for (size_t i = 0; i < s->nresources; i++)
		watch_reachable(&s->resources[i].watch, now_ns);
}

static bool any_unreachable(const struct apisource *s)
{
	for (size_t i = 0; i < s->nresources; i++)
		if (s->resources[i].watch.unreachable)
			return true;
	return false;
}

/* ---- requests ---- */

static unsigned connect_ms(const struct apisource *s)
{
	return MAX(CONNECT_MS / s->speedup, CONNECT_LEAST_MS);
}

static struct kubehttp_request http_request(const struct apisource *s,
	const struct access_facts *a, const struct watch_request *w, bool no_gzip)
{
	bool list = w->verb == WATCH_LIST;

	return (struct kubehttp_request){
		.server = a->servers[s->server % a->nservers],
		.path = (const char *)w->path.data,
		.access = a,
		.metadata = w->metadata,
		.table = list,
		.gzip = list && !no_gzip,                      /* WP-26, AF-03 */
		.alone = !list || a->tls_generation != s->tls, /* WP-07 */
		.connect_ms = connect_ms(s),
	};
}

static void send_stream(
	struct resource *r, const struct access_facts *a, struct watch_request *w)
{
	struct apisource *s = r->source;
	struct kubehttp_request h = http_request(s, a, w, r->no_gzip);

	if (w->begins_pass) {
		r->pass = s->handlers->on_pass_begin(s->arg);
		r->differences = 0;
		r->blind = false;
	}
	apilog_said(&r->log, "");
	apishow_host(s->stat, h.server);
	r->octets = 0;
	r->ending = WATCH_END_CLEAN;
	r->login = a->login_generation;
	s->tls = a->tls_generation;
	r->server = s->server;
	r->json = kubejson_new_reply(w->form, r->watch.options.kind, &reply_handlers, r);
	r->stream = kubehttp_get(s->http, &h, &stream_handlers, r);
	if (r->stream == NULL)
		end_stream(r, WATCH_END_TRANSPORT, "the request cannot be made");
}

/* MA-13. A token is renewed by whoever made it; certificates may be forgotten. */
static void watch_expiry(struct apisource *s, const struct access_facts *a)
{
	uint64_t now_s = clock_wall_ns() / NS_PER_S;

	for (size_t i = 0; i < ACCESS_EXPIRIES; i++) {
		uint64_t at_s = a->expiry_s[i];

		stat_set(&s->stat->expiry_s[i], at_s);
		if (i == ACCESS_TOKEN || at_s == 0 || at_s > now_s + WARN_S ||
			at_s == s->warned_s[i])
			continue;
		s->warned_s[i] = at_s;
		log_line(LOG_WARNING, "API access: the %s ends in_s=%lld",
			i == ACCESS_CA ? "CA" : "client certificate",
			(long long)at_s - (long long)now_s);
	}
}

/* Where and as who; NULL: not now. */
static const struct access_facts *get_access(struct apisource *s, uint64_t now_ns)
{
	const struct access_facts *a;

	if (now_ns < s->access_again_ns)
		return NULL;
	a = access_facts(s->access, now_ns);
	if (a != NULL || !access_pending(s->access))
		say_problem(s, access_problem(s->access));
	if (a == NULL)
		s->access_again_ns = now_ns + ACCESS_AGAIN_NS;
	else
		watch_expiry(s, a);
	return a;
}

static void give_up_overdue(struct resource *r, uint64_t now_ns)
{
	if (!watch_overdue(&r->watch, now_ns))
		return;
	if (r->stream != NULL)
		kubehttp_cancel(r->stream);
	end_stream(r, WATCH_END_OVERDUE, "");
}

/* A token of the bucket, and how long it was waited for (CM-27). */
static bool take_token(struct resource *r, uint64_t now_ns)
{
	struct apisource *s = r->source;

	if (!bucket_take(&s->bucket, now_ns)) {
		r->limited_ns = r->limited_ns != 0 ? r->limited_ns : now_ns;
		return false;
	}
	apishow_token(s->stat, r->limited_ns != 0 ? now_ns - r->limited_ns : 0);
	r->limited_ns = 0;
	return true;
}

/* A page belongs to its list's request, and waits for a token now and then only. */
static void request_due(struct resource *r, uint64_t now_ns)
{
	struct apisource *s = r->source;
	const struct access_facts *a;
	struct watch_request w;
	bool page = r->watch.want == WANT_PAGE && r->watch.pages % PAGES_FREE != 0;

	if (r->watch.stream.open || now_ns < r->watch.wait_ns)
		return;
	a = get_access(s, now_ns);
	if (a == NULL || (!page && !take_token(r, now_ns)))
		return;
	if (watch_next(&r->watch, now_ns, &w)) {
		send_stream(r, a, &w);
		mem_buf_fini(&w.path);
	}
}

static void probe_due(struct resource *r, uint64_t now_ns)
{
	struct apisource *s = r->source;
	const struct access_facts *a = get_access(s, now_ns);
	struct watch_request w;

	if (a == NULL || !watch_probe(&r->watch, now_ns, &w))
		return;
	struct kubehttp_request h = http_request(s, a, &w, r->no_gzip);
	h.whole_ms = MAX(PROBE_MS / s->speedup, CONNECT_LEAST_MS);
	if (!apiprobe_version(
		    &r->probe, s->http, &h, r->watch.options.kind, on_probed, r))
		watch_probe_end(&r->watch, "", now_ns);
	mem_buf_fini(&w.path);
}

static uint64_t drive_one(struct resource *r, uint64_t now_ns)
{
	struct apisource *s = r->source;
	uint64_t at;

	give_up_overdue(r, now_ns);
	if (held_is_due(r, now_ns))
		sweep(r, now_ns);
	request_due(r, now_ns);
	if (watch_deadline(&r->watch) <= now_ns && r->watch.stream.open)
		probe_due(r, now_ns);
	at = watch_deadline(&r->watch);
	if (!r->watch.stream.open)
		at = MAX(at, MAX(s->access_again_ns, bucket_next(&s->bucket, now_ns)));
	else if (at <= now_ns) /* the probe waits for credentials */
		at = MAX(at, s->access_again_ns);
	if (r->watch.want == WANT_WATCH)
		at = MIN(at, r->held_until_ns);
	return at;
}

static void show(struct apisource *s)
{
	struct apishow a = {0};

	for (size_t i = 0; i < s->nresources; i++) {
		const struct resource *r = &s->resources[i];

		apishow_add(
			&a, &r->watch, r->held, r->log.troubled || s->problem[0] != '\0');
	}
	apishow(&a, s->stat, clock_wall_ns());
}

static void wait_until(struct event *ev, uint64_t at_ns, uint64_t now_ns)
{
	uint64_t us = at_ns > now_ns ? (at_ns - now_ns + 999) / 1000 : 0;
	struct timeval tv = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};

	event_add(ev, &tv);
}

static void drive(struct apisource *s)
{
	uint64_t now_ns = clock_mono_ns(), at_ns = now_ns + 3600 * NS_PER_S;

	/* Whoever is asked first takes the last token: each in turn. */
	s->first = (s->first + 1) % s->nresources;
	for (size_t i = 0; i < s->nresources; i++) {
		struct resource *r = &s->resources[(s->first + i) % s->nresources];
		uint64_t at = drive_one(r, now_ns);

		at_ns = MIN(at_ns, at);
	}
	judge_synced(s);
	show(s);
	wait_until(s->turn, MAX(at_ns, now_ns + NS_PER_MS), now_ns);
	if (any_unreachable(s) && !evtimer_pending(s->reach, NULL))
		wait_until(s->reach, now_ns + REACH_NS / s->speedup, now_ns);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct apisource *s = arg;

	(void)fd;
	(void)what;
	drive(s);
	s->handlers->on_batch_end(s->arg);
}

static void on_drained(void *arg)
{
	struct apisource *s = arg;

	drive(s);
	s->handlers->on_batch_end(s->arg);
}

static void on_access_change(void *arg)
{
	struct apisource *s = arg;

	s->access_again_ns = 0;
	drive(s);
}

/* Each second the next server is tried, until one can be reached or all are served. */
static void on_reach(evutil_socket_t fd, short what, void *arg)
{
	struct apisource *s = arg;
	uint64_t now_ns = clock_mono_ns();
	const struct access_facts *a;

	(void)fd;
	(void)what;
	if (!any_unreachable(s))
		return;
	a = get_access(s, now_ns);
	if (a != NULL && s->reaching.transfer == NULL) {
		struct kubehttp_request h = {
			.server = a->servers[++s->reaching_server % a->nservers],
			.path = "/",
			.access = a,
			.alone = true,
			.connect_ms = connect_ms(s),
		};

		apiprobe_reach(&s->reaching, s->http, &h, on_reached, s);
	}
	wait_until(s->reach, now_ns + REACH_NS / s->speedup, now_ns);
}

/* ---- open and close ---- */

static void add_resource(struct apisource *s, const struct conf_kubernetes *k,
	enum kube_kind kind, const char *namespace_)
{
	struct resource *r = &s->resources[s->nresources++];
	struct watch_options o = {
		.kind = kind,
		.labels = s->labels,
		.watch_list = k->watch_list,
		.first_fresh = k->first_list == CONF_FIRST_LIST_FRESH,
		.lean = k->lean,
		.audit_ns = k->audit_ns,
		.speedup = k->test_speedup,
		.stat = &s->stat->resources[kind],
	};
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = clock_mono_ns();
	r->source = s;
	r->namespace_ = mem_dup(namespace_, strlen(namespace_));
	r->held_until_ns = UINT64_MAX;
	o.namespace_ = r->namespace_;
	watch_init(&r->watch, &o, random, clock_mono_ns());
}

/* WP-17: few namespaces are watched one by one, so that Roles suffice. */
static void add_resources(struct apisource *s, const struct conf_kubernetes *k)
{
	bool one_by_one = k->nnamespaces > 0 && k->nnamespaces <= CONF_NAMESPACES_FEW;
	size_t n = one_by_one ? k->nnamespaces : 1;

	s->resources = mem_alloc(n * ARRAY_LEN(kinds), sizeof(*s->resources));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < ARRAY_LEN(kinds); j++)
			if (kinds[j] != KUBE_SLICE || !k->noendpoints)
				add_resource(s, k, kinds[j],
					one_by_one ? k->namespaces[i] : "");
}

static struct apisource *make(struct event_base *base, const struct conf_kubernetes *k,
	const struct apisource_handlers *handlers, void *arg)
{
	struct apisource *s = mem_alloc(1, sizeof(*s));

	s->base = base;
	s->handlers = handlers;
	s->arg = arg;
	s->speedup = k->test_speedup;
	s->problem = mem_dup("", 0);
	s->labels = mem_dup(k->labels, strlen(k->labels));
	s->turn = evtimer_new(base, on_turn, s);
	s->reach = evtimer_new(base, on_reach, s);
	bucket_init(&s->bucket, k->api_qps, k->api_burst);
	return s;
}

int apisource_open(struct event_base *base, const struct conf_kubernetes *k,
	struct stat_api *stat, const struct apisource_handlers *handlers, void *arg,
	struct apisource **out, char *error, size_t cap)
{
	static struct stat_api nowhere;
	struct apisource *s = make(base, k, handlers, arg);
	int ret = s->turn == NULL || s->reach == NULL ? -ENOMEM : 0;

	if (ret == 0)
		ret = access_open(
			base, k, NULL, on_access_change, s, &s->access, error, cap);
	if (ret == 0) {
		ret = kubehttp_open(base, on_drained, s, &s->http);
		if (ret < 0)
			snprintf(
				error, cap, "libcurl cannot be used: %s", strerror(-ret));
	}
	if (ret < 0) {
		apisource_close(s);
		return ret;
	}
	s->stat = stat != NULL ? stat : &nowhere;
	add_resources(s, k);
	wait_until(s->turn, 0, 0);
	*out = s;
	return 0;
}

static bool same_namespaces(
	const struct conf_kubernetes *a, const struct conf_kubernetes *b)
{
	if (a->nnamespaces != b->nnamespaces)
		return false;
	for (size_t i = 0; i < a->nnamespaces; i++)
		if (strcmp(a->namespaces[i], b->namespaces[i]) != 0)
			return false;
	return true;
}

bool apisource_same(const struct conf_kubernetes *a, const struct conf_kubernetes *b)
{
	return access_same(a, b) && same_namespaces(a, b) &&
	       strcmp(a->labels, b->labels) == 0 && a->watch_list == b->watch_list &&
	       a->first_list == b->first_list && a->audit_ns == b->audit_ns &&
	       a->lean == b->lean && a->api_qps == b->api_qps &&
	       a->api_burst == b->api_burst && a->noendpoints == b->noendpoints &&
	       a->test_speedup == b->test_speedup;
}

void apisource_close(struct apisource *s)
{
	if (s == NULL)
		return;
	kubehttp_close(s->http);
	access_close(s->access);
	for (size_t i = 0; i < s->nresources; i++) {
		struct resource *r = &s->resources[i];

		kubejson_free(r->json);
		apiprobe_fini(&r->probe);
		watch_fini(&r->watch);
		free(r->namespace_);
	}
	free(s->resources);
	if (s->turn != NULL)
		event_free(s->turn);
	if (s->reach != NULL)
		event_free(s->reach);
	free(s->problem);
	free(s->labels);
	free(s);
}
