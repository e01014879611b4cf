/*
 * freeze.h - publishing stops until an operator lets it go on (OV-08)
 *
 * While it is on, objects are followed in the store and none of them is published: what
 * the working tries hold is what is published, whatever compaction copies and audits
 * read. Settings go out all the same (a reload, weights, addresses of upstreams, flush),
 * over the same records; those with other zones wait, because records name their zone by
 * its place among them. Thawing goes back to what the store says.
 *
 * It ends with the process, and where the octets that it keeps are found damaged.
 */
#ifndef CONTROLLER_FREEZE_H
#define CONTROLLER_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/publish/publish.h"

struct engine;

struct freeze {
	bool on;
	bool damaged;        /* the last one ended by itself */
	bool rebuild;        /* the store's names are not those of the working trie */
	bool withheld;       /* settings wait: their zones are others */
	uint64_t since_ns;   /* wall clock */
	uint64_t generation; /* whose records are served */
};

/*
 * Publish no objects from here on. 0, also if it was on; -EAGAIN: there is no complete
 * generation of this controller's yet, or it is about to be replaced.
 */
int freeze_begin(struct engine *e, uint64_t wall_ns);

/*
 * Publish the records of generation `number` under the settings of today, as a new
 * generation, and freeze. 0 with *info; -EAGAIN as above; -ENOENT: history does not reach
 * there; -EBADMSG: it is not whole any more; -EINVAL: it was not complete; -EXDEV: it has
 * other zones; -ENOSPC: nothing has changed.
 */
int freeze_rollback(struct engine *e, uint64_t number, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *info);

/*
 * Go on with what the store says, at the next turn; and a first generation that is held
 * back is (WP-90). False: neither was the case.
 */
bool freeze_end(struct engine *e, uint64_t now_ns);

/* What it keeps is damaged: it ends, and all is built anew. */
void freeze_break(struct engine *e);

/* The engine's turn while it is on: settings alone. Returns when to call again. */
uint64_t freeze_turn(struct engine *e, uint64_t now_ns, uint64_t wall_ns);

/* Why an operator cannot have it: what a failure of these says. */
const char *freeze_refusal(int error);

#endif
