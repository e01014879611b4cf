#include "controller/publish/ctlsock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define PATIENCE_S 5 /* to say a line; to take a reply */

struct client {
	struct ctlsock *sock;
	struct bufferevent *io; /* NULL: nobody */
	ctlsock_client number;
	uint64_t until_ns; /* its line is whole by then */
	bool may_change;
	bool begun;    /* "ok" or "error" stands in the reply */
	bool answered; /* the reply is whole */
};

struct ctlsock {
	struct event_base *base;
	struct event *ready;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const struct ctlsock_verb *verbs;
	void *arg;
	struct client client[CTLSOCK_CLIENTS];
	ctlsock_client last; /* number given out */
};

static void leave(struct client *c)
{
	struct ctlsock *s = c->sock;

	bufferevent_free(c->io);
	*c = (struct client){0};
	event_add(s->ready, NULL); /* there is room again */
}

static struct client *find(struct ctlsock *s, ctlsock_client who)
{
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++)
		if (s->client[i].io != NULL && s->client[i].number == who)
			return &s->client[i];
	return NULL;
}

/* ---- replies ---- */

static void put(struct client *c, const char *text)
{
	struct evbuffer *out = bufferevent_get_output(c->io);

	if (evbuffer_get_length(out) + strlen(text) <= REQUEST_REPLY_MAX)
		evbuffer_add(out, text, strlen(text));
}

static void begin(struct client *c)
{
	if (!c->begun)
		put(c, "ok\n");
	c->begun = true;
}

static void finish(struct client *c)
{
	put(c, ".\n");
	c->answered = true;
}

void ctlsock_say(struct ctlsock *s, ctlsock_client who, const char *word, uint64_t value)
{
	struct client *c = find(s, who);
	char line[128];

	if (c == NULL || c->answered)
		return;
	begin(c);
	snprintf(line, sizeof(line), "%s %" PRIu64 "\n", word, value);
	put(c, line);
}

void ctlsock_tell(
	struct ctlsock *s, ctlsock_client who, const char *word, const char *text)
{
	struct client *c = find(s, who);
	char line[1024];

	if (c == NULL || c->answered)
		return;
	begin(c);
	int n = snprintf(line, sizeof(line) - 1, "%s %s", word, text);
	size_t len = MIN((size_t)n, sizeof(line) - 2);
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[len] = '\n';
	line[len + 1] = '\0';
	put(c, line);
}

void ctlsock_end(struct ctlsock *s, ctlsock_client who)
{
	struct client *c = find(s, who);

	if (c == NULL || c->answered)
		return;
	begin(c);
	finish(c);
}

static void refuse(struct client *c, const char *text)
{
	put(c, "error ");
	put(c, text);
	put(c, "\n");
	finish(c);
}

void ctlsock_refuse(struct ctlsock *s, ctlsock_client who, const char *text)
{
	struct client *c = find(s, who);

	if (c != NULL && !c->answered && !c->begun)
		refuse(c, text);
}

/* ---- requests ---- */

