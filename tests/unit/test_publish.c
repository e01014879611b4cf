/*
 * test_publish.c - the writer of an instance and its readers, over real shared memory
 * (G1-G4, SH-01 to SH-06, GS-01, GS-05, successor rule)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#include "controller/publish/publish.h"
#include "controller/publish/reclaim.h"
#include "dns/type.h"
#include "snap/client.h"
#include "snap/history.h"
#include "snap/reader.h"

static char instance[LAYOUT_INSTANCE_MAX];
static uint64_t now_ns; /* virtual: publish_idle() is told the time */

#define WALL_NS (UINT64_C(1700000000) * NS_PER_S)

static void make_name(unsigned i, struct name *n)
{
	char text[40];

	snprintf(text, sizeof(text), "n%u.shop.svc.cluster.local.", i);
	ck_assert_int_eq(name_parse(text, n), 0);
}

static void put(struct publisher *p, unsigned i, uint32_t value)
{
	static struct node_builder b;
	struct hash128 h;
	struct name n;
	size_t len;

	make_name(i, &n);
	h = hash_name(publish_key(p), n.wire, n.len);
	node_begin(&b, &n, 0, 0);
	node_add_addrs(&b, TYPE_A, 30, (const uint8_t *)&value, 1, false);
	const uint8_t *node = node_finish(&b, &len);
	ck_assert_int_eq(publish_put(p, &h, node, len, 0), 0);
}

static void take_away(struct publisher *p, unsigned i)
{
	struct hash128 h;
	struct name n;

	make_name(i, &n);
	h = hash_name(publish_key(p), n.wire, n.len);
	ck_assert_int_eq(publish_remove(p, &h, n.wire, n.len), 0);
}

static struct publish_info commit(struct publisher *p, bool complete, bool records)
{
	struct publish_info info;

	ck_assert_int_eq(
		publish_commit(p, CAUSE_OBJECTS, complete, records, WALL_NS, &info), 0);
	return info;
}

static void put_settings(struct publisher *p, uint64_t number)
{
	static struct settings s;

	s = (struct settings){
		.number = number, .ttl_s = 30, .max_udp = 1232, .nzones = 1};
	s.zones[0].kind = ZONE_FORWARD;
	ck_assert_int_eq(name_parse("cluster.local.", &s.zones[0].name), 0);
	ck_assert_int_eq(publish_settings(p, &s), 0);
}

static struct publisher *open_publisher(void)
{
	struct publisher *p;

	ck_assert_int_eq(publish_open(instance, &p), 0);
	return p;
}

/* 0: absent; else the value that name i has for this reader. */
static uint32_t value_of(const struct reader *r, unsigned i)
{
	const struct snap *s = reader_snap(r);
	struct hash128 h;
	struct node_view v;
	struct rrset a;
	struct name n;
	bool damaged = false;
	uint32_t value;

	make_name(i, &n);
	h = hash_name(&s->key, n.wire, n.len);
	enum lookup l = snap_find(s, &h, n.wire, n.len, &v);
	ck_assert_int_ne(l, LOOKUP_DAMAGED);
	if (l == LOOKUP_ABSENT)
		return 0;
	ck_assert(node_rrset(&v, TYPE_A, &a, &damaged));
	memcpy(&value, a.data, sizeof(value));
	return value;
}

/* Client i: every second one has an IPv6 address. */
static struct addr client_addr(unsigned i)
{
	struct addr a = {.len = i % 2 == 0 ? 4 : 16, .octets = {10}};

	store_u16(a.octets + a.len - 2, (uint16_t)i);
	return a;
}

static void put_client(struct publisher *p, unsigned i, uint32_t place)
{
	struct addr a = client_addr(i);

	ck_assert_int_eq(publish_client(p, &a, &(struct client){.place = place}), 0);
}

static uint32_t place_of(const struct reader *r, unsigned i)
{
	struct addr a = client_addr(i);

	return client_place(reader_snap(r), &a);
}

static void setup(void)
{
	snprintf(instance, sizeof(instance), "test-publish-%d", (int)getpid());
	now_ns = 1000 * NS_PER_S;
}

