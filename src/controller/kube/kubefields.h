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
 * wrong type in one of our kinds is an error of the document. Trust: any input. Pure;
 * memory: one object, or all items of a List that names its kind behind them.
 */
#ifndef KUBE_KUBEFIELDS_H
#define KUBE_KUBEFIELDS_H

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

enum kube_scalar { KUBE_NULL, KUBE_BOOL, KUBE_NUMBER, KUBE_STRING };

struct kubefields;

/* What a reader lends to its reducer. */
struct kubefields_reader {
	/*
	 * An object is complete. The callee moves what it wants to keep out of *o and
	 * zeroes what it took; what remains is freed when it returns.
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

#endif
