/*
 * search.h - the names that a resolver asks for, one after the other (core)
 *
 * As a pod's resolv.conf has it: search NAMESPACE.svc.ZONE svc.ZONE ZONE, ndots 5.
 */
#ifndef CTL_SEARCH_H
#define CTL_SEARCH_H

#include "dns/name.h"

#define SEARCH_MAX   4
#define SEARCH_NDOTS 5

struct search {
	struct name name[SEARCH_MAX]; /* folded */
	unsigned n;
};

/*
 * What is asked for `text` by a pod of namespace `from`, the zone of the cluster being
 * `zone`: with a final dot it alone. `from` NULL: the search list without the namespace.
 * What gets too long is left out. 0; -EINVAL, -ENAMETOOLONG: that is no name.
 */
int search_names(
	const char *text, const char *from, const struct name *zone, struct search *out);

#endif
