/*
 * bucket.h - a token bucket for API requests (RO-05, RF-17; core)
 *
 * `burst` requests may follow each other at once, then `qps` a second.
 */
#ifndef KUBE_BUCKET_H
#define KUBE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t step_ns; /* in which one token comes */
	uint64_t room_ns; /* of all tokens */
	uint64_t full_ns; /* when the bucket is full again */
};

/* A full bucket; both numbers are at least 1. */
void bucket_init(struct bucket *b, uint32_t qps, uint32_t burst);

/* Take a token; false: there is none at `now_ns` (monotonic). */
bool bucket_take(struct bucket *b, uint64_t now_ns);

/* When there is a token: `now_ns`, or later. */
uint64_t bucket_next(const struct bucket *b, uint64_t now_ns);

#endif
