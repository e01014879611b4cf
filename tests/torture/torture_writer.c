/*
 * torture_writer.c - publishes versions of the model as fast as it can, until killed
 *
 * torture_writer INSTANCE NAMES: goes on from the version that its predecessor published
 * last, with a full build, then one commit for each version, with idle work (compaction,
 * audit) in between, some of it between the puts and the commit. Exit 1: something failed
 * that should not have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "controller/publish/publish.h"
#include "dns/type.h"
#include "model.h"
#include "snap/reader.h"

struct writer {
	struct publisher *p;
	uint32_t names;
	uint32_t version; /* published last */
	struct node_builder node;
	struct body_builder body;
};

static void fail(const char *what, int ret)
{
	fprintf(stderr, "torture_writer: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static void must(const char *what, int ret)
{
	if (ret < 0)
		fail(what, ret);
}

/* Version that readers see now; 0: nothing was ever published. */
static uint32_t find_version(const char *instance)
{
	struct reader r;
	struct name name;
	struct node_view v;
	struct rrset rrset;
	uint32_t version = 0;
	bool damaged = false;

	reader_init(&r, instance);
	model_version_name(&name);
	if (reader_refresh(&r)) {
		const struct snap *s = reader_snap(&r);
		struct hash128 h = hash_name(&s->key, name.wire, name.len);
		if (snap_find(s, &h, name.wire, name.len, &v) != LOOKUP_FOUND ||
			!node_rrset(&v, TYPE_A, &rrset, &damaged))
			fail("the predecessor's version", -EBADMSG);
		version = load_u32(rrset.data);
	}
	reader_fini(&r);
	return version;
}

static void put_plain(struct writer *w, const struct name *name, uint32_t value)
{
	struct hash128 h = hash_name(publish_key(w->p), name->wire, name->len);
	uint8_t octets[4];
	size_t len;

	store_u32(octets, value);
	node_begin(&w->node, name, 0, NODE_ALWAYS);
	node_add_addrs(&w->node, TYPE_A, 5, octets, 1, false);
	const uint8_t *node = node_finish(&w->node, &len);
	must("put", publish_put(w->p, &h, node, len, 0));
}

static void put_with_body(struct writer *w, const struct name *name, uint32_t value)
{
	struct hash128 h = hash_name(publish_key(w->p), name->wire, name->len);
	uint8_t octets[4 * MODEL_BODY];
	uint32_t ref, offset;
	size_t len;

	for (size_t i = 0; i < MODEL_BODY; i++)
		store_u32(octets + 4 * i, value);
	body_reset(&w->body);
	offset = body_addrs(&w->body, octets, MODEL_BODY, 4);
	const uint8_t *body = body_finish(&w->body, &len);
	must("body", publish_body(w->p, body, len, &ref));
	node_begin(&w->node, name, 0, NODE_ALWAYS | NODE_OWNS_BODY);
	node_add_body_addrs(&w->node, TYPE_A, 5, offset, MODEL_BODY, false);
	const uint8_t *node = node_finish(&w->node, &len);
	must("put", publish_put(w->p, &h, node, len, ref));
}

static void put_name(struct writer *w, uint32_t i, uint32_t version)
{
	struct name name;

	model_name(i, &name);
	if (model_has_body(i))
		put_with_body(w, &name, model_changed(i, version));
	else
		put_plain(w, &name, model_changed(i, version));
}

static void remove_name(struct writer *w, uint32_t i)
{
	struct name name;

	model_name(i, &name);
	struct hash128 h = hash_name(publish_key(w->p), name.wire, name.len);
	int ret = publish_remove(w->p, &h, name.wire, name.len);
	must("remove", ret == -ENOENT ? 0 : ret);
}

/* Bring client i to its place; one that is not known need not have been there. */
static void put_client(struct writer *w, uint32_t i, uint32_t version)
{
	struct addr a = model_client(i);
	uint32_t place = model_place(i, version);
	int ret = publish_client(w->p, &a, &(struct client){.place = place});

	must("client", place == PLACE_UNKNOWN && ret == -ENOENT ? 0 : ret);
}

static void put_settings(struct writer *w, uint32_t version)
{
	static struct settings s;

	if (s.ttl_s == model_ttl(version))
		return;
	s = (struct settings){.number = 1 + version / 8,
		.ttl_s = model_ttl(version),
		.negative_ttl_s = 5,
		.max_udp = 1232,
		.nzones = 1};
	must("zone", name_parse("torture.", &s.zones[0].name));
	s.zones[0].kind = ZONE_FORWARD;
	s.zones[0].labels = 1;
	must("settings", publish_settings(w->p, &s));
}

/* One step of idle work. */
static void idle(struct writer *w)
{
	struct publish_info info;
	bool damaged;

	publish_idle(w->p, clock_mono_ns(), clock_wall_ns(), &info, &damaged);
	if (damaged)
		fail("audit", -EBADMSG);
}

static void commit(struct writer *w, uint32_t version)
{
	struct publish_info info;
	struct name name;

	model_version_name(&name);
	put_plain(w, &name, version);
	put_settings(w, version);
	must("commit",
		publish_commit(w->p, CAUSE_OBJECTS, true, true, clock_wall_ns(), &info));
	w->version = version;
}

static void build_all(struct writer *w, uint32_t version)
{
	publish_bulk(w->p);
	for (uint32_t i = 0; i < w->names; i++) {
		if (!model_exists(i, version))
			continue;
		put_name(w, i, version);
		put_client(w, i, version);
	}
	commit(w, version);
}

static void build_changed(struct writer *w, uint32_t version)
{
	for (uint32_t i = 0; i < w->names; i++) {
		if (model_changed(i, version) != version)
			continue;
		if (model_exists(i, version))
			put_name(w, i, version);
		else
			remove_name(w, i);
		put_client(w, i, version);
		if (i % 512 == 0)
			idle(w);
	}
	commit(w, version);
}

int main(int argc, char **argv)
{
	struct writer w = {.p = NULL};
	int ret;

	if (argc != 3)
		return 2;
	w.names = (uint32_t)strtoul(argv[2], NULL, 10);
	/* The predecessor was killed: its lock goes when the kernel has ended it. */
	while ((ret = publish_open(argv[1], &w.p)) == -EBUSY)
		usleep(1000);
	must("open", ret);
	w.version = find_version(argv[1]);
	build_all(&w, w.version + 1);
	for (;;) {
		for (int i = 0; i < 8; i++)
			idle(&w);
		build_changed(&w, w.version + 1);
	}
}
