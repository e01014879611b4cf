/*
 * httpsock.h - the listening sockets of shmdns-admin: opened here, kept here (shell)
 *
 * One TCP listener for each of health.listen, ready.listen and metrics.listen that is not
 * switched off. They outlive the process that answers on them: a request that comes while
 * it is replaced waits in the queue.
 */
#ifndef SUPERVISOR_HTTPSOCK_H
#define SUPERVISOR_HTTPSOCK_H

#include <stdbool.h>

#include "base/pair.h"
#include "conf/conf.h"

#define HTTPSOCK_KINDS 3 /* from SOCKET_HTTP_HEALTH on */

struct httpsock {
	struct socket_key key[HTTPSOCK_KINDS];
	int fd[HTTPSOCK_KINDS]; /* owned; -1: none */
};

#define HTTPSOCK_NONE                                                                    \
	{                                                                                \
		.fd = { -1, -1, -1 }                                                     \
	}

/* True if any of them is configured. */
bool httpsock_wanted(const struct conf *c);

/*
 * Open those that are configured. One that cannot be had is logged as an error, with who
 * holds the port, and left out: names are answered without it.
 */
void httpsock_open(struct httpsock *h, const struct conf *c);

/* Close them. */
void httpsock_close(struct httpsock *h);

#endif
