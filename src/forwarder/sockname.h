/*
 * sockname.h - socket addresses of upstreams and of our own end (shell)
 */
#ifndef FORWARDER_SOCKNAME_H
#define FORWARDER_SOCKNAME_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "snap/forward.h"

union sockname {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Of an upstream; returns the length. */
socklen_t sockname_upstream(const struct forward_upstream *u, union sockname *out);

/*
 * Of our end of a socket to `u`, with `port` in host order, 0: any. The address is the
 * group's source_address if it is of the same family, else any.
 */
socklen_t sockname_source(const struct forward_group *g, const struct forward_upstream *u,
	uint16_t port, union sockname *out);

#endif
