/*
 * way.h - what a connection or a kept socket leads to, told again after a reload (core)
 *
 * The number of an upstream is its place in the settings, which a reload moves; its place
 * in its group stays, since the group's digest covers its upstreams. The address is a
 * part of the way: that of a host name changes without a reload.
 */
#ifndef FORWARDER_WAY_H
#define FORWARDER_WAY_H

#include "forwarder/fwdtab.h"

struct way {
	uint64_t group; /* digest */
	struct addr addr;
	uint8_t nth; /* upstream of the group */
	uint8_t transport;
};

/* The way of that query. */
struct way way_of(const struct fwdtab_send *s);

/* True if both are the same in all respects. */
bool way_equal(const struct way *a, const struct way *b);

/*
 * The upstream's number in these settings, with its group in *g; -1: it is not there any
 * more.
 */
int way_find(const struct forward_settings *s, const struct way *w,
	const struct forward_group **g);

#endif
