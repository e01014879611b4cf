/* acl.c - the codec of access rules, and what they say */
#include "snap/acl.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "snap/cursor.h"

/* ---- the table of nets ---- */

/* By address, of one address the wider net first. */
static int compare_nets(const void *a, const void *b)
{
	const struct prefix *x = &((const struct acl_net *)a)->net;
	const struct prefix *y = &((const struct acl_net *)b)->net;
	const int order = addr_compare(&x->addr, &y->addr);

	return order != 0 ? order : x->bits - y->bits;
}

static bool contains(const struct acl_net *wide, const struct addr *a)
{
	return addr_in_prefix(a->octets, a->len, &wide->net);
}

/*
 * In this order the nets that a net lies in stand before it, and a net that begins before
 * it and does not hold it holds nothing behind it either: what is wider is found on the
 * way up from its neighbour, all in all in as many steps as there are nets. False: rules
 * of a wider net were missing.
 */
static bool link_nets(struct acl_settings *a)
{
	bool whole = true;

	for (unsigned i = 0; i < a->nnets; i++) {
		struct acl_net *n = &a->nets[i];
		unsigned up = i;

		while (up > 0 && !contains(&a->nets[up - 1], &n->net.addr))
			up = a->nets[up - 1].up;
		n->up = (uint16_t)up;
		if (up == 0)
			continue;
		whole &= (a->nets[up - 1].rules & ~n->rules) == 0;
		n->rules |= a->nets[up - 1].rules;
	}
	return whole;
}

static void index_nets(struct acl_settings *a)
{
	unsigned n = 0;

	qsort(a->nets, a->nnets, sizeof(*a->nets), compare_nets);
	for (unsigned i = 0; i < a->nnets; i++) {
		if (n > 0 && compare_nets(&a->nets[n - 1], &a->nets[i]) == 0)
			a->nets[n - 1].rules |= a->nets[i].rules;
		else
			a->nets[n++] = a->nets[i];
	}
	memset(a->nets + n, 0, (a->nnets - n) * sizeof(*a->nets));
	a->nnets = (uint16_t)n;
	(void)link_nets(a);
}

/* ---- the table of namespaces ---- */

static void index_namespaces(struct acl_settings *a)
{
	struct acl_namespace *all = a->namespaces;
	unsigned n = 0;

	qsort(all, a->nnamespaces, sizeof(*all), space_compare);
	for (unsigned i = 0; i < a->nnamespaces; i++) {
		if (n > 0 && space_compare(&all[n - 1], &all[i]) == 0)
			all[n - 1].rules |= all[i].rules;
		else
			all[n++] = all[i];
	}
	memset(all + n, 0, (a->nnamespaces - n) * sizeof(*all));
	a->nnamespaces = (uint16_t)n;
}

void acl_index(struct acl_settings *a)
{
	index_nets(a);
	index_namespaces(a);
}

/* ---- the codec ---- */

static void run(struct cursor *c, struct acl_run *r, unsigned pool)
{
	cursor_octets(c, &r->first, 1);
	cursor_octets(c, &r->n, 1);
	cursor_insist(c, r->first + r->n <= pool);
}

/* A word of rules: no bit that is none. */
static void word(struct cursor *c, const struct acl_settings *a, uint64_t *rules)
{
	cursor_octets(c, rules, sizeof(*rules));
	cursor_insist(
		c, c->bad || a->nrules == ACL_RULES_MAX || *rules >> a->nrules == 0);
}

static void rule(struct cursor *c, const struct acl_settings *a, struct acl_rule *r)
{
	cursor_octet(c, &r->action, ACL_ACTIONS - 1);
	run(c, &r->zones, a->nnames);
	run(c, &r->types, a->ntypes);
}

/* True if nothing stands behind the prefix. */
static bool net_clear(const struct prefix *p)
{
	for (unsigned i = p->bits; i < 8u * p->addr.len; i++)
		if ((p->addr.octets[i / 8] & 0x80 >> i % 8) != 0)
			return false;
	return true;
}

/* Net number `i`, which stands behind those before it. */
static void net(struct cursor *c, struct acl_settings *a, unsigned i)
{
	struct acl_net *n = &a->nets[i];

	cursor_prefix(c, &n->net);
	word(c, a, &n->rules);
	if (c->bad)
		return;
	cursor_insist(c, net_clear(&n->net));
	cursor_insist(c, i == 0 || compare_nets(n - 1, n) < 0);
}

