/*
 * holder.h - who has that port? Named in the message when a bind fails (shell)
 */
#ifndef SUPERVISOR_HOLDER_H
#define SUPERVISOR_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pair.h"

/* One line of /proc/net/udp, udp6, tcp or tcp6. */
struct holder_socket {
	uint8_t addr[16]; /* network order, zeros behind an IPv4 address */
	uint16_t port;
	uint8_t state; /* as the kernel numbers them */
	uint32_t uid;
	uint64_t inode;
};

/*
 * Read one line of such a file for IPv4 (`words` 1) or IPv6 (`words` 4). False for the
 * heading and for what does not look like one; *out is untouched then. Pure.
 */
bool holder_parse(const char *line, unsigned words, struct holder_socket *out);

/*
 * Write who holds a socket that stands in the way of `key` into `out`: "process 812
 * (systemd-resolve)", "a process of uid 101" and a command for root where we may not
 * look closer, "a process that cannot be seen" if none is listed. Returns `out`.
 */
const char *holder_find(const struct socket_key *key, char *out, size_t cap);

#endif
