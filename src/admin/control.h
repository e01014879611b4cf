/*
 * control.h - shmdns-admin's side of the pair with the supervisor (pair.h) (shell)
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "admin/admin.h"

/* Messages wait on the pair. `arg` is the struct admin. */
void on_control_readable(int fd, short what, void *arg);

#endif
