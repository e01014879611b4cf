#include "admin/querylog.h"

#include <stdio.h>

#include "base/base.h"

#define LINE_MAX_OCTETS (RINGTEXT_MAX + 32) /* with what stands before it, and its end */

_Static_assert(STAT_LOG_RINGS == VIEW_WORKERS_MAX, "a position for each ring");
_Static_assert(LINE_MAX_OCTETS <= QUERYLOG_PIECE, "every line fits a piece");

void querylog_begin(struct querylog *q, const struct stat_admin *stat)
{
	memset(q, 0, offsetof(struct querylog, buf));
	for (unsigned i = 0; i < VIEW_WORKERS_MAX; i++) {
		q->reader[i].next = stat_get(&stat->log_next[i]);
		q->logged[i] = stat_get(&stat->log_logged[i]);
	}
}

/* MN-07: entries between the one before and this one that were to be logged. */
static void count_lost(struct querylog *q, unsigned ring, const struct ring_entry *e)
{
	const uint64_t own = (e->marks & RING_LOGGED) != 0;
	const uint64_t before = e->logged - own;

	if (before > q->logged[ring])
		q->lost += before - q->logged[ring];
	q->logged[ring] = e->logged;
}

static void put_line(struct querylog *q, const struct view *v, const struct ring_entry *e,
	enum querylog_format format, const struct privacy *p, const char *prefix)
{
	struct who who = {{0}, {0}};
	char *out = q->buf + q->len;
	const size_t n = (size_t)snprintf(
		out, LINE_MAX_OCTETS - RINGTEXT_MAX, "%s", prefix);

	if (format != QUERYLOG_COREDNS && p->mode == PRIVACY_OFF)
		who_asked(v->snap, e, &who);
	q->len += n + ringtext_line(e, format, p, &who, out + n);
	q->buf[q->len++] = '\n';
}

/* False: there is no room for what this ring still has. */
static bool fill_from(struct querylog *q, unsigned ring, const struct view *v,
	enum querylog_format format, const struct privacy *p, const char *prefix)
{
	struct ring_entry e;

	for (;;) {
		if (QUERYLOG_BUFFER - q->len < LINE_MAX_OCTETS)
			return false;
		if (!ring_next(&q->reader[ring], &v->worker[ring]->ring, &e))
			return true;
		count_lost(q, ring, &e);
		if ((e.marks & RING_LOGGED) != 0 && !view_is_own(v, &e))
			put_line(q, v, &e, format, p, prefix);
	}
}

bool querylog_fill(struct querylog *q, const struct view *v, enum querylog_format format,
	const struct privacy *p, const char *prefix)
{
	bool all = true;

	memmove(q->buf, q->buf + q->at, q->len - q->at);
	q->len -= q->at;
	q->at = 0;
	for (unsigned i = 0; i < v->nworkers && all; i++) {
		const unsigned ring = (q->turn + i) % v->nworkers;

		all = fill_from(q, ring, v, format, p, prefix);
		if (!all) /* the others first, the next time */
			q->turn = ring + 1;
	}
	return all;
}

size_t querylog_piece(const struct querylog *q, const char **piece)
{
	size_t n = MIN(q->len - q->at, (size_t)QUERYLOG_PIECE);

	*piece = q->buf + q->at;
	while (n > 0 && (*piece)[n - 1] != '\n')
		n--;
	return n;
}

void querylog_left(struct querylog *q, size_t n, struct stat_admin *stat)
{
	q->at += n;
	if (q->at < q->len)
		return;
	stat_add(&stat->log_lost, q->lost);
	q->lost = 0;
	for (unsigned i = 0; i < VIEW_WORKERS_MAX; i++) {
		stat_set(&stat->log_next[i], q->reader[i].next);
		stat_set(&stat->log_logged[i], q->logged[i]);
	}
}
