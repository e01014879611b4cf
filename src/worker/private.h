/*
 * private.h - records of upstreams that lead into networks of ours (AC-09) (core)
 *
 * A name of somebody else that gets an address inside the cluster makes a browser there
 * talk to it as if it were that name (DNS rebinding).
 */
#ifndef WORKER_PRIVATE_H
#define WORKER_PRIVATE_H

#include "snap/forward.h"

/*
 * True if an RR of this type says that something is at a private address: A and AAAA, and
 * SVCB and HTTPS by the hints in them (RFC 9460, section 7.3). The rdata is hostile: of
 * these two what cannot be read counts as private.
 */
bool private_rr(const struct forward_settings *f, uint16_t type, const uint8_t *rdata,
	size_t len);

#endif
