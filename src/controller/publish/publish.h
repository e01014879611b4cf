/*
 * publish.h - the writer of an instance: board, segments, generations (shell)
 *
 * Holds the instance's lock object, the board and the segment that is being appended to.
 * Between two commits, puts and removes build up a working trie which no reader sees;
 * publish_commit() appends a root, checks every changed name through the reader's own
 * code and stores the word on the board.
 *
 * Running out of shared memory (-ENOSPC, SH-02) fails a put, a remove or a commit by
 * itself: the working trie keeps what was done before, nothing is published, and the
 * same call may be tried again later.
 */
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

#include "base/hash.h"
#include "snap/client.h"
#include "snap/settings.h"
#include "snap/snap.h"

struct publisher;

/*
 * Take the instance: lock, board (made, or adopted from a predecessor whose segments
 * above the board's number are removed), and a segment of our own. 0 with *out owned
 * by the caller; -EBUSY: a controller of this instance lives; -ENOSPC; -errno.
 */
int publish_open(const char *instance, struct publisher **out);

/*
 * Before the first commit: go on above a generation and serial that are known from
 * elsewhere, in case that the board was lost (G3, GS-01). They never go down by it.
 */
void publish_resume(struct publisher *p, uint64_t generation, uint64_t serial);

/* Let go: unmap and unlock. What is published stays for the readers. */
void publish_close(struct publisher *p);

/* The key that names are hashed with. */
const struct hash_key *publish_key(const struct publisher *p);

/* Names of the working trie: node_is_name(). */
uint64_t publish_names(const struct publisher *p);

/* The settings that the next commit carries. 0 or -ENOSPC. */
int publish_settings(struct publisher *p, const struct settings *s);

/*
 * From here to the next commit the trie is built from nothing, bottom-up: names put are
 * distinct, nothing is removed. What was published before is not part of it.
 */
void publish_bulk(struct publisher *p);

/* Append a body (from body_finish()); *ref is for publish_put(). 0 or -ENOSPC. */
int publish_body(struct publisher *p, const uint8_t *body, size_t len, uint32_t *ref);

/* Put a node (from node_finish()) under its hash, replacing one of the same name. */
int publish_put(struct publisher *p, const struct hash128 *h, const uint8_t *node,
	size_t len, uint32_t body_ref);

/*
 * Remove the node of `name`, or with name NULL the empty non-terminal of hash `h`.
 * 0; -ENOENT: there was none; -ENOSPC.
 */
int publish_remove(
	struct publisher *p, const struct hash128 *h, const uint8_t *name, size_t len);

/* Look into the working trie (not in bulk). The view is borrowed until the next call. */
enum lookup publish_find(const struct publisher *p, const struct hash128 *h,
	const uint8_t *name, size_t len, struct node_view *v);

/*
 * Put what is known of a client, replacing what was; if that is nothing it is removed.
 * Clients stand in a trie of their own and count as no names. 0; -ENOENT: there was none
 * to remove; -ENOSPC.
 */
int publish_client(
	struct publisher *p, const struct addr *addr, const struct client *client);

/*
 * What the working trie (not in bulk) knows of a client; borrowed until the next call.
 * False, with *out zeroed: nothing.
 */
bool publish_find_client(
	const struct publisher *p, const struct addr *addr, struct client *out);

/*
 * Generation `number` of the segment in use, whole; 0: the one that is published. *out is
 * valid until the next publish_idle() or publish_restart(). 0; -ENOENT: history does not
 * reach there; -EBADMSG: it is not whole any more.
 */
int publish_past(const struct publisher *p, uint64_t number, struct snap *out);

/*
 * Forget what was put since the last commit and go on from the names and clients of an
 * older generation, from publish_past(): the next commit publishes them. What differs
 * from what is published counts as added, changed and removed.
 */
void publish_return(struct publisher *p, const struct snap *past);

struct publish_info {
	uint64_t generation, serial, segment;
	uint64_t names, live, garbage, used;
	uint64_t added, changed, removed; /* names, by this commit */
	/* It makes a compaction current that began then (monotonic); 0: it does not. */
	uint64_t compact_began_ns;
};

/*
 * Publish. `records_changed` moves the serial (GS-01); `complete` is RU-01. 0 with *info
 * filled; -ENOSPC; -EIO: a changed name did not look up as it should: nothing was
 * published and the caller must begin anew with publish_restart() and a bulk build.
 */
int publish_commit(struct publisher *p, enum root_cause cause, bool complete,
	bool records_changed, uint64_t wall_ns, struct publish_info *info);

/* Begin a new, empty segment for a bulk build. 0, -ENOSPC or -errno. */
int publish_restart(struct publisher *p);

/*
 * One small step of what is done between events: compaction, idle audit, unlinking of old
 * segments. Returns when it wants to be called again, in ns from now; 0: at once.
 * May publish a generation of its own (compaction); *published then says so. *damaged is
 * set where a checksum does not hold: restart and bulk build. *published is zeroed if it
 * published nothing.
 */
uint64_t publish_idle(struct publisher *p, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *published, bool *damaged);

/* What stands now. */
void publish_status(const struct publisher *p, struct publish_info *out);

#endif
