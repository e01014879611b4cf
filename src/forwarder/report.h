/*
 * report.h - what a forwarder says of itself: log lines and its stat page (shell)
 *
 * A question that failed is one line (FP-06, SM-01), rate-limited as a packet can cause it.
 * The core counts what it does; numbers of the cache are copied to the page by the timer.
 */
#ifndef FORWARDER_REPORT_H
#define FORWARDER_REPORT_H

#include "forwarder/forwarder.h"

/* Something happened: fwdtab_ops.event. `arg` is the struct forwarder. */
void report_event(void *arg, const struct fwdtab_event *e);

/* Bring the stat page up to date, the heartbeat as well. */
void report_page(struct forwarder *f, uint64_t now_ns);

#endif
