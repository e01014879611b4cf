/*
 * fileset.h - which file holds which object, and what a new content of files changes
 *
 * Identity is kind, namespace and name, whatever file an object stands in (QS-02): one
 * that moves from a file to another within a pass has not changed. What two files claim
 * stands as the first of them said it. Kept per object: identity and a hash of content.
 *
 * A pass: stage the objects of each file that was read, then fileset_replace() or
 * fileset_keep() it (in the order of names), or fileset_remove(); then fileset_commit().
 * Pure. Cost of a commit: what was staged, and one look at each object known.
 */
#ifndef KUBE_FILESET_H
#define KUBE_FILESET_H

#include "controller/kube/kubeobj.h"

struct fileset;
struct fileset_file;

struct fileset_handlers {
	/* As in filesource.h: the callee moves what it wants out of *o. */
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o);
	/* `file` (of fileset_add()) holds an object for which another file stands. */
	void (*on_twice)(
		void *arg, void *file, const struct kube_object *o, const char *stands);
};

/* An empty set; `handlers` is borrowed until fileset_free(). Owned by the caller. */
struct fileset *fileset_new(const struct fileset_handlers *handlers, void *arg);

/* Free the set and its files, without events. NULL is fine. */
void fileset_free(struct fileset *s);

/* A file without objects; `name` is copied. Owned by the set until fileset_remove(). */
struct fileset_file *fileset_add(struct fileset *s, const char *name, void *file);

/* One more object of the file's new content. Takes what *o owns and zeroes it. */
void fileset_stage(struct fileset_file *f, struct kube_object *o);

/* What was staged is the file's content from the next commit on. */
void fileset_replace(struct fileset *s, struct fileset_file *f);

/* Forget what was staged: the file's content stays as it was. */
void fileset_keep(struct fileset_file *f);

/* The file is gone: its objects go with the next commit, which frees it. */
void fileset_remove(struct fileset *s, struct fileset_file *f);

/* Say what changed: deletions last. */
void fileset_commit(struct fileset *s);

#endif
