#include "controller/kube/kubeobj.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"

/* Most strings of most objects are absent: they share one "", which is never freed. */
static char none[1];

char *kube_text(const char *s, size_t len)
{
	return len == 0 ? none : mem_dup(s, len);
}

void kube_text_free(char *s)
{
	if (s != none)
		free(s);
}

static char *copy_text(const char *s)
{
	return s == NULL ? none : kube_text(s, strlen(s));
}

static void free_labels(struct kube_label *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		kube_text_free(l[i].key);
		kube_text_free(l[i].value);
	}
	free(l);
}

static void free_ports(struct kube_port *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		kube_text_free(p[i].name);
		kube_text_free(p[i].target_name);
	}
	free(p);
}

static void free_service(struct kube_service *s)
{
	free(s->ips);
	free_ports(s->ports, s->nports);
	kube_text_free(s->external_name);
	free_labels(s->selector, s->nselector);
}

static void free_slice(struct kube_slice *s)
{
	for (size_t i = 0; i < s->nendpoints; i++) {
		struct kube_endpoint *e = &s->endpoints[i];

		free(e->addrs);
		kube_text_free(e->hostname);
		kube_text_free(e->target_name);
		kube_text_free(e->node);
		kube_text_free(e->zone);
	}
	free(s->endpoints);
	kube_text_free(s->service);
	free_ports(s->ports, s->nports);
}

static void free_pod(struct kube_pod *p)
{
	free(p->ips);
	kube_text_free(p->hostname);
	kube_text_free(p->subdomain);
	kube_text_free(p->node);
	free_ports(p->ports, p->nports);
}

static void free_parts(struct kube_object *o)
{
	kube_text_free(o->namespace);
	kube_text_free(o->name);
	free_labels(o->labels, o->nlabels);
	switch (o->kind) {
	case KUBE_SERVICE:
		free_service(&o->u.service);
		break;
	case KUBE_SLICE:
		free_slice(&o->u.slice);
		break;
	case KUBE_POD:
		free_pod(&o->u.pod);
		break;
	case KUBE_NAMESPACE:
	case KUBE_KINDS:
	case KUBE_OTHER:
		break;
	}
}

void kube_object_fini(struct kube_object *o)
{
	if (o->pack != NULL)
		free(o->pack);
	else
		free_parts(o);
	kube_text_free(o->resource_version);
	memset(o, 0, sizeof(*o));
}

static struct kube_label *copy_labels(const struct kube_label *l, size_t n)
{
	struct kube_label *out = n == 0 ? NULL : mem_alloc(n, sizeof(*out));

	for (size_t i = 0; i < n; i++) {
		out[i].key = copy_text(l[i].key);
		out[i].value = copy_text(l[i].value);
	}
	return out;
}

static struct kube_port *copy_ports(const struct kube_port *p, size_t n)
{
	struct kube_port *out = n == 0 ? NULL : mem_alloc(n, sizeof(*out));

	for (size_t i = 0; i < n; i++) {
		out[i] = p[i];
		out[i].name = copy_text(p[i].name);
		out[i].target_name = copy_text(p[i].target_name);
	}
	return out;
}

static struct addr *copy_addrs(const struct addr *a, size_t n)
{
	struct addr *out = n == 0 ? NULL : mem_alloc(n, sizeof(*out));

	if (n > 0)
		memcpy(out, a, n * sizeof(*out));
	return out;
}

static void copy_service(struct kube_service *out, const struct kube_service *s)
{
	*out = *s;
	out->ips = copy_addrs(s->ips, s->nips);
	out->ports = copy_ports(s->ports, s->nports);
	out->external_name = copy_text(s->external_name);
	out->selector = copy_labels(s->selector, s->nselector);
}

static void copy_endpoint(struct kube_endpoint *out, const struct kube_endpoint *e)
{
	*out = *e;
	out->addrs = copy_addrs(e->addrs, e->naddrs);
	out->hostname = copy_text(e->hostname);
	out->target_name = copy_text(e->target_name);
	out->node = copy_text(e->node);
	out->zone = copy_text(e->zone);
}

static void copy_slice(struct kube_slice *out, const struct kube_slice *s)
{
	*out = *s;
	out->service = copy_text(s->service);
	out->endpoints = NULL;
	if (s->nendpoints > 0)
		out->endpoints = mem_alloc(s->nendpoints, sizeof(*out->endpoints));
	for (size_t i = 0; i < s->nendpoints; i++)
		copy_endpoint(&out->endpoints[i], &s->endpoints[i]);
	out->ports = copy_ports(s->ports, s->nports);
}

static void copy_pod(struct kube_pod *out, const struct kube_pod *p)
{
	*out = *p;
	out->ips = copy_addrs(p->ips, p->nips);
	out->hostname = copy_text(p->hostname);
	out->subdomain = copy_text(p->subdomain);
	out->node = copy_text(p->node);
	out->ports = copy_ports(p->ports, p->nports);
}

