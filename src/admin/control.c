#include "admin/control.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/logwrite.h"
#include "metrics/pages.h"
#include "base/base.h"
#include "base/clock.h"
#include "snap/fault.h"

static void log_refused(struct admin *a, const char *what, int error)
{
	uint64_t suppressed;

	if (log_allow(&a->control_log, clock_mono_ns(), &suppressed))
		log_line(LOG_WARNING, "message refused kind=%s error=%d suppressed=%llu",
			what, error, (unsigned long long)suppressed);
}

static void send_ready(void)
{
	struct message_number m = {.type = MESSAGE_READY};

	pair_send(PAIR_FD, &m, sizeof(m), -1); /* the first: there is room for it */
}

/* We are told who we are: take our page, look for those of the others. */
static int start(struct admin *a, const struct message_start *m, int fd)
{
	void *page;

	if (a->stat != NULL)
		return -EALREADY;
	int ret = segment_stat_map_fd(fd, &page);
	if (ret < 0)
		return ret;
	a->stat = page;
	a->view.admin = page;
	stat_set(&a->stat->head.pid, (uint64_t)getpid());
	stat_set(&a->stat->head.life, m->life);
	stat_set(&a->stat->head.started_ns, clock_mono_ns());
	stat_set(&a->stat->head.heartbeat_ns, clock_mono_ns());
	log_set_style(m->log);
	reader_init(&a->reader, m->instance);
	fault_install("admin", &a->reader);
	pages_map(&a->view, m->instance);
	a->log = logwrite_new(a);
	if (a->log == NULL)
		return -ENOMEM;
	send_ready();
	return 0;
}

/* A listener of ours; it stays open with the supervisor. */
static int take_socket(struct admin *a, const struct message_socket *m, int fd)
{
	unsigned kind = m->key.kind - SOCKET_HTTP_HEALTH;

	if (a->stat == NULL || fd < 0 || kind >= ARRAY_LEN(a->http) ||
		a->http[kind] != NULL)
		return -EINVAL;
	a->http[kind] = http_open(a->base, kind, fd, admin_answer, a);
	return a->http[kind] != NULL ? 0 : -ENOMEM;
}

static void take_settings(struct admin *a, const struct message_admin *m)
{
	a->view.compat = m->compat;
	a->view.shares = m->workers;
	a->view.port = m->port;
	a->probe_to = (struct probe_to){.port = m->port, .scope = m->scope};
	a->probe_to.addr.len = m->address_len == 4 ? 4 : 16;
	memcpy(a->probe_to.addr.octets, m->address, sizeof(m->address));
	if (a->stat != NULL) { /* for who writes the same metrics */
		stat_set(&a->stat->compat, m->compat);
		stat_set(&a->stat->port, m->port);
	}
	a->view.max_stale_ns = m->max_stale_ns;
	a->max_namespaces = m->max_namespaces;
	if (a->log != NULL) /* a reload, perhaps */
		logwrite_wake(a->log);
}

static void on_message(struct admin *a, const union message *m, int fd)
{
	int ret = 0;

	switch (m->type) {
	case MESSAGE_START:
		ret = start(a, &m->start, fd);
		if (ret < 0) {
			log_refused(a, "start", -ret);
			admin_end(a); /* of no use without a page */
		}
		break;
	case MESSAGE_SOCKET:
		ret = take_socket(a, &m->socket, fd);
		if (ret == 0)
			return;
		log_refused(a, "socket", -ret);
		break;
	case MESSAGE_ADMIN:
		take_settings(a, &m->admin);
		break;
	case MESSAGE_RETIRE:
		log_line(LOG_INFO, "retired");
		admin_end(a);
		break;
	default:
		log_refused(a, "type", (int)m->type);
		break;
	}
	if (fd >= 0)
		close(fd);
}

void on_control_readable(int fd, short what, void *arg)
{
	struct admin *a = arg;
	union message m;
	int passed, ret;

	(void)what;
	while ((ret = pair_recv(fd, &m, &passed)) >= 0 || ret == -EBADMSG) {
		if (ret >= 0)
			on_message(a, &m, passed);
		else
			log_refused(a, "packet", -ret);
	}
	if (ret != -EAGAIN) {
		log_line(LOG_ERROR, "supervisor is gone error=%d", -ret);
		admin_end(a);
	}
}
