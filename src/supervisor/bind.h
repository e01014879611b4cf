/*
 * bind.h - one listening socket, with all its options (shell)
 */
#ifndef SUPERVISOR_BIND_H
#define SUPERVISOR_BIND_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/filter.h>

#include "base/pair.h"

/*
 * A bound socket for `key`, close-on-exec and non-blocking, or -errno (-EADDRINUSE,
 * -EACCES, -EADDRNOTAVAIL, -EAFNOSUPPORT). IPv6 sockets are for IPv6 alone.
 *
 * With `group` it joins the SO_REUSEPORT group of its address. UDP: it has buffers of
 * 4 MiB, as far as the kernel lets us; path MTU discovery is off, fragments of forged
 * ICMP included (S-08); a catch-all tells with each packet which address it came to.
 * TCP: it listens, and what is accepted from it has small buffers, so that a client that
 * does not read costs little (T-07).
 *
 * Listeners of HTTP are in no group and listen at once; a wildcard takes both families.
 */
int bind_socket(const struct socket_key *key, bool group);

/* Octets of receive buffer that the kernel gave, as asked for (not doubled), or 0. */
int bind_granted(int fd);

/*
 * EV-08: sockets of single addresses are a convenience; they must not take the
 * descriptors that the replacement of a worker needs. Numbers are given lowest first:
 * true if few are left beyond `fd`.
 */
bool bind_near_limit(int fd);

/*
 * Put a steering program before the whole group of `fd`; `len` 0: take it away, the
 * kernel's hash chooses again. 0 or -errno.
 */
int bind_steer(int fd, struct sock_filter *filter, uint16_t len);

#endif
