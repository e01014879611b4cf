#include "controller/engine.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/guard.h"
#include "controller/records/parts.h"
#include "dns/rev.h"
#include "dns/type.h"

#define MAX_DROP_LEAST 100 /* objects that may always go (WP-90) */
#define GUARD_EVERY_NS (5 * NS_PER_S)
#define LARGE_WAIT_NS  (20 * NS_PER_MS) /* between two publishes of a large RRset */

void engine_init(struct engine *e, struct publisher *p, bool standing,
	const struct engine_handlers *handlers, void *arg)
{
	*e = (struct engine){
		.publisher = p, .standing = standing, .handlers = handlers, .arg = arg};
	e->store = store_new(publish_key(p));
	apply_init(&e->apply, p);
}

void engine_fini(struct engine *e)
{
	store_free(e->store);
	apply_fini(&e->apply);
	hostset_free(e->hosts);
	selector_fini(&e->namespace_labels);
	selector_fini(&e->labels);
	if (e->configured)
		conf_fini(&e->conf);
	*e = (struct engine){0};
}

void engine_guard(struct engine *e, uint64_t names)
{
	e->guard_names = names;
}

/* ---- configuration ---- */

/* conf_parse() has checked the syntax; "" matches everything. */
static void set_selector(struct selector *s, const char *text)
{
	const char *why;
	size_t at;

	selector_fini(s);
	*s = (struct selector){0};
	if (selector_parse(text, s, &at, &why) < 0)
		*s = (struct selector){0};
}

bool engine_wants_hosts(const struct engine *e)
{
	return e->conf.hosts.file[0] != '\0' || e->conf.hosts.nlines > 0;
}

static void configure_store(struct engine *e)
{
	const struct conf_kubernetes *k = &e->conf.kubernetes;
	struct store_options o = {
		.namespaces = k->namespaces,
		.nnamespaces = k->nnamespaces,
		.namespace_labels = &e->namespace_labels,
		.labels = &e->labels,
		.own = e->options.settings.own,
		.nown = e->options.settings.nown,
		.apexes = e->options.apexes,
		.napexes = e->options.napexes,
		.nzones = e->options.settings.nzones,
		.nfiles = e->options.settings.nzones - e->options.first_file,
		.noendpoints = k->noendpoints,
		.first_address_only = k->first_address_only,
		.serving_fallback = k->serving_fallback,
		.topology = e->options.topology != CONF_TOPOLOGY_NONE,
		.hosts = engine_wants_hosts(e),
	};

	store_configure(e->store, &o);
}

static void set_flush(struct engine *e)
{
	struct forward_settings *f = &e->options.settings.forward;

	memcpy(f->flush, e->flush, sizeof(e->flush));
	f->nflush = e->nflush;
}

void engine_configure(struct engine *e, struct conf *c, const struct addr *own,
	size_t nown, const char *hostname, uint64_t now_ns, uint64_t wall_ns)
{
	struct conf old = e->conf;
	bool had = e->configured;

	e->conf = *c;
	*c = (struct conf){0};
	set_selector(&e->namespace_labels, e->conf.kubernetes.namespace_labels);
	set_selector(&e->labels, e->conf.kubernetes.labels);
	uint64_t number = e->options.settings.number;
	options_from_conf(&e->conf, own, nown, hostname, &e->options);
	set_flush(e);
	e->options.settings.number = MAX(wall_ns, number + 1);
	hostset_free(e->hosts);
	e->hosts = NULL;
	configure_store(e);
	if (had)
		conf_fini(&old);
	e->configured = true;
	e->settings_due = true;
	e->rebuild = true;
	debounce_touch(&e->debounce, now_ns);
}

/* Settings changed that no record depends on. */
static uint64_t renumber(struct engine *e, uint64_t now_ns, uint64_t wall_ns)
{
	struct settings *s = &e->options.settings;

	s->number = MAX(wall_ns, s->number + 1);
	e->settings_due = true;
	debounce_touch(&e->debounce, now_ns);
	return s->number;
}

