/* lastgood.c - see lastgood.h */
#include "supervisor/lastgood.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/dir.h"
#include "base/log.h"
#include "base/mem.h"

#define NAME     "last-good.conf"
#define KEPT_MAX (4u << 20) /* octets: 1 MiB of text and the names of many files */

/* All octets of a descriptor that can be sought in. 0 or -errno. */
static int read_whole(int fd, struct conf_bundle *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > KEPT_MAX)
		return -EINVAL;
	size_t len = (size_t)st.st_size;
	uint8_t *data = mem_alloc(MAX(len, 1), 1);
	ssize_t n = pread(fd, data, len, 0);
	if (n != (ssize_t)len) {
		free(data);
		return n < 0 ? -errno : -EIO;
	}
	*out = (struct conf_bundle){.data = data, .len = len};
	return 0;
}

static int write_whole(const char *path, const struct conf_bundle *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret = 0;

	if (fd < 0)
		return -errno;
	errno = EIO;
	if (write(fd, b->data, b->len) != (ssize_t)b->len || fsync(fd) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int save(const struct confmem *c, const char *path)
{
	struct conf_bundle b;
	char fresh[PATH_MAX];
	int ret;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	ret = read_whole(c->fd, &b);
	if (ret < 0)
		return ret;
	ret = write_whole(fresh, &b);
	if (ret == 0 && rename(fresh, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(fresh);
	conf_bundle_fini(&b);
	return ret;
}

const char *lastgood_path(const struct conf *c, char *out, size_t cap)
{
	snprintf(out, cap, "%s/" NAME, c->state_dir);
	return out;
}

void lastgood_save(const struct confmem *c)
{
	char path[PATH_MAX];

	dir_make(c->conf.state_dir, 0700); /* where that fails, writing says so */
	lastgood_path(&c->conf, path, sizeof(path));
	int ret = save(c, path);
	if (ret < 0)
		log_line(LOG_WARNING, "config not kept file=%s error=\"%s\"", path,
			strerror(-ret));
}

/* Where files that have errors seem to want their state, or where it is by default. */
static void guess_path(const struct conf_bundle *b, char path[PATH_MAX])
{
	struct conf defaults;
	char dir[256], instance[64];

	conf_defaults(&defaults);
	snprintf(dir, sizeof(dir), "%s", defaults.state_dir);
	conf_fini(&defaults);
	conf_bundle_guess(b, "state_dir", dir, sizeof(dir));
	instance[0] = '\0';
	conf_bundle_guess(b, "instance", instance, sizeof(instance));
	bool own = instance[0] != '\0' && strcmp(instance, "default") != 0;
	snprintf(
		path, PATH_MAX, "%s%s%s/" NAME, dir, own ? "/" : "", own ? instance : "");
}

/* True if `b` was read from `path`: another appliance's is not ours. */
static bool is_of(const struct conf_bundle *b, const char *path)
{
	const char *name;
	size_t pos = 0;

	return conf_bundle_file(b, &pos, &name) && strcmp(name, path) == 0;
}

static int load(const char *kept, const char *path, struct confmem *out)
{
	struct conf_bundle b = {0};
	struct conf_report report = {0};
	int fd = open(kept, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int ret = read_whole(fd, &b);
	close(fd);
	if (ret == 0 && !is_of(&b, path))
		ret = -ENOENT;
	if (ret == 0)
		ret = confmem_of(&b, 1, out, &report);
	conf_report_fini(&report);
	conf_bundle_fini(&b);
	return ret;
}

int lastgood_load(const char *path, struct confmem *out)
{
	struct conf_bundle b = {0};
	char kept[PATH_MAX], *failed = NULL;

	if (confmem_is_pipe(path))
		return -ENOENT;
	conf_read(path, &b, &failed); /* what cannot be read says nothing */
	free(failed);
	guess_path(&b, kept);
	conf_bundle_fini(&b);
	int ret = load(kept, path, out);
	if (ret == 0)
		log_line(LOG_ERROR,
			"config has errors: running the last good one file=%s "
			"kept=%s fix=\"correct the file: it is read again when it "
			"changes\"",
			path, kept);
	else if (ret != -ENOENT)
		log_line(LOG_ERROR, "last good config not usable file=%s error=\"%s\"",
			kept, strerror(-ret));
	return ret;
}
