/*
 * udp.h - one fresh connected socket for each query (Q-03) (shell)
 *
 * A query costs seven system calls and no more: socket, bind to a port that was drawn,
 * connect (so that the kernel drops what comes from elsewhere, and tells of ICMP errors),
 * send, into an epoll set of our own, receive, close (which takes it out of the set).
 * No option of a socket is set: a query has at most 512 octets and is never fragmented,
 * and a reply's fragments are the other side's choice.
 *
 * All forwarders draw from one range of ports (DE-07): those from 32768 on, which kernels
 * give to clients. A program that opens a listener further down never finds it taken.
 */
#ifndef FORWARDER_UDP_H
#define FORWARDER_UDP_H

#include "forwarder/forwarder.h"

/* Make the sockets' table and its set, watched by the loop. NULL: there is no memory. */
struct udp *udp_new(struct forwarder *f);

/* As fwdtab_ops.send. */
int udp_send(struct udp *u, const struct fwdtab_send *s, uint16_t *id);

/* Close the socket of that exchange, if it has one. */
void udp_close(struct udp *u, uint32_t exchange);

/*
 * Hand over what has come. Called before anything is given up for its time: where this
 * process was held up, replies wait, and upstreams are not to blame.
 */
void udp_receive(struct udp *u);

/*
 * A socket bound to a drawn port and connected to the upstream. Returns it, owned, or
 * -errno; -EADDRINUSE: one port after another was taken; -EMFILE: there are so many that
 * other things would lack descriptors (EV-08).
 */
int udp_open(const struct forward_group *g, const struct forward_upstream *to);

#endif
