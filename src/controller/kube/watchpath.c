/* watchpath.c - the paths of API requests */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "controller/kube/watch.h"

static const struct {
	const char *group, *resource;
} resources[] = {
	[KUBE_NAMESPACE] = {"/api/v1", "namespaces"},
	[KUBE_SERVICE] = {"/api/v1", "services"},
	[KUBE_SLICE] = {"/apis/discovery.k8s.io/v1", "endpointslices"},
	[KUBE_POD] = {"/api/v1", "pods"},
};

const char *watch_resource(enum kube_kind kind)
{
	return resources[kind].resource;
}

static void put(struct mem_buf *b, const char *s)
{
	mem_buf_put(b, s, strlen(s));
}

/* Percent-encoded but for what RFC 3986 calls unreserved. */
static void put_encoded(struct mem_buf *b, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	char code[4];

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL) {
			mem_buf_put(b, s, 1);
			continue;
		}
		snprintf(code, sizeof(code), "%%%02X", (unsigned)(unsigned char)*s);
		put(b, code);
	}
}

static void put_parameter(struct mem_buf *b, const char *name, const char *value)
{
	put(b, memchr(b->data, '?', b->len) == NULL ? "?" : "&");
	put(b, name);
	put(b, "=");
	put_encoded(b, value);
}

static void put_number(struct mem_buf *b, const char *name, unsigned value)
{
	char text[16];

	if (value == 0)
		return;
	snprintf(text, sizeof(text), "%u", value);
	put_parameter(b, name, text);
}

/* RO-08 holds for what has labels of its own; AF-10 for slices. */
static void put_labels(struct mem_buf *b, const struct watch_options *o)
{
	static const char headless[] = "service.kubernetes.io/headless";
	struct mem_buf all = {0};

	if (o->kind == KUBE_NAMESPACE)
		return;
	put(&all, o->labels);
	if (o->lean && o->kind == KUBE_SLICE) {
		put(&all, all.len > 0 ? "," : "");
		put(&all, headless);
	}
	if (all.len > 0) {
		mem_buf_put(&all, "", 1);
		put_parameter(b, "labelSelector", (const char *)all.data);
	}
	mem_buf_fini(&all);
}

static void put_selectors(struct mem_buf *b, const struct watch_options *o)
{
	char field[300];

	if (o->kind == KUBE_NAMESPACE && o->namespace_[0] != '\0') {
		snprintf(field, sizeof(field), "metadata.name=%s", o->namespace_);
		put_parameter(b, "fieldSelector", field);
	}
	put_labels(b, o);
}

void watch_path(
	const struct watch_options *o, const struct watch_query *q, struct mem_buf *out)
{
	put(out, resources[o->kind].group);
	if (o->kind != KUBE_NAMESPACE && o->namespace_[0] != '\0') {
		put(out, "/namespaces/");
		put_encoded(out, o->namespace_);
	}
	put(out, "/");
	put(out, resources[o->kind].resource);
	if (q->watch)
		put_number(out, "watch", 1);
	if (q->initial)
		put_parameter(out, "sendInitialEvents", "true");
	if (q->watch)
		put_parameter(out, "allowWatchBookmarks", "true");
	if (q->rv != NULL)
		put_parameter(out, "resourceVersion", q->rv);
	if (q->match != NULL)
		put_parameter(out, "resourceVersionMatch", q->match);
	put_number(out, "limit", q->limit);
	if (q->more != NULL)
		put_parameter(out, "continue", q->more);
	put_number(out, "timeoutSeconds", q->timeout_s);
	put_selectors(out, o);
	mem_buf_put(out, "", 1);
}
