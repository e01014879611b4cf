#include "controller/watchfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"

#define FILE_MAX ((size_t)1 << 20)

static uint64_t time_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

static struct watchfile_stamp stamp_of(const struct stat *st)
{
	return (struct watchfile_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified_ns = time_ns(&st->st_mtim),
		.changed_ns = time_ns(&st->st_ctim),
	};
}

static bool same(const struct watchfile_stamp *a, const struct watchfile_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* All octets of the file, owned by the caller; NULL with *error set. */
static char *read_octets(int fd, size_t size, int *error)
{
	char *text = mem_alloc(size + 1, 1);
	size_t at = 0;

	while (at < size) {
		ssize_t n = read(fd, text + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*error = n < 0 ? errno : EAGAIN; /* it has become shorter */
			free(text);
			return NULL;
		}
		at += (size_t)n;
	}
	return text;
}

/* As read_octets(), of the file that has this stamp; EAGAIN: it is another by now. */
static char *read_file(const struct watchfile *f, const struct watchfile_stamp *stamp,
	size_t *len, int *error)
{
	const size_t max = f->max > 0 ? f->max : FILE_MAX;
	char *text = NULL;
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hold the loop. */
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		*error = errno;
		goto out;
	}
	struct watchfile_stamp found = stamp_of(&st);
	*len = (size_t)st.st_size;
	*error = S_ISDIR(st.st_mode)    ? EISDIR
	         : !S_ISREG(st.st_mode) ? EINVAL
	         : *len > max           ? EFBIG
	         : !same(&found, stamp) ? EAGAIN
	                                : 0;
	if (*error == 0)
		text = read_octets(fd, *len, error);
	if (text != NULL && fstat(fd, &st) == 0) {
		found = stamp_of(&st);
		if (!same(&found, stamp)) {
			*error = EAGAIN;
			free(text);
			text = NULL;
		}
	}
out:
	if (fd >= 0)
		close(fd);
	return text;
}

/* Read what has this stamp, as f->read from now on. */
static int load(struct watchfile *f, const struct watchfile_stamp *stamp, char **text,
	size_t *len)
{
	int error = (int)stamp->error;

	*text = NULL;
	if (error == 0)
		*text = read_file(f, stamp, len, &error);
	if (*text == NULL && error == EAGAIN) {
		f->seen = (struct watchfile_stamp){0};
		return 0;
	}
	f->read = f->seen = *stamp;
	return *text != NULL ? 1 : -error;
}

static struct watchfile_stamp look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct watchfile_stamp){.error = (uint64_t)errno};
	return stamp_of(&st);
}

int watchfile_set(struct watchfile *f, const char *path, char **text, size_t *len)
{
	char *copy = mem_dup(path, strlen(path));

	free(f->path);
	*f = (struct watchfile){.path = copy, .max = f->max};
	struct watchfile_stamp now = look(f->path);
	return load(f, &now, text, len);
}

int watchfile_look(struct watchfile *f, char **text, size_t *len)
{
	struct watchfile_stamp now;

	if (f->path == NULL)
		return 0;
	now = look(f->path);
	if (same(&now, &f->read))
		return 0;
	if (!same(&now, &f->seen)) {
		f->seen = now;
		return 0;
	}
	return load(f, &now, text, len);
}

bool watchfile_changed(struct watchfile *f)
{
	struct watchfile_stamp now;

	if (f->path == NULL)
		return false;
	now = look(f->path);
	bool changed = !same(&now, &f->read) && same(&now, &f->seen);
	f->seen = now;
	return changed;
}

bool watchfile_settling(const struct watchfile *f)
{
	return !same(&f->seen, &f->read);
}

const char *watchfile_reason(int error)
{
	return error == -EINVAL  ? "not a regular file"
	       : error == -EFBIG ? "larger than 1 MiB"
	                         : strerror(-error);
}

void watchfile_fini(struct watchfile *f)
{
	free(f->path);
	*f = (struct watchfile){0};
}
