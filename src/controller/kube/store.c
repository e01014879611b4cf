#include "controller/kube/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/addrindex.h"
#include "controller/kube/record.h"

/* ---- owners ---- */

static void mark_zones(struct store *s)
{
	for (unsigned i = 0; i < s->options.nzones - s->options.nfiles; i++)
		store_mark(s, &s->zones[i].owner);
}

static bool is_apex(const struct store *s, const struct owner *o)
{
	const struct addr *a = &((const struct address_record *)(const void *)o)->addr;

	for (size_t i = 0; i < s->options.napexes; i++)
		if (addr_compare(&s->options.apexes[i], a) == 0)
			return true;
	return false;
}

void store_mark(struct store *s, struct owner *o)
{
	if (o->dirty)
		return;
	o->dirty = true;
	s->ndirty++;
	TAILQ_INSERT_TAIL(&s->dirty, o, dirty_link);
	if (o->kind == OWNER_ADDRESS && is_apex(s, o))
		mark_zones(s);
}

void store_mark_all(struct store *s)
{
	struct owner *o;

	TAILQ_FOREACH(o, &s->all, all)
	store_mark(s, o);
}

struct zone_owner *store_zone(struct owner *o)
{
	return (struct zone_owner *)(void *)o;
}

struct hosts_owner *store_hosts(struct owner *o)
{
	return (struct hosts_owner *)(void *)o;
}

struct namespace_record *store_namespace(struct owner *o)
{
	return (struct namespace_record *)(void *)o;
}

struct service_record *store_service(struct owner *o)
{
	return (struct service_record *)(void *)o;
}

struct address_record *store_address(struct owner *o)
{
	return (struct address_record *)(void *)o;
}

struct owner_names *store_names(struct owner *o)
{
	switch (o->kind) {
	case OWNER_ZONE:
		return &store_zone(o)->names;
	case OWNER_HOSTS:
		return &store_hosts(o)->names;
	case OWNER_NAMESPACE:
		return &store_namespace(o)->names;
	case OWNER_SERVICE:
		return &store_service(o)->names;
	case OWNER_ADDRESS:
		break;
	}
	return NULL;
}

const struct address_ref *store_refs(const struct address_record *a)
{
	return a->nrefs > 1 ? a->refs.many : &a->refs.one;
}

const char *store_owner_text(const struct owner *o, char *out, size_t cap)
{
	char text[ADDR_TEXT_MAX];

	switch (o->kind) {
	case OWNER_ZONE:
		snprintf(out, cap, "zone %u",
			((const struct zone_owner *)(const void *)o)->zone);
		break;
	case OWNER_HOSTS:
		snprintf(out, cap, "hosts");
		break;
	case OWNER_NAMESPACE:
		snprintf(out, cap, "Namespace %s",
			((const struct namespace_record *)(const void *)o)->name);
		break;
	case OWNER_SERVICE: {
		const struct service_record *svc = (const void *)o;

		snprintf(out, cap, "Service %s/%s", svc->namespace_->name, svc->name);
		break;
	}
	case OWNER_ADDRESS:
		addr_text(&((const struct address_record *)(const void *)o)->addr, text);
		snprintf(out, cap, "%s", text);
		break;
	}
	return out;
}

void store_clean(struct store *s, struct owner *o)
{
	record_owner_unmark(s, o);
	switch (o->kind) {
	case OWNER_ZONE:
	case OWNER_HOSTS:
		break;
	case OWNER_NAMESPACE:
		record_release_namespace(s, store_namespace(o));
		break;
	case OWNER_SERVICE:
		record_release_service(s, store_service(o));
		break;
	case OWNER_ADDRESS:
		record_release_address(s, store_address(o));
		break;
	}
}

/* ---- what counts ---- */

bool store_service_exposed(const struct service_record *s)
{
	return s->object != NULL && s->visible && s->namespace_->exposed;
}

bool store_endpoint_counts(
	const struct service_record *s, const struct kube_endpoint *e, bool fallback)
{
	if (e->ready != KUBE_FALSE)
		return true;
	if (s->object != NULL && s->object->u.service.publish_not_ready)
		return true;
	return fallback && e->serving != KUBE_FALSE && e->terminating == KUBE_TRUE;
}

bool store_fallback(const struct store *s, const struct service_record *svc)
{
	const struct slice_record *slice;

	if (!s->options.serving_fallback)
		return false;
	TAILQ_FOREACH(slice, &svc->slices, of_service)
	{
		const struct kube_slice *k = &slice->object.u.slice;

		for (size_t i = 0; slice->counts && i < k->nendpoints; i++)
			if (k->endpoints[i].naddrs > 0 &&
				store_endpoint_counts(svc, &k->endpoints[i], false))
				return false;
	}
	return true;
}

