/*
 * test_kubereply.c - replies of the API server: lists, events, Status, what is left out
 *
 * Rows: WP-22, WP-24, WP-31 to WP-34, WP-45, WP-75 to WP-80, AF-06.
 */
#include <errno.h>

#include "controller/kube/kubejson.h"
#include "base/mem.h"
#include "kubetext.h"

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	static const char *const words[] = {"added ", "modified ", "deleted "};

	say(arg, "%s", words[change]);
	say_object(arg, o);
}

static void on_dropped(
	void *arg, const struct kube_object *o, const struct kube_error *why)
{
	say(arg, "dropped %s %s/%s rv:%s: %s\n", kube_kind_text(o->kind), o->namespace,
		o->name, o->resource_version, why->text);
}

static void on_list_end(
	void *arg, const char *resource_version, const char *more, uint64_t remaining)
{
	say(arg, "list rv:%s more:%s", resource_version, more);
	if (remaining > 0)
		say(arg, " remaining:%llu", (unsigned long long)remaining);
	say(arg, "\n");
}

static void on_bookmark(void *arg, const char *resource_version, bool end)
{
	say(arg, "bookmark rv:%s%s\n", resource_version, end ? " end" : "");
}

static void on_status(void *arg, const struct kube_status *s)
{
	say(arg, "status %u %s \"%s\"%s retry:%u\n", s->code, s->reason, s->message,
		s->too_large ? " too large" : "", s->retry_after_s);
}

static const struct kube_reply_handlers handlers = {
	on_object, on_dropped, on_list_end, on_bookmark, on_status};

/* One reply, in chunks of `chunk` octets that end where their memory ends. */
static int parse(enum kube_form form, enum kube_kind kind, const char *json, size_t len,
	size_t chunk, struct kubetext *t, struct kube_error *e)
{
	struct kubejson *j = kubejson_new_reply(form, kind, &handlers, t);
	int ret = 0;

	for (size_t at = 0; at < len && ret == 0; at += chunk) {
		size_t n = MIN(chunk, len - at);
		uint8_t *copy = exact_copy(json + at, n);

		ret = kubejson_feed(j, copy, n, e);
		free(copy);
	}
	if (ret == 0)
		ret = kubejson_end(j, e);
	kubejson_free(j);
	return ret;
}

#define LIST(kind, meta, items)                                                          \
	"{\"kind\":\"" kind "\",\"apiVersion\":\"v1\",\"metadata\":{" meta               \
	"},\"items\":" items "}"
