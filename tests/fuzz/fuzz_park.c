/*
 * fuzz_park.c - what a predecessor left in a park page, and what becomes of it
 *
 * The input is written over places of a page in which queries wait. Whoever adopts it
 * must find whole queries or none: each is run as a worker does, waits on, is settled,
 * freed.
 */
#include <string.h>

#include "base/base.h"
#include "cluster.h"
#include "dns/type.h"
#include "fuzz/fuzz.h"
#include "worker/answer.h"
#include "worker/park.h"

#define NOW    (1000 * NS_PER_S)
#define PLACES 8 /* that are used */

static struct cluster cluster;
static struct park_page page;
static const struct hash_key key = {3, 4, UINT64_MAX};

static void prepare(void)
{
	struct forward_settings *f = &cluster.settings.forward;

	if (cluster.memory != NULL)
		return;
	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	cluster_seal(&cluster);
	cluster_forward(&cluster, 1);
	f->deadline_ms = 4500;
	f->cache.stale_timeout_ms = 1800;
}

/* A page in which PLACES queries wait. */
static void fill(void)
{
	static const uint8_t name[] = "\3www\7example\3com";
	struct park_place a = {.state = PARK_WAITING,
		.serial = 1,
		.arrival_ns = NOW - 1,
		.deadline_ns = NOW + NS_PER_S,
		.way = {.key = {.family = 2}, .family = 2, .client = {10, 0, 0, 1}},
		.flags = MSG_RD,
		.type = TYPE_A,
		.udp_size = 1232,
		.bits = 1,
		.qname_len = sizeof(name)};

	memcpy(a.qname, name, sizeof(name));
	memset(&page, 0, sizeof(page));
	for (unsigned i = 0; i < PLACES; i++) {
		a.id = (uint16_t)i;
		memcpy(&page.places[i], &a, sizeof(a));
	}
}

static void run(struct park *k, uint32_t place, struct cache *none, uint64_t now_ns)
{
	static uint8_t buf[4608];
	struct packet p = {.buf = buf, .cap = sizeof(buf)};
	struct basis b = {.snap = &cluster.snap,
		.settings = &cluster.settings,
		.now_ns = now_ns,
		.caches = none,
		.ncaches = 1};

	p.wait = (uint8_t)park_patience(k, place, &cluster.settings.forward, now_ns);
	FUZZ_CHECK(park_take(k, place, &cluster.snap.key, &p));
	FUZZ_CHECK(name_scan(p.q.qname, p.q.qname_len) == p.q.qname_len);
	enum verdict v = answer(&b, &p);
	FUZZ_CHECK(p.reply_len <= 4096 || p.tcp);
	if (v != VERDICT_NEED) {
		park_free(k, place);
		return;
	}
	FUZZ_CHECK(p.nneeds == 1);
	if (park_wait(k, place, &p, &cluster.settings.forward, now_ns) == PARK_SPENT)
		park_free(k, place);
	else
		park_asked(k, place, 0, now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache none = {0};
	uint32_t due[PLACES + 1];
	struct park *k;

	prepare();
	fill();
	memcpy(page.places, data, MIN(size, sizeof(page.places[0]) * PLACES));
	k = park_new(&page, &key, NOW);
	FUZZ_CHECK(k->n <= PLACES);
	for (uint64_t now_ns = NOW; k->n > 0; now_ns += 100 * NS_PER_MS) {
		unsigned n = park_due(k, now_ns, due, PLACES + 1);

		for (unsigned i = 0; i < n; i++)
			run(k, due[i], &none, now_ns);
		for (uint32_t i = 0; i < PLACES; i++)
			if (park_waits(k, i, page.places[i].serial) && (now_ns & 1) != 0)
				park_settled(k, i, false, now_ns);
		FUZZ_CHECK(now_ns < NOW + 400 * NS_PER_S);
	}
	free(k);
	return 0;
}
