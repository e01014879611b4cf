#include "forwarder/configure.h"

#include <stdio.h>

#include "base/base.h"
#include "forwarder/flight.h"
#include "forwarder/probe.h"

/* ---- before: what does not fit the new settings ends ---- */

static void stop_probes(struct fwdtab *f)
{
	for (unsigned i = 0; i < f->settings->nupstreams; i++) {
		probe_stop(f, i);
		heap_set(&f->timers, table_timer(i), HEAP_NEVER);
	}
}

/* Questions of groups that are gone, or that such a group would have answered. */
static void drop_flights(struct fwdtab *f, const struct forward_settings *new)
{
	for (uint32_t i = 0; i < FWDTAB_QUESTIONS; i++) {
		const struct flight *fl = &f->flights[i];

		if (fl->live && (forward_by_digest(new, fl->q.group) < 0 ||
					forward_by_digest(new, fl->digest) < 0))
			flight_drop(f, i, ASK_OTHER);
	}
}

/* ---- what is known of upstreams goes on ---- */

/* Which old one new upstream `i` of group `g` is: its place or its target; -1: none. */
static int old_of(const struct forward_settings *old, const struct forward_settings *new,
	unsigned g, unsigned i)
{
	const struct forward_upstream *to = &new->upstreams[i];
	int same = old == NULL ? -1 : forward_by_digest(old, new->groups[g].digest);

	if (same >= 0)
		return old->groups[same].first + (int)(i - new->groups[g].first);
	for (unsigned j = 0; old != NULL && j < old->nupstreams; j++) {
		if (upstream_same(to, &old->upstreams[j]))
			return (int)j;
	}
	return -1;
}

static void name_of(const struct upstream *u, const struct forward_group *g,
	char out[STAT_UPSTREAM_TEXT])
{
	bool tls = u->to.tls || g->transport == FORWARD_TLS;
	char text[STAT_UPSTREAM_TEXT - 6]; /* "tls://" goes before it */

	upstream_text(u, text, sizeof(text));
	snprintf(out, STAT_UPSTREAM_TEXT, "%s%s", tls ? "tls://" : "", text);
}

/* What a predecessor of ours counted of that upstream; NULL: there is nothing (ME-05). */
static const struct stat_upstream *left_behind(struct fwdtab *f, const struct upstream *u,
	const struct forward_group *g, unsigned i)
{
	char text[STAT_UPSTREAM_TEXT];

	name_of(u, g, text);
	if (f->settings != NULL ||
		strncmp(table_stat(f, i)->text, text, sizeof(text)) != 0)
		return NULL;
	return table_stat(f, i);
}

/* The numbers of an upstream stay with it; those of a new one begin with nothing. */
static void move_upstream(struct fwdtab *f, const struct forward_settings *new,
	const struct forward_group *g, unsigned i, int from, uint64_t now_ns)
{
	struct upstream *u = &f->new_upstreams[i];
	struct stat_upstream *stat = &f->new_stats[i];

	if (from < 0) {
		upstream_init(u, &new->upstreams[i], now_ns);
		const struct stat_upstream *left = left_behind(f, u, g, i);
		if (left != NULL)
			memcpy(stat, left, sizeof(*stat));
		else
			memset(stat, 0, sizeof(*stat));
		stat_set(&stat->down_ns, 0);
		return;
	}
	*u = f->upstreams[from];
	u->inflight = 0;
	memcpy(stat, table_stat(f, (unsigned)from), sizeof(*stat));
}

static void name_upstream(struct fwdtab *f, unsigned i)
{
	struct upstream *u = &f->upstreams[i];
	struct stat_upstream *stat = table_stat(f, i);

	name_of(u, table_group(f, i), stat->text);
	stat_set(&stat->up, !u->down);
	stat_set(&stat->inflight, 0);
}

static void move_upstreams(
	struct fwdtab *f, const struct forward_settings *new, uint64_t now_ns)
{
	struct upstream *before = f->upstreams;

	memset(f->new_upstreams, 0, FORWARD_POOL_MAX * sizeof(*f->new_upstreams));
	for (unsigned g = 0; g < new->ngroups; g++) {
		const struct forward_group *group = &new->groups[g];

		for (unsigned i = group->first; i < group->first + group->n; i++) {
			move_upstream(
				f, new, group, i, old_of(f->settings, new, g, i), now_ns);
			f->group_of[i] = (uint8_t)g;
		}
	}
	f->upstreams = f->new_upstreams;
	f->new_upstreams = before;
	for (unsigned i = 0; i < STAT_UPSTREAMS; i++) {
		if (i < new->nupstreams)
			memcpy(table_stat(f, i), &f->new_stats[i],
				sizeof(f->new_stats[i]));
		else
			memset(table_stat(f, i), 0, sizeof(f->new_stats[i]));
	}
}

