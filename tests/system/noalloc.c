/*
 * noalloc.c - preloaded into a worker: no allocation between recvmmsg() and sendmmsg()
 *
 * Armed when recvmmsg() returned datagrams, disarmed by the next sendmmsg() or
 * epoll_wait(); and by accept4() and recv(), with which a handler for TCP begins: a
 * message of the forwarder may have come before it in the same turn, with nothing to send
 * for it. An allocation (or free) while armed writes one line and aborts. The first
 * batch writes one line too, so that the test knows that it looked.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static bool armed;

static void say(const char *line)
{
	ssize_t n = write(STDERR_FILENO, line, strlen(line));
	(void)n;
}

static void check(const char *line)
{
	if (!armed)
		return;
	armed = false;
	say(line);
	abort();
}

void *malloc(size_t size)
{
	check("noalloc: malloc between receive and send\n");
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	check("noalloc: calloc between receive and send\n");
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	check("noalloc: realloc between receive and send\n");
	return __libc_realloc(p, size);
}

void free(void *p)
{
	check("noalloc: free between receive and send\n");
	__libc_free(p);
}

int recvmmsg(
	int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout)
{
	static bool said;
	int got = (int)syscall(SYS_recvmmsg, fd, msgs, n, flags, timeout);

	if (got > 0 && !said)
		say("noalloc: armed\n");
	said = said || got > 0;
	armed = got > 0;
	return got;
}

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	armed = false;
	return (int)syscall(SYS_sendmmsg, fd, msgs, n, flags);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
	armed = false;
	return (int)syscall(SYS_epoll_pwait, fd, events, n, timeout_ms, NULL, _NSIG / 8);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	armed = false;
	return (int)syscall(SYS_accept4, fd, address, len, flags);
}

ssize_t recv(int fd, void *octets, size_t room, int flags)
{
	armed = false;
	return syscall(SYS_recvfrom, fd, octets, room, flags, NULL, NULL);
}
