/* conftext.c - see conftext.h */
#include "ctl/conftext.h"

#include <string.h>

#include "base/base.h"

bool conftext_shown(const struct conftext *t, const struct flat_item *it)
{
	if (it->kind == FLAT_GROUPS && it->n > 0)
		return false; /* its groups are */
	return t->defaults || it->set;
}

void conftext_places(const struct flat_item *it, FILE *out)
{
	if (it->nplaces == 0)
		fputs("default", out);
	for (size_t i = 0; i < it->nplaces; i++)
		fprintf(out, "%s%s:%u:%u", i > 0 ? ", " : "", it->place[i].file,
			it->place[i].line, it->place[i].column);
}

bool conftext_below(const char *path, const char *prefix)
{
	const size_t n = strlen(prefix);

	return n == 0 || (strncmp(path, prefix, n) == 0 &&
				 (path[n] == '\0' || path[n] == '.' || path[n] == '['));
}

/* ---- a file ---- */

struct printer {
	const struct conftext *t;
	const struct flat *f;
	FILE *out;
	bool comment; /* what is printed is a comment: no file sets it */
};

static void indent(const struct printer *p, size_t depth)
{
	fputs(p->comment ? "#" : "", p->out);
	while (depth-- > 0)
		fputc('\t', p->out);
}

/* Groups that are open: how many, and how far their part of a path goes. */
static size_t same_groups(const char *a, const char *b, size_t *len)
{
	size_t n = 0;

	*len = 0;
	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.') {
			n++;
			*len = i + 1;
		}
	return n;
}

static size_t dots(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '.';
	return n;
}

static const char *last_word(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL ? dot + 1 : path;
}

/* Between two keys: the groups that end, and those that begin. */
static void step(
	const struct printer *p, size_t depth, const char *last, const char *next)
{
	size_t at, same = same_groups(last, next, &at);

	for (size_t n = dots(last); n > same; n--) {
		indent(p, depth + n - 1);
		fputs("};\n", p->out);
	}
	for (size_t n = same; strchr(next + at, '.') != NULL; n++) {
		const size_t len = strcspn(next + at, ".");

		indent(p, depth + n);
		fprintf(p->out, "%.*s = {\n", (int)len, next + at);
		at += len + 1;
	}
}

static void print_key(const struct printer *p, size_t depth, const char *path,
	const struct flat_item *it)
{
	indent(p, depth + dots(path));
	fprintf(p->out, "%s%s = ", it->set || p->comment ? "" : "#", last_word(path));
	if (it->kind == FLAT_GROUPS)
		fputs("()", p->out);
	else
		flat_print_value(it, p->out);
	fputc(';', p->out);
	if (p->t->origin) {
		fputs(" # ", p->out);
		conftext_places(it, p->out);
	}
	fputc('\n', p->out);
}

static size_t print_group(const struct printer *p, size_t depth, size_t from);

/* The groups of the list at `from`; returns where what is behind them begins. */
static size_t print_groups(const struct printer *all, size_t depth, size_t from)
{
	const struct flat_item *list = &all->f->item[from];
	const bool show = all->t->defaults || list->set;
	const struct printer own = {all->t, all->f, all->out, !list->set};
	const struct printer *p = &own;
	size_t at = from + 1;

	if (show) {
		indent(p, depth);
		fprintf(p->out, "%s = (\n", last_word(list->path));
	}
	for (size_t i = 0; i < list->n; i++) {
		if (show) {
			at = print_group(p, depth + 1, at);
			fputs(i + 1 < list->n ? ",\n" : "\n", p->out);
		} else {
			const size_t n = strcspn(p->f->item[at].path, "]");
			const char *group = p->f->item[at].path;

			while (at < p->f->n &&
				strncmp(p->f->item[at].path, group, n + 1) == 0)
				at++;
		}
	}
	if (show) {
		indent(p, depth);
		fputs(");\n", p->out);
	}
	return at;
}

static size_t print_group(const struct printer *p, size_t depth, size_t from)
{
	const size_t n = strcspn(p->f->item[from].path, "]") + 2;
	const char *last = "";
	size_t i = from;

	indent(p, depth);
	fputs("{\n", p->out);
	for (; i < p->f->n && strncmp(p->f->item[i].path, p->f->item[from].path, n) == 0;
		i++) {
		const struct flat_item *it = &p->f->item[i];

		if (!conftext_shown(p->t, it))
			continue;
		step(p, depth + 1, last, it->path + n);
		print_key(p, depth + 1, it->path + n, it);
		last = it->path + n;
	}
	step(p, depth + 1, last, "");
	indent(p, depth);
	fputc('}', p->out);
	return i;
}

void conftext_file(const struct conftext *t, const struct flat *f, FILE *out)
{
	const struct printer p = {t, f, out, false};
	const char *last = "";

	for (size_t i = 0; i < f->n;) {
		const struct flat_item *it = &f->item[i];

		if (it->kind == FLAT_GROUPS && it->n > 0) {
			if (t->defaults || it->set) {
				step(&p, 0, last, it->path);
				last = it->path;
			}
			i = print_groups(&p, dots(it->path), i);
			continue;
		}
		i++;
		if (!conftext_shown(t, it))
			continue;
		step(&p, 0, last, it->path);
		print_key(&p, 0, it->path, it);
		last = it->path;
	}
	step(&p, 0, last, "");
}

/* ---- lines, JSON ---- */

void conftext_lines(
	const struct conftext *t, const struct flat *f, const char *prefix, FILE *out)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct flat_item *it = &f->item[i];

		if (!conftext_shown(t, it) || !conftext_below(it->path, prefix))
			continue;
		fprintf(out, "%s = ", it->path);
		flat_print_value(it, out);
		if (t->origin) {
			fputs("  # ", out);
			conftext_places(it, out);
		}
		fputc('\n', out);
	}
}

void conftext_value(struct json *j, const char *key, const struct flat_item *it)
{
	switch (it->kind) {
	case FLAT_NUMBER:
		json_raw(j, key, it->text[0]);
		break;
	case FLAT_BOOL:
		json_bool(j, key, strcmp(it->text[0], "true") == 0);
		break;
	case FLAT_STRING:
		json_string(j, key, it->text[0]);
		break;
	default:
		json_begin(j, key, '[');
		for (size_t i = 0; i < it->n && it->kind == FLAT_LIST; i++)
			json_string(j, NULL, it->text[i]);
		json_end(j, ']');
	}
}

static void print_item(
	struct json *j, const struct conftext *t, const struct flat_item *it)
{
	json_begin(j, NULL, '{');
	json_string(j, "path", it->path);
	conftext_value(j, "value", it);
	json_bool(j, "set", it->set);
	json_bool(j, "default", !it->changed);
	json_bool(j, "reloadable", it->reloadable);
	if (t->origin) {
		json_begin(j, "origin", '[');
		for (size_t i = 0; i < it->nplaces; i++) {
			json_begin(j, NULL, '{');
			json_string(j, "file", it->place[i].file);
			json_number(j, "line", it->place[i].line);
			json_number(j, "column", it->place[i].column);
			json_end(j, '}');
		}
		json_end(j, ']');
	}
	json_end(j, '}');
}

void conftext_json(const struct conftext *t, const struct flat *f, const char *prefix,
	struct json *j)
{
	json_begin(j, "settings", '[');
	for (size_t i = 0; i < f->n; i++)
		if (conftext_shown(t, &f->item[i]) &&
			conftext_below(f->item[i].path, prefix))
			print_item(j, t, &f->item[i]);
	json_end(j, ']');
}
