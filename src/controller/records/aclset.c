#include "controller/records/aclset.h"

#include <string.h>

#include "base/base.h"

/* Zones of a rule; "." is every name. */
static struct acl_run put_zones(struct acl_settings *out, const struct conf_acl *rule)
{
	struct acl_run run = {.first = out->nnames};

	for (size_t i = 0; i < rule->nzones; i++)
		if (rule->zones[i].len == 1)
			return (struct acl_run){0};
	for (size_t i = 0; i < rule->nzones && out->nnames < ACL_NAMES_MAX; i++, run.n++)
		out->names[out->nnames++] = rule->zones[i];
	return run;
}

/* Types of a rule; CONF_TYPE_ALL is every type. */
static struct acl_run put_types(struct acl_settings *out, const struct conf_acl *rule)
{
	struct acl_run run = {.first = out->ntypes};

	for (size_t i = 0; i < rule->ntypes; i++)
		if (rule->types[i] == CONF_TYPE_ALL)
			return (struct acl_run){0};
	for (size_t i = 0; i < rule->ntypes && out->ntypes < ACL_TYPES_MAX; i++, run.n++)
		out->types[out->ntypes++] = rule->types[i];
	return run;
}

/* Nets of a rule; that without an address is "*". */
static void put_nets(struct acl_settings *out, const struct conf_acl *rule, uint64_t bit)
{
	for (size_t i = 0; i < rule->nnets; i++) {
		if (rule->nets[i].addr.len == 0) {
			out->anybody |= bit;
			return;
		}
	}
	for (size_t i = 0; i < rule->nnets && out->nnets < ACL_NETS_MAX; i++)
		out->nets[out->nnets++] = (struct acl_net){
			.net = rule->nets[i], .rules = bit};
}

/* Namespaces of a rule; "" is "*". */
static void put_namespaces(
	struct acl_settings *out, const struct conf_acl *rule, uint64_t bit)
{
	for (size_t i = 0; i < rule->nnamespaces; i++)
		if (rule->namespaces[i][0] == '\0')
			return;
	out->by_namespace |= bit;
	for (size_t i = 0; i < rule->nnamespaces && out->nnamespaces < ACL_NAMESPACES_MAX;
		i++) {
		struct acl_namespace *n = &out->namespaces[out->nnamespaces++];

		space_set(&n->name, rule->namespaces[i], strlen(rule->namespaces[i]));
		n->rules = bit;
	}
}

void aclset_from_conf(const struct conf *c, struct acl_settings *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < c->nacl && i < ACL_RULES_MAX; i++) {
		struct acl_rule *rule = &out->rules[out->nrules];

		rule->action = (uint8_t)c->acl[i].action;
		rule->zones = put_zones(out, &c->acl[i]);
		rule->types = put_types(out, &c->acl[i]);
		put_nets(out, &c->acl[i], UINT64_C(1) << out->nrules);
		put_namespaces(out, &c->acl[i], UINT64_C(1) << out->nrules);
		out->nrules++;
	}
	acl_index(out);
}

_Static_assert((int)ACL_ALLOW == (int)CONF_ACL_ALLOW, "actions");
_Static_assert((int)ACL_BLOCK == (int)CONF_ACL_BLOCK, "actions");
_Static_assert((int)ACL_FILTER == (int)CONF_ACL_FILTER, "actions");
_Static_assert((int)ACL_DROP == (int)CONF_ACL_DROP, "actions");
_Static_assert(ACL_RULES_MAX == CONF_ACL_MAX, "rules");
_Static_assert(ACL_NAMESPACES_MAX == CONF_ACL_NAMESPACES_MAX, "namespaces");
_Static_assert(ACL_NETS_MAX == CONF_ACL_NETS_MAX, "nets");
_Static_assert(ACL_NAMES_MAX == CONF_ACL_ZONES_MAX, "zones");
_Static_assert(ACL_TYPES_MAX == CONF_ACL_TYPES_MAX, "types");
