/* compress.c - suffixes by hash, compared before they are believed */
#include "forwarder/compress.h"

#include "base/hash.h"

#define LABELS_MAX  127
#define POINTER_MAX 0x3fff /* what a pointer can say */

/* The suffixes of a name that begin at a label, leftmost first; the root is none. */
struct suffixes {
	unsigned n;
	struct name folded;
	uint8_t at[LABELS_MAX];
	uint64_t hash[LABELS_MAX];
};

void compress_init(struct compress *c, uint64_t seed)
{
	c->seed = seed | 1;
	c->nsuffixes = 0;
	c->nnames = 0;
	memset(c->bucket, 0, sizeof(c->bucket));
}

/* The hash of a suffix is made of its first label and the hash of the rest. */
static void split(const struct compress *c, const struct name *n, struct suffixes *s)
{
	uint64_t h = 0;

	s->n = 0;
	s->folded.len = n->len;
	name_fold(s->folded.wire, n->wire, n->len);
	for (size_t at = 0; n->wire[at] != 0; at += 1u + n->wire[at])
		s->at[s->n++] = (uint8_t)at;
	for (unsigned i = s->n; i-- > 0;) {
		const uint8_t *label = s->folded.wire + s->at[i];

		h = (h ^ hash_content(label, 1u + label[0])) * c->seed;
		h ^= h >> 32;
		s->hash[i] = h;
	}
}

static uint16_t *bucket_of(struct compress *c, uint64_t hash)
{
	return &c->bucket[hash & (COMPRESS_BUCKETS - 1)];
}

/* Where such a suffix stands in the message; 0: nowhere. */
static uint16_t find(struct compress *c, const struct suffixes *s, unsigned i)
{
	const uint8_t *wire = s->folded.wire + s->at[i];
	size_t len = s->folded.len - (size_t)s->at[i];

	for (unsigned k = *bucket_of(c, s->hash[i]); k != 0;) {
		const struct compress_suffix *x = &c->suffix[k - 1];
		const struct name *n = &c->name[x->name];

		if (x->hash == s->hash[i] && n->len - (size_t)x->at == len &&
			memcmp(n->wire + x->at, wire, len) == 0)
			return x->offset;
		k = x->next;
	}
	return 0;
}

/* Learn the first `n` suffixes of a name that stands at `offset`. */
static void learn(struct compress *c, const struct suffixes *s, unsigned n, size_t offset)
{
	if (n == 0 || c->nnames == COMPRESS_NAMES)
		return;
	c->name[c->nnames] = s->folded;
	for (unsigned i = 0; i < n; i++) {
		uint16_t *bucket = bucket_of(c, s->hash[i]);

		if (offset + s->at[i] > POINTER_MAX || c->nsuffixes == COMPRESS_SUFFIXES)
			break;
		if (find(c, s, i) != 0)
			continue;
		c->suffix[c->nsuffixes++] = (struct compress_suffix){s->hash[i],
			(uint16_t)(offset + s->at[i]), *bucket, c->nnames, s->at[i]};
		*bucket = c->nsuffixes;
	}
	c->nnames++;
}

void compress_learn(struct compress *c, const struct name *n, size_t offset)
{
	struct suffixes s;

	split(c, n, &s);
	learn(c, &s, s.n, offset);
}

void compress_put(struct compress *c, struct wire *w, size_t base, const struct name *n,
	bool may_learn)
{
	size_t offset = base + w->len;
	struct suffixes s;
	unsigned i;

	split(c, n, &s);
	for (i = 0; i < s.n; i++) {
		uint16_t to = find(c, &s, i);

		if (to == 0)
			continue;
		wire_bytes(w, n->wire, s.at[i]);
		wire_u16(w, (uint16_t)(0xc000 | to));
		break;
	}
	if (i == s.n)
		wire_bytes(w, n->wire, n->len);
	if (may_learn)
		learn(c, &s, i, offset);
}
