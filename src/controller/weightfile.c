#include "controller/weightfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "controller/weightlist.h"

/* ---- what is said ---- */

static const char *standing(const struct weightfile *f)
{
	return f->now->nnames > 0 ? "the former weights stand" : "all weights are 1";
}

static void say_errno(const struct weightfile *f, int error)
{
	log_line(LOG_ERROR, "weights %s: %s; looked for again, until then %s",
		f->file.path, watchfile_reason(error), standing(f));
}

static void say_error(const struct weightfile *f, const struct weightlist_error *e)
{
	log_line(LOG_ERROR, "weights %s:%u:%u: %s; %s", f->file.path, e->line, e->column,
		e->text, standing(f));
}

/* ---- reading ---- */

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
	log_line(LOG_INFO, "weights read file=%s names=%u addresses=%u", f->file.path,
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
		log_line(LOG_WARNING, "weights %s:%u:%u: %s", f->file.path, e.line,
			e.column, e.text);
	return take(f, fresh);
}

/* What watchfile_set() or watchfile_look() gave. True: other weights. */
static bool load(struct weightfile *f, int got, char *text, size_t len)
{
	bool changed = false;

	if (got < 0)
		say_errno(f, got);
	else if (got > 0)
		changed = parse(f, text, len);
	free(text);
	return changed;
}

void weightfile_set(struct weightfile *f, const char *path, const struct hash_key *key)
{
	char *text = NULL;
	size_t len = 0;

	if (path[0] == '\0') {
		weightfile_fini(f);
		return;
	}
	f->key = *key;
	if (f->now == NULL)
		f->now = mem_alloc(1, sizeof(*f->now));
	int got = watchfile_set(&f->file, path, &text, &len);
	load(f, got, text, len);
}

bool weightfile_look(struct weightfile *f)
{
	char *text = NULL;
	size_t len = 0;
	int got = watchfile_look(&f->file, &text, &len);

	return load(f, got, text, len);
}

void weightfile_fini(struct weightfile *f)
{
	watchfile_fini(&f->file);
	free(f->now);
	*f = (struct weightfile){0};
}
