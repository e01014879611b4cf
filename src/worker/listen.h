/*
 * listen.h - the sockets of the supervisor's that a worker serves (shell)
 *
 * Datagram sockets and TCP listeners stand in one table of the worker; what comes is for
 * udp.h and tcp.h.
 */
#ifndef WORKER_LISTEN_H
#define WORKER_LISTEN_H

#include "worker/worker.h"

/*
 * Serve a socket of the supervisor's; it is read as soon as the worker serves. `fd` is
 * owned from here on, also on failure. 0; -EEXIST: it is served already (that one goes
 * on); -ENOSPC: too many; -ENOTSUP: not a kind that is served.
 */
int listen_add(struct worker *w, const struct message_socket *m, int fd);

/*
 * Serve what waits in a socket, and close it; its connections go on. 0 or -ENOENT.
 */
int listen_remove(struct worker *w, const struct message_socket *m);

/* The socket of that share and key, NULL: it is not served. */
const struct worker_socket *listen_find(
	struct worker *w, uint32_t share, const struct socket_key *key);

/* Read all sockets from now on, or none any more. */
void listen_serve(struct worker *w, bool on);

/* Serve what waits in all sockets, as far as it is served at all. */
void listen_drain(struct worker *w);

/* While sockets are read: accept connections again, or pause that alone (EV-08). */
void listen_accept(struct worker *w, bool on);

#endif
