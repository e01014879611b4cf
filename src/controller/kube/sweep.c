/* sweep.c - the part of the store that compares it with complete lists (WP-85) */
#include <string.h>

#include "base/mem.h"
#include "controller/kube/record.h"

/* What is looked for, and where it goes. */
struct search {
	enum kube_kind kind;
	const char *namespace_; /* NULL: any */
	uint32_t pass;
	size_t n, total;
	struct mem_buf names; /* "NAMESPACE\0NAME\0" each, if `collect` */
	bool collect;
};

uint32_t store_pass_begin(struct store *s)
{
	return ++s->pass;
}

/* The object of that name, and where its pass stands; NULL: there is none. */
static const struct kube_object *find(const struct store *s, enum kube_kind kind,
	const char *namespace_, const char *name, uint32_t **pass)
{
	struct namespace_record *n;
	struct service_record *svc;
	struct slice_record *slice;

	if (kind == KUBE_NAMESPACE && (n = store_find_namespace(s, name)) != NULL) {
		*pass = &n->pass;
		return n->object;
	}
	if (kind == KUBE_SERVICE &&
		(svc = store_find_service(s, namespace_, name)) != NULL) {
		*pass = &svc->pass;
		return svc->object;
	}
	if (kind == KUBE_SLICE &&
		(slice = record_find_slice(s, namespace_, name)) != NULL) {
		*pass = &slice->pass;
		return &slice->object;
	}
	return NULL;
}

void store_seen(
	struct store *s, enum kube_kind kind, const char *namespace_, const char *name)
{
	uint32_t *pass;

	if (find(s, kind, namespace_, name, &pass) != NULL)
		*pass = s->pass;
}

const char *store_version(const struct store *s, enum kube_kind kind,
	const char *namespace_, const char *name)
{
	uint32_t *pass;
	const struct kube_object *o = find(s, kind, namespace_, name, &pass);

	return o == NULL ? NULL : o->resource_version;
}

/* Numbers are compared by their distance: they may wrap. */
static void look(
	struct search *q, uint32_t pass, const char *namespace_, const char *name)
{
	/* A Namespace is listed with what stands in it. */
	const char *within = q->kind == KUBE_NAMESPACE ? name : namespace_;

	if (q->namespace_ != NULL && strcmp(q->namespace_, within) != 0)
		return;
	q->total++;
	if ((int32_t)(pass - q->pass) >= 0)
		return;
	q->n++;
	if (!q->collect)
		return;
	mem_buf_put(&q->names, namespace_, strlen(namespace_) + 1);
	mem_buf_put(&q->names, name, strlen(name) + 1);
}

static void on_namespace(void *arg, struct table_link *l)
{
	const struct namespace_record *n = TABLE_ENTRY(l, struct namespace_record, link);

	if (n->object != NULL)
		look(arg, n->pass, "", n->name);
}

static void on_service(void *arg, struct table_link *l)
{
	const struct service_record *svc = TABLE_ENTRY(l, struct service_record, link);

	if (svc->object != NULL)
		look(arg, svc->pass, svc->namespace_->name, svc->name);
}

static void on_slice(void *arg, struct table_link *l)
{
	const struct slice_record *slice = TABLE_ENTRY(l, struct slice_record, link);

	look(arg, slice->pass, slice->object.namespace, slice->object.name);
}

static void search(const struct store *s, struct search *q)
{
	if (q->kind == KUBE_NAMESPACE)
		table_visit(&s->namespaces, on_namespace, q);
	else if (q->kind == KUBE_SERVICE)
		table_visit(&s->services, on_service, q);
	else if (q->kind == KUBE_SLICE)
		table_visit(&s->slices, on_slice, q);
}

size_t store_unseen(const struct store *s, enum kube_kind kind, const char *namespace_,
	uint32_t pass, size_t *total)
{
	struct search q = {.kind = kind, .namespace_ = namespace_, .pass = pass};

	search(s, &q);
	*total = q.total;
	return q.n;
}

bool store_sweep(struct store *s, enum kube_kind kind, const char *namespace_,
	uint32_t pass, uint64_t now_ns)
{
	struct search q = {
		.kind = kind, .namespace_ = namespace_, .pass = pass, .collect = true};
	bool changed = false;

	search(s, &q);
	const char *at = (const char *)q.names.data;
	for (size_t i = 0; i < q.n; i++) {
		const char *name = at + strlen(at) + 1;
		struct kube_object o = {.kind = kind,
			.namespace = kube_text(at, strlen(at)),
			.name = kube_text(name, strlen(name))};

		changed |= store_apply(s, KUBE_DELETED, &o, now_ns);
		kube_object_fini(&o);
		at = name + strlen(name) + 1;
	}
	mem_buf_fini(&q.names);
	return changed;
}
