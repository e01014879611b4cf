/*
 * test_derive.c - derive_owner(): the draft of one owner, read back by the node reader
 *
 * What answers come of it is the scenarios' matter; here it is what they do not see:
 * GS-07 (equal objects give equal octets), the sharing of bodies, counted skips (NB-01,
 * S-05), places (GS-05), and that nothing is derived of what is not exposed.
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

static enum conf_topology topology; /* of worlds that are opened */
static enum conf_client_names client_names = CONF_CLIENT_NAMES_NONE;

static void open_world(struct world *w, const char *zone2)
{
	struct conf c;
	struct store_options so = {0};
	struct name zones[3];

	memset(w, 0, sizeof(*w));
	conf_defaults(&c);
	c.loadbalance.topology = topology;
	c.kubernetes.client_names = client_names;
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
	so.topology = topology != CONF_TOPOLOGY_NONE;
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
	static char yaml[524288];
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
			"- {addresses: [10.0.%u.%u], nodeName: n%u, zone: z%u}\n",
			i / 250, 1 + i % 250, i % 7, i % 3);
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

/* The form of the RRset of `type` of node `i` of the draft, and how many RRs it has. */
static enum rrset_form form_of(
	const struct draft *d, size_t i, uint16_t type, size_t *count)
{
	const uint8_t *node = d->octets.data + d->nodes[i].at;
	struct node_header head;
	struct rrset_header rr;

	memcpy(&head, node, sizeof(head));
	ck_assert_uint_ge(head.nrrsets, 1);
	memcpy(&rr, node + round_up(sizeof(head) + head.name_len, 4), sizeof(rr));
	ck_assert_uint_eq(rr.type, type);
	*count = rr.count;
	return (enum rrset_form)(rr.ttl_form >> 24 & 0xf);
}

/*
 * GS-05: places stand behind the addresses where there is something to order, of as many
 * as fit; the nodes of one Service share them; off means as before.
 */
START_TEST(places)
{
	static const struct {
		enum conf_topology topology;
		unsigned endpoints;
		enum rrset_form form;
	} rows[] = {{CONF_TOPOLOGY_NONE, 100, FORM_BODY_ADDRS},
		{CONF_TOPOLOGY_ZONE, 1, FORM_BODY_ADDRS}, /* nothing to order */
		{CONF_TOPOLOGY_ZONE, 100, FORM_BODY_PLACED},
		{CONF_TOPOLOGY_NODE, 100, FORM_BODY_PLACED},
		{CONF_TOPOLOGY_NODE, 5000, FORM_BODY_PLACED}};
	size_t sizes[ARRAY_LEN(rows)];
	struct world w;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t count;

		topology = rows[i].topology;
		open_world(&w, "example.org");
		add_headless(&w, rows[i].endpoints);
		derive(&w);
		for (size_t k = 0; k < 3; k++) /* the name and its two ports */
			ck_assert_int_eq(
				form_of(&w.draft, k, TYPE_A, &count), rows[i].form);
		ck_assert(count == rows[i].endpoints || rows[i].endpoints == 5000);
		ck_assert_uint_gt(count, rows[i].endpoints == 5000 ? 4000 : 0);
		ck_assert_uint_eq(
			w.draft.skipped, rows[i].endpoints == 5000 ? 1u << SKIP_SIZE : 0);
		body_finish(&w.draft.body, &sizes[i]);
		close_world(&w);
	}
	/* 3 zones, or 21 pairs of zone and node, and an index for each address, once */
	for (size_t i = 2; i < 4; i++) {
		size_t block = 4 + (i == 2 ? 3 : 21) * 6 + 100 * 2;

		ck_assert_uint_gt(sizes[i] - sizes[0] + 8, block);
		ck_assert_uint_lt(sizes[i] - sizes[0], block + 8);
	}
	topology = CONF_TOPOLOGY_NONE;
}
END_TEST

