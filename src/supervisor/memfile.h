/*
 * memfile.h - memory files: memory with a descriptor and no name (shell)
 */
#ifndef SUPERVISOR_MEMFILE_H
#define SUPERVISOR_MEMFILE_H

#include <stddef.h>

/* An empty one that can be sealed; `name` is for /proc alone. A descriptor or -errno. */
int memfile_open(const char *name);

/*
 * One of `octets` zeros whose size nobody can change any more: who maps it may touch all
 * of it, whatever another process does. A descriptor or -errno.
 */
int memfile_open_sized(const char *name, size_t octets);

#endif
