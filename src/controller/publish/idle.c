/* idle.c - what the writer of an instance does between events: publish_idle() */
#include <errno.h>

#include "base/base.h"
#include "controller/publish/compact.h"
#include "controller/publish/publisher.h"
#include "snap/segment.h"

#define GARBAGE_MIN   (UINT64_C(4) << 20) /* and a quarter of the live part */
#define LINGER_NS     (5 * NS_PER_S)      /* an old segment stays linked (SH-05) */
#define RETRY_NS      (5 * NS_PER_S)      /* after a compaction that found no space */
#define COMPACT_NODES 256                 /* nodes copied in one step */
#define COMPACT_TAIL  64                  /* changes that the last round may have */
#define AUDIT_NODES   256                 /* nodes audited in one step */
#define AUDIT_WAIT_NS (50 * NS_PER_MS)
#define AUDIT_REST_NS (1 * NS_PER_S) /* between two passes */
#define SHM_CHECK_NS  (1 * NS_PER_S)
#define ROOT_ROOM     256 /* a root and the header of settings, with what is to spare */

/* Look at the file system from time to time. */
static void check_room(struct publisher *p, uint64_t now_ns)
{
	if (now_ns - p->shm_checked_ns < SHM_CHECK_NS)
		return;
	p->shm_checked_ns = now_ns;
	p->shm_free = segment_free_octets();
	if (p->shm_free >= publisher_copy_room(p->arena))
		p->short_of_room = false;
}

/* Unlink what no reader can be on its way to any more. Returns when to look again. */
static uint64_t unlink_retired(struct publisher *p, uint64_t now_ns)
{
	uint64_t current = BOARD_SEGMENT(board_load(&p->board->word));
	uint64_t wait = UINT64_MAX;
	unsigned kept = 0;

	for (unsigned i = 0; i < p->nretired; i++) {
		struct retired *r = &p->retired[i];

		if (r->number == current) { /* its successor is not published yet */
			p->retired[kept++] = *r;
			continue;
		}
		if (r->since_ns == 0)
			r->since_ns = now_ns;
		if (now_ns - r->since_ns >= LINGER_NS) {
			publisher_discard(p, r->arena, r->number);
		} else {
			wait = MIN(wait, r->since_ns + LINGER_NS - now_ns);
			p->retired[kept++] = *r;
		}
	}
	p->nretired = kept;
	return wait;
}

/* What a dead controller left below the board's segment goes after the same time. */
static void unlink_predecessors(struct publisher *p, uint64_t now_ns)
{
	if (!p->predecessors || p->published.base == NULL)
		return;
	if (p->predecessors_ns == 0)
		p->predecessors_ns = now_ns + LINGER_NS;
	if (now_ns < p->predecessors_ns || p->nretired > 0)
		return;
	segment_remove_range(p->instance, 0, p->segment - 1);
	p->predecessors = false;
}

void publisher_stop_compaction(struct publisher *p)
{
	if (p->compact == NULL)
		return;
	compact_free(p->compact);
	p->compact = NULL;
	if (p->to != NULL)
		publisher_discard(p, p->to, p->to_segment);
	p->to = NULL;
}

static bool wants_compaction(struct publisher *p, uint64_t now_ns)
{
	const struct arena *a = p->arena;

	if (p->bulk || p->published.base == NULL || p->nretired > 0 ||
		now_ns < p->compact_after_ns)
		return false;
	if (publisher_garbage(a) > GARBAGE_MIN && publisher_garbage(a) > a->live / 4)
		return true;
	/* While there is still room for a copy, early. */
	return p->shm_free < publisher_copy_room(a) &&
	       publisher_garbage(a) > SEGMENT_STEP;
}

/*
 * The working trie as it stands. It stays so, although a publish may be half done: what
 * is put from here on is appended, not changed in place.
 */
static void freeze(struct publisher *p, struct snap *s)
{
	segment_seal(p->arena, p->arena->used);
	publisher_snap(p, s);
}

