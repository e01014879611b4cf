/* cluster.c - see cluster.h */
#include "cluster.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/msg.h"
#include "dns/type.h"
#include "snap/client.h"

#define TTL 30

static const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908, UINT64_MAX};

static int grow(struct arena *a, uint64_t need)
{
	return need <= a->window_to - a->used ? 0 : -ENOSPC;
}

static void add_zone(struct cluster *c, const char *name, uint8_t kind)
{
	struct zone *z = &c->settings.zones[c->settings.nzones++];
	int ret = name_parse(name, &z->name);

	assert(ret == 0);
	(void)ret;
	z->kind = kind;
	z->labels = (uint8_t)name_labels(z->name.wire, z->name.len);
	settings_index(&c->settings);
}

void cluster_init(struct cluster *c, size_t octets)
{
	memset(c, 0, sizeof(*c));
	c->size = octets;
	c->memory = mem_alloc(1, octets);
	c->arena = (struct arena){.base = c->memory,
		.window = c->memory,
		.window_to = octets,
		.used = SEGMENT_FIRST,
		.key = key,
		.grow = grow};
	c->settings.ttl_s = TTL;
	c->settings.negative_ttl_s = 5;
	c->settings.max_udp = 1232;
	c->settings.pods = PODS_INSECURE;
	c->settings.rotation = ROTATION_FIXED;
	add_zone(c, "cluster.local.", ZONE_FORWARD);
	add_zone(c, "in-addr.arpa.", ZONE_REVERSE);
	add_zone(c, "clusterset.local.", ZONE_MULTICLUSTER);
	add_zone(c, "corp.example.", ZONE_FORWARD);
}

void cluster_begin(struct cluster *c, const char *name, uint8_t zone, uint8_t flags)
{
	int ret = name_parse(name, &c->owner);

	assert(ret == 0);
	(void)ret;
	body_reset(&c->body);
	node_begin(&c->node, &c->owner, zone, flags);
}

static struct hash128 owner_hash(const struct cluster *c)
{
	return hash_name(&key, c->owner.wire, c->owner.len);
}

void cluster_ent(struct cluster *c, const char *name, uint8_t zone)
{
	int ret = name_parse(name, &c->owner);

	assert(ret == 0);
	(void)ret;
	struct hash128 h = owner_hash(c);
	body_reset(&c->body);
	node_begin_ent(&c->node, &h, zone);
	cluster_put(c);
}

void cluster_put(struct cluster *c)
{
	struct hash128 h = owner_hash(c);
	uint32_t body = 0;
	uint64_t entry;
	size_t len;
	int ret = 0;

	if (c->body.buf.len > 0) {
		const uint8_t *octets = body_finish(&c->body, &len);

		ret = arena_octets(&c->arena, octets, len, &body);
		assert(ret == 0);
	}
	const uint8_t *node = node_finish(&c->node, &len);
	assert(node != NULL);
	ret = arena_node(&c->arena, &h, node, len, body, &entry);
	assert(ret == 0);
	ret = trie_put(&c->arena, &c->trie, &h, entry);
	assert(ret == 0);
	(void)ret;
}

void cluster_addrs(struct cluster *c, const char *name, uint32_t first, unsigned count)
{
	uint8_t *octets = mem_alloc(count, 4);

	for (unsigned i = 0; i < count; i++)
		store_u32(octets + 4 * i, first + i);
	cluster_begin(c, name, CLUSTER_ZONE, 0);
	node_add_addrs(&c->node, TYPE_A, TTL, octets, count, false);
	cluster_put(c);
	free(octets);
}

static void add_names(struct cluster *c, uint16_t type, const char *const *targets,
	unsigned count, uint8_t zone_len)
{
	struct rdata_name *names = mem_alloc(count, sizeof(*names));

	for (unsigned i = 0; i < count; i++) {
		int ret = name_parse(targets[i], &names[i].name);

		assert(ret == 0);
		(void)ret;
		names[i].zone_len = zone_len;
	}
	node_add_names(&c->node, type, TTL, names, count);
	free(names);
}

