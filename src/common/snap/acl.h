/*
 * acl.h - what settings say of who may know of which names (AC-01)
 *
 * A part of struct settings: made by the controller from `acl`, decoded by workers. A
 * rule is a bit of a 64-bit word. The nets of all rules stand in one table, in the order
 * of their addresses, each with the word of the rules that it is in, those of wider nets
 * included: which rules are about a client is one bisection, and a way up that is no
 * longer than nets lie in one another. Rules may also be about namespaces (AC-03): those
 * of all rules stand in a table of the same kind, in which whoever knows the client's
 * looks it up; about a client that nobody knows is no such rule. Only the rules that are
 * left are then compared with the name and the type. Pure.
 */
#ifndef SNAP_ACL_H
#define SNAP_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"
#include "snap/space.h"

#define ACL_RULES_MAX      64   /* bits of a word */
#define ACL_NETS_MAX       4096 /* of all rules, each counted once */
#define ACL_NAMESPACES_MAX 1024 /* likewise */
#define ACL_NAMES_MAX      255  /* zones of all rules */
#define ACL_TYPES_MAX      255  /* types of all rules */

enum acl_action { ACL_ALLOW, ACL_BLOCK, ACL_FILTER, ACL_DROP, ACL_ACTIONS };

/* A run of zones or types in their pool. */
struct acl_run {
	uint8_t first, n;
};

struct acl_rule {
	uint8_t action;       /* enum acl_action */
	struct acl_run zones; /* n 0: every name */
	struct acl_run types; /* n 0: every type */
};

struct acl_net {
	struct prefix net;
	uint16_t up;    /* the next wider net, plus 1; 0: there is none */
	uint64_t rules; /* as bits, those of wider nets too */
};

/* A namespace of clients. */
struct acl_namespace {
	struct space name;
	uint64_t rules; /* that name it, as bits */
};

/* Zeroed: no rule, and everybody may know of everything. */
struct acl_settings {
	uint8_t nrules, nnames, ntypes;
	uint16_t nnets, nnamespaces;
	uint64_t anybody;      /* rules that name no nets, as bits */
	uint64_t by_namespace; /* rules that name namespaces */
	struct acl_rule rules[ACL_RULES_MAX];
	struct name names[ACL_NAMES_MAX]; /* folded */
	uint16_t types[ACL_TYPES_MAX];
	struct acl_net
		nets[ACL_NETS_MAX]; /* by address, of one address the wider first */
	struct acl_namespace namespaces[ACL_NAMESPACES_MAX]; /* by their octets */
};

/* Largest size of acl_encode()'s output; lists are cut to their length. */
#define ACL_OCTETS_MAX (sizeof(struct acl_settings))

/* Octets of *a into `out` (ACL_OCTETS_MAX); returns how many. */
size_t acl_encode(const struct acl_settings *a, uint8_t *out);

/*
 * The opposite: `len` octets, all of them, with acl_index() done. -EBADMSG (with *out
 * undefined) if anything is out of its range, order or pool. Never trusts its input.
 */
int acl_decode(const uint8_t *octets, size_t len, struct acl_settings *out);

/*
 * Make the tables from nets and namespaces that stand in any order, each with the word of
 * the rules that name it: sorted, each once, wider nets found. Afterwards acl_rules() and
 * acl_rules_of() may be asked.
 */
void acl_index(struct acl_settings *a);

/*
 * The rules that are about this client by its address, as bits; `client` len 0: nobody
 * known, about whom is only what is about every client. If some of them are in
 * `by_namespace`, acl_rules_of() has to be asked too.
 */
uint64_t acl_rules(const struct acl_settings *a, const struct addr *client);

/*
 * Of `rules` those that are about clients of this namespace of `len` octets; 0: nobody
 * knows which it is (AC-03).
 */
uint64_t acl_rules_of(
	const struct acl_settings *a, uint64_t rules, const char *namespace, size_t len);

/*
 * What the first of `rules` says that is about this name (folded) and this type; if none
 * is, ACL_ALLOW (AC-01).
 */
enum acl_action acl_judge(const struct acl_settings *a, uint64_t rules,
	const uint8_t *name, size_t len, uint16_t type);

/* "allow", "block", ...; NULL past the end. */
const char *acl_action_text(unsigned action);

#endif
