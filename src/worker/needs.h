/*
 * needs.h - queries that wait: asked for, run again, answered or given up (shell)
 *
 * What answer() lacks is asked of a forwarder after the replies of the batch are out.
 * Word that it is there makes the query run again, from the start; so does a timer, since
 * no message is relied on. Where nothing has come by cache.serve_stale.timeout an old
 * answer is taken, and by limits.query_deadline the client is told so (FP-04).
 */
#ifndef WORKER_NEEDS_H
#define WORKER_NEEDS_H

#include "worker/park.h"
#include "worker/worker.h"

/* Make what is needed; lives as long as the process. NULL: no memory for events. */
struct needs *needs_new(struct worker *w);

/*
 * MESSAGE_PARK: the park page of the slot; what a predecessor left there is adopted. The
 * descriptor is borrowed. 0 or -errno.
 */
int needs_page(struct worker *w, int fd);

/* There is something to answer with, and sockets: go on with what was adopted. */
void needs_serve(struct worker *w);

/* MESSAGE_PEER: the pair with a forwarder; the descriptor is owned. 0 or -errno. */
int needs_peer(struct worker *w, unsigned forwarder, int fd);

/* Look for caches that are not mapped yet; called by a timer. */
void needs_tick(struct worker *w);

/*
 * answer() says VERDICT_NEED: park the query, or, if there is no room, answer it at once
 * (FP-02). True: it is parked, or waits already; then reply_len is 0.
 */
bool needs_take(struct worker *w, const struct basis *b, struct packet *p,
	const struct park_way *way);

/* What a reply to p gives to tell forwarders: a hit, a refresh, a loop. */
void needs_replied(struct worker *w, const struct packet *p, uint64_t now_ns);

/* Send what has gathered; between batches. */
void needs_flush(struct worker *w);

/* True if somebody waits. */
bool needs_any(const struct worker *w);

/* A TCP connection is gone, or takes replies again. */
void needs_connection_gone(struct worker *w, uint32_t connection, uint64_t life);
void needs_connection_ready(struct worker *w, uint32_t connection, uint64_t life);

#endif
