/* supervise.c - see supervise.h */
#include "supervisor/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pair.h"
#include "supervisor/addresses.h"
#include "supervisor/crew.h"
#include "supervisor/notify.h"
#include "supervisor/ownpage.h"
#include "supervisor/reload.h"
#include "supervisor/resize.h"
#include "supervisor/status.h"
#include "supervisor/watch.h"

#define STOP_NS   (2 * NS_PER_S)   /* for each stage of an orderly end, */
#define PARKED_NS (8 * NS_PER_S)   /* at most for parked queries besides */
#define SETTLE_NS (20 * NS_PER_MS) /* address changes come in bursts */

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int watch(struct supervisor *s, int fd, uint64_t source)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = source};

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Without rtnetlink the catch-alls still serve new addresses. */
static void watch_addresses(struct supervisor *s)
{
	s->addresses = addresses_watch();
	if (s->addresses >= 0 && watch(s, s->addresses, SOURCE_ADDRESSES) == 0)
		return;
	log_line(LOG_WARNING, "addresses not followed error=\"%s\"",
		strerror(s->addresses < 0 ? -s->addresses : errno));
}

static int open_loop(struct supervisor *s)
{
	int ret;

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return -errno;
	s->signals = open_signals();
	if (s->signals < 0)
		return s->signals;
	ret = watch(s, s->signals, SOURCE_SIGNALS);
	if (ret == 0)
		watch_addresses(s);
	if (ret == 0)
		watch_open(s, clock_mono_ns());
	s->addresses_ns = UINT64_MAX;
	return ret;
}

static void close_loop(struct supervisor *s)
{
	watch_close(s);
	if (s->addresses >= 0)
		close(s->addresses);
	if (s->signals >= 0)
		close(s->signals);
	if (s->epoll >= 0)
		close(s->epoll);
}

static bool runs(const struct supervisor *s, uint32_t i)
{
	return s->slots.slot[i].pid > 0;
}

/* The role whose turn it is to end. */
static enum slot_role leaving(const struct supervisor *s)
{
	return (enum slot_role)(s->stop - STOP_WORKERS);
}

/* Workers end when what they have parked is settled, or has reached its deadline. */
static uint64_t patience_ns(const struct supervisor *s)
{
	if (s->stop != STOP_WORKERS || s->slots.forwarders == 0)
		return STOP_NS;
	return STOP_NS + MIN(s->config.conf.limits.query_deadline_ns, PARKED_NS);
}

/* Tell the processes of a stage to end. */
static void retire(struct supervisor *s, enum stop_stage stage, uint64_t now_ns)
{
	s->stop = stage;
	s->stop_ns = s->stop_hard ? now_ns : now_ns + patience_ns(s);
	for (uint32_t i = 0; i < s->slots.n; i++) {
		if (slots_role(&s->slots, i) == leaving(s) && runs(s, i))
			crew_send_number(s, i, MESSAGE_RETIRE, 0, -1);
	}
}

/* The processes end from now on, and nobody is started again. */
static void end(struct supervisor *s, uint64_t now_ns)
{
	s->slots.stopping = true;
	log_line(LOG_INFO, "stopping status=%d", s->status);
	retire(s, STOP_WORKERS, now_ns);
}

/* A second call: no more patience. */
static void end_at_once(struct supervisor *s, uint64_t now_ns)
{
	s->stop_hard = true;
	s->stop_ns = now_ns;
	if (s->stop == STOP_LAMEDUCK)
		end(s, now_ns);
}

void supervise_stop(struct supervisor *s, int status, uint64_t now_ns)
{
	if (s->stop != STOP_NOT) {
		end_at_once(s, now_ns);
		return;
	}
	s->status = status;
	stat_set(&s->stat->stopping, 1);
	notify_send("STOPPING=1");
	end(s, now_ns);
}

void supervise_lameduck(struct supervisor *s, uint64_t now_ns)
{
	uint64_t length_ns = s->config.conf.health.lameduck_ns;

	if (s->stop != STOP_NOT || length_ns == 0) {
		supervise_stop(s, 0, now_ns);
		return;
	}
	s->stop = STOP_LAMEDUCK;
	stat_set(&s->stat->stopping, 1);
	s->stop_ns = now_ns + LAMEDUCK_LOOK_NS;
	lameduck_begin(&s->lameduck, length_ns, status_udp_queries(s), now_ns);
	notify_send("STOPPING=1\nSTATUS=lameduck: answers go on for a while");
	log_line(LOG_INFO, "lameduck least_ms=%" PRIu64 " most_ms=%" PRIu64,
		length_ns / NS_PER_MS, 2 * length_ns / NS_PER_MS);
}

static void lameduck_step(struct supervisor *s, uint64_t now_ns)
{
	if (s->stop != STOP_LAMEDUCK || now_ns < s->stop_ns)
		return;
	s->stop_ns = now_ns + LAMEDUCK_LOOK_NS;
	if (lameduck_is_over(&s->lameduck, status_udp_queries(s), now_ns))
		end(s, now_ns);
}

