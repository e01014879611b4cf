/* differ.c - what differs between two configurations, key by key */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "conf/list.h"
#include "conf/show.h"

#define PATH_TEXT_MAX 128
#define GROUP_SHORT   160 /* octets of a group that is shown whole */

struct differ {
	conf_on_difference on_difference;
	void *arg;
	size_t n;
};

/* What a function writes, as text that is owned by the caller. */
struct text {
	char *data;
	size_t len;
	FILE *out;
};

/* There is no file without memory, and without memory we end, as mem.h does. */
static void text_open(struct text *t)
{
	t->out = open_memstream(&t->data, &t->len);
	if (t->out == NULL)
		abort();
}

static char *text_close(struct text *t)
{
	if (fclose(t->out) != 0)
		abort();
	return t->data;
}

static void tell(struct differ *d, const struct key *k, const char *path, const char *was,
	const char *is)
{
	const struct conf_difference diff = {path, was, is, k->reloadable};

	d->n++;
	if (d->on_difference != NULL)
		d->on_difference(d->arg, &diff);
}

static char *value_text(const struct key *k, const void *base)
{
	struct text t;

	text_open(&t);
	show_value(k, base, t.out);
	return text_close(&t);
}

static void compare_key(struct differ *d, const struct key *k, const char *path,
	const void *a, const void *b)
{
	char *was = value_text(k, a), *is = value_text(k, b);

	if (strcmp(was, is) != 0)
		tell(d, k, path, was, is);
	free(was);
	free(is);
}

/* A group in words: whole, or, where it is long, what it cannot be without. */
static char *group_text(const char *prefix, const void *element)
{
	struct text t;

	text_open(&t);
	show_group(prefix, element, t.out);
	char *whole = text_close(&t);
	if (strlen(whole) <= GROUP_SHORT)
		return whole;
	free(whole);
	text_open(&t);
	fputs("{ ", t.out);
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		if (!schema[i].required)
			continue;
		fprintf(t.out, "%s = ", schema[i].path + strlen(prefix) + 1);
		show_value(&schema[i], element, t.out);
		fputs("; ", t.out);
	}
	fputs("... }", t.out);
	return text_close(&t);
}

/* The groups of a list, and which of them the other list has too. */
struct groups {
	const struct key *k;
	const void *base;
	size_t n;
	char **whole; /* owned texts */
	bool *same;
};

static void groups_init(
	struct groups *g, const struct key *k, const char *prefix, const void *base)
{
	struct text t;

	*g = (struct groups){.k = k, .base = base, .n = list_count(k, base)};
	g->whole = mem_alloc(g->n + 1, sizeof(*g->whole));
	g->same = mem_alloc(g->n + 1, sizeof(*g->same));
	for (size_t i = 0; i < g->n; i++) {
		text_open(&t);
		show_group(prefix, show_at(k, base, i), t.out);
		g->whole[i] = text_close(&t);
		g->same[i] = false;
	}
}

static void groups_fini(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->whole[i]);
	free(g->whole);
	free(g->same);
}

/* Mark what both have; true if it stands in another order, and nothing else differs. */
static bool find_same(struct groups *a, struct groups *b)
{
	bool moved = false;
	size_t found = 0;

	for (size_t i = 0; i < a->n; i++) {
		for (size_t j = 0; j < b->n && !a->same[i]; j++) {
			if (b->same[j] || strcmp(a->whole[i], b->whole[j]) != 0)
				continue;
			a->same[i] = b->same[j] = true;
			moved = moved || i != j;
			found++;
		}
	}
	return moved && found == a->n && found == b->n;
}

static size_t next_other(const struct groups *g, size_t i)
{
	while (i < g->n && g->same[i])
		i++;
	return i;
}

static void compare_group(
	struct differ *d, const char *prefix, size_t index, const void *a, const void *b)
{
	char path[PATH_TEXT_MAX];

	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		snprintf(path, sizeof(path), "%.*s[%zu].%s", (int)strlen(prefix) - 2,
			prefix, index, schema[i].path + strlen(prefix) + 1);
		compare_key(d, &schema[i], path, a, b);
	}
}

static void tell_group(
	struct differ *d, const struct groups *g, const char *prefix, size_t i, bool came)
{
	char *text = group_text(prefix, show_at(g->k, g->base, i));

	tell(d, g->k, g->k->path, came ? "" : text, came ? text : "");
	free(text);
}

/* Listening addresses come and go; of other lists what stands in the same turn is one. */
static void compare_groups(
	struct differ *d, const struct key *k, const void *a, const void *b)
{
	const bool pairs = strcmp(k->path, "listen") != 0;
	struct groups was, is;
	char prefix[PATH_TEXT_MAX];
	size_t i, j;

	snprintf(prefix, sizeof(prefix), "%s[]", k->path);
	groups_init(&was, k, prefix, a);
	groups_init(&is, k, prefix, b);
	if (find_same(&was, &is))
		tell(d, k, k->path, "one order", "another order");
	i = next_other(&was, 0);
	j = next_other(&is, 0);
	for (; pairs && i < was.n && j < is.n;
		i = next_other(&was, i + 1), j = next_other(&is, j + 1))
		compare_group(d, prefix, j, show_at(k, a, i), show_at(k, b, j));
	for (; i < was.n; i = next_other(&was, i + 1))
		tell_group(d, &was, prefix, i, false);
	for (; j < is.n; j = next_other(&is, j + 1))
		tell_group(d, &is, prefix, j, true);
	groups_fini(&was);
	groups_fini(&is);
}

size_t conf_differ(const struct conf *a, const struct conf *b,
	conf_on_difference on_difference, void *arg)
{
	struct differ d = {.on_difference = on_difference, .arg = arg};

	for (size_t i = schema_next("", 0); i < schema_n; i = schema_next("", i + 1)) {
		if (schema[i].type == KEY_GROUPS)
			compare_groups(&d, &schema[i], a, b);
		else
			compare_key(&d, &schema[i], schema[i].path, a, b);
	}
	return d.n;
}
