/* pair.c - one packet, one message, at most one descriptor */
#include "base/pair.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"

#define PAIR_BUFFER (4 << 20)

static const size_t sizes[] = {
	[MESSAGE_START] = sizeof(struct message_start),
	[MESSAGE_SOCKET] = sizeof(struct message_socket),
	[MESSAGE_SOCKET_GONE] = sizeof(struct message_socket),
	[MESSAGE_RETIRE] = sizeof(struct message_number),
	[MESSAGE_PREPARE] = sizeof(struct message_number),
	[MESSAGE_COMMIT] = sizeof(struct message_number),
	[MESSAGE_ABORT] = sizeof(struct message_number),
	[MESSAGE_READY] = sizeof(struct message_number),
	[MESSAGE_PREPARED] = sizeof(struct message_prepared),
	[MESSAGE_COMMITTED] = sizeof(struct message_number),
	[MESSAGE_PEER] = sizeof(struct message_number),
	[MESSAGE_PARK] = sizeof(struct message_number),
	[MESSAGE_CACHE] = sizeof(struct message_cache),
	[MESSAGE_LOOP] = sizeof(struct message_number),
	[MESSAGE_WORKERS] = sizeof(struct message_number),
	[MESSAGE_ADMIN] = sizeof(struct message_admin),
};

/* Room for one descriptor; by its alignment two would fit, see take_descriptor(). */
union control {
	struct cmsghdr head;
	char octets[CMSG_SPACE(sizeof(int))];
};

int pair_open(int fd[2])
{
	int size = PAIR_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	/* Without the privilege the machine's limit caps it: then there is less room. */
	for (int i = 0; i < 2; i++)
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) <
			0)
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int pair_send(int fd, const void *message, size_t len, int pass)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)message, .iov_len = len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {0};
	ssize_t n;

	if (pass >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &pass, sizeof(pass));
		m.msg_control = control.octets;
		m.msg_controllen = sizeof(control.octets);
	}
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The descriptor that came along; with more than one none is kept and *bad is set. */
static int take_descriptor(struct msghdr *m, bool *bad)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0);
			at += sizeof(int)) {
			if (fd >= 0) {
				close(fd);
				*bad = true;
			}
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
		}
	}
	return fd;
}

/* Strings from the other side end, whatever it sent. */
static void end_strings(union message *m)
{
	if (m->type == MESSAGE_START)
		m->start.instance[INSTANCE_MAX - 1] = '\0';
	if (m->type == MESSAGE_PREPARED)
		m->prepared.error[sizeof(m->prepared.error) - 1] = '\0';
}

static bool fits(const union message *m, size_t len)
{
	return len >= sizeof(m->type) && m->type > 0 && m->type < ARRAY_LEN(sizes) &&
	       len == sizes[m->type];
}

int pair_recv(int fd, union message *message, int *passed)
{
	union message in;
	struct iovec iov = {.iov_base = &in, .iov_len = sizeof(in)};
	union control control = {0};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets)};
	bool bad = false;
	ssize_t n;

	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	int got = take_descriptor(&m, &bad);
	if (n == 0)
		return -EPIPE; /* there are no empty messages: this is the end */
	if (bad || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
		!fits(&in, (size_t)n)) {
		if (got >= 0)
			close(got);
		return -EBADMSG;
	}
	end_strings(&in);
	memcpy(message, &in, (size_t)n);
	*passed = got;
	return (int)n;
}