/* ---- marking ---- */

/* Its own names; and those of the zones, whose NS are Services that hold our address. */
static void mark_service(struct store *s, struct service_record *svc)
{
	store_mark(s, &svc->owner);
	if (svc->own_endpoints > 0)
		mark_zones(s);
}

static void mark_cluster_ips(struct store *s, const struct service_record *svc)
{
	if (svc->object == NULL)
		return;
	for (size_t i = 0; i < svc->object->u.service.nips; i++)
		addrindex_mark(s, &svc->object->u.service.ips[i]);
}

static void mark_slice(struct store *s, const struct kube_slice *slice)
{
	for (size_t i = 0; i < slice->nendpoints; i++)
		for (size_t k = 0; k < slice->endpoints[i].naddrs; k++)
			addrindex_mark(s, &slice->endpoints[i].addrs[k]);
}

static void mark_endpoints(struct store *s, const struct service_record *svc)
{
	struct slice_record *slice;

	TAILQ_FOREACH(slice, &svc->slices, of_service)
	mark_slice(s, &slice->object.u.slice);
}

static void mark_service_fully(struct store *s, struct service_record *svc)
{
	mark_service(s, svc);
	mark_cluster_ips(s, svc);
	mark_endpoints(s, svc);
}

/* ---- Namespaces ---- */

static const char *on_label(const void *arg, const char *key)
{
	return kube_object_label(arg, key);
}

static bool labels_match(const struct selector *sel, const struct kube_object *o)
{
	return sel == NULL || selector_matches(sel, on_label, o);
}

static bool listed(const struct store_options *o, const char *name)
{
	for (size_t i = 0; i < o->nnamespaces; i++)
		if (strcmp(o->namespaces[i], name) == 0)
			return true;
	return o->nnamespaces == 0;
}

/* OB-N2: it is known, or it must exist because a Service does. */
static bool namespace_matches(const struct store *s, const struct namespace_record *n)
{
	const struct service_record *svc;

	if (n->object != NULL)
		return labels_match(s->options.namespace_labels, n->object);
	if (!s->implied || (s->options.namespace_labels != NULL &&
				   s->options.namespace_labels->n > 0))
		return false;
	LIST_FOREACH(svc, &n->services, of_namespace)
	if (svc->object != NULL)
		return true;
	return false;
}

/* OB-N1; all that stands in the Namespace changes with it. */
static bool judge_namespace(struct store *s, struct namespace_record *n)
{
	bool exposed = listed(&s->options, n->name) && namespace_matches(s, n);
	struct service_record *svc;

	if (exposed == n->exposed)
		return false;
	n->exposed = exposed;
	store_mark(s, &n->owner);
	LIST_FOREACH(svc, &n->services, of_namespace)
	mark_service_fully(s, svc);
	return true;
}

static bool apply_namespace(struct store *s, struct kube_object *o, bool deleted)
{
	struct namespace_record *n = deleted ? store_find_namespace(s, o->name)
	                                     : record_namespace(s, o->name);

	if (n == NULL || (deleted && n->object == NULL))
		return false;
	if (!deleted && n->object == NULL)
		s->objects[KUBE_NAMESPACE]++;
	if (deleted)
		s->objects[KUBE_NAMESPACE]--;
	record_free_object(&n->object);
	if (!deleted)
		n->object = record_take_object(o);
	n->pass = s->pass;

	bool changed = judge_namespace(s, n);
	record_release_namespace(s, n);
	return changed;
}

/* ---- Services ---- */

/* What the PTRs of its endpoints depend on. */
static bool endpoints_affected(const struct kube_object *a, const struct kube_object *b)
{
	if (a == NULL || b == NULL)
		return true;
	return a->u.service.type != b->u.service.type ||
	       a->u.service.publish_not_ready != b->u.service.publish_not_ready;
}

static bool service_visible(const struct store *s, const struct service_record *svc)
{
	return svc->object != NULL && labels_match(s->options.labels, svc->object);
}

static void drop_leaving(struct store *s, struct service_record *svc);

static void replace_service(
	struct store *s, struct service_record *svc, struct kube_object *fresh)
{
	struct kube_object *old = svc->object;

