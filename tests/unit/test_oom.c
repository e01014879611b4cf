/*
 * test_oom.c - kills for lack of memory, told by control groups that are files (MP-03)
 */
#include "supervisor/oom.h"

#include "base/base.h"
#include "base/dir.h"
#include "tempdir.h"

static const struct {
	const char *text;
	uint64_t kills;
} texts[] = {
	{"low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n", 2},
	{"oom_kill_disable 0\nunder_oom 0\noom_kill 12", 12},
	{"oom_kill 18446744073709551614\n", UINT64_MAX - 1},
	{"oom_kill 18446744073709551616\n", UINT64_MAX},
	{"oom_kill -1\n", UINT64_MAX},
	{"oom_kill 1x\n", UINT64_MAX},
	{"oom_kill \n", UINT64_MAX},
	{"oom_kill\n", UINT64_MAX},
	{"x oom_kill 1\n", UINT64_MAX},
	{"oom_kill_disable 1\nunder_oom 0\n", UINT64_MAX},
	{"\n", UINT64_MAX},
	{"", UINT64_MAX},
};

START_TEST(text)
{
	ck_assert_msg(oom_parse(texts[_i].text) == texts[_i].kills, "%s", texts[_i].text);
}
END_TEST

#define V2 "31 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"
#define V1 "32 23 0:27 / /cg/memory rw - cgroup cgroup rw,memory\n"

static const struct {
	const char *what, *mountinfo, *cgroup;
	const char *file; /* that counts kills; NULL: there is none */
} machines[] = {
	{"v2, a unit", V2, "0::/a/b\n", "cg/a/b/memory.events"},
	{"v2, a container's own namespace", V2, "0::/\n", "cg/memory.events"},
	{"v2, a group without memory", V2, "0::/a\n", NULL},
	{"v1", V1, "4:memory:/a\n", "cg/memory/a/memory.oom_control"},
	{"both, v1 has the controller", V2 V1, "4:memory:/a\n0::/\n",
		"cg/memory/a/memory.oom_control"},
	{"v1 without memory", "32 23 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu\n",
		"4:cpu:/a\n", NULL},
	{"no hierarchy", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "0::/\n", NULL},
};

static void write_below(const char *path, const char *content)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(dir_make(dir, 0755), 0);
	put(path, content);
}

static void kills(const char *file, unsigned n)
{
	char content[128];

	snprintf(content, sizeof(content), "oom 9\noom_kill %u\nx 1\n", n);
	write_below(file, content);
}

static void begin(struct oom *o, const char *mountinfo, const char *cgroup)
{
	write_below("proc/self/mountinfo", mountinfo);
	write_below("proc/self/cgroup", cgroup);
	oom_open(o, tempdir);
}

/* A kill that was there before is none of ours; each later one is told once. */
START_TEST(machine)
{
	const char *file = machines[_i].file;
	struct oom o;

	if (file != NULL)
		kills(file, 3);
	begin(&o, machines[_i].mountinfo, machines[_i].cgroup);
	ck_assert_msg((o.fd >= 0) == (file != NULL), "%s", machines[_i].what);
	ck_assert(!oom_killed(&o));
	if (file != NULL) {
		kills(file, 5);
		ck_assert(oom_killed(&o));
		ck_assert(oom_killed(&o));
	}
	ck_assert(!oom_killed(&o));
	oom_close(&o);
	ck_assert(!oom_killed(&o));
}
END_TEST

/* Somebody else in our group was killed: a SIGKILL later has nothing to do with it. */
START_TEST(others)
{
	uint64_t now_ns = NS_PER_S;
	struct oom o;

	kills("cg/a/memory.events", 0);
	begin(&o, V2, "0::/a\n");
	kills("cg/a/memory.events", 1);
	oom_tick(&o, now_ns);
	oom_tick(&o, now_ns + 9 * NS_PER_S);
	ck_assert(oom_killed(&o)); /* it took its time to end */
	kills("cg/a/memory.events", 2);
	oom_tick(&o, now_ns + 11 * NS_PER_S);
	oom_tick(&o, now_ns + 20 * NS_PER_S);
	kills("cg/a/memory.events", 3);
	oom_tick(&o, now_ns + 21 * NS_PER_S);
	ck_assert(!oom_killed(&o));
	kills("cg/a/memory.events", 4);
	oom_tick(&o, now_ns + 22 * NS_PER_S);
	ck_assert(oom_killed(&o));
	/* A text that cannot be read says nothing. */
	put("cg/a/memory.events", "");
	oom_tick(&o, now_ns + 90 * NS_PER_S);
	ck_assert(!oom_killed(&o));
	oom_close(&o);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("oom");

	tcase_add_checked_fixture(tc, tempdir_enter, tempdir_leave);
	tcase_add_loop_test(tc, text, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(tc, machine, 0, ARRAY_LEN(machines));
	tcase_add_test(tc, others);
	return run_case("oom", tc);
}
