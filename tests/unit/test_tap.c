/*
 * test_tap.c - which replies a worker takes note of, and what of them (SM-02)
 */
#include "worker/tap.h"

#include <netinet/in.h>

#include "base/mem.h"
#include "dns/type.h"
#include "support.h"

#define ARRIVAL_NS UINT64_C(5000000000)

static struct ring *ring;
static struct ring_reader reader;
static struct settings *settings;
static struct tap tap;
static struct snap snap = {.generation = 9};
static uint8_t buf[512];
static struct sockaddr_in6 client = {
	.sin6_family = AF_INET6, .sin6_addr = {{{0xfd, [15] = 7}}}};
static struct packet packet;
static struct basis basis;

static void setup(void)
{
	ring = aligned_alloc(64, sizeof(*ring));
	memset(ring, 0, sizeof(*ring));
	settings = mem_alloc(1, sizeof(*settings));
	reader = (struct ring_reader){0};
	tap_init(&tap, ring, 1);
	tap.wall_ns = 1000;
	basis = (struct basis){.snap = &snap, .settings = settings};
	packet = (struct packet){.buf = buf, .len = 40, .reply_len = 77, .facts = 0};
	packet.arrival_ns = ARRIVAL_NS;
	client.sin6_port = htons(4242);
	packet.client = (const struct sockaddr *)&client;
	packet.source = SOURCE_CACHE;
	packet.rcode = RCODE_NXDOMAIN;
	packet.q = (struct query){.id = 3,
		.flags = MSG_RD,
		.type = TYPE_SRV,
		.class = CLASS_IN,
		.has_opt = true,
		.want_do = true,
		.udp_size = 1232};
	packet.q.qname_len = (uint8_t)name_wire("a.shop.", packet.q.qname);
	buf[2] = 0x85;
	buf[3] = 0x83;
}

static void teardown(void)
{
	free(ring);
	free(settings);
}

/* Where nothing is logged one in 64 is taken, give or take what chance allows. */
START_TEST(sampled)
{
	struct ring_entry e;
	unsigned n = 0, even = 0;

	for (unsigned i = 0; i < 64 * 1000; i++) {
		packet.q.id = (uint16_t)(i % 2);
		tap_reply(&tap, &basis, &packet, ARRIVAL_NS);
		while (ring_next(&reader, ring, &e)) {
			ck_assert_uint_eq(
				e.marks & (RING_SAMPLED | RING_LOGGED), RING_SAMPLED);
			n++;
			even += e.id == 0;
		}
	}
	ck_assert_uint_eq(n, (unsigned)ring->written);
	ck_assert(n > 900 && n < 1100);
	ck_assert(even > 400 && even < 600); /* no rhythm */
	ck_assert_uint_eq(ring->logged, 0);
}
END_TEST

START_TEST(whole)
{
	struct ring_entry e;

	settings->querylog.classes = QUERYLOG_CLASSES;
	settings->querylog.sample = QUERYLOG_ALL;
	packet.tcp = true;
	tap_reply(&tap, &basis, &packet, ARRIVAL_NS + 250);
	ck_assert(ring_next(&reader, ring, &e));
	ck_assert_uint_eq(e.wall_ns, ARRIVAL_NS + 1250);
	ck_assert_uint_eq(e.duration_ns, 250);
	ck_assert_uint_eq(e.generation, 9);
	ck_assert_uint_eq(e.logged, 1);
	ck_assert_mem_eq(e.client, &client.sin6_addr, 16);
	ck_assert_uint_eq(e.port, 4242);
	ck_assert_uint_eq(e.id, 3);
	ck_assert_uint_eq(e.type, TYPE_SRV);
	ck_assert_uint_eq(e.class, CLASS_IN);
	ck_assert_uint_eq(e.flags, MSG_RD);
	ck_assert_uint_eq(e.reply_flags, 0x8580);
	ck_assert_uint_eq(e.rcode, RCODE_NXDOMAIN);
	ck_assert_uint_eq(e.udp_size, 1232);
	ck_assert_uint_eq(e.query_len, 40);
	ck_assert_uint_eq(e.reply_len, 77);
	ck_assert_uint_eq(e.marks | RING_SAMPLED,
		RING_SAMPLED | RING_LOGGED | RING_TCP | RING_IPV6 | RING_OPT | RING_DO);
	ck_assert_uint_eq(e.source, SOURCE_CACHE);
	ck_assert_mem_eq(e.name, packet.q.qname, packet.q.qname_len);
}
END_TEST

/* Of a header alone no question was read: what stands in the packet is another's. */
START_TEST(header_alone)
{
	struct ring_entry e;

	settings->querylog.classes = QUERYLOG_ERROR;
	settings->querylog.sample = QUERYLOG_ALL;
	packet.facts = PACKET_HEADER_ONLY;
	packet.rcode = RCODE_FORMERR;
	packet.client = NULL;
	tap_reply(&tap, &basis, &packet, ARRIVAL_NS);
	ck_assert(ring_next(&reader, ring, &e));
	ck_assert_uint_eq(e.name_len, 0);
	ck_assert_uint_eq(e.type, 0);
	ck_assert_uint_eq(e.udp_size, 512);
	ck_assert_uint_eq(e.port, 0);
	ck_assert_uint_eq(e.marks | RING_SAMPLED, RING_SAMPLED | RING_LOGGED);
}
END_TEST

/* What the log does not want is still sampled. */
START_TEST(not_wanted)
{
	struct ring_entry e;

	settings->querylog.classes = QUERYLOG_SUCCESS;
	settings->querylog.sample = QUERYLOG_ALL;
	for (unsigned i = 0; i < 64 * 20; i++)
		tap_reply(&tap, &basis, &packet, ARRIVAL_NS);
	ck_assert_uint_gt(ring->written, 5);
	ck_assert_uint_eq(ring->logged, 0);
	while (ring_next(&reader, ring, &e))
		ck_assert_uint_eq(e.marks & RING_SAMPLED, RING_SAMPLED);
	settings->querylog.classes = QUERYLOG_DENIAL; /* half of them */
	settings->querylog.sample = QUERYLOG_ALL / 2;
	for (unsigned i = 0; i < 4000; i++)
		tap_reply(&tap, &basis, &packet, ARRIVAL_NS);
	ck_assert(ring->logged > 1800 && ring->logged < 2200);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("tap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, sampled);
	tcase_add_test(tc, whole);
	tcase_add_test(tc, header_alone);
	tcase_add_test(tc, not_wanted);
	return run_case("tap", tc);
}
