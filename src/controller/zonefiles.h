/*
 * zonefiles.h - the files of `zone`, and those of the directory of `zones`, read again
 * when they change (SM-11, FE-03, RL-06) (shell)
 *
 * The controller's heartbeat looks at each of them, and at all that they include, when
 * their `reload` is over, see watchfile.h; one that could not be read is looked at each
 * time. A file that is broken, or gone, is logged with its line and column, and what it
 * said last stands. A zone of the directory goes with its file.
 */
#ifndef CONTROLLER_ZONEFILES_H
#define CONTROLLER_ZONEFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "controller/records/options.h"
#include "controller/watchfile.h"
#include "controller/zonedir.h"

#define ZONEFILES_OCTETS_MAX ((size_t)16 << 20) /* of a file */

/* One text of a zone: its own file first, then those that it includes. */
struct zonefiles_text {
	struct watchfile file;
	char *text; /* owned; NULL: it could not be read */
	size_t len;
};

struct zonefile {
	struct name name;
	char *path, *base_dir;        /* owned; "": the directory of the file */
	struct zonefiles_text *texts; /* owned */
	size_t ntexts;
	uint64_t every_ns, next_ns; /* as in hostfile.h */
	bool fallthrough;
	bool found;          /* in the directory, which says when it is gone */
	struct zoneset *set; /* owned; NULL: nothing that can be served was read */
	bool failed;         /* the last time; `set` is older, then */
	struct zoneset *old; /* owned: what `set` was before; see zonefiles_look() */
};

/* Zeroed is valid: no zones. */
struct zonefiles {
	struct zonefile *zone; /* owned; those of `zone` first, in their order */
	size_t n;
	struct zonedir dir;
	const struct conf *conf; /* borrowed; NULL: none yet */
};

struct zonefiles_handlers {
	/* Which zones there are. Indices of the other one are of these from now on. */
	void (*on_zones)(void *arg, const struct file_zone *zones, size_t n);
	/* A zone says something else, which is borrowed: see below. */
	void (*on_new)(void *arg, size_t i, const struct zoneset *set);
};

/*
 * Take the zones of a configuration, which is borrowed until the next call. All files are
 * read, and handlers told of all zones; those that were there before keep what they said
 * if they cannot be read now. What was given before is borrowed no more.
 */
void zonefiles_set(struct zonefiles *z, const struct conf *c, uint64_t now_ns,
	const struct zonefiles_handlers *handlers, void *arg);

/*
 * Look at the directory and the files whose time it is. True: a handler was told of a
 * change; of all zones, if there are others. What a zone had before it lives until the
 * next call.
 */
bool zonefiles_look(struct zonefiles *z, uint64_t now_ns,
	const struct zonefiles_handlers *handlers, void *arg);

/* So many zones have a file that could not be read the last time, or has errors. */
unsigned zonefiles_failed(const struct zonefiles *z);

/* Free what it owns. */
void zonefiles_fini(struct zonefiles *z);

#endif
