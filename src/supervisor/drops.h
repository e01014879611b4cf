/*
 * drops.h - packets that the kernel dropped at our sockets, for metrics (MP-09) (shell)
 */
#ifndef SUPERVISOR_DROPS_H
#define SUPERVISOR_DROPS_H

#include "supervisor/supervisor.h"

/*
 * Add to our page what was dropped at the sockets of each share since the last look at
 * it, and say which shares are steered around (MP-10). Each socket is a system call:
 * where there are many, shares take turns.
 */
void drops_count(struct supervisor *s);

#endif
