#include "controller/kube/fileload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/mem.h"
#include "controller/kube/kubejson.h"
#include "controller/kube/kubeyaml.h"

#define PIECE    ((size_t)64 << 10)
#define YAML_MAX ((off_t)64 << 20)

struct load {
	int fd;
	struct stat before;
	void (*on_object)(void *arg, struct kube_object *o);
	void *arg;
	struct kube_error *error;
	uint64_t content;
};

/* Fill `buf` unless the file ends: so the hash does not depend on how reads are cut. */
static ssize_t read_piece(struct load *l, uint8_t *buf)
{
	size_t len = 0;

	while (len < PIECE) {
		ssize_t n = read(l->fd, buf + len, PIECE - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	uint64_t both[2] = {l->content, hash_content(buf, len)};
	if (len > 0)
		l->content = hash_content(both, sizeof(both));
	return (ssize_t)len;
}

static int load_json(struct load *l)
{
	struct kubejson *j = kubejson_new(l->on_object, l->arg);
	uint8_t *buf = mem_alloc(PIECE, 1);
	ssize_t n;
	int ret = 0;

	while (ret == 0 && (n = read_piece(l, buf)) != 0)
		ret = n < 0 ? (int)n : kubejson_feed(j, buf, (size_t)n, l->error);
	if (ret == 0)
		ret = kubejson_end(j, l->error);
	kubejson_free(j);
	free(buf);
	return ret;
}

static int load_yaml(struct load *l)
{
	struct mem_buf all = {0};
	uint8_t *buf = mem_alloc(PIECE, 1);
	ssize_t n;
	int ret = 0;

	while ((n = read_piece(l, buf)) > 0) {
		mem_buf_put(&all, buf, (size_t)n);
		if ((off_t)all.len > YAML_MAX) {
			ret = -EFBIG;
			goto out;
		}
	}
	ret = n < 0 ? (int)n
	            : kubeyaml_parse(all.data, all.len, l->on_object, l->arg, l->error);
out:
	mem_buf_fini(&all);
	free(buf);
	return ret;
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && strcmp(path + n - m, end) == 0;
}

static bool is_json(const struct load *l, const char *path)
{
	char first[64];

	if (ends_in(path, ".json"))
		return true;
	if (ends_in(path, ".yaml") || ends_in(path, ".yml"))
		return false;
	ssize_t n = pread(l->fd, first, sizeof(first) - 1, 0);
	first[MAX(n, 0)] = 0;
	return first[strspn(first, " \t\r\n")] == '{';
}

static int fault(struct load *l, const char *text)
{
	*l->error = (struct kube_error){0};
	snprintf(l->error->text, sizeof(l->error->text), "%s", text);
	return -EINVAL;
}

static int load(struct load *l, const char *path)
{
	struct stat after;
	int ret;

	if (fstat(l->fd, &l->before) < 0)
		return -errno;
	if (S_ISDIR(l->before.st_mode))
		return -EISDIR;
	if (!S_ISREG(l->before.st_mode))
		return fault(l, "not a regular file");
	/* Somebody has just truncated it: no reason to forget what it said. */
	if (l->before.st_size == 0)
		return fault(l, "empty file");
	ret = is_json(l, path) ? load_json(l) : load_yaml(l);
	if (ret == 0 && fstat(l->fd, &after) < 0)
		ret = -errno;
	if (ret == 0 && (after.st_size != l->before.st_size ||
				after.st_mtim.tv_sec != l->before.st_mtim.tv_sec ||
				after.st_mtim.tv_nsec != l->before.st_mtim.tv_nsec))
		ret = fault(l, "changed while it was read");
	return ret;
}

int fileload(const char *path, void (*on_object)(void *arg, struct kube_object *o),
	void *arg, struct kube_error *error, uint64_t *content)
{
	struct load l = {.on_object = on_object, .arg = arg, .error = error};

	/* O_NONBLOCK: a FIFO must not hold the loop. */
	l.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (l.fd < 0)
		return -errno;
	int ret = load(&l, path);
	if (l.content != 0)
		*content = l.content;
	close(l.fd);
	return ret;
}