/* Kill who has not ended in time; those whose turn has not come are told first. */
static void kill_late(struct supervisor *s)
{
	for (uint32_t i = 0; i < s->slots.n; i++) {
		bool late = s->stop_hard || slots_role(&s->slots, i) <= leaving(s);

		if (late && runs(s, i) && !s->slots.slot[i].killed)
			crew_kill(s, i, "stop");
	}
	s->stop_ns = UINT64_MAX;
}

/* True when all is done. */
static bool stop_step(struct supervisor *s, uint64_t now_ns)
{
	while (slots_empty(&s->slots, leaving(s))) {
		if (s->stop == STOP_CONTROLLER)
			return true;
		retire(s, s->stop + 1, now_ns);
	}
	if (now_ns >= s->stop_ns)
		kill_late(s);
	return false;
}

static void on_signals(struct supervisor *s, uint64_t now_ns)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
			supervise_lameduck(s, now_ns);
			break;
		case SIGINT: /* of a terminal: somebody waits */
			supervise_stop(s, 0, now_ns);
			break;
		case SIGHUP:
		case SIGUSR1:
			reload_ask(s);
			break;
		default: /* SIGCHLD: several deaths may be one signal */
			crew_reap(s, now_ns);
			break;
		}
	}
}

static void on_addresses(struct supervisor *s, uint64_t now_ns)
{
	if (addresses_drain(s->addresses) && s->addresses_ns == UINT64_MAX)
		s->addresses_ns = now_ns + SETTLE_NS;
}

static void follow_addresses(struct supervisor *s, uint64_t now_ns)
{
	struct addresses machine = {0};

	if (now_ns < s->addresses_ns)
		return;
	s->addresses_ns = UINT64_MAX;
	int ret = addresses_list(&machine);
	if (ret < 0) {
		log_line(LOG_WARNING, "addresses not read error=\"%s\"", strerror(-ret));
		return;
	}
	sockets_follow(&s->sockets, &machine, crew_tell_group, s);
	addresses_fini(&machine);
}

static void tick(struct supervisor *s, uint64_t now_ns)
{
	log_tick(now_ns);
	crew_tick(s, now_ns);
	status_watchdog(s, now_ns);
}

/* What is due by time. True when all is done. */
static bool step(struct supervisor *s, uint64_t now_ns)
{
	lameduck_step(s, now_ns);
	if (s->stop >= STOP_WORKERS)
		return stop_step(s, now_ns);
	if (now_ns >= s->slots.tick_ns)
		tick(s, now_ns);
	follow_addresses(s, now_ns);
	watch_step(s, now_ns);
	resize_step(s, now_ns);
	sockets_step(&s->sockets, now_ns, crew_tell_group, s);
	reload_step(s, now_ns);
	crew_start(s, now_ns);
	status_step(s, now_ns);
	ownpage_step(s);
	return false;
}

/* Milliseconds until something is due, rounded up; -1: not before an event. */
static int time_out(const struct supervisor *s, uint64_t now_ns)
{
	uint64_t wake_ns = s->stop != STOP_NOT ? s->stop_ns : reload_wake_ns(s);

	if (s->stop < STOP_WORKERS) {
		wake_ns = MIN(wake_ns, slots_wake_ns(&s->slots));
		wake_ns = MIN(wake_ns, s->addresses_ns);
		wake_ns = MIN(wake_ns, watch_wake_ns(s));
		wake_ns = MIN(wake_ns, resize_wake_ns(s));
		wake_ns = MIN(wake_ns, sockets_wake_ns(&s->sockets));
	}
	if (wake_ns == UINT64_MAX)
		return -1;
	if (wake_ns <= now_ns)
		return 0;
	return (int)MIN((wake_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS, 1000);
}

static void dispatch(struct supervisor *s, uint64_t source, uint64_t now_ns)
{
	if (source == SOURCE_SIGNALS)
		on_signals(s, now_ns);
	else if (source == SOURCE_ADDRESSES)
		on_addresses(s, now_ns);
	else if (source == SOURCE_FILES)
		watch_notice(s, now_ns);
	else
		crew_receive(s, (uint32_t)source, now_ns);
}

static void turn(struct supervisor *s)
{
	struct epoll_event event[16];
	uint64_t now_ns = clock_mono_ns();

	while (!step(s, now_ns)) {
		int n = epoll_wait(
			s->epoll, event, ARRAY_LEN(event), time_out(s, now_ns));

		now_ns = clock_mono_ns();
		for (int i = 0; i < n; i++)
			dispatch(s, event[i].data.u64, now_ns);
	}
}

int supervise(struct supervisor *s)
{
	int ret;

	s->epoll = s->signals = s->addresses = s->watch.fd = -1;
	ret = open_loop(s);
	if (ret < 0) {
		log_line(LOG_ERROR, "event loop error=\"%s\"", strerror(-ret));
		s->status = 1;
	} else {
		turn(s);
		log_line(LOG_INFO, "stopped status=%d", s->status);
	}
	close_loop(s);
	return s->status;
}
