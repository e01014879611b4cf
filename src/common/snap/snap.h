/*
 * snap.h - a generation, as readers see it: root, look-up, walk (core)
 *
 * A struct snap is a few words copied from a root; what it points to is borrowed until
 * the next refresh. Every function takes the octets as hostile (G8): it never reads
 * outside [base, base + used), never loops, and says so where something does not fit.
 */
#ifndef SNAP_SNAP_H
#define SNAP_SNAP_H

#include "base/hash.h"
#include "snap/layout.h"
#include "snap/node.h"

struct snap {
	const uint8_t *base; /* of the segment, borrowed */
	uint64_t used;
	uint64_t segment;
	uint64_t generation;
	uint64_t trie;    /* entry: names */
	uint64_t clients; /* entry: clients, by the octets of their addresses */
	uint64_t names, live, time_ns;
	uint32_t serial;
	uint32_t settings; /* ref */
	uint32_t root;     /* ref */
	uint32_t previous; /* ref */
	uint32_t oldest;   /* ref: memory of older roots was reclaimed; 0: of none */
	uint16_t cause, flags;
	struct hash_key key;
};

/*
 * Read the root at `ref` of a segment that is mapped for `size` octets at `base`.
 * 0; -ERANGE: it claims more than `size` (look at the object's size again);
 * -EBADMSG: no root stands there.
 */
int snap_open(const uint8_t *base, uint64_t size, uint32_t ref, struct snap *out);

enum lookup { LOOKUP_FOUND, LOOKUP_ABSENT, LOOKUP_DAMAGED };

/*
 * Find the node of `name` (folded, wire form), whose hash is `h`; with `len` 0 the one of
 * that hash, an empty non-terminal or not. O(levels).
 */
enum lookup snap_find(const struct snap *s, const struct hash128 *h, const uint8_t *name,
	size_t len, struct node_view *v);

/*
 * Bring the memory that look-ups of these `n` hashes will touch into the caches, all of
 * them one level at a time. A hint: nothing is checked but bounds, nothing returned.
 */
void snap_prefetch(const struct snap *s, const struct hash128 *h, unsigned n);

/* The octets and number of the settings block; NULL if it does not fit or is damaged. */
const uint8_t *snap_settings(const struct snap *s, size_t *len, uint64_t *number);

/*
 * The same generation with the trie of clients in the place of that of names: whatever
 * works on a trie works on it too. `names` and `live` stay those of both.
 */
struct snap snap_clients(const struct snap *s);

/*
 * Call `on_node` for every node in hash order. It returns false to stop. 0; -EBADMSG:
 * something in the trie is damaged (the rest was walked).
 */
typedef bool (*snap_on_node)(void *arg, const struct node_view *v);
int snap_walk(const struct snap *s, snap_on_node on_node, void *arg);

/*
 * The idle audit: verify the checksums of what is below one of the AUDIT_PARTS parts of
 * the tries (by the first two levels; the first half of the parts are names, the second
 * clients). Returns how many nodes were looked at, -EBADMSG where octets do not fit or a
 * checksum does not hold.
 */
#define AUDIT_PARTS 2048
int snap_audit(const struct snap *s, unsigned part);

#endif