/* Namespace number `i`, which stands behind those before it. */
static void namespace(struct cursor *c, struct acl_settings *a, unsigned i)
{
	struct acl_namespace *n = &a->namespaces[i];

	space_walk(c, &n->name);
	if (c->bad)
		return;
	word(c, a, &n->rules);
	cursor_insist(c, (n->rules & ~a->by_namespace) == 0);
	cursor_insist(c, c->bad || i == 0 || space_compare(n - 1, n) < 0);
}

static void walk(struct cursor *c, struct acl_settings *a)
{
	cursor_octet(c, &a->nrules, ACL_RULES_MAX);
	cursor_octet(c, &a->nnames, ACL_NAMES_MAX);
	cursor_octet(c, &a->ntypes, ACL_TYPES_MAX);
	cursor_half(c, &a->nnets);
	cursor_insist(c, a->nnets <= ACL_NETS_MAX);
	word(c, a, &a->anybody);
	for (unsigned i = 0; !c->bad && i < a->nnames; i++)
		cursor_name(c, &a->names[i]);
	for (unsigned i = 0; !c->bad && i < a->ntypes; i++)
		cursor_half(c, &a->types[i]);
	for (unsigned i = 0; !c->bad && i < a->nrules; i++)
		rule(c, a, &a->rules[i]);
	for (unsigned i = 0; !c->bad && i < a->nnets; i++)
		net(c, a, i);
	cursor_half(c, &a->nnamespaces);
	cursor_insist(c, a->nnamespaces <= ACL_NAMESPACES_MAX);
	word(c, a, &a->by_namespace);
	for (unsigned i = 0; !c->bad && i < a->nnamespaces; i++)
	namespace(c, a, i);
}

size_t acl_encode(const struct acl_settings *a, uint8_t *out)
{
	struct acl_settings copy = *a; /* walked by what could change it */
	struct cursor c = {.out = out};

	walk(&c, &copy);
	return (size_t)(c.out - out);
}

int acl_decode(const uint8_t *in, size_t len, struct acl_settings *out)
{
	struct cursor c = {.in = in, .left = len};

	walk(&c, out);
	return c.bad || c.left > 0 || !link_nets(out) ? -EBADMSG : 0;
}

/* ---- what they say ---- */

uint64_t acl_rules(const struct acl_settings *a, const struct addr *client)
{
	unsigned low = 0, high = a->nnets;

	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (addr_compare(&a->nets[middle].net.addr, client) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && !contains(&a->nets[low - 1], client))
		low = a->nets[low - 1].up;
	return a->anybody | (low > 0 ? a->nets[low - 1].rules : 0);
}

uint64_t acl_rules_of(
	const struct acl_settings *a, uint64_t rules, const char *namespace, size_t len)
{
	const uint64_t others = rules & ~a->by_namespace;
	const struct acl_namespace *n = len > 0 ? space_find(a->namespaces,
							  a->nnamespaces,
							  sizeof(a->namespaces[0]),
							  namespace, len)
	                                        : NULL;

	return others | (n != NULL ? rules & n->rules : 0);
}

static bool has_zone(const struct acl_settings *a, const struct acl_rule *r,
	const uint8_t *name, size_t len)
{
	for (unsigned i = r->zones.first; i < (unsigned)r->zones.first + r->zones.n; i++)
		if (name_under(name, len, a->names[i].wire, a->names[i].len))
			return true;
	return r->zones.n == 0;
}

static bool has_type(
	const struct acl_settings *a, const struct acl_rule *r, uint16_t type)
{
	for (unsigned i = r->types.first; i < (unsigned)r->types.first + r->types.n; i++)
		if (a->types[i] == type)
			return true;
	return r->types.n == 0;
}

enum acl_action acl_judge(const struct acl_settings *a, uint64_t rules,
	const uint8_t *name, size_t len, uint16_t type)
{
	for (; rules != 0; rules &= rules - 1) {
		const struct acl_rule *r = &a->rules[__builtin_ctzll(rules)];

		if (has_type(a, r, type) && has_zone(a, r, name, len))
			return (enum acl_action)r->action;
	}
	return ACL_ALLOW;
}

const char *acl_action_text(unsigned action)
{
	static const char *const texts[] = {"allow", "block", "filter", "drop"};

	return action < ARRAY_LEN(texts) ? texts[action] : NULL;
}
