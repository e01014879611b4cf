/*
 * cached.h - entries of a cache for tests: built without the code that makes them of
 * replies
 */
#ifndef TESTS_CACHED_H
#define TESTS_CACHED_H

#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "cache/cache.h"
#include "dns/type.h"
#include "forwarder/cachewrite.h"

#define CACHED_SECOND UINT64_C(1000000000)

static const struct hash_key cached_key = {1, 2, UINT64_MAX};

/* Room for an entry, aligned. */
union cached_entry {
	struct cache_entry e;
	uint8_t octets[CACHE_COPY_MAX];
};

static inline struct question cached_question(
	const struct hash_key *key, const char *text, uint16_t type)
{
	struct question q = {.group = 1, .type = type};
	struct name n;

	if (name_parse(text, &n) < 0)
		abort();
	name_fold(q.name, n.wire, n.len);
	q.name_len = n.len;
	q.hash = hash_name(key, q.name, q.name_len);
	return q;
}

/*
 * An entry of `kind` for a question, with one RRset of `count` RRs of `rdlen` octets, all
 * of them `fill`, in the section that is usual; count 0: none.
 */
static inline void cached_make(union cached_entry *u, const struct question *q,
	enum cache_kind kind, uint64_t stored_ns, uint32_t ttl_s, unsigned count,
	uint16_t rdlen, uint8_t fill)
{
	struct cache_entry *e = &u->e;
	bool authority = kind == CACHE_NXDOMAIN;
	uint16_t type = authority ? TYPE_SOA : q->type;

	memset(e, 0, sizeof(*e) + sizeof(struct cache_set));
	e->path = q->hash.path;
	e->hcheck = q->hash.check;
	e->group = q->group;
	e->stored_ns = stored_ns;
	e->expires_ns = stored_ns + ttl_s * CACHED_SECOND;
	e->type = kind == CACHE_NXDOMAIN ? 0 : q->type;
	e->flags = q->flags;
	e->kind = (uint8_t)kind;
	e->rcode = kind == CACHE_NXDOMAIN ? 3 : kind == CACHE_FAILURE ? 2 : 0;
	e->ede = kind == CACHE_FAILURE ? 22 : UINT16_MAX;
	e->nsets = count > 0;
	e->name_len = q->name_len;
	e->text_len = kind == CACHE_FAILURE ? 5 : 0;
	e->hops = q->hops;
	e->wire_len = count * (12u + rdlen);
	*(authority ? &e->authorities : &e->answers) = (uint16_t)count;
	if (count > 0) {
		struct cache_set set = {
			ttl_s, 0, (uint16_t)count, type, authority ? 1 : 0, 0};

		memcpy(e + 1, &set, sizeof(set));
	}
	memcpy((uint8_t *)(uintptr_t)cache_name(e), q->name, q->name_len);
	memcpy((uint8_t *)(uintptr_t)cache_text(e), "right", e->text_len);
	uint8_t *p = (uint8_t *)(uintptr_t)cache_wire(e);
	for (unsigned i = 0; i < count; i++, p += 12 + rdlen) {
		const uint8_t rr[12] = {0xc0, 12, (uint8_t)(type >> 8), (uint8_t)type, 0,
			1, 0, 0, 0, 0, (uint8_t)(rdlen >> 8), (uint8_t)rdlen};

		memcpy(p, rr, sizeof(rr));
		memset(p + sizeof(rr), fill, rdlen);
	}
	size_t used = (size_t)(p - u->octets), n = round_up(used, 8);
	memset(p, 0, n - used);
	e->size8 = (uint32_t)(n / 8);
}

/* A cache in memory of the heap, as a forwarder has it. */
struct cached {
	uint8_t *base, *copies;
	size_t octets, success, denial;
	size_t limit; /* octets of memory that `grow` gives; 0: all */
	bool adopted;
	struct cachewrite w;
};

static inline int on_cached_grow(void *arg, size_t from, size_t to)
{
	struct cached *c = arg;

	(void)from;
	return c->limit > 0 && to > c->limit ? -28 /* ENOSPC */ : 0;
}

/* Open what stands in its memory. */
static inline void cached_reopen(struct cached *c, uint64_t now_ns)
{
	c->adopted = cachewrite_open(&c->w, c->base, c->octets, c->success, c->denial,
		"test", c->copies, on_cached_grow, c, now_ns);
}

static inline void cached_open(struct cached *c, size_t success, size_t denial)
{
	*c = (struct cached){.success = success, .denial = denial};
	c->octets = cachewrite_octets(success, denial);
	c->base = aligned_alloc(4096, c->octets);
	c->copies = aligned_alloc(4096, round_up(2 * CACHE_COPY_MAX, 4096));
	if (c->base == NULL || c->copies == NULL)
		abort();
	memset(c->base, 0, c->octets);
	cached_reopen(c, 1);
}

static inline void cached_close(struct cached *c)
{
	free(c->base);
	free(c->copies);
}

#endif
