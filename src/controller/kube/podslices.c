#include "controller/kube/podslices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"

/* What is known under a key of namespace and name. */
enum key {
	KEY_SERVICE, /* with a selector */
	KEY_POD,
	KEY_SLICE,   /* of the input */
	KEY_COUNT,   /* slices of the input for a Service, known or not */
	KEY_SPACE,   /* Pods of a namespace; the name is "" */
	KEY_DERIVED, /* a slice of ours */
};

struct item {
	struct item *next; /* in the bucket */
	uint64_t hash;
	enum key key;
	struct kube_object o; /* SERVICE, POD: a copy; else namespace and name only */
	struct item *after, **back; /* SERVICE: among all; POD: in its namespace */
	struct item *pods;          /* SPACE */
	char *service;              /* SLICE */
	size_t slices;              /* COUNT */
	uint64_t content, seen;     /* DERIVED */
};

struct podslices {
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o);
	void *arg;
	struct item **buckets;
	size_t nbuckets, nitems;
	struct item *services;
	bool changed; /* something that slices are derived from */
	uint64_t pass;
};

struct podslices *podslices_new(
	void (*on_object)(void *arg, enum kube_change change, struct kube_object *o),
	void *arg)
{
	struct podslices *p = mem_alloc(1, sizeof(*p));

	p->on_object = on_object;
	p->arg = arg;
	p->nbuckets = 64;
	p->buckets = mem_alloc(p->nbuckets, sizeof(struct item *));
	return p;
}

static void free_item(struct item *i)
{
	kube_object_fini(&i->o);
	kube_text_free(i->service);
	free(i);
}

void podslices_free(struct podslices *p)
{
	if (p == NULL)
		return;
	for (size_t b = 0; b < p->nbuckets; b++) {
		while (p->buckets[b] != NULL) {
			struct item *i = p->buckets[b];

			p->buckets[b] = i->next;
			free_item(i);
		}
	}
	free(p->buckets);
	free(p);
}

static uint64_t hash_key(enum key key, const char *namespace, const char *name)
{
	uint64_t part[3] = {
		key,
		hash_content(namespace, strlen(namespace)),
		hash_content(name, strlen(name)),
	};

	return hash_content(part, sizeof(part));
}

static struct item **place(
	struct podslices *p, enum key key, const char *namespace, const char *name)
{
	uint64_t hash = hash_key(key, namespace, name);
	struct item **at = &p->buckets[hash & (p->nbuckets - 1)];

	while (*at != NULL) {
		struct item *i = *at;

		if (i->hash == hash && i->key == key &&
			strcmp(i->o.namespace, namespace) == 0 &&
			strcmp(i->o.name, name) == 0)
			break;
		at = &i->next;
	}
	return at;
}

static void grow(struct podslices *p)
{
	size_t n = 2 * p->nbuckets;
	struct item **buckets = mem_alloc(n, sizeof(struct item *));

	for (size_t b = 0; b < p->nbuckets; b++) {
		while (p->buckets[b] != NULL) {
			struct item *i = p->buckets[b];

			p->buckets[b] = i->next;
			i->next = buckets[i->hash & (n - 1)];
			buckets[i->hash & (n - 1)] = i;
		}
	}
	free(p->buckets);
	p->buckets = buckets;
	p->nbuckets = n;
}

static struct item *get(
	struct podslices *p, enum key key, const char *namespace, const char *name)
{
	struct item **at = place(p, key, namespace, name);

	if (*at != NULL)
		return *at;
	if (p->nitems >= p->nbuckets) {
		grow(p);
		at = place(p, key, namespace, name);
	}
	struct item *i = mem_alloc(1, sizeof(*i));
	i->hash = hash_key(key, namespace, name);
	i->key = key;
	i->o.kind = KUBE_OTHER;
	i->o.namespace = kube_text(namespace, strlen(namespace));
	i->o.name = kube_text(name, strlen(name));
	*at = i;
	p->nitems++;
	return i;
}

