/*
 * groups.h - the control groups that we are in (shell)
 */
#ifndef SUPERVISOR_GROUPS_H
#define SUPERVISOR_GROUPS_H

#include "supervisor/quota.h"

/*
 * Call `found` with every mounted hierarchy, v1 or v2, that may have this controller
 * ("cpu", "memory"), and the path of our group in it, until it says true. Files are read
 * below the directory `root`, which is "" but in tests; what cannot be read is not there.
 */
void groups_each(const char *root, const char *controller,
	bool (*found)(void *arg, const struct quota_mount *m, const char *group),
	void *arg);

#endif
