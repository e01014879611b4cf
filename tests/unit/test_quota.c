/*
 * test_quota.c - workers = "auto": texts of the kernel, machines of files (KM-10)
 */
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/log.h"
#include "supervisor/cpus.h"
#include "supervisor/quota.h"

#include "logtext.h"
#include "support.h"

static const struct {
	const char *text;
	uint32_t milli;
} v2[] = {
	{"max 100000\n", QUOTA_NONE},
	{"100000 100000\n", 1000},
	{"150000 100000", 1500},
	{"1000 100000\n", 10},
	{"1 1000000\n", 0},
	{"33333 100000\n", 333},
	{"400000 50000\n", 8000},
	{"100000 0\n", QUOTA_NONE},
	{"18446744073709551615 1\n", QUOTA_NONE},
	{"18446744073709551616 1\n", QUOTA_NONE},
	{"4294967 1\n", QUOTA_NONE},
	{"4294966 1\n", 4294966000},
	{"100000", QUOTA_NONE},
	{"100000 ", QUOTA_NONE},
	{"100000 100000 7\n", QUOTA_NONE},
	{"-1 100000\n", QUOTA_NONE},
	{"", QUOTA_NONE},
	{"x y", QUOTA_NONE},
};

START_TEST(texts_of_v2)
{
	ck_assert_msg(quota_v2(v2[_i].text) == v2[_i].milli, "%s", v2[_i].text);
}
END_TEST

static const struct {
	const char *quota, *period;
	uint32_t milli;
} v1[] = {
	{"-1\n", "100000\n", QUOTA_NONE},
	{"50000\n", "100000\n", 500},
	{"250000", "100000", 2500},
	{"250000\n", "0\n", QUOTA_NONE},
	{"\n", "100000\n", QUOTA_NONE},
	{"250000\n", "", QUOTA_NONE},
	{"250000 1\n", "100000\n", QUOTA_NONE},
};

START_TEST(texts_of_v1)
{
	ck_assert_msg(quota_v1(v1[_i].quota, v1[_i].period) == v1[_i].milli, "%s %s",
		v1[_i].quota, v1[_i].period);
}
END_TEST

static const struct {
	const char *line;
	bool ok;
	enum quota_kind kind;
	const char *root, *point;
} mounts[] = {
	{"31 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n", true,
		QUOTA_V2, "/", "/sys/fs/cgroup"},
	{"31 23 0:26 / /sys/fs/cgroup rw shared:9 master:3 - cgroup2 none rw\n", true,
		QUOTA_V2, "/", "/sys/fs/cgroup"},
	{"40 32 0:30 /kubepods/pod7 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup "
	 "rw,cpu,cpuacct",
		true, QUOTA_V1, "/kubepods/pod7", "/sys/fs/cgroup/cpu,cpuacct"},
	{"40 32 0:30 / /sys/fs/cgroup/x ro - cgroup cgroup rw,cpuacct,cpu", true,
		QUOTA_V1, "/", "/sys/fs/cgroup/x"},
	{"40 32 0:30 /a\\040b /m\\134n\\011 ro - cgroup2 none rw", true, QUOTA_V2, "/a b",
		"/m\\n\t"},
	{"40 32 0:30 /a\\04 /m\\400 ro - cgroup2 none rw", true, QUOTA_V2, "/a\\04",
		"/m\\400"},
	{"40 32 0:30 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset", false, 0, "",
		""},
	{"40 32 0:30 / /sys/fs/cgroup/cpuacct ro - cgroup cgroup rw,cpuacct", false, 0,
		"", ""},
	{"40 32 0:30 / /sys/fs/cgroup ro - cgroup", false, 0, "", ""},
	{"22 1 8:1 / / rw - ext4 /dev/sda1 rw,cpu", false, 0, "", ""},
	{"40 32 0:30 / /sys/fs/cgroup ro cgroup2 none rw", false, 0, "", ""},
	{"40 32 0:30 - cgroup2 none rw", false, 0, "", ""},
	{"", false, 0, "", ""},
	{"\n", false, 0, "", ""},
};

