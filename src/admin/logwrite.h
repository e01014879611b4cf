/*
 * logwrite.h - the query log onto stderr (SM-02) (shell)
 *
 * A timer while a log is on, none while it is off. stderr does not block (log.h): what
 * it does not take waits in our buffer, and then in the rings.
 */
#ifndef ADMIN_LOGWRITE_H
#define ADMIN_LOGWRITE_H

struct admin;
struct logwrite;

/* Made once there is a page; lives as long as the process. NULL: no memory. */
struct logwrite *logwrite_new(struct admin *a);

/* The settings may have changed: look at once, and often for a while. */
void logwrite_wake(struct logwrite *l);

/* Look whether a log is on; called by a timer. */
void logwrite_tick(struct logwrite *l);

/* The last lines, at the end. */
void logwrite_end(struct logwrite *l);

#endif
