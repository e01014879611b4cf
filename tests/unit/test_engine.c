/*
 * test_engine.c - random histories of objects: what is published after many small steps
 * is what a controller publishes that sees only the last state
 *
 * Rows: WP-87, WP-88, GS-05, GS-07, RX-20, G1. Every node on the way is audited by
 * checksum.
 */
#include <stdio.h>
#include <unistd.h>

#include "controller/engine.h"
#include "snap/client.h"
#include "snap/reader.h"
#include "objects.h"

#define NSERVICES   6
#define NSLICES     10
#define NADDRESSES  12
#define NNAMESPACES 3
#define HISTORIES   8

static int own_pid; /* of the parent: it cleans up after a test that failed */

/* One controller with its instance. */
struct side {
	char instance[LAYOUT_INSTANCE_MAX];
	struct publisher *publisher;
	struct engine engine;
	struct reader reader;
	uint64_t published, failed, held;
};

static void on_published(void *arg, const struct engine_published *p)
{
	struct side *s = arg;

	(void)p;
	s->published++;
}

static void on_failed(void *arg, int error)
{
	struct side *s = arg;

	(void)error;
	s->failed++;
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	(void)arg;
	(void)o;
	(void)why;
}

static void on_held(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns)
{
	struct side *s = arg;

	ck_assert_uint_lt(names, before);
	ck_assert_uint_eq(hold_ns, 60 * NS_PER_S);
	s->held++;
}

static const struct engine_handlers handlers = {
	on_published, on_failed, on_held, on_skipped, NULL};

static enum conf_topology topology; /* of all sides */
static enum conf_client_names client_names;

static void configure(struct side *s, uint64_t now_ns, uint32_t ttl_s)
{
	struct addr own = {.len = 4, .octets = {10, 0, 0, 1}};
	struct conf c;

	conf_defaults(&c);
	c.kubernetes.ttl_s = ttl_s;
	c.kubernetes.negative_ttl_s = ttl_s;
	c.loadbalance.topology = topology;
	c.kubernetes.client_names = client_names;
	engine_configure(&s->engine, &c, &own, 1, "test", now_ns, now_ns + 1);
}

static void open_side(struct side *s, const char *what, int loop)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->instance, sizeof(s->instance), "te%d-%s%d", own_pid, what, loop);
	ck_assert_int_eq(publish_open(s->instance, &s->publisher), 0);
	reader_init(&s->reader, s->instance);
	engine_init(&s->engine, s->publisher, false, &handlers, s);
}

/* Whatever a test that failed left in shared memory. */
static void remove_leftovers(void)
{
	for (const char *what = "abcdl"; *what != '\0'; what++)
		for (int loop = 0; loop < HISTORIES; loop++) {
			char instance[LAYOUT_INSTANCE_MAX];

			snprintf(instance, sizeof(instance), "te%d-%c%d", own_pid, *what,
				loop);
			segment_remove_leftovers(instance);
			segment_lock_remove(instance);
		}
}

static void close_side(struct side *s)
{
	engine_fini(&s->engine);
	publish_close(s->publisher);
	reader_fini(&s->reader);
	segment_remove_leftovers(s->instance);
	segment_lock_remove(s->instance);
}

/* ---- random objects ---- */

static size_t random_endpoints(char *out, size_t cap, uint64_t *random)
{
	static const char *const nodes[] = {"", "n1", "n2", "n3"};
	static const char *const zones[] = {"", "east", "west"};
	static const char *const targets[] = {"", ", targetRef: {kind: Pod, name: p1}",
		", targetRef: {kind: Pod, name: p2}",
		", targetRef: {kind: Node, name: n1}"};
	size_t n = next_random(random) % 4, len = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t r = next_random(random);

		len += (size_t)snprintf(out + len, cap - len,
			"%s{addresses: [10.0.0.%u], nodeName: '%s', zone: '%s'%s%s%s}",
			i > 0 ? ", " : "", (unsigned)(1 + r % NADDRESSES),
			nodes[(r >> 24) % ARRAY_LEN(nodes)],
			zones[(r >> 32) % ARRAY_LEN(zones)],
			(r >> 8) % 3 == 0 ? ", hostname: h" : "",
			(r >> 16) % 4 == 0 ? ", conditions: {ready: false}" : "",
			targets[(r >> 40) % ARRAY_LEN(targets)]);
	}
	return len;
}

