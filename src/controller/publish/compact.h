/*
 * compact.h - copying the live part of a segment into a fresh one, in small steps (core)
 *
 * A compaction copies the tries of one fixed root, depth first, a few nodes a step; the
 * controller goes on publishing in the old segment meanwhile. Then the difference between
 * that root and the current one is put on top, in rounds that get shorter, until both
 * say the same. Bodies are copied once, whoever points to them first.
 */
#ifndef PUBLISH_COMPACT_H
#define PUBLISH_COMPACT_H

#include "snap/snap.h"
#include "snap/trie.h"

struct compact;

/* Begin to copy `from` into the empty arena `to` (borrowed). Owned by the caller. */
struct compact *compact_new(const struct snap *from, struct arena *to);
void compact_free(struct compact *c);

/*
 * Copy about `nodes` nodes. 1: more to do; 0: the tries of the fixed root are copied;
 * -ENOSPC: the new segment cannot grow; -EBADMSG: the old one is damaged.
 */
int compact_step(struct compact *c, unsigned nodes);

/*
 * Put what changed between the root that was copied last and `now` on top, `now` being a
 * root of the same old segment. Returns how many nodes that were, -ENOSPC or -EBADMSG.
 * After 0 the new tries say what `now` says.
 */
int compact_catch_up(struct compact *c, const struct snap *now);

/* The new tries: of names, and of clients. */
uint64_t compact_trie(const struct compact *c);
uint64_t compact_clients(const struct compact *c);

#endif
