#include "controller/zonedir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "conf/dirzone.h"

/* ---- what is said ---- */

static void say(struct zonedir_file *f, enum log_level level, const char *why)
{
	char quoted[512];

	if (f->said != NULL && strcmp(f->said, why) == 0)
		return;
	free(f->said);
	f->said = mem_dup(why, strlen(why));
	log_line(level, "zones %s: %s", log_quote(f->path, quoted, sizeof(quoted)), why);
}

void zonedir_refuse(struct zonedir_file *f, const char *why)
{
	if (why != NULL) {
		say(f, LOG_ERROR, why);
		return;
	}
	free(f->said);
	f->said = NULL;
}

static void say_error(struct zonedir *d, int error)
{
	char quoted[512];
	bool any = false;

	if (error == d->error)
		return;
	for (size_t i = 0; i < d->n; i++)
		any |= d->files[i].counts;
	log_line(LOG_ERROR, "zones %s: %s; looked for again, %s",
		log_quote(d->path, quoted, sizeof(quoted)),
		error == -E2BIG ? "more than 10000 files" : strerror(-error),
		any ? "what was there before stands" : "until then it has no zones");
}

/* ---- the walk ---- */

struct walk {
	struct zonedir *d;
	size_t known; /* of its files, in order; those behind them are new */
	size_t left;  /* entries that may be looked at */
};

