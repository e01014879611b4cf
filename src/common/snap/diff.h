/*
 * diff.h - what changed between two roots of one segment (core)
 *
 * Two tries are compared by their entries: equal entries lead to equal octets and need no
 * look, so the cost follows the difference. Used by compaction, and made for diff and
 * incremental transfers. What is compared is the trie of names; with snap_clients() of
 * both it is that of clients. Octets are hostile, as in snap.h.
 */
#ifndef SNAP_DIFF_H
#define SNAP_DIFF_H

#include "snap/snap.h"

/*
 * Called for each name that differs: `before` NULL: it was added, `after` NULL: removed.
 * The entries are those of the nodes. 0 to go on; anything else ends the comparison.
 */
typedef int (*snap_on_change)(
	void *arg, const struct node_view *before, const struct node_view *after);

/*
 * Compare. 0; -EBADMSG: damaged octets; or what `on_change` returned. Both snaps must be
 * of one segment.
 */
int snap_diff(const struct snap *before, const struct snap *after,
	snap_on_change on_change, void *arg);

/* True if two nodes are of one name, an empty non-terminal of it included. */
bool snap_same_name(
	const struct hash_key *key, const struct node_view *a, const struct node_view *b);

#endif
