#include <stdlib.h>
#include <string.h>

#include "controller/records/parts.h"
#include "dns/rev.h"
#include "dns/type.h"

/* Targets of a PTR RRset under construction. */
struct targets {
	struct rdata_name *names; /* owned, room for every reference */
	size_t n;
};

/* A Service whose address RVs speak of: exposed, and not an ExternalName. */
static bool relevant(const struct service_record *svc)
{
	return store_service_exposed(svc) &&
	       svc->object->u.service.type != SERVICE_EXTERNAL_NAME;
}

/* RV-01, RV-02: Services that have it as a cluster IP. */
static void add_cluster_ips(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct targets *t, struct draft *d)
{
	for (uint32_t i = 0; i < a->nrefs; i++) {
		const struct service_record *svc = store_refs(a)[i].service;

		if (store_refs(a)[i].slice != NULL || !relevant(svc) ||
			svc->object->u.service.headless || parts_ignored(s, o, svc))
			continue;
		if (parts_service_name(
			    &t->names[t->n].name, o, o->settings.primary, svc, d))
			t->n++;
	}
}

static void add_endpoint(const struct store *s, const struct record_options *o,
	const struct address_record *a, const struct address_ref *ref, struct targets *t,
	struct draft *d)
{
	const struct kube_endpoint *e =
		&ref->slice->object.u.slice.endpoints[ref->endpoint];
	struct name base;
	char label[LABEL_MAX_LEN + 1];

	if (!relevant(ref->service) || e->naddrs == 0)
		return;
	if (o->first_address_only && addr_compare(&e->addrs[0], &a->addr) != 0)
		return;
	/* the fallback looks at the whole Service: only for those that need it */
	if (!store_endpoint_counts(ref->service, e, false) &&
		!store_endpoint_counts(ref->service, e, store_fallback(s, ref->service)))
		return;

	size_t len = gather_endpoint_name(o, e, &a->addr, label, d);
	if (parts_service_name(&base, o, o->settings.primary, ref->service, d) &&
		parts_prepend(&t->names[t->n].name, label, len, &base, d))
		t->n++;
}

static void add_endpoints(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct targets *t, struct draft *d)
{
	for (uint32_t i = 0; i < a->nrefs; i++)
		if (store_refs(a)[i].slice != NULL)
			add_endpoint(s, o, a, &store_refs(a)[i], t, d);
}

struct rdata_name *parts_pointers(const struct store *s, const struct record_options *o,
	const struct address_record *a, size_t *n, struct draft *d)
{
	struct targets t = {.names = mem_alloc(a->nrefs, sizeof(*t.names))};

	add_cluster_ips(s, o, a, &t, d);
	if (t.n == 0) /* RV-03 */
		add_endpoints(s, o, a, &t, d);
	*n = parts_sort_names(t.names, t.n);
	return t.names;
}

/* Names that Kubernetes would not give are those of nobody. */
static void add_pod(const struct record_options *o, const struct address_record *a,
	struct client *out)
{
	struct store_pod pod;

	if (!store_address_pod(a, &pod) || !draft_label(pod.namespace))
		return;
	out->namespace = pod.namespace;
	out->namespace_len = (uint8_t)strlen(pod.namespace);
	if (o->client_names != CONF_CLIENT_NAMES_POD || !draft_subdomain(pod.name))
		return;
	out->pod = pod.name;
	out->pod_len = (uint8_t)strlen(pod.name);
}

void parts_client(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct draft *d)
{
	const bool placed = o->topology != CONF_TOPOLOGY_NONE;

	if (!placed && o->client_names == CONF_CLIENT_NAMES_NONE)
		return;
	d->client = a->addr;
	if (placed)
		d->known.place = store_address_place(s, a);
	if (o->client_names != CONF_CLIENT_NAMES_NONE)
		add_pod(o, a, &d->known);
}

/*
 * PTRs of the cluster come before those of a file whose zone stands within a reverse zone
 * of the cluster (FT-04). False: it is not for us to say.
 */
static bool has_reverse(const struct record_options *o, const struct name *name, int zone)
{
	const struct zone *z;

	if (zone < 0)
		return false;
	z = &o->settings.zones[zone];
	if (z->name.len == name->len)
		return false; /* an apex belongs to its zone */
	return z->kind == ZONE_REVERSE ||
	       (z->kind == ZONE_FILE && parts_cluster_reverse(o, &z->name));
}

void parts_address(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct draft *d)
{
	struct rdata_name *targets = NULL;
	struct name name;
	size_t n = 0;
	int zone;

	rev_name(&a->addr, &name);
	zone = settings_zone(&o->settings, name.wire, name.len);
	if (!has_reverse(o, &name, zone))
		return;
	if (a->nrefs > 0)
		targets = parts_pointers(s, o, a, &n, d);
	if (n > 0 && draft_begin(d, o, &name, (unsigned)zone, 0)) {
		draft_count(d,
			node_add_names(&d->node, TYPE_PTR, o->settings.ttl_s, targets, n),
			n);
		draft_end(d);
	} else if (n == 0) {
		parts_filename(o, (unsigned)zone, &name, d);
	}
	free(targets);
}
