/*
 * serialfile.h - the serial outlives a restart of the appliance (GS-01, Z-12) (shell)
 *
 * The board goes when the appliance stops, and a busy appliance's serials run ahead of
 * the clock. So STATE_DIR/serial holds a number that no published serial has passed: a
 * bound some way ahead while we run, rewritten when it is reached, and the exact serial
 * after an orderly end. Losing the file costs nothing but that.
 */
#ifndef CONTROLLER_SERIALFILE_H
#define CONTROLLER_SERIALFILE_H

#include <stdbool.h>
#include <stdint.h>

struct serialfile {
	char *path;     /* owned; NULL: not begun */
	uint32_t bound; /* what the file says; 0: nothing yet */
	bool failed;    /* the last write failed, and that was logged */
};

/*
 * Begin in `directory`, which is made where it is missing. Returns what the
 * file holds, 0 if there is none or it makes no sense.
 */
uint32_t serialfile_begin(struct serialfile *f, const char *directory);

/* `serial` was published: move the bound if it is reached. At most one write in 4,096. */
void serialfile_note(struct serialfile *f, uint32_t serial);

/* An orderly end at `serial` (0: nothing was published). Frees it all. */
void serialfile_end(struct serialfile *f, uint32_t serial);

#endif
