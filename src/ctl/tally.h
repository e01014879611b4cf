/*
 * tally.h - sampled queries, added up by name, client, namespace (OV-02) (core)
 */
#ifndef CTL_TALLY_H
#define CTL_TALLY_H

#include "ctl/sketch.h"
#include "snap/ring.h"
#include "snap/ringtext.h"
#include "snap/settings.h"
#include "snap/stat.h"
#include "snap/who.h"

enum tally_by {
	TALLY_NAME,
	TALLY_CLIENT,
	TALLY_NAMESPACE,
	TALLY_NXDOMAIN,
	TALLY_SLOW, /* by time, not by number */
	TALLY_TABLES
};

/* What else must be known of an entry. */
struct tally_context {
	const struct settings *settings;
	struct privacy privacy;
	/* True if the label at `label` of a name in `zone` is a namespace. */
	bool (*is_namespace)(void *arg, const uint8_t *label, const struct name *zone);
	/* Who asked, as who_asked() says. */
	bool (*who)(void *arg, const struct ring_entry *e, struct who *out);
	void *arg;
};

struct tally {
	struct sketch by[TALLY_TABLES];
	double all, nxdomain, wasted; /* samples */
	double wasted_other;          /* of no namespace that is known */
	uint64_t samples;             /* ever */
};

/*
 * Take an entry of a ring that was sampled; others are left out. Keys of names are wire
 * form, of clients and namespaces text.
 *
 * What a client is known to be decides for which namespace it counts, whatever it asks
 * for; else the name does. A client that is known is NAMESPACE/POD, if the privacy is
 * "off"; else a NUL and its namespace stand behind the address, so that a network of
 * several namespaces (LG-04) has an item for each. The item's label is the namespace.
 */
void tally_take(
	struct tally *t, const struct ring_entry *e, const struct tally_context *c);

/* Let what was taken so far fade: all by a factor of 0 to 1. */
void tally_fade(struct tally *t, double factor);

/*
 * A quantile (0 to 1) of durations in nanoseconds by "fine" bounds (stat.h), by a
 * straight line within the bucket; 0: there is none.
 */
uint64_t tally_quantile(const uint64_t counts[STAT_FINE], double q);

#endif
