#include "controller/records/visibilityset.h"

#include <string.h>

#include "base/base.h"

/* True if the list is about all, so that it needs no names. */
static bool is_all(char *const *namespaces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (namespaces[i][0] == '\0') /* "*" */
			return true;
	return false;
}

static void put(struct visibility_settings *out, const char *namespace, uint64_t from,
	uint64_t to)
{
	struct visibility_namespace *n = &out->namespaces[out->nnamespaces];

	if (out->nnamespaces == VISIBILITY_NAMESPACES_MAX)
		return;
	space_set(&n->name, namespace, strlen(namespace));
	n->from = from;
	n->to = to;
	out->nnamespaces++;
}

void visibilityset_from_conf(const struct conf *c, struct visibility_settings *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < c->nvisibility && i < VISIBILITY_RULES_MAX; i++) {
		const struct conf_visibility *rule = &c->visibility[i];
		const uint64_t bit = UINT64_C(1) << out->nrules++;

		if (is_all(rule->from, rule->nfrom))
			out->from_all |= bit;
		else
			for (size_t k = 0; k < rule->nfrom; k++)
				put(out, rule->from[k], bit, 0);
		if (is_all(rule->to, rule->nto))
			out->to_all |= bit;
		else
			for (size_t k = 0; k < rule->nto; k++)
				put(out, rule->to[k], 0, bit);
	}
	visibility_index(out);
}

_Static_assert(VISIBILITY_RULES_MAX == CONF_VISIBILITY_MAX, "rules");
_Static_assert(VISIBILITY_NAMESPACES_MAX == CONF_VISIBILITY_NAMESPACES_MAX, "namespaces");
