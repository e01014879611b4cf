/*
 * udp.h - the sockets that a worker reads, and what it does with what comes (shell)
 */
#ifndef WORKER_UDP_H
#define WORKER_UDP_H

#include "worker/worker.h"

/*
 * Serve a socket of the supervisor's; it is read as soon as the worker serves. `fd` is
 * owned from here on, also on failure. 0; -EEXIST: it is served already (that one goes
 * on); -ENOSPC: too many; -ENOTSUP: not a kind that is served.
 */
int udp_add(struct worker *w, const struct message_socket *m, int fd);

/* Stop reading a socket and close it. 0 or -ENOENT. */
int udp_remove(struct worker *w, const struct message_socket *m);

/* Read all sockets from now on, or none any more. */
void udp_serve(struct worker *w, bool on);

/*
 * Datagrams wait. Refresh, receive a batch, answer it, send it, and again until a batch
 * is short, at most 16 times: then others have their turn. `arg`: struct worker_socket.
 */
void on_udp_readable(int fd, short what, void *arg);

#endif
