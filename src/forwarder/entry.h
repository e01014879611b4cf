/*
 * entry.h - writing an entry of the cache (cache/layout.h; core)
 */
#ifndef FORWARDER_ENTRY_H
#define FORWARDER_ENTRY_H

#include "forwarder/scrub.h"

/*
 * Begin an entry for a question in CACHE_COPY_MAX octets: its key and time, no RRs, good
 * for nobody but those who wait (CACHE_PASSES).
 */
void entry_begin(struct cache_entry *e, const struct question *q, uint64_t now_ns);

/*
 * End it with these RRs (NULL: none) and this text (NULL: none; cut to CACHE_TEXT_MAX).
 * False: the RRs take more than CACHE_WIRE_MAX octets.
 */
bool entry_end(struct cache_entry *e, const struct question *q, const struct scrub *s,
	const char *text);

#endif
