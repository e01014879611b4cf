/* hash.c - SipHash-1-3 with 128 bits of output, written out; XXH3 from its header */
#include "base/hash.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* SipHash is defined on little-endian words; where the machine is not, they are turned.
 */
static inline uint64_t load_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	sip_round(s);
	s->v0 ^= m;
}

static inline uint64_t sip_finish(struct sip *s)
{
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* The last word: what is left of the octets, and the length in the top octet. */
static inline uint64_t last_word(const uint8_t *name, size_t len)
{
	unsigned left = len % 8;
	uint64_t m = (uint64_t)len << 56;

	if (left == 0)
		return m;
	if (len > 8) /* one load that begins in the word before */
		return m | load_le64(name + len - 8) >> (64 - 8 * left);
	for (unsigned i = 0; i < left; i++)
		m |= (uint64_t)name[i] << (8 * i);
	return m;
}

struct hash128 hash_name(const struct hash_key *key, const uint8_t *name, size_t len)
{
	struct sip s = {
		key->k0 ^ UINT64_C(0x736f6d6570736575),
		key->k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
		key->k0 ^ UINT64_C(0x6c7967656e657261),
		key->k1 ^ UINT64_C(0x7465646279746573),
	};
	struct hash128 h;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8)
		sip_word(&s, load_le64(name + i));
	sip_word(&s, last_word(name, len));
	s.v2 ^= 0xee;
	h.path = sip_finish(&s) & key->mask;
	s.v1 ^= 0xdd;
	h.check = sip_finish(&s);
	return h;
}

uint32_t hash_check(const void *data, size_t len)
{
	return (uint32_t)XXH3_64bits(data, len);
}

uint64_t hash_content(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}
