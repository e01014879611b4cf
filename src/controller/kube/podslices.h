/*
 * podslices.h - EndpointSlices for Services that have Pods but no slices (QS-06)
 *
 * Stands between a source of files and the store: every event goes in here and out again
 * unchanged; Services with a selector and Pods are noted on the way. At the end of a
 * batch each such Service for which the whole input has no slice gets those that the
 * endpoint controller would make, as objects of kind EndpointSlice named
 * "SERVICE-derived-ipv4" and
 * "-ipv6" (and "-2", "-3" ... where named target ports differ between Pods). They go as
 * soon as the input has a slice of its own for that Service. Pure.
 */
#ifndef KUBE_PODSLICES_H
#define KUBE_PODSLICES_H

#include "controller/kube/kubeobj.h"

struct podslices;

/* `on_object` as in filesource.h. Owned by the caller. */
struct podslices *podslices_new(
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o),
	void *arg);

/* NULL is fine. */
void podslices_free(struct podslices *p);

/* An event of the source: noted, and handed on at once. Ownership as in filesource.h. */
void podslices_event(struct podslices *p, enum kube_change change, struct kube_object *o);

/* The batch is done: derived slices that changed go out now. */
void podslices_batch_end(struct podslices *p);

#endif
