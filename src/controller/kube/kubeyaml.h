/*
 * kubeyaml.h - YAML octets in, Kubernetes objects out; the only door to libyaml
 *
 * The same reducer as for JSON stands behind it, so the same object written either way is
 * equal. Many documents in one text; a document without content is skipped. Aliases,
 * anchors and tags are refused (LM-02). Limits (LM-01): 64 levels, 16 MiB for a document,
 * 64 kB for a string that is kept. Trust: any input. Pure.
 */
#ifndef KUBE_KUBEYAML_H
#define KUBE_KUBEYAML_H

#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubefields.h"

/*
 * Read all documents; on_object as in kubefields.h. 0, or -EINVAL with *error filled.
 * Objects that ended before the fault were delivered: who wants all or nothing collects
 * them. The octets are borrowed for the call.
 */
int kubeyaml_parse(const uint8_t *data, size_t len,
	void (*on_object)(void *arg, struct kube_object *o), void *arg,
	struct kube_error *error);

#endif
