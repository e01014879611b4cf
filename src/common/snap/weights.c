#include "snap/weights.h"

#include <endian.h>
#include <errno.h>

#include "base/base.h"

/* In front of the names, and a name in front of the addresses. */
struct fixed {
	uint64_t key0, key1;
	uint32_t nnames, naddrs;
};
#define NAME_OCTETS 20 /* of the hash and the number of addresses */

_Static_assert(sizeof(struct weights_addr) == 17, "it is copied as it stands");

void weights_octets(const uint8_t *addr, size_t size, uint8_t out[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(out, mapped, sizeof(mapped));
	memcpy(size == 4 ? out + 12 : out, addr, size);
}

int weights_compare(const struct hash128 *a, const struct hash128 *b)
{
	if (a->path != b->path)
		return a->path < b->path ? -1 : 1;
	return a->check < b->check ? -1 : a->check > b->check;
}

const struct weights_name *weights_find(
	const struct weights *w, const uint8_t *name, size_t len)
{
	uint32_t low = 0, high = w->nnames;

	if (high == 0)
		return NULL;
	struct hash128 h = hash_name(&w->key, name, len);
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = weights_compare(&w->name[middle].hash, &h);

		if (order == 0)
			return &w->name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The octets of the table in two words, which compare as they do. */
struct words {
	uint64_t high, low;
};

static inline struct words words_of(const uint8_t *p)
{
	uint64_t word[2];

	memcpy(word, p, sizeof(word));
	return (struct words){be64toh(word[0]), be64toh(word[1])};
}

/*
 * The last address that is not behind the one looked for: a search without a branch that
 * could be guessed wrong, for it is done for each address of a reply.
 */
unsigned weights_of(const struct weights *w, const struct weights_name *n,
	const uint8_t *addr, size_t size)
{
	const struct weights_addr *at = &w->addr[n->first];
	struct words want = {0, UINT64_C(0xffff) << 32};

	if (size == 4)
		want.low |= load_u32(addr);
	else
		want = words_of(addr);
	for (uint32_t left = n->count; left > 1; left -= left / 2) {
		const struct weights_addr *middle = at + left / 2;
		struct words there = words_of(middle->octets);
		bool behind = (there.high > want.high) |
		              ((there.high == want.high) & (there.low > want.low));

		at = behind ? at : middle;
	}
	struct words found = words_of(at->octets);
	return found.high == want.high && found.low == want.low ? at->weight : 1;
}

size_t weights_encode(const struct weights *w, uint8_t *out)
{
	struct fixed f = {w->key.k0, w->key.k1, w->nnames, w->naddrs};
	uint8_t *p = out;

	memcpy(p, &f, sizeof(f));
	p += sizeof(f);
	for (uint32_t i = 0; i < w->nnames; i++, p += NAME_OCTETS) {
		memcpy(p, &w->name[i].hash, 16);
		memcpy(p + 16, &w->name[i].count, 4);
	}
	memcpy(p, w->addr, w->naddrs * sizeof(w->addr[0]));
	return (size_t)(p - out) + w->naddrs * sizeof(w->addr[0]);
}

/* Are the names in order, and have they just the addresses that there are? */
static bool names_valid(const struct weights *w)
{
	uint32_t left = w->naddrs;

	for (uint32_t i = 0; i < w->nnames; i++) {
		const struct weights_name *n = &w->name[i];

		if (n->count == 0 || n->count > left)
			return false;
		if (i > 0 && weights_compare(&n[-1].hash, &n->hash) >= 0)
			return false;
		left -= n->count;
	}
	return left == 0;
}

static bool addrs_valid(const struct weights *w, const struct weights_name *n)
{
	for (uint32_t i = n->first; i < n->first + n->count; i++) {
		const struct weights_addr *a = &w->addr[i];

		if (a->weight == 0)
			return false;
		if (i > n->first && memcmp(a[-1].octets, a->octets, 16) >= 0)
			return false;
	}
	return true;
}

int weights_decode(const uint8_t *octets, size_t len, struct weights *out)
{
	uint32_t first = 0;
	struct fixed f;

	if (len < sizeof(f))
		return -EBADMSG;
	memcpy(&f, octets, sizeof(f));
	octets += sizeof(f);
	if (f.nnames > WEIGHTS_NAMES_MAX || f.naddrs > WEIGHTS_ADDRS_MAX ||
		len != sizeof(f) + f.nnames * NAME_OCTETS +
				f.naddrs * sizeof(out->addr[0]))
		return -EBADMSG;
	out->key = (struct hash_key){f.key0, f.key1, UINT64_MAX};
	out->nnames = f.nnames;
	out->naddrs = f.naddrs;
	for (uint32_t i = 0; i < f.nnames; i++, octets += NAME_OCTETS) {
		memcpy(&out->name[i].hash, octets, 16);
		memcpy(&out->name[i].count, octets + 16, 4);
	}
	memcpy(out->addr, octets, f.naddrs * sizeof(out->addr[0]));
	if (!names_valid(out))
		return -EBADMSG;
	for (uint32_t i = 0; i < f.nnames; i++) {
		out->name[i].first = first;
		first += out->name[i].count;
		if (!addrs_valid(out, &out->name[i]))
			return -EBADMSG;
	}
	return 0;
}