START_TEST(lines_of_mountinfo)
{
	struct quota_mount m = {.kind = QUOTA_V2, .root = "before", .point = "before"};

	bool ok = quota_mount_parse(mounts[_i].line, "cpu", &m);
	ck_assert_msg(ok == mounts[_i].ok, "%s", mounts[_i].line);
	ck_assert_str_eq(m.root, ok ? mounts[_i].root : "before");
	ck_assert_str_eq(m.point, ok ? mounts[_i].point : "before");
	if (ok)
		ck_assert_int_eq(m.kind, mounts[_i].kind);
}
END_TEST

static const struct {
	const char *line;
	const char *v2, *v1; /* NULL: no group of that kind */
} groups[] = {
	{"0::/\n", "/", NULL},
	{"0::/kubepods.slice/pod7/x", "/kubepods.slice/pod7/x", NULL},
	{"0::/../../other\n", "/../../other", NULL},
	{"0::/a:b\n", "/a:b", NULL},
	{"4:cpu,cpuacct:/kubepods/pod7\n", NULL, "/kubepods/pod7"},
	{"4:cpuacct,cpu:/\n", NULL, "/"},
	{"4:cpu:/x\n", NULL, "/x"},
	{"4:cpuset:/x\n", NULL, NULL},
	{"9:name=systemd:/\n", NULL, NULL},
	{"7::/x\n", NULL, NULL},
	{"0::\n", NULL, NULL},
	{"0:\n", NULL, NULL},
	{"cpu:/x\n", NULL, NULL},
	{"", NULL, NULL},
};

static void check_group(const char *line, enum quota_kind kind, const char *want)
{
	char group[QUOTA_PATH_MAX] = "before";

	bool ok = quota_group_parse(line, kind, "cpu", group);
	ck_assert_msg(ok == (want != NULL), "%s", line);
	ck_assert_str_eq(group, want != NULL ? want : "before");
}

START_TEST(lines_of_cgroup)
{
	check_group(groups[_i].line, QUOTA_V2, groups[_i].v2);
	check_group(groups[_i].line, QUOTA_V1, groups[_i].v1);
}
END_TEST

/* Texts that are too long for what they are copied to. */
START_TEST(lines_too_long)
{
	static char line[2 * QUOTA_PATH_MAX], dir[QUOTA_PATH_MAX];
	struct quota_mount m = {.root = "/", .point = "/sys/fs/cgroup"};
	char *path = line + snprintf(line, sizeof(line), "0::/");

	memset(path, 'x', QUOTA_PATH_MAX - 2);
	ck_assert(quota_group_parse(line, QUOTA_V2, "cpu", dir)); /* fits, alone */
	ck_assert(!quota_dir(&m, line + 3, dir));
	path[QUOTA_PATH_MAX - 2] = 'x';
	ck_assert(!quota_group_parse(line, QUOTA_V2, "cpu", dir));
	snprintf(line, sizeof(line), "1 2 0:3 / /%0*d rw - cgroup2 none rw",
		QUOTA_PATH_MAX - 1, 7);
	ck_assert(!quota_mount_parse(line, "cpu", &m));
	ck_assert_str_eq(m.point, "/sys/fs/cgroup");
}
END_TEST

static const struct {
	const char *root, *point, *group;
	const char *dir[4]; /* from our group up to the mount */
} climbs[] = {
	{"/", "/c", "/", {"/c"}},
	{"/", "/c", "/a/b", {"/c/a/b", "/c/a", "/c"}},
	{"/k/pod7", "/c", "/k/pod7", {"/c"}},
	{"/k/pod7", "/c", "/k/pod7/x", {"/c/x", "/c"}},
	{"/k/pod7", "/c", "/k/pod77", {"/c"}}, /* not below it */
	{"/k/pod7", "/c", "/", {"/c"}},        /* named from a namespace of its own */
	{"/", "/c", "/../x", {"/c"}},          /* outside of the namespace */
	{"/", "/c", "/..x", {"/c/..x", "/c"}},
};

