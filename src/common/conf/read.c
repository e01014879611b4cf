#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/lex.h"

#define TOTAL_MAX (1u << 20)

struct reader {
	struct conf_bundle *bundle;
	size_t total;    /* octets of all texts */
	bool interfaces; /* a file names one, perhaps */
};

/* All of a descriptor, at most `max` octets. */
static int read_all(int fd, size_t max, struct mem_buf *out)
{
	for (;;) {
		uint8_t *at = mem_buf_add(out, 65536);
		const ssize_t n = read(fd, at, 65536);

		out->len -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (out->len > max)
			return -EFBIG;
		if (n == 0)
			return 0;
	}
}

/* Opening a FIFO must not hang; reading one that was named as the file is fine. */
static int read_file(
	struct reader *r, const char *path, bool regular, struct mem_buf *out)
{
	struct stat st;
	int ret;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (S_ISDIR(st.st_mode))
		ret = -EISDIR;
	else if (regular && !S_ISREG(st.st_mode))
		ret = -EINVAL;
	else
		ret = read_all(fd, TOTAL_MAX - r->total, out);
	if (ret == 0) {
		r->total += out->len;
		r->interfaces |= out->len > 0 && memchr(out->data, '%', out->len) != NULL;
	}
	close(fd);
	return ret;
}

static int add_includes(
	struct reader *r, const char *from, const struct mem_buf *text, unsigned depth);

/* One file that another includes. If it cannot be read, the parser says so. */
static int add_include(struct reader *r, const char *name, unsigned depth)
{
	struct mem_buf text = {0};
	struct bundle_record known;
	int ret = 0;

	if (bundle_find(r->bundle->data, r->bundle->len, name, BUNDLE_INCLUDED,
		    BUNDLE_FAILED, &known))
		return 0;
	int err = read_file(r, name, true, &text);
	if (err == -EFBIG) {
		ret = err;
	} else if (err < 0) {
		bundle_add(r->bundle, BUNDLE_FAILED, name, strerror(-err),
			strlen(strerror(-err)));
	} else {
		bundle_add(r->bundle, BUNDLE_INCLUDED, name, text.data, text.len);
		ret = add_includes(r, name, &text, depth + 1);
	}
	mem_buf_fini(&text);
	return ret;
}

/* Line by line: lines in comments are followed too, which costs a read and no more. */
static int add_includes(
	struct reader *r, const char *from, const struct mem_buf *text, unsigned depth)
{
	const char *p = (const char *)text->data, *end = p + text->len;
	int ret = 0;

	while (p != NULL && p < end && ret == 0 && depth < LEX_INCLUDES_MAX) {
		const char *target;
		size_t n;

		if (lex_include(p, end, &target, &n)) {
			char *name = bundle_beside(from, target, n);

			ret = add_include(r, name, depth);
			free(name);
		}
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : NULL;
	}
	return ret;
}

static int add_file(struct reader *r, const char *path, bool regular)
{
	struct mem_buf text = {0};
	int ret = read_file(r, path, regular, &text);

	if (ret == 0) {
		bundle_add(r->bundle, BUNDLE_FILE, path, text.data, text.len);
		ret = add_includes(r, path, &text, 0);
	}
	mem_buf_fini(&text);
	return ret;
}

/* OP-24 */
static int is_ours(const struct dirent *e)
{
	return e->d_name[0] != '.' && fnmatch("*.conf", e->d_name, 0) == 0 &&
	       fnmatch("*.dpkg-*", e->d_name, 0) != 0;
}

static int by_octets(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of conf.d beside `path`; no such directory is fine. */
static int add_directory(struct reader *r, const char *path, char **failed)
{
	char *dir = bundle_beside(path, "conf.d/", 7);
	struct dirent **entries = NULL;
	int ret = 0;
	int n = scandir(dir, &entries, is_ours, by_octets);

	if (n < 0 && errno != ENOENT && errno != ENOTDIR) {
		ret = -errno;
		*failed = mem_dup(dir, strlen(dir));
	}
	for (int i = 0; i < n; i++) {
		char *name = bundle_beside(
			dir, entries[i]->d_name, strlen(entries[i]->d_name));

		if (ret == 0)
			ret = add_file(r, name, true);
		if (ret < 0 && *failed == NULL)
			*failed = mem_dup(name, strlen(name));
		free(name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	return ret;
}

/* So that the parse, which is pure, can give an index to "fe80::1%eth0". */
static void add_interfaces(struct reader *r)
{
	struct if_nameindex *list = if_nameindex();

	for (struct if_nameindex *i = list; i != NULL && i->if_index != 0; i++) {
		char text[16];
		const int n = snprintf(text, sizeof(text), "%u", i->if_index);

		bundle_add(r->bundle, BUNDLE_INTERFACE, i->if_name, text, (size_t)n);
	}
	if (list != NULL)
		if_freenameindex(list);
}

int conf_read(const char *path, struct conf_bundle *out, char **failed)
{
	struct conf_bundle bundle = {0};
	struct reader r = {.bundle = &bundle};
	char *name = NULL;
	int ret = add_file(&r, path, false);

	if (ret < 0)
		name = mem_dup(path, strlen(path));
	else
		ret = add_directory(&r, path, &name);
	if (ret < 0) {
		conf_bundle_fini(&bundle);
		*failed = name;
		return ret;
	}
	if (r.interfaces)
		add_interfaces(&r);
	*out = bundle;
	return 0;
}