static void drop(struct podslices *p, struct item **at)
{
	struct item *i = *at;

	*at = i->next;
	if (i->back != NULL)
		*i->back = i->after;
	if (i->after != NULL)
		i->after->back = i->back;
	p->nitems--;
	free_item(i);
}

static void forget(struct podslices *p, enum key key, const struct kube_object *o)
{
	struct item **at = place(p, key, o->namespace, o->name);

	if (*at == NULL)
		return;
	drop(p, at);
	p->changed = true;
}

/* Keep a copy of a Service or Pod, in the list that begins at *head. */
static void keep(struct podslices *p, enum key key, const struct kube_object *o,
	struct item **head)
{
	struct item *i = get(p, key, o->namespace, o->name);

	if (i->o.kind != KUBE_OTHER && kube_object_equal(&i->o, o))
		return;
	kube_object_fini(&i->o);
	kube_object_copy(&i->o, o);
	p->changed = true;
	if (i->back != NULL)
		return;
	i->after = *head;
	i->back = head;
	if (i->after != NULL)
		i->after->back = &i->after;
	*head = i;
}

static void note_service(
	struct podslices *p, enum kube_change change, const struct kube_object *o)
{
	if (change == KUBE_DELETED || o->u.service.nselector == 0 ||
		o->u.service.type == SERVICE_EXTERNAL_NAME)
		forget(p, KEY_SERVICE, o);
	else
		keep(p, KEY_SERVICE, o, &p->services);
}

static void note_pod(
	struct podslices *p, enum kube_change change, const struct kube_object *o)
{
	if (change == KUBE_DELETED)
		forget(p, KEY_POD, o);
	else
		keep(p, KEY_POD, o, &get(p, KEY_SPACE, o->namespace, "")->pods);
}

/* One slice more or less for the Service; the first and the last one matter. */
static void count(
	struct podslices *p, const char *namespace, const char *service, bool more)
{
	struct item *i = get(p, KEY_COUNT, namespace, service);

	if (more ? i->slices++ == 0 : --i->slices == 0)
		p->changed = true;
	if (i->slices == 0)
		drop(p, place(p, KEY_COUNT, namespace, service));
}

static void note_slice(
	struct podslices *p, enum kube_change change, const struct kube_object *o)
{
	struct item **at = place(p, KEY_SLICE, o->namespace, o->name);
	char *before = *at == NULL ? NULL : (*at)->service;

	if (change != KUBE_DELETED) {
		const char *now = o->u.slice.service;
		struct item *i = get(p, KEY_SLICE, o->namespace, o->name);

		i->service = kube_text(now, strlen(now));
		count(p, o->namespace, now, true);
	}
	if (before == NULL)
		return;
	count(p, o->namespace, before, false);
	if (change != KUBE_DELETED)
		kube_text_free(before);
	else
		drop(p, place(p, KEY_SLICE, o->namespace, o->name));
}

void podslices_event(struct podslices *p, enum kube_change change, struct kube_object *o)
{
	if (o->kind == KUBE_SERVICE)
		note_service(p, change, o);
	else if (o->kind == KUBE_POD)
		note_pod(p, change, o);
	else if (o->kind == KUBE_SLICE)
		note_slice(p, change, o);
	p->on_object(p->arg, change, o);
}

static bool selects(const struct kube_service *s, const struct kube_object *pod)
{
	for (size_t i = 0; i < s->nselector; i++) {
		const char *v = kube_object_label(pod, s->selector[i].key);

		if (v == NULL || strcmp(v, s->selector[i].value) != 0)
			return false;
	}
	return true;
}

/* The number of a port of the Service at this Pod; -1: the Pod has none of that name. */
static int32_t target_port(const struct kube_port *port, const struct kube_pod *pod)
{
	const char *target = port->target_name;

	if (target[0] == 0)
		return port->port; /* what the API server fills in */
	if (target[strspn(target, "0123456789")] == 0 && strlen(target) <= 5)
		return (int32_t)strtol(target, NULL, 10);
	for (size_t i = 0; i < pod->nports; i++) {
		if (pod->ports[i].protocol == port->protocol &&
			strcmp(pod->ports[i].name, target) == 0)
			return pod->ports[i].port;
	}
	return -1;
}

