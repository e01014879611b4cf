#include "worker/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "snap/fault.h"
#include "worker/listen.h"
#include "worker/needs.h"
#include "worker/tcp.h"

#define POLL_MS 10 /* between looks for the first root */

static void log_refused(struct worker *w, const char *what, int error)
{
	uint64_t suppressed;

	if (log_allow(&w->control_log, clock_mono_ns(), &suppressed))
		log_line(LOG_WARNING, "message refused kind=%s error=%d suppressed=%llu",
			what, error, (unsigned long long)suppressed);
}

/* We are told who we are: take the slot's page and begin to look for a root. */
static int start(struct worker *w, const struct message_start *m, int fd)
{
	struct timeval often = {.tv_usec = POLL_MS * 1000};
	char process[32];
	void *page;

	if (w->stat != NULL)
		return -EALREADY;
	int ret = segment_stat_map_fd(fd, &page);
	if (ret < 0)
		return ret;
	w->stat = page;
	w->slot = m->slot;
	w->share = m->share;
	w->life = m->life;
	w->workers = MAX(m->workers, 1);
	w->ncaches = MIN(m->forwarders, FORWARDERS_MAX);
	stat_set(&w->stat->head.pid, (uint64_t)getpid());
	stat_set(&w->stat->head.life, m->life);
	stat_set(&w->stat->head.started_ns, clock_mono_ns());
	stat_set(&w->stat->head.heartbeat_ns, clock_mono_ns());
	w->before.busy_ns = stat_get(&w->stat->busy_ns);
	w->before.refreshes = stat_get(&w->stat->refreshes);
	w->before.refresh_failures = stat_get(&w->stat->refresh_failures);
	w->before.torn = stat_get(&w->stat->cache_torn);
	tap_init(&w->tap, &w->stat->ring, clock_mono_ns() ^ (uint64_t)getpid() << 32);
	w->tap.wall_ns = clock_wall_ns() - clock_mono_ns();
	stat_set(&w->stat->share, m->share);
	stat_set(&w->stat->receive_buffer, 0);
	stat_set(&w->stat->tcp_connections, 0); /* of a predecessor that died */
	snprintf(process, sizeof(process), "worker.%u", (unsigned)m->slot);
	log_init(process, LOG_INFO);
	log_set_style(m->log);
	reader_init(&w->reader, m->instance);
	fault_install(process, &w->reader);
	event_add(w->poll, &often);
	event_active(w->poll, EV_TIMEOUT, 0); /* and now: a restart costs no wait */
	return 0;
}

static int take_socket(struct worker *w, const struct message_socket *m, int fd)
{
	if (w->stat == NULL || fd < 0) {
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	int ret = listen_add(w, m, fd);
	return ret == -EEXIST || ret == -ENOTSUP ? 0 : ret;
}

static void on_message(struct worker *w, const union message *m, int fd)
{
	int ret = 0;

	switch (m->type) {
	case MESSAGE_START:
		ret = start(w, &m->start, fd);
		if (ret < 0) {
			log_refused(w, "start", -ret);
			event_base_loopbreak(w->base); /* of no use without a page */
		}
		break;
	case MESSAGE_SOCKET:
		ret = take_socket(w, &m->socket, fd);
		if (ret < 0)
			log_refused(w, "socket", -ret);
		return; /* the descriptor is the table's */
	case MESSAGE_PEER:
		ret = needs_peer(w, m->number.number, fd);
		if (ret < 0)
			log_refused(w, "peer", -ret);
		return; /* the descriptor is the pair's */
	case MESSAGE_PARK:
		ret = w->stat != NULL ? needs_page(w, fd) : -EINVAL;
		if (ret < 0)
			log_refused(w, "park", -ret);
		break;
	case MESSAGE_SOCKET_GONE:
		listen_remove(w, &m->socket);
		break;
	case MESSAGE_WORKERS:
		w->workers = MAX(m->number.number, 1);
		break;
	case MESSAGE_RETIRE:
		control_retire(w);
		break;
	default:
		log_refused(w, "type", (int)m->type);
		break;
	}
	if (fd >= 0)
		close(fd);
}

void on_control_readable(int fd, short what, void *arg)
{
	struct worker *w = arg;
	union message m;
	int passed, ret;

	(void)what;
	while ((ret = pair_recv(fd, &m, &passed)) >= 0 || ret == -EBADMSG) {
		if (ret >= 0)
			on_message(w, &m, passed);
		else
			log_refused(w, "packet", -ret);
	}
	if (ret != -EAGAIN) {
		log_line(LOG_ERROR, "supervisor is gone error=%d", -ret);
		event_base_loopbreak(w->base);
	}
}

void control_send_ready(struct worker *w)
{
	struct message_number m = {.type = MESSAGE_READY};

	w->ready_due = pair_send(PAIR_FD, &m, sizeof(m), -1) == -EAGAIN;
}

void control_retire(struct worker *w)
{
	if (w->retiring)
		return;
	w->retiring = true;
	event_del(w->poll);
	listen_drain(w);
	listen_serve(w, false);
	log_line(LOG_INFO, "retired slot=%u", (unsigned)w->slot);
	tcp_retire(w);
	control_end_if_done(w);
}

void control_end_if_done(struct worker *w)
{
	/* Those who wait have a deadline, and connections have a limit of their own. */
	if (w->retiring && tcp_is_over(w) && !needs_any(w))
		event_base_loopbreak(w->base);
}
