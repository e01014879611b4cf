/*
 * status.h - READY and STATUS for the service manager, from the stat pages (shell)
 */
#ifndef SUPERVISOR_STATUS_H
#define SUPERVISOR_STATUS_H

#include "supervisor/supervisor.h"

/* Say READY=1 once, when every worker serves (SD-02), and how it goes every 5 s. */
void status_step(struct supervisor *s, uint64_t now_ns);

/* Say WATCHDOG=1 if a worker's heartbeat has moved and the manager wants to hear it. */
void status_watchdog(struct supervisor *s, uint64_t now_ns);

/* Queries that came over UDP to all workers since the start. */
uint64_t status_udp_queries(const struct supervisor *s);

#endif
