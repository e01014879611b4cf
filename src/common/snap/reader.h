/*
 * reader.h - a reader's place in the instance: board, current segment, settings (shell)
 *
 * reader_refresh() costs one acquire load where nothing is new. What reader_snap()
 * returned, and everything found through it, is borrowed until the next refresh.
 */
#ifndef SNAP_READER_H
#define SNAP_READER_H

#include "snap/segment.h"
#include "snap/settings.h"

struct reader {
	const struct board_page *board; /* NULL: not found yet */
	char instance[LAYOUT_INSTANCE_MAX];
	uint64_t word;                     /* that snap came from */
	uint64_t refused;                  /* a word that could not be used */
	struct segment current, next, old; /* old: being unmapped in steps */
	uint64_t populated;                /* octets of next touched */
	struct snap snap;                  /* snap.base == NULL: nothing yet */
	struct settings settings;
	uint64_t refreshes, failures;
};

/* Begin. Nothing is opened yet. */
void reader_init(struct reader *r, const char *instance);

/*
 * Look at the board and switch to a newer root if there is one. True if it switched.
 * Failures are counted and leave everything as it was (SH-05).
 */
bool reader_refresh(struct reader *r);

/*
 * Let the next refresh try a refused root again, and look whether another board stands
 * under the instance's name; called by a timer.
 */
void reader_retry(struct reader *r);

/*
 * One step of slow work between batches: populate the segment under construction, or
 * unmap an old one, or one that was given up. True if there is more.
 */
bool reader_step(struct reader *r);

/* The current generation, or NULL before the first. */
const struct snap *reader_snap(const struct reader *r);

/* True if a complete generation of an instance is published (RU-01). */
bool reader_complete(const char *instance);

/* Unmap everything. */
void reader_fini(struct reader *r);

#endif
