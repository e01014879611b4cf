#include "controller/kube/fileset.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"

/* An object that stands: who holds it, and what it said. */
struct entry {
	struct entry *next; /* in the bucket */
	uint64_t hash;      /* of the identity */
	uint64_t content;
	struct fileset_file *owner;
	uint64_t seen; /* the last pass that found it */
	enum kube_kind kind;
	size_t name; /* where the name begins in id */
	char id[];   /* namespace, NUL, name, NUL */
};

struct fileset_file {
	char *name;
	void *file;
	struct kube_object *staged;
	size_t nstaged;
	struct fileset_file *next; /* in the set's list of all */
	bool queued;               /* part of the next commit */
	bool gone;
};

struct fileset {
	const struct fileset_handlers *handlers; /* borrowed */
	void *arg;
	struct fileset_file *files;
	struct fileset_file **queue; /* in the order of their claims */
	size_t nqueue;
	struct entry **buckets;
	size_t nbuckets, nentries;
	uint64_t pass;
};

struct fileset *fileset_new(const struct fileset_handlers *handlers, void *arg)
{
	struct fileset *s = mem_alloc(1, sizeof(*s));

	s->handlers = handlers;
	s->arg = arg;
	s->nbuckets = 64;
	s->buckets = mem_alloc(s->nbuckets, sizeof(struct entry *));
	return s;
}

void fileset_keep(struct fileset_file *f)
{
	for (size_t i = 0; i < f->nstaged; i++)
		kube_object_fini(&f->staged[i]);
	free(f->staged);
	f->staged = NULL;
	f->nstaged = 0;
}

static void free_file(struct fileset_file *f)
{
	fileset_keep(f);
	free(f->name);
	free(f);
}

void fileset_free(struct fileset *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nbuckets; i++) {
		while (s->buckets[i] != NULL) {
			struct entry *e = s->buckets[i];

			s->buckets[i] = e->next;
			free(e);
		}
	}
	while (s->files != NULL) {
		struct fileset_file *f = s->files;

		s->files = f->next;
		free_file(f);
	}
	free(s->buckets);
	free(s->queue);
	free(s);
}

struct fileset_file *fileset_add(struct fileset *s, const char *name, void *file)
{
	struct fileset_file *f = mem_alloc(1, sizeof(*f));

	f->name = mem_dup(name, strlen(name));
	f->file = file;
	f->next = s->files;
	s->files = f;
	return f;
}

void fileset_stage(struct fileset_file *f, struct kube_object *o)
{
	if ((f->nstaged & (f->nstaged - 1)) == 0)
		f->staged = mem_resize(f->staged, MAX(2 * f->nstaged, 1), sizeof(*o));
	f->staged[f->nstaged++] = *o;
	memset(o, 0, sizeof(*o));
}

static void enqueue(struct fileset *s, struct fileset_file *f)
{
	if (f->queued)
		return;
	f->queued = true;
	s->queue = mem_resize(s->queue, s->nqueue + 1, sizeof(struct fileset_file *));
	s->queue[s->nqueue++] = f;
}

void fileset_replace(struct fileset *s, struct fileset_file *f)
{
	enqueue(s, f);
}

void fileset_remove(struct fileset *s, struct fileset_file *f)
{
	fileset_keep(f);
	f->gone = true;
	enqueue(s, f);
}

static uint64_t identity(const struct kube_object *o)
{
	uint64_t part[3] = {
		o->kind,
		hash_content(o->namespace, strlen(o->namespace)),
		hash_content(o->name, strlen(o->name)),
	};

	return hash_content(part, sizeof(part));
}

static struct entry *find(const struct fileset *s, const struct kube_object *o)
{
	uint64_t hash = identity(o);
	struct entry *e = s->buckets[hash & (s->nbuckets - 1)];

	while (e != NULL) {
		if (e->hash == hash && e->kind == o->kind &&
			strcmp(e->id, o->namespace) == 0 &&
			strcmp(e->id + e->name, o->name) == 0)
			break;
		e = e->next;
	}
	return e;
}

