/*
 * srv.h - SRV RRs and their additional addresses (RFC 2782; RS-04, RS-05, RH-06 to RH-08)
 *
 * Targets are never compressed; the owner of an additional address is a pointer to the
 * first target that names it.
 */
#ifndef WORKER_SRV_H
#define WORKER_SRV_H

#include "worker/encode.h"

/*
 * Answer with the SRV RRset `rr` (FORM_SRV_SELF or FORM_SRV_BODY) of node `v`, owner `o`,
 * and add the addresses of its targets. False: the node is damaged.
 */
bool srv_answer(struct reply *r, const struct owner *o, const struct node_view *v,
	const struct rrset *rr);

/* Answer with the SRV of a pod name: `0 100 0` and the name itself (RP-07). */
void srv_answer_pod(struct reply *r, const struct owner *o, const struct rrset *address);

#endif
