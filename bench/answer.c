/*
 * answer.c - what one answer costs without the kernel: admit() and answer() on a snapshot
 *
 * Usage: answer [NAMES [ROUNDS]]        nanoseconds for each kind of question
 *        answer NAMES ROUNDS KIND [ZONES]
 *                                       one kind only; answer.sh counts its instructions
 *
 * NAMES Services with one address each stand beside the small cluster of the tests.
 * Questions are asked in batches of 32 with prefetch, as a worker does. ZONES is how many
 * zones there are in all.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cached.h"
#include "cluster.h"
#include "controller/weightlist.h"
#include "dns/type.h"
#include "worker/answer.h"
#include "worker/tap.h"

#define BATCH 32
#define CAP   4608

/* Who asks, in host order: one who is known, and one who is not. */
#define POD      0x0a090001
#define STRANGER 0x0a097777
#define NOBODY   0x0c000001 /* of whom no rule is */

static const struct kind {
	const char *what;
	const char *format; /* of a name; gets a number */
	uint16_t type, edns;
	uint32_t client;  /* 0: nobody */
	uint8_t rotation; /* ROTATION_* */
	uint8_t rules;    /* of access control (AC-01) */
	bool logged;      /* replies are */
} kinds[] = {
	{"hit", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, 0, 0, 0, false},
	{"hit-edns", "service-%06u.default.svc.cluster.local.", TYPE_A, 1232, 0, 0, 0,
		false},
	{"nodata", "service-%06u.default.svc.cluster.local.", TYPE_AAAA, 0, 0, 0, 0,
		false},
	{"nxdomain", "missing-%06u.default.svc.cluster.local.", TYPE_A, 0, 0, 0, 0,
		false},
	{"search", "www.example.com.default.svc.cluster.local.", TYPE_A, 0, 0, 0, 0,
		false},
	{"srv", "_http._tcp.web.default.svc.cluster.local.", TYPE_SRV, 0, 0, 0, 0, false},
	{"headless-40", "many.default.svc.cluster.local.", TYPE_A, 1232, 0, 0, 0, false},
	{"headless-4k", "huge.default.svc.cluster.local.", TYPE_A, 1232, 0, 0, 0, false},
	{"ptr", "10.0.96.10.in-addr.arpa.", TYPE_PTR, 0, 0, 0, 0, false},
	{"cname", "near.default.svc.cluster.local.", TYPE_A, 0, 0, 0, 0, false},
	{"pod", "10-1-0-9.default.pod.cluster.local.", TYPE_A, 0, 0, 0, 0, false},
	{"refused", "www.example.com.", TYPE_A, 0, 0, 0, 0, false},
	/* From the cache: one address, the same with EDNS, four that turn, NXDOMAIN, and
	   what a CNAME of ours leads to. */
	{"cached", "www-%06u.example.com.", TYPE_A, 0, 0, 0, 0, false},
	{"cached-edns", "www-%06u.example.com.", TYPE_A, 1232, 0, 0, 0, false},
	{"cached-4", "four-%06u.example.com.", TYPE_A, 0, 0, ROTATION_SHUFFLE, 0, false},
	{"cached-nx", "none-%06u.example.com.", TYPE_AAAA, 0, 0, 0, 0, false},
	{"cached-alias", "far.default.svc.cluster.local.", TYPE_A, 0, 0, 0, 0, false},
	/* what is to be asked for: the first half of a miss */
	{"miss", "gone-%06u.example.com.", TYPE_A, 0, 0, 0, 0, false},
	/* prefer_topology (GS-05) */
	{"far-40", "spread.default.svc.cluster.local.", TYPE_A, 1232, STRANGER, 0, 0,
		false},
	{"near-40", "spread.default.svc.cluster.local.", TYPE_A, 1232, POD, 0, 0, false},
	{"near-4k", "spreader.default.svc.cluster.local.", TYPE_A, 1232, POD, 0, 0,
		false},
	/* weights, see below, and both together (LD-01) */
	{"weighted-40", "many.default.svc.cluster.local.", TYPE_A, 1232, 0,
		ROTATION_WEIGHTED, 0, false},
	{"weighted-near", "spread.default.svc.cluster.local.", TYPE_A, 1232, POD,
		ROTATION_WEIGHTED, 0, false},
	/* access control: 4096 nets without the client, and with it in two of them */
	{"acl-others", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, NOBODY, 0,
		ACL_RULES_MAX, false},
	{"acl-client", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, STRANGER, 0,
		ACL_RULES_MAX, false},
	/* the same of one who is known by its namespace, too */
	{"acl-namespace", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, POD, 0,
		ACL_RULES_MAX, false},
	/* visibility: a namespace that a rule of 64 gives, and one that none does */
	{"visible", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, POD, 0, 0,
		false},
	{"hidden", "service-%06u.default.svc.cluster.local.", TYPE_A, 0, NOBODY, 0, 0,
		false},
	/* with all of it in the query log (SM-02) */
	{.what = "hit-logged",
		.format = "service-%06u.default.svc.cluster.local.",
		.type = TYPE_A,
		.logged = true},
};

