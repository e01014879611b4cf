#include "controller/serialfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/log.h"
#include "base/mem.h"

#define AHEAD 4096 /* serials between two writes */

static uint32_t load(const char *path)
{
	char text[16] = "";
	char *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	unsigned long long v = strtoull(text, &end, 10);
	return end != text && *end == '\n' && v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* Write beside it and rename: the file is the old one or the new one, never half. */
static int store(const char *path, uint32_t serial)
{
	char fresh[512], text[16];
	int n = snprintf(text, sizeof(text), "%lu\n", (unsigned long)serial);

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = EIO;
	int ret = write(fd, text, (size_t)n) == n ? 0 : -errno;
	close(fd);
	if (ret == 0 && rename(fresh, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(fresh);
	return ret;
}

static void save(struct serialfile *f, uint32_t serial)
{
	char quoted[512];
	int ret = store(f->path, serial);

	if (ret < 0 && !f->failed)
		log_line(LOG_WARNING, "cannot keep the serial file=%s error=\"%s\"",
			log_quote(f->path, quoted, sizeof(quoted)), strerror(-ret));
	f->failed = ret < 0;
}

uint32_t serialfile_begin(struct serialfile *f, const char *directory)
{
	size_t room = strlen(directory) + sizeof("/serial");

	f->path = mem_alloc(room, 1);
	snprintf(f->path, room, "%s/serial", directory);
	dir_make(directory, 0700); /* where that fails, writing says so */
	return load(f->path);
}

void serialfile_note(struct serialfile *f, uint32_t serial)
{
	/* Serial arithmetic (RFC 1982): the difference counts, not the numbers. */
	if (f->path == NULL || (f->bound != 0 && (int32_t)(serial - f->bound) <= 0))
		return;
	f->bound = serial + AHEAD;
	save(f, f->bound);
}

void serialfile_end(struct serialfile *f, uint32_t serial)
{
	if (f->path != NULL && serial != 0)
		save(f, serial);
	free(f->path);
	*f = (struct serialfile){0};
}
