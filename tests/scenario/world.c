#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/kubejson.h"
#include "controller/kube/kubeyaml.h"
#include "controller/weightlist.h"

#define WALL_NS (UINT64_C(1700000000) * NS_PER_S) /* at the start of every world */

static uint64_t wall_ns(const struct world *w)
{
	return WALL_NS + (w->now_ns - w->start_ns);
}

/* ---- facts ---- */

static void on_published(void *arg, const struct engine_published *p)
{
	struct world *w = arg;

	w->publishes++;
	w->last = *p;
	w->last.object = NULL;
}

static void on_failed(void *arg, int error)
{
	struct world *w = arg;

	fprintf(stderr, "publish failed: %s\n", strerror(-error));
	w->failures++;
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	struct world *w = arg;

	(void)o;
	w->skipped[why]++;
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

/* ---- the engine and its time ---- */

/* Turn the engine as long as something is due now. Returns when it wants to be next. */
static uint64_t settle(struct world *w)
{
	uint64_t next = 0;

	for (int i = 0; i < 100; i++) {
		next = engine_turn(&w->engine, w->now_ns, wall_ns(w), true);
		if (next > w->now_ns)
			break;
	}
	return next;
}

void world_advance(struct world *w, uint64_t at_ns)
{
	uint64_t until = w->start_ns + at_ns;
	struct publish_info compacted;

	for (;;) {
		uint64_t next = settle(w);

		for (int i = 0; i < 50; i++) {
			if (engine_idle(&w->engine, w->now_ns, wall_ns(w), &compacted) >
				0)
				break;
			w->compactions += compacted.generation != 0;
		}
		if (next > until)
			break;
		w->now_ns = MAX(next, w->now_ns);
	}
	w->now_ns = MAX(w->now_ns, until);
	settle(w);
}

/* A millisecond passes with each batch: more than the least time between publishes. */
static void pass_time(struct world *w)
{
	world_advance(w, w->now_ns - w->start_ns + NS_PER_MS);
}

static void on_slice_object(void *arg, enum kube_change change, struct kube_object *o)
{
	struct world *w = arg;

	engine_event(&w->engine, change, o, w->now_ns);
	engine_turn(&w->engine, w->now_ns, wall_ns(w), false);
}

static void begin_engine(struct world *w)
{
	const struct snap *s;
	bool standing;

	if (publish_open(w->instance, &w->publisher) < 0) {
		perror("publish_open");
		exit(99);
	}
	reader_refresh(&w->reader);
	s = reader_snap(&w->reader);
	standing = s != NULL && (s->flags & ROOT_COMPLETE) != 0;
	engine_init(&w->engine, w->publisher, standing, &handlers, w);
	w->pods = podslices_new(on_slice_object, w);
}

void world_open(struct world *w)
{
	static unsigned count;

	memset(w, 0, sizeof(*w));
	snprintf(w->instance, sizeof(w->instance), "scn-%d-%u", (int)getpid(), count++);
	w->start_ns = w->now_ns = 1000 * NS_PER_S;
	reader_init(&w->reader, w->instance);
	w->upstream = upstream_new(&w->cache, w->now_ns);
	begin_engine(w);
}

static void end_engine(struct world *w)
{
	podslices_free(w->pods);
	engine_fini(&w->engine);
	publish_close(w->publisher);
}

/* The engine has forgotten them, or is gone. */
static void forget_zones(struct world *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->zones); i++) {
		zoneset_free(w->zones[i]);
		w->zones[i] = NULL;
	}
}

void world_close(struct world *w)
{
	end_engine(w);
	forget_zones(w);
	upstream_free(w->upstream);
	reader_fini(&w->reader);
	segment_remove_leftovers(w->instance);
	segment_lock_remove(w->instance);
}

void world_restart(struct world *w)
{
	end_engine(w);
	w->now_ns += NS_PER_S;
	begin_engine(w);
}

/* ---- configuration and objects ---- */

/*
 * conf_read() takes files, so the text becomes one. Objects do not come from files here,
 * but a source has to be named; and nobody is asked unless the text says who.
 */
