#include "controller/kube/addrindex.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/record.h"

static uint64_t hash_of(const struct store *s, const struct addr *a)
{
	return hash_name(&s->key, a->octets, a->len).check;
}

struct address_record *store_find_address(const struct store *s, const struct addr *a)
{
	struct table_link *l = table_first(&s->addresses, hash_of(s, a));

	for (; l != NULL; l = table_next(l)) {
		struct address_record *r = TABLE_ENTRY(l, struct address_record, link);

		if (addr_compare(&r->addr, a) == 0)
			return r;
	}
	return NULL;
}

static bool is_own(const struct store *s, const struct addr *a)
{
	for (size_t i = 0; i < s->options.nown; i++)
		if (addr_compare(&s->options.own[i], a) == 0)
			return true;
	return false;
}

static struct address_record *get(struct store *s, const struct addr *a)
{
	struct address_record *r = store_find_address(s, a);

	if (r != NULL)
		return r;
	r = mem_alloc(1, sizeof(*r));
	r->addr = *a;
	r->own = is_own(s, a);
	table_add(&s->addresses, &r->link, hash_of(s, a));
	record_owner_add(s, &r->owner, OWNER_ADDRESS);
	return r;
}

void addrindex_mark(struct store *s, const struct addr *a)
{
	struct address_record *r = store_find_address(s, a);

	if (r != NULL)
		store_mark(s, &r->owner);
}

static struct address_ref *refs(struct address_record *r)
{
	return r->nrefs > 1 ? r->refs.many : &r->refs.one;
}

static void refs_push(struct address_record *r, struct address_ref ref)
{
	if (r->nrefs == 0) {
		r->refs.one = ref;
	} else if (r->nrefs == 1) {
		struct address_ref *many = mem_alloc(2, sizeof(*many));

		many[0] = r->refs.one;
		many[1] = ref;
		r->refs.many = many;
	} else {
		if ((r->nrefs & (r->nrefs - 1)) == 0)
			r->refs.many = mem_resize(
				r->refs.many, 2 * (size_t)r->nrefs, sizeof(ref));
		r->refs.many[r->nrefs] = ref;
	}
	r->nrefs++;
}

static void refs_take(struct address_record *r, uint32_t i)
{
	struct address_ref *many = r->refs.many;

	if (r->nrefs > 1)
		many[i] = many[r->nrefs - 1];
	r->nrefs--;
	if (r->nrefs == 1) {
		r->refs.one = many[0];
		free(many);
	}
}

void addrindex_free_refs(struct address_record *r)
{
	if (r->nrefs > 1)
		free(r->refs.many);
	r->nrefs = 0;
}

/* Neither of these marks the address: a slice that is replaced has most of them again. */
static void ref_add(struct store *s, const struct addr *a, struct address_ref ref)
{
	struct address_record *r = get(s, a);

	refs_push(r, ref);
	if (r->own && ref.slice != NULL)
		ref.service->own_endpoints++;
}

static void ref_remove(struct store *s, const struct addr *a, struct address_ref ref)
{
	struct address_record *r = store_find_address(s, a);

	for (uint32_t i = 0; r != NULL && i < r->nrefs; i++) {
		const struct address_ref *have = &refs(r)[i];

		if (have->service != ref.service || have->slice != ref.slice ||
			have->endpoint != ref.endpoint)
			continue;
		refs_take(r, i);
		if (r->own && ref.slice != NULL)
			ref.service->own_endpoints--;
		return;
	}
}

void addrindex_add_service(
	struct store *s, struct service_record *svc, const struct kube_object *o)
{
	for (size_t i = 0; i < o->u.service.nips; i++) {
		ref_add(s, &o->u.service.ips[i], (struct address_ref){.service = svc});
		addrindex_mark(s, &o->u.service.ips[i]);
	}
}

void addrindex_remove_service(
	struct store *s, struct service_record *svc, const struct kube_object *o)
{
	for (size_t i = 0; i < o->u.service.nips; i++) {
		addrindex_mark(s, &o->u.service.ips[i]);
		ref_remove(s, &o->u.service.ips[i], (struct address_ref){.service = svc});
	}
}

static void take_out(struct kube_endpoint *e, const struct addr *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->naddrs; i++)
		if (addr_compare(&e->addrs[i], a) != 0)
			e->addrs[kept++] = e->addrs[i];
	e->naddrs = kept;
}

/* `a` stands in a slice of `svc` again: it is not leaving any more. */
static void cancel_leaving(
	struct store *s, const struct addr *a, const struct service_record *svc)
{
	struct address_record *r = store_find_address(s, a);

	for (uint32_t i = 0; r != NULL && i < r->nrefs;) {
		struct address_ref ref = refs(r)[i];

		if (ref.slice == NULL || ref.service != svc || !ref.slice->leaving) {
			i++;
			continue;
		}
		ref_remove(s, a, ref);
		take_out(&ref.slice->object.u.slice.endpoints[ref.endpoint], a);
		store_mark(s, &r->owner);
	}
}