static void teardown(void)
{
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

/* Settings first (complete=0), then records; each commit is what a reader sees next. */
START_TEST(reader_follows)
{
	struct publisher *p = open_publisher();
	struct reader r;

	reader_init(&r, instance);
	ck_assert(!reader_refresh(&r));
	ck_assert_ptr_null(reader_snap(&r));
	put_settings(p, 1);
	struct publish_info first = commit(p, false, true);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(reader_snap(&r)->flags & ROOT_COMPLETE, 0);
	ck_assert_uint_eq(r.settings.max_udp, 1232);
	publish_bulk(p);
	for (unsigned i = 0; i < 1000; i++)
		put(p, i, i + 1);
	struct publish_info second = commit(p, true, true);
	ck_assert_uint_eq(second.generation, first.generation + 1);
	ck_assert_uint_eq(second.names, 1000);
	ck_assert(reader_refresh(&r));
	ck_assert(!reader_refresh(&r));
	ck_assert_uint_eq(reader_snap(&r)->flags & ROOT_COMPLETE, ROOT_COMPLETE);
	for (unsigned i = 0; i < 1100; i++)
		ck_assert_uint_eq(value_of(&r, i), i < 1000 ? i + 1 : 0);
	put(p, 5, 77);
	put(p, 5, 78);
	take_away(p, 6);
	ck_assert_uint_eq(value_of(&r, 5), 6); /* nothing before the word is stored */
	struct publish_info third = commit(p, true, true);
	ck_assert_uint_eq(third.changed, 2);
	ck_assert_uint_eq(third.removed, 1);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 5), 78);
	ck_assert_uint_eq(value_of(&r, 6), 0);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* GS-01: +1 with each change of records, kept by a publish without; never 0. */
START_TEST(serial)
{
	struct publisher *p = open_publisher();

	put_settings(p, 1);
	struct publish_info a = commit(p, false, true);
	ck_assert_uint_eq(a.serial, WALL_NS / NS_PER_S);
	put(p, 1, 1);
	ck_assert_uint_eq(commit(p, true, true).serial, a.serial + 1);
	put_settings(p, 2);
	ck_assert_uint_eq(commit(p, true, false).serial, a.serial + 1);
	publish_close(p);
	p = open_publisher();
	put_settings(p, 3);
	ck_assert_uint_eq(commit(p, false, true).serial, a.serial + 2);
	publish_close(p);
}
END_TEST

static void put_node(struct publisher *p, const struct name *n, bool empty)
{
	const struct hash128 h = hash_name(publish_key(p), n->wire, n->len);
	struct node_builder b = {0};
	size_t len;

	if (empty)
		node_begin_ent(&b, &h, 0);
	else
		node_begin(&b, n, 0, 0);
	const uint8_t *node = node_finish(&b, &len);
	ck_assert_int_eq(publish_put(p, &h, node, len, 0), 0);
	node_builder_fini(&b);
}

/* OV-07: empty non-terminals are no names, in a bulk build and when that changes. */
START_TEST(empty_non_terminals)
{
	struct publisher *p = open_publisher();
	struct name n;

	make_name(7, &n);
	put_settings(p, 1);
	publish_bulk(p);
	put(p, 1, 11);
	put_node(p, &n, true);
	ck_assert_uint_eq(publish_names(p), 1);
	struct publish_info info = commit(p, true, true);
	ck_assert_uint_eq(info.names, 1);
	ck_assert_uint_eq(info.added, 1);
	put_node(p, &n, false);
	info = commit(p, true, true);
	ck_assert_uint_eq(info.names, 2);
	ck_assert_uint_eq(info.added, 1);
	ck_assert_uint_eq(info.changed + info.removed, 0);
	put_node(p, &n, true);
	ck_assert_uint_eq(publish_names(p), 1);
	info = commit(p, true, true);
	ck_assert_uint_eq(info.names, 1);
	ck_assert_uint_eq(info.removed, 1);
	ck_assert_uint_eq(info.added + info.changed, 0);
	publish_close(p);
}
END_TEST

/*
 * GS-05: clients are published with the names, by a bulk build and by changes; they are
 * no names, and no commit says that they changed.
 */
