#include "snap/history.h"

#include <errno.h>

int history_previous(const struct snap *s, struct snap *out)
{
	struct snap before;

	if (s->previous == 0)
		return -ENOENT;
	/*
	 * Not even to be looked at: a page that was punched out comes back by
	 * it, and where there is no memory left it is a SIGBUS.
	 */
	if (s->previous < s->oldest)
		return -EBADMSG;
	/* Older roots stand before newer ones: so no damage makes a walk endless. */
	if (s->previous >= s->root ||
		snap_open(s->base, s->used, s->previous, &before) < 0 ||
		before.generation >= s->generation)
		return -EBADMSG;
	before.oldest = s->oldest;
	*out = before;
	return 0;
}

int history_find(const struct snap *newest, uint64_t number, struct snap *out)
{
	struct snap s = *newest;

	while (s.generation > number) {
		int ret = history_previous(&s, &s);

		if (ret < 0)
			return ret;
	}
	if (s.generation != number)
		return -ENOENT;
	*out = s;
	return 0;
}

bool history_whole(const struct snap *s)
{
	size_t len;
	uint64_t number;

	if (snap_settings(s, &len, &number) == NULL)
		return false;
	for (unsigned part = 0; part < AUDIT_PARTS; part++)
		if (snap_audit(s, part) < 0)
			return false;
	return true;
}
