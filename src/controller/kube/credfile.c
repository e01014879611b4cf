#include "controller/kube/credfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/kubeconfig.h"

#define FILE_MAX ((off_t)4 << 20)
/* WP-03: 60 s less 10 s of leeway, as client-go has it. */
#define AGAIN_NS (50 * NS_PER_S)
#define RETRY_NS NS_PER_S

void credfile_init(struct credfile *f, enum credfile_kind kind, const char *path)
{
	*f = (struct credfile){.kind = kind, .path = mem_dup(path, strlen(path))};
}

static int fault(struct credfile *f, const char *text)
{
	snprintf(f->problem, sizeof(f->problem), "%.180s: %s", f->path, text);
	return -EINVAL;
}

/* Exactly `n` octets: one that grows or shrinks meanwhile is being written. */
static int read_exactly(int fd, uint8_t *to, size_t n)
{
	size_t len = 0;
	uint8_t more;

	while (len < n) {
		const ssize_t got = read(fd, to + len, n - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EAGAIN;
		len += (size_t)got;
	}
	return read(fd, &more, 1) == 0 ? 0 : -EAGAIN;
}

static int read_open(struct credfile *f, int fd, struct secret *out)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0)
		return fault(f, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault(f, S_ISDIR(st.st_mode) ? "is a directory" : "is no file");
	if (st.st_size == 0)
		return fault(f, "is empty");
	if (st.st_size > FILE_MAX)
		return fault(f, "is larger than 4 MiB");
	ret = read_exactly(fd, secret_make(out, (size_t)st.st_size), (size_t)st.st_size);
	if (ret == -EAGAIN)
		return fault(f, "changed while it was read");
	return ret < 0 ? fault(f, strerror(-ret)) : 0;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(struct secret *s)
{
	struct secret out = {0};
	size_t from = 0, to = s->len;

	while (from < to && is_space(s->data[from]))
		from++;
	while (to > from && is_space(s->data[to - 1]))
		to--;
	secret_set(&out, s->data + from, to - from);
	secret_clear(s);
	*s = out;
}

/* Could it be used? */
static int check(struct credfile *f, struct secret *s)
{
	const char *text = (const char *)s->data;

	if (f->kind == CREDFILE_TOKEN) {
		trim(s);
		text = (const char *)s->data;
		if (s->len == 0)
			return fault(f, "is empty");
		if (!kubeconfig_is_token(text, s->len))
			return fault(f, "is no token: it holds white space or what "
					"cannot be printed");
	}
	if (f->kind == CREDFILE_PEM && !kubeconfig_is_pem(text, s->len))
		return fault(f, "holds no whole PEM block");
	return 0;
}

static int load(struct credfile *f, struct secret *out)
{
	/* O_NONBLOCK: a FIFO must not hold the loop. */
	const int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return fault(f, strerror(errno));
	ret = read_open(f, fd, out);
	close(fd);
	return ret < 0 ? ret : check(f, out);
}

bool credfile_refresh(struct credfile *f, uint64_t now_ns, bool now)
{
	struct secret fresh = {0};
	bool changed = false;

	if (f->path[0] == '\0' || (!now && now_ns < f->due_ns))
		return false;
	if (load(f, &fresh) < 0) {
		f->due_ns = now_ns + RETRY_NS;
	} else {
		f->due_ns = now_ns + AGAIN_NS;
		f->problem[0] = '\0';
		changed = !secret_equal(&f->content, &fresh);
	}
	if (changed) {
		secret_clear(&f->content);
		f->content = fresh;
	} else {
		secret_clear(&fresh);
	}
	return changed;
}

void credfile_fini(struct credfile *f)
{
	secret_forget(f->path);
	secret_clear(&f->content);
	*f = (struct credfile){0};
}
