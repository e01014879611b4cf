#include "controller/publish/zonetree.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Bits of an entry's state. */
#define USED      1u /* the place in the table is taken */
#define OWN       2u /* it shall have a node of its own */
#define PUT_OWN   4u /* that stands in the trie */
#define PUT_EMPTY 8u /* an empty non-terminal stands in the trie */

/* A name whose state may have to be brought into the trie. */
struct touched {
	struct hash128 hash;
	size_t name; /* offset in names; SIZE_MAX: none */
	size_t len;
};

/* ---- the table: linear probing, removal by shifting back ---- */

static size_t place(const struct zonetree *t, const struct hash128 *h)
{
	return (size_t)(h->check ^ h->path) & (t->room - 1);
}

static bool same(const struct hash128 *a, const struct hash128 *b)
{
	return a->path == b->path && a->check == b->check;
}

/* Where `h` stands, or the free place where it would. */
static size_t seek(const struct zonetree *t, const struct hash128 *h)
{
	size_t i = place(t, h);

	while ((t->entry[i].state & USED) != 0 && !same(&t->entry[i].hash, h))
		i = (i + 1) & (t->room - 1);
	return i;
}

static void grow(struct zonetree *t)
{
	struct zonetree old = *t;

	t->room = old.room == 0 ? 256 : old.room * 2;
	t->entry = mem_alloc(t->room, sizeof(*t->entry));
	for (size_t i = 0; i < old.room; i++)
		if ((old.entry[i].state & USED) != 0)
			t->entry[seek(t, &old.entry[i].hash)] = old.entry[i];
	free(old.entry);
}

static struct zonetree_entry *get(
	struct zonetree *t, const struct hash128 *h, uint8_t zone)
{
	if (t->count >= t->room / 4 * 3)
		grow(t);

	struct zonetree_entry *e = &t->entry[seek(t, h)];
	if ((e->state & USED) == 0) {
		*e = (struct zonetree_entry){.hash = *h, .zone = zone, .state = USED};
		t->count++;
	}
	return e;
}

static void drop(struct zonetree *t, size_t hole)
{
	size_t mask = t->room - 1;

	for (size_t i = (hole + 1) & mask; (t->entry[i].state & USED) != 0;
		i = (i + 1) & mask) {
		size_t home = place(t, &t->entry[i].hash);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* it stands between its home and the hole */
		t->entry[hole] = t->entry[i];
		hole = i;
	}
	t->entry[hole] = (struct zonetree_entry){0};
	t->count--;
}

/* ---- what exists ---- */

static bool exists(const struct zonetree_entry *e)
{
	return (e->state & OWN) != 0 || e->children > 0;
}

static void touch(
	struct zonetree *t, const struct hash128 *h, const uint8_t *name, size_t len)
{
	struct touched d = {.hash = *h, .name = SIZE_MAX};

	if (name != NULL) {
		d.name = t->names.len;
		d.len = len;
		mem_buf_put(&t->names, name, len);
	}
	mem_buf_put(&t->touched, &d, sizeof(d));
}

/* A name came into existence or went out of it: its parents have a child more or less. */
static void tell_parents(struct zonetree *t, const uint8_t *name, size_t len,
	const struct zonetree_zone *zone, bool more)
{
	bool changed = true;

	while (changed && len > zone->len) {
		size_t label = 1u + name[0];
		struct hash128 h;
		struct zonetree_entry *e;

		name += label;
		len -= label;
		if (len < zone->len)
			break;
		h = hash_name(&t->key, name, len);
		e = get(t, &h, zone->number);
		changed = exists(e);
		e->children += more ? 1u : UINT32_MAX; /* minus one */
		changed = changed != exists(e);
		if (changed)
			touch(t, &h, NULL, 0);
	}
}

void zonetree_own(struct zonetree *t, const uint8_t *name, size_t len,
	const struct zonetree_zone *zone, bool own)
{
	struct hash128 h = hash_name(&t->key, name, len);
	struct zonetree_entry *e = get(t, &h, zone->number);
	bool before = exists(e);

	if (own) {
		e->state = USED | OWN | PUT_OWN;
	} else {
		e->state = (uint8_t)(e->state & ~OWN);
		touch(t, &h, name, len);
	}

	bool after = exists(e);
	if (before != after)
		tell_parents(t, name, len, zone, after);
}

void zonetree_cut(struct zonetree *t, const uint8_t *name, size_t len,
	const struct zonetree_zone *zone)
{
	tell_parents(t, name, len, zone, true);
}

/* ---- into the trie ---- */

static int settle_empty(
	struct zonetree_entry *e, const struct zonetree_handlers *handlers, void *arg)
{
	int ret;

	if ((e->state & PUT_EMPTY) != 0)
		return 0;
	ret = handlers->on_empty(arg, &e->hash, e->zone);
	if (ret == 0)
		e->state = USED | PUT_EMPTY;
	return ret;
}

static int settle_gone(struct zonetree *t, size_t at, const struct touched *d,
	const struct zonetree_handlers *handlers, void *arg)
{
	struct zonetree_entry *e = &t->entry[at];
	const uint8_t *name = d->name == SIZE_MAX ? NULL : t->names.data + d->name;
	int ret = 0;

	if ((e->state & PUT_OWN) != 0) {
		if (name == NULL)
			return 0; /* it was touched with its name as well */
		ret = handlers->on_gone(arg, &e->hash, name, d->len);
	} else if ((e->state & PUT_EMPTY) != 0) {
		ret = handlers->on_gone(arg, &e->hash, NULL, 0);
	}
	if (ret == 0)
		drop(t, at);
	return ret;
}

static int settle_one(struct zonetree *t, const struct touched *d,
	const struct zonetree_handlers *handlers, void *arg)
{
	size_t at = seek(t, &d->hash);
	struct zonetree_entry *e = &t->entry[at];

	if ((e->state & USED) == 0 || (e->state & OWN) != 0)
		return 0;
	if (e->children > 0)
		return settle_empty(e, handlers, arg);
	return settle_gone(t, at, d, handlers, arg);
}

int zonetree_settle(
	struct zonetree *t, const struct zonetree_handlers *handlers, void *arg)
{
	size_t done = 0;
	int ret = 0;

	while (done < t->touched.len) {
		struct touched d;

		memcpy(&d, t->touched.data + done, sizeof(d));
		ret = settle_one(t, &d, handlers, arg);
		if (ret < 0)
			break;
		done += sizeof(d);
	}
	if (t->touched.len > done)
		memmove(t->touched.data, t->touched.data + done, t->touched.len - done);
	t->touched.len -= done;
	if (ret == 0)
		t->names.len = 0;
	return ret;
}

void zonetree_reset(struct zonetree *t)
{
	if (t->room > 0)
		memset(t->entry, 0, t->room * sizeof(*t->entry));
	t->count = 0;
	t->touched.len = 0;
	t->names.len = 0;
}

void zonetree_fini(struct zonetree *t)
{
	free(t->entry);
	mem_buf_fini(&t->touched);
	mem_buf_fini(&t->names);
	*t = (struct zonetree){.key = t->key};
}