START_TEST(directories)
{
	struct quota_mount m = {0};
	char dir[QUOTA_PATH_MAX];
	size_t n = 0;

	snprintf(m.root, sizeof(m.root), "%s", climbs[_i].root);
	snprintf(m.point, sizeof(m.point), "%s", climbs[_i].point);
	ck_assert(quota_dir(&m, climbs[_i].group, dir));
	do {
		ck_assert_ptr_nonnull(climbs[_i].dir[n]);
		ck_assert_str_eq(dir, climbs[_i].dir[n++]);
	} while (quota_parent(&m, dir));
	ck_assert_ptr_null(climbs[_i].dir[n]);
}
END_TEST

static const struct {
	uint32_t milli, cpus, workers;
} rounds[] = {
	{QUOTA_NONE, 4, 4},
	{QUOTA_NONE, 1, 1},
	{0, 4, 1},
	{100, 4, 1},
	{1000, 4, 1},
	{1001, 4, 2},
	{1500, 4, 2}, /* all of it can be used */
	{1500, 1, 1},
	{4000, 4, 4},
	{64000, 4, 4},
	{4294966999, 256, 256},
};

START_TEST(rounded_up)
{
	ck_assert_uint_eq(
		quota_workers(rounds[_i].milli, rounds[_i].cpus), rounds[_i].workers);
}
END_TEST

/* ---- machines ---- */

static char top[64];

