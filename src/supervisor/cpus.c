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

/* From our group up to the mount: the least quota. */
static void climb(
	const char *root, const struct quota_mount *m, const char *group, struct cpus *c)
{
	char dir[QUOTA_PATH_MAX];

	if (!quota_dir(m, group, dir))
		return;
	do {
		uint32_t milli = quota_of(root, m->kind, dir);

		if (milli >= c->milli)
			continue;
		c->milli = milli;
		memcpy(c->group, dir, sizeof(dir));
	} while (quota_parent(m, dir));
}

static FILE *open_proc(const char *root, const char *name)
{
	char path[QUOTA_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/proc/self/%s", root, name);
	return fopen(path, "re");
}

static bool find_group(const char *root, enum quota_kind kind, char *group)
{
	FILE *f = open_proc(root, "cgroup");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &cap, f) > 0)
		found = quota_group_parse(line, kind, group);
	free(line);
	fclose(f);
	return found;
}

static void find_quota(const char *root, struct cpus *c)
{
	FILE *f = open_proc(root, "mountinfo");
	struct quota_mount m;
	char group[QUOTA_PATH_MAX];
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL)
		return;
	while (getline(&line, &cap, f) > 0) {
		if (quota_mount_parse(line, &m) && find_group(root, m.kind, group))
			climb(root, &m, group, c);
	}
	free(line);
	fclose(f);
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
	*out = (struct cpus){.affinity = affinity(), .milli = QUOTA_NONE};
	find_quota(root, out);
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
