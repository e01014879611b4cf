/*
 * cpus.h - how many processors may we use? For workers = "auto" (shell)
 */
#ifndef SUPERVISOR_CPUS_H
#define SUPERVISOR_CPUS_H

#include <stdint.h>

/*
 * Processors of our affinity mask, at most the CPU quota of our control group rounded up,
 * between 1 and 256 (KM-10).
 */
uint32_t cpus_usable(void);

/*
 * The quota in a cpu.max file: "150000 100000" gives 2. 0: there is none ("max", or not
 * such a text). Pure.
 */
uint32_t cpus_parse_quota(const char *text);

#endif
