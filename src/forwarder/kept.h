/*
 * kept.h - sockets that carry one query after another (`reuse_sockets`, DE-07) (shell)
 *
 * For hosts where every fresh port would cost an entry in a table of connections. An
 * upstream has a few such sockets, and more while these are full; each query goes over
 * one of them by chance, with an ID that no other on it has. They are closed when they
 * have been idle as long as the group's connections may be.
 */
#ifndef FORWARDER_KEPT_H
#define FORWARDER_KEPT_H

#include "forwarder/forwarder.h"

/* Make the table of sockets, which has none. Owned for the life of the process. */
struct kept *kept_new(struct forwarder *f);

/* As fwdtab_ops.send. */
int kept_send(struct kept *k, const struct fwdtab_send *s, uint16_t *id);

/* The query at that place of that socket is not waited for any more. */
void kept_close(struct kept *k, uint32_t index, unsigned place);

/* New settings, before the core has them: sockets of upstreams that are gone will end. */
void kept_configure(struct kept *k, const struct forward_settings *s);

/* Close what has been idle too long; called by the timer. */
void kept_tick(struct kept *k, uint64_t now_ns);

#endif
