/*
 * test_park.c - places of queries that wait: in, out, adopted, and when they are due
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "dns/type.h"
#include "support.h"
#include "worker/park.h"

#define SECOND NS_PER_S
#define NOW    (1000 * NS_PER_S)
#define MS(n)  ((n)*NS_PER_MS)

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct park_page page;
static struct park *park;
static struct forward_settings settings;

static uint8_t buf[4608];
static struct packet packet;

static void begin(void)
{
	memset(&page, 0, sizeof(page));
	free(park);
	park = park_new(&page, &key, NOW);
	settings.deadline_ms = 4500;
	settings.cache.stale_timeout_ms = 1800;
}

/* A query for `name` and its need, as answer() leaves them. */
static struct packet *query(const char *name, uint16_t id)
{
	struct question *need = &packet.need[0];
	size_t len = name_wire(name, buf + MSG_HEADER_LEN);

	packet = (struct packet){
		.buf = buf, .cap = sizeof(buf), .arrival_ns = NOW, .nneeds = 1};
	packet.q = (struct query){.id = id,
		.flags = MSG_RD | MSG_CD,
		.type = TYPE_A,
		.class = CLASS_IN,
		.qname_len = (uint8_t)len,
		.has_opt = true,
		.want_do = true,
		.hops = 3,
		.udp_size = 1232,
		.end = (uint16_t)(MSG_HEADER_LEN + len + 4)};
	name_fold(packet.q.qname, buf + MSG_HEADER_LEN, len);
	packet.hash = hash_name(&key, packet.q.qname, len);
	*need = (struct question){.hash = packet.hash, .group = 1, .type = TYPE_A};
	return &packet;
}

static struct park_way from(uint8_t client, uint16_t port)
{
	return (struct park_way){
		.key = {.kind = SOCKET_UDP, .family = AF_INET, .port = 53},
		.family = AF_INET,
		.port = port,
		.client = {10, 0, 0, client}};
}

static int add(const char *name, uint16_t id, uint8_t client, uint16_t port)
{
	const struct park_way way = from(client, port);

	return park_add(park, query(name, id), &way, NOW + MS(4500));
}

/* Add one and let it wait. */
static uint32_t wait_for(const char *name, uint16_t id, uint8_t client)
{
	int place = add(name, id, client, 1);

	ck_assert_int_ge(place, 0);
	ck_assert_int_eq(
		park_wait(park, (uint32_t)place, &packet, &settings, NOW), PARK_ASK);
	park_asked(park, (uint32_t)place, 0, NOW);
	return (uint32_t)place;
}

START_TEST(comes_back_as_it_was)
{
	uint8_t other[4608];
	struct packet out = {.buf = other, .cap = sizeof(other)};

	begin();
	uint32_t place = wait_for("WwW.Example.COM.", 4711, 1);
	struct query was = packet.q;
	ck_assert(park_take(park, place, &key, &out));
	/* RG-03: the question octet for octet */
	ck_assert_mem_eq(other + MSG_HEADER_LEN, buf + MSG_HEADER_LEN, was.qname_len);
	ck_assert_uint_eq(out.q.id, 4711);
	ck_assert_uint_eq(out.q.flags, was.flags);
	ck_assert_uint_eq(out.q.end, was.end);
	ck_assert_uint_eq(out.q.udp_size, 1232);
	ck_assert_uint_eq(out.q.hops, 3); /* LO-01 */
	ck_assert(out.q.has_opt && out.q.want_do && !out.q.want_nsid);
	ck_assert_mem_eq(out.q.qname, was.qname, was.qname_len);
	ck_assert_uint_eq(out.hash.path, packet.hash.path);
	ck_assert_uint_eq(out.arrival_ns, NOW);
	out.cap = was.end - 1u;
	ck_assert(!park_take(park, place, &key, &out));
	park_free(park, place);
	ck_assert_uint_eq(park->n, 0);
}
END_TEST

/* FP-02: all places, and an eighth for one client once half are taken. */
START_TEST(bounds)
{
	char name[64];
	unsigned taken = 0;

	begin();
	for (unsigned i = 0; i < PARK_PLACES; i++) {
		snprintf(name, sizeof(name), "%u.example.com.", i);
		taken += add(name, (uint16_t)i, 1, 1) >= 0;
	}
	ck_assert_uint_eq(taken, PARK_PLACES / 2);
	for (unsigned i = 0; taken < PARK_PLACES; i++) {
		snprintf(name, sizeof(name), "%u.example.com.", i);
		int place = add(name, (uint16_t)i, (uint8_t)(2 + i / 512), 1);
		ck_assert_int_ge(place, 0);
		taken++;
	}
	ck_assert_int_eq(add("more.example.com.", 1, 200, 1), -ENOSPC);
	park_free(park, 77);
	ck_assert_int_eq(add("more.example.com.", 1, 200, 1), 77);
	/* An eighth is the limit while more than half are taken. */
	park_free(park, 78);
	ck_assert_int_eq(add("more.example.com.", 1, 1, 1), -ENOSPC);
}
END_TEST