static void grow(struct fileset *s)
{
	size_t n = 2 * s->nbuckets;
	struct entry **buckets = mem_alloc(n, sizeof(struct entry *));

	for (size_t i = 0; i < s->nbuckets; i++) {
		while (s->buckets[i] != NULL) {
			struct entry *e = s->buckets[i];

			s->buckets[i] = e->next;
			e->next = buckets[e->hash & (n - 1)];
			buckets[e->hash & (n - 1)] = e;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->nbuckets = n;
}

static struct entry *insert(struct fileset *s, const struct kube_object *o)
{
	size_t namespace = strlen(o->namespace) + 1, name = strlen(o->name) + 1;
	struct entry *e = mem_alloc(1, sizeof(*e) + namespace + name);

	if (s->nentries >= s->nbuckets)
		grow(s);
	e->hash = identity(o);
	e->kind = o->kind;
	e->name = namespace;
	memcpy(e->id, o->namespace, namespace);
	memcpy(e->id + namespace, o->name, name);
	e->next = s->buckets[e->hash & (s->nbuckets - 1)];
	s->buckets[e->hash & (s->nbuckets - 1)] = e;
	s->nentries++;
	return e;
}

/* `f` stands for *o from now on. */
static void claim(struct fileset *s, struct fileset_file *f, struct kube_object *o)
{
	struct entry *e = find(s, o);
	enum kube_change change = KUBE_MODIFIED;
	uint64_t content = kube_object_hash(o);

	if (e == NULL) {
		e = insert(s, o);
		change = KUBE_ADDED;
	}
	e->owner = f;
	e->seen = s->pass;
	if (change == KUBE_ADDED || e->content != content)
		s->handlers->on_object(s->arg, change, o);
	e->content = content;
	kube_object_fini(o);
}

static void refuse(struct fileset *s, struct fileset_file *f, struct kube_object *o,
	const struct entry *stands)
{
	s->handlers->on_twice(s->arg, f->file, o, stands->owner->name);
	kube_object_fini(o);
}

/* First what a file had before: nobody can take it away while the file still has it. */
static void claim_own(struct fileset *s, struct fileset_file *f)
{
	for (size_t i = 0; i < f->nstaged; i++) {
		struct kube_object *o = &f->staged[i];
		struct entry *e = find(s, o);

		if (e == NULL || e->owner != f)
			continue;
		if (e->seen == s->pass)
			refuse(s, f, o, e);
		else
			claim(s, f, o);
	}
}

/* Then what is new, or what another file of this pass has given up. */
static void claim_new(struct fileset *s, struct fileset_file *f)
{
	for (size_t i = 0; i < f->nstaged; i++) {
		struct kube_object *o = &f->staged[i];

		if (o->name == NULL) /* taken by claim_own() */
			continue;
		struct entry *e = find(s, o);
		if (e == NULL || (e->seen != s->pass && e->owner->queued))
			claim(s, f, o);
		else
			refuse(s, f, o, e);
	}
}

static void say_deleted(struct fileset *s, const struct entry *e)
{
	struct kube_object o = {.kind = e->kind};

	o.namespace = kube_text(e->id, strlen(e->id));
	o.name = kube_text(e->id + e->name, strlen(e->id + e->name));
	s->handlers->on_object(s->arg, KUBE_DELETED, &o);
	kube_object_fini(&o);
}

/* What files of this pass had and nobody claimed again is gone. */
static void sweep(struct fileset *s)
{
	for (size_t i = 0; i < s->nbuckets; i++) {
		struct entry **at = &s->buckets[i];

		while (*at != NULL) {
			struct entry *e = *at;

			if (!e->owner->queued || e->seen == s->pass) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			s->nentries--;
			say_deleted(s, e);
			free(e);
		}
	}
}

static void settle(struct fileset *s)
{
	struct fileset_file **at = &s->files;

	while (*at != NULL) {
		struct fileset_file *f = *at;

		if (f->queued)
			fileset_keep(f); /* all claimed: frees the array */
		f->queued = false;
		if (!f->gone) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free_file(f);
	}
	s->nqueue = 0;
}

void fileset_commit(struct fileset *s)
{
	s->pass++;
	for (size_t i = 0; i < s->nqueue; i++)
		claim_own(s, s->queue[i]);
	for (size_t i = 0; i < s->nqueue; i++)
		claim_new(s, s->queue[i]);
	sweep(s);
	settle(s);
}