static void random_slice(char *out, size_t cap, uint64_t *random)
{
	static const char *const ports[] = {"[]", "[{name: p, port: 1}]",
		"[{name: p, port: 2}, {port: 3}]", "[{name: q, port: 1, protocol: UDP}]"};
	uint64_t r = next_random(random);
	char endpoints[1024] = "";

	random_endpoints(endpoints, sizeof(endpoints), random);
	snprintf(out, cap,
		"kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\n"
		"metadata: {name: e%u, namespace: n%u, labels: "
		"{kubernetes.io/service-name: s%u}}\n"
		"addressType: IPv4\nports: %s\nendpoints: [%s]\n",
		(unsigned)(r % NSLICES), (unsigned)((r >> 8) % NNAMESPACES),
		(unsigned)((r >> 16) % NSERVICES), ports[(r >> 24) % ARRAY_LEN(ports)],
		endpoints);
}

static void random_service(char *out, size_t cap, uint64_t *random)
{
	static const char *const specs[] = {
		"{clusterIP: None, clusterIPs: [None]}",
		"{clusterIP: None, clusterIPs: [None], publishNotReadyAddresses: true}",
		"{clusterIP: None, clusterIPs: [None], "
		"trafficDistribution: PreferSameNode}",
		"{clusterIP: 10.0.0.3, clusterIPs: [10.0.0.3], "
		"ports: [{name: p, port: 80}]}",
		"{clusterIP: 10.9.0.4, clusterIPs: [10.9.0.4, 'fd00::4'], ports: "
		"[{name: p, port: 80}, {name: q, port: 53, protocol: UDP}]}",
		"{type: ExternalName, externalName: s1.n1.svc.cluster.local}",
		"{type: ExternalName, externalName: 10.0.0.1}",
	};
	uint64_t r = next_random(random);

	snprintf(out, cap,
		"kind: Service\napiVersion: v1\nmetadata: {name: s%u, namespace: n%u}\n"
		"spec: %s\n",
		(unsigned)(r % NSERVICES), (unsigned)((r >> 8) % NNAMESPACES),
		specs[(r >> 16) % ARRAY_LEN(specs)]);
}

static void random_namespace(char *out, size_t cap, uint64_t *random)
{
	snprintf(out, cap, "kind: Namespace\napiVersion: v1\nmetadata: {name: n%u}\n",
		(unsigned)(next_random(random) % NNAMESPACES));
}

/* The last state, by kind and name, as text: what the other side is given. */
struct state {
	char *yaml[3][NNAMESPACES][NSERVICES + NSLICES];
};

static void remember(
	struct state *st, const struct kube_object *o, const char *yaml, bool deleted)
{
	unsigned ns = (unsigned)(o->namespace[0] != '\0' ? o->namespace[1] - '0' : 0);
	char **slot = &st->yaml[o->kind][ns][o->name[1] - '0'];

	free(*slot);
	*slot = deleted ? NULL : strdup(yaml);
}

static void random_event(
	struct side *s, struct state *st, uint64_t *random, uint64_t now_ns)
{
	uint64_t r = next_random(random);
	bool deleted = r % 4 == 0;
	char yaml[2048];
	struct kube_object o;

	if ((r >> 8) % 10 == 0)
		random_namespace(yaml, sizeof(yaml), random);
	else if ((r >> 8) % 10 < 4)
		random_service(yaml, sizeof(yaml), random);
	else
		random_slice(yaml, sizeof(yaml), random);
	o = object(yaml);
	remember(st, &o, yaml, deleted);
	engine_event(&s->engine, deleted ? KUBE_DELETED : KUBE_MODIFIED, &o, now_ns);
	kube_object_fini(&o);
}

/* ---- comparing two generations ---- */

struct octets {
	struct mem_buf buf;
	uint64_t names;
	const struct snap *snap;
};

static struct addr client_addr(unsigned i)
{
	return (struct addr){.len = 4, .octets = {10, 0, 0, (uint8_t)(1 + i)}};
}

/*
 * What an order says to each client: which addresses are at its node, which in its zone.
 * The numbers of places need not be the same on both sides.
 */
