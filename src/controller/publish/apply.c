#include "controller/publish/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/publish/namelist.h"
#include "controller/records/parts.h"
#include "dns/rev.h"

void apply_init(struct apply *a, struct publisher *p)
{
	*a = (struct apply){.publisher = p};
	a->draft.key = a->tree.key = *publish_key(p);
}

void apply_fini(struct apply *a)
{
	zonetree_fini(&a->tree);
	draft_fini(&a->draft);
	node_builder_fini(&a->empty);
	mem_buf_fini(&a->scratch);
}

/* Of a name of `len` octets; one that is in no zone of ours is a zone by itself. */
static struct zonetree_zone zone_of(
	const struct record_options *o, uint8_t number, size_t len)
{
	if (number == NODE_NO_ZONE)
		return (struct zonetree_zone){.number = number, .len = len};
	return (struct zonetree_zone){
		.number = number, .len = o->settings.zones[number].name.len};
}

/* A zone below another one is something below the names between them (RG-12). */
static void cut_zones(struct apply *a, const struct record_options *o)
{
	for (unsigned i = 0; i < o->settings.nzones; i++) {
		const struct name *n = &o->settings.zones[i].name;
		size_t label = n->len > 1 ? 1u + n->wire[0] : 0;
		int outer = settings_zone(&o->settings, n->wire + label, n->len - label);

		if (outer < 0 || label == 0)
			continue;
		struct zonetree_zone z = zone_of(o, (uint8_t)outer, n->len);
		zonetree_cut(&a->tree, n->wire, n->len, &z);
	}
}

void apply_bulk(struct apply *a, const struct record_options *o)
{
	publish_bulk(a->publisher);
	zonetree_reset(&a->tree);
	cut_zones(a, o);
	a->bulk = true;
}

/* ---- comparing ---- */

/* True if a node and its body stand in the trie as the draft has them. */
static bool stands(const struct apply *a, const struct draft_node *n, const uint8_t *body,
	size_t body_len, uint32_t *body_ref)
{
	const size_t body_at = offsetof(struct node_header, body);
	const size_t head_len = sizeof(struct node_header);
	const uint8_t *octets = a->draft.octets.data + n->at, *there;
	struct node_view v;
	size_t len;
	const uint8_t *name = draft_name(&a->draft, n, &len);

	if (publish_find(a->publisher, &n->hash, name, len, &v) != LOOKUP_FOUND ||
		v.name == NULL)
		return false;
	there = (const void *)v.head;
	if (v.head->size8 * 8u != n->len ||
		memcmp(there + 4, octets + 4, body_at - 4) != 0 ||
		memcmp(there + head_len, octets + head_len, n->len - head_len) != 0)
		return false;
	if (!n->uses_body)
		return true;
	if (*body_ref == v.head->body && *body_ref != 0)
		return true; /* compared with the node before */
	if (v.body_len != body_len - sizeof(struct body_header) ||
		memcmp(v.body, body + sizeof(struct body_header), v.body_len) != 0)
		return false;
	*body_ref = v.head->body;
	return true;
}

/*
 * One octet for each node of the draft: has it to be put? If one that uses the body has,
 * all that do have, with a new body.
 */
static bool find_changed(
	struct apply *a, const uint8_t *body, size_t body_len, uint8_t *changed)
{
	const struct draft *d = &a->draft;
	bool body_changed = false;
	uint32_t body_ref = 0;

	for (size_t i = 0; i < d->n; i++) {
		changed[i] = a->bulk ||
		             !stands(a, &d->nodes[i], body, body_len, &body_ref);
		if (changed[i] && d->nodes[i].uses_body)
			body_changed = true;
	}
	for (size_t i = 0; i < d->n && body_changed; i++)
		if (d->nodes[i].uses_body)
			changed[i] = 1;
	return body_changed;
}

/* ---- the list of an owner's names ---- */

static int compare_hashes(const void *a, const void *b)
{
	const struct hash128 *x = a, *y = b;

	if (x->path != y->path)
		return x->path < y->path ? -1 : 1;
	return x->check < y->check ? -1 : x->check > y->check;
}

