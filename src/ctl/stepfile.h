/*
 * stepfile.h - what stands for a name of a zone from a file (SM-11) (shell)
 */
#ifndef CTL_STEPFILE_H
#define CTL_STEPFILE_H

#include "ctl/overview.h"

enum stepfile {
	STEPFILE_NODE, /* the name, or the wildcard that it comes from */
	STEPFILE_CUT,  /* the delegation that it is at or below */
	STEPFILE_DNAME,
	STEPFILE_ABSENT,
	STEPFILE_UNREAD, /* nothing was read of the zone */
	STEPFILE_DAMAGED
};

/*
 * Find `name`, in zone number `zone`, for a question of `type`; *v as the result says.
 * With `above` it is not there itself, for who asks.
 */
enum stepfile stepfile_find(const struct overview *o, const struct name *name, int zone,
	uint16_t type, bool above, struct node_view *v);

#endif
