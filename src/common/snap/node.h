/*
 * node.h - nodes and bodies: built by the controller, read by workers
 *
 * A node is one owner name with its RRsets, laid out so that an answer is a few copies.
 * The builder writes into memory buffers of the controller; the reader works on octets
 * that it does not trust: node_view() checks sizes once, node_rrset() every RRset that
 * it passes. Layout: layout.h and doc/SNAPSHOT.md.
 */
#ifndef SNAP_NODE_H
#define SNAP_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/mem.h"
#include "dns/addr.h"
#include "dns/name.h"
#include "snap/layout.h"
#include "snap/place.h"

/* A node in a snapshot; pointers are borrowed until the next refresh. */
struct node_view {
	const struct node_header *head;
	const uint8_t *name; /* head->name_len octets; NULL for an empty non-terminal */
	const uint8_t *rrsets;
	const uint8_t *end;
	const uint8_t *body; /* after its header; NULL if there is none */
	size_t body_len;
};

/*
 * One RRset of a node; `data` has `len` octets, checked to hold what form and count say:
 * FORM_ADDRS and FORM_BODY_ADDRS the addresses; FORM_*_PLACED the same, and behind these
 * `len` octets stands a places block, which node_places() views; FORM_SRV_* all behind
 * the RRset's header, from the weight on (skip is less than the name's length);
 * FORM_NAMES and FORM_OPAQUE the items, behind the u16 that counts their octets.
 */
struct rrset {
	uint16_t type, count;
	uint32_t ttl_s;
	enum rrset_form form;
	bool glue_only;
	const uint8_t *data;
	size_t len;
};

/*
 * View the node at `ref` within `base`, of which `used` octets may be looked at.
 * False if its header, name or body do not fit in there.
 */
bool node_view(const uint8_t *base, uint64_t used, uint32_t ref, struct node_view *v);

/* Find the RRset of `type`. False: there is none, or the node is damaged (*damaged). */
bool node_rrset(
	const struct node_view *v, uint16_t type, struct rrset *out, bool *damaged);

/*
 * The RRset at the cursor, which starts at v->rrsets and is moved behind it; false at
 * the end or where damaged. For dump.
 */
bool node_next(const struct node_view *v, const uint8_t **cursor, struct rrset *out);

/* True for the forms that have a places block. */
static inline bool node_placed(enum rrset_form form)
{
	return form >= FORM_ADDRS_PLACED;
}

/* View the places block of an RRset of such a form that a node function has checked. */
bool node_places(const struct rrset *r, struct place_order *out);

/* True if the node's checksum, and its body's, are right. */
bool node_intact(const struct node_view *v);

/*
 * True if the node is what operators are told of as a name: it has an owner name, with
 * records or with what makes them. Empty non-terminals are none, and clients are none.
 */
static inline bool node_is_name(const struct node_view *v)
{
	return v->name != NULL && (v->head->flags & NODE_CLIENT) == 0;
}

/* Octets that the node takes, with its body if it owns that. */
size_t node_size(const struct node_view *v);

/* An endpoint of an endpoint list. */
struct endpoint {
	const uint8_t *label; /* label_len octets, lower case */
	uint8_t label_len;
	uint8_t flags; /* ENDPOINT_*: a places block stands behind these addresses */
	uint16_t n4, n6;
	const uint8_t *addrs4, *addrs6; /* 4*n4, 16*n6 octets */
};

/* A walk over an endpoint list; begin with endpoints_begin(). */
struct endpoints {
	const uint8_t *at, *end;
	uint32_t left;
};

/* Begin at the list at `offset` of the view's body; false if it does not fit in there. */
bool endpoints_begin(const struct node_view *v, uint32_t offset, struct endpoints *it);

/* The next endpoint; false at the end (left is 0), or where the octets end early. */
bool endpoints_next(struct endpoints *it, struct endpoint *out);

/* ---- building ---- */

/* A body under construction. Zeroed is valid; body_fini() ends it. */
struct body_builder {
	struct mem_buf buf;
	struct mem_buf blocks; /* what stands in it, to find equal ones */
};

