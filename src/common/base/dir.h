/*
 * dir.h - making directories
 */
#ifndef BASE_DIR_H
#define BASE_DIR_H

#include <sys/types.h>

/*
 * Make `path` and what is missing above it: the last directory with `mode`, the others
 * 0755. 0, also if it stood there; -ENAMETOOLONG; else -errno of mkdir().
 */
int dir_make(const char *path, mode_t mode);

#endif