	mark_service(s, svc);
	svc->object = fresh;
	if (fresh != NULL)
		addrindex_add_service(s, svc, fresh);
	if (old != NULL)
		addrindex_remove_service(s, svc, old);
	if (fresh == NULL)
		drop_leaving(s, svc);
	if (old == NULL && fresh != NULL)
		s->objects[KUBE_SERVICE]++;
	if (old != NULL && fresh == NULL)
		s->objects[KUBE_SERVICE]--;

	bool visible = service_visible(s, svc);
	if (visible != svc->visible || endpoints_affected(old, fresh))
		mark_endpoints(s, svc);
	svc->visible = visible;
	record_free_object(&old);
	if (s->implied)
		judge_namespace(s, svc->namespace_);
}

/* Nothing has changed but the resourceVersion, which tells repeated events apart. */
static void renew_version(struct kube_object *kept, struct kube_object *o)
{
	char *version = kept->resource_version;

	kept->resource_version = o->resource_version;
	o->resource_version = version;
}

static bool apply_service(struct store *s, struct kube_object *o, bool deleted)
{
	struct service_record *svc = store_find_service(s, o->namespace, o->name);

	if (deleted && (svc == NULL || svc->object == NULL))
		return false;
	if (svc == NULL)
		svc = record_service(s, o->namespace, o->name);
	svc->pass = s->pass;
	if (!deleted && svc->object != NULL && kube_object_equal(svc->object, o)) {
		renew_version(svc->object, o);
		return false;
	}
	replace_service(s, svc, deleted ? NULL : record_take_object(o));
	return true;
}

/* ---- EndpointSlices ---- */

static bool slice_counts(const struct store *s, const struct kube_object *o)
{
	return !o->u.slice.fqdn && !s->options.noendpoints &&
	       labels_match(s->options.labels, o);
}

/*
 * RDY-04: whether an endpoint counts may hang on every other one of its Service, those
 * that are about to leave included.
 */
static void mark_fallback(struct store *s, const struct service_record *svc)
{
	if (s->options.serving_fallback)
		mark_endpoints(s, svc);
}

/* Join `slice`, whose object is set, with the Service that it names. */
static void attach(struct store *s, struct slice_record *slice)
{
	const char *service = slice->object.u.slice.service;

	slice->counts = slice->leaving || slice_counts(s, &slice->object);
	slice->service = NULL;
	if (service[0] == '\0')
		return;
	slice->service = record_service(s, slice->object.namespace, service);
	TAILQ_INSERT_TAIL(&slice->service->slices, slice, of_service);
	slice->service->nslices++;
	if (slice->counts)
		addrindex_add_slice(s, slice);
	mark_service(s, slice->service);
	mark_cluster_ips(s, slice->service);
	mark_fallback(s, slice->service);
}

static void detach(struct store *s, struct slice_record *slice)
{
	if (slice->service == NULL)
		return;
	mark_service(s, slice->service);
	mark_cluster_ips(s, slice->service);
	mark_fallback(s, slice->service);
	if (slice->counts)
		addrindex_remove_slice(s, slice);
	TAILQ_REMOVE(&slice->service->slices, slice, of_service);
	slice->service->nslices--;
	slice->service = NULL;
}

static void free_slice(struct slice_record *slice)
{
	kube_object_fini(&slice->object);
	free(slice);
}

/* ---- addresses that left a slice (RDY-06) ---- */

static void drop_one_leaving(struct store *s, struct slice_record *slice)
{
	TAILQ_REMOVE(&s->leaving, slice, leaving_link);
	mark_slice(s, &slice->object.u.slice);
	detach(s, slice);
	free_slice(slice);
}

static void drop_leaving(struct store *s, struct service_record *svc)
{
	struct slice_record *slice, *next;

	for (slice = TAILQ_FIRST(&svc->slices); slice != NULL; slice = next) {
		next = TAILQ_NEXT(slice, of_service);
		if (slice->leaving)
			drop_one_leaving(s, slice);
	}
}

/* Keep of `e` the addresses that its Service has lost now. Returns how many. */
static size_t keep_lost(
	const struct store *s, const struct service_record *svc, struct kube_endpoint *e)
{
	size_t n = s->options.first_address_only ? MIN(e->naddrs, 1) : e->naddrs;
	size_t kept = 0;

	if (!store_endpoint_counts(svc, e, false))
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (!addrindex_has(s, &e->addrs[i], svc))
			e->addrs[kept++] = e->addrs[i];
	e->naddrs = kept;
	return kept;
}

/* `old` was a slice of `svc` until now: what it alone had waits. Takes it. */
static void hold_lost(struct store *s, struct service_record *svc,
	struct kube_object *old, uint64_t now_ns)
{
	size_t lost = 0;

