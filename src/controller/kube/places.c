#include "controller/kube/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "snap/place.h"

struct place_name {
	struct table_link link;
	char *text; /* owned */
	uint32_t number;
	uint32_t users; /* endpoints that have it */
};

static uint64_t hash_of(const struct hash_key *key, const char *text)
{
	return hash_name(key, (const uint8_t *)text, strlen(text)).check;
}

static struct place_name *find(
	const struct place_names *n, const struct hash_key *key, const char *text)
{
	struct table_link *l = table_first(&n->table, hash_of(key, text));

	for (; l != NULL; l = table_next(l)) {
		struct place_name *name = TABLE_ENTRY(l, struct place_name, link);

		if (strcmp(name->text, text) == 0)
			return name;
	}
	return NULL;
}

/* ---- numbers ---- */

static bool is_used(const struct place_names *n, uint32_t number)
{
	return number < n->room && (n->used[number / 8] >> number % 8 & 1) != 0;
}

static void set_used(struct place_names *n, uint32_t number, bool used)
{
	uint8_t bit = (uint8_t)(1u << number % 8);

	if (number >= n->room) {
		uint32_t room = MAX(64, 2 * n->room);

		n->used = mem_resize(n->used, room / 8, 1);
		memset(n->used + n->room / 8, 0, (room - n->room) / 8);
		n->room = room;
	}
	if (used)
		n->used[number / 8] |= bit;
	else
		n->used[number / 8] &= (uint8_t)~bit;
}

/* The next number in turn that is free; 0: there is none. */
static uint32_t give(struct place_names *n, uint32_t most)
{
	uint32_t max = n->max != 0 ? n->max : most;

	if (n->given == max)
		return 0;
	do
		n->last = n->last < max ? n->last + 1 : 1;
	while (is_used(n, n->last));
	set_used(n, n->last, true);
	n->given++;
	return n->last;
}

/* ---- names ---- */

static void take(struct place_names *n, const struct hash_key *key, const char *text,
	uint32_t most)
{
	struct place_name *name;

	if (text[0] == '\0')
		return;
	name = find(n, key, text);
	if (name == NULL) {
		name = mem_alloc(1, sizeof(*name));
		name->text = mem_dup(text, strlen(text));
		name->number = give(n, most);
		table_add(&n->table, &name->link, hash_of(key, text));
	}
	name->users++;
}

static void forget(struct place_names *n, struct place_name *name)
{
	if (name->number != 0) {
		set_used(n, name->number, false);
		n->given--;
	}
	table_remove(&n->table, &name->link);
	free(name->text);
	free(name);
}

static void drop(struct place_names *n, const struct hash_key *key, const char *text)
{
	struct place_name *name = text[0] == '\0' ? NULL : find(n, key, text);

	if (name != NULL && --name->users == 0)
		forget(n, name);
}

static uint32_t number_of(
	const struct place_names *n, const struct hash_key *key, const char *text)
{
	const struct place_name *name = text[0] == '\0' ? NULL : find(n, key, text);

	return name == NULL ? 0 : name->number;
}

static void fini(struct place_names *n)
{
	struct table_link *l;

	while ((l = table_any(&n->table)) != NULL)
		forget(n, TABLE_ENTRY(l, struct place_name, link));
	table_fini(&n->table);
	free(n->used);
	*n = (struct place_names){.max = n->max};
}

void places_take(
	struct places *p, const struct hash_key *key, const struct kube_endpoint *e)
{
	take(&p->zones, key, e->zone, PLACE_ZONE_MAX);
	take(&p->nodes, key, e->node, PLACE_NODE_MAX);
}

void places_drop(
	struct places *p, const struct hash_key *key, const struct kube_endpoint *e)
{
	drop(&p->zones, key, e->zone);
	drop(&p->nodes, key, e->node);
}

uint32_t places_of(
	const struct places *p, const struct hash_key *key, const struct kube_endpoint *e)
{
	return place_make(
		number_of(&p->zones, key, e->zone), number_of(&p->nodes, key, e->node));
}

int places_compare(const struct kube_endpoint *a, const struct kube_endpoint *b)
{
	int a_says = (a->zone[0] != '\0') + (a->node[0] != '\0');
	int b_says = (b->zone[0] != '\0') + (b->node[0] != '\0');
	int c = strcmp(a->zone, b->zone);

	if (a_says != b_says)
		return b_says - a_says;
	return c != 0 ? c : strcmp(a->node, b->node);
}

void places_fini(struct places *p)
{
	fini(&p->zones);
	fini(&p->nodes);
}