void engine_weights(
	struct engine *e, const struct weights *w, uint64_t now_ns, uint64_t wall_ns)
{
	e->options.settings.weights = *w;
	renumber(e, now_ns, wall_ns);
}

void engine_forward(struct engine *e, const struct forwardset_file *files, size_t n,
	uint64_t now_ns, uint64_t wall_ns)
{
	forwardset_from_conf(&e->conf, files, n, &e->options.settings.forward);
	set_flush(e);
	renumber(e, now_ns, wall_ns);
}

/* ---- hosts ---- */

/*
 * Mark who else may have had, or may get, the names that are in `a` alone: an address its
 * reverse name; for other names in our zones all are asked, which is rare.
 */
static void mark_others(
	struct engine *e, const struct hostset *a, const struct hostset *b)
{
	bool all = false;

	for (size_t i = 0; a != NULL && i < a->n && !all; i = hostset_next(a, i)) {
		const struct host *h = &a->hosts[i];

		if (hostset_has(b, &h->hash))
			continue;
		if (h->type != TYPE_PTR) {
			all = settings_zone(&e->options.settings, hostset_name(a, h),
				      h->name_len) >= 0;
			continue;
		}
		struct address_record *r = store_find_address(e->store, &h->addr);
		if (r != NULL)
			store_mark(e->store, &r->owner);
	}
	if (all)
		store_mark_all(e->store);
}

void engine_hosts(
	struct engine *e, struct hostset *hosts, uint64_t now_ns, uint64_t wall_ns)
{
	struct settings *s = &e->options.settings;
	struct hostset *old = e->hosts;

	e->hosts = hosts;
	e->options.hosts = hosts;
	if (s->hosts.wildcards != hosts->wildcards) {
		s->hosts.wildcards = hosts->wildcards;
		renumber(e, now_ns, wall_ns);
	}
	if (!e->rebuild) {
		mark_others(e, old, hosts);
		mark_others(e, hosts, old);
	}
	hostset_free(old);
	store_mark_hosts(e->store);
	e->others_due = true;
	debounce_touch(&e->debounce, now_ns);
}

/* ---- zones from files ---- */

/* Addresses of the cluster that the file has, too: they derive these names (FT-04). */
static void mark_addresses(struct engine *e, const struct zoneset *set)
{
	if (set == NULL || !parts_cluster_reverse(&e->options, &set->apex))
		return;
	for (size_t i = 0; i < set->nnames; i++) {
		const struct zoneset_name *n = &set->names[i];
		struct address_record *r = NULL;
		struct addr addr;

		if (rev_parse(zoneset_octets(set, n->name), n->len, &addr))
			r = store_find_address(e->store, &addr);
		if (r != NULL)
			store_mark(e->store, &r->owner);
	}
}

void engine_zones(struct engine *e, const struct file_zone *zones, size_t n,
	uint64_t now_ns, uint64_t wall_ns)
{
	if (!options_files(&e->options, zones, n))
		return;
	configure_store(e);
	e->rebuild = true;
	renumber(e, now_ns, wall_ns);
}

void engine_zone(struct engine *e, size_t i, const struct zoneset *set, uint64_t now_ns)
{
	const struct settings *s = &e->options.settings;
	size_t zone = e->options.first_file + i;
	char cause[STORE_CAUSE_MAX], text[NAME_TEXT_MAX];
	const struct name *n;

	if (zone >= s->nzones || e->options.files[zone] == set)
		return;
	mark_addresses(e, e->options.files[zone]);
	mark_addresses(e, set);
	e->options.files[zone] = set;
	n = &s->zones[zone].name;
	name_text(n->wire, n->len, text, sizeof(text));
	snprintf(cause, sizeof(cause), "zone %.150s", text);
	/* Zones right below it have their DS from here (FE-61). */
	for (unsigned k = 0; k < s->nzones; k++)
		if (name_under(
			    s->zones[k].name.wire, s->zones[k].name.len, n->wire, n->len))
			store_mark_file(e->store, k, cause);
	e->others_due = true;
	debounce_touch(&e->debounce, now_ns);
}

