/*
 * tcp.h - connections to upstreams, plain and TLS (FW-18, FW-19, U-08) (shell)
 *
 * They are kept and shared: up to 64 queries are in flight on each, and replies come in
 * any order. A connection that the upstream closes costs its queries one silent retry on
 * a fresh one. One that has been silent for a second while something was asked gets
 * nothing new, and ends when nobody waits for it any more. What is sent within a turn
 * leaves at its end, by one call for each connection. All memory is made at start.
 */
#ifndef FORWARDER_TCP_H
#define FORWARDER_TCP_H

#include "forwarder/forwarder.h"

/* Make the table of connections. NULL: there is no memory, or no TLS. */
struct tcp *tcp_new(struct forwarder *f);

/* As fwdtab_ops.send. */
int tcp_send(struct tcp *t, const struct fwdtab_send *s, uint16_t *id);

/* The query at that place of that connection is not waited for any more. */
void tcp_close(struct tcp *t, uint32_t index, unsigned place);

/* The end of a turn: send what waits. */
void tcp_flush(struct tcp *t);

/*
 * New settings, before the core has them: connections of upstreams that are gone end when
 * nobody waits for them.
 */
void tcp_configure(struct tcp *t, const struct forward_settings *s);

/* End what is idle, old or stuck, and read certificates that changed; by the timer. */
void tcp_tick(struct tcp *t, uint64_t now_ns);

#endif
