/*
 * history.h - the generations that stand in a segment, from the newest back (core)
 *
 * Each root names the one before it in its segment, so history reaches back to where the
 * segment begins: the last compaction, or the start of the controller. Octets are
 * hostile, as in snap.h; where memory was reclaimed (SH-02) history ends too.
 */
#ifndef SNAP_HISTORY_H
#define SNAP_HISTORY_H

#include "snap/snap.h"

/*
 * The generation before `s` into *out, which may be `s` itself. 0; -ENOENT: the segment
 * begins with `s`; -EBADMSG: what stands there is no older root.
 */
int history_previous(const struct snap *s, struct snap *out);

/*
 * Generation `number` into *out, from `newest` back. 0; -ENOENT: history does not reach
 * there, or that generation is newer; -EBADMSG: it ends before, at what is no root.
 */
int history_find(const struct snap *newest, uint64_t number, struct snap *out);

/*
 * True if everything that the generation reaches stands there, as its checksums say: an
 * old one may have lost some to reclaiming. Costs a look at all of it.
 */
bool history_whole(const struct snap *s);

#endif
