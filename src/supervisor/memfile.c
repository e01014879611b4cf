/* memfile.c - see memfile.h */
#include "supervisor/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/memfd.h>

int memfile_open(const char *name)
{
	/* By number: its declaration is in sys/mman.h, which segment.c alone includes. */
	long fd = syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : (int)fd;
}

int memfile_open_sized(const char *name, size_t octets)
{
	int fd = memfile_open(name);

	if (fd < 0)
		return fd;
	/* No file system stands behind it that could be full: pages come when touched. */
	if (ftruncate(fd, (off_t)octets) == 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	int ret = -errno;
	close(fd);
	return ret;
}
