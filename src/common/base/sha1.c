#include "base/sha1.h"

#include "base/base.h"

#define BLOCK 64

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* What round i mixes of three words: the function of FIPS 180-4, 4.1.1, and its K. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d)
{
	switch (i / 20) {
	case 0:
		return ((b & c) | (~b & d)) + 0x5a827999;
	case 1:
		return (b ^ c ^ d) + 0x6ed9eba1;
	case 2:
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	default:
		return (b ^ c ^ d) + 0xca62c1d6;
	}
}

static void compress(uint32_t h[5], const uint8_t block[BLOCK])
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned i = 0; i < 16; i++)
		w[i] = load_u32(block + 4 * i);
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t t = rotate(a, 5) + mix(i, b, c, d) + e + w[i];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1(const uint8_t *data, size_t len, uint8_t out[SHA1_OCTETS])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t end[2 * BLOCK] = {0};
	size_t rest = len % BLOCK, blocks = rest < BLOCK - 8 ? 1 : 2;

	for (size_t i = 0; i + BLOCK <= len; i += BLOCK)
		compress(h, data + i);
	if (rest > 0)
		memcpy(end, data + len - rest, rest);
	end[rest] = 0x80;
	store_u32(end + blocks * BLOCK - 4, (uint32_t)(len * 8));
	for (size_t i = 0; i < blocks; i++)
		compress(h, end + i * BLOCK);
	for (unsigned i = 0; i < 5; i++)
		store_u32(out + 4 * i, h[i]);
}
