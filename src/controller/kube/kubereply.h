/*
 * kubereply.h - what to make of the finished parts of an API reply (core)
 *
 * Behind kubefields.c, which reads them: an item of a List, a whole List or Status, a
 * watch event. Facts go to the reader's kube_reply_handlers. An object that cannot be
 * used is dropped by itself (WP-79); only what leaves the meaning of the stream open is
 * an error. Trust: any values. Pure.
 */
#ifndef KUBE_KUBEREPLY_H
#define KUBE_KUBEREPLY_H

#include "controller/kube/kubedraft.h"

/* An item of a List: on_object, or on_dropped. The draft stays the caller's. */
void kubereply_item(const struct kubefields_reader *r, struct kubedraft *d);

/*
 * A document is complete: a List (on_list_end), a Status (on_status), or an event, whose
 * object is the pending draft of `d`. NULL, or why the stream is broken (WP-31, WP-5D).
 */
const char *kubereply_document(const struct kubefields_reader *r, struct kubedraft *d);

#endif
