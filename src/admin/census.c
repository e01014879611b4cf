#include "admin/census.h"

#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "snap/waste.h"
#include "snap/who.h"

_Static_assert(STAT_LOG_RINGS == VIEW_WORKERS_MAX, "a position for each ring");
_Static_assert(8 * STAT_NAMESPACE_WORDS > CLIENT_NAMESPACE_MAX, "room for each name");

static bool has_name(
	const struct stat_namespace *n, const uint64_t words[STAT_NAMESPACE_WORDS])
{
	for (unsigned i = 0; i < STAT_NAMESPACE_WORDS; i++)
		if (stat_get(&n->name[i]) != words[i])
			return false;
	return true;
}

/* Where a namespace is counted: its own place, a new one, or that of all others. */
static struct stat_namespace *place_of(
	struct stat_census *c, const char *name, uint64_t most)
{
	const uint64_t n = MIN(stat_get(&c->nnamespaces), STAT_NAMESPACES);
	uint64_t words[STAT_NAMESPACE_WORDS] = {0};

	memcpy(words, name, strlen(name));
	for (uint64_t i = 0; i < n; i++)
		if (has_name(&c->namespaces[i], words))
			return &c->namespaces[i];
	if (n >= MIN(most, STAT_NAMESPACES))
		return &c->other;
	stat_text_set(c->namespaces[n].name, STAT_NAMESPACE_WORDS, name);
	stat_set(&c->nnamespaces, n + 1);
	return &c->namespaces[n];
}

/* The namespace of the search domain in the name, as text; false: it has none. */
static bool search_domain(const struct view *v, const struct ring_entry *e,
	const struct name *zone, const struct waste *w,
	char out[CLIENT_NAMESPACE_MAX + 1])
{
	const uint8_t *label = e->name + w->namespace;

	if (w->namespace == 0 || !waste_is_namespace(v->snap, label, zone))
		return false;
	who_text((const char *)label + 1, label[0], out);
	return true;
}

static void count_waste(struct stat_census *c, const struct view *v,
	const struct ring_entry *e, struct stat_namespace *client, uint64_t most)
{
	const struct name *zone = waste_zone(v->settings, e->name, e->name_len);
	char name[CLIENT_NAMESPACE_MAX + 1];
	struct waste w;

	if (e->rcode != RCODE_NXDOMAIN || zone == NULL ||
		!waste_look(e->name, e->name_len, zone, &w))
		return;
	if (search_domain(v, e, zone, &w, name))
		client = place_of(c, name, most);
	stat_add(&client->wasted, RING_SAMPLE);
}

static void count(struct stat_census *c, const struct view *v, const struct ring_entry *e,
	uint64_t most)
{
	struct stat_namespace *place = &c->unknown;
	struct who who;

	if (who_asked(v->snap, e, &who))
		place = place_of(c, who.namespace, most);
	stat_add(&place->queries, RING_SAMPLE);
	count_waste(c, v, e, place, most);
}

void census_take(struct stat_census *c, const struct view *v, uint64_t most)
{
	struct ring_entry e;

	if (v->snap == NULL || v->settings == NULL)
		return;
	for (unsigned i = 0; i < v->nworkers; i++) {
		struct ring_reader reader = {.next = stat_get(&c->next[i])};

		for (unsigned n = 0; n < RING_ENTRIES; n++) {
			if (!ring_next(&reader, &v->worker[i]->ring, &e))
				break;
			if ((e.marks & RING_SAMPLED) != 0 && !view_is_own(v, &e))
				count(c, v, &e, most);
			stat_set(&c->next[i], reader.next);
		}
		stat_set(&c->next[i], reader.next);
	}
}
