/*
 * zonefiles.h - the files of `zone`, read again when they change (SM-11, RL-06) (shell)
 *
 * The controller's heartbeat looks at each of them, and at all that they include, when
 * their `reload` is over, see watchfile.h. A file that is broken, or gone, is logged with
 * its line and column, and what it said last stands.
 */
#ifndef CONTROLLER_ZONEFILES_H
#define CONTROLLER_ZONEFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "controller/records/zoneset.h"
#include "controller/watchfile.h"

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
	struct zoneset *set;        /* owned; NULL: nothing that can be served was read */
	bool failed;                /* the last time; `set` is older, then */
	struct zoneset *old; /* owned: what `set` was before; see zonefiles_look() */
};

/* Zeroed is valid: no zones. */
struct zonefiles {
	struct zonefile *zone; /* owned; in the order of the configuration */
	size_t n;
};

/* Told of a zone that says something else, its index and what that is. */
typedef void (*zonefiles_on_new)(void *arg, size_t i, const struct zoneset *set);

/*
 * Take the zones of a configuration. All files are read, and `on_new` told; those that
 * were there before keep what they said if they cannot be read now. What was given before
 * is borrowed no more.
 */
void zonefiles_set(struct zonefiles *z, const struct conf *c, uint64_t now_ns,
	zonefiles_on_new on_new, void *arg);

/*
 * Look at the files whose time it is. True: `on_new` was told of a change. What a zone
 * had before it lives until the next call.
 */
bool zonefiles_look(
	struct zonefiles *z, uint64_t now_ns, zonefiles_on_new on_new, void *arg);

/* So many zones have a file that could not be read the last time, or has errors. */
unsigned zonefiles_failed(const struct zonefiles *z);

/* Free what it owns. */
void zonefiles_fini(struct zonefiles *z);

#endif