#define ITEM(name, rest)                                                                 \
	"{\"metadata\":{\"name\":\"" name                                                \
	"\",\"namespace\":\"s\",\"resourceVersion\":\"7\"}" rest "}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define NAMED(kind, name)                                                                \
	"{\"kind\":\"" kind "\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name    \
	"\",\"namespace\":\"s\",\"resourceVersion\":\"8\"}}"
#define TOO_LARGE                                                                        \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"         \
	"\"Failure\",\"message\":\"Too large resource version: 9, current: 8\","         \
	"\"reason\":\"Timeout\",\"details\":{\"causes\":[{\"reason\":"                   \
	"\"ResourceVersionTooLarge\",\"message\":\"x\"}],\"retryAfterSeconds\":1},"      \
	"\"code\":504}"
#define TOO_LARGE_TEXT                                                                   \
	"status 504 Timeout \"Too large resource version: 9, current: 8\" too large "    \
	"retry:1\n"

/* Row, what was asked for, the reply, what comes out; or the error in place of it. */
static const struct row {
	const char *id;
	enum kube_form form;
	enum kube_kind kind;
	const char *json, *text, *error;
} rows[] = {
	/* lists */
	{"WP-75", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("ServiceList", "\"resourceVersion\":\"12\"", "[" ITEM("a", "") "]"),
		"added Service s/a rv:7\nlist rv:12 more:\n", NULL},
	{"WP-22", KUBE_FORM_LIST, KUBE_SLICE,
		LIST("EndpointSliceList",
			"\"resourceVersion\":\"12\",\"continue\":\"tok\","
			"\"remainingItemCount\":5",
			"[]"),
		"list rv:12 more:tok remaining:5\n", NULL},
	{"HR-02", KUBE_FORM_LIST, KUBE_SLICE, /* it is for operators: no fault of ours */
		LIST("EndpointSliceList",
			"\"resourceVersion\":\"12\",\"remainingItemCount\":-5", "[]"),
		"list rv:12 more:\n", NULL},
	{"HR-02", KUBE_FORM_LIST, KUBE_SLICE,
		LIST("EndpointSliceList",
			"\"resourceVersion\":\"12\",\"remainingItemCount\":"
			"1234567890123456789",
			"[]"),
		"list rv:12 more:\n", NULL},
	{"HR-02", KUBE_FORM_LIST, KUBE_SLICE,
		LIST("EndpointSliceList",
			"\"remainingItemCount\":null,\"resourceVersion\":\"12\"", "[]"),
		"list rv:12 more:\n", NULL},
	{"HR-02", KUBE_FORM_LIST, KUBE_SLICE,
		LIST("EndpointSliceList",
			"\"remainingItemCount\":\"7\",\"resourceVersion\":\"12\"", "[]"),
		"list rv:12 more:\n", NULL},
	{"WP-77", KUBE_FORM_LIST, KUBE_SLICE,
		LIST("EndpointSliceList", "\"resourceVersion\":\"1\"",
			"[" ITEM("a", ",\"endpoints\":null,\"ports\":null") "]"),
		"added EndpointSlice s/a rv:7 of: /TCP/-1\nlist rv:1 more:\n", NULL},
	{"WP-77", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("ServiceList", "\"resourceVersion\":\"1\"", "null"),
		"list rv:1 more:\n", NULL},
	{"WP-78", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("ServiceList", "\"resourceVersion\":12", "[]"), "list rv:12 more:\n",
		NULL},
	{"AF-06", KUBE_FORM_LIST, KUBE_SERVICE,
		"{\"apiVersion\":\"v1\",\"items\":[" ITEM("a", "") "," ITEM("b",
			"") "],\"kind\":\"ServiceList\",\"metadata\":{\"continue\":\"\","
			    "\"resourceVersion\":\"3\"}}",
		"added Service s/a rv:7\nadded Service s/b rv:7\nlist rv:3 more:\n",
		NULL},
	{"WP-15", KUBE_FORM_LIST, KUBE_NAMESPACE,
		LIST("PartialObjectMetadataList", "\"resourceVersion\":\"3\"",
			"[{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":"
			"\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"n\",\"labels\":"
			"{\"a\":\"b\"}}}]"),
		"added Namespace /n label:a=b\nlist rv:3 more:\n", NULL},
	{"WP-24", KUBE_FORM_LIST, KUBE_SERVICE, TOO_LARGE, TOO_LARGE_TEXT, NULL},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE, NAMED("Service", "a"), "",
		"neither a List nor a Status"},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE, "{}", "", "neither a List nor a Status"},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE, LIST("ServiceList", "", "\"x\""), "",
		"items: expected a list, found a string"},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("PodList", "\"resourceVersion\":\"3\"", "[]"), "",
		"a List of another kind than was asked for"},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("ServiceImportList", "\"resourceVersion\":\"3\"", "[]"), "",
		"a List of another kind than was asked for"},
	{"WP-5D", KUBE_FORM_LIST, KUBE_SERVICE, "<html>", "",
		"lexical error: invalid char in json text."},
	{"QS-04", KUBE_FORM_LIST, KUBE_SERVICE, "", "", "empty"},
	{"QS-04", KUBE_FORM_LIST, KUBE_SERVICE,
		"{\"kind\":\"ServiceList\",\"items\":[" ITEM("a", ""),
		"added Service s/a rv:7\n", "the text ends inside an object"},
	/* one object that cannot be used leaves the others */
	{"WP-79", KUBE_FORM_LIST, KUBE_SERVICE,
		LIST("ServiceList", "\"resourceVersion\":\"1\"",
			"[" ITEM("a",
				",\"spec\":{\"ports\":[{\"port\":\"x\"}]}") "," ITEM("b",
				"") ",{}," ITEM("c", ",\"kind\":\"Secret\"") "]"),
		"dropped Service s/a rv:7: spec.ports[].port: expected a number from 0 "
		"to 65535, found a string\n"
		"added Service s/b rv:7\n"
		"dropped Service / rv:: metadata.name is missing\n"
		"dropped Service s/c rv:7: of another kind than was asked for\n"
		"list rv:1 more:\n",
		NULL},
	/* watches */
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("ADDED", NAMED("Service", "a")) EVENT("MODIFIED",
			NAMED("Service", "a")) EVENT("DELETED", NAMED("Service", "a")),
		"added Service s/a rv:8\nmodified Service s/a rv:8\n"
		"deleted Service s/a rv:8\n",
		NULL},
	{"WP-75", KUBE_FORM_WATCH, KUBE_SERVICE,
		"{\"object\":" NAMED("Service", "a") ",\"type\":\"ADDED\"}",
		"added Service s/a rv:8\n", NULL},
	{"WP-34", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("BOOKMARK", "{\"kind\":\"Service\",\"apiVersion\":\"v1\","
				  "\"metadata\":{\"resourceVersion\":\"99\","
				  "\"creationTimestamp\":null},\"spec\":{},"
				  "\"status\":{\"loadBalancer\":{}}}"),
		"bookmark rv:99\n", NULL},
	{"WP-45", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"99\","
				  "\"annotations\":{\"x\":\"y\",\"k8s.io/"
				  "initial-events-end\":\"true\"}}}"),
		"bookmark rv:99 end\n", NULL},
	{"WP-45", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"99\","
				  "\"annotations\":{\"k8s.io/initial-events-end\":"
				  "\"false\"}}}"),
		"bookmark rv:99\n", NULL},
	{"WP-36", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("ERROR", "{\"kind\":\"Status\",\"status\":\"Failure\","
			       "\"message\":\"too old\",\"reason\":\"Expired\","
			       "\"code\":410}"),
		"status 410 Expired \"too old\" retry:0\n", NULL},
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE, EVENT("WHAT", NAMED("Service", "a")), "",
		"an event of an unknown type"},
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE, "{\"object\":" NAMED("Service", "a") "}",
		"", "an event of an unknown type"},
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE, "{\"type\":\"ADDED\"}", "",
		"an event without an object"},
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE, "{\"type\":\"ADDED\",\"object\":null}",
		"", "an event without an object"},
	/* of what is gone only the name need be right */
	{"WP-32", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("DELETED", ITEM("a", ",\"spec\":{\"ports\":[{\"port\":\"x\"}]}")),
		"deleted Service s/a rv:7\n", NULL},
	/* the last of two under one key */
	{"WP-31", KUBE_FORM_WATCH, KUBE_SERVICE,
		"{\"object\":" NAMED(
			"Service", "a") ",\"type\":\"ADDED\",\"object\":" NAMED("Service",
			"b") ",\"type\":\"DELETED\"}",
		"deleted Service s/b rv:8\n", NULL},
	{"RF-12", KUBE_FORM_WATCH, KUBE_SERVICE,
		EVENT("ADDED", NAMED("Pod", "a")) EVENT("ADDED", NAMED("Service", "b")),
		"dropped Service s/a rv:8: of another kind than was asked for\n"
		"added Service s/b rv:8\n",
		NULL},
	{"WP-15", KUBE_FORM_WATCH, KUBE_NAMESPACE,
		EVENT("ADDED", NAMED("PartialObjectMetadata", "n")),
		"added Namespace /n rv:8\n", NULL},
	/* no octets: the server closed a quiet watch */
	{"WP-35", KUBE_FORM_WATCH, KUBE_SERVICE, "", "", "empty"},
};

