/*
 * clock.h - the two clocks; called by shells only, cores get the time as an argument
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds: every time-out, age and heartbeat. Never fails. */
uint64_t clock_mono_ns(void);

/* CLOCK_REALTIME in nanoseconds since 1970: logs and serials only (EV-09). */
uint64_t clock_wall_ns(void);

#endif
