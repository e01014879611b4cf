/*
 * asker.h - what one client is told of a name: `acl` and `visibility` for explain (core)
 *
 * They say it by the functions that workers ask (snap/acl.h, snap/settings.h), in the
 * same order; limits and `forward_clients` are not looked at.
 */
#ifndef CTL_ASKER_H
#define CTL_ASKER_H

#include "ctl/step.h"
#include "snap/client.h"

struct asker {
	const struct snap *snap; /* borrowed, as are these */
	const struct settings *settings;
	struct client client; /* what is known of it; borrowed from the snapshot */
	uint64_t rules;       /* of acl that are about it, as bits */
	struct viewer viewer;
};

/* Look up who has the address. */
void asker_init(struct asker *a, const struct overview *v, const struct addr *client);

/* True, with outcome and reason, if `acl` does not let it know of the name (AC-01). */
bool asker_refused(const struct asker *a, uint16_t type, struct step *s);

/* True, with both, if the name in that zone is of a namespace it does not see (AC-04). */
bool asker_hidden(const struct asker *a, int zone, struct step *s);

/*
 * Take out of the step's records the PTRs that it is not told of. True, with s->hidden if
 * the name is as one that does not exist, if all of the node's were.
 */
bool asker_conceal(
	const struct asker *a, const struct node_view *v, uint16_t type, struct step *s);

#endif
