/*
 * explain.h - why an address cannot be bound, and what helps (SD-07) (shell)
 */
#ifndef SUPERVISOR_EXPLAIN_H
#define SUPERVISOR_EXPLAIN_H

#include "base/log.h"
#include "base/pair.h"

/* Log a line about `error` of bind_socket(), with who holds the port if that is why. */
void explain_bind(enum log_level level, const struct socket_key *key, int error);

#endif
