/*
 * quota.h - control groups and their CPU quota, from the texts of the kernel (core)
 *
 * The kernel tells in three places: /proc/self/cgroup in which groups we are,
 * /proc/self/mountinfo where their files are, and there cpu.max (cgroup v2) or
 * cpu.cfs_quota_us and cpu.cfs_period_us (v1). A group is held to the quotas of the
 * groups above it too, so the least of all counts (KM-10).
 *
 * Quotas are in thousandths of a CPU, cut down, as Kubernetes writes them: 1500 is
 * "1500m". What does not look as the kernel writes it is no quota.
 */
#ifndef SUPERVISOR_QUOTA_H
#define SUPERVISOR_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUOTA_NONE     UINT32_MAX
#define QUOTA_PATH_MAX 4096

enum quota_kind { QUOTA_V2, QUOTA_V1 };

/* A mounted hierarchy whose groups may have a controller. */
struct quota_mount {
	enum quota_kind kind;
	char root[QUOTA_PATH_MAX];  /* the group that is seen at `point` */
	char point[QUOTA_PATH_MAX]; /* directory */
};

/* The quota in a cpu.max file: "150000 100000" gives 1500, "max 100000" QUOTA_NONE. */
uint32_t quota_v2(const char *text);

/* The quota in cpu.cfs_quota_us ("-1": none) and cpu.cfs_period_us, both texts. */
uint32_t quota_v1(const char *quota_us, const char *period_us);

/*
 * A line of /proc/self/mountinfo, with or without its newline. True if a hierarchy is
 * mounted there whose groups may have `controller` ("cpu", "memory"); else *out is
 * untouched.
 */
bool quota_mount_parse(const char *line, const char *controller, struct quota_mount *out);

/*
 * A line of /proc/self/cgroup, with or without its newline. True if it names our group in
 * hierarchies of this kind with `controller`: its path is copied to `group`, which is
 * else untouched.
 */
bool quota_group_parse(const char *line, enum quota_kind kind, const char *controller,
	char group[QUOTA_PATH_MAX]);

/*
 * The directory of our group below a mount into `dir`. Where the mount does not show our
 * group, as in a container that was given a part of the hierarchy under a name of its
 * own, it is the mount's own directory. False: too long.
 */
bool quota_dir(const struct quota_mount *m, const char *group, char dir[QUOTA_PATH_MAX]);

/* Cut `dir` to the directory above it. False if it is that of the mount already. */
bool quota_parent(const struct quota_mount *m, char *dir);

/*
 * How many workers: the quota rounded up, so that all of it can be used, but no more than
 * there are CPUs and at least one. 1500 and 4 CPUs give 2; 0 and 4 give 1.
 */
uint32_t quota_workers(uint32_t milli, uint32_t cpus);

#endif