/* Room for one more. A forwarder may not have heard of the oldest yet. */
static void make_room(struct engine *e)
{
	if (e->nflush < FORWARD_FLUSH_MAX)
		return;
	e->flush[1] = forward_join(&e->flush[0], &e->flush[1]);
	memmove(&e->flush[0], &e->flush[1], --e->nflush * sizeof(e->flush[0]));
}

uint64_t engine_flush(struct engine *e, const struct name *name, bool below,
	uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t at_ns = now_ns;

	if (e->nflush > 0)
		at_ns = MAX(at_ns, e->flush[e->nflush - 1].at_ns + 1);
	make_room(e);
	e->flush[e->nflush++] = (struct forward_flush){
		.at_ns = at_ns, .below = below, .name = *name};
	set_flush(e);
	return renumber(e, now_ns, wall_ns);
}

/* ---- events ---- */

/*
 * What is dated in an object, for metrics; false: nothing. The first list is no change,
 * and files have the dates of long ago.
 */
static bool dated(
	const struct engine *e, const struct kube_object *o, struct engine_trigger *out)
{
	const struct service_record *service;

	if (o->kind != KUBE_SLICE || o->u.slice.trigger_s == 0 || !e->complete ||
		e->conf.kubernetes.source != CONF_SOURCE_API)
		return false;
	service = store_find_service(e->store, o->namespace, o->u.slice.service);
	if (service == NULL || service->object == NULL)
		return false;
	*out = (struct engine_trigger){
		.wall_ns = o->u.slice.trigger_s * NS_PER_S,
		.headless = service->object->u.service.headless,
	};
	return true;
}

bool engine_event(
	struct engine *e, enum kube_change change, struct kube_object *o, uint64_t now_ns)
{
	struct engine_trigger trigger;
	bool has_trigger = dated(e, o, &trigger);

	if (!store_apply(e->store, change, o, now_ns))
		return false;
	if (has_trigger && e->ntriggers < ENGINE_TRIGGERS_MAX)
		e->triggers[e->ntriggers++] = trigger;
	debounce_touch(&e->debounce, now_ns);
	return true;
}

uint32_t engine_pass_begin(struct engine *e)
{
	return store_pass_begin(e->store);
}

void engine_seen(struct engine *e, const struct kube_object *o)
{
	store_seen(e->store, o->kind, o->namespace, o->name);
}

const char *engine_version(const struct engine *e, const struct kube_object *o)
{
	return store_version(e->store, o->kind, o->namespace, o->name);
}

void engine_imply_namespaces(struct engine *e, bool implied, uint64_t now_ns)
{
	if (store_imply_namespaces(e->store, implied))
		debounce_touch(&e->debounce, now_ns);
}

/* WP-90: so many less, of so many. Whoever has few may lose them all. */
static bool too_many(const struct engine *e, uint64_t n, uint64_t total)
{
	return n > MAX_DROP_LEAST && n * 100 > total * e->conf.publish.max_drop;
}

size_t engine_pass_end(struct engine *e, enum kube_kind kind, const char *namespace_,
	uint32_t pass, bool force, uint64_t now_ns, size_t *removed)
{
	size_t total, n = store_unseen(e->store, kind, namespace_, pass, &total);

	*removed = 0;
	if (!force && too_many(e, n, total))
		return n;
	if (store_sweep(e->store, kind, namespace_, pass, now_ns))
		debounce_touch(&e->debounce, now_ns);
	*removed = n;
	return 0;
}

void engine_synced(struct engine *e, uint64_t now_ns)
{
	if (e->complete)
		return;
	e->complete = true;
	e->rebuild = true;
	store_synced(e->store);
	debounce_touch(&e->debounce, now_ns);
}

