/*
 * configure.h - a table gets new settings while questions are in flight (core)
 */
#ifndef FORWARDER_CONFIGURE_H
#define FORWARDER_CONFIGURE_H

#include "forwarder/table.h"

/* As fwdtab_configure(). */
void configure_table(struct fwdtab *f, const struct settings *s, uint64_t now_ns);

#endif
