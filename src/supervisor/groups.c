/* groups.c - see groups.h */
#include "supervisor/groups.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *open_proc(const char *root, const char *name)
{
	char path[QUOTA_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/proc/self/%s", root, name);
	return fopen(path, "re");
}

static bool find_group(
	const char *root, enum quota_kind kind, const char *controller, char *group)
{
	FILE *f = open_proc(root, "cgroup");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && getline(&line, &cap, f) > 0)
		found = quota_group_parse(line, kind, controller, group);
	free(line);
	fclose(f);
	return found;
}

void groups_each(const char *root, const char *controller,
	bool (*found)(void *arg, const struct quota_mount *m, const char *group),
	void *arg)
{
	FILE *f = open_proc(root, "mountinfo");
	struct quota_mount m;
	char group[QUOTA_PATH_MAX];
	char *line = NULL;
	size_t cap = 0;
	bool done = false;

	if (f == NULL)
		return;
	while (!done && getline(&line, &cap, f) > 0)
		done = quota_mount_parse(line, controller, &m) &&
		       find_group(root, m.kind, controller, group) &&
		       found(arg, &m, group);
	free(line);
	fclose(f);
}
