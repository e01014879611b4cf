/* watch.c - see watch.h */
#include "supervisor/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/random.h>

#include "base/log.h"
#include "supervisor/reload.h"

#define EVENTS                                                                           \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |          \
		IN_ONLYDIR)
#define SETTLE_NS   (100 * NS_PER_MS) /* quiet for so long before a look, */
#define RESTLESS_NS (2 * NS_PER_S)    /* but not longer after the first notice */

/* Watch the directory of `name`; it may be watched already, which is fine. */
static void watch_directory_of(struct watch *w, const char *name)
{
	const char *slash = strrchr(name, '/');
	char dir[PATH_MAX];
	int n = slash != NULL
	                ? snprintf(dir, sizeof(dir), "%.*s", (int)(slash - name), name)
	                : snprintf(dir, sizeof(dir), ".");

	if (w->fd >= 0 && n >= 0 && n < (int)sizeof(dir))
		(void)inotify_add_watch(w->fd, n > 0 ? dir : "/", EVENTS);
}

/* All directories that files were read from, and conf.d, which may have none yet. */
static void watch_directories(struct supervisor *s, const struct conf_bundle *b)
{
	const char *name, *slash = strrchr(s->path, '/');
	int dir = slash != NULL ? (int)(slash - s->path) + 1 : 0;
	char more[PATH_MAX];

	for (size_t pos = 0; conf_bundle_file(b, &pos, &name);)
		watch_directory_of(&s->watch, name);
	if (snprintf(more, sizeof(more), "%.*sconf.d/", dir, s->path) < (int)sizeof(more))
		watch_directory_of(&s->watch, more);
}

bool watch_is_mount(const char *line, const char *path)
{
	size_t len = strlen(path);

	for (int field = 0; field < 4; field++) {
		line = strchr(line, ' ');
		if (line == NULL)
			return false;
		line++;
	}
	return strncmp(line, path, len) == 0 && line[len] == ' ';
}

static void warn_of_mount(const char *path)
{
	char real[PATH_MAX], *line = NULL;
	size_t cap = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	if (f == NULL)
		return;
	while (realpath(path, real) != NULL && getline(&line, &cap, f) > 0) {
		if (!watch_is_mount(line, real))
			continue;
		log_line(LOG_WARNING,
			"config is mounted by itself, as by subPath: it does not follow "
			"its ConfigMap file=%s fix=\"mount the directory\"",
			real);
		break;
	}
	free(line);
	fclose(f);
}

/* The next look without a notice: not all replicas at one time (CR-03). */
static uint64_t next_look_ns(const struct supervisor *s, uint64_t now_ns)
{
	uint64_t every_ns = s->config.conf.reload.interval_ns;
	uint64_t jitter_ns = MIN(s->config.conf.reload.jitter_ns, every_ns / 2);
	uint64_t r = 0;

	(void)!getrandom(&r, sizeof(r), GRND_NONBLOCK);
	return now_ns + every_ns - jitter_ns + r % (2 * jitter_ns + 1);
}

void watch_open(struct supervisor *s, uint64_t now_ns)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = SOURCE_FILES};

	s->watch.settle_ns = s->watch.look_ns = UINT64_MAX;
	s->watch.fd = -1;
	if (confmem_is_pipe(s->path))
		return;
	warn_of_mount(s->path);
	s->watch.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->watch.fd < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->watch.fd, &e) < 0)
		log_line(LOG_WARNING, "config not watched error=\"%s\"", strerror(errno));
	/* At once: it may have changed since it was read. */
	s->watch.settle_ns = now_ns;
	s->watch.look_ns = next_look_ns(s, now_ns);
}

void watch_close(struct supervisor *s)
{
	if (s->watch.fd >= 0)
		close(s->watch.fd);
	s->watch.fd = -1;
}

void watch_notice(struct supervisor *s, uint64_t now_ns)
{
	struct watch *w = &s->watch;
	_Alignas(struct inotify_event) char events[4096];

	while (read(w->fd, events, sizeof(events)) > 0)
		;
	if (w->settle_ns == UINT64_MAX)
		w->restless_ns = now_ns + RESTLESS_NS;
	w->settle_ns = MIN(now_ns + SETTLE_NS, w->restless_ns);
}

uint64_t watch_wake_ns(const struct supervisor *s)
{
	return MIN(s->watch.settle_ns, s->watch.look_ns);
}

static void look_soon(struct watch *w, uint64_t now_ns)
{
	w->restless_ns = now_ns + RESTLESS_NS;
	w->settle_ns = now_ns + SETTLE_NS;
}

/* Compare what is there with what was seen and tried before. */
static void look(struct supervisor *s, uint64_t now_ns)
{
	struct watch *w = &s->watch;
	struct conf_bundle b = {0};
	uint8_t digest[SHA256_OCTETS];
	char *failed = NULL;

	if (conf_read(s->path, &b, &failed) <
		0) { /* in the middle of a change, perhaps */
		free(failed);
		return;
	}
	watch_directories(s, &b);
	conf_bundle_digest(&b, digest);
	conf_bundle_fini(&b);
	if (memcmp(digest, w->tried, sizeof(digest)) == 0)
		return;
	if (memcmp(digest, w->seen, sizeof(digest)) == 0) {
		bool alone = w->asked || !s->reload_wanted;

		log_line(LOG_INFO, "config changed file=%s", s->path);
		reload_ask(s);
		w->asked = alone;
		return;
	}
	memcpy(w->seen, digest, sizeof(digest));
	if (w->asked) /* what it was asked for is there no more */
		s->reload_wanted = false;
	look_soon(w, now_ns);
}

bool watch_is_restless(
	struct supervisor *s, const uint8_t digest[SHA256_OCTETS], uint64_t now_ns)
{
	struct watch *w = &s->watch;

	if (!w->asked || memcmp(digest, w->seen, SHA256_OCTETS) == 0)
		return false;
	look_soon(w, now_ns);
	return true;
}

void watch_step(struct supervisor *s, uint64_t now_ns)
{
	if (now_ns < watch_wake_ns(s))
		return;
	s->watch.settle_ns = UINT64_MAX;
	s->watch.look_ns = next_look_ns(s, now_ns);
	look(s, now_ns);
}
