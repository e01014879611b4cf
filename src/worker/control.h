/*
 * control.h - a worker's side of the pair with the supervisor (pair.h) (shell)
 */
#ifndef WORKER_CONTROL_H
#define WORKER_CONTROL_H

#include "worker/worker.h"

/* Messages wait on the pair. `arg` is the struct worker. */
void on_control_readable(int fd, short what, void *arg);

/* Tell the supervisor that sockets are read; again later if the pair is full. */
void control_send_ready(struct worker *w);

/* Orderly end: nothing new is read; the loop ends when all clients have theirs. */
void control_retire(struct worker *w);

/* End the loop if the worker retires and nobody waits any more. */
void control_end_if_done(struct worker *w);

#endif
