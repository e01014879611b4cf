/*
 * test_dated.c - changes that are dated, for metrics: by their objects (RB-31, MS-11,
 * CM-47), and when they came in (MS-12)
 */
#include <stdio.h>
#include <unistd.h>

#include "controller/engine.h"
#include "objects.h"
#include "snap/segment.h"

static char instance[LAYOUT_INSTANCE_MAX];
static struct publisher *publisher;
static struct engine engine;
static uint64_t published;
static uint64_t event_ns;             /* of the last generation */
static struct engine_trigger trigger; /* the first of the last generation */
static size_t ntriggers;              /* of it */

static void on_published(void *arg, const struct engine_published *p)
{
	(void)arg;
	published++;
	ntriggers = p->ntriggers;
	event_ns = p->event_ns;
	if (p->ntriggers > 0)
		trigger = p->triggers[0];
}

static void on_failed(void *arg, int error)
{
	(void)arg;
	ck_abort_msg("not published: %d", error);
}

static void on_held(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns)
{
	(void)arg;
	ck_abort_msg("held: %llu of %llu for %llu", (unsigned long long)names,
		(unsigned long long)before, (unsigned long long)hold_ns);
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	(void)arg;
	(void)o;
	ck_abort_msg("skipped: %d", (int)why);
}

static const struct engine_handlers handlers = {
	on_published, on_failed, on_held, on_skipped, NULL};

static void setup(void)
{
	struct addr own = {.len = 4, .octets = {10, 0, 0, 1}};
	struct conf c;

	snprintf(instance, sizeof(instance), "td%d", (int)getpid());
	ck_assert_int_eq(publish_open(instance, &publisher), 0);
	engine_init(&engine, publisher, false, &handlers, NULL);
	conf_defaults(&c);
	engine_configure(&engine, &c, &own, 1, "test", NS_PER_S, 1);
}

static void teardown(void)
{
	engine_fini(&engine);
	publish_close(publisher);
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

static void give(const char *yaml, uint64_t now_ns)
{
	struct kube_object o = object(yaml);

	engine_event(&engine, KUBE_MODIFIED, &o, now_ns);
	kube_object_fini(&o);
	engine_turn(&engine, now_ns + 100 * NS_PER_MS, now_ns, true);
}

static void give_slice(const char *address, const char *date, uint64_t now_ns)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml),
		"kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\n"
		"metadata: {name: e0, namespace: n0, "
		"labels: {kubernetes.io/service-name: s0}, annotations: "
		"{endpoints.kubernetes.io/last-change-trigger-time: '%s'}}\n"
		"addressType: IPv4\nports: []\nendpoints: [{addresses: [%s]}]\n",
		date, address);
	give(yaml, now_ns);
}

/* Once for each change; not by the first list; a date alone is no change. */
START_TEST(changes)
{
	give("kind: Namespace\napiVersion: v1\nmetadata: {name: n0}\n", 2 * NS_PER_S);
	give("kind: Service\napiVersion: v1\nmetadata: {name: s0, namespace: n0}\n"
	     "spec: {clusterIP: None, clusterIPs: [None]}\n",
		2 * NS_PER_S);
	give_slice("10.0.0.5", "1970-01-01T00:00:07Z", 2 * NS_PER_S);
	engine_synced(&engine, 3 * NS_PER_S);
	engine_turn(&engine, 4 * NS_PER_S, 4 * NS_PER_S, true);
	ck_assert_uint_eq(ntriggers, 0);
	ck_assert_uint_eq(event_ns, 0); /* a list that is read is no change (MS-12) */
	give_slice("10.0.0.6", "1970-01-01T00:00:08Z", 5 * NS_PER_S);
	ck_assert_uint_eq(ntriggers, 1);
	ck_assert_uint_eq(trigger.wall_ns, 8 * NS_PER_S);
	ck_assert(trigger.headless);
	ck_assert_uint_eq(event_ns, 5 * NS_PER_S);
	give_slice("10.0.0.7", "yesterday", 6 * NS_PER_S);
	ck_assert_uint_eq(ntriggers, 0);

	uint64_t before = published;
	give_slice("10.0.0.7", "1970-01-01T00:00:09Z", 7 * NS_PER_S);
	ck_assert_uint_eq(published, before);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dated");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changes);
	return run_case("dated", tc);
}
