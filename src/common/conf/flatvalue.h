/*
 * flatvalue.h - the value of a key as text, from where it is stored (inside of conf/)
 */
#ifndef CONF_FLATVALUE_H
#define CONF_FLATVALUE_H

#include "conf/flat.h"
#include "conf/parse.h"

/*
 * Fill kind, text and n of *it, which is zeroed, with what the key has at `base`. The
 * parse's bundle names interfaces.
 */
void flatvalue_put(const struct parse *p, const struct key *k, const void *base,
	struct flat_item *it);

/* The base of element `i` of a list. */
const void *flatvalue_element(const struct key *k, const void *base, size_t i);

#endif
