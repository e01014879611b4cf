/*
 * access.h - who may know of which name (AC rows) (core)
 *
 * Asked before every answer, whatever it comes from: for the name as asked and for every
 * name of a CNAME chain, cached ones too (AC-02). Each name is judged for itself, by the
 * client's address and the type of the query; the first one that is not allowed says what
 * becomes of the whole answer, of which nothing is left.
 */
#ifndef WORKER_ACCESS_H
#define WORKER_ACCESS_H

#include "worker/run.h"

/* Find the rules that are about the client of run->p. Only called if there are rules. */
void access_begin(struct run *run);

/* What run->rules say of the name; where it is not allowed the reply is made. */
bool access_judge(struct run *run, const uint8_t *name, size_t len);

/*
 * True if the client may know of the folded name. False: what stands in the reply, or
 * run->drop, is the end of the run (AC-01).
 */
static inline bool access_check(struct run *run, const uint8_t *name, size_t len)
{
	return run->rules == 0 || access_judge(run, name, len);
}

/* ---- visibility (AC-04): only called if it has rules ---- */

/* True if run->owner, a name of ours, is of a namespace that the client does not see. */
bool access_hides(struct run *run);

/*
 * True if the node has PTRs, and all of them name what the client does not see. Else, and
 * from then on, those of them that do are left out of the reply.
 */
bool access_conceals(struct run *run, const struct node_view *v);

#endif