void cluster_names(struct cluster *c, const char *name, uint8_t zone, uint16_t type,
	const char *const *targets, unsigned count, bool in_zone)
{
	cluster_begin(c, name, zone, 0);
	add_names(
		c, type, targets, count, in_zone ? c->settings.zones[zone].name.len : 0);
	cluster_put(c);
}

static void add_a(struct cluster *c, uint32_t addr, bool glue_only)
{
	uint8_t octets[4];

	store_u32(octets, addr);
	node_add_addrs(&c->node, TYPE_A, TTL, octets, 1, glue_only);
}

static void add_aaaa(struct cluster *c, uint8_t last, bool glue_only)
{
	uint8_t octets[16] = {0xfd};

	octets[15] = last;
	node_add_addrs(&c->node, TYPE_AAAA, TTL, octets, 1, glue_only);
}

/* RX-01 to RX-10 of one zone. */
static void special_names(struct cluster *c, uint8_t zone)
{
	static const struct {
		uint16_t len;
		uint8_t rdata[6];
	} version = {6, "\5"
			"1.1.0"};
	const struct name *z = &c->settings.zones[zone].name;
	char text[NAME_TEXT_MAX], name[NAME_TEXT_MAX + 16];
	const char *ns = name;

	name_text(z->wire, z->len, text, sizeof(text));
	snprintf(name, sizeof(name), "ns.dns.%s", text);
	cluster_begin(c, text, zone, NODE_APEX | NODE_ALWAYS);
	add_names(c, TYPE_NS, &ns, 1, z->len);
	cluster_put(c);
	cluster_begin(c, name, zone, NODE_ALWAYS);
	add_a(c, 0x0a600035, false);
	add_aaaa(c, 0x35, false);
	cluster_put(c);
	snprintf(name, sizeof(name), "dns.%s", text);
	cluster_begin(c, name, zone, NODE_ALWAYS);
	cluster_put(c);
	snprintf(name, sizeof(name), "dns-version.%s", text);
	cluster_begin(c, name, zone, NODE_ALWAYS);
	node_add_opaque(
		&c->node, TYPE_TXT, 28800, (const void *)&version, sizeof(version), 1);
	cluster_put(c);
	if (c->settings.zones[zone].kind == ZONE_REVERSE)
		return;
	snprintf(name, sizeof(name), "svc.%s", text);
	cluster_begin(c, name, zone, NODE_ALWAYS);
	cluster_put(c);
	snprintf(name, sizeof(name), "pod.%s", text);
	cluster_begin(c, name, zone, NODE_ALWAYS);
	cluster_put(c);
	snprintf(name, sizeof(name), "default.svc.%s", text);
	cluster_ent(c, name, zone);
	snprintf(name, sizeof(name), "default.pod.%s", text);
	cluster_begin(c, name, zone, NODE_POD_GATE);
	cluster_put(c);
}

/* A Service with a cluster IP of each family and two ports. */
static void service_web(struct cluster *c)
{
	static const uint16_t ports[] = {80, 443};

	cluster_begin(c, "web.default.svc.cluster.local.", CLUSTER_ZONE, 0);
	add_a(c, 0x0a60000a, false);
	add_aaaa(c, 0x0a, false);
	node_add_srv_self(&c->node, TTL, 25, 0, ports, 2);
	cluster_put(c);
	cluster_ent(c, "_tcp.web.default.svc.cluster.local.", CLUSTER_ZONE);
	cluster_begin(c, "_http._tcp.web.default.svc.cluster.local.", CLUSTER_ZONE, 0);
	add_a(c, 0x0a60000a, false);
	add_aaaa(c, 0x0a, false);
	node_add_srv_self(&c->node, TTL, 50, 11, ports, 1);
	cluster_put(c);
	cluster_begin(c, "_https._tcp.web.default.svc.cluster.local.", CLUSTER_ZONE, 0);
	add_a(c, 0x0a60000a, true);
	add_aaaa(c, 0x0a, true);
	node_add_srv_self(&c->node, TTL, 50, 12, ports + 1, 1);
	cluster_put(c);
}

