/* shmdns-forwarder: asks upstreams and writes the cache; started by shmdnsd. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "dns/mark.h"
#include "forwarder/control.h"
#include "forwarder/exchange.h"
#include "forwarder/kept.h"
#include "forwarder/pairs.h"
#include "forwarder/random.h"
#include "forwarder/report.h"
#include "forwarder/tcp.h"
#include "forwarder/udp.h"

#define TICK_MS 250 /* refresh without questions, heartbeat, idle connections */

/* ---- time ---- */

uint64_t forwarder_now(struct forwarder *f)
{
	return f->now_ns != 0 ? f->now_ns : forwarder_later(f);
}

uint64_t forwarder_later(struct forwarder *f)
{
	f->now_ns = clock_mono_ns();
	return f->now_ns;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct forwarder *f = arg;

	(void)fd;
	(void)what;
	f->wake_ns = UINT64_MAX; /* what is due is done at the end of this turn */
}

/* Be woken when the core has something to do. */
static void set_wake(struct forwarder *f, uint64_t next_ns)
{
	if (next_ns == f->wake_ns)
		return;
	f->wake_ns = next_ns;
	if (next_ns == UINT64_MAX) {
		event_del(f->wake);
		return;
	}
	uint64_t now_ns = forwarder_now(f);
	uint64_t us = next_ns > now_ns ? (next_ns - now_ns + 999) / 1000 : 0;
	struct timeval in = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	event_add(f->wake, &in);
}

/* The end of a turn: what is due by time, then everything leaves that was gathered. */
static void end_turn(struct forwarder *f)
{
	if (!f->live)
		return;
	if (fwdtab_next_ns(f->table) <= forwarder_now(f)) {
		udp_receive(f->udp);
		fwdtab_turn(f->table, forwarder_now(f));
	}
	tcp_flush(f->tcp);
	pairs_flush(f->pairs);
	set_wake(f, fwdtab_next_ns(f->table));
}

/* Let things gather, if there is much to do. What comes meanwhile wakes nobody. */
static void pause_if_busy(struct forwarder *f)
{
	static const struct timespec pause = {.tv_nsec = PACE_PAUSE_NS};

	if (f->live &&
		pace_turn(&f->pace, stat_get(&f->stat->questions), forwarder_now(f)))
		nanosleep(&pause, NULL);
}

/* Signatures end by the wall clock. */
static void tell_wall(struct forwarder *f)
{
	fwdtab_wall(f->table, (uint32_t)(clock_wall_ns() / NS_PER_S), forwarder_now(f));
}

/* ---- settings ---- */

/* Hand the settings to the core, in memory that the next refresh leaves alone. */
static void configure(struct forwarder *f)
{
	struct settings *copy = f->settings[1 - f->current];

	*copy = f->reader.settings;
	f->current = 1 - f->current;
	f->number = copy->number;
	report_configure(f, &copy->log);
	kept_configure(f->kept, &copy->forward);
	tcp_configure(f->tcp, &copy->forward);
	fwdtab_configure(f->table, copy, forwarder_now(f));
}

static struct hash_key board_key(const struct forwarder *f)
{
	const struct board_page *b = f->reader.board;

	return (struct hash_key){b->key0, b->key1, UINT64_MAX};
}

void forwarder_refresh(struct forwarder *f)
{
	reader_refresh(&f->reader);
	if (!f->live || reader_snap(&f->reader) == NULL)
		return;
	struct hash_key key = board_key(f);
	if (key.k0 != f->key.k0 || key.k1 != f->key.k1) {
		/* All that we know is found under the old key. */
		log_line(LOG_WARNING, "another board, beginning anew");
		forwarder_end(f);
	} else if (f->reader.settings.number != f->number) {
		configure(f);
	}
}

/* ---- the cache ---- */

static int on_grow(void *arg, size_t from, size_t to)
{
	const struct forwarder *f = arg;

	return segment_cache_grow(f->cache_fd, from, to);
}

int forwarder_cache(struct forwarder *f, const struct message_cache *m, int fd)
{
	if (f->cache_fd >= 0)
		return -EALREADY;
	f->cache_fd = fd;
	f->success = m->success;
	f->denial = m->denial;
	event_active(f->poll, EV_TIMEOUT, 0);
	return 0;
}

/* What was counted goes on where the page has it. */
static void count_cache(struct forwarder *f, bool adopted)
{
	for (unsigned i = 0; i < 2; i++) {
		f->cache.insertions[i] = stat_get(&f->stat->insertions[i]);
		f->cache.evicted_expired[i] = stat_get(&f->stat->evicted_expired[i]);
		f->cache.evicted_space[i] = stat_get(&f->stat->evicted_space[i]);
	}
	stat_set(&f->stat->adopted, adopted);
	stat_set(&f->stat->cache_limit[0], f->success);
	stat_set(&f->stat->cache_limit[1], f->denial);
}

/* Map the cache and take it over. False: there is no memory for it, or no object yet. */
static bool open_cache(struct forwarder *f)
{
	size_t size = cachewrite_octets(f->success, f->denial);
	uint8_t *base;

	if (f->cache_fd < 0 || f->cache.base != NULL)
		return f->cache_fd >= 0;
	int ret = segment_cache_map_fd(f->cache_fd, size, &base);
	if (ret == 0) {
		bool adopted = cachewrite_open(&f->cache, base, size, f->success,
			f->denial, f->instance, f->copies, on_grow, f, clock_mono_ns());

		count_cache(f, adopted);
		if (f->cache.base != NULL)
			return true;
		segment_cache_unmap(base, size);
		ret = -ENOSPC;
	}
	if (!f->cache_missed)
		log_line(LOG_ERROR,
			"no memory for the cache octets=%zu error=\"%s\" "
			"fix=\"make room in /dev/shm\"",
			size, strerror(-ret));
	f->cache_missed = true;
	return false;
}

