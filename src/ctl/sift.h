/*
 * sift.h - which sampled queries somebody wants to see (OV-05) (core)
 */
#ifndef CTL_SIFT_H
#define CTL_SIFT_H

#include <stdbool.h>

#include "dns/addr.h"
#include "dns/name.h"
#include "snap/ring.h"

#define SIFT_ANY (-1)

struct sift {
	struct name name; /* folded; it and what is below it; len 0: any */
	bool by_client;
	struct prefix client;
	int rcode, source, type; /* SIFT_ANY: any */
	uint64_t slower_ns;      /* as slow as that, or slower */
};

/* Nothing is left out. */
void sift_init(struct sift *s);

/* True if the entry is one that is wanted. */
bool sift_wants(const struct sift *s, const struct ring_entry *e);

/*
 * "10.0.0.1", "10.0.0.0/8"; "NXDOMAIN" or a number; "cache" and the like. False: it is
 * none, and *s is as it was.
 */
bool sift_client(struct sift *s, const char *text);
bool sift_rcode(struct sift *s, const char *text);
bool sift_source(struct sift *s, const char *text);

#endif