	if (s->hold_leaving && store_service_exposed(svc))
		for (size_t i = 0; i < old->u.slice.nendpoints; i++)
			lost += keep_lost(s, svc, &old->u.slice.endpoints[i]);
	if (lost == 0) {
		kube_object_fini(old);
		return;
	}

	struct slice_record *slice = mem_alloc(1, sizeof(*slice));
	slice->object = *old;
	*old = (struct kube_object){0};
	slice->leaving = true;
	slice->until_ns = now_ns + STORE_LEAVING_NS;
	TAILQ_INSERT_TAIL(&s->leaving, slice, leaving_link);
	attach(s, slice);
}

uint64_t store_deadline(const struct store *s)
{
	const struct slice_record *first = TAILQ_FIRST(&s->leaving);

	return first == NULL ? UINT64_MAX : first->until_ns;
}

bool store_expire(struct store *s, uint64_t now_ns)
{
	bool any = false;
	struct slice_record *slice;

	while ((slice = TAILQ_FIRST(&s->leaving)) != NULL && slice->until_ns <= now_ns) {
		drop_one_leaving(s, slice);
		any = true;
	}
	return any;
}

/* ---- applying slices ---- */

static void replace_slice(struct store *s, struct slice_record *slice,
	struct kube_object *fresh, uint64_t now_ns)
{
	struct service_record *before = slice->service;
	bool counted = slice->counts;
	struct kube_object old = slice->object;

	addrindex_take_places(
		s, &fresh->u.slice); /* names that stay are in use throughout */
	detach(s, slice);
	slice->object = *fresh;
	*fresh = (struct kube_object){0};
	kube_object_pack(&slice->object);
	attach(s, slice);
	addrindex_drop_places(s, &slice->object.u.slice);
	if (slice->service == before && before != NULL && counted && slice->counts) {
		addrindex_mark_differing(s, &old.u.slice, &slice->object.u.slice);
	} else {
		mark_slice(s, &old.u.slice);
		mark_slice(s, &slice->object.u.slice);
	}
	if (before != NULL && counted)
		hold_lost(s, before, &old, now_ns);
	else
		kube_object_fini(&old);
}

static void remove_slice(struct store *s, struct slice_record *slice, uint64_t now_ns)
{
	struct service_record *before = slice->service;
	bool counted = slice->counts;

	detach(s, slice);
	table_remove(&s->slices, &slice->link);
	s->objects[KUBE_SLICE]--;
	mark_slice(s, &slice->object.u.slice);
	if (before != NULL && counted)
		hold_lost(s, before, &slice->object, now_ns);
	free_slice(slice);
}

static bool apply_slice(
	struct store *s, struct kube_object *o, bool deleted, uint64_t now_ns)
{
	struct slice_record *slice = record_find_slice(s, o->namespace, o->name);

	if (deleted) {
		if (slice == NULL)
			return false;
		remove_slice(s, slice, now_ns);
		return true;
	}
	if (slice != NULL) {
		slice->pass = s->pass;
		if (kube_object_equal(&slice->object, o)) {
			renew_version(&slice->object, o);
			return false;
		}
		replace_slice(s, slice, o, now_ns);
		return true;
	}
	slice = mem_alloc(1, sizeof(*slice));
	slice->object = *o;
	slice->pass = s->pass;
	*o = (struct kube_object){0};
	kube_object_pack(&slice->object);
	table_add(&s->slices, &slice->link,
		record_hash(s, slice->object.namespace, slice->object.name));
	s->objects[KUBE_SLICE]++;
	attach(s, slice);
	mark_slice(s, &slice->object.u.slice);
	return true;
}

/* ---- the whole ---- */

static bool apply(struct store *s, struct kube_object *o, bool deleted, uint64_t now_ns)
{
	switch (o->kind) {
	case KUBE_NAMESPACE:
		return apply_namespace(s, o, deleted);
	case KUBE_SERVICE:
		return apply_service(s, o, deleted);
	case KUBE_SLICE:
		return apply_slice(s, o, deleted, now_ns);
	case KUBE_POD: /* no records of its own yet */
	case KUBE_KINDS:
	case KUBE_OTHER:
		break;
	}
	return false;
}

bool store_apply(
	struct store *s, enum kube_change change, struct kube_object *o, uint64_t now_ns)
{
	char cause[STORE_CAUSE_MAX];

	snprintf(cause, sizeof(cause), "%s %s%s%s", kube_kind_text(o->kind), o->namespace,
		o->namespace[0] == '\0' ? "" : "/", o->name);
	if (!apply(s, o, change == KUBE_DELETED, now_ns))
		return false;
	if (s->ncauses++ == 0)
		memcpy(s->cause, cause, sizeof(cause));
	return true;
}

