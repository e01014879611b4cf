/*
 * crew.h - the children: start, speak, listen, bury (shell)
 */
#ifndef SUPERVISOR_CREW_H
#define SUPERVISOR_CREW_H

#include "supervisor/supervisor.h"

/* Make the stat pages of all slots. 0 or -errno, logged. crew_close() ends it. */
int crew_open(struct supervisor *s);
void crew_close(struct supervisor *s);

/*
 * Make room for the workers of `shares` shares: slots, stat pages, pairs, park memory. 0;
 * -errno, logged: what was made stays, for the next time.
 */
int crew_grow(struct supervisor *s, uint32_t shares);

/* Steer new queries to the shares that shall have them. */
void crew_steer(struct supervisor *s);

/* Healthy workers that drain the shares from `share` on close the sockets of these. */
void crew_leave_shares(struct supervisor *s, uint32_t share);

/* Start a process in every slot that is due. */
void crew_start(struct supervisor *s, uint64_t now_ns);

/*
 * Send a message to the process of slot i, with descriptor `pass` unless it is -1. A
 * process that does not take it is killed: its successor is told everything afresh.
 */
void crew_send(
	struct supervisor *s, uint32_t i, const void *message, size_t len, int pass);

/* The same for a message of type and number alone. */
void crew_send_number(
	struct supervisor *s, uint32_t i, uint32_t type, uint32_t number, int pass);

/* Messages of slot i are waiting. */
void crew_receive(struct supervisor *s, uint32_t i, uint64_t now_ns);

/* Reap all dead children; as pid 1 also those that are not ours. */
void crew_reap(struct supervisor *s, uint64_t now_ns);

/* SIGKILL to slot i; `reason`, a literal, goes into the line about its death. */
void crew_kill(struct supervisor *s, uint32_t i, const char *reason);

/* True if there is something for shmdns-admin: listeners, or a log of queries. */
bool crew_wants_admin(const struct conf *c);

/* Tell the admin, if there is one, what of the current configuration is about it. */
void crew_tell_admin(struct supervisor *s);

/* Tell workers of a group of sockets: a sockets_on_change of the supervisor `arg`. */
void crew_tell_group(void *arg, const struct sockets_group *g, bool opened);

/* Read all heartbeats and kill who hangs; take back shares that have recovered. */
void crew_tick(struct supervisor *s, uint64_t now_ns);

/* Name of slot i for logs and stat pages: "w0", "controller". */
const char *crew_name(const struct supervisor *s, uint32_t i, char out[16]);

#endif
