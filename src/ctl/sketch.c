#include "ctl/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define NOTHING 0.01 /* weight of what is let go */

struct sketch_item *sketch_find(struct sketch *s, const void *key, size_t len)
{
	len = MIN(len, SKETCH_KEY);
	for (size_t i = 0; i < s->n; i++)
		if (s->item[i].len == len && memcmp(s->item[i].key, key, len) == 0)
			return &s->item[i];
	return NULL;
}

/* Where a new key goes: a free place, or that of the lightest. */
static struct sketch_item *make_room(struct sketch *s)
{
	struct sketch_item *least = &s->item[0];

	if (s->n < SKETCH_ITEMS)
		return &s->item[s->n++];
	for (size_t i = 1; i < s->n; i++)
		if (s->item[i].weight < least->weight)
			least = &s->item[i];
	return least;
}

struct sketch_item *sketch_add(
	struct sketch *s, const void *key, size_t len, double weight)
{
	struct sketch_item *it = sketch_find(s, key, len);

	s->all += weight;
	if (it == NULL) {
		it = make_room(s);
		const double inherited = it->weight;

		*it = (struct sketch_item){.len = MIN(len, SKETCH_KEY),
			.weight = inherited,
			.error = inherited};
		memcpy(it->key, key, it->len);
	}
	it->weight += weight;
	return it;
}

static void scale(struct sketch_item *it, double factor)
{
	it->weight *= factor;
	it->error *= factor;
	it->wasted *= factor;
	it->count *= factor;
	it->duration_ns *= factor;
	for (size_t i = 0; i < SKETCH_RCODES; i++)
		it->rcodes[i] *= factor;
}

void sketch_scale(struct sketch *s, double factor)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		scale(&s->item[i], factor);
		if (s->item[i].weight < NOTHING)
			continue;
		if (kept != i)
			s->item[kept] = s->item[i];
		kept++;
	}
	memset(&s->item[kept], 0, (s->n - kept) * sizeof(s->item[0]));
	s->n = kept;
	s->all *= factor;
}

static int heavier(const void *a, const void *b)
{
	const struct sketch_item *x = *(const struct sketch_item *const *)a;
	const struct sketch_item *y = *(const struct sketch_item *const *)b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	const int order = memcmp(x->key, y->key, MIN(x->len, y->len));
	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

size_t sketch_top(const struct sketch *s, const struct sketch_item **out, size_t n)
{
	const struct sketch_item *all[SKETCH_ITEMS];

	for (size_t i = 0; i < s->n; i++)
		all[i] = &s->item[i];
	qsort(all, s->n, sizeof(all[0]), heavier);
	n = MIN(n, s->n);
	memcpy(out, all, n * sizeof(all[0]));
	return n;
}

enum sketch_rcode sketch_rcode(unsigned rcode)
{
	static const enum sketch_rcode kinds[] = {SKETCH_NOERROR, SKETCH_OTHER,
		SKETCH_SERVFAIL, SKETCH_NXDOMAIN, SKETCH_OTHER, SKETCH_REFUSED};

	return rcode < ARRAY_LEN(kinds) ? kinds[rcode] : SKETCH_OTHER;
}

const char *sketch_rcode_text(enum sketch_rcode r)
{
	static const char *const words[SKETCH_RCODES] = {
		"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "other"};

	return words[r];
}

enum sketch_rcode sketch_mostly(const struct sketch_item *it)
{
	enum sketch_rcode most = SKETCH_NOERROR;

	for (unsigned i = 1; i < SKETCH_RCODES; i++)
		if (it->rcodes[i] > it->rcodes[most])
			most = (enum sketch_rcode)i;
	return most;
}