START_TEST(clients)
{
	struct publisher *p = open_publisher();
	struct addr missing = client_addr(9999), second = client_addr(2);
	struct reader r;

	put_settings(p, 1);
	publish_bulk(p);
	put(p, 1, 11);
	for (unsigned i = 0; i < 1000; i++)
		put_client(p, i, i + 1);
	struct publish_info first = commit(p, true, true);
	ck_assert_uint_eq(first.names, 1);
	ck_assert_uint_eq(first.added, 1);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	for (unsigned i = 0; i < 1100; i++)
		ck_assert_uint_eq(place_of(&r, i), i < 1000 ? i + 1 : PLACE_UNKNOWN);
	ck_assert_uint_eq(value_of(&r, 1), 11);
	put_client(p, 2, 77);
	put_client(p, 2, 78);
	put_client(p, 3, PLACE_UNKNOWN);
	ck_assert_int_eq(
		publish_client(p, &missing, &(struct client){.place = PLACE_UNKNOWN}),
		-ENOENT);
	struct client c;
	ck_assert(publish_find_client(p, &second, &c));
	ck_assert_uint_eq(c.place, 78);
	ck_assert_uint_eq(place_of(&r, 2), 3); /* nothing before the word is stored */
	struct publish_info info = commit(p, true, false);
	ck_assert_uint_eq(info.generation, first.generation + 1);
	ck_assert_uint_eq(info.serial, first.serial);
	ck_assert_uint_eq(info.names, 1);
	ck_assert_uint_eq(info.added + info.changed + info.removed, 0);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(place_of(&r, 2), 78);
	ck_assert_uint_eq(place_of(&r, 3), PLACE_UNKNOWN);
	ck_assert_uint_eq(place_of(&r, 4), 5);
	/* A bulk build begins without them; one that is given up changes nothing. */
	publish_bulk(p);
	put_client(p, 7, 8);
	ck_assert_int_eq(publish_restart(p), 0);
	ck_assert(!reader_refresh(&r));
	publish_bulk(p);
	put(p, 1, 12);
	commit(p, true, true);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 1), 12);
	ck_assert_uint_eq(place_of(&r, 4), PLACE_UNKNOWN);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* The lock: a second controller of the instance refuses (SH-10). */
START_TEST(one_writer)
{
	struct publisher *p = open_publisher(), *q;

	ck_assert_int_eq(publish_open(instance, &q), -EBUSY);
	publish_close(p);
	q = open_publisher();
	publish_close(q);
}
END_TEST

/* Does segment `number` stand under its name? */
static bool linked(uint64_t number)
{
	char name[96];

	snprintf(name, sizeof(name), "/shmdns.%s.v%d.seg.%llu", instance, SNAP_LAYOUT,
		(unsigned long long)number);
	int fd = shm_open(name, O_RDONLY, 0);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void idle_for(struct publisher *p, uint64_t ns)
{
	struct publish_info published;
	bool damaged;

	for (uint64_t until = now_ns + ns; now_ns < until;) {
		uint64_t wait = publish_idle(p, now_ns, WALL_NS, &published, &damaged);

		ck_assert(!damaged);
		now_ns += MAX(wait, NS_PER_MS);
	}
}

/* A successor goes on past the board: generations rise, what is dead is unlinked (G3). */
START_TEST(successor)
{
	struct publisher *p = open_publisher();
	struct reader r;

	put_settings(p, 1);
	put(p, 1, 11);
	struct publish_info a = commit(p, true, true);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	publish_close(p); /* as a kill leaves it: the segment stays linked */
	p = open_publisher();
	ck_assert(linked(a.segment));
	ck_assert(!reader_refresh(&r));
	put_settings(p, 1);
	put(p, 1, 12);
	struct publish_info b = commit(p, true, true);
	ck_assert_uint_gt(b.generation, a.generation);
	ck_assert_uint_gt(b.segment, a.segment);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 1), 12);
	idle_for(p, 10 * NS_PER_S);
	ck_assert(!linked(a.segment));
	ck_assert(linked(b.segment));
	/* Above the board's number nothing survives either. */
	ck_assert_int_eq(publish_restart(p), 0);
	publish_close(p);
	ck_assert(linked(b.segment + 1));
	p = open_publisher();
	ck_assert(!linked(b.segment + 1));
	publish_close(p);
	reader_fini(&r);
}
END_TEST

/*
 * Garbage leads to a compaction in small steps: nothing changes for the reader, the old
 * segment goes five seconds later, memory is what is live (G6, G7, SH-05).
 */
