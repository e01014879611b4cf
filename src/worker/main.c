/* shmdns-worker: answers clients from the snapshot; started by shmdnsd. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/base.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/control.h"
#include "worker/listen.h"
#include "worker/needs.h"
#include "worker/tcp.h"

#define TICK_MS 250 /* refresh without packets, heartbeat */

void worker_refresh(struct worker *w)
{
	if (reader_refresh(&w->reader))
		stat_moment_add(&w->stat->refreshed, w->reader.snap.generation,
			clock_mono_ns(), 0);
}

/* What the stat page says about the snapshot in use. */
static void note_snap(struct worker *w)
{
	const struct reader *r = &w->reader;
	struct timespec cpu;

	stat_set(&w->stat->generation, r->snap.generation);
	stat_set(&w->stat->segment, r->current.number);
	stat_set(&w->stat->populated, r->next.base != NULL ? r->next.number : 0);
	stat_set(&w->stat->refreshes, w->before.refreshes + r->refreshes);
	stat_set(&w->stat->refresh_failures, w->before.refresh_failures + r->failures);
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
		stat_set(&w->stat->busy_ns, w->before.busy_ns +
						    (uint64_t)cpu.tv_sec * NS_PER_S +
						    (uint64_t)cpu.tv_nsec);
}

static void log_failures(struct worker *w, uint64_t now_ns)
{
	uint64_t suppressed;

	if (w->reader.failures == w->failures ||
		!log_allow(&w->refresh_log, now_ns, &suppressed))
		return;
	log_line(LOG_WARNING, "refresh failed failures=%llu generation=%llu",
		(unsigned long long)w->reader.failures,
		(unsigned long long)w->reader.snap.generation);
	w->failures = w->reader.failures;
}

/* Slow work goes on in steps between batches, each in a round of the loop of its own. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (reader_step(&w->reader))
		event_add(w->step, &at_once);
}

/* Levels and formats of a reload; what was folded is told in time. */
static void log_as_set(const struct worker *w, uint64_t now_ns)
{
	const struct log_settings *l = &w->reader.settings.log;

	if (reader_snap(&w->reader) != NULL)
		log_set_style((struct log_style){l->level, l->format});
	log_tick(now_ns);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t now_ns = clock_mono_ns();

	if (w->stat == NULL)
		return;
	stat_set(&w->stat->head.heartbeat_ns, now_ns);
	w->tap.wall_ns = clock_wall_ns() - now_ns; /* that clock may be set */
	reader_retry(&w->reader);
	worker_refresh(w);
	note_snap(w);
	log_as_set(w, now_ns);
	log_failures(w, now_ns);
	needs_tick(w);
	if (w->ready_due)
		control_send_ready(w);
	on_step(fd, what, arg);
}

/*
 * Is there something to serve? Until all objects are known most names would be SERVFAIL
 * (RU-03), so a start waits for them a while: queries wait in their sockets (RO-18).
 */
static bool may_serve(const struct worker *w)
{
	const struct snap *s = reader_snap(&w->reader);

	if (s == NULL)
		return false;
	return (s->flags & ROOT_COMPLETE) != 0 ||
	       clock_mono_ns() - w->started_ns >=
	               w->reader.settings.startup_ms * NS_PER_MS;
}

/* Until there are settings there is nothing to answer with: look for them often. */
static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	reader_retry(&w->reader);
	worker_refresh(w);
	if (!may_serve(w))
		return;
	event_del(w->poll);
	note_snap(w);
	needs_tick(w);
	listen_serve(w, true);
	needs_serve(w);
	log_line(LOG_INFO, "serving slot=%u share=%u generation=%llu", (unsigned)w->slot,
		(unsigned)w->share, (unsigned long long)w->reader.snap.generation);
	control_send_ready(w);
}

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	control_retire(arg);
}

/* Make the loop and its events. 0 or -ENOMEM. */
static int prepare(struct worker *w)
{
	static const struct timeval tick = {.tv_usec = TICK_MS * 1000};
	struct event_base *base = event_base_new();

	if (base == NULL)
		return -ENOMEM;
	w->base = base;
	w->control = event_new(
		base, PAIR_FD, EV_READ | EV_PERSIST, on_control_readable, w);
	w->poll = event_new(base, -1, EV_PERSIST, on_poll, w);
	w->tick = event_new(base, -1, EV_PERSIST, on_tick, w);
	w->step = event_new(base, -1, 0, on_step, w);
	w->term = event_new(base, SIGTERM, EV_SIGNAL | EV_PERSIST, on_term, w);
	if (w->control == NULL || w->poll == NULL || w->tick == NULL || w->step == NULL ||
		w->term == NULL)
		return -ENOMEM;
	w->tcp = tcp_new(w);
	w->needs = needs_new(w);
	if (w->tcp == NULL || w->needs == NULL)
		return -ENOMEM;
	if (event_add(w->control, NULL) < 0 || event_add(w->tick, &tick) < 0 ||
		event_add(w->term, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* Nobody can aim at the buckets of others. */
static struct rate *random_rate(void)
{
	struct hash_key key = {.mask = UINT64_MAX};

	if (getrandom(&key, 2 * sizeof(key.k0), GRND_NONBLOCK) < 0)
		key.k0 = clock_mono_ns(); /* better than a constant */
	return rate_new(&key);
}

int main(void)
{
	struct worker *w = mem_alloc(1, sizeof(*w));

	if (!child_begin("shmdns-worker", "worker"))
		return 1;
	w->started_ns = clock_mono_ns();
	w->turn = w->started_ns; /* not where every other worker begins */
	w->batch = batch_new();
	w->rate = random_rate();
	w->miss_rate = random_rate();
	if (prepare(w) < 0) {
		log_line(LOG_ERROR, "cannot make an event loop");
		return 1;
	}
	event_base_dispatch(w->base);
	if (w->stat == NULL)
		return 1;
	stat_set(&w->stat->tcp_connections, 0);
	stat_set(&w->stat->head.pid, 0);
	return 0;
}