static void check_row(const struct row *r, size_t chunk)
{
	struct kubetext t = {0};
	struct kube_error e = {0};
	int ret = parse(r->form, r->kind, r->json, strlen(r->json), chunk, &t, &e);

	ck_assert_msg(
		ret == (r->error == NULL ? 0 : -EINVAL), "%s: %d %s", r->id, ret, e.text);
	ck_assert_msg(strcmp(t.text, r->text) == 0, "%s: %s", r->id, t.text);
	if (r->error != NULL)
		ck_assert_msg(strcmp(e.text, r->error) == 0, "%s: %s", r->id, e.text);
}

START_TEST(reply)
{
	static const size_t chunks[] = {SIZE_MAX / 2, 1, 2, 3, 7};

	for (size_t i = 0; i < ARRAY_LEN(chunks); i++)
		check_row(&rows[_i], chunks[i]);
}
END_TEST

/* A Service with something of `n` octets between `head` and `tail`, and one behind it. */
static size_t watch_with(
	char **out, const char *head, char octet, size_t n, const char *tail)
{
	static const char after[] = EVENT("ADDED", NAMED("Service", "b"));
	size_t h = strlen(head), t = strlen(tail), a = sizeof(after) - 1;
	char *json = malloc(h + n + t + a);

	memcpy(json, head, h);
	memset(json + h, octet, n);
	memcpy(json + h + n, tail, t);
	memcpy(json + h + n + t, after, a);
	*out = json;
	return h + n + t + a;
}

