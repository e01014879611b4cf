/*
 * weightfile.h - the file of weights, read again when it changes (LD-01) (shell)
 *
 * The controller's heartbeat looks at it, see watchfile.h.
 *
 * A file that is missing or wrong gives one line in the log, and again when the reason or
 * the file changes; what was read last stands until there is something better. A file
 * without a word in it is right: all weights are 1.
 */
#ifndef CONTROLLER_WEIGHTFILE_H
#define CONTROLLER_WEIGHTFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/watchfile.h"
#include "snap/weights.h"

/* Zeroed is valid: no file. */
struct weightfile {
	struct watchfile file;
	struct hash_key key; /* of the table */
	struct weights *now; /* owned; NULL: no file. What stands; empty at first */
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
