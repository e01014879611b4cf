/*
 * control.h - a forwarder's side of the pair with the supervisor (pair.h) (shell)
 */
#ifndef FORWARDER_CONTROL_H
#define FORWARDER_CONTROL_H

#include "forwarder/forwarder.h"

/* Messages wait on the pair. `arg` is the struct forwarder. */
void on_control_readable(int fd, short what, void *arg);

/* Tell the supervisor that we ask ourselves, and that this shall end the appliance. */
void control_send_loop(void);

/* Tell the supervisor that questions are taken; again later if the pair is full. */
void control_send_ready(struct forwarder *f);

#endif