/*
 * Append `count` addresses of `size` (4 or 16) octets each, or find equal octets that
 * stand there already. Returns their offset behind the body header.
 */
uint32_t body_addrs(
	struct body_builder *b, const uint8_t *octets, size_t count, size_t size);

/*
 * The same with their places behind them. False, and nothing appended: all are at one
 * place.
 */
bool body_placed(struct body_builder *b, const uint8_t *octets, size_t count, size_t size,
	const uint32_t *place, uint32_t *offset);

/* What body_endpoints() takes; pointers are borrowed for the call. */
struct endpoint_spec {
	const uint8_t *label;
	uint8_t label_len;
	uint16_t n4, n6;
	const uint8_t *addrs4, *addrs6;
	const uint32_t *place4, *place6; /* of each address; NULL: not to be written */
};

/* Append an endpoint list, or find an equal one. Returns its offset behind the header. */
uint32_t body_endpoints(struct body_builder *b, const struct endpoint_spec *e, size_t n);

/* Finish: octets with header and checksum, a multiple of 8; borrowed from the builder. */
const uint8_t *body_finish(struct body_builder *b, size_t *len);

/* Empty it for the next Service, keeping its memory. */
void body_reset(struct body_builder *b);
void body_fini(struct body_builder *b);

/* A node under construction. Zeroed is valid; node_begin() empties it. */
struct node_builder {
	struct mem_buf buf;
	bool uses_body;
};

/* Begin the node of `owner` (folded, complete) in zone number `zone`. */
void node_begin(
	struct node_builder *b, const struct name *owner, uint8_t zone, uint8_t flags);

/* Say what the node is in a zone from a file: NODE_FILE_*. */
void node_set_file(struct node_builder *b, uint8_t file);

/* Begin an empty non-terminal: no name, only the hash of it. */
void node_begin_ent(struct node_builder *b, const struct hash128 *h, uint8_t zone);

/* How many of `count` addresses fit into an RRset of this node (S-05). */
size_t node_fit(const struct node_builder *b, uint16_t type, size_t count);

/*
 * Add an RRset. Data beyond what fits in a TCP message with this owner is cut (S-05);
 * each returns how many RRs stand there. An empty RRset (count 0) is not added.
 */
size_t node_add_addrs(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *octets, size_t count, bool glue_only);
size_t node_add_body_addrs(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	uint32_t body_offset, size_t count, bool glue_only);
/* The same with a places block; if all are at one place without. */
size_t node_add_addrs_placed(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *octets, size_t count, const uint32_t *place);

/* The same for body_placed(); `count` are those that node_fit(). */
void node_add_body_placed(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	uint32_t body_offset, size_t count);
size_t node_add_srv_self(struct node_builder *b, uint32_t ttl_s, uint16_t weight,
	uint8_t skip, const uint16_t *ports, size_t count);

/* One port of a headless Service's SRV RRset and the endpoints that have it. */
struct srv_list {
	uint16_t port;
	uint32_t body_offset;
	size_t count; /* endpoints in that list */
};
size_t node_add_srv_body(struct node_builder *b, uint32_t ttl_s, uint16_t weight,
	uint8_t skip, const struct srv_list *lists, size_t nlists);

/* A name as rdata; `zone_len` octets at its end follow the question's letters (RG-15). */
struct rdata_name {
	struct name name;
	uint8_t zone_len;
};
size_t node_add_names(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const struct rdata_name *names, size_t count);

/* `count` rdatas, each {u16 length in host order, octets}, `len` octets in all. */
size_t node_add_opaque(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *rdatas, size_t len, size_t count);

/*
 * Finish: the node with body ref 0 and without checksum (the writer sets both when it
 * appends); borrowed from the builder, a multiple of 8 octets. NULL if it outgrew its
 * size field (the caller skips and counts it).
 */
const uint8_t *node_finish(struct node_builder *b, size_t *len);

/* Free the builder's memory. */
void node_builder_fini(struct node_builder *b);

#endif
