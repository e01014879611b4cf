/*
 * test_store.c - which owners an event makes dirty, and what the store forgets
 *
 * Rows: WP-85, WP-88, RB-20, OB-N1, OB-N2, RX-02, RDY-06, GS-05,
 * AC-03.
 */
#include "controller/kube/store.h"
#include "objects.h"

#include <stdio.h>

#include "snap/place.h"

#define HEAD_NS    "kind: Namespace\napiVersion: v1\nmetadata: "
#define HEAD_SVC   "kind: Service\napiVersion: v1\nmetadata: "
#define HEAD_SLICE "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: "

#define NS(name)        HEAD_NS "{name: " name "}\n"
#define SVC(name, spec) HEAD_SVC "{name: " name ", namespace: n}\nspec: " spec "\n"
#define SLICE(name, of, endpoints)                                                       \
	HEAD_SLICE "{name: " name                                                        \
		   ", namespace: n, labels: {kubernetes.io/service-name: " of            \
		   "}}\naddressType: IPv4\nports: [{port: 1}]\nendpoints: " endpoints    \
		   "\n"

static const struct hash_key key = {1, 2, UINT64_MAX};

static struct store *fresh(void)
{
	static const struct addr own = {.len = 4, .octets = {10, 0, 0, 53}};
	struct store_options o = {.own = &own, .nown = 1, .nzones = 1};
	struct store *s = store_new(&key);

	store_configure(s, &o);
	store_synced(s);
	return s;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Take all dirty owners as published; what they are as text, sorted. */
static const char *dirty(struct store *s)
{
	static char out[4096];
	char texts[16][STORE_CAUSE_MAX];
	struct owner *o;
	size_t n = 0;

	while ((o = TAILQ_FIRST(&s->dirty)) != NULL) {
		ck_assert_uint_lt(n, ARRAY_LEN(texts));
		store_owner_text(o, texts[n++], sizeof(texts[0]));
		store_clean(s, o);
	}
	qsort(texts, n, sizeof(texts[0]), compare_texts);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(out);

		snprintf(out + len, sizeof(out) - len, "%s; ", texts[i]);
	}
	return out;
}

static bool apply(struct store *s, enum kube_change change, const char *yaml, uint64_t at)
{
	struct kube_object o = object(yaml);
	bool changed = store_apply(s, change, &o, at);

	kube_object_fini(&o);
	return changed;
}

struct step {
	enum kube_change change;
	const char *yaml;
	const char *dirty;
};

static const struct step steps[] = {
	/* WP-88: in any order */
	{KUBE_ADDED,
		SLICE("a", "s", "[{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]"),
		"10.0.0.1; 10.0.0.2; Service n/s; "},
	{KUBE_ADDED, SVC("s", "{clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}"),
		"10.0.0.1; 10.0.0.2; 10.9.0.1; Service n/s; "},
	/* OB-N1: everything in it comes into view */
	{KUBE_ADDED, NS("n"), "10.0.0.1; 10.0.0.2; 10.9.0.1; Namespace n; Service n/s; "},
	{KUBE_MODIFIED, NS("n"), ""},
	/* only what differs, and the cluster IPs of its Service */
	{KUBE_MODIFIED,
		SLICE("a", "s",
			"[{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], "
			"hostname: h}]"),
		"10.0.0.2; 10.9.0.1; Service n/s; "},
	{KUBE_MODIFIED,
		SLICE("a", "s",
			"[{addresses: [10.0.0.1]}, {addresses: [10.0.0.2], "
			"hostname: h}]"),
		""},
	/* RB-20: both Services of a label that moves; the address waits */
	{KUBE_MODIFIED, SLICE("a", "t", "[{addresses: [10.0.0.1]}]"),
		"10.0.0.1; 10.0.0.2; 10.9.0.1; Service n/s; Service n/t; "},
	/* RX-02: our own address is behind a Service, so the zones name it */
	{KUBE_MODIFIED, SLICE("a", "t", "[{addresses: [10.0.0.53]}]"),
		"10.0.0.1; 10.0.0.53; Service n/t; zone 0; "},
	{KUBE_ADDED, SVC("t", "{clusterIP: None, clusterIPs: [None]}"),
		"10.0.0.53; Service n/t; zone 0; "},
	{KUBE_DELETED, SVC("t", "{}"), "10.0.0.53; Service n/t; zone 0; "},
	{KUBE_DELETED, SVC("t", "{}"), ""},
	{KUBE_DELETED, SLICE("a", "t", "[]"), "10.0.0.53; Service n/t; zone 0; "},
	/* OB-N2 */
	{KUBE_DELETED, NS("n"),
		"10.0.0.1; 10.0.0.2; 10.9.0.1; Namespace n; Service n/s; "},
	{KUBE_DELETED, SVC("s", "{}"), "10.0.0.1; 10.0.0.2; 10.9.0.1; Service n/s; "},
};

