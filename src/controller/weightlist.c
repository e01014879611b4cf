#include "controller/weightlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/addr.h"
#include "dns/name.h"

_Static_assert(WEIGHTS_NAMES_MAX == 1024 && WEIGHTS_ADDRS_MAX == 8192, "texts say so");

#define WORDS_MAX 3 /* of a line that are looked at: one more than is right */

struct word {
	const char *at; /* borrowed; not terminated */
	size_t len;
	unsigned column;
};

/* An address under a name, as it stands in a line. */
struct item {
	struct hash128 name;
	uint8_t octets[16];
	uint8_t weight;
	unsigned line, column;
};

struct list {
	struct hash_key key; /* nothing masked */
	struct weightlist_error *error;
	struct item *items; /* owned */
	size_t n, room;
	unsigned line;
	unsigned names;         /* lines with a name so far */
	struct hash128 current; /* the last one of them */
};

/* The word for a person: cut, and nothing in it that a terminal would obey. */
static const char *shown(const struct word *w, char out[64])
{
	size_t n = MIN(w->len, (size_t)40);

	for (size_t i = 0; i < n; i++)
		out[i] = w->at[i];
	for (size_t i = 0; i < n; i++)
		if (out[i] < ' ' || out[i] > '~' || out[i] == '"')
			out[i] = '?';
	snprintf(out + n, 64 - n, "%s", w->len > n ? "..." : "");
	return out;
}

/* What is wrong with the word, and how to mend it. */
static int fail(struct list *l, const struct word *w, const char *what)
{
	struct weightlist_error *e = l->error;
	char text[64];

	e->line = l->line;
	e->column = w->column;
	snprintf(e->text, sizeof(e->text), "\"%s\" %s", shown(w, text), what);
	return -EINVAL;
}

/* ---- one line ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Split a line up to its comment into words; WORDS_MAX stands for more, too. */
static size_t split(const char *at, size_t len, struct word *word)
{
	size_t i = 0, n = 0;

	while (n < WORDS_MAX) {
		while (i < len && is_space(at[i]))
			i++;
		if (i == len || at[i] == '#')
			break;
		size_t from = i;
		while (i < len && !is_space(at[i]))
			i++;
		word[n++] = (struct word){at + from, i - from, (unsigned)from + 1};
	}
	return n;
}

static int take_name(struct list *l, const struct word *w)
{
	char text[NAME_TEXT_MAX];
	struct name name;
	struct addr addr;

	if (addr_parse(w->at, w->len, &addr))
		return fail(
			l, w, "stands alone: write the weight of the address behind it");
	if (++l->names > WEIGHTS_NAMES_MAX)
		return fail(l, w, "is one name too many: at most 1024 have weights");
	if (w->len >= sizeof(text) || memchr(w->at, '\0', w->len) != NULL)
		return fail(l, w, "is no domain name: write one such as www.example.com");
	memcpy(text, w->at, w->len);
	text[w->len] = '\0';
	int ret = name_parse(text, &name);
	if (ret == -ENAMETOOLONG)
		return fail(
			l, w, "is too long: a label has at most 63 octets, a name 255");
	if (ret < 0)
		return fail(l, w, "is no domain name: write one such as www.example.com");
	name_fold(name.wire, name.wire, name.len);
	l->current = hash_name(&l->key, name.wire, name.len);
	return 0;
}

/* Decimal digits, 1 to 255; 0: it is something else. */
static uint8_t parse_weight(const struct word *w)
{
	unsigned v = 0;

	for (size_t i = 0; i < w->len; i++) {
		if (w->at[i] < '0' || w->at[i] > '9')
			return 0;
		v = v * 10 + (unsigned)(w->at[i] - '0');
		if (v > 255)
			return 0;
	}
	return (uint8_t)v;
}

static int take_address(struct list *l, const struct word *address, const struct word *w)
{
	uint8_t weight = parse_weight(w);
	struct addr a;

	if (!addr_parse(address->at, address->len, &a))
		return fail(l, address, "is no IP address: write ADDRESS WEIGHT");
	if (weight == 0)
		return fail(l, w, "is no weight: write a number from 1 to 255");
	if (l->names == 0)
		return fail(l, address,
			"has no name: write the domain name on a line before it");
	if (l->n == WEIGHTS_ADDRS_MAX)
		return fail(
			l, address, "is one address too many: at most 8192 have weights");
	if (l->n == l->room) {
		l->room = 2 * l->room + 16;
		l->items = mem_resize(l->items, l->room, sizeof(*l->items));
	}
	struct item *item = &l->items[l->n++];
	*item = (struct item){.name = l->current,
		.weight = weight,
		.line = l->line,
		.column = address->column};
	weights_octets(a.octets, a.len, item->octets);
	return 0;
}

static int take_line(struct list *l, const char *at, size_t len)
{
	struct word word[WORDS_MAX];

	l->line++;
	switch (split(at, len, word)) {
	case 0:
		return 0;
	case 1:
		return take_name(l, &word[0]);
	case 2:
		return take_address(l, &word[0], &word[1]);
	default:
		return fail(l, &word[2],
			"is one word too many: write ADDRESS WEIGHT; # begins a comment");
	}
}

/* ---- the table ---- */

static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = weights_compare(&x->name, &y->name);

	if (order == 0)
		order = memcmp(x->octets, y->octets, sizeof(x->octets));
	if (order == 0)
		order = x->line < y->line ? -1 : x->line > y->line;
	return order;
}

/* True if the item is an address that stands before it, under the same name. */
static bool again(const struct item *first, const struct item *item)
{
	return weights_compare(&first->name, &item->name) == 0 &&
	       memcmp(first->octets, item->octets, sizeof(item->octets)) == 0;
}

/* Two weights of one address: the first such line is told. */
static void warn(struct list *l, const struct item *first, const struct item *item)
{
	struct weightlist_error *e = l->error;

	if (first->weight == item->weight || (e->line != 0 && e->line < item->line))
		return;
	e->line = item->line;
	e->column = item->column;
	snprintf(e->text, sizeof(e->text),
		"the address has weight %u already in line %u, which stands: remove one",
		(unsigned)first->weight, first->line);
}

static void fill(struct list *l, struct weights *out)
{
	const struct item *first = NULL;

	if (l->n > 1) /* there may be no items at all */
		qsort(l->items, l->n, sizeof(*l->items), compare);
	out->key = l->key;
	out->nnames = out->naddrs = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *item = &l->items[i];

		if (first != NULL && again(first, item)) {
			warn(l, first, item);
			continue;
		}
		if (first == NULL || weights_compare(&first->name, &item->name) != 0) {
			struct weights_name *n = &out->name[out->nnames++];

			n->hash = item->name;
			n->first = out->naddrs;
			n->count = 0;
		}
		out->name[out->nnames - 1].count++;
		struct weights_addr *a = &out->addr[out->naddrs++];
		memcpy(a->octets, item->octets, sizeof(a->octets));
		a->weight = item->weight;
		first = item;
	}
}

int weightlist_parse(const char *text, size_t len, const struct hash_key *key,
	struct weights *out, struct weightlist_error *error)
{
	struct list l = {.key = {key->k0, key->k1, UINT64_MAX}, .error = error};
	int ret = 0;

	*error = (struct weightlist_error){0};
	while (ret == 0 && len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - text);

		ret = take_line(&l, text, n);
		n += end != NULL;
		text += n;
		len -= n;
	}
	if (ret == 0)
		fill(&l, out);
	free(l.items);
	return ret;
}
