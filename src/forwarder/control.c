#include "forwarder/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "forwarder/pairs.h"
#include "snap/fault.h"

#define POLL_MS 10 /* between looks for the first settings */

static void log_refused(struct forwarder *f, const char *what, int error)
{
	uint64_t suppressed;

	if (log_allow(&f->control_log, clock_mono_ns(), &suppressed))
		log_line(LOG_WARNING, "message refused kind=%s error=%d suppressed=%llu",
			what, error, (unsigned long long)suppressed);
}

/* We are told who we are: take the slot's page and begin to look for settings. */
static int start(struct forwarder *f, const struct message_start *m, int fd)
{
	struct timeval often = {.tv_usec = POLL_MS * 1000};
	char process[32];
	void *page;

	if (f->stat != NULL)
		return -EALREADY;
	int ret = segment_stat_map_fd(fd, &page);
	if (ret < 0)
		return ret;
	f->stat = page;
	f->slot = m->slot;
	f->life = m->life;
	f->pairs = pairs_new(f, m->slots);
	snprintf(f->instance, sizeof(f->instance), "%s", m->instance);
	stat_set(&f->stat->head.pid, (uint64_t)getpid());
	stat_set(&f->stat->head.life, m->life);
	stat_set(&f->stat->head.started_ns, clock_mono_ns());
	stat_set(&f->stat->head.heartbeat_ns, clock_mono_ns());
	snprintf(process, sizeof(process), "forwarder.%u", (unsigned)m->slot);
	log_init(process, LOG_INFO);
	log_set_style(m->log);
	reader_init(&f->reader, m->instance);
	fault_install(process, &f->reader);
	event_add(f->poll, &often);
	return 0;
}

/* Take the cache; descriptors of the other messages are closed by who calls. */
static int take_cache(struct forwarder *f, const struct message_cache *m, int fd)
{
	int ret = f->stat == NULL || fd < 0 ? -EINVAL : forwarder_cache(f, m, fd);

	if (ret < 0 && fd >= 0)
		close(fd);
	return ret;
}

static int take_pair(struct forwarder *f, uint32_t slot, int fd)
{
	if (f->pairs != NULL && fd >= 0)
		return pairs_add(f->pairs, slot, fd);
	if (fd >= 0)
		close(fd);
	return -EINVAL;
}

static void on_message(struct forwarder *f, const union message *m, int fd)
{
	int ret = 0;

	switch (m->type) {
	case MESSAGE_START:
		ret = start(f, &m->start, fd);
		if (fd >= 0)
			close(fd);
		if (ret < 0) {
			log_refused(f, "start", -ret);
			forwarder_end(f); /* of no use without a page */
		}
		return;
	case MESSAGE_CACHE:
		ret = take_cache(f, &m->cache, fd);
		if (ret < 0) {
			log_refused(f, "cache", -ret);
			forwarder_end(f); /* nor without a cache */
		}
		return;
	case MESSAGE_PEER:
		ret = take_pair(f, m->number.number, fd);
		if (ret < 0)
			log_refused(f, "peer", -ret);
		return;
	case MESSAGE_RETIRE:
		log_line(LOG_INFO, "retired slot=%u", (unsigned)f->slot);
		forwarder_end(f);
		break;
	default:
		log_refused(f, "type", (int)m->type);
		break;
	}
	if (fd >= 0)
		close(fd);
}

void on_control_readable(int fd, short what, void *arg)
{
	struct forwarder *f = arg;
	union message m;
	int passed, ret;

	(void)what;
	while ((ret = pair_recv(fd, &m, &passed)) >= 0 || ret == -EBADMSG) {
		if (ret >= 0)
			on_message(f, &m, passed);
		else
			log_refused(f, "packet", -ret);
	}
	if (ret != -EAGAIN) {
		log_line(LOG_ERROR, "supervisor is gone error=%d", -ret);
		forwarder_end(f);
	}
}

void control_send_ready(struct forwarder *f)
{
	struct message_number m = {.type = MESSAGE_READY};

	f->ready_due = pair_send(PAIR_FD, &m, sizeof(m), -1) == -EAGAIN;
}

void control_send_loop(void)
{
	struct message_number m = {.type = MESSAGE_LOOP};

	pair_send(PAIR_FD, &m, sizeof(m), -1); /* if that is full, the next loop tells */
}
