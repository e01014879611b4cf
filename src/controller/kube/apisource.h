/*
 * apisource.h - objects from the API server: lists, watches, and what goes wrong (shell)
 *
 * Joins watch.c (what to do), kubehttp.c (how to ask), access.c (whom, and as who) and
 * kubejson.c (what was said), for Namespaces, Services and EndpointSlices. The events are
 * those of a source of files. A failure never removes an object: what was taken stands
 * until a complete list says otherwise (WP-85), and one resource that fails leaves the
 * others alone.
 */
#ifndef KUBE_APISOURCE_H
#define KUBE_APISOURCE_H

#include "conf/conf.h"
#include "controller/kube/kubeobj.h"
#include "snap/stat.h"

struct event_base;
struct apisource;

/* What a complete list meant for the store. */
struct apisource_swept {
	size_t removed;   /* objects that it did not hold */
	size_t held;      /* ... that stay for now (WP-90) */
	uint64_t hold_ns; /* ... so long */
};

/* All are called from the event loop. */
struct apisource_handlers {
	/*
	 * An object was added, modified or deleted; ownership as in filesource.h. True if
	 * it changed anything.
	 */
	bool (*on_object)(void *arg, enum kube_change change, struct kube_object *o);
	/* This object is there, but cannot be used: what is known of it stays. */
	void (*on_seen)(void *arg, const struct kube_object *o);
	/* The resourceVersion that is known of such an object; NULL: no such object. */
	const char *(*on_version)(void *arg, const struct kube_object *o);
	/* A list begins: the number of its pass. */
	uint32_t (*on_pass_begin)(void *arg);
	/* It is complete. `force`: what was held goes now. `namespace_` NULL: all. */
	struct apisource_swept (*on_pass_end)(void *arg, enum kube_kind kind,
		const char *namespace_, uint32_t pass, bool force);
	/* Namespaces may not be listed: they follow from Services (OB-N2). */
	void (*on_implied)(void *arg, bool implied);
	/* All that is required was taken once. Once. */
	void (*on_synced)(void *arg);
	/* The input that was there is done. */
	void (*on_batch_end)(void *arg);
};

/*
 * Begin. `k` is copied. `stat` NULL: counted nowhere.
 * `handlers` and `stat` are borrowed until apisource_close(). 0 with *out owned by the
 * caller; or a negative errno, with a line for a log in `error`.
 */
int apisource_open(struct event_base *base, const struct conf_kubernetes *k,
	struct stat_api *stat, const struct apisource_handlers *handlers, void *arg,
	struct apisource **out, char *error, size_t cap);

/* True if both configurations ask the same of the same servers. */
bool apisource_same(const struct conf_kubernetes *a, const struct conf_kubernetes *b);

/* End, without events. NULL is fine. */
void apisource_close(struct apisource *s);

#endif