static struct endpoint_spec endpoint(const char *label, const uint8_t *addrs, uint16_t n4)
{
	return (struct endpoint_spec){
		.label = (const uint8_t *)label,
		.label_len = (uint8_t)strlen(label),
		.n4 = n4,
		.addrs4 = addrs,
	};
}

/* A headless Service; its metrics port has other endpoints, one with an address more. */
static void service_db(struct cluster *c)
{
	static const uint8_t addrs[] = {10, 1, 0, 1, 10, 1, 0, 2, 10, 1, 0, 3};
	struct endpoint_spec main_port[] = {
		endpoint("db-0", addrs, 1), endpoint("db-1", addrs + 4, 1)};
	struct endpoint_spec metrics[] = {
		endpoint("db-1", addrs + 4, 2), endpoint("db-2", addrs + 8, 1)};
	struct srv_list lists[3];

	cluster_begin(c, "db.default.svc.cluster.local.", CLUSTER_ZONE, NODE_OWNS_BODY);
	node_add_body_addrs(
		&c->node, TYPE_A, TTL, body_addrs(&c->body, addrs, 3, 4), 3, false);
	lists[0] = (struct srv_list){5432, body_endpoints(&c->body, main_port, 2), 2};
	lists[1] = (struct srv_list){5433, body_endpoints(&c->body, main_port, 2), 2};
	lists[2] = (struct srv_list){9187, body_endpoints(&c->body, metrics, 2), 2};
	node_add_srv_body(&c->node, TTL, 16, 0, lists, 3);
	cluster_put(c);
	cluster_begin(c, "_pg._tcp.db.default.svc.cluster.local.", CLUSTER_ZONE,
		NODE_OWNS_BODY);
	lists[0] = (struct srv_list){5432, body_endpoints(&c->body, main_port, 2), 2};
	node_add_srv_body(&c->node, TTL, 50, 9, lists, 1);
	cluster_put(c);
	cluster_ent(c, "_tcp.db.default.svc.cluster.local.", CLUSTER_ZONE);
}

/* A headless Service of `count` endpoints with long labels. */
static void service_wide(struct cluster *c, const char *name, unsigned count)
{
	struct endpoint_spec *e = mem_alloc(count, sizeof(*e));
	char(*labels)[32] = mem_alloc(count, sizeof(*labels));
	uint8_t *addrs = mem_alloc(count, 4);
	struct srv_list list;

	for (unsigned i = 0; i < count; i++) {
		snprintf(labels[i], sizeof(labels[i]), "endpoint-number-%05u", i);
		store_u32(addrs + 4 * i, 0x0a020000 + i);
		e[i] = endpoint(labels[i], addrs + 4 * i, 1);
	}
	cluster_begin(c, name, CLUSTER_ZONE, NODE_OWNS_BODY);
	node_add_body_addrs(&c->node, TYPE_A, TTL, body_addrs(&c->body, addrs, count, 4),
		count, false);
	list = (struct srv_list){7000, body_endpoints(&c->body, e, count), count};
	node_add_srv_body(&c->node, TTL, 1, 0, &list, 1);
	cluster_put(c);
	free(e);
	free(labels);
	free(addrs);
}

void cluster_client(struct cluster *c, const char *address, uint32_t place)
{
	struct addr a;
	uint8_t node[CLIENT_NODE_MAX];
	uint64_t entry;
	bool ok = addr_parse(address, strlen(address), &a);

	assert(ok);
	(void)ok;
	struct hash128 h = hash_name(&key, a.octets, a.len);
	size_t len = client_node(&a,
		&(struct client){.place = place, .namespace = "shop", .namespace_len = 4},
		node);
	int ret = arena_node(&c->arena, &h, node, len, 0, &entry);
	assert(ret == 0);
	ret = trie_put(&c->arena, &c->clients, &h, entry);
	assert(ret == 0);
	(void)ret;
}

