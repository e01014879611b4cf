/* shmdns-admin: answers probes and scrapes from the shared pages; started by shmdnsd. */
#include <config.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "admin/admin.h"
#include "admin/arrival.h"
#include "admin/census.h"
#include "admin/control.h"
#include "admin/health.h"
#include "metrics/metrics.h"
#include "admin/logwrite.h"
#include "metrics/pages.h"
#include "base/base.h"
#include "base/clock.h"

/* ---- answers ---- */

enum kind { KIND_HEALTH, KIND_READY, KIND_METRICS }; /* of listeners */

static void put(struct http_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	mem_buf_put(reply->body, text, strlen(text));
}

void admin_refresh(struct admin *a)
{
	struct view *v = &a->view;

	reader_refresh(&a->reader);
	v->snap = reader_snap(&a->reader);
	v->settings = v->snap != NULL ? &a->reader.settings : NULL;
	census_take(&a->stat->census, v, a->max_namespaces);
	arrival_count(a->stat, v);
}

/* Look at everything that answers are made from. */
static void look(struct admin *a)
{
	struct view *v = &a->view;

	v->mono_ns = clock_mono_ns();
	v->wall_ns = clock_wall_ns();
	pages_map(v, a->reader.instance);
	admin_refresh(a);
	v->settled = a->history[a->ticks % ADMIN_HISTORY];
}

static void answer_health(struct admin *a, struct http_reply *reply)
{
	if (health_alive(&a->view))
		put(reply, 200, "OK");
	else
		put(reply, 503, "no worker has a heartbeat\n");
}

/* "OK" alone, as others say it, unless there is something to note. */
static void answer_ready(struct admin *a, struct http_reply *reply)
{
	bool ready = health_ready(&a->view, reply->body);
	struct mem_buf notes = {0};

	put(reply, ready ? 200 : 503, ready ? "OK" : "");
	if (health_notes(&a->view, &notes)) {
		mem_buf_put(reply->body, "\n", ready);
		mem_buf_put(reply->body, notes.data, notes.len);
	}
	mem_buf_fini(&notes);
}

static void answer_metrics(struct admin *a, bool openmetrics, struct http_reply *reply)
{
	struct text t = {.buf = *reply->body, .openmetrics = openmetrics};

	pages_processes(&a->view);
	probe_name(a);
	a->view.object = a->objects;
	a->view.nobjects = segment_objects(
		a->reader.instance, a->objects, ADMIN_OBJECTS, &a->view.shm_limit);
	metrics_write(&t, &a->view);
	*reply->body = t.buf;
	reply->status = 200;
	reply->type =
		openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			    : "text/plain; version=0.0.4; charset=utf-8";
	stat_set(&a->stat->scrape_ns, clock_mono_ns() - a->view.mono_ns);
}

void admin_answer(
	void *arg, unsigned kind, const struct http_request *q, struct http_reply *reply)
{
	static const char *const paths[] = {"/health", "/ready", "/metrics"};
	struct admin *a = arg;

	look(a);
	if (strcmp(q->path, paths[kind]) != 0)
		put(reply, 404, "not found\n");
	else if (kind == KIND_HEALTH)
		answer_health(a, reply);
	else if (kind == KIND_READY)
		answer_ready(a, reply);
	else
		answer_metrics(a, q->openmetrics, reply);
	stat_add(&a->stat->requests[kind][stat_api_code(reply->status)], 1);
}

/* ---- the loop ---- */

/* Slow work goes on in steps between turns. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct admin *a = arg;

	(void)fd;
	(void)what;
	if (reader_step(&a->reader))
		event_add(a->step, &at_once);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct admin *a = arg;
	unsigned connections = 0;
	uint64_t shut = 0, now_ns = clock_mono_ns();

	if (a->stat == NULL)
		return;
	stat_set(&a->stat->head.heartbeat_ns, now_ns);
	a->view.mono_ns = now_ns;
	pages_map(&a->view, a->reader.instance); /* slots that were added */
	reader_retry(&a->reader);
	admin_refresh(a);
	if (reader_snap(&a->reader) != NULL)
		log_set_style((struct log_style){
			a->reader.settings.log.level, a->reader.settings.log.format});
	log_tick(now_ns);
	a->history[a->ticks++ % ADMIN_HISTORY] = a->reader.snap.generation;
	probe_tick(a, now_ns);
	for (unsigned i = 0; i < ARRAY_LEN(a->http); i++) {
		if (a->http[i] == NULL)
			continue;
		http_tick(a->http[i], now_ns);
		connections += http_counts(a->http[i]).connections;
		shut += http_counts(a->http[i]).shut;
	}
	stat_set(&a->stat->connections, connections);
	stat_add(&a->stat->shut, shut - a->shut);
	a->shut = shut;
	logwrite_tick(a->log);
	on_step(fd, what, a);
}

void admin_end(struct admin *a)
{
	a->ended = true;
}

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	admin_end(arg);
}

/* Make the loop and its events. 0 or -ENOMEM. */
static int prepare(struct admin *a)
{
	static const struct timeval tick = {.tv_usec = ADMIN_TICK_MS * 1000};

	a->base = event_base_new();
	if (a->base == NULL)
		return -ENOMEM;
	a->control = event_new(
		a->base, PAIR_FD, EV_READ | EV_PERSIST, on_control_readable, a);
	a->tick = event_new(a->base, -1, EV_PERSIST, on_tick, a);
	a->step = event_new(a->base, -1, 0, on_step, a);
	a->term = event_new(a->base, SIGTERM, EV_SIGNAL | EV_PERSIST, on_term, a);
	if (a->control == NULL || a->tick == NULL || a->step == NULL || a->term == NULL)
		return -ENOMEM;
	if (event_add(a->control, NULL) < 0 || event_add(a->tick, &tick) < 0 ||
		event_add(a->term, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* The pair is there only if the supervisor started us. */
static bool has_supervisor(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(PAIR_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(void)
{
	struct admin *a = mem_alloc(1, sizeof(*a));

	/* Run by descriptor, older kernels would call us by its number. */
	prctl(PR_SET_NAME, "shmdns-admin");
	log_init("admin", LOG_INFO);
	signal(SIGINT, SIG_IGN); /* of a terminal: the supervisor tells us */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	a->view.version = PACKAGE_VERSION;
	if (!has_supervisor()) {
		log_line(LOG_ERROR, "no supervisor hint=\"run shmdnsd\"");
		return 1;
	}
	if (prepare(a) < 0) {
		log_line(LOG_ERROR, "cannot make an event loop");
		return 1;
	}
	while (!a->ended)
		event_base_loop(a->base, EVLOOP_ONCE);
	probe_end(a);
	if (a->stat == NULL)
		return 1;
	admin_refresh(a);
	logwrite_end(a->log);
	stat_set(&a->stat->head.pid, 0);
	return 0;
}