void kube_object_copy(struct kube_object *out, const struct kube_object *o)
{
	*out = *o;
	out->pack = NULL;
	out->namespace = copy_text(o->namespace);
	out->name = copy_text(o->name);
	out->resource_version = copy_text(o->resource_version);
	out->labels = copy_labels(o->labels, o->nlabels);
	if (o->kind == KUBE_SERVICE)
		copy_service(&out->u.service, &o->u.service);
	else if (o->kind == KUBE_SLICE)
		copy_slice(&out->u.slice, &o->u.slice);
	else if (o->kind == KUBE_POD)
		copy_pod(&out->u.pod, &o->u.pod);
}

/*
 * Equality and the hash both work on one canonical run of octets: each string with its
 * NUL, each number with a fixed width, each list with its length in front. What is not in
 * flatten() does not count as a change.
 */
static void put_text(struct mem_buf *b, const char *s)
{
	mem_buf_put(b, s == NULL ? "" : s, s == NULL ? 1 : strlen(s) + 1);
}

static void put_number(struct mem_buf *b, size_t n)
{
	uint64_t v = n;

	mem_buf_put(b, &v, sizeof(v));
}

static void put_labels(struct mem_buf *b, const struct kube_label *l, size_t n)
{
	put_number(b, n);
	for (size_t i = 0; i < n; i++) {
		put_text(b, l[i].key);
		put_text(b, l[i].value);
	}
}

static void put_ports(struct mem_buf *b, const struct kube_port *p, size_t n)
{
	put_number(b, n);
	for (size_t i = 0; i < n; i++) {
		put_text(b, p[i].name);
		put_number(b, p[i].protocol);
		put_number(b, (size_t)p[i].port);
		put_text(b, p[i].target_name);
	}
}

static void put_addrs(struct mem_buf *b, const struct addr *a, size_t n)
{
	put_number(b, n);
	if (n > 0)
		mem_buf_put(b, a, n * sizeof(*a));
}

static void put_service(struct mem_buf *b, const struct kube_service *s)
{
	put_number(b, s->type);
	put_number(b, s->headless);
	put_number(b, s->publish_not_ready);
	put_number(b, s->traffic);
	put_number(b, s->bad_addresses);
	put_addrs(b, s->ips, s->nips);
	put_ports(b, s->ports, s->nports);
	put_text(b, s->external_name);
	put_labels(b, s->selector, s->nselector);
}

static void put_endpoint(struct mem_buf *b, const struct kube_endpoint *e)
{
	put_addrs(b, e->addrs, e->naddrs);
	put_number(b, e->ready);
	put_number(b, e->serving);
	put_number(b, e->terminating);
	put_number(b, e->target);
	put_text(b, e->hostname);
	put_text(b, e->target_name);
	put_text(b, e->node);
	put_text(b, e->zone);
}

static void put_slice(struct mem_buf *b, const struct kube_slice *s)
{
	put_text(b, s->service);
	put_number(b, s->fqdn);
	put_number(b, s->bad_addresses);
	put_number(b, s->nendpoints);
	for (size_t i = 0; i < s->nendpoints; i++)
		put_endpoint(b, &s->endpoints[i]);
	put_ports(b, s->ports, s->nports);
}

static void put_pod(struct mem_buf *b, const struct kube_pod *p)
{
	put_addrs(b, p->ips, p->nips);
	put_text(b, p->hostname);
	put_text(b, p->subdomain);
	put_text(b, p->node);
	put_number(b, p->ready);
	put_number(b, p->running);
	put_ports(b, p->ports, p->nports);
}

static void flatten(struct mem_buf *b, const struct kube_object *o)
{
	put_number(b, o->kind);
	put_text(b, o->namespace);
	put_text(b, o->name);
	put_labels(b, o->labels, o->nlabels);
	put_number(b, o->deleted_soon);
	if (o->kind == KUBE_SERVICE)
		put_service(b, &o->u.service);
	else if (o->kind == KUBE_SLICE)
		put_slice(b, &o->u.slice);
	else if (o->kind == KUBE_POD)
		put_pod(b, &o->u.pod);
}

bool kube_object_equal(const struct kube_object *a, const struct kube_object *b)
{
	struct mem_buf x = {0}, y = {0};

	flatten(&x, a);
	flatten(&y, b);
	bool equal = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	mem_buf_fini(&x);
	mem_buf_fini(&y);
	return equal;
}

uint64_t kube_object_hash(const struct kube_object *o)
{
	struct mem_buf b = {0};

	flatten(&b, o);
	uint64_t h = hash_content(b.data, b.len);
	mem_buf_fini(&b);
	return h;
}

const char *kube_object_label(const struct kube_object *o, const char *key)
{
	for (size_t i = 0; i < o->nlabels; i++) {
		if (strcmp(o->labels[i].key, key) == 0)
			return o->labels[i].value;
	}
	return NULL;
}

const char *kube_kind_text(enum kube_kind kind)
{
	static const char *const text[] = {
		[KUBE_NAMESPACE] = "Namespace",
		[KUBE_SERVICE] = "Service",
		[KUBE_SLICE] = "EndpointSlice",
		[KUBE_POD] = "Pod",
	};

	return kind < ARRAY_LEN(text) ? text[kind] : "object";
}
