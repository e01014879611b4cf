#include "ctl/pool.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/forwarders.h"

/* What a page calls its upstream i: printable, whatever stands there. */
static void copy_text(char out[STAT_UPSTREAM_TEXT + 1], const struct stat_upstream *u)
{
	size_t n = 0;

	while (n < STAT_UPSTREAM_TEXT && u->text[n] != '\0') {
		out[n] = u->text[n] > ' ' && u->text[n] < 0x7f ? u->text[n] : '?';
		n++;
	}
	out[n] = '\0';
}

/* The group of upstream i as the settings have it; "-" where the page has others. */
static void group_name(const struct overview *v, const struct stat_forwarder *f,
	unsigned i, char out[NAME_TEXT_MAX])
{
	const struct forward_settings *s = &v->reader.settings.forward;

	snprintf(out, NAME_TEXT_MAX, "-");
	if (!forwarders_current(v, f))
		return;
	for (unsigned k = 0; k < s->ngroups; k++) {
		const struct forward_group *g = &s->groups[k];

		if (i < g->first || i >= (unsigned)g->first + g->n)
			continue;
		if (g->from.len == 0)
			snprintf(out, NAME_TEXT_MAX, "bootstrap");
		else
			name_text(g->from.wire, g->from.len, out, NAME_TEXT_MAX);
		return;
	}
}

static void add_all(stat_u64 *to, const stat_u64 *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		stat_add(&to[i], stat_get(&from[i]));
}

/* Counters stand one behind another, from queries to probes_failed. */
static void add_page(struct pool_row *r, const struct stat_upstream *u)
{
	const size_t first = offsetof(struct stat_upstream, queries);
	const size_t end = offsetof(struct stat_upstream, down_ns);

	r->pages++;
	r->up += stat_get(&u->up) != 0;
	add_all((stat_u64 *)(void *)((char *)&r->n + first),
		(const stat_u64 *)(const void *)((const char *)u + first),
		(end - first) / sizeof(stat_u64));
	if (stat_get(&u->down_ns) > stat_get(&r->n.down_ns))
		stat_set(&r->n.down_ns, stat_get(&u->down_ns));
	if (stat_get(&u->error_ns) > stat_get(&r->n.error_ns)) {
		stat_set(&r->n.error_ns, stat_get(&u->error_ns));
		stat_set(&r->n.error, stat_get(&u->error));
	}
}

/* The row that begins at upstream i of forwarder k. False: there is none. */
static bool make_row(const struct overview *v, unsigned i, size_t k, struct pool_row *r)
{
	char text[STAT_UPSTREAM_TEXT + 1];

	memset(r, 0, sizeof(*r));
	copy_text(r->text, &v->forwarder[k].page->upstreams[i]);
	if (r->text[0] == '\0')
		return false;
	for (size_t m = 0; m < v->nforwarders; m++) {
		copy_text(text, &v->forwarder[m].page->upstreams[i]);
		if (strcmp(text, r->text) != 0)
			continue;
		if (m < k) /* it has been in that one's row */
			return false;
		add_page(r, &v->forwarder[m].page->upstreams[i]);
	}
	group_name(v, v->forwarder[k].page, i, r->group);
	return true;
}

void pool_each(const struct overview *v, pool_on_row on_row, void *arg)
{
	static struct pool_row r;

	for (unsigned i = 0; i < STAT_UPSTREAMS; i++)
		for (size_t k = 0; k < v->nforwarders; k++)
			if (make_row(v, i, k, &r))
				on_row(arg, v, &r);
}

uint64_t pool_quantile(const struct pool_row *r, double q)
{
	double want = q * (double)stat_sum(r->n.duration, STAT_FINE), below = 0;

	if (want <= 0)
		return 0;
	for (unsigned i = 0; i < STAT_FINE - 1; i++) {
		double n = (double)stat_get(&r->n.duration[i]);
		double from = i == 0 ? 0 : (double)(UINT64_C(1000) << (i - 1));
		double to = (double)(UINT64_C(1000) << i);

		if (below + n >= want)
			return (uint64_t)(from + (to - from) * (want - below) / n);
		below += n;
	}
	return UINT64_C(1000) << (STAT_FINE - 2);
}
