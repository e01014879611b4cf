/*
 * kubejson.h - JSON octets in, Kubernetes objects out; the only door to yajl
 *
 * Streaming: a List of any length is read in constant memory. From files it takes single
 * objects, Lists (nested, typed or not) and documents one after the other; from the API
 * the replies to lists and watches. Limits (WP-79): 64 levels, 16 MiB for an object,
 * 64 kB for a string that is kept. Trust: any input. Pure.
 */
#ifndef KUBE_KUBEJSON_H
#define KUBE_KUBEJSON_H

#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubefields.h"

struct kubejson;

/* A reader before the first octet; on_object as in kubefields.h. Owned by the caller. */
struct kubejson *kubejson_new(
	void (*on_object)(void *arg, struct kube_object *o), void *arg);

/*
 * The same for one reply of the API: `form` is KUBE_FORM_LIST or KUBE_FORM_WATCH, `kind`
 * what was asked for. `reply` is borrowed until kubejson_free().
 */
struct kubejson *kubejson_new_reply(enum kube_form form, enum kube_kind kind,
	const struct kube_reply_handlers *reply, void *arg);

/*
 * The next octets, cut anywhere; 16 KiB and more at a time is fast (LY-08). Calls
 * on_object for each object that ends in them. 0, or -EINVAL with *error filled; then
 * every later call says the same again. Objects that ended before the fault were
 * delivered: who wants all or nothing collects them.
 */
int kubejson_feed(
	struct kubejson *j, const uint8_t *data, size_t len, struct kube_error *error);

/* No octets follow: -EINVAL if a document is cut short or there was none at all. */
int kubejson_end(struct kubejson *j, struct kube_error *error);

/* NULL is fine. */
void kubejson_free(struct kubejson *j);

#endif
