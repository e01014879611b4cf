/*
 * resolve.h - addresses of upstreams that were configured by host name (FW-02, FW-22;
 * core)
 *
 * They are asked for as questions of the bootstrap group, which nobody waits for, and
 * read out of the cache; again when their TTL ends. What was known stays in use until
 * then.
 */
#ifndef FORWARDER_RESOLVE_H
#define FORWARDER_RESOLVE_H

#include "forwarder/table.h"

/* Ask for the addresses of that upstream. */
void resolve_start(struct fwdtab *f, unsigned upstream, uint64_t now_ns);

/* A question has ended, its outcome is stored: was it one of these? */
void resolve_ended(struct fwdtab *f, const struct question *q, uint64_t now_ns);

#endif
