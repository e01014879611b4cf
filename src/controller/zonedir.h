/*
 * zonedir.h - the files of `zones.directory`, as they come and go (FE-03) (shell)
 *
 * The directory is walked, and those below it, but no hidden ones and no links to
 * others. A file counts, or counts no more, when two looks in a row said so: an editor
 * may move it away for a moment, and a new one may still grow. Files are only named here;
 * zonefiles.h reads them. What is wrong with one is logged once, with its path, and
 * concerns no other.
 */
#ifndef CONTROLLER_ZONEDIR_H
#define CONTROLLER_ZONEDIR_H

#include <regex.h>
#include <sys/types.h>
#include <time.h>

#include "conf/conf.h"

#define ZONEDIR_ENTRIES_MAX 10000 /* that are looked at */
#define ZONEDIR_DEPTH_MAX   8     /* directories in directories */

struct zonedir_file {
	char *path; /* owned */
	unsigned depth;
	struct name name;        /* of its zone, if it has one */
	const char *why;         /* it is none; NULL: it is one */
	bool ignored;            /* ... which is as it shall be */
	bool listed;             /* the last look saw it */
	bool counts;             /* as a zone */
	bool turning;            /* the next look decides whether that changes */
	struct timespec changed; /* what the last look saw of its content */
	off_t size;
	char *said; /* owned: what the log has said of it; NULL: nothing */
};

/* Zeroed is valid: no directory. */
struct zonedir {
	char *path; /* owned; NULL: no directory */
	char *name; /* owned: `zones.name` */
	regex_t re;
	uint64_t every_ns, next_ns; /* as in hostfile.h */
	int error;                  /* of the last look at the directory; it was logged */
	/* Owned; the nearer to the directory the earlier, else by path. */
	struct zonedir_file *files;
	size_t n;
};

/*
 * Begin with the directory of a configuration, or have none. It is looked at at once, and
 * all that is there counts; if it cannot be read, and is the one of before, what counted
 * still does.
 */
void zonedir_set(struct zonedir *d, const struct conf *c, uint64_t now_ns);

/* Look at it, if it is time. True: other files count than before. */
bool zonedir_look(struct zonedir *d, uint64_t now_ns);

/* A file that counts is no zone all the same: log why, once. NULL: it is one. */
void zonedir_refuse(struct zonedir_file *f, const char *why);

/* So many files are no zones though they should be; one more if the directory fails. */
unsigned zonedir_refused(const struct zonedir *d);

/* Free what it owns. */
void zonedir_fini(struct zonedir *d);

#endif
