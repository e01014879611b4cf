/* quota.c - see quota.h */
#include "supervisor/quota.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* A decimal number at *p, which is moved behind it. False: none, or none that fits. */
static bool number(const char **p, uint64_t *out)
{
	uint64_t v = 0;
	const char *s = *p;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (s == *p)
		return false;
	*p = s;
	*out = v;
	return true;
}

static bool ends(const char *p)
{
	return *p == '\0' || *p == '\n';
}

static uint32_t thousandths(uint64_t quota, uint64_t period)
{
	if (period == 0)
		return QUOTA_NONE;
	if (quota / period >= QUOTA_NONE / 1000)
		return QUOTA_NONE;
	return (uint32_t)(quota / period * 1000 + quota % period * 1000 / period);
}

uint32_t quota_v2(const char *text)
{
	uint64_t quota, period;

	if (!number(&text, &quota) || *text++ != ' ')
		return QUOTA_NONE; /* "max ..." is one of these */
	if (!number(&text, &period) || !ends(text))
		return QUOTA_NONE;
	return thousandths(quota, period);
}

uint32_t quota_v1(const char *quota_us, const char *period_us)
{
	uint64_t quota, period;

	if (!number(&quota_us, &quota) || !ends(quota_us))
		return QUOTA_NONE; /* "-1" is one of these */
	if (!number(&period_us, &period) || !ends(period_us))
		return QUOTA_NONE;
	return thousandths(quota, period);
}

/* True if `word` is one of a list with commas. */
static bool listed(const char *list, size_t len, const char *word)
{
	const char *end = list + len;

	for (const char *p = list; p <= end;) {
		size_t n = strcspn(p, ",");

		n = MIN(n, (size_t)(end - p));
		if (n == strlen(word) && strncmp(p, word, n) == 0)
			return true;
		p += n + 1;
	}
	return false;
}

/* Three octal digits; -1: not such. */
static int octal(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 3)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '7')
			return -1;
		v = v * 8 + (p[i] - '0');
	}
	return v <= UINT8_MAX ? v : -1;
}

/* A field of mountinfo, in which blanks and backslashes are \040 and the like. */
static bool unescape(const char *p, size_t len, char out[QUOTA_PATH_MAX])
{
	const char *end = p + len;
	size_t n = 0;

	if (len >= QUOTA_PATH_MAX)
		return false;
	while (p < end) {
		int c = *p == '\\' ? octal(p + 1, end) : -1;

		out[n++] = c > 0 ? (char)c : *p;
		p += c > 0 ? 4 : 1;
	}
	out[n] = '\0';
	return true;
}

/* Field `i` of a line of fields between single blanks. False: it has not so many. */
static bool field(const char *line, unsigned i, const char **start, size_t *len)
{
	for (; i > 0; i--) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return false;
		line++;
	}
	*start = line;
	*len = strcspn(line, " \n");
	return *len > 0;
}

/*
 * ID PARENT DEVICE ROOT POINT OPTIONS [OPTIONAL ...] - TYPE SOURCE SUPEROPTIONS, see
 * proc_pid_mountinfo(5).
 */
bool quota_mount_parse(const char *line, const char *controller, struct quota_mount *out)
{
	const char *root, *point, *type, *options;
	size_t nroot, npoint, ntype, noptions;
	const char *rest = strstr(line, " - ");
	struct quota_mount m;

	if (rest == NULL || !field(line, 3, &root, &nroot) ||
		!field(line, 4, &point, &npoint) || point > rest ||
		!field(rest + 1, 1, &type, &ntype))
		return false;
	if (ntype == 7 && strncmp(type, "cgroup2", 7) == 0)
		m.kind = QUOTA_V2;
	else if (ntype == 6 && strncmp(type, "cgroup", 6) == 0 &&
		 field(rest + 1, 3, &options, &noptions) &&
		 listed(options, noptions, controller))
		m.kind = QUOTA_V1;
	else
		return false;
	if (!unescape(root, nroot, m.root) || !unescape(point, npoint, m.point))
		return false;
	*out = m;
	return true;
}

/* "0::PATH" is the group of v2, "N:CONTROLLER,CONTROLLER:PATH" one of v1. */
bool quota_group_parse(const char *line, enum quota_kind kind, const char *controller,
	char group[QUOTA_PATH_MAX])
{
	uint64_t hierarchy;
	const char *controllers;
	size_t n;

	if (!number(&line, &hierarchy) || *line != ':')
		return false;
	controllers = line + 1;
	n = strcspn(controllers, ":\n");
	line = controllers + n;
	if (*line != ':' || line[1] != '/')
		return false;
	if (kind == QUOTA_V2 ? hierarchy != 0 || n > 0
			     : !listed(controllers, n, controller))
		return false;
	n = strcspn(line + 1, "\n");
	if (n >= QUOTA_PATH_MAX)
		return false;
	memcpy(group, line + 1, n);
	group[n] = '\0';
	return true;
}

/* A group outside of what our namespace shows is told as "/../name". */
static bool climbs(const char *group)
{
	return strncmp(group, "/..", 3) == 0 && (group[3] == '/' || group[3] == '\0');
}

bool quota_dir(const struct quota_mount *m, const char *group, char dir[QUOTA_PATH_MAX])
{
	size_t n = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);
	const char *below = "";

	if (strncmp(group, m->root, n) == 0 && (group[n] == '/' || group[n] == '\0') &&
		!climbs(group) && strcmp(group + n, "/") != 0)
		below = group + n;
	int len = snprintf(dir, QUOTA_PATH_MAX, "%s%s", m->point, below);
	return len >= 0 && len < QUOTA_PATH_MAX;
}

bool quota_parent(const struct quota_mount *m, char *dir)
{
	char *slash = strrchr(dir, '/');

	if (slash == NULL || strlen(dir) <= strlen(m->point) ||
		slash < dir + strlen(m->point))
		return false;
	*slash = '\0';
	return true;
}

uint32_t quota_workers(uint32_t milli, uint32_t cpus)
{
	uint32_t n = milli == QUOTA_NONE ? cpus : milli / 1000 + (milli % 1000 != 0);

	return MAX(MIN(n, cpus), 1);
}