/* The same steps, one after the other; the last one leaves nothing behind. */
START_TEST(dirty_owners)
{
	struct store *s = fresh();

	ck_assert_str_eq(dirty(s), "zone 0; ");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		apply(s, steps[i].change, steps[i].yaml, i);
		const char *got = dirty(s);
		ck_assert_msg(strcmp(got, steps[i].dirty) == 0, "step %zu: %s", i, got);
	}
	ck_assert_uint_eq(s->services.count + s->namespaces.count + s->slices.count, 0);
	ck_assert_uint_eq(s->addresses.count, 0);
	ck_assert_uint_eq(s->objects[KUBE_NAMESPACE] + s->objects[KUBE_SERVICE] +
				  s->objects[KUBE_SLICE],
		0);
	store_free(s);
}
END_TEST

/* RDY-06: what left a slice goes after 50 ms, or with its reappearance. */
START_TEST(leaving)
{
	struct store *s = fresh();
	struct service_record *svc;

	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, SVC("s", "{clusterIP: None, clusterIPs: [None]}"), 0);
	apply(s, KUBE_ADDED, SLICE("a", "s", "[{addresses: [10.0.0.1, 10.0.0.2]}]"), 0);
	dirty(s);
	ck_assert_uint_eq(store_deadline(s), UINT64_MAX);

	apply(s, KUBE_DELETED, SLICE("a", "s", "[]"), 1000);
	svc = store_find_service(s, "n", "s");
	ck_assert_uint_eq(store_deadline(s), 1000 + STORE_LEAVING_NS);
	ck_assert_uint_eq(svc->nslices, 1);
	apply(s, KUBE_ADDED, SLICE("b", "s", "[{addresses: [10.0.0.2]}]"), 2000);
	ck_assert_uint_eq(svc->nslices, 2);
	ck_assert(!store_expire(s, 999 + STORE_LEAVING_NS));
	dirty(s);
	ck_assert(store_expire(s, 1000 + STORE_LEAVING_NS));
	ck_assert_uint_eq(svc->nslices, 1);
	ck_assert_str_eq(dirty(s), "10.0.0.1; Service n/s; ");
	ck_assert_uint_eq(s->addresses.count, 1);
	store_free(s);
}
END_TEST

/* RDY-06: nothing waits before all objects were read, or that did not count. */
START_TEST(not_leaving)
{
	struct store *s = store_new(&key);
	struct store_options o = {.nzones = 0};

	store_configure(s, &o);
	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, SVC("s", "{clusterIP: None, clusterIPs: [None]}"), 0);
	apply(s, KUBE_ADDED, SLICE("a", "s", "[{addresses: [10.0.0.1]}]"), 0);
	apply(s, KUBE_DELETED, SLICE("a", "s", "[]"), 0);
	ck_assert_uint_eq(store_deadline(s), UINT64_MAX);
	store_synced(s);
	apply(s, KUBE_ADDED,
		SLICE("a", "s", "[{addresses: [10.0.0.1], conditions: {ready: false}}]"),
		0);
	apply(s, KUBE_DELETED, SLICE("a", "s", "[]"), 0);
	ck_assert_uint_eq(store_deadline(s), UINT64_MAX);
	store_free(s);
}
END_TEST