static void put_order(struct octets *out, const struct place_order *p)
{
	for (unsigned i = 0; i < NADDRESSES; i++) {
		struct addr a = client_addr(i);
		uint32_t client = client_place(out->snap, &a);
		uint8_t kinds[256] = {0};
		struct place_near n;

		if (client != PLACE_UNKNOWN && place_near(p, client, &n))
			for (unsigned k = n.zone; k < n.zone_end; k++)
				kinds[place_index(p, k)] = k >= n.node && k < n.node_end
				                                   ? 2
				                                   : 1;
		mem_buf_put(&out->buf, kinds, p->count);
	}
}

static void put_endpoints(
	struct octets *out, const struct node_view *v, const struct rrset *r)
{
	for (size_t at = 4; at + 8 <= r->len; at += 8) {
		struct endpoints it;
		struct endpoint e;
		struct place_order p;

		ck_assert(endpoints_begin(v, load_host_u32(r->data + at + 4), &it));
		mem_buf_put(&out->buf, r->data + at, 2);
		while (endpoints_next(&it, &e)) {
			mem_buf_put(&out->buf, e.label, e.label_len);
			mem_buf_put(&out->buf, e.addrs4, 4u * e.n4);
			mem_buf_put(&out->buf, &e.flags, 1);
			if (e.flags == ENDPOINT_PLACED4 &&
				place_view(e.addrs4 + 4u * e.n4, SIZE_MAX, e.n4, &p) != 0)
				put_order(out, &p);
		}
		ck_assert_uint_eq(it.left, 0);
	}
}

/* RRsets by what they say, not by their octets. */
static void put_rrsets(struct octets *out, const struct node_view *v)
{
	const uint8_t *cursor = v->rrsets;
	struct place_order p;
	struct rrset r;

	for (unsigned i = 0; i < v->head->nrrsets; i++) {
		ck_assert(node_next(v, &cursor, &r));
		const uint32_t says[] = {r.type, r.count, r.ttl_s, r.form, r.glue_only};
		mem_buf_put(&out->buf, says, sizeof(says));
		if (r.form == FORM_SRV_BODY) {
			put_endpoints(out, v, &r);
			continue;
		}
		mem_buf_put(&out->buf, r.data, r.len);
		if (node_placed(r.form)) {
			ck_assert(node_places(&r, &p));
			put_order(out, &p);
		}
	}
}

/* The hash, the node but checksum and body's place, and the body. */
static bool on_node(void *arg, const struct node_view *v)
{
	struct octets *out = arg;
	struct node_header head = *v->head;

	ck_assert(node_intact(v));
	head.check = 0;
	head.body = 0;
	if (topology != CONF_TOPOLOGY_NONE)
		head.size8 = 0; /* blocks differ in length where an order is the same */
	mem_buf_put(&out->buf, &head, sizeof(head));
	if (v->name != NULL)
		mem_buf_put(&out->buf, v->name, head.name_len);
	out->names++;
	if (topology != CONF_TOPOLOGY_NONE) {
		put_rrsets(out, v);
		return true;
	}
	mem_buf_put(&out->buf, v->rrsets, (size_t)(v->end - v->rrsets));
	if (v->body != NULL)
		mem_buf_put(&out->buf, v->body, v->body_len);
	return true;
}

/*
 * All nodes as one run of octets. The order is that of hashes, so both sides must have
 * the same key: names are sorted by their text instead.
 */
struct entry {
	size_t at, len;
};

static const uint8_t *sort_base;

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = memcmp(sort_base + x->at, sort_base + y->at, MIN(x->len, y->len));

	return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

struct listing {
	struct octets octets;
	struct entry *entry;
	size_t n, cap;
};

static bool on_listed(void *arg, const struct node_view *v)
{
	struct listing *l = arg;
	size_t at = l->octets.buf.len;

	if (v->name == NULL) { /* its hash differs with the key: only counted */
		l->octets.names++;
		return true;
	}
	on_node(&l->octets, v);
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		l->entry = mem_resize(l->entry, l->cap, sizeof(*l->entry));
	}
	l->entry[l->n++] = (struct entry){at, l->octets.buf.len - at};
	return true;
}

