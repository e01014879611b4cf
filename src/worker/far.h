/*
 * far.h - names that are not ours: the part of a run that the cache answers (core)
 *
 * What miss.h found becomes the reply. CNAMEs of the cache are walked as our own are
 * (RE-02 to RE-08): into one of our zones the chain goes on there, in the same
 * generation; where its end is missing, the target is asked for.
 */
#ifndef WORKER_FAR_H
#define WORKER_FAR_H

#include "worker/run.h"

/*
 * Answer run->owner, whose zone is -1, or say that it is needed. True: go on with
 * run->owner, a CNAME's target; false: the run is over.
 */
bool far_step(struct run *run);

#endif
