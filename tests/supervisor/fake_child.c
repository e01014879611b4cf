/*
 * fake_child.c - stands in for the supervisor's children in tests
 *
 * Speaks the protocol of base/pair.h and answers each packet with "slot S share S". A
 * worker writes its life into its park memory, a forwarder into its cache; a worker sends
 * its life to each forwarder, which notes it. What it does wrong is asked for by files in
 * the directory that FAKE_DIR names:
 *   die-N    the worker of slot N exits as soon as it is started
 *   die-fN   the forwarder of that number does so
 *   refuse   the controller refuses every configuration
 *   die-over the controller dies over every configuration but the first
 *   linger   RETIRE is not obeyed
 *   deaf     a forwarder that starts leaves what it is told in its queues
 *   orphan   the controller leaves a process behind whose parent is gone
 * It appends what it is told to FAKE_DIR/log, one line a message.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/pair.h"
#include "snap/segment.h"

#define SOCKETS 512
#define PEERS   64

static struct held {
	int fd;
	struct message_socket id;
} held[SOCKETS];
static size_t nheld;
static struct peer {
	int fd;
	uint32_t number;
} peers[PEERS];
static size_t npeers;
static bool deaf;
static struct message_start me;
static const char *role;
static struct stat_head *head; /* our page, after START */

static bool asked_for(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", getenv("FAKE_DIR"), name);
	return access(path, F_OK) == 0;
}

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	char path[512], line[512];
	va_list ap;
	int len = snprintf(line, sizeof(line), "%s slot=%" PRIu32 " life=%" PRIu64 " ",
		role, me.slot, me.life);

	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, ap);
	va_end(ap);
	line[len++] = '\n';
	snprintf(path, sizeof(path), "%s/log", getenv("FAKE_DIR"));
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		_exit(9);
	close(fd);
}

static void say(uint32_t type, uint32_t number)
{
	const struct message_number m = {.type = type, .number = number};

	if (pair_send(PAIR_FD, &m, sizeof(m), -1) < 0)
		_exit(8);
}