START_TEST(compaction)
{
	struct publisher *p = open_publisher();
	struct publish_info info, published = {0};
	uint64_t began_ns = now_ns;
	struct reader r;
	bool damaged;

	put_settings(p, 1);
	publish_bulk(p);
	for (unsigned i = 0; i < 3000; i++)
		put(p, i, 1);
	for (unsigned i = 0; i < 3000; i++)
		put_client(p, i, 1);
	uint64_t first = commit(p, true, true).segment;
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	uint32_t version = 1;
	do {
		version++;
		for (unsigned i = 0; i < 3000; i += 3) {
			put(p, i, version);
			put_client(p, i + 1, version);
		}
		info = commit(p, true, true);
		for (int k = 0; k < 3 && published.generation == 0; k++)
			publish_idle(
				p, now_ns += NS_PER_MS, WALL_NS, &published, &damaged);
		ck_assert(reader_refresh(&r));
		while (reader_step(&r))
			continue;
	} while (published.generation == 0 && version < 2000);
	ck_assert_uint_eq(published.segment, first + 1);
	ck_assert_uint_eq(published.serial, info.serial); /* no record changed */
	ck_assert_uint_lt(published.used, info.used);
	/* MS-05: with when it began, once. */
	ck_assert_uint_gt(published.compact_began_ns, began_ns);
	ck_assert_uint_lt(published.compact_began_ns, now_ns);
	publish_status(p, &info);
	ck_assert_uint_eq(info.compact_began_ns, 0);
	reader_refresh(&r);
	ck_assert_uint_eq(reader_snap(&r)->segment, first + 1);
	for (unsigned i = 0; i < 3000; i++)
		ck_assert_uint_eq(value_of(&r, i), i % 3 == 0 ? version : 1);
	for (unsigned i = 0; i < 3000; i++)
		ck_assert_uint_eq(place_of(&r, i), i % 3 == 1 ? version : 1);
	ck_assert_uint_eq(published.names, 3000);
	ck_assert(linked(first));
	idle_for(p, 6 * NS_PER_S);
	ck_assert(!linked(first));
	put(p, 1, 5);
	commit(p, true, true);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 1), 5);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* MS-05: one that ends while a publish is half done is current with that publish. */
START_TEST(compaction_in_a_publish)
{
	struct publisher *p = open_publisher();
	struct publish_info info, published;
	uint64_t began_ns = now_ns;
	uint32_t version = 1;
	bool damaged;

	put_settings(p, 1);
	publish_bulk(p);
	for (unsigned i = 0; i < 3000; i++)
		put(p, i, 1);
	uint64_t first = commit(p, true, true).segment;
	do {
		version++;
		for (unsigned i = 0; i < 3000; i += 3)
			put(p, i, version);
		for (int k = 0; k < 30; k++) {
			publish_idle(
				p, now_ns += NS_PER_MS, WALL_NS, &published, &damaged);
			ck_assert_uint_eq(published.generation, 0);
		}
		info = commit(p, true, true);
	} while (info.segment == first && version < 2000);
	ck_assert_uint_eq(info.segment, first + 1);
	ck_assert_uint_gt(info.compact_began_ns, began_ns);
	ck_assert_uint_lt(info.compact_began_ns, now_ns);
	put(p, 1, 5);
	ck_assert_uint_eq(commit(p, true, true).compact_began_ns, 0);
	publish_close(p);
}
END_TEST

static void fill_memory(struct publisher *p, unsigned names)
{
	put_settings(p, 1);
	publish_bulk(p);
	for (unsigned i = 0; i < names; i++)
		put(p, i, 1);
	commit(p, true, true);
	for (uint32_t version = 2; version < 40; version++) {
		for (unsigned i = 0; i < names; i += 2)
			put(p, i, version);
		commit(p, true, true);
	}
}

/*
 * A compaction that is given up leaves nothing mapped: readers that touched the new
 * segment ahead let go of it, or a full file system would stay full (G7, SH-02).
 */
