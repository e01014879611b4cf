/*
 * upstream.h - what upstreams say in a scenario, and the cache that it goes into
 *
 * Outcomes are scripted by name and type. A question that answer() needs is looked up
 * there, made an entry as a forwarder makes it, and stored in a cache in memory.
 */
#ifndef SCENARIO_UPSTREAM_H
#define SCENARIO_UPSTREAM_H

#include "forwarder/cachewrite.h"
#include "snap/settings.h"

struct upstream;

/* Begin with an empty cache, which reads as `out`. Owned; upstream_free() ends both. */
struct upstream *upstream_new(struct cache *out, uint64_t now_ns);
void upstream_free(struct upstream *u);

/*
 * From now on questions for NAME TYPE end as the words say: "RCODE [ad]", then
 * upstream_rr(); "fails EDE [TEXT]"; "silent": nothing comes. False: bad words.
 */
bool upstream_script(struct upstream *u, char **word, size_t nwords);

/* An RR of what was scripted last, in answer (0) or authority (1). False: it is none. */
bool upstream_rr(struct upstream *u, int section, const char *text);

enum upstream_end { UPSTREAM_STORED, UPSTREAM_SILENT, UPSTREAM_UNKNOWN };

/*
 * A question is asked: store its outcome. UNKNOWN: nothing is scripted for it; printed.
 */
enum upstream_end upstream_ask(struct upstream *u, const struct question *q,
	const struct settings *s, uint64_t now_ns);

/* Questions that were asked. */
uint64_t upstream_asked(const struct upstream *u);

#endif
