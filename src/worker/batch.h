/*
 * batch.h - up to 32 datagrams taken and answered by one system call each way (shell)
 *
 * A reply is written over its query; the same header, address and, on wildcard sockets,
 * the same control data send it back from the address that was asked. All memory is
 * allocated by batch_new().
 */
#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include "worker/park.h"

#define BATCH_MAX 32

struct batch {
	unsigned n; /* packets of the last batch_recv() */
	struct packet packet[BATCH_MAX];
	struct batch_slot *slots; /* owned: headers, addresses, buffers */
};

/* Make one; lives as long as the process. */
struct batch *batch_new(void);

/*
 * Receive what waits, without blocking. Returns b->n; 0: nothing waits, -errno: nothing
 * was received for another reason. `wild`: the socket tells the address that was asked.
 */
int batch_recv(struct batch *b, int fd, bool wild);

/* Send every packet with reply_len > 0. Returns how many replies could not be sent. */
unsigned batch_send(struct batch *b, int fd);

/* The same for packets [from, to), if others leave by another socket. */
unsigned batch_send_some(struct batch *b, int fd, unsigned from, unsigned to);

/*
 * How the reply to packet i gets back to its client, but for the socket; and the
 * opposite: the reply to packet i shall get back that way.
 */
void batch_way(const struct batch *b, unsigned i, struct park_way *out);
void batch_set_way(struct batch *b, unsigned i, const struct park_way *way);

#endif