/* FP-02: the same query again takes no second place; another one does. */
START_TEST(again)
{
	struct park_way tcp = from(1, 1);

	begin();
	int place = add("www.example.com.", 1, 1, 1);
	ck_assert_int_ge(place, 0);
	ck_assert_int_eq(add("www.example.com.", 1, 1, 1), -EALREADY);
	ck_assert_int_ge(add("www.example.com.", 2, 1, 1), 0);
	ck_assert_int_ge(add("www.example.com.", 1, 2, 1), 0);
	ck_assert_int_ge(add("www.example.com.", 1, 1, 2), 0);
	ck_assert_int_ge(add("WWW.example.com.", 1, 1, 1), 0);
	tcp.life = 1;
	for (int i = 0; i < 2; i++)
		ck_assert_int_ge(
			park_add(park, query("www.example.com.", 1), &tcp, NOW + SECOND),
			0);
	park_free(park, (uint32_t)place);
	ck_assert_int_eq(add("www.example.com.", 1, 1, 1), place);
}
END_TEST

START_TEST(times)
{
	uint32_t due[4];

	begin();
	ck_assert_uint_eq(park_next_ns(park), UINT64_MAX);
	uint32_t place = wait_for("www.example.com.", 1, 1);
	/* Every 250 ms, at the time for stale answers, at the deadline. */
	ck_assert_uint_eq(park_next_ns(park), NOW + MS(250));
	ck_assert_uint_eq(park_due(park, NOW + MS(249), due, 4), 0);
	ck_assert_uint_eq(park_due(park, NOW + MS(250), due, 4), 1);
	ck_assert_uint_eq(due[0], place);
	ck_assert_int_eq(
		park_wait(park, place, &packet, &settings, NOW + MS(250)), PARK_QUIET);
	ck_assert_int_eq(
		park_wait(park, place, &packet, &settings, NOW + MS(1000)), PARK_AGAIN);
	park_asked(park, place, 0, NOW + MS(1000));
	park_wait(park, place, &packet, &settings, NOW + MS(1700));
	ck_assert_uint_eq(park_next_ns(park), NOW + MS(1800));
	ck_assert_int_eq(park_patience(park, place, &settings, NOW + MS(1799)), WAIT_ASK);
	ck_assert_int_eq(
		park_patience(park, place, &settings, NOW + MS(1800)), WAIT_STALE);
	park_wait(park, place, &packet, &settings, NOW + MS(4400));
	ck_assert_uint_eq(park_next_ns(park), NOW + MS(4500));
	ck_assert_int_eq(
		park_patience(park, place, &settings, NOW + MS(4500)), WAIT_OVER);
	park_settled(park, place, true, NOW + MS(4450));
	ck_assert_uint_eq(park_next_ns(park), NOW + MS(4450));
	ck_assert_int_eq(
		park_patience(park, place, &settings, NOW + MS(4450)), WAIT_FULL);
}
END_TEST

/* A round is a new question, or the same after word that it was settled; at most 12. */
START_TEST(rounds)
{
	begin();
	uint32_t place = wait_for("www.example.com.", 1, 1);
	uint32_t serial = page.places[place].serial;
	ck_assert(park_waits(park, place, serial));
	ck_assert(!park_waits(park, place, serial + 1));
	ck_assert(!park_waits(park, place + 1, serial));
	ck_assert(!park_waits(park, PARK_PLACES, serial));
	for (int i = 1; i < PARK_ROUNDS_MAX; i++) {
		packet.need[0].hash.check++;
		ck_assert_int_eq(
			park_wait(park, place, &packet, &settings, NOW), PARK_ASK);
		park_asked(park, place, 0, NOW);
		ck_assert(!park_waits(park, place, serial));
		serial = page.places[place].serial;
		ck_assert_int_eq(
			park_wait(park, place, &packet, &settings, NOW), PARK_QUIET);
	}
	park_settled(park, place, false, NOW);
	ck_assert_int_eq(park_wait(park, place, &packet, &settings, NOW), PARK_SPENT);
}
END_TEST

START_TEST(words_from_forwarders)
{
	uint32_t due[4];

	begin();
	uint32_t one = wait_for("one.example.com.", 1, 1);
	uint32_t two = wait_for("two.example.com.", 2, 1);
	park_asked(park, two, 1, NOW);
	park_hello(park, 1, NOW + 1);
	ck_assert_uint_eq(park_due(park, NOW + 1, due, 4), 1);
	ck_assert_uint_eq(due[0], two);
	query("two.example.com.", 2);
	ck_assert_int_eq(park_wait(park, two, &packet, &settings, NOW + 1), PARK_ASK);
	park_asked(park, two, 1, 0); /* it could not leave */
	park_retry(park, NOW + 2);
	ck_assert_uint_eq(park_due(park, NOW + 2, due, 4), 1);
	ck_assert_uint_eq(due[0], two);
	ck_assert_int_eq(park_wait(park, two, &packet, &settings, NOW + 2), PARK_ASK);
	(void)one;
}
END_TEST

