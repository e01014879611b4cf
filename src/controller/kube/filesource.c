#include "controller/kube/filesource.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"
#include "controller/kube/fileload.h"
#include "controller/kube/fileset.h"

#define WATCHED                                                                          \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE |          \
		IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

static const struct timeval debounce = {.tv_usec = 100000};
static const struct timeval retry = {.tv_sec = 1};

struct file {
	char *name; /* in the directory */
	char *path; /* as it is shown and opened */
	struct fileset_file *held;
	bool dirty;      /* to be read in the next pass */
	bool listed;     /* found by the scan at work */
	uint64_t logged; /* hash of the last error and content; 0: it was good */
	size_t twice;    /* objects for which other files stand */
	char *twice_text;
	uint64_t twice_logged;
};

struct filesource {
	const struct filesource_handlers *handlers; /* borrowed */
	void *arg;
	char *path;      /* as the operator gave it */
	char *directory; /* that is watched */
	char *only;      /* the one file in it, or NULL: all of them */
	int fd, watch;
	struct event *readable, *pass, *attach;
	struct fileset *set;
	struct file **files; /* by name */
	size_t nfiles;
	bool scan; /* the next pass looks at the whole directory */
	bool synced;
	uint64_t logged; /* the last error about the directory itself */
};

static void say(
	struct filesource *s, uint64_t *logged, uint64_t content, const char *line)
{
	uint64_t both[2] = {content, hash_content(line, strlen(line))};
	uint64_t hash = hash_content(both, sizeof(both));

	if (*logged == hash)
		return;
	*logged = hash;
	s->handlers->on_error(s->arg, line);
}

static void say_errno(struct filesource *s, uint64_t *logged, const char *path, int ret)
{
	char line[PATH_MAX + 128];

	snprintf(line, sizeof(line), "%s: %s", path, strerror(-ret));
	say(s, logged, 0, line);
}

/* QS-03. A single file may have any name. */
static bool wanted(const struct filesource *s, const char *name)
{
	const char *dot = strrchr(name, '.');

	if (s->only != NULL)
		return strcmp(name, s->only) == 0;
	if (name[0] == '.' || dot == NULL || name[strlen(name) - 1] == '~')
		return false;
	return strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
	       strcmp(dot, ".json") == 0;
}

