/*
 * fuzz_answer.c - any octets as a query to a small cluster (G10)
 *
 * The first two octets choose transport, buffer and settings, the rest is the packet. The
 * reply must fit and decode to its end.
 */
#include <string.h>

#include "base/base.h"
#include "cluster.h"
#include "controller/weightlist.h"
#include "dns/text.h"
#include "fuzz/fuzz.h"
#include "worker/answer.h"

static struct cluster cluster;

/* LD-01: names that questions, CNAMEs, SRVs and NSs lead to. */
static const char weights[] = "many.default.svc.cluster.local\n10.3.0.7 200\n"
			      "db.default.svc.cluster.local\n10.1.0.2 9\n"
			      "db-1.db.default.svc.cluster.local\n10.1.0.3 5\n"
			      "huge.default.svc.cluster.local\n10.2.0.9 255\n"
			      "wide.default.svc.cluster.local\n10.2.0.1 2\n"
			      "spread.default.svc.cluster.local\n10.5.0.24 9\n"
			      "all.spread.default.svc.cluster.local\nfd05::19 9\n"
			      "spreader.default.svc.cluster.local\n10.5.15.0 9\n";

static void prepare(void)
{
	static const struct hash_key key = {1, 2, UINT64_MAX};
	struct weightlist_error e;

	if (cluster.memory != NULL)
		return;
	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	cluster_file(&cluster);
	cluster_seal(&cluster);
	if (weightlist_parse(weights, sizeof(weights) - 1, &key,
		    &cluster.settings.weights, &e) < 0)
		abort();
}

/* The octets that the transport and the client allow (RG-08). */
static size_t limit_of(const struct packet *p)
{
	size_t limit = p->q.has_opt ? p->q.udp_size : MSG_UDP_MIN;

	if (p->tcp)
		return p->cap;
	return MIN(MIN(limit, cluster.settings.max_udp), p->cap);
}

static void check_reply(const struct packet *p)
{
	static struct text_rr rr;
	struct text_walk w = {.msg = p->buf, .len = p->reply_len};
	int ret;

	FUZZ_CHECK(p->reply_len >= MSG_HEADER_LEN && p->reply_len <= p->cap);
	FUZZ_CHECK((p->buf[2] & 0x80) != 0);
	if (p->facts & PACKET_HEADER_ONLY) {
		FUZZ_CHECK(p->reply_len == MSG_HEADER_LEN);
		return;
	}
	FUZZ_CHECK(p->reply_len <= limit_of(p));
	while ((ret = text_next(&w, &rr)) == 1)
		FUZZ_CHECK(rr.section != 3 || rr.type != 41 || p->q.has_opt);
	FUZZ_CHECK(ret == 0 && w.at == w.len);
	FUZZ_CHECK((p->facts & PACKET_DAMAGED) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[65535];
	struct sockaddr_in from = {.sin_family = AF_INET};

	prepare();
	if (size < 2 || size - 2 > sizeof(buf))
		return 0;
	store_u32((uint8_t *)&from.sin_addr, 0x0a060000 + data[1] % 8u);
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	struct packet p = {.buf = buf, .len = size - 2, .tcp = (data[0] & 1) != 0};
	p.turn = data[1];
	if (data[1] % 8 != 0) /* GS-05: somebody known, mostly */
		p.client = (const void *)&from;
	p.cap = p.tcp ? sizeof(buf) : (data[0] & 2) != 0 ? data[1] * 16u : 4608;
	p.cap = MAX(p.cap, p.len);
	cluster.settings.rotation = (data[0] & 4) == 0    ? ROTATION_FIXED
	                            : (data[1] & 64) != 0 ? ROTATION_WEIGHTED
	                                                  : ROTATION_SHUFFLE;
	cluster.settings.nprefer = data[0] >> 6;
	for (unsigned i = 0; i < cluster.settings.nprefer; i++) /* LD-03 */
		cluster.settings.prefer[i] = (struct prefix){
			{.len = 4, .octets = {10, 1, 0, data[1]}}, (uint8_t)(32 - i)};
	cluster.settings.any = data[0] >> 3 & 3;
	cluster.snap.flags = (data[0] & 0x20) != 0 ? 0 : ROOT_COMPLETE;
	memcpy(buf, data + 2, size - 2);
	if (admit(&b, &p, NULL)) {
		enum verdict v = answer(&b, &p);

		FUZZ_CHECK(v == VERDICT_REPLY || p.cap < MSG_HEADER_LEN);
	}
	if (p.reply_len > 0)
		check_reply(&p);
	return 0;
}
