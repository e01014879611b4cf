/*
 * udp.h - sockets of the bench programs: target address, buffers, drop counter (shell)
 */
#ifndef BENCH_UDP_H
#define BENCH_UDP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define UDP_BUFFER (4 << 20) /* octets asked for, in both directions */

struct udp_target {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* "127.0.0.1:10053" or "[::1]:10053". 0 or -EINVAL. */
int udp_parse(const char *text, struct udp_target *out);

/*
 * A socket with buffers of UDP_BUFFER octets, bound to `bind_to` (with SO_REUSEPORT) or
 * connected to `connect_to`, the other being NULL. The descriptor, owned by the caller,
 * or -errno. *granted is the receive buffer as the kernel says it, halved (it doubles
 * what was asked for).
 */
int udp_open(const struct udp_target *bind_to, const struct udp_target *connect_to,
	int *granted);

/* Datagrams that this socket dropped: no room, or its filter. */
uint32_t udp_drops(int fd);

/*
 * From here on the kernel drops (and counts) each datagram that arrives here, so that
 * nobody pays for receiving them. 0 or -errno.
 */
int udp_filter_all(int fd);

#endif
