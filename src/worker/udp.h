/*
 * udp.h - queries that come as datagrams (shell)
 */
#ifndef WORKER_UDP_H
#define WORKER_UDP_H

#include "worker/worker.h"

/*
 * Datagrams wait. Refresh, receive a batch, answer it, send it, and again until a batch
 * is short, at most 16 times: then others have their turn. `arg`: struct worker_socket.
 */
void on_udp_readable(int fd, short what, void *arg);

#endif
