/*
 * who.h - which Pod a sampled query came from, as far as a generation knows (OF-09)
 */
#ifndef CTL_WHO_H
#define CTL_WHO_H

#include <stdbool.h>

#include "snap/client.h"
#include "snap/ring.h"

/* Printable ASCII, whatever stands in the snapshot; "": not known. */
struct who {
	char namespace[CLIENT_NAMESPACE_MAX + 1];
	char pod[CLIENT_POD_MAX + 1];
};

/* Who has the client's address. False, with *out empty: that is not known. */
bool who_asked(const struct snap *s, const struct ring_entry *e, struct who *out);

#endif