/* The first file whose name is not before `name`. */
static size_t place(const struct filesource *s, const char *name)
{
	size_t low = 0, high = s->nfiles;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(s->files[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static char *join(const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (strcmp(directory, ".") == 0)
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s%s%s", directory,
			strcmp(directory, "/") == 0 ? "" : "/", name);
	return mem_dup(path, strlen(path));
}

static struct file *add_file(struct filesource *s, size_t at, const char *name)
{
	struct file *f = mem_alloc(1, sizeof(*f));

	f->name = mem_dup(name, strlen(name));
	f->path = join(s->directory, name);
	f->held = fileset_add(s->set, f->path, f);
	s->files = mem_resize(s->files, s->nfiles + 1, sizeof(struct file *));
	memmove(&s->files[at + 1], &s->files[at],
		(s->nfiles - at) * sizeof(struct file *));
	s->files[at] = f;
	s->nfiles++;
	return f;
}

static void free_file(struct file *f)
{
	free(f->name);
	free(f->path);
	free(f->twice_text);
	free(f);
}

static struct file *get_file(struct filesource *s, const char *name)
{
	size_t at = place(s, name);

	if (at < s->nfiles && strcmp(s->files[at]->name, name) == 0)
		return s->files[at];
	return add_file(s, at, name);
}

/* Reading is due: a while after the first change that was not read yet. */
static void plan(struct filesource *s)
{
	if (!event_pending(s->pass, EV_TIMEOUT, NULL))
		event_add(s->pass, &debounce);
}

static void plan_scan(struct filesource *s)
{
	s->scan = true;
	plan(s);
}

static void detach(struct filesource *s)
{
	if (s->watch >= 0)
		inotify_rm_watch(s->fd, s->watch);
	s->watch = -1;
	event_add(s->attach, &retry);
}

static bool list_files(struct filesource *s)
{
	DIR *d = opendir(s->directory);
	struct dirent *e;

	if (d == NULL)
		return false;
	for (size_t i = 0; i < s->nfiles; i++)
		s->files[i]->listed = false;
	while ((e = readdir(d)) != NULL) {
		if (e->d_type == DT_DIR || !wanted(s, e->d_name))
			continue;
		struct file *f = get_file(s, e->d_name);

		f->listed = true;
		f->dirty = true;
	}
	closedir(d);
	return true;
}

/* Look at the whole directory. What is known and not there is read too: it will fail. */
static void scan(struct filesource *s)
{
	if (!list_files(s)) {
		say_errno(s, &s->logged, s->directory, -errno);
		detach(s);
		return;
	}
	s->scan = false;
	for (size_t i = 0; i < s->nfiles; i++)
		s->files[i]->dirty = true;
}

static void on_staged(void *arg, struct kube_object *o)
{
	struct file *f = arg;

	fileset_stage(f->held, o);
}

/* QS-04: what a bad file said before stands. */
static void keep_file(struct filesource *s, struct file *f, int ret,
	const struct kube_error *e, uint64_t content)
{
	char line[PATH_MAX + sizeof(e->text) + 64];

	fileset_keep(f->held);
	if (ret != -EINVAL) {
		say_errno(s, &f->logged, f->path, ret);
		return;
	}
	if (e->line == 0)
		snprintf(line, sizeof(line), "%s: %s", f->path, e->text);
	else
		snprintf(line, sizeof(line), "%s:%u:%u: %s", f->path, e->line, e->column,
			e->text);
	say(s, &f->logged, content, line);
}

/* Read it. False: it is gone, and is ours no more. */
static bool read_file(struct filesource *s, struct file *f)
{
	struct kube_error error = {0};
	uint64_t content = 0;
	int ret = fileload(f->path, on_staged, f, &error, &content);

	f->dirty = false;
	f->twice = 0;
	/* The one file that we were told to read is not given up so easily. */
	if ((ret == -ENOENT && s->only == NULL) || ret == -EISDIR) {
		fileset_remove(s->set, f->held);
		return false;
	}
	if (ret < 0) {
		keep_file(s, f, ret, &error, content);
	} else {
		f->logged = 0;
		fileset_replace(s->set, f->held);
	}
	return true;
}

static void on_twice(
	void *arg, void *file, const struct kube_object *o, const char *stands)
{
	struct file *f = file;
	char text[2 * PATH_MAX];

	(void)arg;
	if (f->twice++ > 0)
		return;
	bool itself = strcmp(stands, f->path) == 0;
	snprintf(text, sizeof(text), "%s: %s %s%s%s is already in %s: that one stands",
		f->path, kube_kind_text(o->kind), o->namespace,
		o->namespace[0] == 0 ? "" : "/", o->name, itself ? "it" : stands);
	free(f->twice_text);
	f->twice_text = mem_dup(text, strlen(text));
}

static void on_changed(void *arg, enum kube_change change, struct kube_object *o)
{
	struct filesource *s = arg;

	s->handlers->on_object(s->arg, change, o);
}

static const struct fileset_handlers set_handlers = {
	.on_object = on_changed,
	.on_twice = on_twice,
};

/* QS-02: one line for each file with such objects, again only if it would differ. */
static void say_twice(struct filesource *s, struct file *f)
{
	char line[2 * PATH_MAX + 64];

	if (f->twice == 0) {
		f->twice_logged = 0;
		return;
	}
	snprintf(line, sizeof(line), "%s", f->twice_text);
	if (f->twice > 1)
		snprintf(line, sizeof(line), "%s (and %zu more)", f->twice_text,
			f->twice - 1);
	say(s, &f->twice_logged, 0, line);
}

/*
 * Read what is due. A file with objects for which others stand is read each time: they
 * may have been given up.
 */
static void read_files(struct filesource *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->nfiles; i++) {
		struct file *f = s->files[i];

		if (!f->dirty && f->twice == 0) {
			s->files[kept++] = f;
		} else if (read_file(s, f)) {
			s->files[kept++] = f;
		} else {
			free_file(f);
		}
	}
	s->nfiles = kept;
	fileset_commit(s->set);
	for (size_t i = 0; i < s->nfiles; i++)
		say_twice(s, s->files[i]);
}

static void on_pass(evutil_socket_t fd, short what, void *arg)
{
	struct filesource *s = arg;

	(void)fd;
	(void)what;
	if (s->watch < 0) /* nothing to look at until it is found again */
		return;
	if (s->scan)
		scan(s);
	if (s->scan)
		return;
	read_files(s);
	if (s->handlers->on_batch_end != NULL)
		s->handlers->on_batch_end(s->arg);
	if (!s->synced) {
		s->synced = true;
		s->handlers->on_synced(s->arg);
	}
}

/* A file that is made is read when its writer closes it; links have no writer. */
static bool made_whole(struct filesource *s, const char *name)
{
	char *path = join(s->directory, name);
	struct stat st;
	bool whole = lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || st.st_nlink > 1);

	free(path);
	return whole;
}