static struct cluster cluster;
static struct packet packets[BATCH];
static uint8_t buffers[BATCH][CAP];
static uint8_t queries[BATCH][512];
static struct sockaddr_in client = {.sin_family = AF_INET};
static struct cached cached;
static struct cache cache; /* as a worker has it */

/* Half of the 40 addresses of two names have a weight, beside those of 200 others. */
static void prepare_weights(void)
{
	static const struct hash_key key = {1, 2, UINT64_MAX};
	static const char *const names[] = {"many", "spread"};
	static const unsigned nets[] = {3, 5};
	struct weightlist_error e;
	char text[20000];
	size_t len = 0;

	for (unsigned i = 0; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"other-%u.default.svc.cluster.local\n10.0.0.1 %u\n", i, i + 1);
	for (unsigned k = 0; k < ARRAY_LEN(names); k++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s.default.svc.cluster.local\n", names[k]);
		for (unsigned i = 0; i < 40; i += 2)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				"10.%u.0.%u %u\n", nets[k], i, i + 1);
	}
	if (weightlist_parse(text, len, &key, &cluster.settings.weights, &e) < 0)
		abort();
}

/* An outcome of `name` with `count` RRs, as a forwarder stores it. */
static void store(const char *name, uint16_t type, enum cache_kind kind, unsigned count,
	uint16_t rdlen)
{
	static union cached_entry entry;
	struct question q = cached_question(&cluster.snap.key, name, type);

	cached_make(&entry, &q, kind, 1, 3600, count, rdlen, 0);
	if (cachewrite_store(&cached.w, &entry.e) < 0)
		abort();
}

/* Everybody may ask one group for everything, and the cache has as many names. */
static void prepare_cache(unsigned names)
{
	struct forward_settings *f = &cluster.settings.forward;
	char name[128];

	f->ngroups = f->forwarders = 1;
	f->everybody = f->cache.nxdomain_cut = true;
	f->groups[0].digest = 1; /* as cached_question() has it */
	f->groups[0].from = (struct name){.len = 1};
	cached_open(&cached, (size_t)names * 640 + (1 << 20),
		(size_t)names * 320 + (1 << 20));
	cache = (struct cache){.base = cached.base, .size = cached.octets};
	for (unsigned i = 0; i < 2; i++)
		cache.copy[i] = mem_alloc(1, CACHE_COPY_MAX);
	for (unsigned i = 0; i < names; i++) {
		snprintf(name, sizeof(name), "www-%06u.example.com.", i);
		store(name, TYPE_A, CACHE_ANSWER, 1, 4);
		snprintf(name, sizeof(name), "four-%06u.example.com.", i);
		store(name, TYPE_A, CACHE_ANSWER, 4, 4);
		snprintf(name, sizeof(name), "none-%06u.example.com.", i);
		store(name, TYPE_AAAA, CACHE_NXDOMAIN, 1, 40);
	}
	store("www.example.net.", TYPE_A, CACHE_ANSWER, 1, 4);
}

