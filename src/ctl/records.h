/*
 * records.h - the RRsets of a node as text (core)
 */
#ifndef CTL_RECORDS_H
#define CTL_RECORDS_H

#include "snap/node.h"

/* Called with the rdata of each RR. */
typedef void (*records_on_rdata)(void *arg, const char *rdata);

/*
 * Expand one RRset of `v`, whatever its form, into rdata in presentation form. False
 * where its octets do not fit together; what stood before that was passed on.
 */
bool records_expand(const struct node_view *v, const struct rrset *rr,
	records_on_rdata on_rdata, void *arg);

#endif
