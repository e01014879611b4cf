/* udp.c - see udp.h */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Split "host:port" or "[host]:port" into `host`, and return the port; -1: neither. */
static long split(const char *text, char *host, size_t cap)
{
	const char *colon = strrchr(text, ':');
	char *end;

	if (colon == NULL || colon[1] == '\0')
		return -1;
	size_t len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= cap)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	long port = strtol(colon + 1, &end, 10);
	return *end == '\0' && port > 0 && port <= 65535 ? port : -1;
}

int udp_parse(const char *text, struct udp_target *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char host[64];
	long port = split(text, host, sizeof(host));

	if (port < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		v4.sin_port = htons((uint16_t)port);
		memcpy(&out->addr, &v4, sizeof(v4));
		out->len = sizeof(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return -EINVAL;
	v6.sin6_port = htons((uint16_t)port);
	memcpy(&out->addr, &v6, sizeof(v6));
	out->len = sizeof(v6);
	return 0;
}

static void set_buffers(int fd)
{
	int size = UDP_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int attach(
	int fd, const struct udp_target *bind_to, const struct udp_target *connect_to)
{
	int on = 1;

	if (connect_to != NULL)
		return connect(
			fd, (const struct sockaddr *)&connect_to->addr, connect_to->len);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&bind_to->addr, bind_to->len);
}

int udp_open(const struct udp_target *bind_to, const struct udp_target *connect_to,
	int *granted)
{
	const struct udp_target *t = bind_to != NULL ? bind_to : connect_to;
	int fd = socket(t->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 0, ret;
	socklen_t len = sizeof(size);

	if (fd < 0)
		return -errno;
	set_buffers(fd);
	if (attach(fd, bind_to, connect_to) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	*granted = size / 2;
	return fd;
}

uint32_t udp_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

int udp_filter_all(int fd)
{
	struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
	struct sock_fprog program = {.len = 1, .filter = &drop};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}
