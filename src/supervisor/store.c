/* store.c - see store.h */
#include "supervisor/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "supervisor/notify.h"

#define FIRST      3    /* descriptor: SD_LISTEN_FDS_START */
#define FDS_MAX    4096 /* that we look at */
#define STORE_NAME 80   /* octets of a name of ours */

static const char *const kinds[] = {"udp", "any", "tcp"};

static struct stored *came; /* owned; handed out from the end */
static size_t ncame;
static bool removed; /* something, and the manager may not have done it yet */
static uint32_t kept;
static uint32_t limit = 512; /* FileDescriptorStoreMax of the packaged unit */

/* "1.udp.53.0a000001": no colons, which names may not have. */
static void name_of(const struct socket_key *key, uint32_t share, char name[STORE_NAME])
{
	size_t octets = key->family == AF_INET ? 4 : 16;
	int len = snprintf(name, STORE_NAME, "%" PRIu32 ".%s.%u.", share,
		kinds[key->kind], key->port);

	for (size_t i = 0; i < octets; i++)
		len += snprintf(
			name + len, STORE_NAME - (size_t)len, "%02x", key->addr[i]);
	if (key->scope != 0)
		snprintf(name + len, STORE_NAME - (size_t)len, ".%" PRIu32, key->scope);
}

/* The value of an option, or -1. */
static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

static bool address_of(int fd, struct socket_key *key)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
		struct sockaddr_storage any;
	} a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) < 0)
		return false;
	if (a.sa.sa_family == AF_INET) {
		key->family = AF_INET;
		key->port = ntohs(a.sin.sin_port);
		memcpy(key->addr, &a.sin.sin_addr, 4);
		return true;
	}
	key->family = AF_INET6;
	key->port = ntohs(a.sin6.sin6_port);
	key->scope = a.sin6.sin6_scope_id;
	memcpy(key->addr, &a.sin6.sin6_addr, 16);
	return a.sa.sa_family == AF_INET6 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
}

/* What a socket is, of those that bind_socket() makes for a group. */
static bool key_of(int fd, struct socket_key *key)
{
	int type = option(fd, SOL_SOCKET, SO_TYPE);

	*key = (struct socket_key){0};
	if (option(fd, SOL_SOCKET, SO_REUSEPORT) != 1 || !address_of(fd, key))
		return false;
	bool info = key->family == AF_INET
	                    ? option(fd, IPPROTO_IP, IP_PKTINFO) == 1
	                    : option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1;
	if (type == SOCK_STREAM)
		key->kind = SOCKET_TCP;
	else
		key->kind = info ? SOCKET_UDP_WILD : SOCKET_UDP;
	return type == SOCK_DGRAM ||
	       (type == SOCK_STREAM && option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
}

/* The socket is what its name says. */
static bool recognize(int fd, const char *name, struct stored *out)
{
	char own[STORE_NAME];

	if (!key_of(fd, &out->key))
		return false;
	out->share = (uint32_t)strtoul(name, NULL, 10);
	out->fd = fd;
	name_of(&out->key, out->share, own);
	return strcmp(own, name) == 0;
}

static void forget(const char *name)
{
	notify_send("FDSTOREREMOVE=1\nFDNAME=%s", name);
	removed = true;
}

static void take_one(int fd, const char *name)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return;
	if (recognize(fd, name, &came[ncame])) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		ncame++;
		return;
	}
	log_line(LOG_WARNING, "descriptor not ours: closed fd=%d", fd);
	forget(name);
	close(fd);
}

static unsigned long take_number(const char *name)
{
	const char *text = getenv(name);
	unsigned long v = text != NULL ? strtoul(text, NULL, 10) : 0;

	unsetenv(name);
	return v;
}

void store_init(void)
{
	unsigned long pid = take_number("LISTEN_PID"), n = take_number("LISTEN_FDS");
	unsigned long most = take_number("FDSTORE");
	const char *names = getenv("LISTEN_FDNAMES");
	char *text, *rest;

	if (most > 0)
		limit = (uint32_t)MIN(most, UINT32_MAX);
	text = rest = mem_dup(
		names != NULL ? names : "", strlen(names != NULL ? names : ""));
	unsetenv("LISTEN_FDNAMES");
	if (pid != (unsigned long)getpid())
		n = 0;
	n = MIN(n, FDS_MAX);
	came = mem_alloc(MAX(n, 1), sizeof(*came));
	for (unsigned long i = 0; i < n; i++) {
		const char *name = strsep(&rest, ":");

		take_one((int)(FIRST + i), name != NULL ? name : "");
	}
	free(text);
}

bool store_take(struct stored *out)
{
	if (ncame == 0) {
		free(came);
		came = NULL;
		return false;
	}
	*out = came[--ncame];
	return true;
}

void store_put(const struct socket_key *key, uint32_t share, int fd)
{
	char name[STORE_NAME];

	name_of(key, share, name);
	/* FDPOLL: an error of the socket is no reason to close it. */
	notify_pass(fd, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	if (++kept == limit + 1)
		log_line(LOG_WARNING,
			"more sockets than the manager keeps limit=%" PRIu32
			" fix=\"raise FileDescriptorStoreMax of the unit\"",
			limit);
}

void store_remove(const struct socket_key *key, uint32_t share)
{
	char name[STORE_NAME];

	name_of(key, share, name);
	forget(name);
	kept -= kept > 0;
}

void store_settle(void)
{
	if (removed)
		notify_barrier();
	removed = false;
}
