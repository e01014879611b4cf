/*
 * kubefields.h - from the fields of a document to Kubernetes objects (RB, OB rows)
 *
 * The reducer behind both readers: it gets begin, end, key and scalar events in the order
 * of the document and keeps the few fields that matter, by their path and never by their
 * order (WP-75): `kind` may come last, the items of a typed List may have none. Lists
 * nest. Everything else is skipped by depth (WP-76). null, absent and empty are equal
 * (WP-77). A key that comes twice: the last one wins.
 *
 * Kinds that give no records are counted and dropped, whatever their shape. A field of a
 * wrong type in one of our kinds is an error of the document, but in replies of the API
 * only that object is left out (WP-79): the stream goes on. Trust: any input. Pure;
 * memory: one object, or all items of a List that names its kind behind them.
 */
#ifndef KUBE_KUBEFIELDS_H
#define KUBE_KUBEFIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubeobj.h"

#define KUBE_DEPTH_MAX  64
#define KUBE_STRING_MAX 65535u      /* octets of a string that is kept */
#define KUBE_EVENT_MAX  (16u << 20) /* octets of one object */

/* Where a document is wrong, and why. Lines and columns count from 1. */
struct kube_error {
	unsigned line, column;
	char text[200];
};

/* What a document is. */
enum kube_form {
	KUBE_FORM_FILE,  /* objects and Lists of any kinds, one after the other */
	KUBE_FORM_LIST,  /* the reply to a list: a List, or a Status */
	KUBE_FORM_WATCH, /* the reply to a watch: {type, object}, one after the other */
};

/* A Status of the API (meta/v1). Texts are borrowed for the call, "" for absent. */
struct kube_status {
	unsigned code; /* as in HTTP; 0: absent */
	const char *reason, *message;
	bool too_large;         /* a cause is ResourceVersionTooLarge (WP-24) */
	unsigned retry_after_s; /* details.retryAfterSeconds; 0: absent */
};

/* What replies of the API hold. All is borrowed for the call. */
struct kube_reply_handlers {
	/*
	 * An item of a list (KUBE_ADDED), or an event. The callee moves what it wants to
	 * keep out of *o and zeroes what it took.
	 */
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o);
	/*
	 * An object that cannot be used. Of *o the kind and what is known of namespace,
	 * name and resource_version are filled, "" for the rest.
	 */
	void (*on_dropped)(
		void *arg, const struct kube_object *o, const struct kube_error *why);
	/*
	 * A List is complete; `more` is its continue, "" on the last page (WP-22), and
	 * `remaining` how many objects follow on further pages; 0: not said.
	 */
	void (*on_list_end)(void *arg, const char *resource_version, const char *more,
		uint64_t remaining);
	/* A BOOKMARK; `end`: the initial events of a WatchList are complete (WP-45). */
	void (*on_bookmark)(void *arg, const char *resource_version, bool end);
	/* A Status in place of a List, or an ERROR event. */
	void (*on_status)(void *arg, const struct kube_status *s);
};

enum kube_scalar { KUBE_NULL, KUBE_BOOL, KUBE_NUMBER, KUBE_STRING };

struct kubefields;

/* What a reader lends to its reducer. */
struct kubefields_reader {
	enum kube_form form;
	/* KUBE_FORM_LIST and _WATCH: what was asked for, and who takes it. */
	enum kube_kind kind;
	const struct kube_reply_handlers *reply;
	/*
	 * KUBE_FORM_FILE: an object is complete. The callee moves what it wants to keep
	 * out of *o and zeroes what it took; what remains is freed when it returns.
	 */
	void (*on_object)(void *arg, struct kube_object *o);
	void *arg;
	/* Fill line and column: where the value of the present event begins. */
	void (*position)(void *reader, struct kube_error *at);
	void *reader;
};

/* A reducer that stands before the first document; owned by the caller. */
struct kubefields *kubefields_new(const struct kubefields_reader *reader);

/* NULL is fine. */
void kubefields_free(struct kubefields *f);

/*
 * The events of a document. 0, or -EINVAL: the document is refused, kubefields_error()
 * says why, and no further event may follow. Strings are borrowed for the call.
 */
int kubefields_map(struct kubefields *f);
int kubefields_list(struct kubefields *f);
int kubefields_end(struct kubefields *f);
int kubefields_key(struct kubefields *f, const char *s, size_t len);
int kubefields_scalar(
	struct kubefields *f, enum kube_scalar type, const char *s, size_t len);

/* What went wrong, after a call that returned -EINVAL. Borrowed until kubefields_free().
 */
const struct kube_error *kubefields_error(const struct kubefields *f);

/* Objects that ended, of any kind: readers measure the size of one by it. */
uint64_t kubefields_objects(const struct kubefields *f);

/*
 * The present object is larger than KUBE_EVENT_MAX: what came is let go, the rest is
 * skipped and it counts as dropped. False: it cannot be left out, the document ends here.
 */
bool kubefields_too_large(struct kubefields *f);

#endif
