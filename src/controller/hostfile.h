/*
 * hostfile.h - the file of `hosts`, read again when it changes (HO-01, HO-05) (shell)
 *
 * The controller's heartbeat looks at it, see watchfile.h. What was read last stands when
 * the file vanishes or cannot be read, with one line in the log. Of lines that are
 * skipped the log has the first ones, and how many there are.
 */
#ifndef CONTROLLER_HOSTFILE_H
#define CONTROLLER_HOSTFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/records/hostset.h"
#include "controller/watchfile.h"

/* Zeroed is valid: no file. */
struct hostfile {
	struct watchfile file;
	char *text; /* owned; NULL: nothing was read yet. What stands */
	size_t len;
	uint64_t every_ns; /* between two looks; 0: none */
	uint64_t next_ns;
};

/*
 * Begin with the file of a configuration, or have none. It is read at once, also if it is
 * the one that was read before; a failure keeps what it said last, if it is the same.
 */
void hostfile_set(struct hostfile *f, const struct conf_hosts *c, uint64_t now_ns);

/* Look at it, if it is time. True: it was read, and says something else than before. */
bool hostfile_look(struct hostfile *f, uint64_t now_ns);

/*
 * The names of the file and of the configuration's lines together, hashed under `key`;
 * owned by the caller.
 */
struct hostset *hostfile_take(
	const struct hostfile *f, const struct conf_hosts *c, const struct hash_key *key);

/* Free what it owns. */
void hostfile_fini(struct hostfile *f);

#endif
