/*
 * filesource.h - objects from files instead of an API server (QS-01 to QS-05)
 *
 * A directory (its *.yaml, *.yml and *.json; not dot files, not *~, not below it) or one
 * file, watched with inotify; changes are read 100 ms after the first one. What comes out
 * are the same events as from the API: added, modified, deleted, by kind, namespace and
 * name, whatever file an object stands in, and only if something about it changed.
 *
 * A file that cannot be read or parsed keeps the objects it had; one that is gone loses
 * them. An object in two files: the first stands. A path that is missing is looked for
 * each second; one that vanishes keeps its objects. Not kept: content. Per object its
 * identity and a hash (about 100 octets).
 */
#ifndef KUBE_FILESOURCE_H
#define KUBE_FILESOURCE_H

#include "controller/kube/kubeobj.h"

struct event_base;
struct filesource;

/* All are called from the event loop, never from inside filesource_open(). */
struct filesource_handlers {
	/*
	 * Something changed. The callee moves what it wants to keep out of *o and zeroes
	 * what it took; what remains is freed when it returns. KUBE_DELETED: only kind,
	 * namespace and name are filled.
	 */
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o);
	/* The first pass over all files is done, broken ones included. Once. */
	void (*on_synced)(void *arg);
	/* A pass is done (the first too, before on_synced). May be NULL. */
	void (*on_batch_end)(void *arg);
	/*
	 * "demo/web.yaml:5:13: ...": one line for each broken file, again only when its
	 * content or the reason changed. Without a line feed; borrowed for the call.
	 */
	void (*on_error)(void *arg, const char *line);
};

/*
 * Begin to watch `path` (copied; a directory or a file, need not exist yet). `handlers`
 * is borrowed until filesource_close(). 0, or a negative errno if inotify is not to be
 * had. *out is owned by the caller.
 */
int filesource_open(struct event_base *base, const char *path,
	const struct filesource_handlers *handlers, void *arg, struct filesource **out);

/* Read everything again now, as if all files had changed. */
void filesource_rescan(struct filesource *s);

/* Stop watching. No deleted events. NULL is fine. */
void filesource_close(struct filesource *s);

#endif
