/* visibility.c - the codec of rules of visibility, and what they say */
#include "snap/visibility.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "snap/cursor.h"

/* ---- the table of namespaces ---- */

void visibility_index(struct visibility_settings *v)
{
	struct visibility_namespace *all = v->namespaces;
	unsigned n = 0;

	qsort(all, v->nnamespaces, sizeof(*all), space_compare);
	for (unsigned i = 0; i < v->nnamespaces; i++) {
		if (n > 0 && space_compare(&all[n - 1], &all[i]) == 0) {
			all[n - 1].from |= all[i].from;
			all[n - 1].to |= all[i].to;
		} else {
			all[n++] = all[i];
		}
	}
	memset(all + n, 0, (v->nnamespaces - n) * sizeof(*all));
	v->nnamespaces = (uint16_t)n;
}

static const struct visibility_namespace *find(
	const struct visibility_settings *v, const char *namespace, size_t len)
{
	return space_find(
		v->namespaces, v->nnamespaces, sizeof(v->namespaces[0]), namespace, len);
}

/* ---- the codec ---- */

/* A word of rules: no bit that is none. */
static void word(struct cursor *c, const struct visibility_settings *v, uint64_t *rules)
{
	cursor_octets(c, rules, sizeof(*rules));
	cursor_insist(c,
		c->bad || v->nrules == VISIBILITY_RULES_MAX || *rules >> v->nrules == 0);
}

/* Namespace number `i`, which stands behind those before it. */
static void namespace(struct cursor *c, struct visibility_settings *v, unsigned i)
{
	struct visibility_namespace *n = &v->namespaces[i];

	space_walk(c, &n->name);
	if (c->bad)
		return;
	word(c, v, &n->from);
	word(c, v, &n->to);
	cursor_insist(c, c->bad || i == 0 || space_compare(n - 1, n) < 0);
}

static void walk(struct cursor *c, struct visibility_settings *v)
{
	cursor_octet(c, &v->nrules, VISIBILITY_RULES_MAX);
	word(c, v, &v->from_all);
	word(c, v, &v->to_all);
	cursor_half(c, &v->nnamespaces);
	cursor_insist(c, v->nnamespaces <= VISIBILITY_NAMESPACES_MAX);
	for (unsigned i = 0; !c->bad && i < v->nnamespaces; i++)
	namespace(c, v, i);
}

size_t visibility_encode(const struct visibility_settings *v, uint8_t *out)
{
	struct visibility_settings copy = *v; /* walked by what could change it */
	struct cursor c = {.out = out};

	walk(&c, &copy);
	return (size_t)(c.out - out);
}

int visibility_decode(const uint8_t *octets, size_t len, struct visibility_settings *out)
{
	struct cursor c = {.in = octets, .left = len};

	walk(&c, out);
	return c.bad || c.left > 0 ? -EBADMSG : 0;
}

/* ---- what they say ---- */

struct viewer visibility_viewer(
	const struct visibility_settings *v, const char *namespace, size_t len)
{
	const struct visibility_namespace *n = len > 0 ? find(v, namespace, len) : NULL;

	return (struct viewer){.rules = v,
		.about = v->from_all | (n != NULL ? n->from : 0),
		.namespace = namespace,
		.namespace_len = (uint8_t)len};
}

bool visibility_sees(const struct viewer *who, const char *namespace, size_t len)
{
	const struct visibility_settings *v = who->rules;
	const struct visibility_namespace *n;

	if (v->nrules == 0 || (who->about & v->to_all) != 0 ||
		(len == who->namespace_len &&
			memcmp(namespace, who->namespace, len) == 0))
		return true;
	n = who->about != 0 ? find(v, namespace, len) : NULL;
	return n != NULL && (who->about & n->to) != 0;
}

size_t visibility_namespace(
	const uint8_t *name, size_t len, size_t zone_len, const char **namespace)
{
	const uint8_t *end = name + len - zone_len, *last = NULL, *before = NULL;

	for (const uint8_t *at = name; at < end; at += 1 + at[0]) {
		before = last;
		last = at;
	}
	if (before == NULL || last[0] != 3 ||
		(memcmp(last + 1, "svc", 3) != 0 && memcmp(last + 1, "pod", 3) != 0))
		return 0;
	*namespace = (const char *)before + 1;
	return before[0];
}
