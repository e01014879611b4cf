/* cpus.c - see cpus.h */
#include "supervisor/cpus.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "supervisor/groups.h"
#include "supervisor/slots.h"

/* The first line of the file `name` in `dir`. */
static bool first_line(
	const char *root, const char *dir, const char *name, char *line, size_t cap)
{
	char path[3 * QUOTA_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s%s/%s", root, dir, name);

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	bool ok = fgets(line, (int)cap, f) != NULL;
	fclose(f);
	return ok;
}

/* The quota of one group; a group without the files has none. */
static uint32_t quota_of(const char *root, enum quota_kind kind, const char *dir)
{
	char quota[64], period[64];

	if (kind == QUOTA_V2)
		return first_line(root, dir, "cpu.max", quota, sizeof(quota))
		               ? quota_v2(quota)
		               : QUOTA_NONE;
	if (!first_line(root, dir, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
		!first_line(root, dir, "cpu.cfs_period_us", period, sizeof(period)))
		return QUOTA_NONE;
	return quota_v1(quota, period);
}

struct search {
	const char *root;
	struct cpus *cpus;
};

/* From our group up to the mount: the least quota. */
static bool climb(void *arg, const struct quota_mount *m, const char *group)
{
	const struct search *s = arg;
	struct cpus *c = s->cpus;
	char dir[QUOTA_PATH_MAX];

	if (!quota_dir(m, group, dir))
		return false;
	do {
		uint32_t milli = quota_of(s->root, m->kind, dir);

		if (milli >= c->milli)
			continue;
		c->milli = milli;
		memcpy(c->group, dir, sizeof(dir));
	} while (quota_parent(m, dir));
	return false;
}

/* A mask of more processors than a cpu_set_t has is not told. */
static uint32_t affinity(void)
{
	cpu_set_t set;
	long n = sched_getaffinity(0, sizeof(set), &set) == 0
	                 ? CPU_COUNT(&set)
	                 : sysconf(_SC_NPROCESSORS_ONLN);

	return (uint32_t)MIN(MAX(n, 1), SLOTS_SHARES_MAX);
}

void cpus_find(const char *root, struct cpus *out)
{
	struct search s = {root, out};

	*out = (struct cpus){.affinity = affinity(), .milli = QUOTA_NONE};
	groups_each(root, "cpu", climb, &s);
}

uint32_t cpus_workers(const struct cpus *c, uint32_t configured)
{
	uint32_t by_itself = quota_workers(c->milli, c->affinity);
	uint32_t n = configured > 0 ? configured : by_itself;
	const char *why = configured > 0 ? "configured" : "cpus";
	char quota[16] = "none", group[256];

	if (configured == 0 && by_itself < c->affinity)
		why = "quota";
	if (c->milli != QUOTA_NONE)
		snprintf(quota, sizeof(quota), "%" PRIu32 "m", c->milli);
	log_line(LOG_INFO,
		"workers count=%" PRIu32 " why=%s cpus=%" PRIu32 " quota=%s%s%s", n, why,
		c->affinity, quota, c->group[0] != '\0' ? " cgroup=" : "",
		c->group[0] != '\0' ? log_quote(c->group, group, sizeof(group)) : "");
	return n;
}
