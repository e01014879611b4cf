#include "controller/kube/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/addrindex.h"

/* ---- owners ---- */

void record_owner_add(struct store *s, struct owner *o, enum owner_kind kind)
{
	o->kind = kind;
	TAILQ_INSERT_TAIL(&s->all, o, all);
}

void record_owner_unmark(struct store *s, struct owner *o)
{
	if (!o->dirty)
		return;
	o->dirty = false;
	s->ndirty--;
	TAILQ_REMOVE(&s->dirty, o, dirty_link);
}

void record_free_names(struct owner *o)
{
	struct owner_names *names = store_names(o);

	if (names != NULL)
		free(names->octets);
}

void record_owner_drop(struct store *s, struct owner *o)
{
	record_owner_unmark(s, o);
	TAILQ_REMOVE(&s->all, o, all);
	record_free_names(o);
}

/* ---- finding and making records ---- */

/* "NAMESPACE\0NAME" hashed: names of objects may be chosen by tenants. */
uint64_t record_hash(const struct store *s, const char *namespace_, const char *name)
{
	uint8_t octets[1024];
	size_t a_len = MIN(strlen(namespace_), 500), b_len = MIN(strlen(name), 500);

	memcpy(octets, namespace_, a_len);
	octets[a_len] = 0;
	memcpy(octets + a_len + 1, name, b_len);
	return hash_name(&s->key, octets, a_len + 1 + b_len).check;
}

struct namespace_record *store_find_namespace(const struct store *s, const char *name)
{
	struct table_link *l = table_first(&s->namespaces, record_hash(s, name, ""));

	for (; l != NULL; l = table_next(l)) {
		struct namespace_record *n = TABLE_ENTRY(
			l, struct namespace_record, link);

		if (strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

struct service_record *store_find_service(
	const struct store *s, const char *namespace_, const char *name)
{
	struct table_link *l = table_first(
		&s->services, record_hash(s, namespace_, name));

	for (; l != NULL; l = table_next(l)) {
		struct service_record *svc = TABLE_ENTRY(l, struct service_record, link);

		if (strcmp(svc->name, name) == 0 &&
			strcmp(svc->namespace_->name, namespace_) == 0)
			return svc;
	}
	return NULL;
}

struct slice_record *record_find_slice(
	const struct store *s, const char *namespace_, const char *name)
{
	struct table_link *l = table_first(&s->slices, record_hash(s, namespace_, name));

	for (; l != NULL; l = table_next(l)) {
		struct slice_record *slice = TABLE_ENTRY(l, struct slice_record, link);

		if (strcmp(slice->object.name, name) == 0 &&
			strcmp(slice->object.namespace, namespace_) == 0)
			return slice;
	}
	return NULL;
}

struct namespace_record *record_namespace(struct store *s, const char *name)
{
	struct namespace_record *n = store_find_namespace(s, name);

	if (n != NULL)
		return n;
	n = mem_alloc(1, sizeof(*n));
	n->name = mem_dup(name, strlen(name));
	LIST_INIT(&n->services);
	table_add(&s->namespaces, &n->link, record_hash(s, name, ""));
	record_owner_add(s, &n->owner, OWNER_NAMESPACE);
	return n;
}

struct service_record *record_service(
	struct store *s, const char *namespace_, const char *name)
{
	struct service_record *svc = store_find_service(s, namespace_, name);

	if (svc != NULL)
		return svc;
	svc = mem_alloc(1, sizeof(*svc));
	svc->namespace_ = record_namespace(s, namespace_);
	svc->name = mem_dup(name, strlen(name));
	TAILQ_INIT(&svc->slices);
	LIST_INSERT_HEAD(&svc->namespace_->services, svc, of_namespace);
	table_add(&s->services, &svc->link, record_hash(s, namespace_, name));
	record_owner_add(s, &svc->owner, OWNER_SERVICE);
	return svc;
}

void record_free_object(struct kube_object **o)
{
	if (*o == NULL)
		return;
	kube_object_fini(*o);
	free(*o);
	*o = NULL;
}

/* Move the content of *from into a struct of its own. */
struct kube_object *record_take_object(struct kube_object *from)
{
	struct kube_object *o = mem_alloc(1, sizeof(*o));

	*o = *from;
	*from = (struct kube_object){0};
	kube_object_pack(o);
	return o;
}

/* ---- freeing records that nothing belongs to ---- */

void record_release_namespace(struct store *s, struct namespace_record *n)
{
	if (n->object != NULL || !LIST_EMPTY(&n->services) || n->owner.dirty ||
		n->names.len > 0)
		return;
	record_owner_drop(s, &n->owner);
	table_remove(&s->namespaces, &n->link);
	free(n->name);
	free(n);
}

void record_release_service(struct store *s, struct service_record *svc)
{
	struct namespace_record *n = svc->namespace_;

	if (svc->object != NULL || !TAILQ_EMPTY(&svc->slices) || svc->owner.dirty ||
		svc->names.len > 0)
		return;
	record_owner_drop(s, &svc->owner);
	table_remove(&s->services, &svc->link);
	LIST_REMOVE(svc, of_namespace);
	free(svc->name);
	free(svc);
	record_release_namespace(s, n);
}

void record_release_address(struct store *s, struct address_record *a)
{
	if (a->nrefs > 0 || a->owner.dirty || a->named)
		return;
	record_owner_drop(s, &a->owner);
	table_remove(&s->addresses, &a->link);
	addrindex_free_refs(a);
	free(a);
}

void record_hosts(struct store *s, bool wanted)
{
	if (s->options.hosts)
		record_owner_drop(s, &s->hosts.owner);
	s->hosts = (struct hosts_owner){0};
	if (wanted)
		record_owner_add(s, &s->hosts.owner, OWNER_HOSTS);
}

void store_mark_file(struct store *s, unsigned zone, const char *cause)
{
	if (zone >= s->options.nzones)
		return;
	store_mark(s, &s->zones[zone].owner);
	if (s->ncauses++ == 0)
		snprintf(s->cause, sizeof(s->cause), "%s", cause);
}

void store_mark_hosts(struct store *s)
{
	struct owner *o = &s->hosts.owner;

	store_mark(s, o);
	TAILQ_REMOVE(&s->dirty, o, dirty_link);
	TAILQ_INSERT_HEAD(&s->dirty, o, dirty_link);
	if (s->ncauses++ == 0)
		snprintf(s->cause, sizeof(s->cause), "hosts");
}