static void write_below(const char *path, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", top, path);
	char *slash = strrchr(whole, '/');
	*slash = '\0';
	ck_assert_int_eq(dir_make(whole, 0755), 0);
	*slash = '/';
	FILE *f = fopen(whole, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
	(void)s, (void)type, (void)at;
	return remove(path);
}

#define MOUNT_V2 "31 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"
#define MOUNT_V1 "32 23 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu\n"

static const struct {
	const char *what;
	const char *mountinfo, *cgroup; /* NULL: no such file */
	struct {
		const char *path, *text;
	} file[4];
	uint32_t milli;
	const char *group;
} machines[] = {
	{"no /proc", NULL, NULL, {{NULL, NULL}}, QUOTA_NONE, ""},
	{"no hierarchy", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "0::/\n",
		{{NULL, NULL}}, QUOTA_NONE, ""},
	{"the root of v2 has no such file", MOUNT_V2, "0::/\n", {{NULL, NULL}},
		QUOTA_NONE, ""},
	{"a container's own namespace", MOUNT_V2, "0::/\n",
		{{"cg/cpu.max", "150000 100000\n"}}, 1500, "/cg"},
	{"a unit of a machine", MOUNT_V2, "0::/a/b\n",
		{{"cg/a/b/cpu.max", "200000 100000\n"}, {"cg/a/cpu.max", "max 100000\n"}},
		2000, "/cg/a/b"},
	{"the group above allows less", MOUNT_V2, "0::/a/b\n",
		{{"cg/a/b/cpu.max", "200000 100000\n"},
			{"cg/a/cpu.max", "50000 100000\n"}},
		500, "/cg/a"},
	{"a group without the file between", MOUNT_V2, "0::/a/b/c\n",
		{{"cg/a/b/c/cpu.max", "max 100000\n"},
			{"cg/a/cpu.max", "70000 100000\n"}},
		700, "/cg/a"},
	{"another's group says nothing", MOUNT_V2, "0::/a/b\n",
		{{"cg/a/c/cpu.max", "10000 100000\n"}}, QUOTA_NONE, ""},
	{"v1", MOUNT_V1, "4:cpu:/a\n",
		{{"cg/cpu/a/cpu.cfs_quota_us", "250000\n"},
			{"cg/cpu/a/cpu.cfs_period_us", "100000\n"}},
		2500, "/cg/cpu/a"},
	{"v1 without a quota", MOUNT_V1, "4:cpu:/a\n",
		{{"cg/cpu/a/cpu.cfs_quota_us", "-1\n"},
			{"cg/cpu/a/cpu.cfs_period_us", "100000\n"}},
		QUOTA_NONE, ""},
	{"both, v1 has the controller", MOUNT_V2 MOUNT_V1, "4:cpu:/\n0::/\n",
		{{"cg/cpu/cpu.cfs_quota_us", "90000\n"},
			{"cg/cpu/cpu.cfs_period_us", "100000\n"}},
		900, "/cg/cpu"},
	{"v1 of a container without a namespace",
		"40 32 0:30 /k/pod7 /cg/cpu ro - cgroup cgroup rw,cpu\n",
		"4:cpu:/k/pod7\n0::/k/pod7\n",
		{{"cg/cpu/cpu.cfs_quota_us", "300000\n"},
			{"cg/cpu/cpu.cfs_period_us", "100000\n"}},
		3000, "/cg/cpu"},
	{"no word on our group", MOUNT_V2, "4:cpu:/a\n",
		{{"cg/cpu.max", "10000 100000\n"}}, QUOTA_NONE, ""},
	{"not a quota", MOUNT_V2, "0::/\n", {{"cg/cpu.max", "\n"}}, QUOTA_NONE, ""},
	{"an empty file", MOUNT_V2, "0::/\n", {{"cg/cpu.max", ""}}, QUOTA_NONE, ""},
};

START_TEST(quota_of_a_machine)
{
	struct cpus c;

	snprintf(top, sizeof(top), "/tmp/test_quota.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	if (machines[_i].mountinfo != NULL) {
		write_below("proc/self/mountinfo", machines[_i].mountinfo);
		write_below("proc/self/cgroup", machines[_i].cgroup);
	}
	for (size_t i = 0; i < 4 && machines[_i].file[i].path != NULL; i++)
		write_below(machines[_i].file[i].path, machines[_i].file[i].text);
	cpus_find(top, &c);
	ck_assert_int_eq(nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	ck_assert_msg(
		c.milli == machines[_i].milli, "%s: %u", machines[_i].what, c.milli);
	ck_assert_str_eq(c.group, machines[_i].group);
	ck_assert_uint_ge(c.affinity, 1);
	ck_assert_uint_le(c.affinity, 256);
}
END_TEST

/* What is logged of it: one line. */
static const struct {
	struct cpus c;
	uint32_t configured, workers;
	const char *line;
} lines[] = {
	{{.affinity = 4, .milli = QUOTA_NONE}, 0, 4,
		"info test: workers count=4 why=cpus cpus=4 quota=none\n"},
	{{.affinity = 4, .milli = 1500, .group = "/cg/a b"}, 0, 2,
		"info test: workers count=2 why=quota cpus=4 quota=1500m "
		"cgroup=\"/cg/a b\"\n"},
	{{.affinity = 4, .milli = 3500, .group = "/cg"}, 0, 4,
		"info test: workers count=4 why=cpus cpus=4 quota=3500m cgroup=/cg\n"},
	{{.affinity = 4, .milli = 500, .group = "/cg"}, 3, 3,
		"info test: workers count=3 why=configured cpus=4 quota=500m "
		"cgroup=/cg\n"},
};

START_TEST(one_line_says_why)
{
	char text[512], plain[512];
	int fd[2], saved = dup(STDERR_FILENO);

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
	close(fd[1]);
	unsetenv("JOURNAL_STREAM");
	log_init("test", LOG_INFO);
	uint32_t n = cpus_workers(&lines[_i].c, lines[_i].configured);
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	ssize_t len = read(fd[0], text, sizeof(text) - 1);
	close(fd[0]);
	ck_assert_int_gt(len, 0);
	text[len] = '\0';
	logtext_plain(text, plain, sizeof(plain));
	ck_assert_str_eq(plain, lines[_i].line);
	ck_assert_uint_eq(n, lines[_i].workers);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("quota");

	tcase_add_loop_test(tc, texts_of_v2, 0, ARRAY_LEN(v2));
	tcase_add_loop_test(tc, texts_of_v1, 0, ARRAY_LEN(v1));
	tcase_add_loop_test(tc, lines_of_mountinfo, 0, ARRAY_LEN(mounts));
	tcase_add_loop_test(tc, lines_of_cgroup, 0, ARRAY_LEN(groups));
	tcase_add_test(tc, lines_too_long);
	tcase_add_loop_test(tc, directories, 0, ARRAY_LEN(climbs));
	tcase_add_loop_test(tc, rounded_up, 0, ARRAY_LEN(rounds));
	tcase_add_loop_test(tc, quota_of_a_machine, 0, ARRAY_LEN(machines));
	tcase_add_loop_test(tc, one_line_says_why, 0, ARRAY_LEN(lines));
	return run_case("quota", tc);
}
