/*
 * cpus.h - how many processors may we use? For workers = "auto" (shell)
 */
#ifndef SUPERVISOR_CPUS_H
#define SUPERVISOR_CPUS_H

#include <stdint.h>

#include "supervisor/quota.h"

struct cpus {
	uint32_t affinity; /* processors that we may run on, 1 to 256 */
	uint32_t milli;    /* least CPU quota of our control groups, or QUOTA_NONE */
	/* directory of the group that sets it; "" if none does */
	char group[QUOTA_PATH_MAX];
};

/*
 * Look at our affinity mask and at the control groups that we are in, v1 and v2, up to
 * where they are mounted. Files are read below the directory `root`, which is "" but in
 * tests. What cannot be read sets no limit.
 */
void cpus_find(const char *root, struct cpus *out);

/*
 * How many workers there will be: `configured`, or by what was found if that is 0
 * (KM-10). One log line says how many and why.
 */
uint32_t cpus_workers(const struct cpus *c, uint32_t configured);

#endif
