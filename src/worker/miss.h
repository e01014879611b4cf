/*
 * miss.h - a name that is not ours: who answers it, and what the cache knows (core)
 *
 * The way of a miss (FP-01): recursion must be asked for, a group must have the name, the
 * client must be allowed (AC-10); only then the cache is looked at. What it lacks is a
 * need, which the packet gets.
 */
#ifndef WORKER_MISS_H
#define WORKER_MISS_H

#include "worker/encode.h"

enum miss {
	MISS_FOUND,      /* `entry` answers it */
	MISS_FAILED,     /* `ede` and `text` say why: SERVFAIL */
	MISS_NEED,       /* p->need is set */
	MISS_REJECTED,   /* it would have to wait, and there is no room (FP-02) */
	MISS_STAYS,      /* it does not leave us: RD=0, a name of no group (EDE 20) */
	MISS_PROHIBITED, /* the client may not use forwarding (EDE 18) */
};

struct miss_found {
	const struct cache_entry *entry; /* borrowed until the cache is asked again */
	bool stale;       /* it has expired and is taken all the same (CA-15) */
	uint16_t ede;     /* of MISS_FAILED, or of a stale answer; else ENCODE_NO_EDE */
	const void *text; /* of MISS_FAILED */
	uint8_t text_len;
};

/*
 * Ask for the name of `o`, which is in none of our zones or fell through, and whose hash
 * is `hash`. `allowed`: the client may use forwarding. Sets facts of the packet.
 */
enum miss miss_find(const struct basis *b, struct packet *p, const struct owner *o,
	const struct hash128 *hash, bool allowed, struct miss_found *out);

/* True if anything that is not ours can be asked for: groups and a forwarder. */
bool miss_forwards(const struct basis *b);

#endif