#define BEGIN                                                                            \
	"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"namespace\":"    \
	"\"s\",\"resourceVersion\":\"8\"},"

/* WP-79: the limits; what is larger is left out and the stream goes on if it can. */
static const struct {
	const char *head;
	char octet;
	size_t n;
	const char *tail, *text, *error;
} limits[] = {
	{BEGIN "\"spec\":{\"externalName\":\"", 'x', 65536, "\"}}}",
		"dropped Service s/a rv:8: spec.externalName: expected a string of at "
		"most 65535 octets, found a string\nadded Service s/b rv:8\n",
		NULL},
	{BEGIN "\"managedFields\":\"", 'x', 1000000, "\"}}",
		"added Service s/a rv:8\nadded Service s/b rv:8\n", NULL},
	{BEGIN "\"metadata2\":{\"annotations\":{\"x\":\"", 'x', 1000000, "\"}}}}",
		"added Service s/a rv:8\nadded Service s/b rv:8\n", NULL},
	/* many values: they are skipped; one value: it cannot be */
	{BEGIN "\"x\":[1", ' ', 17 << 20, "]}}", "", "an object of more than 16 MiB"},
	{BEGIN "\"x\":\"", 'x', 17 << 20, "\"}}", "", "an object of more than 16 MiB"},
};

START_TEST(limit)
{
	char *json;
	size_t len = watch_with(
		&json, limits[_i].head, limits[_i].octet, limits[_i].n, limits[_i].tail);
	struct kubetext t = {0};
	struct kube_error e = {0};
	int ret = parse(
		KUBE_FORM_WATCH, KUBE_SERVICE, json, len, (size_t)64 << 10, &t, &e);

	ck_assert_str_eq(t.text, limits[_i].text);
	ck_assert_int_eq(ret, limits[_i].error == NULL ? 0 : -EINVAL);
	if (limits[_i].error != NULL)
		ck_assert_str_eq(e.text, limits[_i].error);
	free(json);
}
END_TEST

