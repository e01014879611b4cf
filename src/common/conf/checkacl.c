/* checkacl.c - the part of check.c that is about who may know of what (AC-01, AC-04) */
#include "base/base.h"
#include "conf/check.h"

static const char acl[] = "acl", visibility[] = "visibility";

/* ---- one rule ---- */

/* A list that is set and empty is about nobody, and is most likely a slip. */
static void check_list(struct parse *p, const struct value *v, const char *path, size_t n,
	const char *all, const char * or)
{
	const struct place *at = &p->given[schema_find(path) - schema];
	char shown[256];

	if (n > 0)
		return;
	snprintf(shown, sizeof(shown), "%s%s", v->path, strchr(path, ']') + 1);
	report_add(p->report, CONF_ERROR, at->file != NULL ? at : &v->item->value, shown,
		"is empty: the rule is never used — write [ \"%s\" ] for all, or %s", all,
		or);
}

void check_acl_rule(struct parse *p, const struct value *v, const struct conf_acl *rule)
{
	static const char or [] = "leave it out";

	check_list(p, v, "acl[].zones", rule->nzones, ".", or);
	check_list(p, v, "acl[].types", rule->ntypes, "*", or);
	check_list(p, v, "acl[].nets", rule->nnets, "*", or);
	check_list(p, v, "acl[].namespaces", rule->nnamespaces, "*", or);
}

void check_visibility_rule(
	struct parse *p, const struct value *v, const struct conf_visibility *rule)
{
	static const char or [] = "take the rule out";

	check_list(p, v, "visibility[].from", rule->nfrom, "*", or);
	check_list(p, v, "visibility[].to", rule->nto, "*", or);
}

/* ---- all of it ---- */

static bool all_zones(const struct conf_acl *rule)
{
	for (size_t i = 0; i < rule->nzones; i++)
		if (rule->zones[i].len == 1)
			return true;
	return false;
}

static bool all_types(const struct conf_acl *rule)
{
	for (size_t i = 0; i < rule->ntypes; i++)
		if (rule->types[i] == CONF_TYPE_ALL)
			return true;
	return false;
}

static bool all_nets(const struct conf_acl *rule)
{
	for (size_t i = 0; i < rule->nnets; i++)
		if (rule->nets[i].addr.len == 0)
			return true;
	return false;
}

/* "" stands for "*". */
static bool all_of(char *const *namespaces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (namespaces[i][0] == '\0')
			return true;
	return false;
}

static bool all_namespaces(const struct conf_acl *rule)
{
	return all_of(rule->namespaces, rule->nnamespaces);
}

static bool is_all(const struct conf_acl *rule)
{
	return all_zones(rule) && all_types(rule) && all_nets(rule) &&
	       all_namespaces(rule);
}

/* Rules behind one that is about everything are never used. */
static void check_reached(struct parse *p)
{
	const struct conf *c = p->conf;
	const struct place *all;
	size_t i = 0;

	while (i < c->nacl && !is_all(&c->acl[i]))
		i++;
	if (i + 1 >= c->nacl)
		return;
	all = parse_where(p, acl, i, 0);
	report_add(p->report, CONF_WARNING, parse_where(p, acl, i + 1, 0), acl,
		"is never used: the rule at %s:%u:%u is about every query — put this one "
		"before it",
		all->file, all->line, all->column);
}