static void list(struct side *s, struct listing *l)
{
	memset(l, 0, sizeof(*l));
	reader_refresh(&s->reader);
	ck_assert_ptr_nonnull(reader_snap(&s->reader));
	l->octets.snap = reader_snap(&s->reader);
	ck_assert_int_eq(snap_walk(reader_snap(&s->reader), on_listed, l), 0);
	ck_assert_uint_eq(l->n, reader_snap(&s->reader)->names);
	sort_base = l->octets.buf.data;
	qsort(l->entry, l->n, sizeof(*l->entry), compare_entries);
}

static void free_listing(struct listing *l)
{
	mem_buf_fini(&l->octets.buf);
	free(l->entry);
}

static bool count_client(void *arg, const struct node_view *v)
{
	unsigned *n = arg;
	struct client c;

	ck_assert(node_intact(v));
	ck_assert(client_of(v, &c));
	ck_assert(!client_unknown(&c));
	ck_assert(topology != CONF_TOPOLOGY_NONE || c.place == PLACE_UNKNOWN);
	ck_assert(client_names != CONF_CLIENT_NAMES_NONE || c.namespace_len == 0);
	ck_assert(client_names == CONF_CLIENT_NAMES_POD || c.pod_len == 0);
	++*n;
	return true;
}

/* What a side knows of clients: who they are, and of each pair whether it is near. */
struct clients {
	char who[NADDRESSES][64];
	uint8_t near[NADDRESSES][NADDRESSES];
};

static void list_clients(struct side *s, struct clients *out)
{
	const struct snap *snap = reader_snap(&s->reader);
	const struct snap clients = snap_clients(snap);
	unsigned walked = 0, known = 0;

	ck_assert_int_eq(snap_walk(&clients, count_client, &walked), 0);
	for (unsigned i = 0; i < NADDRESSES; i++) {
		struct addr a = client_addr(i);
		struct client c;

		known += client_find(snap, &a, &c);
		uint32_t x = c.place;
		snprintf(out->who[i], sizeof(out->who[i]), "%.*s/%.*s", c.namespace_len,
			c.namespace, c.pod_len, c.pod);
		for (unsigned k = 0; k < NADDRESSES; k++) {
			struct addr b = client_addr(k);
			uint32_t y = client_place(snap, &b), d = x ^ y;

			out->near[i][k] = (uint8_t)((x != 0) | (d == 0) << 1 |
						    (d >> PLACE_NODE_BITS == 0) << 2 |
						    ((d & PLACE_NODE_MAX) == 0) << 3);
		}
	}
	ck_assert_uint_eq(walked, known);
}

static void check_equal(struct side *a, struct side *b)
{
	struct clients clients[2] = {0};
	struct listing x, y;

	list(a, &x);
	list(b, &y);
	list_clients(a, &clients[0]);
	list_clients(b, &clients[1]);
	for (unsigned i = 0; i < NADDRESSES; i++)
		ck_assert_str_eq(clients[0].who[i], clients[1].who[i]);
	ck_assert_mem_eq(clients[0].near, clients[1].near, sizeof(clients[0].near));
	ck_assert_uint_eq(x.n, y.n);
	ck_assert_uint_eq(x.octets.names, y.octets.names); /* empty non-terminals too */
	for (size_t i = 0; i < x.n; i++) {
		ck_assert_uint_eq(x.entry[i].len, y.entry[i].len);
		ck_assert_mem_eq(x.octets.buf.data + x.entry[i].at,
			y.octets.buf.data + y.entry[i].at, x.entry[i].len);
	}
	free_listing(&x);
	free_listing(&y);
}

/* A fresh controller that gets the last state only. */
static void rebuild(struct side *b, struct state *st, int loop, uint32_t ttl_s)
{
	open_side(b, "b", loop);
	configure(b, 1, ttl_s);
	engine_turn(&b->engine, 1, 1, true);
	for (int kind = 0; kind < 3; kind++)
		for (int ns = 0; ns < NNAMESPACES; ns++)
			for (int i = 0; i < NSERVICES + NSLICES; i++) {
				struct kube_object o;

				if (st->yaml[kind][ns][i] == NULL)
					continue;
				o = object(st->yaml[kind][ns][i]);
				engine_event(&b->engine, KUBE_ADDED, &o, 2);
				kube_object_fini(&o);
			}
	engine_synced(&b->engine, 3);
	engine_turn(&b->engine, NS_PER_S, NS_PER_S, true);
	ck_assert_uint_eq(b->published, 2);
}