static bool write_file(const char *path, const char *text)
{
	static const char group[] = "kubernetes = {";
	static const char source[] = " source = \"files\"; path = \"/nonexistent\"; ";
	FILE *f = fopen(path, "w");
	const char *at = strstr(text, group);
	size_t head = at == NULL ? 0 : (size_t)(at - text) + strlen(group);
	bool ok = f != NULL;

	if (ok && at == NULL)
		ok = fprintf(f, "%s%s};", group, source) > 0;
	ok = ok && fprintf(f, "%.*s%s%s", (int)head, text, at == NULL ? "" : source,
			   text + head) > 0;
	if (ok && strstr(text, "forward =") == NULL)
		ok = fputs("\nforward = ();\n", f) >= 0;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	return ok;
}

static void use_weights(struct world *w)
{
	if (w->engine.conf.loadbalance.policy == CONF_ROTATION_WEIGHTED)
		engine_weights(&w->engine, &w->weights, w->now_ns, wall_ns(w));
}

/* `text` is that of the file; the lines of the configuration join it. */
static void use_hosts(struct world *w, const char *text)
{
	const struct conf_hosts *c = &w->engine.conf.hosts;
	struct hostset *set;

	if (!engine_wants_hosts(&w->engine))
		return;
	set = hostset_new(c, publish_key(w->publisher));
	hostset_add(set, text, strlen(text), NULL, NULL);
	for (size_t i = 0; i < c->nlines; i++)
		hostset_add_line(set, c->lines[i]);
	hostset_finish(set);
	engine_hosts(&w->engine, set, w->now_ns, wall_ns(w));
}

void world_hosts(struct world *w, const char *text)
{
	use_hosts(w, text);
	pass_time(w);
}

