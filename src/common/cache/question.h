/*
 * question.h - what is asked of upstreams, and by what an outcome is found again (CA-09)
 *
 * The class is IN and the name is folded, always (W-25, Q-04). Two questions are the same
 * if all of this is: then one query is in flight for both (FP-03). An answer in the cache
 * is for both whatever their hops, a failure not for those with fewer (LO-01).
 */
#ifndef CACHE_QUESTION_H
#define CACHE_QUESTION_H

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "dns/name.h"

#define QUESTION_DO 0x01
#define QUESTION_CD 0x02

struct question {
	struct hash128 hash; /* hash_name() of the name under the board's key */
	uint64_t group;      /* digest of the group that answers (forward.h) */
	uint16_t type;
	uint8_t flags; /* QUESTION_* */
	uint8_t name_len;
	uint8_t hops; /* appliances that it has passed, less than MARK_HOPS (mark.h) */
	uint8_t name[NAME_MAX_LEN + 1]; /* folded */
};

/* True if both are the same question. */
static inline bool question_equal(const struct question *a, const struct question *b)
{
	return a->hash.path == b->hash.path && a->hash.check == b->hash.check &&
	       a->group == b->group && a->type == b->type && a->flags == b->flags &&
	       a->hops == b->hops && a->name_len == b->name_len &&
	       memcmp(a->name, b->name, a->name_len) == 0;
}

/* Which of `n` forwarders (and caches) has the question: by its name alone. */
static inline unsigned question_home(const struct question *q, unsigned n)
{
	return n > 1 ? (unsigned)((q->hash.check >> 32) % n) : 0;
}

#endif
