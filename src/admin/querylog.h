/*
 * querylog.h - from the rings of workers to lines of the query log (SM-02, MN-07) (core)
 *
 * Lines gather in a buffer of a fixed size and leave from its front. When it is full the
 * rings are left alone, so that what nobody takes is lost in one place only: workers
 * write over it, and the number that every entry has says how much that was.
 *
 * How far each ring was read, and what was lost, stands in our page once the lines have
 * left: who takes over after a death goes on from there. What had left since is written
 * again; nothing is skipped.
 */
#ifndef ADMIN_QUERYLOG_H
#define ADMIN_QUERYLOG_H

#include "metrics/view.h"
#include "snap/ringtext.h"

#define QUERYLOG_BUFFER 65536
#define QUERYLOG_PIECE  4096 /* PIPE_BUF: a pipe takes all of it or nothing */

struct querylog {
	struct ring_reader reader[VIEW_WORKERS_MAX]; /* of each slot's ring */
	uint64_t logged[VIEW_WORKERS_MAX];           /* entries that were met or missed */
	uint64_t lost;  /* that were missed, since the page was told */
	unsigned turn;  /* the ring that is read first */
	size_t at, len; /* what of `buf` waits */
	char buf[QUERYLOG_BUFFER];
};

/* Begin where the page says that a predecessor was. */
void querylog_begin(struct querylog *q, const struct stat_admin *stat);

/*
 * Move lines from the rings into the buffer, as long as it has room for the longest one.
 * `prefix` stands before each; who asked is looked up in v->snap. True: the rings have
 * been read to their ends.
 */
bool querylog_fill(struct querylog *q, const struct view *v, enum querylog_format format,
	const struct privacy *p, const char *prefix);

/* The next whole lines, QUERYLOG_PIECE octets at most; 0: there are none. */
size_t querylog_piece(const struct querylog *q, const char **piece);

/* `n` octets of the piece have left; when all have, the page is told. */
void querylog_left(struct querylog *q, size_t n, struct stat_admin *stat);

#endif
