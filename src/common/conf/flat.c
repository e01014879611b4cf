/* flat.c - keys, values and places; see flat.h */
#include "conf/flat.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/flatmake.h"
#include "conf/flatvalue.h"

const struct flat_item *flat_find(const struct flat *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->item[i].path, path) == 0)
			return &f->item[i];
	return NULL;
}

bool flat_guess(const char *path, char *out, size_t cap)
{
	return schema_guess(path, out, cap);
}

/* What libconfig reads as the same octets. */
static void print_octet(unsigned char c, FILE *out)
{
	static const char plain[] = "\n\r\t\f", letter[] = "nrtf";
	const char *p = strchr(plain, c);

	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (p != NULL)
		fprintf(out, "\\%c", letter[p - plain]);
	else if (c < 0x20 || c == 0x7f)
		fprintf(out, "\\x%02x", c);
	else
		fputc(c, out);
}

void flat_print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		print_octet((unsigned char)*text, out);
	fputc('"', out);
}

void flat_print_value(const struct flat_item *it, FILE *out)
{
	switch (it->kind) {
	case FLAT_NUMBER:
	case FLAT_BOOL:
		fputs(it->text[0], out);
		break;
	case FLAT_STRING:
		flat_print_string(it->text[0], out);
		break;
	case FLAT_GROUPS:
		fprintf(out, "( %zu group%s )", it->n, it->n == 1 ? "" : "s");
		break;
	case FLAT_LIST:
		fputc('[', out);
		for (size_t i = 0; i < it->n; i++) {
			fputs(i == 0 ? " " : ", ", out);
			flat_print_string(it->text[i], out);
		}
		fputs(it->n > 0 ? " ]" : "]", out);
		break;
	}
}

bool flat_same(const struct flat_item *a, const struct flat_item *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n && a->text != NULL; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

/* ---- differences ---- */

static int by_id(const void *a, const void *b)
{
	const struct flat_item *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* Its items, to be searched by what they are known by; owned by the caller. */
static const struct flat_item **sorted(const struct flat *f)
{
	const struct flat_item **p = mem_alloc(MAX(f->n, 1), sizeof(*p));

	for (size_t i = 0; i < f->n; i++)
		p[i] = &f->item[i];
	qsort(p, f->n, sizeof(*p), by_id);
	return p;
}

static const struct flat_item *look_up(
	const struct flat_item **sorted_items, size_t n, const struct flat_item *it)
{
	const struct flat_item *const *found = bsearch(
		&it, sorted_items, n, sizeof(*sorted_items), by_id);

	return found != NULL ? *found : NULL;
}

/* Of a group that comes or goes: the keys that somebody set, and what it is known by. */
static bool tells(const struct flat_item *it)
{
	return it->kind != FLAT_GROUPS && (it->set || it->names);
}

size_t flat_diff(
	const struct flat *before, const struct flat *after, struct flat_change **out)
{
	const struct flat_item **old = sorted(before), **new = sorted(after);
	struct flat_change *c = mem_alloc(MAX(before->n + after->n, 1), sizeof(*c));
	size_t n = 0;

	for (size_t i = 0; i < before->n; i++) {
		const struct flat_item *a = &before->item[i];
		const struct flat_item *b = look_up(new, after->n, a);

		if (a->kind != FLAT_GROUPS && b != NULL ? !flat_same(a, b) : tells(a))
			c[n++] = (struct flat_change){a, b};
	}
	for (size_t i = 0; i < after->n; i++) {
		const struct flat_item *b = &after->item[i];

		if (tells(b) && look_up(old, before->n, b) == NULL)
			c[n++] = (struct flat_change){NULL, b};
	}
	free(old);
	free(new);
	*out = c;
	return n;
}

void flat_fini(struct flat *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct flat_item *it = &f->item[i];

		flatvalue_fini(it);
		for (size_t j = 0; j < it->nplaces; j++)
			free(it->place[j].file);
		free(it->place);
		free(it->path);
		free(it->id);
	}
	free(f->item);
	*f = (struct flat){0};
}
