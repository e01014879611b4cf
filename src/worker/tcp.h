/*
 * tcp.h - the TCP connections of a worker (RFC 7766; T rows) (shell)
 *
 * Pipelined queries are answered as they come, by the same admit() and answer() as over
 * UDP. All memory is taken at start: for each connection a small input buffer, and for
 * all together a few big ones, for queries that are longer and for replies that a client
 * does not take at once. Where those run out the connection that has held one longest
 * is closed. TCP has events of its own: UDP pays for none of this.
 */
#ifndef WORKER_TCP_H
#define WORKER_TCP_H

#include "worker/worker.h"

/* Make the pool; lives as long as the process. NULL: no memory for events. */
struct tcp *tcp_new(struct worker *w);

/* Connections wait to be accepted. `arg`: struct worker_socket. */
void on_tcp_acceptable(int fd, short what, void *arg);

/*
 * The worker retires and accepts no more. Answer what has come, end every connection in
 * good order. False: there is none. True: the event loop is ended when the last one is
 * gone, or after a second.
 */
bool tcp_retire(struct worker *w);

#endif