static void move_groups(struct fwdtab *f, const struct forward_settings *new)
{
	struct effort_group moved[FORWARD_GROUPS_MAX] = {0};

	for (unsigned g = 0; f->settings != NULL && g < new->ngroups; g++) {
		int old = forward_by_digest(f->settings, new->groups[g].digest);

		if (old >= 0)
			moved[g] = f->groups[old];
	}
	memcpy(f->groups, moved, sizeof(moved));
}

/* ---- after: questions in flight go on where they are ---- */

static void move_flights(struct fwdtab *f)
{
	for (uint32_t i = 0; i < FWDTAB_QUESTIONS; i++) {
		struct flight *fl = &f->flights[i];

		if (!fl->live)
			continue;
		fl->blamed = 0; /* it may have another number now */
		fl->home = (uint8_t)forward_by_digest(f->settings, fl->q.group);
		fl->effort.group = (uint8_t)forward_by_digest(f->settings, fl->digest);
		const struct forward_group *g = &f->settings->groups[fl->effort.group];
		for (uint32_t j = fl->attempts; j != TABLE_NONE;
			j = f->attempts[j].next) {
			struct attempt *a = &f->attempts[j];

			a->upstream = (uint8_t)(g->first + a->try.at);
			f->upstreams[a->upstream].inflight++;
		}
	}
}

static void begin_upstreams(struct fwdtab *f, uint64_t now_ns)
{
	for (unsigned i = 0; i < f->settings->nupstreams; i++) {
		name_upstream(f, i);
		stat_set(&table_stat(f, i)->inflight, f->upstreams[i].inflight);
		probe_look(f, i, now_ns);
		heap_set(&f->timers, table_timer(i), table_due_ns(f, i));
	}
}

/*
 * Forget what was asked for before the operator said so. Its outcome may have been stored
 * after that, until we heard of it, or our predecessor did: as long as a question lasts.
 */
static size_t forget(
	struct fwdtab *f, const struct forward_settings *s, struct forward_flush what)
{
	flight_outdate(f, &what);
	what.at_ns += s->deadline_ms * NS_PER_MS;
	return cachewrite_flush(f->cache, &what);
}

static void flush(struct fwdtab *f, const struct forward_settings *s)
{
	uint64_t digests[FORWARD_GROUPS_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < s->ngroups; i++)
		digests[i] = s->groups[i].digest;
	n = cachewrite_keep_groups(f->cache, digests, s->ngroups);
	for (unsigned i = 0; i < s->nflush; i++) {
		if (s->flush[i].at_ns <= stat_get(&f->stat->flushed_ns))
			continue; /* by us, or a predecessor of ours */
		n += forget(f, s, s->flush[i]);
		stat_set(&f->stat->flushed_ns, s->flush[i].at_ns);
	}
	stat_add(&f->stat->flushed, n);
}

static uint64_t limit_of(const struct forward_settings *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->ngroups; i++)
		sum += s->groups[i].max_concurrent == 0 ? FWDTAB_QUESTIONS
		                                        : s->groups[i].max_concurrent;
	return MIN(sum, FWDTAB_QUESTIONS);
}

/* A predecessor that died in the middle of it has left it begun. */
static void begin_move(struct stat_forwarder *stat)
{
	if (stat_get(&stat->upstreams_seq) % 2 == 0)
		stat_write_begin(&stat->upstreams_seq);
}

void configure_table(struct fwdtab *f, const struct settings *s, uint64_t now_ns)
{
	const struct forward_settings *new = &s->forward;

	if (f->settings != NULL) {
		stop_probes(f);
		drop_flights(f, new);
	}
	move_groups(f, new);
	begin_move(f->stat);
	move_upstreams(f, new, now_ns);
	f->all = s;
	f->settings = new;
	move_flights(f);
	begin_upstreams(f, now_ns);
	stat_write_done(&f->stat->upstreams_seq);
	f->cache->stale_ns = new->cache.stale_max_age_s *NS_PER_S;
	f->cache->window_ns = new->cache.prefetch_window_ms *NS_PER_MS;
	f->cache->keep_positive = new->cache.stale_prefer_positive;
	flush(f, new);
	stat_set(&f->stat->settings, s->number);
	stat_set(&f->stat->nupstreams, new->nupstreams);
	stat_set(&f->stat->inflight_limit, limit_of(new));
}