/* GS-05: an address says where a client is, ready or not; a cluster IP says nothing. */
START_TEST(client)
{
	const struct addr pod = {.len = 4, .octets = {10, 0, 0, 9}};
	const struct addr ip = {.len = 4, .octets = {10, 9, 0, 1}};
	struct world w;

	topology = CONF_TOPOLOGY_ZONE;
	open_world(&w, "example.org");
	apply(&w, HEAD_SVC "spec: {clusterIP: 10.9.0.1, clusterIPs: [10.9.0.1]}\n");
	apply(&w, HEAD_SLICE
		"{name: e, namespace: n, labels: {kubernetes.io/service-name: s}}\n"
		"addressType: IPv4\nendpoints: [{addresses: [10.0.0.9], nodeName: x, "
		"zone: y, conditions: {ready: false}}]\n");
	derive_owner(
		w.store, &w.options, &store_find_address(w.store, &pod)->owner, &w.draft);
	ck_assert_uint_eq(w.draft.n, 0);
	ck_assert_int_eq(addr_compare(&w.draft.client, &pod), 0);
	ck_assert_uint_eq(w.draft.known.place, place_make(1, 1));
	derive_owner(
		w.store, &w.options, &store_find_address(w.store, &ip)->owner, &w.draft);
	ck_assert_uint_eq(w.draft.known.place, PLACE_UNKNOWN);
	derive(&w);
	ck_assert_uint_eq(w.draft.client.len, 0);
	close_world(&w);
	topology = CONF_TOPOLOGY_NONE;
}
END_TEST

static void check_client(
	struct world *w, const char *address, const char *namespace, const char *pod)
{
	const struct client *c = &w->draft.known;
	struct addr a;

	ck_assert(addr_parse(address, strlen(address), &a));
	derive_owner(w->store, &w->options, &store_find_address(w->store, &a)->owner,
		&w->draft);
	ck_assert_int_eq(addr_compare(&w->draft.client, &a), 0);
	ck_assert_uint_eq(c->place, PLACE_UNKNOWN);
	ck_assert_uint_eq(c->namespace_len, strlen(namespace));
	ck_assert_uint_eq(c->pod_len, strlen(pod));
	if (c->namespace_len > 0)
		ck_assert_mem_eq(c->namespace, namespace, c->namespace_len);
	if (c->pod_len > 0)
		ck_assert_mem_eq(c->pod, pod, c->pod_len);
}

/* OF-09: as much is said of a Pod as is wanted, and no name that there cannot be. */
START_TEST(client_of_pod)
{
	struct world w;

	for (int names = CONF_CLIENT_NAMES_NAMESPACE; names <= CONF_CLIENT_NAMES_POD;
		names++) {
		const bool pods = names == CONF_CLIENT_NAMES_POD;

		client_names = (enum conf_client_names)names;
		open_world(&w, "example.org");
		apply(&w, HEAD_SLICE
			"{name: e, namespace: n, labels: {kubernetes.io/service-name: "
			"s}}\n"
			"addressType: IPv4\nendpoints: [{addresses: [10.0.0.9, "
			"10.0.0.8], "
			"targetRef: {kind: Pod, name: web.0}}, {addresses: [10.0.0.7], "
			"targetRef: {kind: Pod, name: 'a\\nb'}}, {addresses: "
			"[10.0.0.6]}]\n");
		apply(&w, HEAD_SLICE
			"{name: e, namespace: 'N.x', labels: "
			"{kubernetes.io/service-name: s}}\naddressType: IPv4\n"
			"endpoints: [{addresses: [10.0.0.5], targetRef: {kind: Pod, "
			"name: p}}]\n");
		check_client(&w, "10.0.0.9", "n", pods ? "web.0" : "");
		check_client(&w, "10.0.0.8", "n", pods ? "web.0" : "");
		check_client(&w, "10.0.0.7", "n", "");
		check_client(&w, "10.0.0.6", "", "");
		check_client(&w, "10.0.0.5", "", "");
		close_world(&w);
	}
	client_names = CONF_CLIENT_NAMES_NONE;
}
END_TEST

/* What may be the name of a Pod. */
START_TEST(subdomain)
{
	static const char *const good[] = {"a", "web-0", "a.b-c.0", "0"};
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "A", "a_b", "-a", "a.-b", "a b"};
	char longest[255];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(draft_subdomain(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!draft_subdomain(bad[i]), "'%s'", bad[i]);
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 2 == 0 ? 'a' : '.';
	longest[254] = '\0';
	longest[253] = '\0';
	ck_assert(draft_subdomain(longest));
	longest[253] = 'a';
	ck_assert(!draft_subdomain(longest));
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
	tcase_add_test(tc, places);
	tcase_add_test(tc, client);
	tcase_add_test(tc, client_of_pod);
	tcase_add_test(tc, subdomain);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, nested_zones);
	tcase_add_loop_test(tc, dns1123, 0, (int)ARRAY_LEN(labels));
	return run_case("derive", tc);
}
