/*
 * ownaddr.h - the machine's own addresses (RO-19, shell)
 */
#ifndef CONTROLLER_OWNADDR_H
#define CONTROLLER_OWNADDR_H

#include "dns/addr.h"

/*
 * Addresses of all interfaces, sorted, each once; not loopback ones, not link-local IPv6,
 * which mean nothing elsewhere. Fills at most `max`; returns how many, 0 if it cannot be
 * told.
 */
size_t ownaddr_list(struct addr *out, size_t max);

#endif