bool world_config(struct world *w, const char *text)
{
	char dir[] = "/tmp/shmdns-scn-XXXXXX", path[64], *which = NULL;
	struct conf_bundle bundle = {0};
	struct conf_report report = {0};
	struct conf conf;
	bool ok;

	if (mkdtemp(dir) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/c", dir);
	ok = write_file(path, text) && conf_read(path, &bundle, &which) == 0;
	unlink(path);
	rmdir(dir);
	if (ok)
		ok = conf_parse(bundle.data, bundle.len, &conf, &report) == 0;
	if (!ok)
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
	free(which);
	if (!ok)
		return false;
	engine_configure(&w->engine, &conf, NULL, 0, "scenario", w->now_ns, wall_ns(w));
	forget_zones(w);
	use_weights(w);
	use_hosts(w, "");
	pass_time(w);
	return true;
}

static const char *no_include(void *arg, const char *from, const char *target, size_t len,
	struct zoneparse_text *out)
{
	(void)arg;
	(void)from;
	(void)target;
	(void)len;
	(void)out;
	return "is not followed here";
}

bool world_zone(struct world *w, const char *name, const char *text)
{
	const struct zoneparse_text source = {name, text, strlen(text)};
	struct zoneparse_fault fault = {.why = "is no zone of the configuration"};
	const struct conf *c = &w->engine.conf;
	struct zoneset *set = NULL;
	struct name n;
	size_t i = 0;

	if (name_parse(name, &n) < 0)
		return false;
	while (i < c->nzone &&
		!name_equal(n.wire, n.len, c->zone[i].name.wire, c->zone[i].name.len))
		i++;
	if (i < c->nzone)
		set = zoneset_read(&c->zone[i].name, &source, no_include, NULL, &fault);
	if (set == NULL) {
		fprintf(stderr, "%s:%u:%u: %s\n", name, fault.line, fault.column,
			fault.why);
		return false;
	}
	engine_zone(&w->engine, i, set, w->now_ns);
	zoneset_free(w->zones[i]);
	w->zones[i] = set;
	pass_time(w);
	return true;
}

bool world_weights(struct world *w, const char *text)
{
	struct weightlist_error e;

	if (weightlist_parse(
		    text, strlen(text), publish_key(w->publisher), &w->weights, &e) < 0) {
		fprintf(stderr, "weights:%u:%u: %s\n", e.line, e.column, e.text);
		return false;
	}
	use_weights(w);
	pass_time(w);
	return true;
}

struct batch {
	struct world *w;
	bool deleted;
};

static void on_object(void *arg, struct kube_object *o)
{
	struct batch *b = arg;

	podslices_event(b->w->pods, b->deleted ? KUBE_DELETED : KUBE_ADDED, o);
}

static void end_batch(struct world *w)
{
	podslices_batch_end(w->pods);
	pass_time(w);
}

bool world_apply(struct world *w, const char *text, size_t len, bool deleted)
{
	struct batch batch = {.w = w, .deleted = deleted};
	struct kube_error error = {0};
	const uint8_t *octets = (const void *)text;
	int ret;

	if (len > 0 && text[0] == '{') {
		struct kubejson *j = kubejson_new(on_object, &batch);

		ret = kubejson_feed(j, octets, len, &error);
		if (ret == 0)
			ret = kubejson_end(j, &error);
		kubejson_free(j);
	} else {
		ret = kubeyaml_parse(octets, len, on_object, &batch, &error);
	}
	end_batch(w);
	if (ret < 0)
		fprintf(stderr, "objects:%u:%u: %s\n", error.line, error.column,
			error.text);
	return ret == 0;
}

void world_delete(
	struct world *w, enum kube_kind kind, const char *namespace_, const char *name)
{
	struct kube_object o = {.kind = kind,
		.namespace = kube_text(namespace_, strlen(namespace_)),
		.name = kube_text(name, strlen(name)),
		.resource_version = kube_text("", 0)};

	podslices_event(w->pods, KUBE_DELETED, &o);
	kube_object_fini(&o);
	end_batch(w);
}

void world_synced(struct world *w)
{
	engine_synced(&w->engine, w->now_ns);
	pass_time(w);
}

/* ---- questions ---- */

union address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* IPv6 as it stands, v4-mapped addresses too: a wildcard socket shows them so. */
static bool parse_address(const char *text, union address *out)
{
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(out->sa.sa_family, text,
		       out->sa.sa_family == AF_INET ? (void *)&out->v4.sin_addr
						    : (void *)&out->v6.sin6_addr) == 1;
}

/* answer() as a worker calls it now, or nothing if there is no snapshot. */
static enum verdict run(struct world *w, bool first)
{
	struct basis basis = {.now_ns = w->now_ns,
		.settings = &w->reader.settings,
		.caches = &w->cache,
		.ncaches = 1};

	reader_refresh(&w->reader);
	basis.snap = reader_snap(&w->reader);
	if (basis.snap == NULL)
		return VERDICT_DROP;
	if (first && !admit(&basis, &w->packet, NULL))
		return VERDICT_REPLY;
	return answer(&basis, &w->packet);
}

/* Nothing comes: until stale answers are allowed, then until it is over (FP-04). */
static void wait_on(struct world *w)
{
	const struct forward_settings *f = &w->reader.settings.forward;
	uint64_t at_ns = w->packet.arrival_ns - w->start_ns;

	if (w->packet.wait == WAIT_ASK) {
		w->packet.wait = WAIT_STALE;
		at_ns += f->cache.stale_timeout_ms * NS_PER_MS;
	} else {
		w->packet.wait = WAIT_OVER;
		at_ns += f->deadline_ms * NS_PER_MS;
	}
	world_advance(w, at_ns);
}

/* What the query needs comes, or does not. False: nobody knows. */
static bool settle_need(struct world *w)
{
	switch (upstream_ask(w->upstream, &w->packet.need[0], &w->reader.settings,
		w->now_ns + NS_PER_MS / 2)) {
	case UPSTREAM_STORED:
		pass_time(w);
		return true;
	case UPSTREAM_SILENT:
		wait_on(w);
		return true;
	case UPSTREAM_UNKNOWN:
		break;
	}
	return false;
}

bool world_ask(
	struct world *w, const uint8_t *query, size_t len, const struct asker *from)
{
	union address address;
	enum verdict v;

	w->packet = (struct packet){.buf = w->reply,
		.cap = sizeof(w->reply),
		.len = len,
		.arrival_ns = w->now_ns,
		.turn = from->turn,
		.tcp = from->tcp};
	if (from->address != NULL) {
		if (!parse_address(from->address, &address))
			return false;
		w->packet.client = &address.sa;
	}
	memcpy(w->reply, query, len);
	w->reply_len = 0;
	v = run(w, true);
	for (int i = 0; v == VERDICT_NEED && i < 16; i++) {
		if (!settle_need(w))
			return false;
		v = run(w, false);
	}
	if ((w->packet.facts & PACKET_REFRESH) != 0 && v == VERDICT_REPLY)
		settle_need(w);
	w->reply_len = v == VERDICT_REPLY ? w->packet.reply_len : 0;
	return true;
}