/* ---- publishing ---- */

static void report_skipped(struct engine *e, struct owner *o)
{
	uint8_t fresh = (uint8_t)(e->apply.draft.skipped & ~o->skipped);

	o->skipped = e->apply.draft.skipped;
	for (unsigned i = 0; i < SKIPS; i++)
		if ((fresh & 1u << i) != 0)
			e->handlers->on_skipped(e->arg, o, (enum skip_reason)i);
}

/* AC-07: once for as long as the namespace is there. */
static void guard(struct engine *e, struct owner *o)
{
	struct namespace_record *n = store_namespace(o);

	if (n->guarded || !n->exposed)
		return;
	n->guarded = true;
	if (e->handlers->on_public_name != NULL && guard_is_public(n->name))
		e->handlers->on_public_name(e->arg, n->name);
}

/* When a large owner was last published: only Services are large. */
static uint64_t large_published(const struct owner *o)
{
	return ((const struct service_record *)(const void *)o)->published_ns;
}

/*
 * Before all objects are known only the zones themselves are published, and what is in no
 * object (RU-02).
 */
static bool waits(const struct engine *e, const struct owner *o, uint64_t now_ns,
	uint64_t *until_ns)
{
	if (!e->complete)
		return o->kind > OWNER_HOSTS;
	if (e->apply.bulk || !o->large)
		return false;
	uint64_t next_ns = large_published(o) + LARGE_WAIT_NS;
	if (now_ns >= next_ns)
		return false;
	*until_ns = MIN(*until_ns, next_ns);
	return true;
}

/* Apply every dirty owner. *until_ns: when those come that have to wait. */
static int apply_dirty(struct engine *e, uint64_t now_ns, uint64_t *until_ns)
{
	struct owner *o, *next;

	for (o = TAILQ_FIRST(&e->store->dirty); o != NULL; o = next) {
		uint64_t before = e->apply.changes;
		int ret;

		next = TAILQ_NEXT(o, dirty_link);
		if (waits(e, o, now_ns, until_ns))
			continue;
		ret = apply_owner(&e->apply, e->store, &e->options, o);
		if (ret < 0)
			return ret;
		if (e->apply.changes != before && o->kind == OWNER_SERVICE)
			store_service(o)->published_ns = now_ns;
		o->large = e->apply.draft.largest > DRAFT_LARGE;
		report_skipped(e, o);
		if (o->kind == OWNER_NAMESPACE)
			guard(e, o);
		store_clean(e->store, o);
	}
	return apply_settle(&e->apply);
}

/* Begin a publish: new settings, a new segment, a trie from nothing, as it is needed. */
static int prepare(struct engine *e)
{
	int ret = 0;

	if (e->restart)
		ret = publish_restart(e->publisher);
	if (ret < 0)
		return ret;
	e->restart = false;
	if (e->settings_due)
		ret = publish_settings(e->publisher, &e->options.settings);
	if (ret < 0)
		return ret;
	if (e->rebuild) {
		apply_bulk(&e->apply, &e->options);
		store_mark_all(e->store);
	}
	return 0;
}

static void failed(struct engine *e, int error, uint64_t now_ns)
{
	/* Half a bulk build is of no use; neither is a trie that does not hold. */
	if (e->rebuild || error != -ENOSPC) {
		e->rebuild = true;
		e->restart = true;
	}
	debounce_failed(&e->debounce, now_ns);
	e->handlers->on_failed(e->arg, error);
}

static void succeeded(
	struct engine *e, const struct publish_info *info, bool records, uint64_t now_ns)
{
	struct engine_published p = {
		.info = *info,
		.cause = e->settings_due ? CAUSE_SETTINGS : CAUSE_OBJECTS,
		.object = e->store->cause,
		.nobjects = e->store->ncauses,
		.lag_ns = e->debounce.pending ? now_ns - e->debounce.first_ns : 0,
		.complete = e->complete,
		.records = records,
		.began_ns = now_ns,
		.event_ns = e->debounce.pending && !e->rebuild ? e->debounce.first_ns : 0,
		.triggers = e->triggers,
		.ntriggers = records ? e->ntriggers : 0,
	};