START_TEST(compaction_given_up)
{
	struct publisher *p = open_publisher();
	struct publish_info published;
	struct reader r;
	bool damaged;

	fill_memory(p, 3000);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	publish_idle(p, now_ns, WALL_NS, &published, &damaged);
	uint64_t building = board_load(&r.board->building);
	ck_assert_uint_ne(building, 0);
	while (reader_step(&r))
		continue;
	ck_assert_uint_eq(r.next.number, building);
	ck_assert_int_eq(publish_restart(p), 0); /* gives it up */
	ck_assert(!linked(building));
	for (int i = 0; i < 4096 && reader_step(&r); i++)
		continue;
	ck_assert_ptr_null(r.next.base);
	ck_assert_uint_eq(value_of(&r, 1), 1);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* Until the word names it, a segment that is done is not given up: it stays touched. */
START_TEST(compaction_keeps_ahead)
{
	struct publisher *p = open_publisher();
	struct publish_info published = {0};
	struct reader r;
	uint64_t ahead = 0;
	bool damaged;

	fill_memory(p, 3000);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	while (published.generation == 0) {
		publish_idle(p, now_ns += NS_PER_MS, WALL_NS, &published, &damaged);
		if (published.generation == 0)
			while (reader_step(&r))
				continue;
		ahead = r.next.number;
	}
	ck_assert_uint_eq(ahead, published.segment);
	ck_assert_uint_eq(board_load(&r.board->building), 0);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(r.current.number, ahead);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* Octets of memory that segment `number` takes. */
static uint64_t memory_of(uint64_t number)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/shm/shmdns.%s.v%d.seg.%llu", instance,
		SNAP_LAYOUT, (unsigned long long)number);
	ck_assert_int_eq(stat(path, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* SH-02, G1, GS-05: garbage is freed in place, what either trie reaches is not. */
START_TEST(freed_in_place)
{
	struct publisher *p = open_publisher();
	struct board_page *board;
	struct reclaim reclaim = {0};
	struct reader r;

	put_settings(p, 1);
	publish_bulk(p);
	for (unsigned i = 0; i < 3000; i++) {
		put(p, i, 1);
		put_client(p, i, 1);
	}
	commit(p, true, true);
	for (uint32_t version = 2; version < 40; version++) {
		for (unsigned i = 0; i < 3000; i += 2) {
			put(p, i, version);
			put_client(p, i, version);
		}
		commit(p, true, true);
	}
	put_client(p, 1, 77);
	uint64_t segment = commit(p, true, false).segment;
	uint64_t before = memory_of(segment);
	ck_assert_int_eq(segment_board_adopt(instance, &board), 0);
	reclaim_step(&reclaim, instance, board, now_ns);
	put_client(p, 3, 78); /* appended meanwhile: stays as well */
	commit(p, true, false);
	reclaim_step(&reclaim, instance, board, now_ns + 10 * NS_PER_S);
	ck_assert_uint_lt(memory_of(segment), before - (UINT64_C(2) << 20));
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	for (unsigned i = 0; i < 3000; i++) {
		ck_assert_uint_eq(value_of(&r, i), i % 2 == 0 ? 39 : 1);
		ck_assert_uint_eq(place_of(&r, i), i == 1       ? 77
						   : i == 3     ? 78
						   : i % 2 == 0 ? 39
								: 1);
	}
	for (unsigned part = 0; part < AUDIT_PARTS; part++)
		ck_assert_int_ge(snap_audit(reader_snap(&r), part), 0);
	/* Whoever looks back does not bring pages back, or fault where there are none. */
	before = memory_of(segment);
	struct snap s = *reader_snap(&r);
	ck_assert_int_eq(history_previous(&s, &s), 0); /* the one of then is whole */
	ck_assert(history_whole(&s));
	ck_assert_int_eq(history_previous(&s, &s), -EBADMSG);
	ck_assert_int_eq(publish_past(p, s.generation, &s), 0);
	ck_assert_int_eq(publish_past(p, s.generation - 1, &s), -ENOENT);
	ck_assert_uint_eq(memory_of(segment), before);
	reclaim_fini(&reclaim);
	segment_board_unmap(board);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* A lost board, unlinked (0) or overwritten (1): readers find the next one (G3, G8). */
START_TEST(board_lost)
{
	struct publisher *p = open_publisher();
	struct board_page *board;
	struct reader r;

	put_settings(p, 1);
	put(p, 1, 41);
	struct publish_info a = commit(p, true, true);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	ck_assert_int_eq(segment_board_adopt(instance, &board), 0);
	if (_i == 1)
		board->key0++;
	else
		segment_board_unlink(instance);
	segment_board_unmap(board);
	publish_close(p);
	p = open_publisher();
	publish_resume(p, a.generation, a.serial);
	reader_retry(&r);
	ck_assert(!reader_refresh(&r)); /* nothing there yet: what we have goes on */
	ck_assert_uint_eq(value_of(&r, 1), 41);
	put_settings(p, 2);
	put(p, 1, 42);
	struct publish_info b = commit(p, true, true);
	ck_assert_uint_eq(b.segment, a.segment); /* another one of that number */
	ck_assert_uint_eq(b.generation, a.generation + 1);
	ck_assert_uint_eq(b.serial, a.serial + 1);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 1), 42);
	reader_retry(&r);
	ck_assert(!reader_refresh(&r));
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/*
 * A board that names what is not there is refused and
 * counted; the old root is kept (M-08).
 */
START_TEST(garbage_on_the_board)
{
	static const uint64_t words[] = {UINT64_MAX, BOARD_WORD(9999, 16),
		BOARD_WORD(2, 1), BOARD_WORD(2, UINT32_MAX), BOARD_WORD(2, 0)};
	struct publisher *p = open_publisher();
	struct board_page *board;
	struct reader r;

	put_settings(p, 1);
	put(p, 1, 42);
	commit(p, true, true);
	reader_init(&r, instance);
	ck_assert(reader_refresh(&r));
	ck_assert_int_eq(segment_board_adopt(instance, &board), 0);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		board_store(&board->word, words[i]);
		ck_assert(!reader_refresh(&r));
		ck_assert_uint_eq(r.failures, i + 1);
		ck_assert_uint_eq(value_of(&r, 1), 42);
	}
	put(p, 1, 43);
	commit(p, true, true);
	ck_assert(reader_refresh(&r));
	ck_assert_uint_eq(value_of(&r, 1), 43);
	segment_board_unmap(board);
	reader_fini(&r);
	publish_close(p);
}
END_TEST

/* The idle audit finds a flipped bit within one pass (M-07). */
START_TEST(audit_finds_damage)
{
	struct publisher *p = open_publisher();
	struct publish_info info;
	bool damaged = false;
	char path[128];

	put_settings(p, 1);
	publish_bulk(p);
	for (unsigned i = 0; i < 2000; i++)
		if (_i == 0)
			put(p, i, i);
		else
			put_client(p, i, i + 1); /* GS-05 */
	info = commit(p, true, true);
	idle_for(p, 30 * NS_PER_S);
	snprintf(path, sizeof(path), "/dev/shm/shmdns.%s.v%d.seg.%llu", instance,
		SNAP_LAYOUT, (unsigned long long)info.segment);
	int fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	uint8_t octet;
	off_t at = (off_t)info.used / 3;
	ck_assert_int_eq(pread(fd, &octet, 1, at), 1);
	octet ^= 1;
	ck_assert_int_eq(pwrite(fd, &octet, 1, at), 1);
	close(fd);
	for (int i = 0; i < 2000 && !damaged; i++)
		now_ns += MAX(
			publish_idle(p, now_ns, WALL_NS, &info, &damaged), NS_PER_MS);
	ck_assert(damaged);
	ck_assert_int_eq(publish_restart(p), 0);
	publish_bulk(p);
	put(p, 1, 1);
	ck_assert_uint_eq(commit(p, true, true).names, 1);
	publish_close(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("publish");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reader_follows);
	tcase_add_test(tc, serial);
	tcase_add_test(tc, empty_non_terminals);
	tcase_add_test(tc, clients);
	tcase_add_test(tc, one_writer);
	tcase_add_test(tc, successor);
	tcase_add_test(tc, compaction);
	tcase_add_test(tc, compaction_in_a_publish);
	tcase_add_test(tc, compaction_given_up);
	tcase_add_test(tc, compaction_keeps_ahead);
	tcase_add_test(tc, freed_in_place);
	tcase_add_loop_test(tc, board_lost, 0, 2);
	tcase_add_test(tc, garbage_on_the_board);
	tcase_add_loop_test(tc, audit_finds_damage, 0, 2);
	return run_case("publish", tc);
}
