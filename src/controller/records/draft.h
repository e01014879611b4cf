/*
 * draft.h - what an owner shall have in the snapshot: nodes and at most one body (core)
 *
 * derive fills it, apply compares it with what is published. Nodes stand in the order in
 * which they were made; names of nodes are distinct.
 */
#ifndef RECORDS_DRAFT_H
#define RECORDS_DRAFT_H

#include "controller/records/options.h"
#include "snap/client.h"
#include "snap/node.h"

/* Why something of an object gives no record (MS-15); the order of stat.h. */
enum skip_reason {
	SKIP_NAME,
	SKIP_ADDRESS,
	SKIP_IP_LITERAL,
	SKIP_FQDN_SLICE,
	SKIP_SIZE,
	SKIP_TARGET,
	SKIPS
};

/* An RRset of more addresses than this is published every 20 ms at most (WP-87). */
#define DRAFT_LARGE 1000

struct draft_node {
	struct hash128 hash;
	size_t at, len; /* octets in draft.octets, as node_finish() made them */
	uint8_t zone;
	bool uses_body;
};

/* Zeroed, with `key` set, is valid and empty. */
struct draft {
	struct hash_key key;
	struct mem_buf octets;
	struct draft_node *nodes; /* owned */
	size_t n, cap;
	struct body_builder body;
	bool has_body;
	struct addr client;       /* of OWNER_ADDRESS, if clients are kept; len 0: none */
	struct client known;      /* of the client; its texts are the store's */
	uint8_t skipped;          /* bits of enum skip_reason */
	size_t largest;           /* addresses in the largest RRset */
	struct node_builder node; /* under construction */
	struct name name;         /* of it */
	uint8_t zone;
};

/* Empty it, keeping its memory. */
void draft_reset(struct draft *d);
void draft_fini(struct draft *d);

/*
 * Begin the node of `name` in zone number `zone`. False, and no node, if the name belongs
 * to another of our zones that stands below this one (the longest match wins), or to
 * `hosts` (FT-04), which has NODE_HOSTS in its own flags; an apex never does.
 */
bool draft_begin(struct draft *d, const struct record_options *o, const struct name *name,
	unsigned zone, uint8_t flags);

/* The node is complete; RRsets were added to d->node. */
void draft_end(struct draft *d);

/* Note that something was left out. */
void draft_skip(struct draft *d, enum skip_reason why);

/* Note how many of `wanted` RRs went into the RRset: size, if not all. */
void draft_count(struct draft *d, size_t stand, size_t wanted);

/* The owner name of a node of the draft; borrowed. */
const uint8_t *draft_name(const struct draft *d, const struct draft_node *n, size_t *len);

/* "name", "address", ...: the reason as metrics and logs call it. */
const char *draft_skip_text(enum skip_reason why);

/*
 * True if `s` is one DNS-1123 label: lower case letters, digits and '-', at most 63
 * octets, beginning and ending with a letter or digit (RB-01).
 */
bool draft_label(const char *s);

/* True if `s` is a DNS-1123 subdomain, such as the name of a Pod: at most 253 octets. */
bool draft_subdomain(const char *s);

#endif
