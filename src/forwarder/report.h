/*
 * report.h - what a forwarder says of itself in the log (shell)
 *
 * A question that failed is one line (FP-06), rate-limited as a packet can cause it.
 * Numbers for the stat page are the core's to count.
 */
#ifndef FORWARDER_REPORT_H
#define FORWARDER_REPORT_H

#include "forwarder/forwarder.h"

/* Something happened. */
void report_event(struct forwarder *f, const struct fwdtab_event *e);

#endif
