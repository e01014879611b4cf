/* fuzz_json.c - any octets as JSON: whole, in pieces, and the same objects either way */
#include <string.h>

#include "controller/kube/kubejson.h"
#include "fuzz/fuzz.h"

struct sum {
	uint64_t hash;
	size_t objects;
};

static void on_object(void *arg, struct kube_object *o)
{
	struct sum *s = arg;
	struct kube_object copy;

	FUZZ_CHECK(o->kind < KUBE_KINDS);
	FUZZ_CHECK(o->name[0] != 0);
	FUZZ_CHECK((o->kind == KUBE_NAMESPACE) == (o->namespace[0] == 0));
	FUZZ_CHECK(o->kind != KUBE_SLICE || o->u.slice.nports > 0);
	kube_object_copy(&copy, o);
	FUZZ_CHECK(kube_object_equal(&copy, o));
	kube_object_fini(&copy);
	s->hash = s->hash * 31 + kube_object_hash(o);
	s->objects++;
}

static int parse(const uint8_t *data, size_t size, size_t piece, struct sum *s)
{
	struct kube_error e = {0};
	struct kubejson *j = kubejson_new(on_object, s);
	int ret = 0;

	for (size_t at = 0; at < size && ret == 0; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		ret = kubejson_feed(j, data + at, n, &e);
	}
	if (ret == 0)
		ret = kubejson_end(j, &e);
	kubejson_free(j);
	FUZZ_CHECK(ret == 0 || (e.line > 0 && e.column > 0 && e.text[0] != 0));
	FUZZ_CHECK(memchr(e.text, 0, sizeof(e.text)) != NULL);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = {0}, pieces = {0};

	int ret = parse(data, size, size + 1, &whole);
	FUZZ_CHECK(parse(data, size, 7, &pieces) == ret);
	FUZZ_CHECK(whole.objects == pieces.objects && whole.hash == pieces.hash);
	return 0;
}
