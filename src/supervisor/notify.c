/* notify.c - see notify.h */
#include "supervisor/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/base.h"

#define ROOM_MS    100  /* a manager that stands still must not hold us up */
#define BARRIER_MS 1000 /* ... for long */

static int manager = -1; /* connected datagram socket */
static uint64_t watchdog_ns;

/* A number of the environment, which children do not get; 0: there is none. */
static uint64_t take_number(const char *name)
{
	const char *text = getenv(name);
	uint64_t v = text != NULL ? strtoull(text, NULL, 10) : 0;

	unsetenv(name);
	return v;
}

static void take_watchdog(void)
{
	uint64_t usec = take_number("WATCHDOG_USEC"), pid = take_number("WATCHDOG_PID");

	if (pid == 0 || pid == (uint64_t)getpid())
		watchdog_ns = MIN(usec, UINT64_MAX / 1000) * 1000;
}

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	take_watchdog();
	if (len < 2 || len >= sizeof(sun.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@') /* an abstract address */
		sun.sun_path[0] = '\0';
	else
		size++;
	unsetenv("NOTIFY_SOCKET");
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (manager >= 0 && connect(manager, (struct sockaddr *)&sun, size) < 0)
		notify_fini();
}

bool notify_is_heard(void)
{
	return manager >= 0;
}

/* The manager's queue is short: a burst has to wait for it. */
static void send_message(const struct msghdr *m)
{
	struct pollfd p = {.fd = manager, .events = POLLOUT};

	while (sendmsg(manager, m, MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return;
		if (poll(&p, 1, ROOM_MS) == 0)
			return;
	}
}

/* One datagram, with descriptor `fd` unless it is -1. */
static void send_text(int fd, const char *text, size_t len)
{
	union {
		struct cmsghdr head;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		m.msg_control = control.octets;
		m.msg_controllen = sizeof(control.octets);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	send_message(&m);
}

static void send_format(int fd, const char *fmt, va_list ap)
{
	char text[512];

	if (manager < 0)
		return;
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	if (len > 0 && (size_t)len < sizeof(text))
		send_text(fd, text, (size_t)len);
}

void notify_send(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_format(-1, fmt, ap);
	va_end(ap);
}

void notify_pass(int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_format(fd, fmt, ap);
	va_end(ap);
}

/* The manager closes what comes with BARRIER=1 when it is its turn. */
void notify_barrier(void)
{
	int fd[2];

	if (manager < 0 || pipe2(fd, O_CLOEXEC) < 0)
		return;
	notify_pass(fd[1], "BARRIER=1");
	close(fd[1]);
	struct pollfd p = {.fd = fd[0]};
	while (poll(&p, 1, BARRIER_MS) < 0 && errno == EINTR)
		continue;
	close(fd[0]);
}

uint64_t notify_watchdog_ns(void)
{
	return watchdog_ns;
}

void notify_fini(void)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
}
