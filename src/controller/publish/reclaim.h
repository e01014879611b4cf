/*
 * reclaim.h - free garbage of the segment in use in place (shell)
 *
 * The last resort (SH-02): a compaction needs as much free memory as the live part takes.
 * Where there is less, the pages that the current root does not reach are freed in place:
 * first they are found, and after a while, when no reader can be at an older root any
 * more, they are punched out of the object. What the root reaches, and all that was
 * appended after it, stays (G1). History ends there.
 */
#ifndef PUBLISH_RECLAIM_H
#define PUBLISH_RECLAIM_H

#include <stddef.h>
#include <stdint.h>

#include "snap/board.h"

struct reclaim {
	uint8_t *used; /* owned; one octet for each page below `used`; NULL: not looked */
	size_t pages;
	uint64_t word;   /* of the board when they were found */
	uint64_t done;   /* the last word that this was done for */
	uint64_t due_ns; /* the next step */
};

/*
 * One step, if it is due: find the pages, or free those that were found, which is said on
 * the board before: whoever looked at them would have them back. Not while a
 * compaction reads old roots. Failures leave all as it is.
 */
void reclaim_step(struct reclaim *r, const char *instance, struct board_page *board,
	uint64_t now_ns);

/* Free what it holds; it may be used again. */
void reclaim_fini(struct reclaim *r);

#endif
