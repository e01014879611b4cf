/* resize.c - see resize.h */
#include "supervisor/resize.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>
#include <sys/resource.h>

#include "base/log.h"
#include "supervisor/crew.h"

#define STEP_NS   (20 * NS_PER_MS) /* between two looks */
#define QUIET_NS  NS_PER_S         /* handshakes that have begun may end in it, */
#define QUEUED_NS (5 * NS_PER_S)   /* and queues be read */
#define END_NS    (2 * NS_PER_S)   /* for connections to end, */
#define PARKED_NS (8 * NS_PER_S)   /* at most for parked queries besides */

#define DESCRIPTORS_KEPT 16 /* free for children that start, and files */

/*
 * How many descriptors so many workers need beside those that are open: sockets, stat
 * pages, park memory, and both ends of pairs, here and while a process is started.
 */
static rlim_t needed(const struct supervisor *s, uint32_t workers)
{
	rlim_t more = workers - s->slots.shares;
	rlim_t slots = MAX(2 * workers, slots_workers(&s->slots)) -
	               slots_workers(&s->slots);

	return slots + more * (s->sockets.n + 2 + 2 * (rlim_t)s->slots.forwarders) +
	       DESCRIPTORS_KEPT;
}

/* Before anything is made: that would take them from others. The lowest come first. */
static bool has_descriptors(const struct supervisor *s, uint32_t workers)
{
	struct rlimit limit;
	int fd = dup(s->epoll);
	rlim_t need = needed(s, workers);

	if (fd >= 0)
		close(fd);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && fd >= 0 &&
		(rlim_t)fd + need < limit.rlim_cur)
		return true;
	log_line(LOG_ERROR,
		"few descriptors workers=%" PRIu32
		" needed=%llu fix=\"raise the limit of "
		"open files\"",
		workers, (unsigned long long)need);
	return false;
}

int resize_prepare(struct supervisor *s, uint32_t workers)
{
	int ret = 0;

	s->resize.workers = workers;
	if (workers <= s->slots.shares)
		return 0;
	if (!has_descriptors(s, workers))
		return -EMFILE;
	ret = crew_grow(s, workers);
	if (ret == 0)
		ret = sockets_grow(&s->sockets, workers);
	if (ret < 0)
		resize_abort(s);
	return ret;
}

void resize_abort(struct supervisor *s)
{
	if (s->sockets.shares > s->slots.shares)
		sockets_shrink(&s->sockets, s->slots.shares);
	crew_steer(s);
}

/* What is limited for a client is shared by those that it is steered to. */
static void tell_workers(struct supervisor *s, uint32_t n)
{
	for (uint32_t i = 0; i < slots_workers(&s->slots); i++)
		crew_send_number(s, i, MESSAGE_WORKERS, n, -1);
}

void resize_commit(struct supervisor *s, uint64_t now_ns)
{
	uint32_t was = s->slots.shares, n = s->resize.workers;

	if (n == was)
		return;
	tell_workers(s, n);
	log_line(LOG_INFO, "workers change from=%" PRIu32 " to=%" PRIu32, was, n);
	if (n > was) {
		slots_join(&s->slots, n, now_ns);
		return;
	}
	slots_leave(&s->slots, n);
	crew_steer(s);
	s->resize.late = false;
	s->resize.retiring = false;
	s->resize.wake_ns = now_ns + QUIET_NS;
	s->resize.end_ns = now_ns + QUEUED_NS;
}

bool resize_busy(const struct supervisor *s)
{
	return s->slots.staying < s->slots.shares;
}

uint64_t resize_wake_ns(const struct supervisor *s)
{
	return resize_busy(s) ? s->resize.wake_ns : UINT64_MAX;
}

uint64_t resize_parked_ns(const struct supervisor *s)
{
	if (s->slots.forwarders == 0)
		return 0;
	return MIN(s->config.conf.limits.query_deadline_ns, PARKED_NS);
}

/* Workers end when what they have parked is settled, or has reached its deadline. */
static void begin_to_retire(struct supervisor *s, uint64_t now_ns)
{
	s->resize.retiring = true;
	s->resize.end_ns = now_ns + END_NS + resize_parked_ns(s);
	crew_leave_shares(s, s->slots.staying);
	slots_part(&s->slots);
}

/* Who serves, or serves again after an accident, is told to end. */
static void retire(struct supervisor *s)
{
	for (uint32_t i = s->slots.staying; i < s->slots.shares; i++) {
		if (s->slots.slot[i].state != SLOT_SERVING || s->slots.slot[i].retired)
			continue;
		crew_send_number(s, i, MESSAGE_RETIRE, 0, -1);
		slots_retire(&s->slots, i, true);
	}
}

static void kill_late(struct supervisor *s)
{
	s->resize.late = true;
	for (uint32_t i = s->slots.staying; i < s->slots.shares; i++) {
		slots_retire(&s->slots, i, true);
		if (s->slots.slot[i].pid > 0 && !s->slots.slot[i].killed)
			crew_kill(s, i, "resize");
	}
}

static void finish(struct supervisor *s)
{
	slots_shrink(&s->slots);
	sockets_shrink(&s->sockets, s->slots.shares);
	crew_steer(s);
	log_line(LOG_INFO, "workers changed to=%" PRIu32, s->slots.shares);
}

void resize_step(struct supervisor *s, uint64_t now_ns)
{
	if (now_ns < resize_wake_ns(s))
		return;
	s->resize.wake_ns = now_ns + STEP_NS;
	bool late = now_ns >= s->resize.end_ns;
	if (!s->resize.retiring) {
		if (!late && !sockets_idle(&s->sockets, s->slots.staying))
			return;
		begin_to_retire(s, now_ns);
	}
	retire(s);
	if (late && s->resize.retiring && now_ns >= s->resize.end_ns)
		kill_late(s);
	if (slots_left(&s->slots))
		finish(s);
}
