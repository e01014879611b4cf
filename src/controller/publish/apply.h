/*
 * apply.h - bring what owners derive into the working trie, and nothing that is equal
 *
 * Each owner remembers the names that it has there. apply_owner() derives it, compares
 * with what stands, and puts what differs; names that it gives up, and empty
 * non-terminals, are settled by apply_settle() before the commit.
 *
 * Without memory (-ENOSPC) everything stays consistent: the owner is dirty still, its
 * list of names holds all that it has put, and both calls may be made again.
 */
#ifndef PUBLISH_APPLY_H
#define PUBLISH_APPLY_H

#include "controller/kube/store.h"
#include "controller/publish/publish.h"
#include "controller/publish/zonetree.h"
#include "controller/records/derive.h"

struct apply {
	struct publisher *publisher; /* borrowed */
	struct zonetree tree;
	struct draft draft;
	struct node_builder empty;
	struct mem_buf scratch;
	bool bulk;
	uint64_t changes; /* of names: puts and removals that are not published */
	uint64_t clients; /* of clients, likewise: no record changes with them */
};

/* `p` is borrowed until apply_fini(). */
void apply_init(struct apply *a, struct publisher *p);
void apply_fini(struct apply *a);

/* Begin a bulk build: nothing is in the trie, every owner has to be applied. */
void apply_bulk(struct apply *a, const struct record_options *o);

/*
 * Derive and apply one owner. 0: it is as it should be, `a->draft` is what was derived
 * (until the next call), and the caller calls store_clean(). -ENOSPC: see above.
 */
int apply_owner(struct apply *a, const struct store *s, const struct record_options *o,
	struct owner *owner);

/* Empty non-terminals and removals. 0 or -ENOSPC. */
int apply_settle(struct apply *a);

#endif
