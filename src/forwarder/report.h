/*
 * report.h - what a forwarder says of itself in the log (shell)
 *
 * A question that failed is one line (FP-06, SM-01): at most ten a second, as a packet
 * can cause it, and where `errors.consolidate` has rules, those that match are told
 * together. Numbers for the stat page are the core's to count.
 */
#ifndef FORWARDER_REPORT_H
#define FORWARDER_REPORT_H

#include "forwarder/forwarder.h"

/* Something happened. */
void report_event(struct forwarder *f, const struct fwdtab_event *e);

/* Level, format and rules of new settings; what waits under the old rules is told. */
void report_configure(struct forwarder *f, const struct log_settings *l);

/* Tell what is due by time. */
void report_tick(struct forwarder *f);

/* The process ends: tell all that waits. */
void report_end(struct forwarder *f);

#endif
