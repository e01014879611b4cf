/*
 * publisher.h - the publisher from inside: for the files that publish.h is made of
 *
 * publish.c makes and publishes generations, idle.c does what is left for quiet times,
 * past.c goes back.
 * The members are theirs alone.
 */
#ifndef PUBLISH_PUBLISHER_H
#define PUBLISH_PUBLISHER_H

#include "controller/publish/publish.h"
#include "controller/publish/reclaim.h"
#include "snap/trie.h"

/* A put or remove since the last commit: the leaf that was put, or that was removed. */
struct change {
	uint64_t leaf; /* 0: overtaken by a later change of the same name */
	bool removed;
};

/* One of the two tries under construction. */
struct working {
	uint64_t trie;            /* entry */
	struct trie_leaf *leaves; /* owned: of a bulk build */
	size_t nleaves, leaves_room;
};

/* A segment that readers may still use. */
struct retired {
	struct arena *arena;
	uint64_t number;
	uint64_t since_ns; /* when the board left it; 0: not yet */
};

struct publisher {
	char instance[LAYOUT_INSTANCE_MAX];
	int lock;
	struct board_page *board;
	struct hash_key key;
	struct arena *arena;
	uint64_t segment; /* number of arena */
	struct working names, clients;
	struct snap published; /* base NULL: nothing published in this segment */
	uint64_t generation;
	uint32_t serial; /* 0: none yet */

	uint8_t *settings; /* encoded; NULL: none yet */
	size_t settings_len;
	uint64_t settings_number;
	uint32_t settings_ref;    /* 0: not in this segment yet */
	uint64_t settings_octets; /* that the block takes there */

	bool bulk;
	struct change *changes;
	size_t nchanges, changes_room;
	uint64_t added, changed, removed; /* names, by publisher_count() */

	struct compact *compact; /* NULL: none under way */
	struct arena *to;
	uint64_t to_segment;
	uint64_t compact_after_ns, shm_checked_ns, shm_free;
	uint64_t compact_began_ns; /* of the one under way */
	uint64_t compact_done_ns;  /* of one that the next root makes current; 0: none */

	/* Shared memory is short: no compaction went through since a growth failed. */
	bool short_of_room;
	struct reclaim reclaim;

	struct retired retired[4];
	unsigned nretired;
	bool serial_begun;        /* this controller has published a serial */
	bool predecessors;        /* segments of a dead controller may still be linked */
	uint64_t predecessors_ns; /* when they go; 0: not known yet */
	unsigned audit_part;
	uint64_t audit_ns; /* when the next step is due */
};

/* Octets that only older roots reach. */
uint64_t publisher_garbage(const struct arena *a);

/* What a copy of the live part may take. */
uint64_t publisher_copy_room(const struct arena *a);

/*
 * While there is something to win by a compaction, growing leaves it the room: or what
 * changes faster than it copies would fill the memory with garbage for good (SH-02).
 */
void publisher_reserve(struct publisher *p);

/*
 * A fresh segment with the next number that was never used, for `live` octets. 0 or
 * -errno.
 */
int publisher_new_segment(
	struct publisher *p, uint64_t live, struct arena **a, uint64_t *number);

/* Close and unlink a segment that no reader needs. */
void publisher_discard(struct publisher *p, struct arena *a, uint64_t number);

/*
 * Append from here on to this segment, in which these tries stand; that before is
 * retired.
 */
void publisher_enter(struct publisher *p, struct arena *a, uint64_t number,
	uint64_t names, uint64_t clients);

/* The working tries as a reader would see them. */
void publisher_snap(const struct publisher *p, struct snap *out);

/* Count a change of one node for the next commit: was it a name, is it one? */
void publisher_count(struct publisher *p, bool was, bool is);

/* Give a compaction up, if one is under way. */
void publisher_stop_compaction(struct publisher *p);

/* Append and check a root of the working trie, and make it current. 0 or -errno. */
int publisher_root(
	struct publisher *p, enum root_cause cause, bool complete, uint64_t wall_ns);

#endif
