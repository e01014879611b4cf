/*
 * answer.c - what one answer costs without the kernel: admit() and answer() on a snapshot
 *
 * Usage: answer [NAMES [ROUNDS]]        nanoseconds for each kind of question
 *        answer NAMES ROUNDS KIND       one kind only; answer.sh counts its instructions
 *
 * NAMES Services with one address each stand beside the small cluster of the tests.
 * Questions are asked in batches of 32 with prefetch, as a worker does.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cluster.h"
#include "controller/weightlist.h"
#include "dns/type.h"
#include "worker/answer.h"

#define BATCH 32
#define CAP   4608

static const struct kind {
	const char *what;
	const char *format; /* of a name; gets a number */
	uint16_t type, edns;
	uint8_t rotation; /* ROTATION_*; of weights below */
} kinds[] = {
	{"hit", "service-%06u.default.svc.cluster.local.", TYPE_A, 0},
	{"hit-edns", "service-%06u.default.svc.cluster.local.", TYPE_A, 1232},
	{"nodata", "service-%06u.default.svc.cluster.local.", TYPE_AAAA, 0},
	{"nxdomain", "missing-%06u.default.svc.cluster.local.", TYPE_A, 0},
	{"search", "www.example.com.default.svc.cluster.local.", TYPE_A, 0},
	{"srv", "_http._tcp.web.default.svc.cluster.local.", TYPE_SRV, 0},
	{"headless-40", "many.default.svc.cluster.local.", TYPE_A, 1232},
	{"weighted-40", "many.default.svc.cluster.local.", TYPE_A, 1232,
		ROTATION_WEIGHTED},
	{"ptr", "10.0.96.10.in-addr.arpa.", TYPE_PTR, 0},
	{"cname", "near.default.svc.cluster.local.", TYPE_A, 0},
	{"pod", "10-1-0-9.default.pod.cluster.local.", TYPE_A, 0},
	{"refused", "www.example.com.", TYPE_A, 0},
};

static struct cluster cluster;
static struct packet packets[BATCH];
static uint8_t buffers[BATCH][CAP];
static uint8_t queries[BATCH][512];

/* Half of the 40 addresses have a weight, beside those of 200 other names. */
static void prepare_weights(void)
{
	static const struct hash_key key = {1, 2, UINT64_MAX};
	struct weightlist_error e;
	char text[20000];
	size_t len = 0;

	for (unsigned i = 0; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"other-%u.default.svc.cluster.local\n10.0.0.1 %u\n", i, i + 1);
	len += (size_t)snprintf(
		text + len, sizeof(text) - len, "many.default.svc.cluster.local\n");
	for (unsigned i = 0; i < 40; i += 2)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "10.3.0.%u %u\n", i, i + 1);
	if (weightlist_parse(text, len, &key, &cluster.settings.weights, &e) < 0)
		abort();
}

static void prepare(unsigned names)
{
	char name[128];

	cluster_init(&cluster, (4 << 20) + (size_t)names * 512);
	cluster_demo(&cluster);
	for (unsigned i = 0; i < names; i++) {
		snprintf(name, sizeof(name), kinds[0].format, i);
		cluster_addrs(&cluster, name, 0x0a600000 + i, 1);
	}
	cluster_seal(&cluster);
	prepare_weights();
}

/* Queries with names spread over the table. */
static void write_queries(const struct kind *k, unsigned names)
{
	char name[128];

	for (unsigned i = 0; i < BATCH; i++) {
		snprintf(name, sizeof(name), k->format,
			(unsigned)(i * UINT64_C(2654435761) % MAX(names, 1)));
		packets[i].buf = buffers[i];
		packets[i].cap = CAP;
		packets[i].len = cluster_query(queries[i], name, k->type, k->edns);
	}
}

/* What answer.sh counts: everything between receiving and sending. */
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
		answer(b, &packets[i]);
		query_count_reply(&packets[i], st);
	}
}

static double measure(unsigned rounds)
{
	static struct stat_worker st;
	struct basis b = {&cluster.snap, &cluster.settings, 0};
	uint64_t ns = 0;

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

	prepare(names);
	if (argc < 4)
		printf("%u names, batches of %d, ns per answer\n", names, BATCH);
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		if (argc > 3 && strcmp(argv[3], kinds[i].what) != 0)
			continue;
		write_queries(&kinds[i], names);
		cluster.settings.rotation = kinds[i].rotation;
		double ns = measure(rounds);
		printf("%-12s %8.1f  (reply %zu octets)\n", kinds[i].what, ns,
			packets[0].reply_len);
	}
	cluster_fini(&cluster);
	return 0;
}
