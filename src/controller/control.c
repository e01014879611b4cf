#include "controller/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define BUNDLE_MAX ((size_t)4 << 20) /* more than conf_read() ever makes */

void control_init(
	struct control *c, int fd, const struct control_handlers *handlers, void *arg)
{
	*c = (struct control){.fd = fd, .handlers = handlers, .arg = arg};
	/* It came to us over an exec; a login plug-in must not get it. */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void forget(struct control *c)
{
	if (c->has_prepared)
		conf_fini(&c->prepared);
	c->has_prepared = false;
}

void control_fini(struct control *c)
{
	forget(c);
}

void control_tell(struct control *c, enum message_type type, uint32_t number)
{
	struct message_number m = {.type = type, .number = number};
	int ret = pair_send(c->fd, &m, sizeof(m), -1);

	if (ret < 0)
		log_line(LOG_WARNING, "pair send failed error=%d", -ret);
}

/* All octets of a memory file; NULL with *error set. Owned by the caller. */
static uint8_t *read_file(int fd, size_t *len, int *error)
{
	struct stat st;
	uint8_t *octets;
	size_t at = 0;

	*error = -EBADF;
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	*error = -EFBIG;
	if (st.st_size < 0 || (size_t)st.st_size > BUNDLE_MAX)
		return NULL;
	octets = mem_alloc((size_t)st.st_size + 1, 1);
	while (at < (size_t)st.st_size) {
		ssize_t n = pread(fd, octets + at, (size_t)st.st_size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	*len = at;
	return octets;
}

static void first_error(const struct conf_report *r, char *out, size_t cap)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct conf_finding *f = &r->finding[i];

		if (f->severity != CONF_ERROR)
			continue;
		snprintf(out, cap, "%.80s:%u:%u: %.80s: %.80s", f->file, f->line,
			f->column, f->path, f->text);
		return;
	}
}

static void on_prepare(struct control *c, uint32_t number, int fd)
{
	struct message_prepared m = {.type = MESSAGE_PREPARED, .number = number};
	struct conf_report report = {0};
	size_t len = 0;
	int ret;
	uint8_t *octets = read_file(fd, &len, &ret);

	forget(c);
	if (octets != NULL)
		ret = conf_parse(octets, len, &c->prepared, &report);
	if (ret == 0) {
		c->has_prepared = true;
		c->number = number;
		m.ok = 1;
	} else {
		snprintf(m.error, sizeof(m.error), "configuration: %s", strerror(-ret));
		first_error(&report, m.error, sizeof(m.error));
	}
	conf_report_fini(&report);
	free(octets);
	ret = pair_send(c->fd, &m, sizeof(m), -1);
	if (ret < 0)
		log_line(LOG_WARNING, "pair send failed error=%d", -ret);
}

static void on_commit(struct control *c, uint32_t number)
{
	if (!c->has_prepared || c->number != number) {
		log_line(LOG_WARNING, "commit of an unknown configuration number=%u",
			number);
		return;
	}
	c->has_prepared = false;
	c->handlers->on_commit(c->arg, number, &c->prepared);
	conf_fini(&c->prepared);
}

static void on_message(struct control *c, const union message *m, int passed)
{
	switch (m->type) {
	case MESSAGE_START:
		c->handlers->on_start(c->arg, &m->start, passed);
		return; /* the descriptor is theirs */
	case MESSAGE_PREPARE:
		on_prepare(c, m->number.number, passed);
		break;
	case MESSAGE_COMMIT:
		on_commit(c, m->number.number);
		break;
	case MESSAGE_ABORT:
		forget(c);
		break;
	case MESSAGE_RETIRE:
		c->handlers->on_retire(c->arg);
		break;
	default:
		log_line(LOG_WARNING, "unexpected message type=%u", m->type);
		break;
	}
	if (passed >= 0)
		close(passed);
}

int control_read(struct control *c)
{
	for (;;) {
		union message m;
		int passed = -1;
		int ret = pair_recv(c->fd, &m, &passed);

		if (ret == -EAGAIN)
			return 0;
		if (ret == -EBADMSG) {
			log_line(LOG_WARNING, "bad message from the supervisor");
			continue;
		}
		if (ret < 0)
			return -EPIPE;
		on_message(c, &m, passed);
	}
}