	e->settings_due = e->rebuild = e->apply.bulk = false;
	e->apply.changes = e->apply.clients = 0;
	e->handlers->on_published(e->arg, &p);
	e->ntriggers = 0;
}

/* WP-90 for the first generation: a store that was empty has nothing to compare with. */
static bool is_held(struct engine *e, uint64_t now_ns)
{
	uint64_t names = publish_names(e->publisher), before = e->guard_names;

	if (names >= before || !too_many(e, before - names, before))
		return false;
	if (e->guard_until_ns == 0) {
		e->guard_until_ns = now_ns + e->conf.publish.hold_ns;
		e->handlers->on_held(e->arg, names, before, e->conf.publish.hold_ns);
	}
	if (now_ns >= e->guard_until_ns)
		return false;
	e->guard_next_ns = MIN(e->guard_until_ns, now_ns + GUARD_EVERY_NS);
	e->restart = true; /* what was built is left */
	return true;
}

static int publish_now(
	struct engine *e, uint64_t now_ns, uint64_t wall_ns, uint64_t *until_ns)
{
	struct publish_info info;
	int ret = prepare(e);

	if (ret == 0)
		ret = apply_dirty(e, now_ns, until_ns);
	if (ret < 0)
		return ret;
	if (e->apply.changes == 0 && e->apply.clients == 0 && !e->rebuild &&
		!e->settings_due)
		return 0; /* nothing that DNS shows has changed */
	if (e->complete && e->guard_names > 0 && is_held(e, now_ns)) {
		*until_ns = e->guard_next_ns;
		return 0;
	}

	bool records = e->apply.changes > 0;
	ret = publish_commit(e->publisher,
		e->settings_due ? CAUSE_SETTINGS : CAUSE_OBJECTS, e->complete, records,
		wall_ns, &info);
	if (ret == 0) {
		e->guard_names = 0;
		succeeded(e, &info, records, now_ns);
	}
	return ret;
}

uint64_t engine_turn(struct engine *e, uint64_t now_ns, uint64_t wall_ns, bool drained)
{
	uint64_t until_ns = UINT64_MAX;

	if (!e->configured || (e->standing && !e->complete))
		return UINT64_MAX;
	if (e->freeze.on)
		return freeze_turn(e, now_ns, wall_ns);
	if (e->guard_names > 0 && now_ns < e->guard_next_ns)
		return e->guard_next_ns;
	if (store_expire(e->store, now_ns))
		debounce_touch(&e->debounce, now_ns);
	/* Without all objects there is little to publish (RU-08). */
	if (!e->complete && !e->settings_due && !e->others_due)
		return UINT64_MAX;
	if (debounce_due(&e->debounce, now_ns, drained)) {
		int ret = publish_now(e, now_ns, wall_ns, &until_ns);

		if (ret < 0) {
			failed(e, ret, now_ns);
		} else {
			e->others_due = false;
			store_cause_clear(e->store);
			debounce_published(&e->debounce, now_ns);
			if (until_ns != UINT64_MAX)
				debounce_defer(&e->debounce, until_ns);
		}
	}
	return MIN(debounce_deadline(&e->debounce), store_deadline(e->store));
}

uint64_t engine_idle(struct engine *e, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *compacted)
{
	bool damaged;
	uint64_t wait_ns = publish_idle(
		e->publisher, now_ns, wall_ns, compacted, &damaged);

	if (damaged) {
		freeze_break(e);
		e->rebuild = e->restart = true;
		debounce_touch(&e->debounce, now_ns);
		e->handlers->on_failed(e->arg, -EBADMSG);
	}
	return wait_ns;
}
