/* mark.c - the loop mark: what it says, and a checksum that only we can make */
#include "dns/mark.h"

#include "base/base.h"

#define SAYS 12 /* octets before the checksum: life, upstream, hops, two of 0 */
#define HOPS 9  /* which of them */

/*
 * The checksum. The octet in front can begin no name, so no hash of a name under the same
 * key is ever one of these.
 */
static uint64_t checksum(const struct hash_key *key, const uint8_t *says)
{
	uint8_t octets[1 + SAYS] = {0xff};

	memcpy(octets + 1, says, SAYS);
	return hash_name(key, octets, sizeof(octets)).check;
}

static void store_u64(uint8_t *p, uint64_t v)
{
	store_u32(p, (uint32_t)(v >> 32));
	store_u32(p + 4, (uint32_t)v);
}

static uint64_t load_u64(const uint8_t *p)
{
	return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

uint64_t mark_life(const struct hash_key *key)
{
	static const uint8_t octets[] = {0xfe}; /* as above: no name */

	return hash_name(key, octets, sizeof(octets)).check;
}

void mark_write(
	const struct mark *m, const struct hash_key *key, uint8_t out[MARK_OCTETS])
{
	memset(out, 0, SAYS);
	store_u64(out, m->life);
	out[8] = m->upstream;
	out[HOPS] = m->hops;
	store_u64(out + SAYS, checksum(key, out));
}

uint8_t mark_hops(const uint8_t data[MARK_OCTETS])
{
	return data[HOPS];
}

bool mark_read(
	const uint8_t *data, size_t len, const struct hash_key *key, struct mark *out)
{
	if (len != MARK_OCTETS || load_u64(data + SAYS) != checksum(key, data))
		return false;
	out->life = load_u64(data);
	out->upstream = data[8];
	out->hops = mark_hops(data);
	return true;
}
