#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/selector.h"

#define PREFIX_MAX 253 /* octets of a key before its '/' */
#define WORD_MAX   63  /* octets of a key's name, and of a value */

struct cursor {
	const char *text;
	size_t pos;
	size_t bad; /* offset of the fault */
	const char *why;
};

static bool fail(struct cursor *c, size_t at, const char *why)
{
	c->bad = at;
	c->why = why;
	return false;
}

static void skip_space(struct cursor *c)
{
	c->pos += strspn(c->text + c->pos, " \t\r\n");
}

static bool take(struct cursor *c, const char *mark)
{
	const size_t n = strlen(mark);

	skip_space(c);
	if (strncmp(c->text + c->pos, mark, n) != 0)
		return false;
	c->pos += n;
	return true;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits, and "-_." inside; empty only if `empty`. */
static bool check_name(struct cursor *c, size_t from, size_t n, bool empty)
{
	const char *p = c->text + from;

	if (n == 0)
		return empty || fail(c, from, "a name is missing here");
	if (n > WORD_MAX)
		return fail(c, from, "a name has at most 63 octets");
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(p[i]) && strchr("-_.", p[i]) == NULL)
			return fail(
				c, from + i, "a name has letters, digits, \"-_.\" only");
	if (!is_alnum(p[0]) || !is_alnum(p[n - 1]))
		return fail(c, from, "a name begins and ends with a letter or digit");
	return true;
}

/* What stands before the '/' of a key: a DNS name in lower case. */
static bool check_prefix(struct cursor *c, size_t from, size_t n)
{
	const char *p = c->text + from;

	if (n == 0 || n > PREFIX_MAX)
		return fail(c, from, "the part before \"/\" has 1 to 253 octets");
	for (size_t i = 0; i < n; i++) {
		const bool edge = i == 0 || i == n - 1 || p[i - 1] == '.' ||
		                  p[i + 1] == '.';

		if ((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9'))
			continue;
		if (edge || (p[i] != '-' && p[i] != '.'))
			return fail(c, from + i, "the part before \"/\" is no DNS name");
	}
	return true;
}

/* A run of octets that are no space and no mark of the syntax. */
static size_t take_run(struct cursor *c, size_t *from)
{
	skip_space(c);
	*from = c->pos;
	c->pos += strcspn(c->text + c->pos, " \t\r\n=!,()<>");
	return c->pos - *from;
}

static bool take_key(struct cursor *c, struct selector_requirement *r)
{
	size_t from;
	const size_t n = take_run(c, &from);
	const char *slash = memchr(c->text + from, '/', n);
	const size_t prefix = slash != NULL ? (size_t)(slash - c->text) - from : 0;
	const size_t before = slash != NULL ? prefix + 1 : 0;

	if (slash != NULL && !check_prefix(c, from, prefix))
		return false;
	if (!check_name(c, from + before, n - before, false))
		return false;
	r->key = mem_dup(c->text + from, n);
	return true;
}

static bool take_operand(struct cursor *c, struct selector_requirement *r)
{
	size_t from;
	const size_t n = take_run(c, &from);

	if (!check_name(c, from, n, true))
		return false;
	r->values = mem_resize(r->values, r->nvalues + 1, sizeof(*r->values));
	r->values[r->nvalues++] = mem_dup(c->text + from, n);
	return true;
}

/* `(a, b)` */
static bool take_set(struct cursor *c, struct selector_requirement *r)
{
	if (!take(c, "("))
		return fail(c, c->pos, "\"(\" is missing here");
	skip_space(c);
	if (c->text[c->pos] == ')')
		return fail(c, c->pos, "a value is missing here");
	do {
		if (!take_operand(c, r))
			return false;
	} while (take(c, ","));
	return take(c, ")") || fail(c, c->pos, "\",\" or \")\" is missing here");
}

/* What stands behind a key, up to a comma or the end. */
static bool take_condition(struct cursor *c, struct selector_requirement *r)
{
	size_t from;

	if (take(c, "==") || take(c, "=")) {
		r->op = SELECTOR_IN;
		return take_operand(c, r);
	}
	if (take(c, "!=")) {
		r->op = SELECTOR_NOT_IN;
		return take_operand(c, r);
	}
	skip_space(c);
	if (c->text[c->pos] == ',' || c->text[c->pos] == '\0') {
		r->op = SELECTOR_EXISTS;
		return true;
	}
	const size_t n = take_run(c, &from);
	if (n == 2 && memcmp(c->text + from, "in", 2) == 0)
		r->op = SELECTOR_IN;
	else if (n == 5 && memcmp(c->text + from, "notin", 5) == 0)
		r->op = SELECTOR_NOT_IN;
	else
		return fail(c, from, "expected =, ==, !=, in, notin or a comma");
	return take_set(c, r);
}

static bool take_requirement(struct cursor *c, struct selector_requirement *r)
{
	if (take(c, "!")) {
		r->op = SELECTOR_ABSENT;
		return take_key(c, r);
	}
	return take_key(c, r) && take_condition(c, r);
}

static bool take_all(struct cursor *c, struct selector *s)
{
	skip_space(c);
	if (c->text[c->pos] == '\0')
		return true;
	do {
		s->requirement = mem_resize(
			s->requirement, s->n + 1, sizeof(*s->requirement));
		s->requirement[s->n] = (struct selector_requirement){0};
		if (!take_requirement(c, &s->requirement[s->n++]))
			return false;
	} while (take(c, ","));
	skip_space(c);
	return c->text[c->pos] == '\0' || fail(c, c->pos, "a comma is missing here");
}

int selector_parse(const char *text, struct selector *out, size_t *at, const char **why)
{
	struct cursor c = {.text = text};
	struct selector s = {0};

	if (!take_all(&c, &s)) {
		selector_fini(&s);
		*at = c.bad;
		*why = c.why;
		return -EINVAL;
	}
	*out = s;
	return 0;
}

static bool holds(const struct selector_requirement *r, const char *value)
{
	if (r->op == SELECTOR_EXISTS || r->op == SELECTOR_ABSENT)
		return (value != NULL) == (r->op == SELECTOR_EXISTS);
	for (size_t i = 0; value != NULL && i < r->nvalues; i++)
		if (strcmp(value, r->values[i]) == 0)
			return r->op == SELECTOR_IN;
	return r->op == SELECTOR_NOT_IN;
}

bool selector_matches(const struct selector *s,
	const char *(*label)(const void *arg, const char *key), const void *arg)
{
	for (size_t i = 0; i < s->n; i++)
		if (!holds(&s->requirement[i], label(arg, s->requirement[i].key)))
			return false;
	return true;
}

void selector_fini(struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t j = 0; j < s->requirement[i].nvalues; j++)
			free(s->requirement[i].values[j]);
		free(s->requirement[i].values);
		free(s->requirement[i].key);
	}
	free(s->requirement);
	*s = (struct selector){0};
}
