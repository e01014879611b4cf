/*
 * test_freeze.c - freeze, rollback and thaw on an engine: what is served, and when
 *
 * Rows: HO-02, OV-08, SH-02. Readers see what workers see; compaction and audits run
 * between steps.
 */
#include "controller/freeze.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/engine.h"
#include "controller/publish/publisher.h"
#include "dns/type.h"
#include "objects.h"
#include "snap/reader.h"

static char instance[LAYOUT_INSTANCE_MAX];
static struct publisher *publisher;
static struct engine engine;
static struct reader reader;
static uint64_t now_ns, failed;

static void on_published(void *arg, const struct engine_published *p)
{
	(void)arg;
	(void)p;
}

static void on_failed(void *arg, int error)
{
	(void)arg;
	(void)error;
	failed++;
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	(void)arg;
	(void)o;
	(void)why;
}

static void on_held(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns)
{
	(void)arg;
	(void)names;
	(void)before;
	(void)hold_ns;
}

static const struct engine_handlers handlers = {
	on_published, on_failed, on_held, on_skipped, NULL};

static void configure(uint32_t ttl_s)
{
	struct addr own = {.len = 4, .octets = {10, 0, 0, 1}};
	struct conf c;

	conf_defaults(&c);
	c.kubernetes.ttl_s = ttl_s;
	engine_configure(&engine, &c, &own, 1, "test", now_ns, now_ns);
}

/* A turn, later than all before it. */
static void turn(void)
{
	now_ns += NS_PER_S;
	engine_turn(&engine, now_ns, now_ns, true);
	reader_refresh(&reader);
}

static void event(const char *yaml)
{
	struct kube_object o = object(yaml);

	engine_event(&engine, KUBE_MODIFIED, &o, now_ns);
	kube_object_fini(&o);
}

/* The Service web has 10.96.0.`last`. */
static void put(unsigned last)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml),
		"apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
		"spec: {type: ClusterIP, clusterIP: 10.96.0.%u}\n",
		last);
	event(yaml);
}

/* The last octet of web's address as readers see it; 0: there is none. */
static unsigned served(void)
{
	const struct snap *s = reader_snap(&reader);
	bool damaged = false;
	struct node_view v;
	struct rrset rr;
	struct name n;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(name_parse("web.shop.svc.cluster.local.", &n), 0);
	struct hash128 h = hash_name(&s->key, n.wire, n.len);
	if (snap_find(s, &h, n.wire, n.len, &v) != LOOKUP_FOUND)
		return 0;
	ck_assert(node_intact(&v));
	ck_assert(node_rrset(&v, TYPE_A, &rr, &damaged));
	return rr.data[3];
}

static uint64_t generation(void)
{
	return reader_snap(&reader)->generation;
}