static void on_notice(struct filesource *s, const struct inotify_event *e)
{
	if ((e->mask & IN_Q_OVERFLOW) != 0) {
		plan_scan(s);
		return;
	}
	if (e->wd != s->watch)
		return;
	if ((e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
		detach(s);
		return;
	}
	if (e->len == 0)
		return;
	if (strcmp(e->name, "..data") == 0) /* a volume of a ConfigMap was swapped */
		plan_scan(s);
	if (!wanted(s, e->name) || (e->mask & IN_ISDIR) != 0)
		return;
	if ((e->mask & IN_CREATE) != 0 && !made_whole(s, e->name))
		return;
	get_file(s, e->name)->dirty = true;
	plan(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct filesource *s = arg;
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t n;

	(void)what;
	while ((n = read((int)fd, buf, sizeof(buf))) > 0) {
		size_t at = 0;

		while (at < (size_t)n) {
			struct inotify_event e;

			memcpy(&e, buf + at, sizeof(e));
			on_notice(s,
				(const struct inotify_event *)(const void *)(buf + at));
			at += sizeof(e) + e.len;
		}
	}
}

/* Is the path a directory or a file in one? 0 or a negative errno. */
static int look(struct filesource *s)
{
	const char *slash = strrchr(s->path, '/');
	struct stat st;

	free(s->directory);
	free(s->only);
	s->only = NULL;
	s->directory = mem_dup(s->path, strlen(s->path));
	if (stat(s->path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	free(s->directory);
	if (slash == NULL)
		s->directory = mem_dup(".", 1);
	else
		s->directory = mem_dup(s->path, (size_t)MAX(slash - s->path, 1));
	slash = slash == NULL ? s->path : slash + 1;
	s->only = mem_dup(slash, strlen(slash));
	return 0;
}

static void on_attach(evutil_socket_t fd, short what, void *arg)
{
	struct filesource *s = arg;
	int ret = look(s);

	(void)fd;
	(void)what;
	if (ret == 0) {
		s->watch = inotify_add_watch(s->fd, s->directory, WATCHED | IN_ONLYDIR);
		ret = s->watch < 0 ? -errno : 0;
	}
	if (ret < 0) {
		say_errno(s, &s->logged, s->path, ret);
		event_add(s->attach, &retry);
		return;
	}
	s->logged = 0;
	s->scan = true;
	on_pass(-1, 0, s);
}

static void shut(struct filesource *s)
{
	struct event *const events[] = {s->readable, s->pass, s->attach};

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (s->fd >= 0)
		close(s->fd);
	for (size_t i = 0; i < s->nfiles; i++)
		free_file(s->files[i]);
	free(s->files);
	fileset_free(s->set);
	free(s->path);
	free(s->directory);
	free(s->only);
	free(s);
}

static char *without_slashes(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return mem_dup(path, n);
}

int filesource_open(struct event_base *base, const char *path,
	const struct filesource_handlers *handlers, void *arg, struct filesource **out)
{
	static const struct timeval now = {0};
	struct filesource *s = mem_alloc(1, sizeof(*s));
	int ret = 0;

	s->handlers = handlers;
	s->arg = arg;
	s->path = without_slashes(path);
	s->watch = -1;
	s->set = fileset_new(&set_handlers, s);
	s->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->fd < 0) {
		ret = -errno;
		goto out;
	}
	s->readable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	s->pass = evtimer_new(base, on_pass, s);
	s->attach = evtimer_new(base, on_attach, s);
	if (s->readable == NULL || s->pass == NULL || s->attach == NULL ||
		event_add(s->readable, NULL) < 0 || event_add(s->attach, &now) < 0) {
		ret = -ENOMEM;
		goto out;
	}
	*out = s;
out:
	if (ret < 0)
		shut(s);
	return ret;
}

void filesource_rescan(struct filesource *s)
{
	plan_scan(s);
}

void filesource_close(struct filesource *s)
{
	if (s != NULL)
		shut(s);
}
