/*
 * local.h - answers without the snapshot: special names and class CH (core)
 */
#ifndef WORKER_LOCAL_H
#define WORKER_LOCAL_H

#include "snap/special.h"
#include "worker/encode.h"

/* Answer a special name: AA, and for what is not there an SOA of its own. */
void local_special(struct reply *r, const struct special *special);

/* Answer a question of class CH (SM-07), version.bind and its like: TXT, or REFUSED. */
void local_chaos(struct reply *r);

#endif
