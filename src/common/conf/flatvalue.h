/*
 * flatvalue.h - the value of a key as text, from where it is stored (inside of conf/)
 */
#ifndef CONF_FLATVALUE_H
#define CONF_FLATVALUE_H

#include "conf/flat.h"
#include "conf/parse.h"

/*
 * Fill kind, text and n of *it, which is zeroed, with what the key has at `base`. The
 * parse's bundle names interfaces; without one (NULL) they are shown as numbers.
 */
void flatvalue_put(const struct parse *p, const struct key *k, const void *base,
	struct flat_item *it);

/* Free the text. */
void flatvalue_fini(struct flat_item *it);

#endif