static void begin_compaction(struct publisher *p, uint64_t now_ns)
{
	struct snap s;

	if (segment_free_octets() < p->arena->live ||
		publisher_new_segment(p, p->arena->live, &p->to, &p->to_segment) < 0) {
		p->short_of_room = true;
		publisher_reserve(p);
		p->compact_after_ns = now_ns + RETRY_NS;
		return;
	}
	freeze(p, &s);
	p->compact = compact_new(&s, p->to);
	p->compact_began_ns = now_ns;
	board_store(&p->board->building, p->to_segment);
}

/* The copy says what the working trie says: go on there. */
static int finish_compaction(
	struct publisher *p, uint64_t wall_ns, struct publish_info *published)
{
	bool pending = p->nchanges > 0;
	bool complete = (p->published.flags & ROOT_COMPLETE) != 0;

	publisher_enter(p, p->to, p->to_segment, compact_trie(p->compact),
		compact_clients(p->compact));
	p->to = NULL;
	compact_free(p->compact);
	p->compact = NULL;
	p->compact_done_ns = p->compact_began_ns;
	if (pending)
		return 0; /* half a publish: the caller's next commit makes it current */
	int ret = publisher_root(p, CAUSE_COMPACT, complete, wall_ns);
	if (ret < 0)
		return ret;
	publish_status(p, published);
	p->compact_done_ns = 0;
	return 0;
}

/* One step of a compaction. Returns 0, or what went wrong. */
static int step_compaction(
	struct publisher *p, uint64_t wall_ns, struct publish_info *published)
{
	struct snap now;
	int ret = compact_step(p->compact, COMPACT_NODES);

	if (ret != 0)
		return ret < 0 ? ret : 0;
	freeze(p, &now);
	ret = compact_catch_up(p->compact, &now);
	if (ret < 0 || ret > COMPACT_TAIL)
		return ret < 0 ? ret : 0;
	/* Room for settings and root first: from there on there is no way back. */
	ret = p->to->used + p->settings_len + ROOT_ROOM <= p->to->window_to
	              ? 0
	              : p->to->grow(p->to, p->settings_len + ROOT_ROOM);
	return ret < 0 ? ret : finish_compaction(p, wall_ns, published);
}

/* Audit some of the published generation. */
static void step_audit(struct publisher *p, uint64_t now_ns, bool *damaged)
{
	int nodes = 0;

	while (nodes < AUDIT_NODES && p->audit_part < AUDIT_PARTS) {
		int ret = snap_audit(&p->published, p->audit_part++);

		if (ret < 0) {
			*damaged = true;
			p->audit_part = 0;
			return;
		}
		nodes += ret;
	}
	p->audit_ns = now_ns + AUDIT_WAIT_NS;
	if (p->audit_part == AUDIT_PARTS) {
		p->audit_part = 0;
		p->audit_ns = now_ns + AUDIT_REST_NS;
	}
}

uint64_t publish_idle(struct publisher *p, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *published, bool *damaged)
{
	uint64_t wait = unlink_retired(p, now_ns);

	unlink_predecessors(p, now_ns);
	check_room(p, now_ns);
	if (p->short_of_room && p->compact == NULL)
		reclaim_step(&p->reclaim, p->instance, p->board, now_ns);
	*damaged = false;
	*published = (struct publish_info){0};
	if (p->compact == NULL && wants_compaction(p, now_ns))
		begin_compaction(p, now_ns);
	if (p->compact != NULL) {
		int ret = step_compaction(p, wall_ns, published);

		if (ret < 0) {
			publisher_stop_compaction(p);
			p->short_of_room |= ret == -ENOSPC;
			p->compact_after_ns = now_ns + RETRY_NS;
			*damaged = ret == -EBADMSG || ret == -EIO;
		}
		publisher_reserve(p);
		return 0;
	}
	if (p->published.base == NULL || p->bulk)
		return AUDIT_REST_NS;
	if (now_ns >= p->audit_ns)
		step_audit(p, now_ns, damaged);
	return MIN(wait, MAX(p->audit_ns, now_ns + 1) - now_ns);
}
