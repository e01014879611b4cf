#include "ctl/look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "snap/history.h"

bool look_denied(const char *instance)
{
	const struct board_page *board;
	int ret = segment_board_map(instance, &board);

	if (ret == 0)
		segment_board_unmap(board);
	if (ret != -EACCES)
		return false;
	ctl_complain(
		"shared memory of instance '%s': permission denied: root may look at "
		"it, and who is in the group of its files, /dev/shm/shmdns.%s.*",
		instance, instance);
	return true;
}

const struct snap *look_open(struct reader *r, const char *instance)
{
	reader_init(r, instance);
	reader_refresh(r);
	if (reader_snap(r) == NULL && !look_denied(instance))
		ctl_complain(
			"no generation of instance '%s' is in shared memory", instance);
	return reader_snap(r);
}

/* How far back history reaches. */
static uint64_t oldest(const struct snap *newest)
{
	struct snap s = *newest;

	while (history_previous(&s, &s) == 0)
		;
	return s.generation;
}

bool look_back(const struct snap *newest, const char *text, struct snap *out, int *status)
{
	unsigned long number = newest->generation;

	*status = EXIT_USAGE;
	if (strcmp(text, "now") != 0 &&
		!options_number("a generation", text, 1, UINT64_MAX, &number))
		return false;
	*status = EXIT_REFUSED;
	if (history_find(newest, number, out) < 0) {
		ctl_complain("generation %lu is not there: history has %" PRIu64
			     " to %" PRIu64 ", since the last compaction or start of "
			     "the controller",
			number, oldest(newest), newest->generation);
		return false;
	}
	if (!history_whole(out)) {
		ctl_complain("generation %lu is not whole any more", number);
		return false;
	}
	return true;
}

const char *look_cause(const struct snap *s)
{
	static const char *const words[] = {
		[CAUSE_SETTINGS] = "settings",
		[CAUSE_OBJECTS] = "objects",
		[CAUSE_COMPACT] = "compaction",
		[CAUSE_RESTORE] = "restore",
		[CAUSE_ROLLBACK] = "rollback",
	};

	return s->cause < ARRAY_LEN(words) && words[s->cause] != NULL ? words[s->cause]
	                                                              : "unknown";
}

const char *look_time(uint64_t wall_ns, char out[32])
{
	time_t t = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}
