/*
 * supervise.h - the loop: one epoll over signals, pairs and rtnetlink (shell)
 */
#ifndef SUPERVISOR_SUPERVISE_H
#define SUPERVISOR_SUPERVISE_H

#include "supervisor/supervisor.h"

/*
 * Run until a signal ends it and all children are gone; returns the exit status. Config,
 * slots, sockets and stat pages are there already and stay the caller's.
 */
int supervise(struct supervisor *s);

/*
 * SIGTERM (HR-04): answers go on as before for health.lameduck, and until nobody asks
 * over UDP, at most twice as long; then supervise_stop() with status 0. A second call
 * ends that time, and kills.
 */
void supervise_lameduck(struct supervisor *s, uint64_t now_ns);

/*
 * Begin to stop: workers are told to end, get 2 s and the time that parked queries may
 * take, then SIGKILL; then forwarders get 2 s, then the controller. A second call kills
 * what is left at once. `status` is the exit status.
 */
void supervise_stop(struct supervisor *s, int status, uint64_t now_ns);

#endif