static void add_port(struct kube_slice *s, const char *name, enum kube_protocol protocol,
	int32_t number)
{
	s->ports = mem_resize(s->ports, s->nports + 1, sizeof(*s->ports));
	s->ports[s->nports++] = (struct kube_port){
		.name = kube_text(name, strlen(name)),
		.protocol = protocol,
		.port = number,
		.target_name = kube_text("", 0),
	};
}

static void add_ports(struct kube_slice *out, const struct kube_service *service,
	const struct kube_pod *pod)
{
	for (size_t i = 0; i < service->nports; i++) {
		const struct kube_port *port = &service->ports[i];
		int32_t number = target_port(port, pod);

		if (number >= 0)
			add_port(out, port->name, port->protocol, number);
	}
	if (out->nports == 0)
		add_port(out, "", PROTOCOL_TCP, -1); /* RB-29 */
}

static bool same_ports(const struct kube_slice *a, const struct kube_slice *b)
{
	if (a->nports != b->nports)
		return false;
	for (size_t i = 0; i < a->nports; i++) {
		if (a->ports[i].port != b->ports[i].port)
			return false; /* names and protocols are the Service's */
	}
	return true;
}

static char *copy_text(const char *s)
{
	return kube_text(s, strlen(s));
}

/* The Pod's addresses of the family. A draining Pod is not ready (RDY-02). */
static void add_endpoint(struct kube_slice *s, const struct kube_object *service,
	const struct kube_object *pod, uint8_t family)
{
	const struct kube_pod *p = &pod->u.pod;
	bool named = p->hostname[0] != 0 && strcmp(p->subdomain, service->name) == 0;
	bool ready = p->ready && !pod->deleted_soon;
	struct kube_endpoint e = {
		.ready = ready || service->u.service.publish_not_ready ? KUBE_TRUE
	                                                               : KUBE_FALSE,
		.serving = p->ready ? KUBE_TRUE : KUBE_FALSE,
		.terminating = pod->deleted_soon ? KUBE_TRUE : KUBE_FALSE,
		.target = TARGET_POD,
		.hostname = copy_text(named ? p->hostname : ""),
		.target_name = copy_text(pod->name),
		.node = copy_text(p->node),
		.zone = kube_text("", 0),
	};

	e.addrs = mem_alloc(p->nips, sizeof(*e.addrs));
	for (size_t i = 0; i < p->nips; i++) {
		if (p->ips[i].len == family)
			e.addrs[e.naddrs++] = p->ips[i];
	}
	if ((s->nendpoints & (s->nendpoints - 1)) == 0)
		s->endpoints = mem_resize(
			s->endpoints, MAX(2 * s->nendpoints, 1), sizeof(*s->endpoints));
	s->endpoints[s->nendpoints++] = e;
}

static struct kube_object new_slice(
	const struct kube_object *service, uint8_t family, size_t number)
{
	struct kube_object o = {.kind = KUBE_SLICE, .nlabels = 1};
	size_t cap = strlen(service->name) + 64;
	char *name = mem_alloc(cap, 1);

	snprintf(
		name, cap, "%s-derived-%s", service->name, family == 4 ? "ipv4" : "ipv6");
	if (number > 1)
		snprintf(name + strlen(name), cap - strlen(name), "-%zu", number);
	o.namespace = copy_text(service->namespace);
	o.name = copy_text(name);
	o.resource_version = kube_text("", 0);
	o.labels = mem_alloc(1, sizeof(*o.labels));
	o.labels[0].key = copy_text("kubernetes.io/service-name");
	o.labels[0].value = copy_text(service->name);
	o.u.slice.service = copy_text(service->name);
	free(name);
	return o;
}

