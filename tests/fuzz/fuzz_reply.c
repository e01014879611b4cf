/*
 * fuzz_reply.c - any octets as the API server's reply: whole, in pieces, and the same
 * facts either way (WP-31, WP-75 to WP-80)
 *
 * The first octet chooses what was asked for.
 */
#include <string.h>

#include "base/hash.h"
#include "controller/kube/kubejson.h"
#include "fuzz/fuzz.h"

struct sum {
	uint64_t hash;
	size_t facts;
};

static void add(struct sum *s, uint64_t fact)
{
	s->hash = s->hash * 31 + fact;
	s->facts++;
}

static uint64_t text_hash(const char *s)
{
	return hash_content(s, strlen(s));
}

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	FUZZ_CHECK(o->kind < KUBE_KINDS && o->name[0] != 0);
	FUZZ_CHECK(change <= KUBE_DELETED);
	add(arg, kube_object_hash(o) + change + text_hash(o->resource_version));
}

static void on_dropped(
	void *arg, const struct kube_object *o, const struct kube_error *why)
{
	FUZZ_CHECK(why->text[0] != 0);
	add(arg, text_hash(o->namespace) + text_hash(o->name) +
			 text_hash(o->resource_version));
}

static void on_list_end(void *arg, const char *rv, const char *more, uint64_t remaining)
{
	add(arg, (text_hash(rv) ^ text_hash(more)) + remaining);
}

static void on_bookmark(void *arg, const char *rv, bool end)
{
	add(arg, text_hash(rv) + end);
}

static void on_status(void *arg, const struct kube_status *s)
{
	add(arg, s->code + text_hash(s->reason) + text_hash(s->message) + s->too_large +
			 s->retry_after_s);
}

static const struct kube_reply_handlers handlers = {
	on_object, on_dropped, on_list_end, on_bookmark, on_status};

static int parse(enum kube_form form, enum kube_kind kind, const uint8_t *data,
	size_t size, size_t piece, struct sum *s)
{
	struct kube_error e = {0};
	struct kubejson *j = kubejson_new_reply(form, kind, &handlers, s);
	int ret = 0;

	for (size_t at = 0; at < size && ret == 0; at += piece)
		ret = kubejson_feed(
			j, data + at, size - at < piece ? size - at : piece, &e);
	if (ret == 0)
		ret = kubejson_end(j, &e);
	kubejson_free(j);
	FUZZ_CHECK(ret == 0 || (e.line > 0 && e.column > 0 && e.text[0] != 0));
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = {0}, pieces = {0};

	if (size == 0)
		return 0;
	enum kube_form form = (data[0] & 1) != 0 ? KUBE_FORM_WATCH : KUBE_FORM_LIST;
	enum kube_kind kind = (enum kube_kind)((data[0] >> 1) % KUBE_KINDS);
	int ret = parse(form, kind, data + 1, size - 1, size, &whole);
	FUZZ_CHECK(parse(form, kind, data + 1, size - 1, 7, &pieces) == ret);
	FUZZ_CHECK(whole.facts == pieces.facts && whole.hash == pieces.hash);
	return 0;
}