#define AT(address, zone, node)                                                          \
	"{addresses: [" address "], zone: " zone ", nodeName: " node "}"

static uint32_t place_of(const struct store *s, const char *address)
{
	const struct address_record *r;
	struct addr a;

	ck_assert(addr_parse(address, strlen(address), &a));
	r = store_find_address(s, &a);
	return r == NULL ? PLACE_UNKNOWN : store_address_place(s, r);
}

/*
 * GS-05: a changed place marks its own address; names keep their numbers when a slice is
 * replaced; addresses of a slice that leaves keep their places as long.
 */
START_TEST(places)
{
	struct store_options o = {.topology = true};
	struct store *s = store_new(&key);

	store_configure(s, &o);
	store_synced(s);
	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, SVC("s", "{clusterIP: None, clusterIPs: [None]}"), 0);
	apply(s, KUBE_ADDED,
		SLICE("a", "s",
			"[" AT("10.0.0.1", "e", "n1") "," AT("10.0.0.2", "w", "n2") "]"),
		0);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), place_make(1, 1));
	ck_assert_uint_eq(place_of(s, "10.0.0.2"), place_make(2, 2));
	dirty(s);
	apply(s, KUBE_MODIFIED,
		SLICE("a", "s",
			"[" AT("10.0.0.1", "w", "n1") "," AT("10.0.0.2", "w", "n2") "]"),
		0);
	ck_assert_str_eq(dirty(s), "10.0.0.1; Service n/s; ");
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), place_make(2, 1));
	ck_assert_uint_eq(place_of(s, "10.0.0.2"), place_make(2, 2));
	/* of two opinions the first in the alphabet counts, but that which says more */
	apply(s, KUBE_ADDED, SLICE("b", "t", "[" AT("10.0.0.2", "x", "n1") "]"), 0);
	ck_assert_uint_eq(place_of(s, "10.0.0.2"), place_make(2, 2));
	apply(s, KUBE_ADDED, SLICE("c", "t", "[{addresses: [10.0.0.2], zone: a}]"), 0);
	ck_assert_uint_eq(place_of(s, "10.0.0.2"), place_make(2, 2));
	/* leaving: only if nobody else knows */
	apply(s, KUBE_DELETED, SLICE("a", "s", "[]"), 0);
	ck_assert_uint_ne(place_of(s, "10.0.0.1"), PLACE_UNKNOWN);
	ck_assert_uint_eq(place_of(s, "10.0.0.2"), place_make(3, 1));
	store_expire(s, STORE_LEAVING_NS);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), PLACE_UNKNOWN);
	ck_assert_uint_eq(s->places.nodes.given, 1);
	ck_assert_uint_eq(s->places.zones.given, 2);
	store_free(s);
}
END_TEST

#define IN(ns, name, of, endpoints)                                                      \
	HEAD_SLICE "{name: " name ", namespace: " ns                                     \
		   ", labels: {kubernetes.io/service-name: " of                          \
		   "}}\naddressType: IPv4\nendpoints: [" endpoints "]\n"
#define POD(address, name)                                                               \
	"{addresses: [" address "], targetRef: {kind: Pod, name: " name "}}"

/* "namespace/name" of who has the address; "-": nobody knows. */
static const char *pod_of(const struct store *s, const char *address)
{
	static char text[64];
	const struct address_record *r;
	struct store_pod pod;
	struct addr a;

	ck_assert(addr_parse(address, strlen(address), &a));
	r = store_find_address(s, &a);
	if (r == NULL || !store_address_pod(r, &pod))
		return "-";
	snprintf(text, sizeof(text), "%s/%s", pod.namespace, pod.name);
	return text;
}

