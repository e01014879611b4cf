/*
 * health.h - is the appliance alive, and is it ready (core)
 */
#ifndef ADMIN_HEALTH_H
#define ADMIN_HEALTH_H

#include <stdbool.h>

#include "admin/view.h"
#include "base/mem.h"

#define HEALTH_BEAT_NS (5 * NS_PER_S) /* a worker younger than this lives (HR-01) */

/* HR-01: at least one worker lives, whatever became of the others. */
bool health_alive(const struct view *v);

/*
 * HR-02, HR-03: every share has a worker that serves a complete generation, and one at
 * least as new as the board had 2 s ago. False: `why` gets a line for each thing missing.
 */
bool health_ready(const struct view *v, struct mem_buf *why);

/*
 * What does not make it unready, but is not as somebody believes, a line each: the last
 * reload was refused, with the first fault (RL-05); the last good configuration runs
 * (OP-26). True if there is any.
 */
bool health_notes(const struct view *v, struct mem_buf *notes);

#endif