static void setup(void)
{
	now_ns = NS_PER_S;
	failed = 0;
	snprintf(instance, sizeof(instance), "tf%d", (int)getpid());
	ck_assert_int_eq(publish_open(instance, &publisher), 0);
	reader_init(&reader, instance);
	engine_init(&engine, publisher, false, &handlers, NULL);
	configure(30);
	turn();
	event("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
	put(1);
}

static void teardown(void)
{
	engine_fini(&engine);
	publish_close(publisher);
	reader_fini(&reader);
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

static void sync_all(void)
{
	engine_synced(&engine, now_ns);
	turn();
	ck_assert_uint_eq(served(), 1);
}

/* The accounts of garbage hold: an audit of all parts finds no damage. */
static void check(void)
{
	struct publish_info info;

	publish_status(publisher, &info);
	ck_assert_uint_eq(info.live, reader_snap(&reader)->live);
	ck_assert_uint_lt(info.live, info.used);
	for (unsigned part = 0; part < AUDIT_PARTS; part++)
		ck_assert_int_ge(snap_audit(reader_snap(&reader), part), 0);
	ck_assert_uint_eq(failed, 0);
}

START_TEST(not_before_all_is_known)
{
	struct publish_info info;

	ck_assert_int_eq(freeze_begin(&engine, now_ns), -EAGAIN);
	ck_assert_int_eq(
		freeze_rollback(&engine, generation(), now_ns, now_ns, &info), -EINVAL);
	ck_assert(!freeze_end(&engine, now_ns));
	sync_all();
	ck_assert_int_eq(freeze_begin(&engine, now_ns), 0);
}
END_TEST

START_TEST(frozen)
{
	sync_all();
	uint64_t before = generation();
	ck_assert_int_eq(freeze_begin(&engine, now_ns), 0);
	put(2);
	turn();
	ck_assert_uint_eq(generation(), before);
	configure(60); /* settings go out, over the records that stand */
	turn();
	ck_assert_uint_eq(generation(), before + 1);
	ck_assert_uint_eq(served(), 1);
	check();
	turn();
	ck_assert_uint_eq(generation(), before + 1);
	ck_assert(freeze_end(&engine, now_ns));
	turn();
	ck_assert_uint_eq(served(), 2);
	check();
}
END_TEST

START_TEST(rolled_back)
{
	struct publish_info info;

	sync_all();
	uint64_t first = generation();
	for (unsigned i = 2; i < 10; i++) {
		put(i);
		turn();
	}
	uint32_t serial = reader_snap(&reader)->serial;
	ck_assert_int_eq(freeze_rollback(&engine, first, now_ns, now_ns, &info), 0);
	reader_refresh(&reader);
	ck_assert_uint_eq(served(), 1);
	ck_assert_uint_eq(reader_snap(&reader)->cause, CAUSE_ROLLBACK);
	ck_assert_uint_eq(reader_snap(&reader)->serial, serial + 1);
	ck_assert_uint_eq(info.generation, first + 9);
	check();
	put(99);
	turn();
	ck_assert_uint_eq(served(), 1);
	/* To another one, and to one that is no more than what stands. */
	ck_assert_int_eq(freeze_rollback(&engine, first + 4, now_ns, now_ns, &info), 0);
	reader_refresh(&reader);
	ck_assert_uint_eq(served(), 5);
	ck_assert_int_eq(
		freeze_rollback(&engine, first - 9, now_ns, now_ns, &info), -ENOENT);
	ck_assert(engine.freeze.on);
	check();
	ck_assert(freeze_end(&engine, now_ns));
	turn();
	ck_assert_uint_eq(served(), 99);
	check();
}
END_TEST

/* Enough garbage for a compaction, which copies what is served. */
START_TEST(compacted_while_frozen)
{
	struct publish_info info;
	struct publish_info compacted = {0};

	sync_all();
	uint64_t first = generation();
	for (uint32_t i = 0; i < 60000 && compacted.generation == 0; i++) {
		put(2 + i % 7);
		now_ns += NS_PER_S;
		engine_turn(&engine, now_ns, now_ns, true);
		publish_status(publisher, &info);
		if (info.garbage > UINT64_C(5) << 20)
			break;
	}
	ck_assert_int_eq(freeze_rollback(&engine, first, now_ns, now_ns, &info), 0);
	for (int i = 0; i < 10000 && compacted.generation == 0; i++) {
		now_ns += NS_PER_S;
		engine_idle(&engine, now_ns, now_ns, &compacted);
		put(20 + (unsigned)i % 100);
		engine_turn(&engine, now_ns, now_ns, true);
	}
	ck_assert_uint_ne(compacted.generation, 0);
	reader_refresh(&reader);
	ck_assert_uint_eq(reader_snap(&reader)->cause, CAUSE_COMPACT);
	ck_assert_uint_eq(served(), 1);
	check();
	ck_assert_int_eq(freeze_rollback(&engine, first, now_ns, now_ns, &info), -ENOENT);
	configure(60);
	turn();
	ck_assert_uint_eq(served(), 1);
	put(150);
	ck_assert(freeze_end(&engine, now_ns));
	turn();
	ck_assert_uint_eq(served(), 150);
	check();
}
END_TEST

/* A step of what is done while memory is short, and nothing is copied. */
static void reclaim_some(void)
{
	struct publish_info compacted;

	now_ns += 10 * NS_PER_S;
	publisher->short_of_room = true;
	publisher->shm_checked_ns = now_ns;
	publisher->compact_after_ns = UINT64_MAX;
	engine_idle(&engine, now_ns, now_ns, &compacted);
	ck_assert_uint_eq(compacted.generation, 0);
}

/* SH-02: pages were found to be garbage, and a rollback goes back to what they hold. */
START_TEST(reclaimed_around_a_rollback)
{
	struct publish_info info = {0};
	uint64_t middle = 0;

	sync_all();
	for (unsigned i = 0; info.garbage < UINT64_C(3) << 20; i++) {
		put(2 + i % 7);
		turn();
		if (i == 1000)
			middle = generation();
		publish_status(publisher, &info);
	}
	reclaim_some();
	ck_assert_ptr_nonnull(publisher->reclaim.used);
	ck_assert_int_eq(freeze_rollback(&engine, middle, now_ns, now_ns, &info), 0);
	for (int i = 0; i < 4; i++)
		reclaim_some();
	reader_refresh(&reader);
	ck_assert_uint_eq(served(), 2 + 1000 % 7);
	check();
}
END_TEST

/* The configuration and names of `hosts` are this line; NULL: there are none. */
static void configure_hosts(const char *line)
{
	struct addr own = {.len = 4, .octets = {10, 0, 0, 1}};
	struct conf c;

	conf_defaults(&c);
	if (line != NULL) {
		c.hosts.lines = mem_alloc(1, sizeof(*c.hosts.lines));
		c.hosts.lines[c.hosts.nlines++] = mem_dup(line, strlen(line));
	}
	engine_configure(&engine, &c, &own, 1, "test", now_ns, now_ns);
	if (line == NULL)
		return;
	struct hostset *s = hostset_new(&engine.conf.hosts, publish_key(publisher));
	hostset_add(s, line, strlen(line), NULL, NULL);
	hostset_finish(s);
	engine_hosts(&engine, s, now_ns, now_ns);
}

/* HO-02: names that "*" stands for are records as others. */
START_TEST(wildcards_of_hosts)
{
	struct publish_info info;
	const struct host_settings *set = &reader.settings.hosts;

	sync_all();
	configure_hosts("10.9.0.1 *.w.example");
	turn();
	ck_assert(set->on && set->wildcards);
	uint64_t first = generation();
	ck_assert_int_eq(freeze_begin(&engine, now_ns), 0);
	configure_hosts("10.9.0.1 w.example");
	turn();
	ck_assert_uint_eq(generation(), first + 1);
	ck_assert(set->on && set->wildcards);
	configure_hosts(NULL);
	turn();
	ck_assert_uint_eq(generation(), first + 2);
	ck_assert(set->on && set->wildcards);
	configure_hosts(NULL);
	ck_assert(freeze_end(&engine, now_ns));
	turn();
	ck_assert(!set->on && !set->wildcards);
	ck_assert_int_eq(freeze_rollback(&engine, first, now_ns, now_ns, &info), 0);
	reader_refresh(&reader);
	ck_assert(set->on && set->wildcards);
	check();
}
END_TEST

/* A publish fails after the settings were handed over: they are not compacted in. */
START_TEST(settings_of_a_publish_that_failed)
{
	sync_all();
	configure(60);
	ck_assert_int_eq(publish_settings(publisher, &engine.options.settings), 0);
	engine.apply.changes = 1;
	ck_assert_uint_ne(publisher->settings_number, reader.settings.number);
	ck_assert_int_eq(freeze_begin(&engine, now_ns), 0);
	ck_assert_uint_eq(publisher->settings_number, reader.settings.number);
	check();
	turn();
	ck_assert_uint_eq(reader.settings.ttl_s, 60);
	check();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("freeze");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, not_before_all_is_known);
	tcase_add_test(tc, frozen);
	tcase_add_test(tc, rolled_back);
	tcase_add_test(tc, compacted_while_frozen);
	tcase_add_test(tc, reclaimed_around_a_rollback);
	tcase_add_test(tc, wildcards_of_hosts);
	tcase_add_test(tc, settings_of_a_publish_that_failed);
	return run_case("freeze", tc);
}
