#include "controller/weightfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "controller/weightlist.h"

#define FILE_MAX ((off_t)1 << 20) /* more than a full table takes */

static uint64_t time_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

static struct weightfile_stamp stamp_of(const struct stat *st)
{
	return (struct weightfile_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified_ns = time_ns(&st->st_mtim),
		.changed_ns = time_ns(&st->st_ctim),
	};
}

static bool same(const struct weightfile_stamp *a, const struct weightfile_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- what is said ---- */

static const char *standing(const struct weightfile *f)
{
	return f->now->nnames > 0 ? "the former weights stand" : "all weights are 1";
}

static void say_errno(const struct weightfile *f, int error)
{
	const char *why = error == EINVAL  ? "not a regular file"
	                  : error == EFBIG ? "larger than 1 MiB"
	                                   : strerror(error);

	log_line(LOG_ERROR, "weights %s: %s; looked for again, until then %s", f->path,
		why, standing(f));
}

static void say_error(const struct weightfile *f, const struct weightlist_error *e)
{
	log_line(LOG_ERROR, "weights %s:%u:%u: %s; %s", f->path, e->line, e->column,
		e->text, standing(f));
}

/* ---- reading ---- */

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
static char *read_file(
	const char *path, const struct weightfile_stamp *stamp, size_t *len, int *error)
{
	char *text = NULL;
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hold the loop. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		*error = errno;
		goto out;
	}
	struct weightfile_stamp found = stamp_of(&st);
	*len = (size_t)st.st_size;
	*error = S_ISDIR(st.st_mode)     ? EISDIR
	         : !S_ISREG(st.st_mode)  ? EINVAL
	         : st.st_size > FILE_MAX ? EFBIG
	         : !same(&found, stamp)  ? EAGAIN
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

/* Take the table over. True: it is another one. */
static bool take(struct weightfile *f, struct weights *fresh)
{
	bool other = fresh->nnames != f->now->nnames || fresh->naddrs != f->now->naddrs ||
	             memcmp(fresh->name, f->now->name,
			     fresh->nnames * sizeof(fresh->name[0])) != 0 ||
	             memcmp(fresh->addr, f->now->addr,
			     fresh->naddrs * sizeof(fresh->addr[0])) != 0;

	free(f->now);
	f->now = fresh;
	log_line(LOG_INFO, "weights read file=%s names=%u addresses=%u", f->path,
		(unsigned)fresh->nnames, (unsigned)fresh->naddrs);
	return other;
}

static bool parse(struct weightfile *f, const char *text, size_t len)
{
	struct weights *fresh = mem_alloc(1, sizeof(*fresh));
	struct weightlist_error e;

	if (weightlist_parse(text, len, &f->key, fresh, &e) < 0) {
		say_error(f, &e);
		free(fresh);
		return false;
	}
	if (e.line != 0)
		log_line(LOG_WARNING, "weights %s:%u:%u: %s", f->path, e.line, e.column,
			e.text);
	return take(f, fresh);
}

/* Read what has this stamp, as f->read from now on. */
static bool load(struct weightfile *f, const struct weightfile_stamp *stamp)
{
	int error = (int)stamp->error;
	bool changed = false;
	size_t len = 0;
	char *text = NULL;

	if (error == 0)
		text = read_file(f->path, stamp, &len, &error);
	if (text == NULL && error == EAGAIN) {
		f->seen = (struct weightfile_stamp){0};
		return false;
	}
	f->read = f->seen = *stamp;
	if (text == NULL)
		say_errno(f, error);
	else
		changed = parse(f, text, len);
	free(text);
	return changed;
}

static struct weightfile_stamp look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct weightfile_stamp){.error = (uint64_t)errno};
	return stamp_of(&st);
}

void weightfile_set(struct weightfile *f, const char *path, const struct hash_key *key)
{
	struct weightfile_stamp now;

	if (path[0] == '\0') {
		weightfile_fini(f);
		return;
	}
	free(f->path);
	f->path = mem_dup(path, strlen(path));
	f->key = *key;
	if (f->now == NULL)
		f->now = mem_alloc(1, sizeof(*f->now));
	f->read = (struct weightfile_stamp){0};
	now = look(f->path);
	load(f, &now);
}

bool weightfile_look(struct weightfile *f)
{
	struct weightfile_stamp now;

	if (f->path == NULL)
		return false;
	now = look(f->path);
	if (same(&now, &f->read))
		return false;
	if (!same(&now, &f->seen)) {
		f->seen = now;
		return false;
	}
	return load(f, &now);
}

void weightfile_fini(struct weightfile *f)
{
	free(f->path);
	free(f->now);
	*f = (struct weightfile){0};
}
