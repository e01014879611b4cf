/*
 * watchfile.h - a file that is read again when it changes (shell)
 *
 * Somebody looks at it twice a second, with one stat(): that sees a change behind links,
 * bind mounts, ConfigMaps and on network file systems too, where notices of the directory
 * would miss it. A file is read when two looks in a row saw the same, so one that is
 * being written is left alone. Whether what was read says something else is the caller's
 * matter.
 */
#ifndef CONTROLLER_WATCHFILE_H
#define CONTROLLER_WATCHFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stat() says of a content; all zero: nothing was seen yet. */
struct watchfile_stamp {
	uint64_t error; /* errno, then nothing else is set */
	uint64_t dev, ino, size;
	uint64_t modified_ns, changed_ns;
};

/* Zeroed is valid: no file. */
struct watchfile {
	char *path;                        /* owned; NULL: no file */
	size_t max;                        /* octets that are read; 0: 1 MiB */
	struct watchfile_stamp read, seen; /* the last one read; the last one seen */
};

/*
 * Begin with the file at `path` (copied) and read it at once, also if it is the one that
 * was read before. 1: *text, owned by the caller, holds its *len octets and a NUL; 0: it
 * is changing just now, a look will tell; -errno: it cannot be read (-EINVAL: not a
 * regular file; -EFBIG: larger than f->max).
 */
int watchfile_set(struct watchfile *f, const char *path, char **text, size_t *len);

/* Look at it. As watchfile_set(); 0 if there is nothing new, a failure is told once. */
int watchfile_look(struct watchfile *f, char **text, size_t *len);

/*
 * Look at it without reading: true if it has changed and two looks in a row saw the same.
 * It is for watchfile_set() then to read it.
 */
bool watchfile_changed(struct watchfile *f);

/* True if the last look saw something new that the next one may read. */
bool watchfile_settling(const struct watchfile *f);

/*
 * What a failure of these says, of files of 1 MiB at most: "not a regular file", "No such
 * file or directory".
 */
const char *watchfile_reason(int error);

/* Free what it owns. */
void watchfile_fini(struct watchfile *f);

#endif
