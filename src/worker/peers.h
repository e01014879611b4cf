/*
 * peers.h - a worker's pairs with the forwarders (cache/ask.h) (shell)
 *
 * Messages gather in an outbox and leave by one system call for each forwarder, after the
 * replies of a batch are out. A pair that is full is waited for; what could not leave is
 * forgotten, since every message is a hint: places ask again.
 */
#ifndef WORKER_PEERS_H
#define WORKER_PEERS_H

#include "cache/ask.h"
#include "worker/worker.h"

struct peers;

/* What happens on the pairs, for needs.c. */
struct peers_handlers {
	void (*on_settled)(void *arg, const struct ask_settled *m, unsigned n);
	void (*on_hello)(void *arg, unsigned forwarder);
	/* The ASK of that place could not leave. */
	void (*on_unsent)(void *arg, uint32_t place);
	/* There is room again for what could not leave. */
	void (*on_room)(void *arg);
};

/* Make the outbox; lives as long as the process. */
struct peers *peers_new(
	struct event_base *base, const struct peers_handlers *on, void *arg);

/*
 * The end of the pair with that forwarder, instead of one that was there; owned from here
 * on. 0; -EINVAL: there is no such forwarder; -ENOMEM.
 */
int peers_add(struct peers *p, unsigned forwarder, int fd);

/*
 * Room for a message to that forwarder, NULL if there is no pair with it. peers_put()
 * says how long it is and for which place it asks, ASK_NOBODY for none.
 */
union ask_message *peers_message(struct peers *p, unsigned forwarder);
void peers_put(struct peers *p, size_t len, uint32_t place);

/* Messages that can still be put before some are sent by peers_message() itself. */
unsigned peers_room(const struct peers *p);

/* Messages that have gathered, at least so many. */
unsigned peers_waiting(const struct peers *p);

/* Send what gathered. */
void peers_flush(struct peers *p);

#endif
