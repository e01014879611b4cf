/* past.c - older generations of the segment in use: publish_past(), publish_return() */
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/publish/publisher.h"
#include "snap/diff.h"
#include "snap/history.h"
#include "snap/segment.h"

int publish_past(const struct publisher *p, uint64_t number, struct snap *out)
{
	if (p->published.base == NULL)
		return -ENOENT;
	if (number == 0 || number == p->generation) {
		*out = p->published;
		return 0;
	}
	struct snap now = p->published;
	uint64_t reclaimed = board_load(&p->board->reclaimed);
	if (BOARD_SEGMENT(reclaimed) == p->segment)
		now.oldest = BOARD_REF(reclaimed);
	int ret = history_find(&now, number, out);
	if (ret < 0)
		return -ENOENT;
	return history_whole(out) ? 0 : -EBADMSG;
}

static int on_change(
	void *arg, const struct node_view *before, const struct node_view *after)
{
	publisher_count(arg, before != NULL && node_is_name(before),
		after != NULL && node_is_name(after));
	return 0;
}

/* What the settings of a generation take. */
static uint64_t settings_size(const struct snap *s)
{
	uint64_t number;
	size_t len = 0;

	if (snap_settings(s, &len, &number) == NULL)
		return 0;
	return round_up(sizeof(struct settings_header) + len, 8);
}

/*
 * Settings that were handed over for a publish that failed may have other zones than the
 * records that stand: a compaction would publish the two together.
 */
static void return_settings(struct publisher *p)
{
	uint64_t number;
	size_t len;
	const uint8_t *octets = snap_settings(&p->published, &len, &number);

	if (octets == NULL || number == p->settings_number)
		return;
	p->settings = mem_resize(p->settings, len, 1);
	memcpy(p->settings, octets, len);
	p->settings_len = len;
	p->settings_number = number;
	p->settings_ref = p->published.settings;
	p->settings_octets = settings_size(&p->published);
}

void publish_return(struct publisher *p, const struct snap *past)
{
	struct arena *a = p->arena;

	publisher_stop_compaction(p);
	/* Pages that were found to be garbage may be what we go back to. */
	reclaim_fini(&p->reclaim);
	return_settings(p);
	/* What was appended meanwhile is garbage and no more changed in place. */
	segment_seal(a, a->used);
	p->bulk = false;
	p->names.nleaves = p->clients.nleaves = p->nchanges = 0;
	p->names.trie = past->trie;
	p->clients.trie = past->clients;
	a->names = past->names;
	a->live = past->live - settings_size(past) + p->settings_octets;
	p->added = p->changed = p->removed = 0;
	snap_diff(&p->published, past, on_change, p);
	publisher_reserve(p);
}