uint32_t cluster_place(unsigned i)
{
	return place_make(1 + i % 3, 1 + i % 8);
}

/* An RRset of the `count` addresses at `octets`, all of which fit, in the body. */
static void add_spread(struct cluster *c, uint16_t type, const uint8_t *octets,
	size_t size, unsigned count, const uint32_t *places)
{
	uint32_t at = 0;
	size_t n = node_fit(&c->node, type, count);
	bool ok = body_placed(&c->body, octets, n, size, places, &at);

	assert(ok);
	(void)ok;
	node_add_body_placed(&c->node, type, TTL, at, n);
}

static void service_spread(struct cluster *c, const char *name, unsigned count)
{
	uint8_t *a4 = mem_alloc(count, 4), *a6 = mem_alloc(count, 16);
	uint32_t *places = mem_alloc(count, sizeof(*places));
	char label[128];
	struct srv_list list = {.port = 80, .count = 1};

	for (unsigned i = 0; i < count; i++) {
		store_u32(a4 + 4 * i, 0x0a050000 + i);
		store_u16(a6 + 16 * i, 0xfd05);
		store_u32(a6 + 16 * i + 12, i);
		places[i] = cluster_place(i);
	}
	struct endpoint_spec e = endpoint("all", a4, (uint16_t)count);
	e.n6 = (uint16_t)count;
	e.addrs6 = a6;
	e.place4 = e.place6 = places;
	cluster_begin(c, name, CLUSTER_ZONE, NODE_OWNS_BODY);
	add_spread(c, TYPE_A, a4, 4, count, places);
	add_spread(c, TYPE_AAAA, a6, 16, count, places);
	list.body_offset = body_endpoints(&c->body, &e, 1);
	node_add_srv_body(&c->node, TTL, 100, 0, &list, 1);
	cluster_put(c);
	snprintf(label, sizeof(label), "all.%s", name);
	cluster_begin(c, label, CLUSTER_ZONE, 0);
	node_add_addrs_placed(&c->node, TYPE_A, TTL, a4, count, places);
	node_add_addrs_placed(&c->node, TYPE_AAAA, TTL, a6, count, places);
	cluster_put(c);
	free(a4);
	free(a6);
	free(places);
}

static void cname(struct cluster *c, const char *name, const char *target, bool in_zone)
{
	cluster_names(c, name, CLUSTER_ZONE, TYPE_CNAME, &target, 1, in_zone);
}

#define D ".default.svc.cluster.local."

/* ExternalName Services: chains, loops, targets in other zones and in none. */
static void service_aliases(struct cluster *c)
{
	char name[64], target[64];

	cname(c, "far" D, "www.example.net.", false);
	cname(c, "near" D, "web" D, true);
	cname(c, "nearer" D, "near" D, true);
	cname(c, "lost" D, "missing" D, true);
	cname(c, "lacks" D, "wide" D, true);
	cname(c, "self" D, "self" D, true);
	cname(c, "loop-a" D, "loop-b" D, true);
	cname(c, "loop-b" D, "loop-a" D, true);
	cname(c, "corp" D, "www.corp.example.", false);
	cname(c, "corp-lost" D, "nothing.corp.example.", false);
	cname(c, "pods" D, "10-1-0-9.default.pod.cluster.local.", true);
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "hop-%d" D, i);
		snprintf(target, sizeof(target), i == 11 ? "web" D : "hop-%d" D, i + 1);
		cname(c, name, target, true);
	}
	cluster_begin(c, "www.corp.example.", CLUSTER_OTHER, 0);
	add_a(c, 0xc0000201, false);
	cluster_put(c);
}

