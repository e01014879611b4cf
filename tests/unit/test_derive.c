/*
 * test_derive.c - derive_owner(): the draft of one owner, read back by the node reader
 *
 * What answers come of it is the scenarios' matter; here it is what they do not see:
 * GS-07 (equal objects give equal octets), the sharing of bodies, counted skips (NB-01,
 * S-05), and that nothing is derived of what is not exposed.
 */
#include "controller/records/derive.h"
#include "dns/type.h"
#include "objects.h"

#define HEAD_SVC   "kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: n}\n"
#define HEAD_SLICE "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: "

static const struct hash_key key = {3, 4, UINT64_MAX};

struct world {
	struct store *store;
	struct record_options options;
	struct draft draft;
};

static void open_world(struct world *w, const char *zone2)
{
	struct conf c;
	struct store_options so = {0};
	struct name zones[3];

	memset(w, 0, sizeof(*w));
	conf_defaults(&c);
	ck_assert_int_eq(name_parse("cluster.local", &zones[0]), 0);
	ck_assert_int_eq(name_parse("in-addr.arpa", &zones[1]), 0);
	ck_assert_int_eq(name_parse(zone2, &zones[2]), 0);
	free(c.kubernetes.zones);
	c.kubernetes.zones = zones;
	c.kubernetes.nzones = ARRAY_LEN(zones);
	options_from_conf(&c, NULL, 0, "test", &w->options);
	c.kubernetes.zones = NULL;
	c.kubernetes.nzones = 0;
	conf_fini(&c);
	so.nzones = w->options.settings.nzones;
	w->store = store_new(&key);
	store_configure(w->store, &so);
	w->draft.key = key;
}

static void close_world(struct world *w)
{
	store_free(w->store);
	draft_fini(&w->draft);
}

static void apply(struct world *w, const char *yaml)
{
	struct kube_object o = object(yaml);

	store_apply(w->store, KUBE_ADDED, &o, 0);
	kube_object_fini(&o);
}

static void derive(struct world *w)
{
	struct service_record *svc = store_find_service(w->store, "n", "s");

	ck_assert_ptr_nonnull(svc);
	derive_owner(w->store, &w->options, &svc->owner, &w->draft);
}

static size_t nodes_with_flag(const struct draft *d, uint8_t flag, uint8_t *first)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct node_header head;

		memcpy(&head, d->octets.data + d->nodes[i].at, sizeof(head));
		if (i == 0)
			*first = head.flags;
		n += (head.flags & flag) != 0;
	}
	return n;
}

static void add_headless(struct world *w, unsigned endpoints)
{
	static char yaml[262144];
	int len;

	apply(w, "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n");
	apply(w, HEAD_SVC "spec: {clusterIP: None, clusterIPs: [None]}\n");
	len = snprintf(yaml, sizeof(yaml),
		HEAD_SLICE
		"{name: e, namespace: n, labels: {kubernetes.io/service-name: s}}\n"
		"addressType: IPv4\n"
		"ports: [{name: a, port: 1}, {name: b, port: 2}]\nendpoints:\n");
	for (unsigned i = 0; i < endpoints; i++)
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len,
			"- {addresses: [10.0.%u.%u]}\n", i / 250, 1 + i % 250);
	apply(w, yaml);
}

/* One body for all zones and ports; its owner is the first node, the Service's name. */
START_TEST(one_body)
{
	struct world w;
	uint8_t first = 0;
	size_t uses = 0, len;

	open_world(&w, "example.org");
	add_headless(&w, 100);
	derive(&w);
	ck_assert(w.draft.has_body);
	ck_assert_uint_eq(nodes_with_flag(&w.draft, NODE_OWNS_BODY, &first), 1);
	ck_assert(first & NODE_OWNS_BODY);
	for (size_t i = 0; i < w.draft.n; i++)
		uses += w.draft.nodes[i].uses_body;
	ck_assert_uint_eq(uses, 2 * 3); /* two zones: the name and two ports */
	ck_assert_uint_eq(w.draft.n, 2 * 3 + 2 * 100);
	body_finish(&w.draft.body, &len);
	/* addresses once, endpoint names with theirs once */
	ck_assert_uint_lt(len, 100 * 4 + 100 * (6 + 11 + 4) + 256);
	close_world(&w);
}
END_TEST