/* A child that ends at once and leaves one of its own, which ends a little later. */
static void leave_orphan(void)
{
	pid_t child = fork();

	if (child == 0) {
		if (fork() == 0)
			usleep(1000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void on_start(const union message *m, int fd)
{
	char name[32];
	void *page;

	me = m->start;
	note("START share=%" PRIu32 " workers=%" PRIu32 " instance=%s", me.share,
		me.workers, me.instance);
	if (strcmp(role, "controller") != 0)
		note("START slots=%" PRIu32 " forwarders=%" PRIu32, me.slots,
			me.forwarders);
	snprintf(name, sizeof(name), "die-%s%" PRIu32,
		strcmp(role, "forwarder") == 0 ? "f" : "", me.slot);
	if (strcmp(role, "controller") != 0 && asked_for(name))
		_exit(7);
	deaf = asked_for("deaf");
	if (strcmp(role, "controller") == 0 && asked_for("orphan"))
		leave_orphan();
	if (segment_stat_map_fd(fd, &page) < 0)
		_exit(6);
	head = page;
	stat_set(&head->pid, (uint64_t)getpid());
	stat_set(&head->life, me.life);
	say(MESSAGE_READY, 0);
}

static void on_socket(const union message *m, int fd)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(m->socket.key.family, m->socket.key.addr, addr, sizeof(addr));
	note("SOCKET share=%" PRIu32 " kind=%u addr=%s port=%u", m->socket.share,
		m->socket.key.kind, addr, m->socket.key.port);
	if (nheld < SOCKETS)
		held[nheld++] = (struct held){.fd = fd, .id = m->socket};
}

static void on_socket_gone(const union message *m)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(m->socket.key.family, m->socket.key.addr, addr, sizeof(addr));
	note("SOCKET_GONE share=%" PRIu32 " kind=%u addr=%s port=%u", m->socket.share,
		m->socket.key.kind, addr, m->socket.key.port);
	for (size_t i = 0; i < nheld; i++) {
		if (held[i].id.share != m->socket.share ||
			memcmp(&held[i].id.key, &m->socket.key, sizeof(m->socket.key)) !=
				0)
			continue;
		close(held[i].fd);
		held[i] = held[--nheld];
		return;
	}
	_exit(5); /* it never was ours */
}

static void on_prepare(const union message *m, int fd)
{
	struct message_prepared answer = {
		.type = MESSAGE_PREPARED, .number = m->number.number, .ok = 1};
	struct stat st;

	if (fstat(fd, &st) < 0 || write(fd, "x", 1) >= 0) /* it must be sealed */
		_exit(4);
	note("PREPARE number=%" PRIu32 " octets=%lld", m->number.number,
		(long long)st.st_size);
	close(fd);
	if (m->number.number > 1 && asked_for("die-over"))
		_exit(14);
	if (asked_for("refuse")) {
		answer.ok = 0;
		snprintf(answer.error, sizeof(answer.error), "told to refuse");
	}
	if (pair_send(PAIR_FD, &answer, sizeof(answer), -1) < 0)
		_exit(8);
}

/* What a predecessor left in a memory file or object; ours takes its place. */
static uint64_t leave_life(int fd)
{
	uint64_t was = 0, size = 0;
	struct stat st;

	if (fstat(fd, &st) == 0)
		size = (uint64_t)st.st_size;
	if (size > 0 && pread(fd, &was, sizeof(was), 0) < 0)
		_exit(10);
	if (pwrite(fd, &me.life, sizeof(me.life), 0) != sizeof(me.life))
		_exit(11);
	return was;
}

static void on_park(int fd)
{
	struct stat st;
	uint64_t was = leave_life(fd);

	if (fstat(fd, &st) < 0)
		_exit(12);
	bool sealed = ftruncate(fd, 1) < 0 && ftruncate(fd, st.st_size + 1) < 0;
	note("PARK octets=%lld sealed=%d was=%" PRIu64, (long long)st.st_size, sealed,
		was);
	close(fd);
}

static void on_cache(const union message *m, int fd)
{
	note("CACHE success=%" PRIu64 " denial=%" PRIu64 " was=%" PRIu64,
		m->cache.success, m->cache.denial, leave_life(fd));
	close(fd);
}

static void on_peer(const union message *m, int fd)
{
	note("PEER number=%" PRIu32, m->number.number);
	if (strcmp(role, "worker") == 0 &&
		send(fd, &me.life, sizeof(me.life), MSG_DONTWAIT) != sizeof(me.life))
		_exit(13);
	if (npeers < PEERS)
		peers[npeers++] = (struct peer){.fd = fd, .number = m->number.number};
}

/* Lives of workers that said something. */
static void hear(void)
{
	uint64_t life;

	for (size_t i = 0; i < npeers; i++) {
		while (recv(peers[i].fd, &life, sizeof(life), MSG_DONTWAIT) ==
			sizeof(life))
			note("HEARD worker=%" PRIu32 " life=%" PRIu64, peers[i].number,
				life);
	}
}

static void on_message(const union message *m, int fd)
{
	switch (m->type) {
	case MESSAGE_START:
		on_start(m, fd);
		break;
	case MESSAGE_SOCKET:
		on_socket(m, fd);
		break;
	case MESSAGE_SOCKET_GONE:
		on_socket_gone(m);
		break;
	case MESSAGE_PARK:
		on_park(fd);
		break;
	case MESSAGE_CACHE:
		on_cache(m, fd);
		break;
	case MESSAGE_PEER:
		on_peer(m, fd);
		break;
	case MESSAGE_PREPARE:
		on_prepare(m, fd);
		break;
	case MESSAGE_COMMIT:
		say(MESSAGE_COMMITTED, m->number.number); /* or its reader stops us */
		note("COMMIT number=%" PRIu32, m->number.number);
		break;
	case MESSAGE_WORKERS:
		note("WORKERS number=%" PRIu32, m->number.number);
		break;
	case MESSAGE_RETIRE:
		note("RETIRE");
		if (!asked_for("linger"))
			_exit(0);
		break;
	default:
		note("type=%" PRIu32, m->type);
	}
}

/* The control data goes back as it came: a catch-all answers from the address asked. */
static void answer(const struct held *h)
{
	struct sockaddr_storage from;
	char text[512];
	_Alignas(struct cmsghdr) char control[256];
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr m = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(h->fd, &m, 0) < 0)
		return;
	iov.iov_len = (size_t)snprintf(text, sizeof(text),
		"slot %" PRIu32 " share %" PRIu32, me.slot, h->id.share);
	sendmsg(h->fd, &m, 0);
}

int main(int argc, char **argv)
{
	struct pollfd p[SOCKETS + 1];

	(void)argc;
	role = strstr(argv[0], "controller") != NULL  ? "controller"
	       : strstr(argv[0], "forwarder") != NULL ? "forwarder"
	       : strstr(argv[0], "admin") != NULL     ? "admin"
	                                              : "worker";
	for (;;) {
		union message m;
		int fd;

		p[0] = (struct pollfd){.fd = PAIR_FD, .events = POLLIN};
		for (size_t i = 0; i < nheld; i++)
			p[i + 1] = (struct pollfd){.fd = held[i].fd, .events = POLLIN};
		size_t n = nheld;
		poll(p, n + 1, 100);
		if (head != NULL)
			stat_set(&head->heartbeat_ns, clock_mono_ns());
		for (size_t i = 0; i < n; i++) {
			if (p[i + 1].revents != 0)
				answer(&held[i]);
		}
		if (strcmp(role, "forwarder") == 0 && !deaf)
			hear();
		if (p[0].revents == 0)
			continue;
		int ret = pair_recv(PAIR_FD, &m, &fd);
		if (ret < 0)
			return 3;
		on_message(&m, fd);
	}
}