static void reverse_names(struct cluster *c)
{
	static const char *const one[] = {"web" D};
	static const char *const three[] = {"db-0.db" D, "db-0.mirror" D, "web" D};

	cluster_names(
		c, "10.0.96.10.in-addr.arpa.", CLUSTER_REVERSE, TYPE_PTR, one, 1, false);
	cluster_names(
		c, "1.0.1.10.in-addr.arpa.", CLUSTER_REVERSE, TYPE_PTR, three, 3, false);
	cluster_ent(c, "10.in-addr.arpa.", CLUSTER_REVERSE);
	cluster_ent(c, "96.10.in-addr.arpa.", CLUSTER_REVERSE);
}

void cluster_demo(struct cluster *c)
{
	static const char *const servers[] = {"web.default.svc.corp.example.",
		"dns-a.dns.kube-system.svc.corp.example.",
		"dns-b.dns.kube-system.svc.corp.example."};

	for (uint8_t zone = 0; zone < c->settings.nzones; zone++)
		special_names(c, zone);
	service_web(c);
	service_db(c);
	service_wide(c, "wide" D, 60);
	service_wide(c, "wider" D, 500);
	service_wide(c, "huge" D, 5000);
	service_spread(c, "spread" D, 40);
	service_spread(c, "spreader" D, 4000);
	cluster_client(c, "10.6.0.1", place_make(1, 1));
	cluster_client(c, "10.6.0.2", place_make(2, 99));
	cluster_client(c, "10.6.0.3", place_make(9, 99));
	cluster_client(c, "fd06::4", place_make(2, 2));
	cluster_client(c, "10.6.0.5", place_make(0, 1));
	service_aliases(c);
	reverse_names(c);
	cluster_addrs(c, "many" D, 0x0a030000, 40);
	cluster_begin(c, "pending" D, CLUSTER_ZONE, 0);
	cluster_put(c);
	/* RX-02: the apex of a zone whose name servers are Services. */
	cluster_begin(c, "corp.example.", CLUSTER_OTHER, NODE_APEX);
	add_names(c, TYPE_NS, servers, 3, c->settings.zones[CLUSTER_OTHER].name.len);
	cluster_put(c);
	for (unsigned i = 0; i < 3; i++) {
		cluster_begin(c, servers[i], CLUSTER_OTHER, 0);
		add_a(c, 0x0a040000 + i, false);
		cluster_put(c);
	}
}

/* ---- a zone from a file ---- */

static uint8_t file_zone_number(const struct cluster *c)
{
	return (uint8_t)(c->settings.nzones - 1);
}

static void begin_file(struct cluster *c, const char *name, uint8_t file)
{
	cluster_begin(c, name, file_zone_number(c), NODE_ALWAYS);
	node_set_file(&c->node, file);
}

/* One rdata: `head`, then names. */
static void add_rdata(struct cluster *c, uint16_t type, const void *head, size_t head_len,
	const char *const *names, unsigned n, size_t tail)
{
	uint8_t octets[1024] = {0};
	uint16_t len = (uint16_t)head_len;

	memcpy(octets + 2, head, head_len);
	for (unsigned i = 0; i < n; i++) {
		struct name name;
		int ret = name_parse(names[i], &name);

		assert(ret == 0);
		(void)ret;
		memcpy(octets + 2 + len, name.wire, name.len);
		len = (uint16_t)(len + name.len);
	}
	len = (uint16_t)(len + tail);
	memcpy(octets, &len, 2);
	node_add_opaque(&c->node, type, TTL, octets, 2u + len, 1);
}

/* An RRSIG that covers `type`: what answers look at is its first two octets. */
static void add_signature(struct cluster *c, uint16_t type)
{
	static const char *const signer[] = {"file.example."};
	uint8_t head[18] = {(uint8_t)(type >> 8), (uint8_t)type, 8, 3};

	add_rdata(c, TYPE_RRSIG, head, sizeof(head), signer, 1, 8);
}

static void file_apex(struct cluster *c)
{
	static const char *const soa[] = {"ns.file.example.", "h.file.example."},
				 *const ns[] = {"ns.file.example.", "ns.far.example."};

	cluster_begin(c, "file.example.", file_zone_number(c), NODE_APEX | NODE_ALWAYS);
	add_names(c, TYPE_NS, ns, 2, 0);
	add_rdata(c, TYPE_SOA, "", 0, soa, 2, 20);
	add_signature(c, TYPE_SOA);
	cluster_put(c);
	begin_file(c, "ns.file.example.", 0);
	add_a(c, 0xc0000235, false);
	cluster_put(c);
}