/* AC-03: whose an address is, as long as all that is said of it is of one namespace. */
START_TEST(pods)
{
	struct store *s = fresh();

	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, SVC("s", "{clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}"),
		0);
	apply(s, KUBE_ADDED,
		IN("n", "a", "s",
			POD("10.0.0.1", "p1") "," POD(
				"10.0.0.2", "p2") ", {addresses: [10.0.0.3]}"),
		0);
	ck_assert_str_eq(pod_of(s, "10.0.0.1"), "n/p1");
	ck_assert_str_eq(pod_of(s, "10.0.0.3"), "-");
	ck_assert_str_eq(pod_of(s, "10.9.0.1"), "-"); /* a cluster IP is nobody's */
	/* the same Pod in another Service, and another Pod of the namespace */
	apply(s, KUBE_ADDED, IN("n", "b", "t", POD("10.0.0.1", "p1")), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.1"), "n/p1");
	apply(s, KUBE_ADDED, IN("n", "c", "t", POD("10.0.0.1", "p9")), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.1"), "n/");
	/* two namespaces have it: it is a node's; who says nothing takes nothing away */
	apply(s, KUBE_ADDED, IN("m", "a", "s", POD("10.0.0.2", "p2")), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "-");
	apply(s, KUBE_MODIFIED, IN("m", "a", "s", "{addresses: [10.0.0.2]}"), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "n/p2");
	dirty(s);
	apply(s, KUBE_MODIFIED,
		IN("m", "a", "s",
			"{addresses: [10.0.0.2], targetRef: {kind: Node, name: x}}"),
		0);
	ck_assert_str_eq(dirty(s), "10.0.0.2; Service m/s; ");
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "-");
	apply(s, KUBE_DELETED, IN("m", "a", "s", ""), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "n/p2");
	/* leaving: only if nobody else knows */
	apply(s, KUBE_DELETED, IN("n", "a", "s", ""), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "n/p2");
	apply(s, KUBE_ADDED, IN("m", "d", "s", POD("10.0.0.2", "q")), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "m/q");
	apply(s, KUBE_DELETED, IN("m", "d", "s", ""), 0);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "n/p2");
	store_expire(s, STORE_LEAVING_NS);
	ck_assert_str_eq(pod_of(s, "10.0.0.2"), "-");
	store_free(s);
}
END_TEST

/* GS-05: switched on and off while there are slices, with labels that let some count. */
START_TEST(places_on_and_off)
{
	struct store_options o = {.nzones = 0};
	struct store *s = store_new(&key);

	store_configure(s, &o);
	apply(s, KUBE_ADDED, SLICE("a", "s", "[" AT("10.0.0.1", "e", "n1") "]"), 0);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), PLACE_UNKNOWN);
	dirty(s);
	apply(s, KUBE_MODIFIED, SLICE("a", "s", "[" AT("10.0.0.1", "e", "n2") "]"), 0);
	ck_assert_str_eq(dirty(s), "Service n/s; "); /* nobody cares for the node */
	o.topology = true;
	store_configure(s, &o);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), place_make(1, 1));
	store_configure(s, &o);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), place_make(1, 1));
	o.noendpoints = true;
	store_configure(s, &o);
	ck_assert_uint_eq(s->places.nodes.given, 0);
	o.topology = false;
	o.noendpoints = false;
	store_configure(s, &o);
	o.topology = true;
	store_configure(s, &o);
	ck_assert_uint_eq(place_of(s, "10.0.0.1"), place_make(1, 1));
	apply(s, KUBE_DELETED, SLICE("a", "s", "[]"), 0);
	ck_assert_uint_eq(s->places.nodes.given + s->places.zones.given, 0);
	o.topology = false;
	store_configure(s, &o);
	ck_assert_ptr_null(s->places.nodes.used);
	store_free(s);
}
END_TEST

/* LG-02: the first change since the last publish is the cause. */
START_TEST(cause)
{
	struct store *s = fresh();

	apply(s, KUBE_ADDED, SVC("s", "{}"), 0);
	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, NS("n"), 0);
	ck_assert_str_eq(s->cause, "Service n/s");
	ck_assert_uint_eq(s->ncauses, 2);
	store_cause_clear(s);
	ck_assert_str_eq(s->cause, "");
	store_free(s);
}
END_TEST

