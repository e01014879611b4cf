/*
 * arrival.h - from an event to the moment when all workers answer by it (MS-12; core)
 *
 * The controller notes of each generation when the first cause of it came in, every
 * worker when it went over to each. Both write into pages of their own and know nothing
 * of each other; who counts is here, later, from times that were taken when it happened.
 *
 * Not waited for: a worker without a heartbeat for 2 s (it is dead, or hangs, and answers
 * nobody), one that was started after the generation was published, and one that serves
 * nothing yet. What others have not gone over to in 10 s counts with the time that has
 * passed, so that no worker keeps the rest waiting.
 */
#ifndef ADMIN_ARRIVAL_H
#define ADMIN_ARRIVAL_H

#include "metrics/view.h"

/* Count in our page what has arrived since the last call. A few times a second. */
void arrival_count(struct stat_admin *page, const struct view *v);

#endif