static void free_state(struct state *st)
{
	for (int kind = 0; kind < 3; kind++)
		for (int ns = 0; ns < NNAMESPACES; ns++)
			for (int i = 0; i < NSERVICES + NSLICES; i++)
				free(st->yaml[kind][ns][i]);
}

/* Some events, then one turn of the engine and perhaps some idle steps. */
static void step(struct side *a, struct state *st, uint64_t *random, uint64_t *now_ns)
{
	struct publish_info compacted;

	for (uint64_t n = 1 + next_random(random) % 3; n > 0; n--)
		random_event(a, st, random, *now_ns);
	*now_ns += next_random(random) % (30 * NS_PER_MS);
	engine_turn(&a->engine, *now_ns, *now_ns, true);
	if (next_random(random) % 8 == 0)
		engine_idle(&a->engine, *now_ns, *now_ns, &compacted);
}

START_TEST(random_histories)
{
	uint64_t random = 0x9e3779b97f4a7c15u + (uint64_t)_i * 77, now_ns = NS_PER_S;
	struct state st = {0};
	struct side a, b;

	topology = (enum conf_topology)(_i % 3);
	client_names = (enum conf_client_names)((_i + _i / 3) % 3);
	open_side(&a, "a", _i);
	configure(&a, now_ns, 30);
	engine_turn(&a.engine, now_ns, now_ns, true);
	for (int i = 0; i < 20; i++)
		random_event(&a, &st, &random, now_ns);
	engine_synced(&a.engine, now_ns);
	for (int i = 0; i < 2400; i++) {
		uint32_t ttl_s = 30 + (uint32_t)(i / 1200);

		step(&a, &st, &random, &now_ns);
		if (i == 1200)
			configure(&a, now_ns, ttl_s); /* a reload on the way */
		if (i % 50 != 49)
			continue;
		now_ns += 2 * NS_PER_S; /* what is leaving is gone */
		while (engine_turn(&a.engine, now_ns, now_ns, true) <= now_ns)
			;
		rebuild(&b, &st, _i, ttl_s);
		check_equal(&a, &b);
		close_side(&b);
	}
	ck_assert_uint_gt(a.published, 100);
	ck_assert_uint_eq(a.failed, 0);
	close_side(&a);
	free_state(&st);
}
END_TEST

/* A headless Service with many endpoints, one of which has the host name `h`. */
static void apply_many(struct side *s, const char *h, uint64_t now_ns)
{
	static char yaml[131072];
	int len = snprintf(yaml, sizeof(yaml),
		"kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\n"
		"metadata: {name: e0, namespace: n0, labels: "
		"{kubernetes.io/service-name: s0}}\naddressType: IPv4\n"
		"ports: [{port: 1}]\nendpoints:\n"
		"- {addresses: [10.8.0.1], hostname: %s}\n",
		h);
	struct kube_object o;

	for (unsigned i = 0; i <= DRAFT_LARGE; i++)
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len,
			"- {addresses: [10.7.%u.%u]}\n", i / 250, 1 + i % 250);
	o = object(yaml);
	engine_event(&s->engine, KUBE_MODIFIED, &o, now_ns);
	kube_object_fini(&o);
}

static void apply_text(struct side *s, const char *yaml, uint64_t now_ns)
{
	struct kube_object o = object(yaml);

	engine_event(&s->engine, KUBE_MODIFIED, &o, now_ns);
	kube_object_fini(&o);
}

static bool exists(struct side *s, const char *name)
{
	struct hash128 h;
	struct node_view v;
	uint8_t wire[256];
	size_t len = name_wire(name, wire);

	reader_refresh(&s->reader);
	h = hash_name(&reader_snap(&s->reader)->key, wire, len);
	return snap_find(reader_snap(&s->reader), &h, wire, len, &v) == LOOKUP_FOUND;
}