void store_cause_clear(struct store *s)
{
	s->cause[0] = '\0';
	s->ncauses = 0;
}

void store_synced(struct store *s)
{
	s->hold_leaving = true;
}

static void set_zones(struct store *s, unsigned n)
{
	for (unsigned i = 0; i < s->options.nzones; i++)
		record_owner_drop(s, &s->zones[i].owner);
	free(s->zones);
	s->zones = n == 0 ? NULL : mem_alloc(n, sizeof(*s->zones));
	for (unsigned i = 0; i < n; i++) {
		s->zones[i].zone = i;
		record_owner_add(s, &s->zones[i].owner, OWNER_ZONE);
	}
}

static void judge_slices(struct store *s, struct service_record *svc)
{
	struct slice_record *slice;

	TAILQ_FOREACH(slice, &svc->slices, of_service)
	{
		bool counts = slice->leaving || slice_counts(s, &slice->object);

		if (counts && !slice->counts)
			addrindex_add_slice(s, slice);
		if (!counts && slice->counts)
			addrindex_remove_slice(s, slice);
		slice->counts = counts;
	}
}

/* Number the places of all slices that count by now, or forget them. */
static void set_topology(struct store *s, bool on)
{
	const struct slice_record *slice;
	struct owner *o;

	if (on == s->options.topology)
		return;
	s->options.topology = on;
	places_fini(&s->places);
	TAILQ_FOREACH(o, &s->all, all)
	{
		if (o->kind != OWNER_SERVICE)
			continue;
		TAILQ_FOREACH(slice, &store_service(o)->slices, of_service)
		if (slice->counts)
			addrindex_take_places(s, &slice->object.u.slice);
	}
}

/* Judge every record anew by the options. */
static void rejoin(struct store *s)
{
	struct owner *o;

	TAILQ_FOREACH(o, &s->all, all)
	{
		if (o->kind == OWNER_NAMESPACE) {
			judge_namespace(s, store_namespace(o));
		} else if (o->kind == OWNER_SERVICE) {
			struct service_record *svc = store_service(o);

			svc->visible = service_visible(s, svc);
			judge_slices(s, svc);
		}
	}
	addrindex_judge_own(s);
}

bool store_imply_namespaces(struct store *s, bool implied)
{
	bool changed = false;
	struct owner *o;

	if (s->implied == implied)
		return false;
	s->implied = implied;
	TAILQ_FOREACH(o, &s->all, all)
	if (o->kind == OWNER_NAMESPACE)
		changed |= judge_namespace(s, store_namespace(o));
	return changed;
}

void store_configure(struct store *s, const struct store_options *o)
{
	set_zones(s, o->nzones);
	set_topology(s, o->topology);
	record_hosts(s, o->hosts);
	s->options = *o;
	rejoin(s);
	store_mark_all(s);
}

struct store *store_new(const struct hash_key *key)
{
	struct store *s = mem_alloc(1, sizeof(*s));

	s->key = *key;
	TAILQ_INIT(&s->all);
	TAILQ_INIT(&s->dirty);
	TAILQ_INIT(&s->leaving);
	return s;
}

static void free_owner(struct owner *o)
{
	record_free_names(o);
	if (o->kind == OWNER_NAMESPACE) {
		struct namespace_record *n = store_namespace(o);

		record_free_object(&n->object);
		free(n->name);
	} else if (o->kind == OWNER_SERVICE) {
		struct service_record *svc = store_service(o);

		record_free_object(&svc->object);
		free(svc->name);
	} else if (o->kind == OWNER_ADDRESS) {
		addrindex_free_refs(store_address(o));
	}
	if (o->kind > OWNER_HOSTS) /* the others stand in the store */
		free(o);
}

void store_free(struct store *s)
{
	struct owner *o;
	struct table_link *l;

	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->leaving))
		drop_one_leaving(s, TAILQ_FIRST(&s->leaving));
	while ((l = table_any(&s->slices)) != NULL) {
		table_remove(&s->slices, l);
		free_slice(TABLE_ENTRY(l, struct slice_record, link));
	}
	while ((o = TAILQ_FIRST(&s->all)) != NULL) {
		TAILQ_REMOVE(&s->all, o, all);
		free_owner(o);
	}
	free(s->zones);
	table_fini(&s->namespaces);
	table_fini(&s->services);
	table_fini(&s->slices);
	table_fini(&s->addresses);
	places_fini(&s->places);
	free(s);
}