/* Call `fn` for each address of the slice with what refers to it. */
static void each_ref(struct store *s, struct slice_record *slice,
	void (*fn)(struct store *s, const struct addr *a, struct address_ref ref))
{
	const struct kube_slice *k = &slice->object.u.slice;

	for (size_t i = 0; i < k->nendpoints; i++)
		for (size_t n = 0; n < k->endpoints[i].naddrs; n++)
			fn(s, &k->endpoints[i].addrs[n],
				(struct address_ref){.service = slice->service,
					.slice = slice,
					.endpoint = (uint32_t)i});
}

void addrindex_take_places(struct store *s, const struct kube_slice *k)
{
	for (size_t i = 0; s->options.topology && i < k->nendpoints; i++)
		places_take(&s->places, &s->key, &k->endpoints[i]);
}

void addrindex_drop_places(struct store *s, const struct kube_slice *k)
{
	for (size_t i = 0; s->options.topology && i < k->nendpoints; i++)
		places_drop(&s->places, &s->key, &k->endpoints[i]);
}

void addrindex_add_slice(struct store *s, struct slice_record *slice)
{
	const struct kube_slice *k = &slice->object.u.slice;

	/* Nearly always nothing is leaving; and one address may stand in many places. */
	bool any = !slice->leaving && !TAILQ_EMPTY(&s->leaving);

	for (size_t i = 0; i < k->nendpoints && any; i++)
		for (size_t n = 0; n < k->endpoints[i].naddrs; n++)
			cancel_leaving(s, &k->endpoints[i].addrs[n], slice->service);
	each_ref(s, slice, ref_add);
	addrindex_take_places(s, k);
}

void addrindex_remove_slice(struct store *s, struct slice_record *slice)
{
	each_ref(s, slice, ref_remove);
	addrindex_drop_places(s, &slice->object.u.slice);
}

bool addrindex_has(
	const struct store *s, const struct addr *a, const struct service_record *svc)
{
	const struct address_record *r = store_find_address(s, a);

	for (uint32_t i = 0; r != NULL && i < r->nrefs; i++)
		if (store_refs(r)[i].service == svc && store_refs(r)[i].slice != NULL)
			return true;
	return false;
}

/* ---- what differs between two versions of a slice ---- */

/* An address with a digest of all that its PTR record, or its client, may depend on. */
struct signed_addr {
	struct addr addr;
	uint64_t digest;
};

static uint64_t digest(const struct kube_endpoint *e, bool first, bool topology)
{
	uint64_t place = 0;
	uint8_t flags[5] = {(uint8_t)e->ready, (uint8_t)e->serving,
		(uint8_t)e->terminating, (uint8_t)e->target, (uint8_t)first};

	if (topology)
		place = hash_content(e->node, strlen(e->node)) * 7 +
		        hash_content(e->zone, strlen(e->zone)) * 11;
	return place + hash_content(e->hostname, strlen(e->hostname)) * 3 +
	       hash_content(e->target_name, strlen(e->target_name)) * 5 +
	       hash_content(flags, sizeof(flags));
}

static int compare_signed(const void *a, const void *b)
{
	const struct signed_addr *x = a, *y = b;
	int c = addr_compare(&x->addr, &y->addr);

	if (c != 0)
		return c;
	return x->digest < y->digest ? -1 : x->digest > y->digest;
}

static struct signed_addr *sign(const struct kube_slice *k, bool topology, size_t *n)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < k->nendpoints; i++)
		total += k->endpoints[i].naddrs;

	struct signed_addr *out = mem_alloc(total + 1, sizeof(*out));
	for (size_t i = 0; i < k->nendpoints; i++)
		for (size_t m = 0; m < k->endpoints[i].naddrs; m++)
			out[at++] = (struct signed_addr){.addr = k->endpoints[i].addrs[m],
				.digest = digest(&k->endpoints[i], m == 0, topology)};
	qsort(out, total, sizeof(*out), compare_signed);
	*n = total;
	return out;
}

void addrindex_mark_differing(
	struct store *s, const struct kube_slice *a, const struct kube_slice *b)
{
	bool topology = s->options.topology;
	size_t na, nb, i = 0, k = 0;
	struct signed_addr *x = sign(a, topology, &na), *y = sign(b, topology, &nb);

	while (i < na || k < nb) {
		int c = i == na ? 1 : k == nb ? -1 : compare_signed(&x[i], &y[k]);

		if (c < 0)
			addrindex_mark(s, &x[i].addr);
		else if (c > 0)
			addrindex_mark(s, &y[k].addr);
		i += c <= 0;
		k += c >= 0;
	}
	free(x);
	free(y);
}

static void judge_one(struct store *s, struct address_record *r)
{
	bool own = is_own(s, &r->addr);

	for (uint32_t i = 0; own != r->own && i < r->nrefs; i++) {
		if (refs(r)[i].slice == NULL)
			continue;
		if (own)
			refs(r)[i].service->own_endpoints++;
		else
			refs(r)[i].service->own_endpoints--;
	}
	r->own = own;
}

void addrindex_judge_own(struct store *s)
{
	struct owner *o;

	TAILQ_FOREACH(o, &s->all, all)
	if (o->kind == OWNER_ADDRESS)
		judge_one(s, store_address(o));
}
