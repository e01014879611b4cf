#include "controller/kube/table.h"

#include <stdlib.h>

#include "base/mem.h"

static struct table_link **bucket_of(const struct table *t, uint64_t hash)
{
	return &t->bucket[hash & (t->nbuckets - 1)];
}

static void grow(struct table *t)
{
	struct table old = *t;

	t->nbuckets = old.nbuckets == 0 ? 64 : old.nbuckets * 2;
	t->bucket = mem_alloc(t->nbuckets, sizeof(struct table_link *));
	for (size_t i = 0; i < old.nbuckets; i++) {
		struct table_link *next;

		for (struct table_link *l = old.bucket[i]; l != NULL; l = next) {
			struct table_link **b = bucket_of(t, l->hash);

			next = l->next;
			l->next = *b;
			*b = l;
		}
	}
	free(old.bucket);
}

void table_add(struct table *t, struct table_link *link, uint64_t hash)
{
	if (t->count >= t->nbuckets)
		grow(t);

	struct table_link **b = bucket_of(t, hash);
	link->hash = hash;
	link->next = *b;
	*b = link;
	t->count++;
}

void table_remove(struct table *t, struct table_link *link)
{
	struct table_link **at = bucket_of(t, link->hash);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	t->count--;
}

static struct table_link *match(struct table_link *l, uint64_t hash)
{
	while (l != NULL && l->hash != hash)
		l = l->next;
	return l;
}

struct table_link *table_first(const struct table *t, uint64_t hash)
{
	return t->count == 0 ? NULL : match(*bucket_of(t, hash), hash);
}

struct table_link *table_next(const struct table_link *link)
{
	return match(link->next, link->hash);
}

struct table_link *table_any(const struct table *t)
{
	if (t->count == 0)
		return NULL;
	for (size_t i = 0; i < t->nbuckets; i++)
		if (t->bucket[i] != NULL)
			return t->bucket[i];
	return NULL;
}

void table_visit(
	const struct table *t, void (*visit)(void *arg, struct table_link *l), void *arg)
{
	for (size_t i = 0; i < t->nbuckets; i++)
		for (struct table_link *l = t->bucket[i]; l != NULL; l = l->next)
			visit(arg, l);
}

void table_fini(struct table *t)
{
	free(t->bucket);
	*t = (struct table){0};
}
