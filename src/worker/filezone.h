/*
 * filezone.h - names of zones from files (SM-11; RFC 1034, section 4.3.2) (core)
 *
 * They stand in the snapshot beside the cluster's. What is found at once costs one
 * look-up; for names that do not exist, or are delegated, each name above them is looked
 * up, until one is there: wildcards (RFC 4592), delegations and DNAMEs (RFC 6672) are
 * known from its node. Of other zones only a DS that an apex lacks comes here.
 */
#ifndef WORKER_FILEZONE_H
#define WORKER_FILEZONE_H

#include "worker/lookup.h"
#include "worker/run.h"

/*
 * Look run->owner up, whose zone is from a file. Sets run->encloser and *hit: HIT_FILE,
 * HIT_CUT, HIT_DNAME, HIT_UNREAD, HIT_ABSENT, HIT_DAMAGED, or HIT_NODE for a name of
 * `hosts`.
 */
void filezone_find(struct run *run, struct hit *hit);

/* The same where run->owner itself is there, but shall not be: what is told of others. */
void filezone_miss(struct run *run, struct hit *hit);

/*
 * Answer what was found. True: go on with run->owner, a CNAME's target; false: the run is
 * over.
 */
bool filezone_node(struct run *run, const struct hit *hit);     /* HIT_FILE */
bool filezone_referral(struct run *run, const struct hit *hit); /* HIT_CUT */
bool filezone_dname(struct run *run, const struct hit *hit);    /* HIT_DNAME */
bool filezone_unread(struct run *run);                          /* HIT_UNREAD */

/*
 * A DS is asked of an apex of ours, of whatever kind, that has none: go over to the zone
 * above, if that is ours, whose denial it is (FE-61).
 */
void filezone_leave_apex(struct run *run);

/*
 * Add the SOA of zone number run->owner.zone to authority (RFC 2308, section 3), and what
 * proves the answer (denial.h); SERVFAIL where the zone was not read so far.
 */
void filezone_negative(struct run *run, uint16_t rcode);

#endif
