/*
 * test_history.c - walking back from root to root, and what differs between two of them
 *
 * Rows: OV-07. Generations are published as the controller does it.
 */
#include "snap/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/publish/publish.h"
#include "ctl/changes.h"
#include "dns/type.h"
#include "snap/reader.h"
#include "snap/segment.h"
#include "support.h"

static struct publisher *publisher;
static struct reader reader;
static char instance[LAYOUT_INSTANCE_MAX];

static void setup(void)
{
	static struct settings s = {
		.number = 1, .ttl_s = 30, .max_udp = 1232, .nzones = 1};

	s.zones[0].kind = ZONE_FORWARD;
	ck_assert_int_eq(name_parse("test.", &s.zones[0].name), 0);
	snprintf(instance, sizeof(instance), "th%d", (int)getpid());
	ck_assert_int_eq(publish_open(instance, &publisher), 0);
	ck_assert_int_eq(publish_settings(publisher, &s), 0);
	reader_init(&reader, instance);
}

static void teardown(void)
{
	reader_fini(&reader);
	publish_close(publisher);
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

/* `text` has the address 10.0.0.`last`; 0: it has none. */
static void put(const char *text, uint8_t last)
{
	const uint8_t octets[4] = {10, 0, 0, last};
	struct node_builder b = {0};
	struct name name;
	size_t len;

	ck_assert_int_eq(name_parse(text, &name), 0);
	struct hash128 h = hash_name(publish_key(publisher), name.wire, name.len);
	node_begin(&b, &name, 0, 0);
	if (last != 0)
		node_add_addrs(&b, TYPE_A, 30, octets, 1, false);
	const uint8_t *node = node_finish(&b, &len);
	ck_assert_int_eq(publish_put(publisher, &h, node, len, 0), 0);
	node_builder_fini(&b);
}

static void drop(const char *text)
{
	struct name name;

	ck_assert_int_eq(name_parse(text, &name), 0);
	struct hash128 h = hash_name(publish_key(publisher), name.wire, name.len);
	ck_assert_int_eq(publish_remove(publisher, &h, name.wire, name.len), 0);
}

static uint64_t commit(void)
{
	struct publish_info info;

	ck_assert_int_eq(
		publish_commit(publisher, CAUSE_OBJECTS, true, true, NS_PER_S, &info), 0);
	return info.generation;
}

static struct snap now(void)
{
	reader_refresh(&reader);
	ck_assert_ptr_nonnull(reader_snap(&reader));
	return *reader_snap(&reader);
}

START_TEST(walks_to_the_beginning)
{
	uint64_t first, last = 0;
	struct snap s, found;

	put("a.test.", 1);
	first = commit();
	for (uint8_t i = 2; i < 40; i++) {
		put("a.test.", i);
		last = commit();
	}
	s = now();
	for (uint64_t g = last; g >= first; g--) {
		ck_assert_int_eq(history_find(&s, g, &found), 0);
		ck_assert_uint_eq(found.generation, g);
		ck_assert(history_whole(&found));
	}
	ck_assert_int_eq(history_find(&s, last + 1, &found), -ENOENT);
	ck_assert_int_eq(history_find(&s, first - 1, &found), -ENOENT);
	ck_assert_int_eq(history_find(&s, first, &found), 0);
	ck_assert_int_eq(history_previous(&found, &found), -ENOENT);
}
END_TEST

/* Links that do not lead to an older root end the walk. */
START_TEST(damage_ends_it)
{
	struct snap s, out;

	put("a.test.", 1);
	commit();
	put("a.test.", 2);
	commit();
	s = now();
	const uint32_t links[] = {1, s.root, s.root + 1, UINT32_MAX, s.previous + 1};
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		struct snap bad = s;

		bad.previous = links[i];
		ck_assert_int_eq(history_previous(&bad, &out), -EBADMSG);
	}
	struct snap stale = s;
	stale.generation = 1; /* what is before it is not older */
	ck_assert_int_eq(history_previous(&stale, &out), -EBADMSG);
}
END_TEST

struct seen {
	char text[512];
	size_t len;
};

static void on_name(void *arg, const struct change *c)
{
	const struct node_view *v = c->after != NULL ? c->after : c->before;
	struct seen *s = arg;
	char name[NAME_TEXT_MAX];

	name_text(v->name, v->head->name_len, name, sizeof(name));
	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len,
		"%s %s>%s;", name, c->was->n > 0 ? c->was->line[0] : "",
		c->is->n > 0 ? c->is->line[0] : "");
}

START_TEST(says_what_differs)
{
	struct changes c;
	struct seen seen = {0};
	struct snap before, after;

	put("same.test.", 1);
	put("changed.test.", 1);
	put("gone.test.", 1);
	uint64_t first = commit();
	put("changed.test.", 2);
	put("new.test.", 3);
	put("bare.test.", 0);
	drop("gone.test.");
	commit();
	after = now();
	ck_assert_int_eq(history_find(&after, first, &before), 0);
	ck_assert_int_eq(changes_between(&before, &after, on_name, &seen, &c), 0);
	ck_assert_str_eq(seen.text, "bare.test. >;"
				    "changed.test. 30 A 10.0.0.1>30 A 10.0.0.2;"
				    "gone.test. 30 A 10.0.0.1>;"
				    "new.test. >30 A 10.0.0.3;");
	ck_assert_uint_eq(c.added, 2);
	ck_assert_uint_eq(c.removed, 1);
	ck_assert_uint_eq(c.changed, 1);
	ck_assert_uint_eq(c.damaged, 0);
}
END_TEST

/* The same records in other octets are no difference. */
START_TEST(built_anew_is_no_change)
{
	struct changes c;
	struct snap before, after;

	put("a.test.", 1);
	put("b.test.", 2);
	uint64_t first = commit();
	publish_bulk(publisher);
	put("b.test.", 2);
	put("a.test.", 1);
	commit();
	after = now();
	ck_assert_int_eq(history_find(&after, first, &before), 0);
	ck_assert_int_eq(changes_between(&before, &after, NULL, NULL, &c), 0);
	ck_assert_uint_eq(c.added + c.removed + c.changed + c.empty, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, walks_to_the_beginning);
	tcase_add_test(tc, damage_ends_it);
	tcase_add_test(tc, says_what_differs);
	tcase_add_test(tc, built_anew_is_no_change);
	return run_case("history", tc);
}
