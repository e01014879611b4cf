/*
 * tcp.h - the TCP connections of a worker (RFC 7766; T rows) (shell)
 *
 * Pipelined queries are answered as they come, by the same admit() and answer() as over
 * UDP. All memory is taken at start: for each connection a small input buffer, and for
 * all together a few big ones, for queries that are longer and for replies that a client
 * does not take at once. Where those run out the connection that has held one longest is
 * closed. A query that has to wait does not hold up those behind it (T-02); what ends a
 * connection waits for its reply. TCP has events of its own: UDP pays for none of this.
 */
#ifndef WORKER_TCP_H
#define WORKER_TCP_H

#include "worker/worker.h"

/* Make the pool; lives as long as the process. NULL: no memory for events. */
struct tcp *tcp_new(struct worker *w);

/* Connections wait to be accepted. `arg`: struct worker_socket. */
void on_tcp_acceptable(int fd, short what, void *arg);

/*
 * A reply to a parked query of a connection. TCP_READY: p->buf and what answer() wants to
 * know of the connection are set; tcp_reply_end() follows, unless the query waits on.
 */
enum tcp_reply {
	TCP_GONE, /* there is no such connection any more */
	TCP_BUSY, /* the client must take others first */
	TCP_READY,
};
enum tcp_reply tcp_reply_begin(
	struct worker *w, uint32_t connection, uint64_t life, struct packet *p);

/*
 * The query waits no more: send the `len` octets of its reply, 0: there is none. Only
 * after tcp_reply_begin() did not say TCP_GONE.
 */
void tcp_reply_end(struct worker *w, uint32_t connection, size_t len, uint64_t now_ns);

/*
 * The worker retires and accepts no more. Answer what has come, end every connection in
 * good order: when its parked queries are answered, and it has read its replies for a
 * second at most.
 */
void tcp_retire(struct worker *w);

/* True if there is no connection. */
bool tcp_is_over(const struct worker *w);

#endif