/* All rules have room for this together; what is about everything takes none of it. */
static void check_room(struct parse *p)
{
	const struct conf *c = p->conf;
	size_t zones = 0, types = 0, nets = 0, namespaces = 0;
	const struct {
		const char *what;
		const size_t *n;
		unsigned max;
	} lists[] = {{"zones", &zones, CONF_ACL_ZONES_MAX},
		{"types", &types, CONF_ACL_TYPES_MAX}, {"nets", &nets, CONF_ACL_NETS_MAX},
		{"namespaces", &namespaces, CONF_ACL_NAMESPACES_MAX}};

	for (size_t i = 0; i < c->nacl; i++) {
		const struct conf_acl *rule = &c->acl[i];

		zones += all_zones(rule) ? 0 : rule->nzones;
		types += all_types(rule) ? 0 : rule->ntypes;
		nets += all_nets(rule) ? 0 : rule->nnets;
		namespaces += all_namespaces(rule) ? 0 : rule->nnamespaces;
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (*lists[i].n > lists[i].max)
			report_add(p->report, CONF_ERROR,
				parse_where(p, acl, 0, SIZE_MAX), acl,
				"all rules have %zu %s, and %u is the most — take some "
				"out",
				*lists[i].n, lists[i].what, lists[i].max);
}

/* Whether the objects of a namespace are looked at. */
static bool is_watched(const struct conf_kubernetes *k, const char *namespace)
{
	if (k->source == CONF_SOURCE_FILES || k->nnamespaces == 0 ||
		k->nnamespaces > CONF_NAMESPACES_FEW)
		return true;
	for (size_t i = 0; i < k->nnamespaces; i++)
		if (strcmp(k->namespaces[i], namespace) == 0)
			return true;
	return false;
}

/* Those that are to be clients of rule `i` of a list, whose key `path` is. */
static void check_watched(
	struct parse *p, const char *path, size_t i, char *const *namespaces, size_t n)
{
	const char *key = strchr(path, '[');
	char shown[64];

	for (size_t k = 0; k < n; k++) {
		if (namespaces[k][0] == '\0' ||
			is_watched(&p->conf->kubernetes, namespaces[k]))
			continue;
		snprintf(shown, sizeof(shown), "%.*s[%zu]%s[%zu]", (int)(key - path),
			path, i, key + 2, k);
		report_add(p->report, CONF_WARNING, parse_where(p, path, i, k), shown,
			"\"%s\" is not watched, so no pod of it is known — add it to "
			"kubernetes.namespaces",
			namespaces[k]);
	}
}

/* Whoever asks is known by EndpointSlices: without them these rules are never used. */
static void check_known(struct parse *p)
{
	const struct conf *c = p->conf;
	size_t i = 0;

	while (i < c->nacl && all_namespaces(&c->acl[i]))
		i++;
	if (i == c->nacl)
		return;
	if (c->kubernetes.noendpoints)
		report_add(p->report, CONF_ERROR, parse_where(p, acl, i, 0), acl,
			"has namespaces, which EndpointSlices tell, and "
			"kubernetes.noendpoints ignores those — take one of them out");
	else if (c->kubernetes.lean)
		report_add(p->report, CONF_WARNING, parse_where(p, acl, i, 0), acl,
			"has namespaces, and with kubernetes.lean only pods of headless "
			"Services are known");
	for (; i < c->nacl; i++)
		if (!all_namespaces(&c->acl[i]))
			check_watched(p, "acl[].namespaces", i, c->acl[i].namespaces,
				c->acl[i].nnamespaces);
}

void check_acl(struct parse *p)
{
	check_known(p);
	check_reached(p);
	check_room(p);
}

/* ---- visibility ---- */

/* Whoever sees its own namespace is known by EndpointSlices. */
static void check_viewers(struct parse *p)
{
	const struct conf *c = p->conf;
	const struct place *at = parse_where(p, visibility, 0, SIZE_MAX);

	if (c->kubernetes.noendpoints)
		report_add(p->report, CONF_ERROR, at, visibility,
			"goes by the namespaces of clients, which EndpointSlices tell, "
			"and kubernetes.noendpoints ignores those — take one of them "
			"out");
	else if (c->kubernetes.lean)
		report_add(p->report, CONF_WARNING, at, visibility,
			"goes by the namespaces of clients, and with kubernetes.lean "
			"only pods of headless Services are known");
	for (size_t i = 0; i < c->nvisibility; i++)
		check_watched(p, "visibility[].from", i, c->visibility[i].from,
			c->visibility[i].nfrom);
}

void check_visibility(struct parse *p)
{
	const struct conf *c = p->conf;
	size_t n = 0;

	if (c->nvisibility == 0)
		return;
	check_viewers(p);
	for (size_t i = 0; i < c->nvisibility; i++) {
		const struct conf_visibility *rule = &c->visibility[i];
		const bool from_all = all_of(rule->from, rule->nfrom);
		const bool to_all = all_of(rule->to, rule->nto);

		n += (from_all ? 0 : rule->nfrom) + (to_all ? 0 : rule->nto);
		if (from_all && to_all)
			report_add(p->report, CONF_WARNING,
				parse_where(p, visibility, i, 0), visibility,
				"hides nothing: rules add to one another, and this one "
				"gives everything to everybody — name namespaces in it");
	}
	if (n > CONF_VISIBILITY_NAMESPACES_MAX)
		report_add(p->report, CONF_ERROR, parse_where(p, visibility, 0, SIZE_MAX),
			visibility,
			"all rules have %zu namespaces, and %u is the most — take some "
			"out",
			n, CONF_VISIBILITY_NAMESPACES_MAX);
}
