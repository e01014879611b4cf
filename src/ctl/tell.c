#include "ctl/tell.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/ctl.h"

static int connect_to(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	if (len >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, len + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	int ret = -errno;
	close(fd);
	return ret;
}

static int await(int fd, uint64_t until_ns)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t now_ns = clock_mono_ns();

	if (now_ns >= until_ns)
		return -ETIMEDOUT;
	int n = poll(&p, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1);
	if (n < 0 && errno != EINTR)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* A line that is a dot ends it. */
static bool is_whole(struct tell_reply *r)
{
	if (r->len < 3 || memcmp(r->text + r->len - 3, "\n.\n", 3) != 0)
		return false;
	r->len -= 2;
	r->text[r->len] = '\0';
	return true;
}

static int receive(int fd, uint64_t until_ns, struct tell_reply *r)
{
	r->len = 0;
	for (;;) {
		int ret = await(fd, until_ns);

		if (ret < 0)
			return ret;
		ssize_t n = recv(
			fd, r->text + r->len, REQUEST_REPLY_MAX - r->len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		r->len += (size_t)n;
		if (is_whole(r))
			return 0;
	}
}

int tell(const char *path, const char *line, unsigned timeout_ms, struct tell_reply *out)
{
	uint64_t until_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
	char text[REQUEST_LINE_MAX + 1];
	int len = snprintf(text, sizeof(text), "%s\n", line);
	int ret;

	if (len < 0 || len > REQUEST_LINE_MAX)
		return -EMSGSIZE;
	int fd = connect_to(path);
	if (fd < 0)
		return fd;
	/* One line fits into the socket's buffer: this does not wait. */
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		ret = -EPIPE;
	else
		ret = receive(fd, until_ns, out);
	close(fd);
	return ret;
}

void tell_complain(const char *path, int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		ctl_complain(
			"%s: %s: no controller there; -c FILE or -s FILE says where its "
			"socket is",
			path, strerror(-error));
		break;
	case -EACCES:
	case -EPERM:
		ctl_complain(
			"%s: %s: root may ask it, and who is in the group of that file",
			path, strerror(-error));
		break;
	case -ETIMEDOUT:
		ctl_complain(
			"%s: the controller does not answer; `shmdnsctl status` says "
			"how it is",
			path);
		break;
	default:
		ctl_complain("%s: %s", path, strerror(-error));
		break;
	}
}

bool tell_ok(const struct tell_reply *r, const char **why)
{
	if (strncmp(r->text, "ok\n", 3) == 0)
		return true;
	*why = strncmp(r->text, "error ", 6) == 0 ? r->text + 6 : r->text;
	return false;
}

bool tell_value(const struct tell_reply *r, const char *word, uint64_t *out)
{
	size_t n = strlen(word);

	for (const char *at = r->text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, word, n) == 0 && at[n] == ' ')
			return sscanf(at + n, " %" SCNu64, out) == 1;
	}
	return false;
}
