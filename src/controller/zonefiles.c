#include "controller/zonefiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "controller/records/zonechain.h"

#define TEXTS_MAX 64 /* files of one zone */

/* ---- what is said ---- */

static void say_fault(const struct zonefile *z, const struct zoneparse_fault *f)
{
	const char *now = z->set != NULL ? "what it said last stands"
	                                 : "the zone is answered with SERVFAIL";
	char quoted[512];

	if (f->line > 0)
		log_line(LOG_ERROR, "zone %s:%u:%u: %s; %s", f->path, f->line, f->column,
			f->why, now);
	else
		log_line(LOG_ERROR, "zone %s: %s; %s",
			log_quote(f->path, quoted, sizeof(quoted)), f->why, now);
}

static void say_errno(const struct zonefile *z, int error)
{
	log_line(LOG_ERROR, "zone %s: %s; looked for again, until then %s", z->path,
		error == -EFBIG ? "larger than 16 MiB" : watchfile_reason(error),
		z->set != NULL ? "what it said last stands"
			       : "the zone is answered with SERVFAIL");
}

/* A signed zone whose denials validators will not believe is served as it is. */
static void say_chain(const char *zone, struct zonechain c)
{
	if (c.kind == ZONECHAIN_ABSENT)
		log_line(LOG_WARNING,
			"zone %s is signed, but has neither NSEC nor NSEC3 that prove "
			"what does not exist: validators will refuse such answers",
			zone);
	else if (c.kind == ZONECHAIN_ITERATIONS)
		log_line(LOG_WARNING,
			"zone %s: its NSEC3 has %u iterations, of which %u are done at "
			"most (RFC 9276): what does not exist is answered without "
			"proofs, which validators will refuse; sign it with 0",
			zone, (unsigned)c.params.iterations, NSEC3_ITERATIONS_MAX);
}

static void say_read(const struct zonefile *z)
{
	char text[NAME_TEXT_MAX];

	name_text(z->name.wire, z->name.len, text, sizeof(text));
	log_line(LOG_INFO, "zone read zone=%s file=%s records=%zu", text, z->path,
		z->set->n);
	say_chain(text, zonechain_of(z->set));
}

/* ---- $INCLUDE ---- */

static char *beside(const char *from, const char *target, size_t len)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash == NULL || (len > 0 && target[0] == '/')
	                     ? 0
	                     : (size_t)(slash - from) + 1;
	char *path = mem_alloc(dir + len + 1, 1);

	memcpy(path, from, dir);
	memcpy(path + dir, target, len);
	return path;
}

/* True if `path`, all links followed, is below base_dir or the zone's directory. */
static bool within(const struct zonefile *z, const char *path)
{
	char *base = z->base_dir[0] != '\0' ? mem_dup(z->base_dir, strlen(z->base_dir))
	                                    : beside(z->path, ".", 1);
	char *real = realpath(path, NULL), *root = realpath(base, NULL);
	size_t n = root == NULL ? 0 : strlen(root);
	bool ok = real != NULL && root != NULL && strncmp(real, root, n) == 0 &&
	          (real[n] == '/' || strcmp(root, "/") == 0);

	free(base);
	free(real);
	free(root);
	return ok;
}

static struct zonefiles_text *find_text(struct zonefile *z, const char *path)
{
	for (size_t i = 0; i < z->ntexts; i++)
		if (strcmp(z->texts[i].file.path, path) == 0)
			return &z->texts[i];
	return NULL;
}

static void free_text(struct zonefiles_text *t)
{
	watchfile_fini(&t->file);
	free(t->text);
	*t = (struct zonefiles_text){0};
}

/* Read a text of the zone; NULL with *error: it cannot be read. It is watched anyway. */
static struct zonefiles_text *add_text(struct zonefile *z, const char *path, int *error)
{
	struct zonefiles_text *t;

	z->texts = mem_resize(z->texts, z->ntexts + 1, sizeof(*z->texts));
	t = &z->texts[z->ntexts++];
	*t = (struct zonefiles_text){.file = {.max = ZONEFILES_OCTETS_MAX}};
	*error = watchfile_set(&t->file, path, &t->text, &t->len);
	return *error > 0 ? t : NULL;
}

/* What watchfile_set() says of an included file, as words behind its name. */
static const char *unread(int error)
{
	switch (error) {
	case 0:
		return "is changing just now";
	case -ENOENT:
		return "cannot be read: there is no such file";
	case -EACCES:
		return "cannot be read: permission denied";
	case -EFBIG:
		return "cannot be read: it is larger than 16 MiB";
	default:
		return "cannot be read";
	}
}

static const char *on_include(void *arg, const char *from, const char *target, size_t len,
	struct zoneparse_text *out)
{
	struct zonefile *z = arg;
	char *path = beside(from, target, len);
	struct zonefiles_text *t = find_text(z, path);
	const char *why = NULL;
	int error = 0;