/* WP-87: a large RRset is published every 20 ms at most, others are not held up by it. */
START_TEST(large_rrsets)
{
	uint64_t now_ns = NS_PER_S;
	struct side s;

	open_side(&s, "l", 0);
	configure(&s, now_ns, 30);
	engine_turn(&s.engine, now_ns, now_ns, true);
	apply_text(&s, "kind: Namespace\napiVersion: v1\nmetadata: {name: n0}\n", now_ns);
	apply_text(&s,
		"kind: Service\napiVersion: v1\nmetadata: {name: s0, namespace: n0}\n"
		"spec: {clusterIP: None, clusterIPs: [None]}\n",
		now_ns);
	apply_many(&s, "a", now_ns);
	engine_synced(&s.engine, now_ns);
	now_ns += NS_PER_MS;
	engine_turn(&s.engine, now_ns, now_ns, true);
	ck_assert(exists(&s, "a.s0.n0.svc.cluster.local"));

	apply_many(&s, "b", now_ns + NS_PER_MS);
	apply_text(&s, "kind: Namespace\napiVersion: v1\nmetadata: {name: n1}\n",
		now_ns + NS_PER_MS);
	ck_assert_uint_eq(
		engine_turn(&s.engine, now_ns + NS_PER_MS, now_ns + NS_PER_MS, true),
		now_ns + 20 * NS_PER_MS);
	ck_assert(exists(&s, "n1.svc.cluster.local"));
	ck_assert(exists(&s, "a.s0.n0.svc.cluster.local"));
	ck_assert(!exists(&s, "b.s0.n0.svc.cluster.local"));
	engine_turn(&s.engine, now_ns + 20 * NS_PER_MS, now_ns + 20 * NS_PER_MS, true);
	ck_assert(!exists(&s, "a.s0.n0.svc.cluster.local"));
	ck_assert(exists(&s, "b.s0.n0.svc.cluster.local"));
	close_side(&s);
}
END_TEST

/* Garbage piles up, compactions come between the changes, and nothing is lost (G1). */
/* A life of a controller: so many Services, and what a turn makes of them. */
static void begin_life(struct side *s, uint64_t names, unsigned services, uint64_t now_ns)
{
	char yaml[160];

	ck_assert_int_eq(publish_open(s->instance, &s->publisher), 0);
	engine_init(&s->engine, s->publisher, names > 0, &handlers, s);
	engine_guard(&s->engine, names);
	configure(s, now_ns, 30);
	apply_text(s, "kind: Namespace\napiVersion: v1\nmetadata: {name: n0}\n", now_ns);
	for (unsigned i = 0; i < services; i++) {
		snprintf(yaml, sizeof(yaml),
			"kind: Service\napiVersion: v1\n"
			"metadata: {name: s%u, namespace: n0}\nspec: {type: ClusterIP}\n",
			i);
		apply_text(s, yaml, now_ns);
	}
	engine_synced(&s->engine, now_ns);
	engine_turn(&s->engine, now_ns, now_ns, true);
}

static void end_life(struct side *s)
{
	engine_fini(&s->engine);
	publish_close(s->publisher);
}

