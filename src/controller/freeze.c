#include "controller/freeze.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/engine.h"

static bool same_zones(const struct settings *a, const struct settings *b)
{
	if (a->nzones != b->nzones || a->primary != b->primary)
		return false;
	for (unsigned i = 0; i < a->nzones; i++) {
		const struct zone *x = &a->zones[i], *y = &b->zones[i];

		if (x->kind != y->kind || x->name.len != y->name.len ||
			memcmp(x->name.wire, y->name.wire, x->name.len) != 0)
			return false;
	}
	return true;
}

/*
 * That names of `hosts` are looked for goes with the records: today there may be none, or
 * none with "*". Until the next reload nothing but a look-up in vain is lost by it.
 */
static void keep_hosts(struct engine *e, const struct host_settings *then)
{
	struct settings *s = &e->options.settings;

	if (s->hosts.on >= then->on && s->hosts.wildcards >= then->wildcards)
		return;
	s->hosts.on |= then->on;
	s->hosts.wildcards |= then->wildcards;
	s->number++;
	e->settings_due = true;
}

/*
 * True if the records of `s` may stand under the settings of today, which are made to
 * find all of them.
 */
static bool fits(struct engine *e, const struct snap *s)
{
	struct settings *then = mem_alloc(1, sizeof(*then));
	const uint8_t *octets;
	uint64_t number;
	size_t len;

	octets = snap_settings(s, &len, &number);
	bool ok = octets != NULL && settings_decode(octets, len, number, then) == 0 &&
	          same_zones(then, &e->options.settings);
	if (ok)
		keep_hosts(e, &then->hosts);
	free(then);
	return ok;
}

/* Half a publish that failed is forgotten: what is served is what is kept. */
static void tidy(struct engine *e, const struct snap *published)
{
	if (e->apply.changes == 0 && e->apply.clients == 0 && !e->apply.bulk)
		return;
	publish_return(e->publisher, published);
	e->apply.changes = e->apply.clients = 0;
	e->apply.bulk = false;
	e->freeze.rebuild = true;
}

int freeze_begin(struct engine *e, uint64_t wall_ns)
{
	struct snap s;

	if (e->freeze.on)
		return 0;
	if (!e->complete || e->restart || publish_past(e->publisher, 0, &s) < 0 ||
		(s.flags & ROOT_COMPLETE) == 0)
		return -EAGAIN;
	e->freeze = (struct freeze){
		.on = true, .since_ns = wall_ns, .generation = s.generation};
	tidy(e, &s);
	return 0;
}

bool freeze_end(struct engine *e, uint64_t now_ns)
{
	bool held = e->guard_names > 0 && e->guard_until_ns != 0;

	if (!e->freeze.on && !held)
		return false;
	e->rebuild |= e->freeze.rebuild;
	e->freeze = (struct freeze){0};
	if (held)
		e->guard_names = 0;
	/* At once; and what waited is not as old as the freeze. */
	e->debounce = (struct debounce){0};
	debounce_touch(&e->debounce, now_ns);
	return true;
}

void freeze_break(struct engine *e)
{
	if (e->freeze.on)
		e->freeze = (struct freeze){.damaged = true};
}

static void published(struct engine *e, const struct publish_info *info,
	enum root_cause cause, uint64_t now_ns)
{
	char what[64] = "";
	struct engine_published p = {
		.info = *info,
		.cause = cause,
		.object = what,
		.lag_ns = e->debounce.pending ? now_ns - e->debounce.first_ns : 0,
		.complete = true,
		.records = cause == CAUSE_ROLLBACK,
		.began_ns = now_ns,
	};

	if (cause == CAUSE_ROLLBACK) {
		snprintf(what, sizeof(what), "rollback to %llu",
			(unsigned long long)e->freeze.generation);
		p.lag_ns = 0;
	}
	e->settings_due = false;
	debounce_published(&e->debounce, now_ns);
	e->handlers->on_published(e->arg, &p);
}

/* Publish what the working tries hold, under the settings of today. */
static int publish(struct engine *e, enum root_cause cause, uint64_t now_ns,
	uint64_t wall_ns, struct publish_info *info)
{
	int ret = 0;

	if (e->settings_due)
		ret = publish_settings(e->publisher, &e->options.settings);
	if (ret == 0)
		ret = publish_commit(e->publisher, cause, true, cause == CAUSE_ROLLBACK,
			wall_ns, info);
	if (ret == 0)
		published(e, info, cause, now_ns);
	return ret;
}

static int find_past(struct engine *e, uint64_t number, struct snap *past)
{
	int ret = publish_past(e->publisher, number, past);

	if (ret < 0)
		return ret;
	if ((past->flags & ROOT_COMPLETE) == 0)
		return -EINVAL;
	return fits(e, past) ? 0 : -EXDEV;
}

int freeze_rollback(struct engine *e, uint64_t number, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *info)
{
	const struct freeze was = e->freeze;
	struct snap past, now;
	int ret = find_past(e, number, &past);

	if (ret == 0)
		ret = freeze_begin(e, wall_ns);
	if (ret == 0)
		ret = publish_past(e->publisher, 0, &now);
	if (ret < 0)
		return ret;
	publish_return(e->publisher, &past);
	e->freeze.rebuild = true;
	e->freeze.generation = number;
	e->freeze.withheld = false;
	ret = publish(e, CAUSE_ROLLBACK, now_ns, wall_ns, info);
	if (ret == 0)
		return 0;
	/* Back to what is served; the store's names are put anew if that goes on. */
	publish_return(e->publisher, &now);
	if (was.on) {
		e->freeze = was;
		e->freeze.rebuild = true;
	} else {
		freeze_end(e, now_ns);
	}
	return ret;
}

const char *freeze_refusal(int error)
{
	switch (error) {
	case -EAGAIN:
		return "there is no complete generation of this controller yet";
	case -ENOENT:
		return "history does not reach there; `shmdnsctl history` says how far "
		       "it does";
	case -EBADMSG:
		return "that generation is not whole any more";
	case -EINVAL:
		return "that generation was not complete";
	case -EXDEV:
		return "that generation has other zones than the configuration";
	case -ENOSPC:
		return "shared memory is full";
	default:
		return "it could not be published";
	}
}

static void publish_due(struct engine *e, uint64_t now_ns, uint64_t wall_ns)
{
	struct publish_info info;
	struct snap s;

	if (publish_past(e->publisher, 0, &s) < 0)
		return;
	e->freeze.withheld = !fits(e, &s);
	if (e->freeze.withheld)
		return;
	int ret = publish(e, CAUSE_SETTINGS, now_ns, wall_ns, &info);
	if (ret == 0)
		return;
	debounce_failed(&e->debounce, now_ns);
	if (ret != -ENOSPC) {
		freeze_break(e);
		e->rebuild = e->restart = true;
	}
	e->handlers->on_failed(e->arg, ret);
}

uint64_t freeze_turn(struct engine *e, uint64_t now_ns, uint64_t wall_ns)
{
	store_expire(e->store, now_ns); /* who is dirty by it stays so */
	if (e->settings_due && now_ns >= e->debounce.next_ns)
		publish_due(e, now_ns, wall_ns);
	uint64_t next_ns = e->settings_due && !e->freeze.withheld ? e->debounce.next_ns
	                                                          : UINT64_MAX;
	return MIN(next_ns, store_deadline(e->store));
}