	if (len == 0 || memchr(target, '\0', len) != NULL)
		why = "is no name of a file";
	else if (t == NULL && z->ntexts == TEXTS_MAX)
		why = "is one file too many: a zone may have 64";
	else if (t == NULL) {
		t = add_text(z, path, &error);
		if (t == NULL)
			why = unread(error);
		else if (!within(z, path))
			why = "is not followed: it is outside of base_dir";
	} else if (t->text == NULL) {
		why = "cannot be read";
	}
	if (why == NULL)
		*out = (struct zoneparse_text){t->file.path, t->text, t->len};
	free(path);
	return why;
}

/* ---- reading ---- */

static void forget_texts(struct zonefile *z)
{
	for (size_t i = 0; i < z->ntexts; i++)
		free_text(&z->texts[i]);
	z->ntexts = 0;
}

/* Texts are needed while they are read only; that they change is seen without them. */
static void drop_octets(struct zonefile *z)
{
	for (size_t i = 0; i < z->ntexts; i++) {
		free(z->texts[i].text);
		z->texts[i].text = NULL;
	}
}

/* Read all of it anew. True: z->set is another. */
static bool load(struct zonefile *z)
{
	struct zoneparse_fault fault = {0};
	struct zonefiles_text *t;
	struct zoneset *set;
	int error;

	forget_texts(z);
	t = add_text(z, z->path, &error);
	if (t == NULL) {
		if (error < 0)
			say_errno(z, error);
		z->failed = error < 0;
		return false;
	}
	const struct zoneparse_text text = {t->file.path, t->text, t->len};
	set = zoneset_read(&z->name, &text, on_include, z, &fault);
	drop_octets(z);
	z->failed = set == NULL;
	if (set == NULL) {
		say_fault(z, &fault);
		return false;
	}
	zoneset_free(z->old);
	z->old = z->set;
	z->set = set;
	say_read(z);
	return true;
}

/* True if one of the texts has changed and settled. */
static bool changed(struct zonefile *z, bool *settling)
{
	bool any = false;

	*settling = false;
	for (size_t i = 0; i < z->ntexts; i++) {
		struct watchfile *f = &z->texts[i].file;

		any |= watchfile_changed(f);
		*settling |= watchfile_settling(f);
	}
	return any;
}

bool zonefiles_look(
	struct zonefiles *z, uint64_t now_ns, zonefiles_on_new on_new, void *arg)
{
	bool any = false;

	for (size_t i = 0; i < z->n; i++) {
		struct zonefile *f = &z->zone[i];
		bool settling, fresh;

		zoneset_free(f->old);
		f->old = NULL;
		if (f->every_ns == 0 || now_ns < f->next_ns)
			continue;
		fresh = changed(f, &settling);
		if (!settling || fresh)
			f->next_ns = now_ns + f->every_ns;
		if (fresh && load(f)) {
			on_new(arg, i, f->set);
			any = true;
		}
	}
	return any;
}

unsigned zonefiles_failed(const struct zonefiles *z)
{
	unsigned n = 0;

	for (size_t i = 0; i < z->n; i++)
		n += z->zone[i].failed;
	return n;
}

/* ---- configuration ---- */

static void fini_zone(struct zonefile *z)
{
	forget_texts(z);
	free(z->texts);
	free(z->path);
	free(z->base_dir);
	zoneset_free(z->set);
	zoneset_free(z->old);
	*z = (struct zonefile){0};
}

/* Take over what the same zone of the same file had. */
static void inherit(struct zonefile *z, struct zonefiles *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct zonefile *f = &from->zone[i];

		if (f->set == NULL || strcmp(f->path, z->path) != 0 ||
			!name_equal(f->name.wire, f->name.len, z->name.wire, z->name.len))
			continue;
		z->set = f->set;
		f->set = NULL;
		return;
	}
}

void zonefiles_set(struct zonefiles *z, const struct conf *c, uint64_t now_ns,
	zonefiles_on_new on_new, void *arg)
{
	struct zonefiles old = *z;

	*z = (struct zonefiles){.n = c->nzone};
	if (c->nzone > 0)
		z->zone = mem_alloc(c->nzone, sizeof(*z->zone));
	for (size_t i = 0; i < c->nzone; i++) {
		const struct conf_zone *from = &c->zone[i];
		struct zonefile *f = &z->zone[i];

		*f = (struct zonefile){.name = from->name,
			.path = mem_dup(from->file, strlen(from->file)),
			.base_dir = mem_dup(c->base_dir, strlen(c->base_dir)),
			.every_ns = from->reload_ns,
			.next_ns = now_ns + from->reload_ns};
		inherit(f, &old);
		load(f);
		if (f->set != NULL)
			on_new(arg, i, f->set);
	}
	zonefiles_fini(&old);
}

void zonefiles_fini(struct zonefiles *z)
{
	for (size_t i = 0; i < z->n; i++)
		fini_zone(&z->zone[i]);
	free(z->zone);
	*z = (struct zonefiles){0};
}
