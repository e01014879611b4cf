/*
 * topframe.h - one frame of shmdnsctl top: what there is to show, and how (core but for
 * the streams)
 */
#ifndef CTL_TOPFRAME_H
#define CTL_TOPFRAME_H

#include <stdio.h>

#include "ctl/pool.h"
#include "ctl/tally.h"

/* What is shown: all of it in short, or one table. */
enum top_by {
	TOP_ALL,
	TOP_RCODE,
	TOP_NAME,
	TOP_CLIENT,
	TOP_NAMESPACE,
	TOP_NXDOMAIN,
	TOP_SLOW,
	TOP_VIEWS
};

/* An upstream since the frame before. */
struct topframe_upstream {
	char text[STAT_UPSTREAM_TEXT + 1];
	double per_s;
	uint64_t p99_ns, replies, failures;
	bool up;
};

struct topframe {
	const char *instance;
	uint64_t wall_ns, interval_ns;
	unsigned workers;                    /* that live */
	double per_s;                        /* replies */
	double rcodes[STAT_RCODES], replies; /* since the frame before */
	uint64_t p50_ns, p99_ns;
	uint64_t generation; /* 0: there is none */
	uint64_t lag_ns;     /* mean, from a change of endpoints to its publish */
	bool lag_known;
	uint64_t lost; /* samples that were overwritten before they were read */
	const struct tally *tally;
	struct topframe_upstream upstream[STAT_UPSTREAMS];
	size_t nupstreams;
};

/*
 * Write the frame as lines of printable ASCII, `columns` wide, at most `lines` of them;
 * `keys`: the last line says which keys there are.
 */
void topframe_text(const struct topframe *f, enum top_by by, unsigned columns,
	unsigned lines, bool keys, FILE *out);

/* All tables as one JSON document in a line. */
void topframe_json(const struct topframe *f, FILE *out);

/* The name of a view, as --by has it; NULL past the end. */
const char *topframe_by(unsigned by);

#endif