static void file_aliases(struct cluster *c)
{
	static const char *const ns[] = {"ns.cut.file.example."},
				 *const other[] = {"x.w.file.example."},
				 *const target[] = {"far.file.example."};

	begin_file(c, "alias.file.example.", 0);
	add_names(c, TYPE_CNAME, other, 1, 0);
	add_signature(c, TYPE_CNAME);
	cluster_put(c);
	begin_file(c, "old.file.example.", NODE_FILE_DNAME);
	add_rdata(c, TYPE_DNAME, "", 0, target, 1, 0);
	add_signature(c, TYPE_DNAME);
	cluster_put(c);
	begin_file(c, "cut.file.example.", NODE_FILE_CUT);
	add_names(c, TYPE_NS, ns, 1, 0);
	add_rdata(c, TYPE_DS, "\0\1\10\2\252", 5, NULL, 0, 0);
	add_signature(c, TYPE_DS);
	cluster_put(c);
	begin_file(c, "ns.cut.file.example.", NODE_FILE_BELOW);
	add_a(c, 0xc0000236, false);
	cluster_put(c);
}

void cluster_file(struct cluster *c)
{
	static const char *const host[] = {"ns.file.example."};

	add_zone(c, "file.example.", ZONE_FILE);
	file_apex(c);
	begin_file(c, "w.file.example.", NODE_FILE_WILD);
	cluster_put(c);
	begin_file(c, "*.w.file.example.", 0);
	add_a(c, 0xc0000237, false);
	add_rdata(c, TYPE_MX, "\0\12", 2, host, 1, 0);
	add_rdata(c, TYPE_SRV, "\0\1\0\2\0\3", 6, host, 1, 0);
	add_rdata(c, TYPE_NSEC, "", 0, host, 1, 3);
	add_signature(c, TYPE_A);
	cluster_put(c);
	file_aliases(c);
}

void cluster_forward(struct cluster *c, uint64_t digest)
{
	struct forward_settings *f = &c->settings.forward;

	f->ngroups = f->forwarders = 1;
	f->everybody = true;
	f->groups[0] = (struct forward_group){.digest = digest, .from = {.len = 1}};
}

void cluster_seal(struct cluster *c)
{
	uint64_t trie = c->trie;

	/* Every step past the end is a step out of this memory. */
	c->memory = mem_resize(c->memory, 1, c->arena.used);
	c->arena.base = c->arena.window = c->memory;
	arena_snap(&c->arena, trie, &c->snap);
	c->snap.clients = c->clients;
	c->snap.serial = CLUSTER_SERIAL;
	c->snap.flags = ROOT_COMPLETE;
	c->snap.generation = 1;
}

void cluster_fini(struct cluster *c)
{
	node_builder_fini(&c->node);
	body_fini(&c->body);
	free(c->memory);
	memset(c, 0, sizeof(*c));
}

size_t cluster_query(uint8_t *out, const char *name, uint16_t type, uint16_t edns)
{
	static const uint8_t header[MSG_HEADER_LEN] = {0x12, 0x34, 0x01, 0x00, 0, 1};
	struct name n;
	size_t len = sizeof(header);
	int ret = name_parse(name, &n);

	assert(ret == 0);
	(void)ret;
	memcpy(out, header, len);
	memcpy(out + len, n.wire, n.len);
	len += n.len;
	store_u16(out + len, type);
	store_u16(out + len + 2, CLASS_IN);
	len += 4;
	if (edns == 0)
		return len;
	store_u16(out + 10, 1);
	memset(out + len, 0, 11);
	store_u16(out + len + 1, TYPE_OPT);
	store_u16(out + len + 3, edns);
	return len + 11;
}