/* `unit` again and again until the object is `octets` long, then what ends it. */
static void check_repeated(const char *head, const char *unit, size_t octets,
	const char *tail, const char *text)
{
	struct mem_buf b = {0};
	struct kubetext t = {0};
	struct kube_error e = {0};
	static const char after[] = EVENT("ADDED", NAMED("Service", "b"));

	mem_buf_put(&b, head, strlen(head));
	while (b.len < octets)
		mem_buf_put(&b, unit, strlen(unit));
	mem_buf_put(&b, tail, strlen(tail));
	mem_buf_put(&b, after, sizeof(after) - 1);
	ck_assert_msg(parse(KUBE_FORM_WATCH, KUBE_SERVICE, (const char *)b.data, b.len,
			      (size_t)64 << 10, &t, &e) == 0,
		"%s", e.text);
	ck_assert_str_eq(t.text, text);
	mem_buf_fini(&b);
}

#define LARGE_TEXT                                                                       \
	"dropped Service s/a rv:8: an object of more than 16 MiB\nadded Service s/b "    \
	"rv:8\n"

/* An object of 17 and of 40 MiB, of fields that are kept and of such that are not. */
START_TEST(large_object)
{
	static const size_t sizes[] = {17 << 20, 40 << 20};

	check_repeated(BEGIN "\"spec\":{\"ports\":[{\"port\":1}",
		",{\"name\":\"http\",\"port\":80}", sizes[_i], "]}}}", LARGE_TEXT);
	check_repeated(
		BEGIN "\"x\":[1", ",[{\"a\":{\"b\":[2]}}]", sizes[_i], "]}}", LARGE_TEXT);
	check_repeated(BEGIN "\"spec\":{\"selector\":{\"a\":\"b\"", ",\"aa\":\"bb\"",
		sizes[_i], "}}}}", LARGE_TEXT);
}
END_TEST

/* 64 levels are the limit of an object; of one that is skipped too. */
START_TEST(deep_object)
{
	struct mem_buf b = {0};
	struct kubetext t = {0};
	struct kube_error e = {0};
	size_t n = _i == 0 ? 65 : 9000;

	mem_buf_put(&b, BEGIN "\"x\":", sizeof(BEGIN "\"x\":") - 1);
	memset(mem_buf_add(&b, n), '[', n);
	memset(mem_buf_add(&b, n), ']', n);
	mem_buf_put(&b, "}}", 2);
	static const char after[] = EVENT("ADDED", NAMED("Service", "b"));
	mem_buf_put(&b, after, sizeof(after) - 1);
	ck_assert_int_eq(parse(KUBE_FORM_WATCH, KUBE_SERVICE, (const char *)b.data, b.len,
				 1000, &t, &e),
		0);
	ck_assert_str_eq(t.text,
		"dropped Service s/a rv:8: nested deeper than 64 levels\n"
		"added Service s/b rv:8\n");
	mem_buf_fini(&b);
}
END_TEST

/* What has no end is no object: nesting, and an object that goes on and on. */
START_TEST(without_end)
{
	static const char *const units[] = {"[", ",\"x\":1"};
	struct kubejson *j;
	struct kubetext t = {0};
	struct kube_error e = {0};
	struct mem_buf unit = {0};
	const char *head = _i == 0 ? BEGIN "\"x\":" : BEGIN "\"x\":0";
	size_t fed = 0;

	while (unit.len < 64000)
		mem_buf_put(&unit, units[_i], strlen(units[_i]));
	j = kubejson_new_reply(KUBE_FORM_WATCH, KUBE_SERVICE, &handlers, &t);
	ck_assert_int_eq(kubejson_feed(j, (const uint8_t *)head, strlen(head), &e), 0);
	while (fed < (128u << 20) && kubejson_feed(j, unit.data, unit.len, &e) == 0)
		fed += unit.len;
	ck_assert_uint_lt(fed, 80u << 20);
	ck_assert_str_eq(t.text, "");
	kubejson_free(j);
	mem_buf_fini(&unit);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kubereply");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, reply, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, limit, 0, ARRAY_LEN(limits));
	tcase_add_loop_test(tc, large_object, 0, 2);
	tcase_add_loop_test(tc, deep_object, 0, 2);
	tcase_add_loop_test(tc, without_end, 0, 2);
	return run_case("kubereply", tc);
}