static const struct ctlsock_verb *verb_of(const struct ctlsock *s, const char *name)
{
	for (const struct ctlsock_verb *v = s->verbs; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* Has it hung up? It had no reply in time, and has told its operator so. */
static bool gone(const struct client *c)
{
	struct pollfd p = {.fd = bufferevent_getfd(c->io)};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0;
}

static void run(struct client *c, char *line, size_t len)
{
	char quoted[256];
	struct request r;

	if (!request_parse(line, len, &r)) {
		refuse(c, "no request");
		return;
	}
	const struct ctlsock_verb *v = verb_of(c->sock, r.word[0]);
	if (v == NULL) {
		refuse(c, "unknown verb");
	} else if (r.n - 1 < v->least || r.n - 1 > v->most) {
		char text[128];

		snprintf(text, sizeof(text), "usage: %s %s", v->name, v->words);
		refuse(c, text);
	} else if (v->changes && !c->may_change) {
		refuse(c, "not permitted: for root and the appliance's own user");
	} else if (v->changes && gone(c)) {
		log_line(LOG_WARNING, "request dropped verb=%s: who asked has gone",
			v->name);
		leave(c);
	} else {
		log_line(v->changes ? LOG_INFO : LOG_DEBUG, "request verb=%s of=%s",
			v->name,
			log_quote(r.n > 1 ? r.word[1] : "", quoted, sizeof(quoted)));
		v->run(c->sock->arg, c->number, &r);
	}
}

/* The line is not whole: its rest has what is left of the time, however it comes. */
static void wait_on(struct client *c)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	uint64_t now_ns = clock_mono_ns();

	if (now_ns >= c->until_ns) {
		leave(c);
		return;
	}
	uint64_t us = (c->until_ns - now_ns) / 1000 + 1;
	struct timeval rest = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	bufferevent_set_timeouts(c->io, &rest, &patience);
}

/* One line, then nothing more is read of this client. */
static void on_octets(struct bufferevent *io, void *arg)
{
	struct client *c = arg;
	char line[REQUEST_LINE_MAX + 1];
	struct evbuffer *in = bufferevent_get_input(io);
	struct evbuffer_ptr end = evbuffer_search(in, "\n", 1, NULL);
	ev_ssize_t len = end.pos;

	if (len < 0 && evbuffer_get_length(in) < REQUEST_LINE_MAX) {
		wait_on(c);
		return;
	}
	bufferevent_disable(io, EV_READ);
	if (len < 0 || len >= REQUEST_LINE_MAX) {
		refuse(c, "the line is too long");
		return;
	}
	evbuffer_remove(in, line, (size_t)len);
	line[len] = '\0';
	run(c, line, (size_t)len);
}

static void on_written(struct bufferevent *io, void *arg)
{
	struct client *c = arg;

	if (c->answered && evbuffer_get_length(bufferevent_get_output(io)) == 0)
		leave(c);
}

/* It has gone, or has not said or taken anything for too long. */
static void on_event(struct bufferevent *io, short what, void *arg)
{
	(void)io;
	(void)what;
	leave(arg);
}

/* ---- clients ---- */

static bool may_change(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static bool enter(struct ctlsock *s, struct client *c, int fd)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct bufferevent *io = bufferevent_socket_new(
		s->base, fd, BEV_OPT_CLOSE_ON_FREE);

	if (io == NULL)
		return false;
	*c = (struct client){
		.sock = s,
		.io = io,
		.number = ++s->last,
		.until_ns = clock_mono_ns() + PATIENCE_S * NS_PER_S,
		.may_change = may_change(fd),
	};
	bufferevent_setcb(io, on_octets, on_written, on_event, c);
	bufferevent_setwatermark(io, EV_READ, 0, REQUEST_LINE_MAX);
	bufferevent_set_timeouts(io, &patience, &patience);
	bufferevent_enable(io, EV_READ);
	return true;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct ctlsock *s = arg;

	(void)what;
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++) {
		if (s->client[i].io != NULL)
			continue;
		int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got >= 0 && !enter(s, &s->client[i], got))
			close(got);
		return;
	}
	event_del(s->ready); /* leave() goes on */
}

/* ---- the socket ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(sun.sun_path, path, strlen(path) + 1);
	unlink(path);             /* the instance is ours: whose it was is dead */
	mode_t was = umask(0117); /* at once: nobody else gets in even for a moment */
	int ret = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	if (ret == 0)
		ret = listen(fd, CTLSOCK_CLIENTS);
	if (ret < 0)
		ret = -errno;
	umask(was);
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int ctlsock_open(struct event_base *base, const char *run_dir,
	const struct ctlsock_verb *verbs, void *arg, struct ctlsock **out)
{
	struct ctlsock *s = mem_alloc(1, sizeof(*s));
	int ret = -ENAMETOOLONG;

	*s = (struct ctlsock){.base = base, .fd = -1, .verbs = verbs, .arg = arg};
	if (request_path(run_dir, s->path, sizeof(s->path)))
		ret = s->fd = listen_at(s->path);
	if (ret >= 0) {
		s->ready = event_new(base, s->fd, EV_READ | EV_PERSIST, on_ready, s);
		ret = s->ready != NULL && event_add(s->ready, NULL) == 0 ? 0 : -ENOMEM;
	}
	if (ret == 0)
		*out = s;
	else
		ctlsock_close(s);
	return ret;
}

void ctlsock_close(struct ctlsock *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++)
		if (s->client[i].io != NULL)
			bufferevent_free(s->client[i].io);
	if (s->ready != NULL)
		event_free(s->ready);
	if (s->fd >= 0) {
		unlink(s->path);
		close(s->fd);
	}
	free(s);
}