/* Nearer ones first: a copy in a directory below does not take a zone over. */
static int by_place(const void *x, const void *y)
{
	const struct zonedir_file *a = x, *b = y;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* The file of that path, listed; it takes over the path. */
static struct zonedir_file *list(struct walk *w, char *path, unsigned depth)
{
	struct zonedir *d = w->d;
	const struct zonedir_file key = {.path = path, .depth = depth};
	struct zonedir_file *f = NULL;

	if (w->known > 0)
		f = bsearch(&key, d->files, w->known, sizeof(*d->files), by_place);
	if (f == NULL) {
		d->files = mem_resize(d->files, d->n + 1, sizeof(*d->files));
		f = &d->files[d->n++];
		*f = key;
	} else {
		free(path);
	}
	f->listed = true;
	f->why = NULL;
	f->ignored = false;
	return f;
}

static bool is_below(const char *path, const char *directory)
{
	const size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/';
}

/* Nothing is known of what is below: it is as it was. */
static void hold(struct walk *w, const char *directory)
{
	for (size_t i = 0; i < w->known; i++) {
		struct zonedir_file *f = &w->d->files[i];

		if (f->counts && is_below(f->path, directory)) {
			f->listed = true;
			f->why = NULL;
		}
	}
}

/*
 * Why a file whose name is that of a zone is none; NULL: it is one. One whose content has
 * changed since the last look is not settled.
 */
static const char *look_into(struct zonedir_file *f)
{
	struct stat st;

	if (stat(f->path, &st) < 0)
		return errno == ENOENT || errno == ELOOP
		               ? "is a link that leads nowhere"
		               : NULL; /* who reads it says what it is */
	if (S_ISDIR(st.st_mode))
		return "is a link to a directory, which is not followed";
	if (!S_ISREG(st.st_mode))
		return "is no regular file";
	if (!f->counts &&
		(st.st_size != f->size || st.st_ctim.tv_sec != f->changed.tv_sec ||
			st.st_ctim.tv_nsec != f->changed.tv_nsec))
		f->turning = false;
	f->size = st.st_size;
	f->changed = st.st_ctim;
	return NULL;
}

static void list_file(struct walk *w, char *path, unsigned depth)
{
	struct zonedir_file *f = list(w, path, depth);

	switch (dirzone_name(
		&w->d->re, w->d->name, strrchr(f->path, '/') + 1, &f->name)) {
	case DIRZONE_NAMED:
		f->why = look_into(f);
		break;
	case DIRZONE_LEFTOVER:
		f->why = "is what an editor or a program left";
		f->ignored = true;
		break;
	case DIRZONE_OTHER:
		f->why = "has a name that zones.pattern does not match";
		f->ignored = true;
		break;
	case DIRZONE_NO_NAME:
		f->why = "has a name that makes no name of a zone";
		break;
	}
}

static int walk(struct walk *w, const char *directory, unsigned depth);

/* A directory below. What is wrong with it concerns what is in it alone. */
static int list_directory(struct walk *w, char *path, unsigned depth)
{
	const char *why = "is a directory too deep: 8 are followed";
	int ret = 0;

	if (depth < ZONEDIR_DEPTH_MAX) {
		ret = walk(w, path, depth + 1);
		why = ret == -EACCES ? "is a directory that may not be read"
		                     : "is a directory that cannot be read";
		if (ret < 0 && ret != -ENOENT && ret != -E2BIG)
			hold(w, path);
		else
			why = NULL;
	}
	if (why != NULL)
		list(w, path, depth)->why = why;
	else
		free(path);
	return ret == -E2BIG ? ret : 0;
}

static char *join(const char *directory, const char *name)
{
	const size_t n = strlen(directory), len = strlen(name);
	char *path = mem_alloc(n + len + 2, 1);

	memcpy(path, directory, n);
	path[n] = '/';
	memcpy(path + n + 1, name, len);
	return path;
}

/* An entry of a directory; one that has gone since is none. */
static int look_at(
	struct walk *w, const char *directory, const char *name, unsigned depth)
{
	struct stat st;
	char *path;

	if (name[0] == '.') /* hidden, or of a volume of a ConfigMap */
		return 0;
	if (w->left == 0)
		return -E2BIG;
	w->left--;
	path = join(directory, name);
	if (lstat(path, &st) < 0) {
		free(path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return list_directory(w, path, depth);
	list_file(w, path, depth);
	return 0;
}

static int walk(struct walk *w, const char *directory, unsigned depth)
{
	DIR *dir = opendir(directory);
	struct dirent *e;
	int ret = 0;

	if (dir == NULL)
		return -errno;
	for (errno = 0; ret == 0 && (e = readdir(dir)) != NULL; errno = 0)
		ret = look_at(w, directory, e->d_name, depth);
	if (ret == 0)
		ret = -errno;
	closedir(dir);
	return ret;
}

/* ---- what counts ---- */

static void free_file(struct zonedir_file *f)
{
	free(f->path);
	free(f->said);
}

/* True if a file counts that did not, or the other way; `at_once`: one look is enough. */
static bool settle(struct zonedir_file *f, bool at_once)
{
	const bool now = f->listed && f->why == NULL;
	const bool turns = now != f->counts && (f->turning || at_once);

	f->turning = now != f->counts && !turns;
	if (turns)
		f->counts = now;
	if (f->listed && f->why != NULL && !f->turning)
		say(f, f->ignored ? LOG_DEBUG : LOG_ERROR, f->why);
	return turns;
}

/* Walk the directory. *pending: something has to be seen once more. */
static bool look(struct zonedir *d, bool at_once, bool *pending)
{
	struct walk w = {.d = d, .known = d->n, .left = ZONEDIR_ENTRIES_MAX};
	bool any = false;
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++)
		d->files[i].listed = false;
	int ret = walk(&w, d->path, 0);
	if (d->n > 0)
		qsort(d->files, d->n, sizeof(*d->files), by_place);
	if (ret < 0)
		say_error(d, ret);
	d->error = ret;
	*pending = ret < 0 && ret != -E2BIG; /* which may take its time */
	if (ret < 0)
		return false;
	for (size_t i = 0; i < d->n; i++) {
		struct zonedir_file *f = &d->files[i];

		any |= settle(f, at_once);
		*pending |= f->turning;
		if (f->listed || f->counts || f->turning)
			d->files[kept++] = *f;
		else
			free_file(f);
	}
	d->n = kept;
	return any;
}

bool zonedir_look(struct zonedir *d, uint64_t now_ns)
{
	bool pending;

	if (d->path == NULL || d->every_ns == 0 || now_ns < d->next_ns)
		return false;
	bool any = look(d, false, &pending);
	if (!pending)
		d->next_ns = now_ns + d->every_ns;
	return any;
}

unsigned zonedir_refused(const struct zonedir *d)
{
	unsigned n = d->error != 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->files[i].said != NULL && !d->files[i].ignored;
	return n;
}

/* ---- configuration ---- */

/* conf_parse() has checked the pattern. */
static bool begin(struct zonedir *d, const struct conf *c)
{
	char why[128];

	if (!pattern_groups(c->zones.pattern, &d->re, why, sizeof(why)))
		return false;
	d->path = mem_dup(c->zones.directory, strlen(c->zones.directory));
	d->name = mem_dup(c->zones.name, strlen(c->zones.name));
	d->every_ns = c->zones.rescan_ns;
	return true;
}

void zonedir_set(struct zonedir *d, const struct conf *c, uint64_t now_ns)
{
	struct zonedir old = *d;
	bool pending;

	*d = (struct zonedir){0};
	if (c->zones.directory != NULL && c->zones.directory[0] != '\0' && begin(d, c)) {
		if (old.path != NULL && strcmp(old.path, d->path) == 0) {
			d->files = old.files;
			d->n = old.n;
			old.files = NULL;
			old.n = 0;
			for (size_t i = 0; i < d->n; i++)
				zonedir_refuse(&d->files[i], NULL); /* it is said anew */
		}
		look(d, true, &pending);
		d->next_ns = pending ? now_ns : now_ns + d->every_ns;
	}
	zonedir_fini(&old);
}

void zonedir_fini(struct zonedir *d)
{
	for (size_t i = 0; i < d->n; i++)
		free_file(&d->files[i]);
	free(d->files);
	if (d->path != NULL)
		regfree(&d->re);
	free(d->path);
	free(d->name);
	*d = (struct zonedir){0};
}
