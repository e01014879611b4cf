/*
 * visibility.h - which namespaces the clients of which namespaces see (AC-04)
 *
 * A part of struct settings: made by the controller from `visibility`, decoded by
 * workers. A rule is a bit of a 64-bit word, and only ever adds: a client sees its own
 * namespace, and what any rule about it gives. All namespaces that rules name stand in
 * one table, each with the word of the rules that it is the client in, and of those that
 * it is seen by: two bisections, and a client sees a namespace if the two words have a
 * bit in common. What belongs to a namespace is told by names alone, never by what is
 * there: who does not see a namespace cannot tell it from one that does not exist. Pure.
 */
#ifndef SNAP_VISIBILITY_H
#define SNAP_VISIBILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snap/space.h"

#define VISIBILITY_RULES_MAX      64   /* bits of a word */
#define VISIBILITY_NAMESPACES_MAX 1024 /* of all rules, each counted once */

/* A namespace that rules name. */
struct visibility_namespace {
	struct space name;
	uint64_t from, to; /* rules that name it there, as bits */
};

/* Zeroed: no rule, and everybody sees everything. */
struct visibility_settings {
	uint8_t nrules;
	uint16_t nnamespaces;
	uint64_t from_all; /* rules about every client, known or not */
	uint64_t to_all;   /* rules that give every namespace */
	struct visibility_namespace
		namespaces[VISIBILITY_NAMESPACES_MAX]; /* by their octets */
};

/* Largest size of visibility_encode()'s output; the table is cut to its length. */
#define VISIBILITY_OCTETS_MAX (sizeof(struct visibility_settings))

/* Octets of *v into `out` (VISIBILITY_OCTETS_MAX); returns how many. */
size_t visibility_encode(const struct visibility_settings *v, uint8_t *out);

/*
 * The opposite: `len` octets, all of them. -EBADMSG (with *out undefined) if anything is
 * out of its range or order. Never trusts its input.
 */
int visibility_decode(const uint8_t *octets, size_t len, struct visibility_settings *out);

/*
 * Make the table from namespaces that stand in any order, and more than once: sorted,
 * each once. Afterwards all below may be asked.
 */
void visibility_index(struct visibility_settings *v);

/* Who looks: a client, as the rules know it. */
struct viewer {
	const struct visibility_settings *rules; /* borrowed */
	uint64_t about;                          /* of these the ones about it, as bits */
	const char *namespace;                   /* of the client; borrowed */
	uint8_t namespace_len;                   /* 0: nobody knows which it is */
};

/*
 * A client of this namespace of `len` octets, borrowed; 0: not known, and no rule is
 * about it but those about everybody. With no rules at all it sees everything.
 */
struct viewer visibility_viewer(
	const struct visibility_settings *v, const char *namespace, size_t len);

/* True if the client sees that namespace, which need not exist. */
bool visibility_sees(const struct viewer *who, const char *namespace, size_t len);

/*
 * The namespace of a folded name whose last `zone_len` octets are the name of a zone of
 * the cluster: all but that is NS.svc and NS.pod, or ends so. Returns its length, with
 * *namespace in the name; 0: the name is of no namespace.
 */
size_t visibility_namespace(
	const uint8_t *name, size_t len, size_t zone_len, const char **namespace);

#endif
