/* lock.c - see lock.h */
#include "supervisor/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <linux/limits.h>

#include "base/dir.h"
#include "base/log.h"
#include "base/mem.h"
#include "snap/segment.h"

/* A name that was removed between open and flock locks nothing. */
static bool still_named(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(path, &named) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

/* The locked file, -EBUSY with the holder's pid as text, or -errno. */
static int lock_file(const char *path, char *holder, size_t cap)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
			ssize_t len = read(fd, holder, cap - 1);

			holder[len > 0 ? len : 0] = '\0';
			holder[strcspn(holder, "\n")] = '\0';
			close(fd);
			return ret;
		}
		if (still_named(fd, path))
			return fd;
		close(fd);
	}
}

static void write_pid(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		log_line(LOG_WARNING, "pid not written error=\"%s\"", strerror(errno));
}

/*
 * The controller of a supervisor that was killed a moment ago dies with it, but not in
 * the same instant: wait for it a little.
 */
static int wait_for_controller(const char *instance, int *fd)
{
	const struct timespec step = {.tv_nsec = 20000000};
	int ret = segment_lock(instance, fd);

	for (int tries = 0; ret == -EBUSY && tries < 100; tries++) {
		nanosleep(&step, NULL);
		ret = segment_lock(instance, fd);
	}
	return ret;
}

static int clean(const char *instance)
{
	int fd;
	int ret = wait_for_controller(instance, &fd);

	if (ret == -EBUSY) {
		log_line(LOG_ERROR,
			"instance in use instance=%s by=\"a controller with another "
			"run_dir\" "
			"fix=\"set another instance\"",
			instance);
		return ret;
	}
	if (ret < 0) {
		log_line(LOG_ERROR, "shared memory lock instance=%s error=\"%s\"",
			instance, strerror(-ret));
		return ret;
	}
	int removed = segment_remove_leftovers(instance);
	if (removed > 0)
		log_line(LOG_INFO, "leftovers removed instance=%s objects=%d", instance,
			removed);
	close(fd);
	return 0;
}

int lock_take(struct lock *l, const char *run_dir, const char *instance)
{
	char path[PATH_MAX + 16], holder[32] = "";
	int ret = dir_make(run_dir, 0750);
	int len = snprintf(path, sizeof(path), "%s/instance.lock", run_dir);

	if (ret == 0 && (len < 0 || (size_t)len >= sizeof(path)))
		ret = -ENAMETOOLONG;
	if (ret < 0) {
		log_line(LOG_ERROR, "run_dir not usable run_dir=%s error=\"%s\"", run_dir,
			strerror(-ret));
		return ret;
	}
	int fd = lock_file(path, holder, sizeof(holder));
	if (fd == -EBUSY)
		log_line(LOG_ERROR,
			"instance in use instance=%s pid=%s fix=\"stop that one, or set "
			"another instance\"",
			instance, holder[0] != '\0' ? holder : "unknown");
	else if (fd < 0)
		log_line(LOG_ERROR, "lock failed file=%s error=\"%s\"", path,
			strerror(-fd));
	if (fd < 0)
		return fd;
	write_pid(fd);
	ret = clean(instance);
	if (ret < 0) {
		unlink(path);
		close(fd);
		return ret;
	}
	*l = (struct lock){
		.fd = fd,
		.path = mem_dup(path, strlen(path)),
		.instance = mem_dup(instance, strlen(instance)),
	};
	return 0;
}

void lock_release(struct lock *l)
{
	int fd;

	/* Not without the controller's lock: what stands there may be somebody's. */
	if (segment_lock(l->instance, &fd) == 0) {
		segment_remove_leftovers(l->instance);
		segment_lock_remove(l->instance);
		close(fd);
	}
	unlink(l->path);
	close(l->fd);
	free(l->path);
	free(l->instance);
	*l = (struct lock){.fd = -1};
}
