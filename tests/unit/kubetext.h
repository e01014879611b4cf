/*
 * kubetext.h - Kubernetes objects as one line of text, for tests to compare
 */
#ifndef UNIT_KUBETEXT_H
#define UNIT_KUBETEXT_H

#include <stdarg.h>
#include <stdio.h>

#include "controller/kube/kubeobj.h"
#include "support.h"

struct kubetext {
	char text[8192];
	size_t len;
	size_t objects;
};

__attribute__((format(printf, 2, 3))) static inline void say(
	struct kubetext *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, ap);
	va_end(ap);
	ck_assert_uint_lt(t->len + (size_t)n, sizeof(t->text));
	t->len += (size_t)n;
}

static inline void say_addrs(struct kubetext *t, const struct addr *a, size_t n)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		addr_text(&a[i], text);
		say(t, " %s", text);
	}
}

static inline void say_labels(
	struct kubetext *t, const char *what, const struct kube_label *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		say(t, " %s:%s=%s", what, l[i].key, l[i].value);
}

static inline void say_ports(struct kubetext *t, const struct kube_port *p, size_t n)
{
	static const char *const protocols[] = {"TCP", "UDP", "SCTP", "other"};

	for (size_t i = 0; i < n; i++) {
		say(t, " %s/%s/%d", p[i].name, protocols[p[i].protocol], p[i].port);
		if (p[i].target_name[0] != 0)
			say(t, ">%s", p[i].target_name);
	}
}

static inline void say_service(struct kubetext *t, const struct kube_service *s)
{
	if (s->type == SERVICE_EXTERNAL_NAME)
		say(t, " ExternalName");
	if (s->headless)
		say(t, " headless");
	if (s->traffic != TRAFFIC_UNSET)
		say(t, " near=%s", s->traffic == TRAFFIC_ZONE ? "zone" : "node");
	if (s->publish_not_ready)
		say(t, " notready");
	say_addrs(t, s->ips, s->nips);
	if (s->bad_addresses > 0)
		say(t, " bad:%zu", s->bad_addresses);
	say_ports(t, s->ports, s->nports);
	if (s->external_name[0] != 0)
		say(t, " to:%s", s->external_name);
	say_labels(t, "selects", s->selector, s->nselector);
}

static inline void say_tristate(
	struct kubetext *t, const char *what, enum kube_tristate v)
{
	if (v != KUBE_UNSET)
		say(t, " %s%s", v == KUBE_TRUE ? "+" : "-", what);
}

static inline void say_endpoint(struct kubetext *t, const struct kube_endpoint *e)
{
	static const char *const targets[] = {"target", "pod", "node"};

	say(t, " {");
	say_addrs(t, e->addrs, e->naddrs);
	say_tristate(t, "ready", e->ready);
	say_tristate(t, "serving", e->serving);
	say_tristate(t, "terminating", e->terminating);
	if (e->hostname[0] != 0)
		say(t, " host:%s", e->hostname);
	if (e->target_name[0] != 0)
		say(t, " %s:%s", targets[e->target], e->target_name);
	if (e->node[0] != 0)
		say(t, " node:%s", e->node);
	if (e->zone[0] != 0)
		say(t, " zone:%s", e->zone);
	say(t, " }");
}

static inline void say_slice(struct kubetext *t, const struct kube_slice *s)
{
	say(t, " of:%s", s->service);
	if (s->fqdn)
		say(t, " fqdn");
	for (size_t i = 0; i < s->nendpoints; i++)
		say_endpoint(t, &s->endpoints[i]);
	if (s->bad_addresses > 0)
		say(t, " bad:%zu", s->bad_addresses);
	say_ports(t, s->ports, s->nports);
}

static inline void say_pod(struct kubetext *t, const struct kube_pod *p)
{
	say_addrs(t, p->ips, p->nips);
	if (p->hostname[0] != 0)
		say(t, " host:%s", p->hostname);
	if (p->subdomain[0] != 0)
		say(t, " subdomain:%s", p->subdomain);
	if (p->node[0] != 0)
		say(t, " node:%s", p->node);
	say(t, " %cready %crunning", p->ready ? '+' : '-', p->running ? '+' : '-');
	say_ports(t, p->ports, p->nports);
}

/* One line for each object; `arg` is the struct kubetext. Fits as on_object. */
static inline void say_object(void *arg, struct kube_object *o)
{
	struct kubetext *t = arg;

	t->objects++;
	say(t, "%s %s/%s", kube_kind_text(o->kind), o->namespace, o->name);
	if (o->resource_version[0] != 0)
		say(t, " rv:%s", o->resource_version);
	if (o->deleted_soon)
		say(t, " going");
	if (o->kind == KUBE_SERVICE)
		say_service(t, &o->u.service);
	else if (o->kind == KUBE_SLICE)
		say_slice(t, &o->u.slice);
	else if (o->kind == KUBE_POD)
		say_pod(t, &o->u.pod);
	say_labels(t, "label", o->labels, o->nlabels);
	say(t, "\n");
}

/* A whole file, with a NUL behind it; free() it. */
static inline char *read_data(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 20;
	char *s = malloc(cap);

	ck_assert_msg(f != NULL, "cannot open %s", path);
	ck_assert_ptr_nonnull(s);
	*len = fread(s, 1, cap - 1, f);
	ck_assert(feof(f) && !ferror(f));
	s[*len] = 0;
	fclose(f);
	return s;
}

#endif
