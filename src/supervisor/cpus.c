/* cpus.c - see cpus.h */
#include "supervisor/cpus.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "supervisor/slots.h"

uint32_t cpus_parse_quota(const char *text)
{
	uint64_t quota, period;

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || period == 0)
		return 0;
	return (uint32_t)MIN((quota + period - 1) / period, SLOTS_SHARES_MAX);
}

/* The first line of a small file that begins with `prefix`, without it. */
static bool read_line(const char *path, const char *prefix, char *line, size_t cap)
{
	bool found = false;
	size_t skip = strlen(prefix);
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (!found && fgets(line, (int)cap, f) != NULL)
		found = strncmp(line, prefix, skip) == 0;
	fclose(f);
	if (!found)
		return false;
	memmove(line, line + skip, strlen(line + skip) + 1);
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* In a container the group's own directory is the root of what it sees. */
static uint32_t quota(void)
{
	char group[512], path[640], text[64];

	if (read_line("/proc/self/cgroup", "0::", group, sizeof(group))) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.max", group);
		if (read_line(path, "", text, sizeof(text)))
			return cpus_parse_quota(text);
	}
	if (read_line("/sys/fs/cgroup/cpu.max", "", text, sizeof(text)))
		return cpus_parse_quota(text);
	return 0;
}

uint32_t cpus_usable(void)
{
	cpu_set_t set;
	int n = 1;
	uint32_t most = quota();

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	n = MIN(MAX(n, 1), SLOTS_SHARES_MAX);
	return most > 0 ? MIN((uint32_t)n, most) : (uint32_t)n;
}
