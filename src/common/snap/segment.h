/*
 * segment.h - POSIX shared memory objects: segments, board, stat pages (shell)
 *
 * The only file that includes sys/mman.h. Names are /shmdns.INSTANCE.vLAYOUT.WHAT, made
 * with O_EXCL (SH-01); the lock object is /shmdns.INSTANCE.lock. Readers open read-only
 * and map a segment's whole capacity once.
 */
#ifndef SNAP_SEGMENT_H
#define SNAP_SEGMENT_H

#include "snap/board.h"
#include "snap/snap.h"
#include "snap/stat.h"
#include "snap/trie.h"

/* A segment, mapped for reading. Zeroed: none. */
struct segment {
	const uint8_t *base; /* NULL: not mapped */
	uint64_t capacity;   /* octets mapped */
	uint64_t size;       /* of the object, by fstat: octets that may be touched */
	uint64_t number;
	int fd;
};

/*
 * Map segment `number` of `instance` read-only and check its header against `key`.
 * 0; -ENOENT; -EBADMSG: not a segment of ours; -errno.
 */
int segment_map(const char *instance, uint64_t number, const struct hash_key *key,
	struct segment *out);

/* Ask the object's size again, after -ERANGE of snap_open(). 0 or -errno. */
int segment_refresh(struct segment *s);

/* Touch octets [*from, *from + 2 MiB) for reading and move *from on; true: more to do. */
bool segment_populate(const struct segment *s, uint64_t used, uint64_t *from);

/* Unmap 2 MiB from the end; true: more to do. When nothing is left *s is zeroed. */
bool segment_unmap_step(struct segment *s);

/* Unmap all of it at once. */
void segment_unmap(struct segment *s);

/*
 * Make segment `number` with room for `capacity` octets and a writer's arena over it.
 * 0; -EEXIST: a stranger's; -ENOSPC; -errno. `a` is owned by the caller, ended by
 * segment_writer_close(), which does not unlink.
 */
int segment_create(const char *instance, uint64_t number, uint64_t capacity,
	const struct hash_key *key, struct arena **a);
void segment_writer_close(struct arena *a);

/* After a publish: octets below `watermark` can no longer be written by this process. */
void segment_seal(struct arena *a, uint64_t watermark);

/* Forget what was appended from `used` on, none of it published, and free its memory. */
void segment_trim(struct arena *a, uint64_t used);

/* An object of the instance that is not ours to append to, for segment_punch(); or -1. */
int segment_open_for_punch(const char *instance, uint64_t number);

/* Free the memory of octets [from, to): nobody may read them any more. */
void segment_punch(int fd, uint64_t from, uint64_t to);

/* Remove the name; whoever has it mapped keeps it (G6). */
void segment_unlink(const char *instance, uint64_t number);

/* Octets that are free in the file system of shared memory; 0 if that cannot be told. */
uint64_t segment_free_octets(void);

/*
 * The objects of an instance, at most `max` of them, into `out`; returns how many.
 * *limit: octets that the file system of shared memory can hold, 0 if that cannot be told
 * (MS-14).
 */
unsigned segment_objects(
	const char *instance, struct stat_object *out, unsigned max, uint64_t *limit);

/*
 * The board. `_create` makes it with a fresh key, 0 or -EEXIST, -errno; `_adopt` opens a
 * predecessor's for writing, -ENOENT, -EBADMSG; `_map` is for readers.
 * `*board` stays mapped until segment_board_unmap().
 */
int segment_board_create(const char *instance, struct board_page **board);
int segment_board_adopt(const char *instance, struct board_page **board);
int segment_board_map(const char *instance, const struct board_page **board);
void segment_board_unmap(const struct board_page *board);

/* Remove the board's name; who has it mapped keeps it. */
void segment_board_unlink(const char *instance);

/*
 * Stat pages. The supervisor makes them: *fd is open for writing, owned by the caller.
 * `who` is "w0", "w1", ..., "controller". `_map_fd` maps one for its writer (the
 * descriptor may be closed then); `_map` for readers by name, -EBADMSG if it is none.
 */
int segment_stat_create(
	const char *instance, const char *who, enum stat_role role, int *fd);
int segment_stat_map_fd(int fd, void **page);
int segment_stat_map(
	const char *instance, const char *who, enum stat_role role, const void **page);
void segment_stat_unmap(const void *page, enum stat_role role);

/*
 * Map a memory file of the supervisor's, `octets` of it, for reading and writing: it is
 * never unmapped. 0; -EBADMSG: it is smaller; -errno.
 */
int segment_park_map_fd(int fd, size_t octets, void **page);

/*
 * Caches. The supervisor makes that of each forwarder, empty: *fd is open for writing,
 * owned by the caller.
 */
int segment_cache_create(const char *instance, unsigned forwarder, int *fd);

/*
 * Map a cache for its writer, who says how many octets it needs (cachewrite_octets()):
 * the object is made as large, but only its first page has memory. `_grow` gives memory
 * to octets [from, to), before they are touched for the first time: 0; -ENOSPC; -errno.
 */
int segment_cache_map_fd(int fd, size_t octets, uint8_t **base);
int segment_cache_grow(int fd, size_t from, size_t to);

/*
 * Map a cache for reading, as large as it is now; cache_valid() says whether one stands
 * there. 0; -ENOENT; -EBADMSG: nothing stands there yet; -errno.
 */
int segment_cache_map(
	const char *instance, unsigned forwarder, const uint8_t **base, size_t *octets);
void segment_cache_unmap(const uint8_t *base, size_t octets);

/*
 * The lock object of the controller (SH-10): *fd owned by the caller, the lock goes with
 * it. 0; -EBUSY: held; -errno.
 */
int segment_lock(const char *instance, int *fd);

/* Remove the lock object; for who holds the lock and knows that nobody will ask again. */
void segment_lock_remove(const char *instance);

/*
 * Remove every object of `instance`, of any layout, but the lock object (SH-10). Returns
 * how many there were.
 */
int segment_remove_leftovers(const char *instance);

/* Remove the segments numbered `from` to `to`: what a predecessor left. */
int segment_remove_range(const char *instance, uint64_t from, uint64_t to);

#endif
