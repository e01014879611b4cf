/*
 * objects.h - Kubernetes objects from YAML text, for tests
 */
#ifndef TESTS_OBJECTS_H
#define TESTS_OBJECTS_H

#include "controller/kube/kubeyaml.h"
#include "support.h"

static inline void take_first(void *arg, struct kube_object *o)
{
	struct kube_object *out = arg;

	if (out->kind != KUBE_OTHER)
		return;
	*out = *o;
	memset(o, 0, sizeof(*o));
}

/* The one object of the text; owned by the caller. */
static inline struct kube_object object(const char *yaml)
{
	struct kube_object o = {.kind = KUBE_OTHER};
	struct kube_error error = {0};
	int ret = kubeyaml_parse(
		(const uint8_t *)yaml, strlen(yaml), take_first, &o, &error);

	ck_assert_msg(ret == 0, "%u:%u: %s", error.line, error.column, error.text);
	ck_assert(o.kind != KUBE_OTHER);
	return o;
}

#endif
