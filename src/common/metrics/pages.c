#include "metrics/pages.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>

#include "base/base.h"
#include "snap/segment.h"

#define LINE_MAX_OCTETS 1024

/* ---- pages ---- */

/* NULL: there is none of that name, yet. */
static const void *map(const char *instance, const char *who, enum stat_role role)
{
	const void *page;

	return segment_stat_map(instance, who, role, &page) == 0 ? page : NULL;
}

static const void *map_slot(
	const char *instance, char letter, unsigned i, enum stat_role role)
{
	char who[16];

	snprintf(who, sizeof(who), "%c%u", letter, i);
	return map(instance, who, role);
}

void pages_map(struct view *v, const char *instance)
{
	const void *page;

	if (v->supervisor == NULL)
		v->supervisor = map(instance, "supervisor", STAT_SUPERVISOR);
	if (v->admin == NULL)
		v->admin = map(instance, "admin", STAT_ADMIN);
	if (v->controller == NULL)
		v->controller = map(instance, "controller", STAT_CONTROLLER);
	while (v->nworkers < VIEW_WORKERS_MAX &&
		(page = map_slot(instance, 'w', v->nworkers, STAT_WORKER)) != NULL)
		v->worker[v->nworkers++] = page;
	while (v->nforwarders < VIEW_FORWARDERS_MAX &&
		(page = map_slot(instance, 'f', v->nforwarders, STAT_FORWARDER)) != NULL)
		v->forwarder[v->nforwarders++] = page;
}

/* ---- /proc ---- */

/* The first octets of a file of a process, ended with a NUL; false: there is none. */
static bool read_line(pid_t pid, const char *name, char out[LINE_MAX_OCTETS])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, out, LINE_MAX_OCTETS - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Sum of the fields `from` to `to` of /proc/PID/stat; 3 is the one behind the name. */
static uint64_t ticks(const char *line, unsigned from, unsigned to)
{
	const char *p = strrchr(line, ')');
	uint64_t sum = 0;

	for (unsigned field = 3; p != NULL && field <= to; field++) {
		p = strchr(p + 1, ' ');
		if (p != NULL && field >= from)
			sum += strtoull(p + 1, NULL, 10);
	}
	return sum;
}

static uint64_t count_fds(pid_t pid)
{
	char path[32];
	uint64_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0; /* of another user */
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n > 2 ? n - 2 : 0;
}

struct sums {
	uint64_t ticks, own_pages, shared_pages, fds;
};

/* `reaped`: with the processes that it has outlived, so that the sum never goes back. */
static void add(struct sums *s, pid_t pid, bool reaped)
{
	char line[LINE_MAX_OCTETS];
	unsigned long resident, shared;

	if (pid <= 0)
		return;
	if (read_line(pid, "stat", line))
		s->ticks += ticks(line, 14, reaped ? 17 : 15);
	if (read_line(pid, "statm", line) &&
		sscanf(line, "%*u %lu %lu", &resident, &shared) == 2) {
		s->own_pages += resident - MIN(shared, resident);
		s->shared_pages = MAX(s->shared_pages, shared);
	}
	s->fds += count_fds(pid);
}

static pid_t pid_of(const struct stat_head *head)
{
	uint64_t pid = stat_get(&head->pid);

	return pid <= INT32_MAX ? (pid_t)pid : 0;
}

void pages_processes(struct view *v)
{
	struct sums s = {0};
	struct rlimit limit;

	if (v->supervisor != NULL)
		add(&s, pid_of(&v->supervisor->head), true);
	if (v->admin != NULL)
		add(&s, pid_of(&v->admin->head), false);
	for (unsigned i = 0; i < v->nworkers; i++)
		if (view_lives(v, &v->worker[i]->head, NS_PER_S * 5))
			add(&s, pid_of(&v->worker[i]->head), false);
	for (unsigned i = 0; i < v->nforwarders; i++)
		if (view_lives(v, &v->forwarder[i]->head, NS_PER_S * 5))
			add(&s, pid_of(&v->forwarder[i]->head), false);
	if (v->controller != NULL)
		add(&s, pid_of(&v->controller->head), false);
	/*
	 * What died since the supervisor was looked at is in no sum, and who stands still
	 * is not either, until it goes on: a counter that went back would be one that
	 * began anew, with all that there ever was as the news of a moment.
	 */
	v->process.cpu_ns = MAX(
		v->process.cpu_ns, s.ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)));
	v->process.resident = (s.own_pages + s.shared_pages) *
	                      (uint64_t)sysconf(_SC_PAGESIZE);
	v->process.open_fds = s.fds;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		v->process.max_fds = limit.rlim_cur;
	if (v->process.started_wall_ns == 0 && v->supervisor != NULL)
		v->process.started_wall_ns = v->wall_ns - v->mono_ns +
		                             stat_get(&v->supervisor->head.started_ns);
}
