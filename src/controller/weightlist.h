/*
 * weightlist.h - the text of a file of weights into a table (LD-01) (core)
 *
 *   # a comment, up to the end of the line
 *   web.shop.svc.cluster.local
 *   10.244.1.7 3
 *   10.244.1.8 1
 *
 * A name on a line of its own, then lines of an address and its weight, 1 to 255: the
 * format of CoreDNS's plugin loadbalance. Letter case and a final dot do not matter;
 * ::ffff:a.b.c.d is a.b.c.d. A name may come again: its addresses are added. Of an
 * address that stands twice under a name the first weight stands.
 */
#ifndef CONTROLLER_WEIGHTLIST_H
#define CONTROLLER_WEIGHTLIST_H

#include "snap/weights.h"

/* What is wrong and how to mend it; line and column count from 1, line 0: nothing is. */
struct weightlist_error {
	unsigned line, column;
	char text[200]; /* printable, whatever the file holds */
};

/*
 * Read a whole file. 0 with *out filled, names hashed under `key`; *error may then hold
 * a warning: an address has two weights. -EINVAL with *error and *out untouched.
 */
int weightlist_parse(const char *text, size_t len, const struct hash_key *key,
	struct weights *out, struct weightlist_error *error);

#endif
