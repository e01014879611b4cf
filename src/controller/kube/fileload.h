/*
 * fileload.h - read one file of objects, by its ending (QS-01)
 *
 * *.json as JSON, *.yaml and *.yml as YAML, any other by its first octet. JSON is read as
 * a stream, YAML at once (64 MiB at most).
 */
#ifndef KUBE_FILELOAD_H
#define KUBE_FILELOAD_H

#include <stdint.h>

#include "controller/kube/kubefields.h"

/*
 * Read `path`; on_object as in kubefields.h. 0; or -EINVAL with *error filled: its
 * content is no good, the line and column 0 if it has no place; or another negative
 * errno: it cannot be read. -EISDIR: it is a directory. *content becomes a hash of what
 * was read; untouched if that was nothing. Objects before a fault were delivered: collect
 * them.
 */
int fileload(const char *path, void (*on_object)(void *arg, struct kube_object *o),
	void *arg, struct kube_error *error, uint64_t *content);

#endif
