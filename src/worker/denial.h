/*
 * denial.h - proofs that something is not there (RFC 4035, section 3.1.3; RFC 5155, 7.2)
 * (core)
 *
 * A signed zone from a file has its NSEC or NSEC3 records as a chain at its apex
 * (snap/chain.h); who asks with DO gets those that prove an answer, with their
 * signatures, in authority. Of other zones, and without DO, nothing is added and nothing
 * looked up.
 * An NSEC costs one search of the chain, an NSEC3 one and its hash besides: at most three
 * of them for a denial, where no name is covered by opt-out.
 */
#ifndef WORKER_DENIAL_H
#define WORKER_DENIAL_H

#include "worker/run.h"

enum denial {
	DENIAL_NAME,     /* run->owner does not exist, and no wildcard stands for it */
	DENIAL_TYPE,     /* it exists without the type, or it is an unsigned delegation */
	DENIAL_WILDCARD, /* it does not exist, and its wildcard is without the type */
};

/*
 * Prove it in the zone run->owner.zone, behind what stands in authority, by
 * run->encloser; what visibility hides has no proof. False: the snapshot is damaged, and
 * the reply says so.
 */
bool denial_put(struct run *run, enum denial what);

/*
 * run->owner is answered by the wildcard below run->encloser: that there is nothing
 * closer is proved by denial_put_wildcards(), once all answers stand there. Until then
 * nothing is added to additional.
 */
void denial_note_wildcard(struct run *run);

/* The answers are complete: add what was noted to authority. False: as denial_put(). */
bool denial_put_wildcards(struct run *run);

#endif
