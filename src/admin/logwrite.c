#include "admin/logwrite.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/querylog.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"

#define TURN_MS    10             /* a ring has room for 1024 queries */
#define ROUNDS_MAX 16             /* of filling the buffer and writing it, in a turn */
#define AFTER_NS   (5 * NS_PER_S) /* that a log is looked after when it is off */
#define TELL_NS    (60 * NS_PER_S)

struct logwrite {
	struct admin *admin;
	struct event *timer; /* owned; pending while there may be something */
	bool pending;
	uint64_t until_ns; /* look till then, whatever the settings are */
	uint64_t told_ns;  /* when a line spoke of losses; 0: never */
	uint64_t told;     /* what was lost until then */
	uint8_t format;    /* of the last log that was on */
	struct querylog log;
};

static bool is_on(const struct logwrite *l)
{
	return l->admin->reader.snap.base != NULL &&
	       l->admin->reader.settings.querylog.format != QUERYLOG_OFF;
}

/* Write what is there. False: stderr does not take more for now. */
static bool write_out(struct logwrite *l)
{
	const char *piece;
	size_t n;

	while ((n = querylog_piece(&l->log, &piece)) > 0) {
		ssize_t m = log_write(piece, n);

		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0 && errno == EAGAIN)
			return false;
		/* There is no stderr: nothing is to be kept for it. */
		querylog_left(&l->log, m < 0 ? n : (size_t)m, l->admin->stat);
	}
	querylog_left(&l->log, 0, l->admin->stat);
	return true;
}

/*
 * Without settings it is not known how much of a client may be shown: what stands in the
 * rings waits for them.
 */
static void drain(struct logwrite *l)
{
	struct admin *a = l->admin;

	if (a->reader.snap.base == NULL)
		return;
	struct privacy p;
	const enum querylog_format format = (enum querylog_format)l->format;
	const char *level = log_prefix(LOG_INFO);
	char prefix[64];

	privacy_init(&p, a->reader.settings.querylog.privacy, &a->reader.snap.key);
	/* Lines of key=value look as all lines of ours do (LG-01). */
	snprintf(prefix, sizeof(prefix), "%s%s", level,
		format == QUERYLOG_KV ? "level=info process=admin what=" : "");
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool all = querylog_fill(&l->log, &a->view, format, &p, prefix);

		if (!write_out(l) || all)
			break;
	}
}

/* One line a minute, at most: the log lacks something. */
static void tell_lost(struct logwrite *l, uint64_t now_ns)
{
	uint64_t lost = stat_get(&l->admin->stat->log_lost);

	if (lost == l->told || (l->told_ns != 0 && now_ns - l->told_ns < TELL_NS))
		return;
	log_line(LOG_WARNING,
		"query log dropped=%" PRIu64 " why=\"stderr is read too slowly\" "
		"fix=\"lower query_log.sample, or choose classes or names\"",
		lost - l->told);
	l->told = lost;
	l->told_ns = now_ns;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct logwrite *l = arg;
	const uint64_t now_ns = clock_mono_ns();

	(void)fd;
	(void)what;
	admin_refresh(l->admin);
	if (is_on(l)) {
		l->format = l->admin->reader.settings.querylog.format;
		l->until_ns = now_ns + AFTER_NS;
	}
	drain(l);
	tell_lost(l, now_ns);
	if (now_ns > l->until_ns) {
		event_del(l->timer);
		l->pending = false;
	}
}

struct logwrite *logwrite_new(struct admin *a)
{
	struct logwrite *l = mem_alloc(1, sizeof(*l));

	l->admin = a;
	l->format = QUERYLOG_KV;
	l->told = stat_get(&a->stat->log_lost);
	l->timer = event_new(a->base, -1, EV_PERSIST, on_timer, l);
	if (l->timer == NULL) {
		free(l);
		return NULL;
	}
	querylog_begin(&l->log, a->stat);
	return l;
}

void logwrite_wake(struct logwrite *l)
{
	static const struct timeval turn = {.tv_usec = TURN_MS * 1000};

	l->until_ns = clock_mono_ns() + AFTER_NS;
	if (!l->pending)
		l->pending = event_add(l->timer, &turn) == 0;
}

void logwrite_tick(struct logwrite *l)
{
	if (is_on(l) && !l->pending)
		logwrite_wake(l);
}

void logwrite_end(struct logwrite *l)
{
	if (l->pending)
		drain(l);
}