static int by_name(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return strcmp((*x)->o.name, (*y)->o.name);
}

static bool has_family(const struct addr *a, size_t n, uint8_t family)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i].len == family)
			return true;
	}
	return false;
}

/* The Pods behind a Service, by name; *n of them, the array is the caller's. */
static struct item **select_pods(
	struct podslices *p, const struct kube_object *service, uint8_t family, size_t *n)
{
	struct item *pod = get(p, KEY_SPACE, service->namespace, "")->pods;
	struct item **out = NULL;

	*n = 0;
	for (; pod != NULL; pod = pod->after) {
		const struct kube_pod *k = &pod->o.u.pod;

		if (!k->running || !has_family(k->ips, k->nips, family) ||
			!selects(&service->u.service, &pod->o))
			continue;
		if ((*n & (*n - 1)) == 0)
			out = mem_resize(out, MAX(2 * *n, 1), sizeof(struct item *));
		out[(*n)++] = pod;
	}
	if (*n > 1)
		qsort(out, *n, sizeof(struct item *), by_name);
	return out;
}

/* Said if it is new or says something new. */
static void emit(struct podslices *p, struct kube_object *o)
{
	struct item *i = get(p, KEY_DERIVED, o->namespace, o->name);
	uint64_t content = kube_object_hash(o);
	bool known = i->seen != 0;

	i->seen = p->pass;
	if (!known || i->content != content)
		p->on_object(p->arg, known ? KUBE_MODIFIED : KUBE_ADDED, o);
	i->content = content;
	kube_object_fini(o);
}

/* One slice for all Pods whose ports have the same numbers. */
static void derive_family(
	struct podslices *p, const struct kube_object *service, uint8_t family)
{
	size_t npods, nslices = 0;
	struct item **pods = select_pods(p, service, family, &npods);
	struct kube_object *slices = mem_alloc(npods, sizeof(*slices));

	for (size_t i = 0; i < npods; i++) {
		struct kube_object *o = &slices[nslices];
		size_t at = 0;

		*o = new_slice(service, family, nslices + 1);
		add_ports(&o->u.slice, &service->u.service, &pods[i]->o.u.pod);
		while (!same_ports(&slices[at].u.slice, &o->u.slice))
			at++;
		if (at < nslices)
			kube_object_fini(o);
		else
			nslices++;
		add_endpoint(&slices[at].u.slice, service, &pods[i]->o, family);
	}
	for (size_t i = 0; i < nslices; i++)
		emit(p, &slices[i]);
	free(slices);
	free(pods);
}

/* The families of its cluster IPs; without any, those of the Pods. */
static void derive(struct podslices *p, const struct kube_object *service)
{
	const struct kube_service *s = &service->u.service;
	static const uint8_t families[] = {4, 16};

	if (*place(p, KEY_COUNT, service->namespace, service->name) != NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (s->nips == 0 || has_family(s->ips, s->nips, families[i]))
			derive_family(p, service, families[i]);
	}
}

static void say_deleted(struct podslices *p, const struct item *i)
{
	struct kube_object o = {.kind = KUBE_SLICE};

	o.namespace = copy_text(i->o.namespace);
	o.name = copy_text(i->o.name);
	p->on_object(p->arg, KUBE_DELETED, &o);
	kube_object_fini(&o);
}

static void sweep(struct podslices *p)
{
	for (size_t b = 0; b < p->nbuckets; b++) {
		struct item **at = &p->buckets[b];

		while (*at != NULL) {
			struct item *i = *at;

			if (i->key != KEY_DERIVED || i->seen == p->pass) {
				at = &i->next;
				continue;
			}
			say_deleted(p, i);
			drop(p, at);
		}
	}
}

void podslices_batch_end(struct podslices *p)
{
	if (!p->changed)
		return;
	p->changed = false;
	p->pass++;
	for (struct item *i = p->services; i != NULL; i = i->after)
		derive(p, &i->o);
	sweep(p);
}
