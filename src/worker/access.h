/*
 * access.h - who may know of which name (AC rows) (core)
 *
 * Asked before every answer, whatever it comes from: for the name as asked and for every
 * name of a CNAME chain, cached ones too (AC-02). Rules cannot be configured yet, so
 * everybody may; `access` of struct basis is where they will stand.
 */
#ifndef WORKER_ACCESS_H
#define WORKER_ACCESS_H

#include "worker/query.h"

/*
 * True if the client of `p` may know of the folded name. False: REFUSED, EDE 15 (AC-01).
 */
static inline bool access_check(
	const struct basis *b, const struct packet *p, const uint8_t *name, size_t len)
{
	return b->access == NULL || b->access(b->access_arg, p, name, len);
}

#endif
