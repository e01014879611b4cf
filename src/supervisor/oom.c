/* oom.c - see oom.h */
#include "supervisor/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "supervisor/groups.h"

#define TEXT_MAX_OCTETS 1024
#define PATIENCE_NS     (10 * NS_PER_S) /* a large process takes its time to end */

uint64_t oom_parse(const char *text)
{
	static const char word[] = "oom_kill ";

	for (const char *line = text; line != NULL;) {
		const char *digits = line + sizeof(word) - 1;
		char *end;

		if (strncmp(line, word, sizeof(word) - 1) == 0 && *digits >= '0' &&
			*digits <= '9') {
			errno = 0;
			uint64_t n = strtoull(digits, &end, 10);
			return errno == 0 && (*end == '\n' || *end == '\0') ? n
			                                                    : UINT64_MAX;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return UINT64_MAX;
}

static uint64_t look(const struct oom *o)
{
	char text[TEXT_MAX_OCTETS];

	if (o->fd < 0)
		return UINT64_MAX;
	ssize_t n = pread(o->fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return oom_parse(text);
}

struct search {
	const char *root;
	struct oom *oom;
};

/* The file of our group in one hierarchy; true: it counts kills. */
static bool try_group(void *arg, const struct quota_mount *m, const char *group)
{
	const struct search *s = arg;
	char dir[QUOTA_PATH_MAX], path[3 * QUOTA_PATH_MAX];

	if (!quota_dir(m, group, dir))
		return false;
	snprintf(path, sizeof(path), "%s%s/%s", s->root, dir,
		m->kind == QUOTA_V2 ? "memory.events" : "memory.oom_control");
	s->oom->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (look(s->oom) != UINT64_MAX)
		return true;
	oom_close(s->oom);
	return false;
}

void oom_open(struct oom *o, const char *root)
{
	struct search s = {root, o};

	*o = (struct oom){.fd = -1};
	groups_each(root, "memory", try_group, &s);
	o->seen = look(o);
}

void oom_close(struct oom *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

bool oom_killed(struct oom *o)
{
	const uint64_t kills = look(o);

	if (kills == UINT64_MAX || kills <= o->seen)
		return false;
	o->seen++;
	o->since_ns = 0;
	return true;
}

void oom_tick(struct oom *o, uint64_t now_ns)
{
	const uint64_t kills = look(o);

	if (kills == UINT64_MAX || kills <= o->seen) {
		o->since_ns = 0;
	} else if (o->since_ns == 0) {
		o->since_ns = now_ns;
	} else if (now_ns - o->since_ns >= PATIENCE_NS) {
		o->seen = kills;
		o->since_ns = 0;
	}
}