START_TEST(connections)
{
	struct park_way way = from(1, 1);
	uint32_t due[4];

	begin();
	way.connection = 7;
	way.life = 99;
	for (uint16_t i = 0; i < 3; i++) {
		int place = park_add(
			park, query("www.example.com.", i), &way, NOW + SECOND);
		park_wait(park, (uint32_t)place, &packet, &settings, NOW);
	}
	wait_for("www.example.com.", 1, 1);
	park_connection(park, 7, 98, 0);
	ck_assert_uint_eq(park->n, 4);
	park_connection(park, 7, 99, NOW + 1);
	ck_assert_uint_eq(park_due(park, NOW + 1, due, 4), 3);
	park_connection(park, 7, 99, 0);
	ck_assert_uint_eq(park->n, 1);
}
END_TEST

/* SH-11: a successor finds UDP queries that waited, and nothing that was in work. */
START_TEST(adopted)
{
	struct park_way tcp = from(1, 1);
	struct packet out = {.buf = buf, .cap = sizeof(buf)};
	uint32_t due[8];

	begin();
	uint32_t waits = wait_for("WAITS.example.com.", 1, 1);
	uint32_t works = wait_for("works.example.com.", 2, 1);
	tcp.life = 1;
	int stream = park_add(park, query("tcp.example.com.", 3), &tcp, NOW + SECOND);
	park_wait(park, (uint32_t)stream, &packet, &settings, NOW);
	uint32_t gone = wait_for("gone.example.com.", 4, 1);
	page.places[gone].deadline_ns = NOW + 5;
	ck_assert(park_take(park, works, &key, &out));
	uint32_t serial = page.places[waits].serial;

	free(park);
	park = park_new(&page, &key, NOW + 10);
	ck_assert_uint_eq(park->n, 2);
	ck_assert_uint_eq(park_due(park, NOW + 10, due, 8), 2);
	ck_assert(due[0] == waits || due[1] == waits);
	/* what was in work is tried once more, and then no more. */
	ck_assert(park_take(park, works, &key, &out));
	free(park);
	park = park_new(&page, &key, NOW + 10);
	ck_assert_uint_eq(park->n, 1);
	ck_assert(park_waits(park, waits, serial));
	ck_assert(park_take(park, waits, &key, &out));
	ck_assert_uint_eq(out.q.id, 1);
	ck_assert_uint_eq(out.q.hops, 3);
	ck_assert_uint_eq(out.buf[MSG_HEADER_LEN + 1], 'W');
	/* The same client asks again: it waits already. */
	ck_assert_int_eq(add("WAITS.example.com.", 1, 1, 1), -EALREADY);
	/* It is asked for anew, and that is a round. */
	query("WAITS.example.com.", 1);
	ck_assert_int_eq(park_wait(park, waits, &packet, &settings, NOW + 10), PARK_ASK);
	ck_assert_uint_eq(page.places[waits].rounds, 2);
}
END_TEST

/* DE-12: what a predecessor left is taken for what it is. */
START_TEST(hostile)
{
	static const struct {
		size_t at;
		uint8_t octet;
	} flips[] = {
		{offsetof(struct park_place, qname), 200},
		{offsetof(struct park_place, qname_len), 0},
		{offsetof(struct park_place, qname_len), 255},
		{offsetof(struct park_place, bits), 0xff},
		{offsetof(struct park_place, state), 9},
		{offsetof(struct park_place, way.family), 99},
		{offsetof(struct park_place, way.key.kind), 9},
		{offsetof(struct park_place, way.local_len), 3},
		{offsetof(struct park_place, arrival_ns) + 7, 0x7f},
		{offsetof(struct park_place, deadline_ns) + 7, 0x7f},
		{offsetof(struct park_place, udp_size) + 1, 0},
		{offsetof(struct park_place, way.life), 1},
		{offsetof(struct park_place, hops), MARK_HOPS},
	};

	begin();
	uint32_t place = wait_for("www.example.com.", 1, 1);
	((uint8_t *)&page.places[place])[flips[_i].at] = flips[_i].octet;
	free(park);
	park = park_new(&page, &key, NOW);
	ck_assert_uint_eq(park->n, 0);
	ck_assert_int_ge(add("www.example.com.", 1, 1, 1), 0);
}
END_TEST

/* A page of another layout, or none yet. */
START_TEST(strange_page)
{
	begin();
	wait_for("www.example.com.", 1, 1);
	page.magic++;
	free(park);
	park = park_new(&page, &key, NOW);
	ck_assert_uint_eq(park->n, 0);
	ck_assert_uint_eq(page.places[0].state, PARK_FREE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("park");

	tcase_add_test(tc, comes_back_as_it_was);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, again);
	tcase_add_test(tc, times);
	tcase_add_test(tc, rounds);
	tcase_add_test(tc, words_from_forwarders);
	tcase_add_test(tc, connections);
	tcase_add_test(tc, adopted);
	tcase_add_loop_test(tc, hostile, 0, 12);
	tcase_add_test(tc, strange_page);
	int ret = run_case("park", tc);
	free(park);
	return ret;
}