/* GS-07: the order of objects, of endpoints and of ports does not show. */
START_TEST(equal_octets)
{
	static const char *const slices[2][2] = {
		{"endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]\n"
		 "ports: [{name: a, port: 1}, {name: b, port: 2}]\n",
			"endpoints: [{addresses: [10.0.0.3, 10.0.0.4], hostname: h}]\n"
			"ports: [{name: a, port: 1}]\n"},
		{"endpoints: [{addresses: [10.0.0.4, 10.0.0.3], hostname: h}]\n"
		 "ports: [{name: a, port: 1}]\n",
			"endpoints: [{addresses: [10.0.0.2]}, {addresses: [10.0.0.1]}]\n"
			"ports: [{name: b, port: 2}, {name: a, port: 1}]\n"},
	};
	struct world w[2];
	const uint8_t *body[2];
	size_t len[2];

	for (int i = 0; i < 2; i++) {
		open_world(&w[i], "example.org");
		for (int k = 0; k < 2; k++) {
			char yaml[1024];

			snprintf(yaml, sizeof(yaml),
				HEAD_SLICE "{name: e%d, namespace: n, labels: "
					   "{kubernetes.io/service-name: s}}\n"
					   "addressType: IPv4\n%s",
				k, slices[i][k]);
			apply(&w[i], yaml);
		}
		apply(&w[i], HEAD_SVC "spec: {clusterIP: None, clusterIPs: [None]}\n");
		apply(&w[i], "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n");
		derive(&w[i]);
		body[i] = body_finish(&w[i].draft.body, &len[i]);
	}
	ck_assert_uint_eq(w[0].draft.octets.len, w[1].draft.octets.len);
	ck_assert_mem_eq(
		w[0].draft.octets.data, w[1].draft.octets.data, w[0].draft.octets.len);
	ck_assert_uint_eq(len[0], len[1]);
	ck_assert_mem_eq(body[0], body[1], len[0]);
	close_world(&w[0]);
	close_world(&w[1]);
}
END_TEST

/* WP-87: more than 1,000 addresses are a large RRset, 1,000 are not. */
START_TEST(large)
{
	struct world w;

	open_world(&w, "example.org");
	add_headless(&w, DRAFT_LARGE);
	derive(&w);
	ck_assert_uint_eq(w.draft.largest, DRAFT_LARGE);
	ck_assert_uint_eq(w.draft.skipped, 0);
	close_world(&w);
}
END_TEST

/* S-05: what TCP cannot carry is cut when the node is built, and counted. */
START_TEST(cut)
{
	struct world w;

	open_world(&w, "example.org");
	add_headless(&w, 5000);
	derive(&w);
	ck_assert_uint_eq(w.draft.skipped, 1u << SKIP_SIZE);
	ck_assert_uint_eq(w.draft.n, 2 * 3 + 2 * 5000);
	close_world(&w);
}
END_TEST

/* OB-N1: nothing without Namespace; RH-03: nothing without endpoints. */
START_TEST(nothing)
{
	struct world w;

	open_world(&w, "example.org");
	apply(&w, HEAD_SVC "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}\n");
	derive(&w);
	ck_assert_uint_eq(w.draft.n, 0);
	add_headless(&w, 0);
	derive(&w);
	ck_assert_uint_eq(w.draft.n, 0);
	close_world(&w);
}
END_TEST

/* RO-01: a name belongs to the longest of our zones, and stands there alone. */
START_TEST(nested_zones)
{
	struct world w;

	open_world(&w, "s.n.svc.cluster.local");
	apply(&w, "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n");
	apply(&w, HEAD_SVC "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}\n");
	derive(&w);
	ck_assert_uint_eq(w.draft.n, 1);
	ck_assert_uint_eq(w.draft.nodes[0].zone, 2);
	close_world(&w);
}
END_TEST

static const struct {
	const char *label;
	bool ok;
} labels[] = {
	{"a", true},
	{"0", true},
	{"a-b", true},
	{"", false},
	{"-a", false},
	{"a-", false},
	{"A", false},
	{"a.b", false},
	{"a_b", false},
	{"a23456789012345678901234567890123456789012345678901234567890123", true},
	{"a234567890123456789012345678901234567890123456789012345678901234", false},
};

/* RB-01 */
START_TEST(dns1123)
{
	ck_assert_msg(
		draft_label(labels[_i].label) == labels[_i].ok, "%s", labels[_i].label);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("derive");

	tcase_add_test(tc, one_body);
	tcase_add_test(tc, equal_octets);
	tcase_add_test(tc, large);
	tcase_add_test(tc, cut);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, nested_zones);
	tcase_add_loop_test(tc, dns1123, 0, (int)ARRAY_LEN(labels));
	return run_case("derive", tc);
}
