/*
 * pair.h - messages between the supervisor and its children (shell)
 *
 * Each child has one SOCK_SEQPACKET pair with the supervisor as descriptor 3. One packet
 * is one message: a fixed struct that begins with its type, and at most one descriptor
 * as SCM_RIGHTS. Both sides are one build (the supervisor runs the programs that it
 * opened at start), so structs travel as they are. A message with a wrong size or an
 * unknown type is refused by pair_recv() and logged by the caller, never acted on.
 *
 *   supervisor -> child    START        first message: who you are
 *                          SOCKET       + descriptor: serve this one too (worker, admin)
 *                          SOCKET_GONE  stop reading that socket, close it (worker)
 *                          RETIRE       orderly end: stop reading, settle, exit 0
 *                          PEER         + descriptor: your end of the pair with that
 *                                       forwarder (to a worker), or with the worker of
 *                                       that slot (to a forwarder); cache/ask.h
 *                          PARK         + memory file: the slot's parked queries (worker)
 *                          CACHE        + its object, open for writing, and how large
 *                                       its rings shall be (forwarder)
 *                          WORKERS      so many share the traffic from now on (worker)
 *                          ADMIN        what its answers depend on, again after a reload
 *                                       (admin)
 *                          PREPARE      + sealed memory file: parse this config aside
 *                          COMMIT       make prepared number N current; ABORT: forget it
 *   child -> supervisor    READY        serving (worker: a root is mapped and sockets are
 *                                       read; controller: settings are published)
 *                          PREPARED     number, ok or the first error as text
 *                          COMMITTED    number
 *                          LOOP         a query of ours came back, and that shall end us
 *                                       (forwarder, LO-02)
 */
#ifndef BASE_PAIR_H
#define BASE_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define PAIR_FD          3          /* descriptor of the pair in every child */
#define PAIR_MESSAGE_MAX 512        /* octets */
#define INSTANCE_MAX     32         /* octets of an instance name with its NUL */
#define PARK_OCTETS      (4u << 20) /* of the memory file that PARK brings */

enum message_type {
	MESSAGE_START = 1,
	MESSAGE_SOCKET,
	MESSAGE_SOCKET_GONE,
	MESSAGE_RETIRE,
	MESSAGE_PREPARE,
	MESSAGE_COMMIT,
	MESSAGE_ABORT,
	MESSAGE_READY,
	MESSAGE_PREPARED,
	MESSAGE_COMMITTED,
	MESSAGE_PEER,
	MESSAGE_PARK,
	MESSAGE_CACHE,
	MESSAGE_LOOP,
	MESSAGE_WORKERS,
	MESSAGE_ADMIN,
};

enum socket_kind {
	SOCKET_UDP,      /* bound to one address: replies leave from it by themselves */
	SOCKET_UDP_WILD, /* catch-all with IP_PKTINFO / IPV6_RECVPKTINFO on */
	SOCKET_TCP,      /* a listener */
	/* Listeners of shmdns-admin; an IPv6 wildcard takes IPv4 too. */
	SOCKET_HTTP_HEALTH,
	SOCKET_HTTP_READY,
	SOCKET_HTTP_METRICS,
};

/* Which socket: a listening address and what for; each share has one for each key. */
struct socket_key {
	uint8_t kind;   /* enum socket_kind */
	uint8_t family; /* AF_INET or AF_INET6 */
	uint16_t port;  /* host order */
	uint32_t scope; /* interface index of a link-local address, else 0 */
	uint8_t addr[16];
};

struct message_start {
	uint32_t type;
	uint32_t slot;       /* of its stat page: worker 0 .. 2n-1, forwarder 0 .. k-1 */
	uint32_t share;      /* which sockets it serves: 0 .. n-1 */
	uint32_t workers;    /* n, at this time */
	uint64_t life;       /* number of this process's life, rising over all children */
	uint32_t forwarders; /* how many forwarders, and caches, there are */
	uint32_t slots;      /* of workers, at most, however many there will be */
	struct log_style log; /* until there are settings */
	char instance[INSTANCE_MAX];
	/* carries the stat page of the slot, open for writing, as its descriptor */
};

/*
 * `share` and `key` together name one socket. It is the worker's own share but for those
 * of a share that is steered around, whose queues healthy workers drain (EV-03).
 */
struct message_socket {
	uint32_t type; /* SOCKET or SOCKET_GONE */
	uint32_t share;
	struct socket_key key;
};

struct message_number {
	uint32_t type;   /* one with a number, or READY, RETIRE, LOOP with 0 */
	uint32_t number; /* PEER: of the forwarder, or of the worker's slot; PARK: 0 */
};

/* The object is empty at first: the forwarder makes it as large as its rings need. */
struct message_cache {
	uint32_t type;
	uint32_t pad;
	uint64_t success, denial; /* octets, until the supervisor ends */
};

struct message_admin {
	uint32_t type;
	uint32_t compat;         /* 0: off, 1: on, 2: extra (ME-01) */
	uint32_t workers;        /* that have ever been ready, of those that stay */
	uint32_t scope;          /* of `address`, if it is link-local */
	uint8_t address[16];     /* the first one of `listen`; all zero: of the machine */
	uint8_t address_len;     /* 4 or 16 */
	uint16_t port;           /* it has */
	uint64_t max_stale_ns;   /* HR-03; 0: off */
	uint64_t max_namespaces; /* ME-09 */
};

struct message_prepared {
	uint32_t type;
	uint32_t number;
	uint32_t ok;
	char error[256]; /* NUL-terminated; empty if ok */
};

union message {
	uint32_t type;
	struct message_start start;
	struct message_socket socket;
	struct message_number number;
	struct message_cache cache;
	struct message_admin admin;
	struct message_prepared prepared;
	uint8_t octets[PAIR_MESSAGE_MAX];
};

/*
 * Make a pair with 4 MiB buffers, both ends non-blocking and close-on-exec.
 * 0 or -errno; fd[0] and fd[1] are owned by the caller.
 */
int pair_open(int fd[2]);

/*
 * Send one message of `len` octets, with `pass` as its descriptor unless that is -1
 * (borrowed). 0; -EAGAIN: the queue is full; else -errno.
 */
int pair_send(int fd, const void *message, size_t len, int pass);

/*
 * Receive one message. Returns its length with *passed an owned descriptor or -1;
 * -EAGAIN: none is waiting; -EPIPE: the peer is gone; -EBADMSG: size and type do not
 * belong together (dropped).
 */
int pair_recv(int fd, union message *message, int *passed);

#endif
