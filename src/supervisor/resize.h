/*
 * resize.h - the number of workers changes while they serve (RL-04) (shell)
 *
 * More: sockets for the new shares are bound behind the others, which nobody draws; each
 * gets queries when its worker is ready. Fewer: the last shares get no new queries; when
 * what is queued has been read, their workers settle what they have parked, end their
 * connections and exit; then the sockets are closed, the last one first. The shares that
 * stay, and their workers, notice nothing of either.
 */
#ifndef SUPERVISOR_RESIZE_H
#define SUPERVISOR_RESIZE_H

#include "supervisor/supervisor.h"

/*
 * Make what `workers` workers need. 0; -errno, logged: nothing has changed. One of the
 * two below must follow. Not while resize_busy().
 */
int resize_prepare(struct supervisor *s, uint32_t workers);

/* There shall be as many workers as was prepared for, or no more than there were. */
void resize_commit(struct supervisor *s, uint64_t now_ns);
void resize_abort(struct supervisor *s);

/* Go on with workers that leave, and when there is something to do for them again. */
void resize_step(struct supervisor *s, uint64_t now_ns);
uint64_t resize_wake_ns(const struct supervisor *s);

/* How long queries may be parked, at most. */
uint64_t resize_parked_ns(const struct supervisor *s);

/* True while workers leave. */
bool resize_busy(const struct supervisor *s);

#endif
