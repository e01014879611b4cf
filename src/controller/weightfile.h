/*
 * weightfile.h - the file of weights, read again when it changes (LD-01) (shell)
 *
 * The controller's heartbeat looks at it twice a second, with one stat(): that sees a
 * change behind links, bind mounts, ConfigMaps and on network file systems too, where
 * notices of the directory would miss it. A file is read when two looks in a row saw the
 * same, so one that is being written is left alone.
 *
 * A file that is missing or wrong gives one line in the log, and again when the reason or
 * the file changes; what was read last stands until there is something better. A file
 * without a word in it is right: all weights are 1.
 */
#ifndef CONTROLLER_WEIGHTFILE_H
#define CONTROLLER_WEIGHTFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "snap/weights.h"

/* What stat() says of a content; all zero: nothing was seen yet. */
struct weightfile_stamp {
	uint64_t error; /* errno, then nothing else is set */
	uint64_t dev, ino, size;
	uint64_t modified_ns, changed_ns;
};

/* Zeroed is valid: no file. */
struct weightfile {
	char *path;          /* owned; NULL: no file */
	struct hash_key key; /* of the table */
	struct weights *now; /* owned; NULL: no file. What stands; empty at first */
	struct weightfile_stamp read, seen; /* the last one read; the last one seen */
};

/*
 * Begin with the file at `path` (copied), or, with "", have none. It is read at once,
 * also if it is the one that was read before; a failure keeps what f->now had.
 */
void weightfile_set(struct weightfile *f, const char *path, const struct hash_key *key);

/* Look at it. True: it was read, and f->now holds other weights than before. */
bool weightfile_look(struct weightfile *f);

/* Free what it owns. */
void weightfile_fini(struct weightfile *f);

#endif
