/*
 * lane.h - queries in flight on one connection or kept socket, found by their IDs (core)
 *
 * Who shares a way to an upstream must tell replies apart by the ID alone before the rest
 * is compared (U-08), so no two queries of a lane have the same. A query that nobody
 * waits for any more keeps its ID as long as a reply may still come, where that can be
 * known.
 */
#ifndef FORWARDER_LANE_H
#define FORWARDER_LANE_H

#include <stdbool.h>
#include <stdint.h>

#define LANE_MAX 64 /* queries in flight (FW-19) */

/* Zeroed: empty. */
struct lane {
	uint64_t used;    /* bits: this place holds a query */
	uint64_t dropped; /* ... for which nobody waits; a part of `used` */
	uint32_t exchange[LANE_MAX];
	uint16_t id[LANE_MAX];
};

/*
 * Put a query in. *id is the one that was drawn for it, and becomes another one if that
 * is in use here. Returns its place, or -1: all are taken.
 */
int lane_put(struct lane *l, uint32_t exchange, uint16_t *id);

/* The place of the query with that ID, or -1. */
int lane_find(const struct lane *l, uint16_t id);

/* Its reply has come, or never will: the place is free. */
void lane_free(struct lane *l, unsigned place);

/* Nobody waits for it any more, but its reply may come. */
void lane_drop(struct lane *l, unsigned place);

/* The places of queries that are waited for, as bits. */
static inline uint64_t lane_awaited(const struct lane *l)
{
	return l->used & ~l->dropped;
}

/* True if there is a place for another query. */
static inline bool lane_room(const struct lane *l)
{
	return l->used != UINT64_MAX;
}

#endif