/* As many nets as there may be; two, one within the other, hold POD and STRANGER. */
static void prepare_access(void)
{
	struct acl_settings *a = &cluster.settings.acl;
	static const uint8_t zone[] = "\11elsewhere";

	a->names[0].len = sizeof(zone);
	memcpy(a->names[0].wire, zone, sizeof(zone));
	a->nnames = 1;
	for (unsigned i = 0; i < ACL_RULES_MAX; i++)
		a->rules[i] = (struct acl_rule){ACL_BLOCK, {0, 1}, {0, 0}};
	for (unsigned i = 0; i < ACL_NETS_MAX; i++) {
		struct acl_net *n = &a->nets[i];

		n->net = (struct prefix){{4, {11, (uint8_t)(i >> 8), (uint8_t)i}}, 24};
		n->rules = UINT64_C(1) << i % (ACL_RULES_MAX - 1);
	}
	a->nets[0].net = (struct prefix){{4, {10}}, 8};
	a->nets[1].net = (struct prefix){{4, {10, 9}}, 16};
	a->nets[0].rules = a->nets[1].rules = UINT64_C(1) << (ACL_RULES_MAX - 1);
	a->nnets = ACL_NETS_MAX;
	for (unsigned i = 0; i < ACL_NAMESPACES_MAX; i++) {
		struct acl_namespace *n = &a->namespaces[i];

		n->name.len = (uint8_t)snprintf(
			n->name.octets, sizeof(n->name.octets), "team-%u", i);
		n->rules = UINT64_C(1) << (ACL_RULES_MAX - 1);
	}
	space_set(&a->namespaces[0].name, "shop", 4);
	a->nnamespaces = ACL_NAMESPACES_MAX;
	acl_index(a);
}

/* As many namespaces as there may be; POD's sees "default" by the last rule. */
static void prepare_visibility(void)
{
	static const uint64_t last = UINT64_C(1) << (VISIBILITY_RULES_MAX - 1);
	struct visibility_settings *v = &cluster.settings.visibility;

	for (unsigned i = 0; i < VISIBILITY_NAMESPACES_MAX; i++) {
		struct visibility_namespace *n = &v->namespaces[i];

		n->name.len = (uint8_t)snprintf(
			n->name.octets, sizeof(n->name.octets), "team-%u", i);
		n->from = n->to = UINT64_C(1) << i % VISIBILITY_RULES_MAX;
	}
	v->namespaces[0] = (struct visibility_namespace){{4, "shop"}, last, 0};
	v->namespaces[1] = (struct visibility_namespace){{7, "default"}, 0, last};
	v->nnamespaces = VISIBILITY_NAMESPACES_MAX;
	visibility_index(v);
}

static bool views(const struct kind *k)
{
	return strcmp(k->what, "visible") == 0 || strcmp(k->what, "hidden") == 0;
}

/* Zones that nobody asks for. */
static void prepare_zones(unsigned zones)
{
	struct settings *s = &cluster.settings;
	char name[128];

	while (s->nzones < zones && s->nzones < SETTINGS_ZONES_MAX) {
		struct zone *z = &s->zones[s->nzones];

		snprintf(name, sizeof(name), "team-%u%s.example.org.", s->nzones,
			s->nzones % 3 == 0 ? ".dev" : "");
		if (name_parse(name, &z->name) < 0)
			abort();
		z->kind = ZONE_FILE;
		z->labels = (uint8_t)name_labels(z->name.wire, z->name.len);
		s->nzones++;
	}
	settings_index(s);
}