/* WP-85: what a complete list does not hold goes, and nothing else does. */
START_TEST(sweep)
{
	struct store *s = fresh();
	uint32_t first = store_pass_begin(s), second;
	size_t total;

	apply(s, KUBE_ADDED, NS("n"), 0);
	apply(s, KUBE_ADDED, SVC("a", "{clusterIP: 10.0.0.1}"), 0);
	apply(s, KUBE_ADDED, SVC("b", "{}"), 0);
	apply(s, KUBE_ADDED, SVC("c", "{}"), 0);
	apply(s, KUBE_ADDED, SLICE("x", "a", "[{addresses: [10.0.0.7]}]"), 0);
	apply(s, KUBE_ADDED, SLICE("y", "c", "[]"), 0); /* Services without a slice too */
	ck_assert_uint_eq(store_unseen(s, KUBE_SERVICE, NULL, first, &total), 0);
	dirty(s);

	second = store_pass_begin(s);
	ck_assert(!apply(s, KUBE_ADDED, SVC("a", "{clusterIP: 10.0.0.1}"), 0));
	store_seen(s, KUBE_SERVICE, "n", "b"); /* it is there, and cannot be read */
	store_seen(s, KUBE_SERVICE, "n", "none");
	ck_assert_uint_eq(store_unseen(s, KUBE_SERVICE, NULL, second, &total), 1);
	ck_assert_uint_eq(store_unseen(s, KUBE_SERVICE, "m", second, &total), 0);
	ck_assert(!store_sweep(s, KUBE_SERVICE, "m", second, 0));
	ck_assert(store_sweep(s, KUBE_SERVICE, "n", second, 0));
	ck_assert_str_eq(dirty(s), "Service n/c; ");
	ck_assert_uint_eq(s->objects[KUBE_SERVICE], 2);
	ck_assert(!store_sweep(s, KUBE_SERVICE, NULL, second, 0));

	/* of another kind nothing was listed, so nothing goes by itself */
	ck_assert_uint_eq(s->objects[KUBE_SLICE], 2);
	ck_assert(store_sweep(s, KUBE_SLICE, NULL, second, 0));
	ck_assert_uint_eq(s->objects[KUBE_SLICE], 0);
	ck_assert(!store_sweep(s, KUBE_NAMESPACE, "m", second, 0));
	ck_assert(store_sweep(s, KUBE_NAMESPACE, "n", second, 0));
	ck_assert_uint_eq(s->objects[KUBE_NAMESPACE], 0);
	store_free(s);
}
END_TEST

/* OB-N2: without the right to list them Namespaces follow from Services. */
START_TEST(implied_namespaces)
{
	struct store *s = fresh();

	apply(s, KUBE_ADDED, SVC("a", "{}"), 0);
	apply(s, KUBE_ADDED, SLICE("x", "b", "[]"), 0);
	struct service_record *a = store_find_service(s, "n", "a");
	ck_assert(!store_service_exposed(a));
	dirty(s);
	ck_assert(store_imply_namespaces(s, true));
	ck_assert(!store_imply_namespaces(s, true));
	ck_assert(store_service_exposed(a));
	ck_assert_str_eq(dirty(s), "Namespace n; Service n/a; Service n/b; ");

	/* a slice alone is no Service */
	apply(s, KUBE_DELETED, SVC("a", "{}"), 0);
	ck_assert(!store_find_namespace(s, "n")->exposed);
	apply(s, KUBE_ADDED, SVC("b", "{}"), 0);
	ck_assert(store_find_namespace(s, "n")->exposed);
	ck_assert(store_imply_namespaces(s, false));
	ck_assert(!store_find_namespace(s, "n")->exposed);
	store_free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("store");

	tcase_add_test(tc, dirty_owners);
	tcase_add_test(tc, leaving);
	tcase_add_test(tc, not_leaving);
	tcase_add_test(tc, places);
	tcase_add_test(tc, places_on_and_off);
	tcase_add_test(tc, pods);
	tcase_add_test(tc, cause);
	tcase_add_test(tc, sweep);
	tcase_add_test(tc, implied_namespaces);
	return run_case("store", tc);
}