/* A name of a zone from a file that has become that of an address of the cluster. */
static bool went_to_address(const struct store *s, const struct record_options *o,
	const struct owner *owner, int zone, const struct name *name)
{
	return owner->kind == OWNER_ZONE && o->settings.zones[zone].kind == ZONE_FILE &&
	       parts_cluster_reverse(o, name) &&
	       parts_is_address(s, name->wire, name->len);
}

/*
 * Names that the owner had and the draft does not have: they are given up, unless they
 * have gone over to `hosts` or to an address (FT-04).
 */
static void give_up(struct apply *a, const struct store *s,
	const struct record_options *o, const struct owner *owner,
	const struct owner_names *had)
{
	const struct hostset *taken = owner->kind == OWNER_HOSTS ? NULL : o->hosts;
	const struct draft *d = &a->draft;
	struct hash128 *hashes = mem_alloc(d->n + 1, sizeof(*hashes));
	struct namelist_cursor at = {.octets = had->octets, .len = had->len};
	struct name name = {0};

	for (size_t i = 0; i < d->n; i++)
		hashes[i] = d->nodes[i].hash;
	qsort(hashes, d->n, sizeof(*hashes), compare_hashes);
	while (namelist_next(&at, &name)) {
		struct hash128 h = hash_name(&d->key, name.wire, name.len);

		if (bsearch(&h, hashes, d->n, sizeof(h), compare_hashes) != NULL)
			continue;
		if (hostset_has(taken, &h))
			continue;
		int zone = settings_zone(&o->settings, name.wire, name.len);
		if (zone >= 0 && went_to_address(s, o, owner, zone, &name))
			continue;
		struct zonetree_zone z = zone_of(
			o, zone < 0 ? NODE_NO_ZONE : (uint8_t)zone, name.len);
		zonetree_own(&a->tree, name.wire, name.len, &z, false);
		a->changes++;
	}
	free(hashes);
}

/* The draft's names in the form of an owner's list, in a->scratch. */
static void list_names(struct apply *a)
{
	const struct draft *d = &a->draft;

	struct name last = {0};

	a->scratch.len = 0;
	for (size_t i = 0; i < d->n; i++) {
		size_t len;
		const uint8_t *name = draft_name(d, &d->nodes[i], &len);

		namelist_put(&a->scratch, &last, name, len);
	}
}

static void replace_names(struct apply *a, const struct store *s,
	const struct record_options *o, const struct owner *owner,
	struct owner_names *names)
{
	list_names(a);
	if (names->len == a->scratch.len &&
		(names->len == 0 ||
			memcmp(names->octets, a->scratch.data, names->len) == 0))
		return;
	if (!a->bulk)
		give_up(a, s, o, owner, names);
	if (a->scratch.len == 0) {
		free(names->octets);
		*names = (struct owner_names){0};
		return;
	}
	names->octets = mem_resize(names->octets, a->scratch.len, 1);
	memcpy(names->octets, a->scratch.data, a->scratch.len);
	names->len = a->scratch.len;
}

/* ---- putting ---- */

static int put_node(struct apply *a, const struct record_options *o,
	const struct draft_node *n, uint32_t body_ref)
{
	const struct draft *d = &a->draft;
	size_t len;
	const uint8_t *name = draft_name(d, n, &len);
	struct zonetree_zone zone = zone_of(o, n->zone, len);
	int ret = publish_put(a->publisher, &n->hash, d->octets.data + n->at, n->len,
		n->uses_body ? body_ref : 0);

	if (ret < 0)
		return ret;
	a->changes++;
	zonetree_own(&a->tree, name, len, &zone, true);
	return 0;
}

/* The owner keeps all that it had and has put; equal ones do no harm. */
static void keep_names(
	struct apply *a, const uint8_t *changed, size_t n, struct owner_names *names)
{
	const struct draft *d = &a->draft;
	struct name last = {0};

