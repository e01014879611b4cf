#include "controller/zonefiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/dirzone.h"
#include "controller/records/zonechain.h"

#define TEXTS_MAX  64  /* files of one zone */
#define QUOTED_MAX 512 /* of a path in a line of the log */

/* ---- what is said ---- */

static void say_fault(const struct zonefile *z, const struct zoneparse_fault *f)
{
	const char *now = z->set != NULL ? "what it said last stands"
	                                 : "the zone is answered with SERVFAIL";
	char quoted[QUOTED_MAX];
	const char *path = log_quote(f->path, quoted, sizeof(quoted));

	if (f->line > 0)
		log_line(LOG_ERROR, "zone %s:%u:%u: %s; %s", path, f->line, f->column,
			f->why, now);
	else
		log_line(LOG_ERROR, "zone %s: %s; %s", path, f->why, now);
}

static void say_errno(const struct zonefile *z, int error)
{
	char quoted[QUOTED_MAX];

	log_line(LOG_ERROR, "zone %s: %s; looked for again, until then %s",
		log_quote(z->path, quoted, sizeof(quoted)),
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
	char text[NAME_TEXT_MAX], quoted[QUOTED_MAX];

	name_text(z->name.wire, z->name.len, text, sizeof(text));
	log_line(LOG_INFO, "zone read zone=%s file=%s records=%zu", text,
		log_quote(z->path, quoted, sizeof(quoted)), z->set->n);
	say_chain(text, zonechain_of(z->set));
}

static void say_gone(const struct zonefile *z)
{
	char text[NAME_TEXT_MAX], quoted[QUOTED_MAX];

	name_text(z->name.wire, z->name.len, text, sizeof(text));
	log_line(LOG_INFO, "zone gone zone=%s file=%s", text,
		log_quote(z->path, quoted, sizeof(quoted)));
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
		z->failed = error < 0 && (error != -ENOENT || !z->found);
		if (z->failed)
			say_errno(z, error);
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

unsigned zonefiles_failed(const struct zonefiles *z)
{
	unsigned n = 0;

	for (size_t i = 0; i < z->n; i++)
		n += z->zone[i].failed;
	return n;
}

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

/* ---- which zones there are ---- */

static bool is_of(const struct zonefile *z, const struct name *name)
{
	return name_equal(z->name.wire, z->name.len, name->wire, name->len);
}

/* The zone of that name among the first `n`; NULL: there is none. */
static struct zonefile *find_zone(
	struct zonefile *zones, size_t n, const struct name *name)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(&zones[i], name))
			return &zones[i];
	return NULL;
}

static void add_zone(struct zonefiles *z, const struct name *name, const char *path,
	uint64_t every_ns, bool fallthrough, bool found)
{
	const char *base = z->conf->base_dir;

	z->zone[z->n++] = (struct zonefile){.name = *name,
		.path = mem_dup(path, strlen(path)),
		.base_dir = mem_dup(base, strlen(base)),
		.every_ns = every_ns,
		.fallthrough = fallthrough,
		.found = found};
}

/* A file of the directory, if its zone is nobody's yet and there is room. */
static void add_found(struct zonefiles *z, struct zonedir_file *f, size_t room)
{
	const struct zonefile *other = find_zone(z->zone, z->n, &f->name);
	const char *why = dirzone_taken(z->conf, &f->name);
	struct mem_buf text = {0};

	if (why != NULL) {
		mem_buf_put(&text, "its zone ", 9);
		mem_buf_put(&text, why, strlen(why) + 1);
	} else if (other != NULL) {
		static const char same[] = "is of the same zone as ";

		mem_buf_put(&text, same, sizeof(same) - 1);
		mem_buf_put(&text, other->path, strlen(other->path) + 1);
	} else if (z->n >= room) {
		static const char many[] = "is one zone too many: 255 are the most, with "
					   "those of `zone` and kubernetes.zones";

		mem_buf_put(&text, many, sizeof(many));
	} else {
		add_zone(z, &f->name, f->path, z->conf->zones.rescan_ns,
			z->conf->zones.fallthrough, true);
	}
	zonedir_refuse(f, (const char *)text.data);
	mem_buf_fini(&text);
}

