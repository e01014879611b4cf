/* flatmake.c - see flatmake.h */
#include "conf/flatmake.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/flatvalue.h"
#include "conf/list.h"
#include "conf/show.h"

#define PREFIX_MAX 64 /* octets of "forward[]" and its like */

/* What keys are being written: those of the whole, or of one group of a list. */
struct level {
	const char *prefix; /* as schema_next() has it */
	char *path, *id;    /* "forward[2]", `forward["."]` */
	const void *base;
	size_t group;
	bool given; /* files set the list in which it stands */
};

static char *join(const char *outer, const char *inner)
{
	const size_t n = strlen(outer) + strlen(inner) + 2;
	char *out = mem_alloc(n, 1);

	snprintf(out, n, "%s%s%s", outer, outer[0] != '\0' ? "." : "", inner);
	return out;
}

static void add_place(struct flat_item *it, const struct place *at)
{
	for (size_t i = 0; i < it->nplaces; i++)
		if (it->place[i].line == at->line &&
			strcmp(it->place[i].file, at->file) == 0)
			return;
	it->place = mem_resize(it->place, it->nplaces + 1, sizeof(*it->place));
	it->place[it->nplaces++] = (struct flat_place){
		mem_dup(at->file, strlen(at->file)), at->line, at->column};
}

/* Lists of the top: where each element stands, if they came from several settings. */
static void add_places(const struct parse *p, const struct key *k, const struct level *l,
	struct flat_item *it)
{
	const bool top = l->prefix[0] == '\0';

	if (!it->set)
		return;
	for (size_t i = 0; i < p->nmarks; i++) {
		const struct parse_mark *m = &p->marks[i];

		if (m->key == k && (top || (m->group == l->group && it->nplaces == 0)))
			add_place(it, &m->place);
	}
	if (it->nplaces == 0)
		add_place(it, &p->seen[k - schema]);
}

static bool is_set(const struct parse *p, const struct key *k, const struct level *l)
{
	if (l->prefix[0] == '\0')
		return p->seen[k - schema].file != NULL;
	for (size_t i = 0; i < p->nmarks && l->given; i++)
		if (p->marks[i].key == k && p->marks[i].group == l->group)
			return true;
	return false;
}

static void put_level(const struct parse *p, const struct level *l, struct flat *out);

/* By what a group is known, and the how manieth of its list it is that has that. */
static char *group_id(const struct key *list, const struct flat *out, size_t from)
{
	const struct flat_item *first = &out->item[from];
	const char *what = first->n > 0 ? first->text[0] : "";
	const size_t n = strlen(list->path) + strlen(what) + 32;
	const size_t upto = strlen(list->path) + 1; /* with its bracket */
	char *id = mem_alloc(n, 1);
	size_t nth = 1;

	for (size_t i = 0; i < from; i++)
		nth += out->item[i].names && flat_same(&out->item[i], first) &&
		       strncmp(out->item[i].path, first->path, upto) == 0;
	if (nth > 1)
		snprintf(id, n, "%s[\"%s\", %zu]", list->path, what, nth);
	else
		snprintf(id, n, "%s[\"%s\"]", list->path, what);
	return id;
}

/* Lists of rules, of which the first that fits counts: groups are known by their turn. */
static bool is_ordered(const struct key *list)
{
	return strcmp(list->path, "acl") == 0 ||
	       strcmp(list->path, "errors.consolidate") == 0;
}

/* The items of a group are known once its first one is. */
static void name_group(const struct key *list, struct flat *out, size_t from)
{
	out->item[from].names = true;
	if (is_ordered(list))
		return;
	char *id = group_id(list, out, from);

	for (size_t i = from; i < out->n; i++) {
		const char *inner = strchr(out->item[i].path, ']');

		free(out->item[i].id);
		out->item[i].id = join(id, inner + 2);
	}
	free(id);
}

static void put_groups(const struct parse *p, const struct key *k, const struct level *l,
	bool given, struct flat *out)
{
	char prefix[PREFIX_MAX];

	snprintf(prefix, sizeof(prefix), "%s[]", k->path);
	for (size_t i = 0; i < list_count(k, l->base); i++) {
		const size_t n = strlen(k->path) + 24, from = out->n;
		struct level inner = {.prefix = prefix,
			.path = mem_alloc(n, 1),
			.base = show_at(k, l->base, i),
			.group = i,
			.given = given};

		snprintf(inner.path, n, "%s[%zu]", k->path, i);
		inner.id = inner.path;
		put_level(p, &inner, out);
		name_group(k, out, from);
		free(inner.path);
	}
}

static void put_level(const struct parse *p, const struct level *l, struct flat *out)
{
	const size_t skip = l->prefix[0] != '\0' ? strlen(l->prefix) + 1 : 0;

	for (size_t i = schema_next(l->prefix, 0); i < schema_n;
		i = schema_next(l->prefix, i + 1)) {
		const struct key *k = &schema[i];
		struct flat_item it = {.path = join(l->path, k->path + skip),
			.id = join(l->id, k->path + skip),
			.help = k->help,
			.reloadable = k->reloadable,
			.set = is_set(p, k, l)};

		flatvalue_put(p, k, l->base, &it);
		add_places(p, k, l, &it);
		out->item = mem_resize(out->item, out->n + 1, sizeof(*out->item));
		out->item[out->n++] = it;
		if (k->type == KEY_GROUPS)
			put_groups(p, k, l, it.set, out);
	}
}

void flatmake_all(const struct parse *p, struct flat *out)
{
	char none[] = "";
	const struct level top = {
		.prefix = "", .path = none, .id = none, .base = p->conf};

	put_level(p, &top, out);
}

void flatmake_mark(struct flat *f, const struct flat *defaults)
{
	for (size_t i = 0; i < f->n; i++) {
		struct flat_item *it = &f->item[i];
		const struct key *k = schema_find(it->path);
		const char *path = k != NULL && k->follows != NULL ? k->follows
		                                                   : it->path;
		const struct flat_item *standard = flat_find(
			k != NULL && k->follows != NULL ? f : defaults, path);

		it->changed = it->set && (standard == NULL || !flat_same(it, standard));
	}
}
