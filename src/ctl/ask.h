/*
 * ask.h - one question to one server, over UDP or TCP (shell)
 */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <sys/socket.h>

#include "dns/addr.h"
#include "dns/name.h"

struct question {
	struct name name;
	uint16_t type;
	uint16_t udp_size; /* advertised in an OPT; 0: no OPT */
	bool want_do;
	bool recurse;
};

struct server {
	struct addr addr;
	uint16_t port;
};

/* A reply, as it came. */
struct reply {
	uint8_t msg[65535];
	size_t len;
	bool tcp;
	uint64_t took_ns;
};

/* Where and how to ask. */
struct ask {
	struct server server;
	bool tcp;         /* from the start; else only after a reply with TC */
	bool keep_tc;     /* show the cut reply, do not ask again */
	unsigned tries;   /* packets over UDP */
	unsigned wait_ms; /* for each */
};

/*
 * Ask and wait. 0 with *r filled by a reply that belongs to the question; -ETIMEDOUT;
 * -EBADMSG: TCP brought something else; -errno of the socket.
 */
int ask(const struct ask *a, const struct question *q, struct reply *r);

#endif