/* WP-90: a successor that is told far less waits, and its predecessor's names stand. */
START_TEST(first_generation_held)
{
	const char *const last = "s250.n0.svc.cluster.local";
	uint64_t now_ns = NS_PER_S;
	struct publish_info info;
	struct side s;

	open_side(&s, "a", _i);
	end_life(&s);
	begin_life(&s, 0, 300, now_ns);
	ck_assert(exists(&s, last));
	publish_status(s.publisher, &info);
	end_life(&s);

	begin_life(&s, info.names, 10, now_ns);
	ck_assert_uint_eq(s.held, 1);
	ck_assert(exists(&s, last));
	for (unsigned i = 0; i < (_i == 0 ? 58u : 20u); i++) {
		now_ns += NS_PER_S;
		engine_turn(&s.engine, now_ns, now_ns, true);
		ck_assert(exists(&s, last));
	}
	ck_assert_uint_eq(s.held, 1);
	if (_i == 0) { /* it was true after all */
		now_ns += 2 * NS_PER_S;
		engine_turn(&s.engine, now_ns, now_ns, true);
		ck_assert(!exists(&s, last));
		ck_assert(exists(&s, "s9.n0.svc.cluster.local"));
	} else { /* more comes */
		apply_text(&s,
			"kind: Service\napiVersion: v1\n"
			"metadata: {name: new, namespace: n0}\nspec: {}\n",
			now_ns);
		for (unsigned i = 10; i < 200; i++) {
			char yaml[160];

			snprintf(yaml, sizeof(yaml),
				"kind: Service\napiVersion: v1\n"
				"metadata: {name: s%u, namespace: n0}\nspec: {}\n",
				i);
			apply_text(&s, yaml, now_ns);
		}
		now_ns += 5 * NS_PER_S;
		engine_turn(&s.engine, now_ns, now_ns, true);
		ck_assert(!exists(&s, last));
		ck_assert(exists(&s, "new.n0.svc.cluster.local"));
	}
	ck_assert_uint_eq(s.failed, 0);
	close_side(&s);
}
END_TEST
START_TEST(compacted_on_the_way)
{
	uint64_t now_ns = NS_PER_S, compactions = 0;
	struct side a, b;
	struct publish_info compacted;

	open_side(&a, "c", 0);
	open_side(&b, "d", 0);
	configure(&a, now_ns, 30);
	configure(&b, now_ns, 30);
	for (int i = 0; i < 400; i++) {
		struct side *s = i == 399 ? &b : &a;

		if (i == 0 || s == &b) {
			apply_text(s,
				"kind: Namespace\napiVersion: v1\nmetadata: {name: n0}\n",
				now_ns);
			apply_text(s,
				"kind: Service\napiVersion: v1\n"
				"metadata: {name: s0, namespace: n0}\n"
				"spec: {clusterIP: None, clusterIPs: [None]}\n",
				now_ns);
		}
		apply_many(s, i % 2 == 0 ? "a" : "b", now_ns);
		if (s == &b)
			apply_many(&a, "b", now_ns);
		engine_synced(&s->engine, now_ns);
		now_ns += 100 * NS_PER_MS;
		engine_turn(&s->engine, now_ns, now_ns, true);
		for (int k = 0; k < 5; k++) {
			engine_idle(&a.engine, now_ns, now_ns, &compacted);
			compactions += compacted.generation != 0;
		}
	}
	engine_turn(&a.engine, now_ns, now_ns, true);
	ck_assert_uint_gt(compactions, 1);
	ck_assert_uint_eq(a.failed, 0);
	check_equal(&a, &b);
	close_side(&a);
	close_side(&b);
}
END_TEST

/*
 * What operators want forgotten travels in the settings, in the order of the requests,
 * and a reload keeps it. What is older than the latest fifteen has become one (CA-21).
 */
START_TEST(flushes_are_published)
{
	uint64_t now_ns = NS_PER_S, number = 0;
	struct side s;

	open_side(&s, "a", 0);
	end_life(&s);
	begin_life(&s, 0, 3, now_ns);
	for (unsigned i = 0; i < 20; i++) {
		char text[16];
		struct name name;

		snprintf(text, sizeof(text), "n%u.example.", i);
		ck_assert_int_eq(name_parse(text, &name), 0);
		uint64_t next = engine_flush(&s.engine, &name, i % 2 == 1, now_ns, 1);
		ck_assert_uint_gt(next, number);
		number = next;
		if (i == 10)
			configure(&s, now_ns, 30);
	}
	now_ns += NS_PER_S;
	engine_turn(&s.engine, now_ns, now_ns, true);
	reader_refresh(&s.reader);
	const struct forward_settings *f = &s.reader.settings.forward;
	ck_assert_uint_ge(s.reader.settings.number, number);
	ck_assert_uint_eq(f->nflush, FORWARD_FLUSH_MAX);
	ck_assert_mem_eq(f->flush[0].name.wire, "\7example", sizeof("\7example"));
	ck_assert(f->flush[0].below);
	for (unsigned i = 1; i < f->nflush; i++) {
		char text[16];
		struct name name;

		snprintf(text, sizeof(text), "n%u.example.", 20 - FORWARD_FLUSH_MAX + i);
		ck_assert_int_eq(name_parse(text, &name), 0);
		ck_assert_mem_eq(f->flush[i].name.wire, name.wire, name.len);
		ck_assert_int_eq(f->flush[i].below, i % 2 == 1);
		ck_assert_uint_gt(f->flush[i].at_ns, f->flush[i - 1].at_ns);
	}
	ck_assert_uint_eq(s.failed, 0);
	close_side(&s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("engine");

	tcase_add_test(tc, large_rrsets);
	tcase_add_test(tc, compacted_on_the_way);
	tcase_add_loop_test(tc, first_generation_held, 0, 2);
	tcase_add_test(tc, flushes_are_published);

	own_pid = (int)getpid();
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, random_histories, 0, HISTORIES);
	int status = run_case("engine", tc);
	remove_leftovers();
	return status;
}
