/* bind.c - see bind.h */
#include "supervisor/bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/base.h"
#include "supervisor/sockets.h"

#define DESCRIPTORS_KEPT 64 /* for pairs, files and the next reload */

#define BACKLOG      4096 /* the kernel takes less by net.core.somaxconn */
#define HTTP_BACKLOG 64
#define TCP_BUFFER   (64 << 10) /* of each connection, each way; the kernel doubles it */

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The FORCE variants go beyond the sysctl, and need CAP_NET_ADMIN. */
static void set_buffers(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKETS_BUFFER) < 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, SOCKETS_BUFFER);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKETS_BUFFER) < 0)
		set(fd, SOL_SOCKET, SO_SNDBUF, SOCKETS_BUFFER);
}

static int set_udp_group(int fd, const struct socket_key *key)
{
	bool v4 = key->family == AF_INET;
	int ret = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	set_buffers(fd);
	if (ret == 0)
		ret = v4 ? set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT)
		         : set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	if (ret == 0 && key->kind == SOCKET_UDP_WILD)
		ret = v4 ? set(fd, IPPROTO_IP, IP_PKTINFO, 1)
		         : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return ret;
}

static int bind_to(int fd, const struct socket_key *key)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(key->port)};
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(key->port),
		.sin6_scope_id = key->scope,
	};
	int ret;

	if (key->family == AF_INET) {
		memcpy(&sin.sin_addr, key->addr, 4);
		ret = bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	} else {
		memcpy(&sin6.sin6_addr, key->addr, 16);
		ret = bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
	}
	return ret < 0 ? -errno : 0;
}

/* What a listener is given, the connections inherit. */
static int set_tcp_group(int fd)
{
	int ret = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (ret == 0)
		ret = set(fd, SOL_SOCKET, SO_RCVBUF, TCP_BUFFER);
	if (ret == 0)
		ret = set(fd, SOL_SOCKET, SO_SNDBUF, TCP_BUFFER);
	if (ret == 0)
		ret = set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return ret;
}

static bool is_any(const struct socket_key *key)
{
	static const uint8_t any[sizeof(key->addr)];

	return memcmp(key->addr, any, sizeof(any)) == 0;
}

int bind_socket(const struct socket_key *key, bool group)
{
	bool http = key->kind > SOCKET_TCP;
	bool tcp = key->kind == SOCKET_TCP || http;
	int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(key->family, type, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (key->family == AF_INET6)
		ret = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !(http && is_any(key)));
	if (ret == 0 && tcp) /* old connections must not keep us from the port */
		ret = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ret == 0 && group)
		ret = tcp ? set_tcp_group(fd) : set_udp_group(fd, key);
	if (ret == 0)
		ret = bind_to(fd, key);
	if (ret == 0 && tcp && (group || http) &&
		listen(fd, http ? HTTP_BACKLOG : BACKLOG) < 0)
		ret = -errno;
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int bind_granted(int fd)
{
	int octets = 0;
	socklen_t len = sizeof(octets);

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, &len) < 0)
		return 0;
	return octets / 2; /* the kernel counts its own overhead and doubles */
}

bool bind_near_limit(int fd)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	return (rlim_t)fd + DESCRIPTORS_KEPT >= limit.rlim_cur;
}

int bind_steer(int fd, struct sock_filter *filter, uint16_t len)
{
	struct sock_fprog program = {.len = len, .filter = filter};
	int ret;

	if (len == 0) {
		ret = set(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
		return ret == -ENOENT ? 0 : ret;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
		    sizeof(program)) < 0)
		return -errno;
	return 0;
}
