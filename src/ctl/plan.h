/*
 * plan.h - what a reload would change (OV-10) (shell)
 *
 * What runs is what the supervisor keeps in state_dir, or, where that cannot be read, its
 * memory file by /proc; what would run is the file it reads, or that of -c. Ports are not
 * tried: whether an address can be bound is seen by the reload itself.
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "ctl/running.h"

/* Print it. The exit status: EXIT_NEGATIVE if the reload would be refused. */
int plan_print(const struct options *o, const struct running_pages *p);

#endif