/* Those of the configuration, then those of the directory. */
static void list_zones(struct zonefiles *z)
{
	const struct conf *c = z->conf;
	const size_t cluster = c->kubernetes.nzones;
	const size_t room = cluster < SETTINGS_ZONES_MAX ? SETTINGS_ZONES_MAX - cluster
	                                                 : 0;

	z->n = 0;
	z->zone = mem_alloc(MAX(room, c->nzone) + 1, sizeof(*z->zone));
	for (size_t i = 0; i < c->nzone; i++)
		add_zone(z, &c->zone[i].name, c->zone[i].file, c->zone[i].reload_ns,
			c->zone[i].fallthrough, false);
	for (size_t i = 0; i < z->dir.n; i++)
		if (z->dir.files[i].counts)
			add_found(z, &z->dir.files[i], room);
}

/*
 * Take over what the zone of that name had, `old`. The same file need not be read again;
 * of another one, only what it said stands until this one is read.
 */
static bool inherit(struct zonefile *z, struct zonefile *old, bool all)
{
	const bool same = strcmp(old->path, z->path) == 0;

	z->set = old->set;
	old->set = NULL;
	if (!same || !all)
		return false;
	z->texts = old->texts;
	z->ntexts = old->ntexts;
	z->next_ns = old->next_ns;
	z->failed = old->failed;
	old->texts = NULL;
	old->ntexts = 0;
	return true;
}

static void read_now(struct zonefile *z, uint64_t now_ns)
{
	z->next_ns = load(z) ? now_ns + z->every_ns : now_ns;
}

static void tell(
	const struct zonefiles *z, const struct zonefiles_handlers *handlers, void *arg)
{
	struct file_zone *zones = mem_alloc(z->n + 1, sizeof(*zones));

	for (size_t i = 0; i < z->n; i++)
		zones[i] = (struct file_zone){z->zone[i].name, z->zone[i].fallthrough};
	handlers->on_zones(arg, zones, z->n);
	free(zones);
	for (size_t i = 0; i < z->n; i++)
		if (z->zone[i].set != NULL)
			handlers->on_new(arg, i, z->zone[i].set);
}

/* Begin with the zones that there are now. `again`: all files are read. */
static void renew(struct zonefiles *z, bool again, uint64_t now_ns,
	const struct zonefiles_handlers *handlers, void *arg)
{
	struct zonefile *old = z->zone;
	const size_t n = z->n;

	list_zones(z);
	for (size_t i = 0; i < z->n; i++) {
		struct zonefile *f = find_zone(old, n, &z->zone[i].name);

		if (f == NULL || !inherit(&z->zone[i], f, !again))
			read_now(&z->zone[i], now_ns);
	}
	tell(z, handlers, arg);
	for (size_t i = 0; i < n; i++) {
		if (find_zone(z->zone, z->n, &old[i].name) == NULL)
			say_gone(&old[i]);
		fini_zone(&old[i]);
	}
	free(old);
}

void zonefiles_set(struct zonefiles *z, const struct conf *c, uint64_t now_ns,
	const struct zonefiles_handlers *handlers, void *arg)
{
	z->conf = c;
	zonedir_set(&z->dir, c, now_ns);
	renew(z, true, now_ns, handlers, arg);
}

/* ---- looking ---- */

/* True: it says something else. */
static bool look(struct zonefile *f, uint64_t now_ns)
{
	bool settling, fresh;

	zoneset_free(f->old);
	f->old = NULL;
	if (f->every_ns == 0 || now_ns < f->next_ns)
		return false;
	fresh = changed(f, &settling);
	const bool other = fresh && load(f);
	if (other || (!fresh && !settling && !f->failed))
		f->next_ns = now_ns + f->every_ns;
	return other;
}

bool zonefiles_look(struct zonefiles *z, uint64_t now_ns,
	const struct zonefiles_handlers *handlers, void *arg)
{
	bool any = zonedir_look(&z->dir, now_ns);

	if (any)
		renew(z, false, now_ns, handlers, arg);
	for (size_t i = 0; i < z->n; i++) {
		if (!look(&z->zone[i], now_ns))
			continue;
		handlers->on_new(arg, i, z->zone[i].set);
		any = true;
	}
	return any;
}

void zonefiles_fini(struct zonefiles *z)
{
	for (size_t i = 0; i < z->n; i++)
		fini_zone(&z->zone[i]);
	free(z->zone);
	zonedir_fini(&z->dir);
	*z = (struct zonefiles){0};
}