/* ---- start ---- */

static void on_settled(void *arg, const struct fwdtab_waiter *w, enum ask_status status)
{
	const struct forwarder *f = arg;

	pairs_settled(f->pairs, w, status);
}

/* LO-02: only a mark that this appliance has made can end it. */
static void on_event(void *arg, const struct fwdtab_event *e)
{
	struct forwarder *f = arg;

	report_event(f, e);
	if (e->kind == EVENT_LOOP && e->upstream >= 0 &&
		f->settings[f->current]->forward.loop == LOOP_EXIT)
		control_send_loop();
}

static uint32_t on_draw(void *arg)
{
	(void)arg;
	return random_u32();
}

static void go_live(struct forwarder *f)
{
	static const struct fwdtab_ops ops = {
		.send = exchange_send,
		.close = exchange_close,
		.settled = on_settled,
		.event = on_event,
		.draw = on_draw,
	};

	event_del(f->poll);
	f->key = board_key(f);
	f->table = fwdtab_new(&ops, f, &f->cache, f->stat, &f->key, mark_life(&f->key));
	f->live = true;
	tell_wall(f);
	configure(f);
	pairs_begin(f->pairs, f->life);
	log_line(LOG_INFO, "forwarding slot=%u settings=%llu groups=%u cache=%s",
		(unsigned)f->slot, (unsigned long long)f->number,
		(unsigned)f->settings[f->current]->forward.ngroups,
		stat_get(&f->stat->adopted) != 0 ? "adopted" : "new");
	control_send_ready(f);
}

/* Without settings and cache there is nothing to ask and nowhere to put it. */
static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct forwarder *f = arg;

	(void)fd;
	(void)what;
	reader_retry(&f->reader);
	reader_refresh(&f->reader);
	if (open_cache(f) && reader_snap(&f->reader) != NULL)
		go_live(f);
}

/* ---- the loop ---- */

/* Slow work goes on in steps between turns. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once;
	struct forwarder *f = arg;

	(void)fd;
	(void)what;
	if (reader_step(&f->reader))
		event_add(f->step, &at_once);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct forwarder *f = arg;

	if (f->stat == NULL)
		return;
	stat_set(&f->stat->head.heartbeat_ns, forwarder_now(f));
	report_tick(f);
	reader_retry(&f->reader);
	forwarder_refresh(f);
	if (!f->live)
		return;
	tell_wall(f);
	udp_receive(f->udp);
	fwdtab_turn(f->table, forwarder_now(f)); /* it brings the page up to date */
	kept_tick(f->kept, forwarder_now(f));
	tcp_tick(f->tcp, forwarder_now(f));
	if (f->ready_due)
		control_send_ready(f);
	on_step(fd, what, arg);
}

void forwarder_end(struct forwarder *f)
{
	f->ended = true;
}

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	forwarder_end(arg);
}

/* Make the loop, its events and the tables. 0 or -ENOMEM. */
static int prepare(struct forwarder *f)
{
	static const struct timeval tick = {.tv_usec = TICK_MS * 1000};
	struct event_base *base = event_base_new();

	if (base == NULL)
		return -ENOMEM;
	f->base = base;
	f->control = event_new(
		base, PAIR_FD, EV_READ | EV_PERSIST, on_control_readable, f);
	f->poll = event_new(base, -1, EV_PERSIST, on_poll, f);
	f->tick = event_new(base, -1, EV_PERSIST, on_tick, f);
	f->step = event_new(base, -1, 0, on_step, f);
	f->wake = event_new(base, -1, 0, on_wake, f);
	f->term = event_new(base, SIGTERM, EV_SIGNAL | EV_PERSIST, on_term, f);
	if (f->control == NULL || f->poll == NULL || f->tick == NULL || f->step == NULL ||
		f->wake == NULL || f->term == NULL)
		return -ENOMEM;
	f->cache_fd = -1;
	f->wake_ns = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_LEN(f->settings); i++)
		f->settings[i] = mem_alloc(1, sizeof(*f->settings[i]));
	f->copies = mem_alloc(2, CACHE_COPY_MAX);
	f->exchanges = exchange_table();
	f->udp = udp_new(f);
	f->kept = kept_new(f);
	f->tcp = tcp_new(f);
	if (f->udp == NULL || event_add(f->control, NULL) < 0 ||
		event_add(f->tick, &tick) < 0 || event_add(f->term, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int main(void)
{
	struct forwarder *f = mem_alloc(1, sizeof(*f));

	if (!child_begin("shmdns-forwarder", "forwarder"))
		return 1;
	if (prepare(f) < 0) {
		log_line(LOG_ERROR, "cannot make an event loop");
		return 1;
	}
	while (!f->ended) {
		f->now_ns = 0;
		event_base_loop(f->base, EVLOOP_ONCE);
		end_turn(f);
		pause_if_busy(f);
	}
	report_end(f);
	if (f->stat == NULL)
		return 1;
	stat_set(&f->stat->head.pid, 0);
	return 0;
}
