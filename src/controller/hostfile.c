#include "controller/hostfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define BAD_LINES_MAX 10 /* that the log shows of a file */

/* ---- what is said ---- */

static void say_errno(const struct hostfile *f, int error)
{
	log_line(LOG_ERROR, "hosts %s: %s; looked for again, until then %s", f->file.path,
		watchfile_reason(error),
		f->text != NULL ? "its former names stand" : "it has no names");
}

/* Lines of the file that are skipped. */
struct saying {
	const char *path;
	unsigned n;
};

static void on_bad(void *arg, unsigned line, const char *text)
{
	struct saying *s = arg;

	if (s->n++ < BAD_LINES_MAX)
		log_line(LOG_WARNING, "hosts %s:%u: %s; the line is skipped", s->path,
			line, text);
}

/* ---- reading ---- */

/* What watchfile_set() or watchfile_look() gave. True: it says something else. */
static bool load(struct hostfile *f, int got, char *text, size_t len)
{
	if (got < 0)
		say_errno(f, got);
	if (got <= 0)
		return false;
	bool other = f->text == NULL || f->len != len || memcmp(f->text, text, len) != 0;

	free(f->text);
	f->text = text;
	f->len = len;
	return other;
}

void hostfile_set(struct hostfile *f, const struct conf_hosts *c, uint64_t now_ns)
{
	bool same = f->file.path != NULL && strcmp(f->file.path, c->file) == 0;
	char *text = NULL;
	size_t len = 0;

	if (!same)
		hostfile_fini(f);
	if (c->file[0] == '\0')
		return;
	f->every_ns = c->reload_ns;
	f->next_ns = now_ns + f->every_ns;
	int got = watchfile_set(&f->file, c->file, &text, &len);
	load(f, got, text, len);
}

/*
 * One look sees that the file has changed, the next that it has settled: that one is not
 * put off.
 */
bool hostfile_look(struct hostfile *f, uint64_t now_ns)
{
	char *text = NULL;
	size_t len = 0;

	if (f->every_ns == 0 || now_ns < f->next_ns)
		return false;
	int got = watchfile_look(&f->file, &text, &len);
	if (!watchfile_settling(&f->file))
		f->next_ns = now_ns + f->every_ns;
	return load(f, got, text, len);
}

struct hostset *hostfile_take(
	const struct hostfile *f, const struct conf_hosts *c, const struct hash_key *key)
{
	struct hostset *set = hostset_new(c, key);
	struct saying saying = {.path = f->file.path};

	if (f->text != NULL)
		hostset_add(set, f->text, f->len, on_bad, &saying);
	if (saying.n > BAD_LINES_MAX)
		log_line(LOG_WARNING, "hosts %s: %u lines are skipped", saying.path,
			saying.n);
	for (size_t i = 0; i < c->nlines; i++)
		hostset_add_line(set, c->lines[i]);
	hostset_finish(set);
	log_line(LOG_INFO, "hosts read file=%s records=%zu",
		f->text != NULL ? f->file.path : "none", set->n);
	return set;
}

void hostfile_fini(struct hostfile *f)
{
	watchfile_fini(&f->file);
	free(f->text);
	*f = (struct hostfile){0};
}
