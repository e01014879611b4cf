/* fuzz_yaml.c - any octets as YAML: objects of good shape, or an error with a place */
#include <string.h>

#include "controller/kube/kubeyaml.h"
#include "fuzz/fuzz.h"

static void on_object(void *arg, struct kube_object *o)
{
	size_t *objects = arg;

	FUZZ_CHECK(o->kind < KUBE_KINDS);
	FUZZ_CHECK(o->name[0] != 0);
	FUZZ_CHECK((o->kind == KUBE_NAMESPACE) == (o->namespace[0] == 0));
	FUZZ_CHECK(o->kind != KUBE_SLICE || o->u.slice.nports > 0);
	++*objects;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube_error e = {0};
	size_t objects = 0;

	int ret = kubeyaml_parse(data, size, on_object, &objects, &e);
	FUZZ_CHECK(ret == 0 || (e.line > 0 && e.column > 0 && e.text[0] != 0));
	FUZZ_CHECK(memchr(e.text, 0, sizeof(e.text)) != NULL);
	FUZZ_CHECK(objects <= size);
	return 0;
}
