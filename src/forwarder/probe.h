/*
 * probe.h - queries that nobody asked for: is an upstream up, does it lead to us? (core)
 *
 * An upstream that has failed is probed until it answers (FW-10). One whose address could
 * be ours gets one query for a name that nobody can guess; if that comes back to us, the
 * loop mark in it says so (LO-03), and its reply says nothing.
 */
#ifndef FORWARDER_PROBE_H
#define FORWARDER_PROBE_H

#include "forwarder/attempt.h"

/* What is due for an upstream: its next probe, the end of the present one, a look-up. */
void probe_turn(struct fwdtab *f, unsigned upstream, uint64_t now_ns);

/* The reply to a probe or a look; or why there is none. */
void probe_reply(struct fwdtab *f, uint32_t attempt, const uint8_t *msg,
	const struct reply_facts *facts, uint64_t now_ns);
void probe_error(
	struct fwdtab *f, uint32_t attempt, enum fwdtab_error why, uint64_t now_ns);

/* Look whether a loop leads through it, if its address could be one of ours. */
void probe_look(struct fwdtab *f, unsigned upstream, uint64_t now_ns);

/* Forget the open ones of that upstream. */
void probe_stop(struct fwdtab *f, unsigned upstream);

#endif