static void prepare(unsigned names, unsigned zones)
{
	char name[128];

	cluster_init(&cluster, (4 << 20) + (size_t)names * 512);
	cluster_demo(&cluster);
	for (unsigned i = 0; i < names; i++) {
		snprintf(name, sizeof(name), kinds[0].format, i);
		cluster_addrs(&cluster, name, 0x0a600000 + i, 1);
	}
	for (unsigned i = 1; i <= names; i++) { /* as many clients as names */
		snprintf(name, sizeof(name), "10.%u.%u.%u", 9 + (i >> 16), i >> 8 & 255,
			i & 255);
		cluster_client(&cluster, name, cluster_place(i));
	}
	cluster_seal(&cluster);
	prepare_zones(zones);
	prepare_weights();
	prepare_cache(names);
	prepare_access();
	prepare_visibility();
}

/* Queries with names spread over the table. */
static void write_queries(const struct kind *k, unsigned names)
{
	char name[128];

	client.sin_addr.s_addr = htonl(k->client);
	for (unsigned i = 0; i < BATCH; i++) {
		packets[i].client = k->client != 0 ? (const void *)&client : NULL;
		snprintf(name, sizeof(name), k->format,
			(unsigned)(i * UINT64_C(2654435761) % MAX(names, 1)));
		packets[i].buf = buffers[i];
		packets[i].cap = CAP;
		packets[i].turn = i;
		packets[i].arrival_ns = CACHED_SECOND;
		packets[i].len = cluster_query(queries[i], name, k->type, k->edns);
	}
}

static struct tap tap;

/* What answer.sh counts: all but receiving and sending, and what follows that. */
void answer_batch(const struct basis *b, struct stat_worker *st);
__attribute__((noinline)) void answer_batch(const struct basis *b, struct stat_worker *st)
{
	struct hash128 hashes[BATCH];

	for (unsigned i = 0; i < BATCH; i++) {
		admit(b, &packets[i], st);
		hashes[i] = packets[i].hash;
	}
	snap_prefetch(b->snap, hashes, BATCH);
	for (unsigned i = 0; i < BATCH; i++) {
		if (answer(b, &packets[i]) != VERDICT_REPLY)
			continue;
		query_count_reply(&packets[i], st);
		tap_reply(&tap, b, &packets[i], b->now_ns);
	}
}

static double measure(unsigned rounds)
{
	static struct stat_worker st;
	struct basis b = {.snap = &cluster.snap,
		.settings = &cluster.settings,
		.caches = &cache,
		.ncaches = 1,
		.now_ns = CACHED_SECOND};
	uint64_t ns = 0;

	tap_init(&tap, &st.ring, 1);
	for (unsigned r = 0; r < rounds; r++) {
		for (unsigned i = 0; i < BATCH; i++)
			memcpy(buffers[i], queries[i], packets[i].len);
		uint64_t begin = clock_mono_ns();
		answer_batch(&b, &st);
		ns += clock_mono_ns() - begin;
	}
	return (double)ns / rounds / BATCH;
}

int main(int argc, char **argv)
{
	unsigned names = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 20000;
	unsigned zones = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;

	prepare(names, zones);
	if (argc < 4)
		printf("%u names, batches of %d, ns per answer\n", names, BATCH);
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		if (argc > 3 && strcmp(argv[3], kinds[i].what) != 0)
			continue;
		write_queries(&kinds[i], names);
		cluster.settings.forward.forwarders = strcmp(kinds[i].what, "refused") !=
		                                      0;
		cluster.settings.rotation = kinds[i].rotation;
		cluster.settings.acl.nrules = kinds[i].rules;
		cluster.settings.visibility.nrules = views(&kinds[i])
		                                             ? VISIBILITY_RULES_MAX
		                                             : 0;
		cluster.settings.acl.by_namespace =
			strcmp(kinds[i].what, "acl-namespace") == 0
				? UINT64_C(1) << (ACL_RULES_MAX - 1)
				: 0;
		cluster.settings.querylog = (struct querylog_settings){
			.classes = kinds[i].logged ? QUERYLOG_CLASSES : 0,
			.sample = QUERYLOG_ALL};
		double ns = measure(rounds);
		printf("%-13s %8.1f  (reply %zu octets)\n", kinds[i].what, ns,
			packets[0].reply_len);
	}
	cached_close(&cached);
	cluster_fini(&cluster);
	return 0;
}