	a->scratch.len = 0;
	if (a->bulk)
		return; /* all that it puts is built anew with the next try */
	for (size_t k = 0; k < n; k++) {
		size_t len;
		const uint8_t *name = draft_name(d, &d->nodes[k], &len);

		if (changed[k])
			namelist_put(&a->scratch, &last, name, len);
	}
	names->octets = mem_resize(names->octets, names->len + a->scratch.len + 1, 1);
	memcpy(names->octets + names->len, a->scratch.data, a->scratch.len);
	names->len += a->scratch.len;
}

static int put_changed(struct apply *a, const struct record_options *o,
	const uint8_t *changed, uint32_t body_ref, struct owner_names *names)
{
	const struct draft *d = &a->draft;
	int ret = 0;
	size_t i;

	for (i = 0; i < d->n && ret == 0; i++)
		if (changed[i])
			ret = put_node(a, o, &d->nodes[i], body_ref);
	if (ret == 0)
		return 0;
	keep_names(a, changed, i - 1, names);
	return ret;
}

/* What an address says of a client, if it says something else than what stands. */
static int apply_client(struct apply *a)
{
	const struct draft *d = &a->draft;
	struct client stands = {0};

	if (d->client.len == 0)
		return 0;
	if (!a->bulk)
		(void)publish_find_client(a->publisher, &d->client, &stands);
	if (client_equal(&stands, &d->known))
		return 0;
	a->clients++;
	return publish_client(a->publisher, &d->client, &d->known);
}

/* The list of an address: its reverse name, if that is published. Owned. */
static void address_names(const struct address_record *r, struct owner_names *out)
{
	struct mem_buf list = {0};
	struct name name, last = {0};

	if (r->named) {
		rev_name(&r->addr, &name);
		namelist_put(&list, &last, name.wire, name.len);
	}
	*out = (struct owner_names){.octets = list.data, .len = list.len};
}

static int apply_names(struct apply *a, const struct store *s,
	const struct record_options *o, struct owner *owner, struct owner_names *names)
{
	struct draft *d = &a->draft;
	const uint8_t *body = NULL;
	size_t body_len = 0;
	uint32_t body_ref = 0;
	int ret = 0;

	derive_owner(s, o, owner, d);
	if (d->has_body)
		body = body_finish(&d->body, &body_len);

	uint8_t *changed = mem_alloc(d->n + 1, 1);
	if (find_changed(a, body, body_len, changed))
		ret = publish_body(a->publisher, body, body_len, &body_ref);
	if (ret == 0)
		ret = put_changed(a, o, changed, body_ref, names);
	if (ret == 0)
		replace_names(a, s, o, owner, names);
	if (ret == 0)
		ret = apply_client(a);
	free(changed);
	return ret;
}

int apply_owner(struct apply *a, const struct store *s, const struct record_options *o,
	struct owner *owner)
{
	struct owner_names *names = store_names(owner), of_address;
	int ret;

	if (names != NULL)
		return apply_names(a, s, o, owner, names);
	address_names(store_address(owner), &of_address);
	ret = apply_names(a, s, o, owner, &of_address);
	store_address(owner)->named = of_address.len > 0;
	free(of_address.octets);
	return ret;
}

/* ---- settling ---- */

static int on_empty(void *arg, const struct hash128 *h, uint8_t zone)
{
	struct apply *a = arg;
	const uint8_t *octets;
	size_t len;

	node_begin_ent(&a->empty, h, zone);
	octets = node_finish(&a->empty, &len);
	a->changes++;
	return publish_put(a->publisher, h, octets, len, 0);
}

static int on_gone(void *arg, const struct hash128 *h, const uint8_t *name, size_t len)
{
	struct apply *a = arg;
	int ret = publish_remove(a->publisher, h, name, len);

	a->changes++;
	return ret == -ENOENT ? 0 : ret;
}

int apply_settle(struct apply *a)
{
	static const struct zonetree_handlers handlers = {on_empty, on_gone};

	return zonetree_settle(&a->tree, &handlers, a);
}
