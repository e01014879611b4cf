/* storeaddr.c - the part of the store that says what an address is: where, and whose */
#include <string.h>

#include "controller/kube/store.h"
#include "snap/place.h"

/* ---- places ---- */

uint32_t store_endpoint_place(const struct store *s, const struct kube_endpoint *e)
{
	return places_of(&s->places, &s->key, e);
}

uint32_t store_address_place(const struct store *s, const struct address_record *a)
{
	const struct kube_endpoint *best = NULL;
	bool leaves = true; /* the slice of the best one */

	for (uint32_t i = 0; i < a->nrefs; i++) {
		const struct address_ref *ref = &store_refs(a)[i];
		const struct slice_record *slice = ref->slice;

		if (slice == NULL || (slice->leaving && !leaves))
			continue;
		const struct kube_endpoint *e =
			&slice->object.u.slice.endpoints[ref->endpoint];
		if (best == NULL || slice->leaving != leaves ||
			places_compare(e, best) < 0)
			best = e;
		leaves = slice->leaving;
	}
	return best == NULL ? PLACE_UNKNOWN : store_endpoint_place(s, best);
}

/* ---- Pods ---- */

static const struct kube_endpoint *endpoint_of(const struct address_ref *ref)
{
	return &ref->slice->object.u.slice.endpoints[ref->endpoint];
}

/* What is found out about an address. */
struct verdict {
	struct store_pod pod; /* NULL: no endpoint is a Pod; name "": there are several */
	bool nobody;          /* several namespaces have it, or it is a node's */
};

static void hear(struct verdict *v, const struct address_ref *ref)
{
	const struct kube_endpoint *e = endpoint_of(ref);
	const char *namespace = ref->slice->object.namespace;

	if (e->target == TARGET_NODE)
		v->nobody = true;
	if (e->target != TARGET_POD)
		return;
	if (v->pod.namespace == NULL) {
		v->pod = (struct store_pod){namespace, e->target_name};
		return;
	}
	if (strcmp(v->pod.namespace, namespace) != 0)
		v->nobody = true;
	if (strcmp(v->pod.name, e->target_name) != 0)
		v->pod.name = "";
}

bool store_address_pod(const struct address_record *a, struct store_pod *out)
{
	const struct address_ref *refs = store_refs(a);
	struct verdict v = {0}, leaving = {0};

	for (uint32_t i = 0; i < a->nrefs; i++)
		if (refs[i].slice != NULL)
			hear(refs[i].slice->leaving ? &leaving : &v, &refs[i]);
	if (v.pod.namespace == NULL && !v.nobody)
		v = leaving;
	if (v.pod.namespace == NULL || v.nobody)
		return false;
	*out = v.pod;
	return true;
}
