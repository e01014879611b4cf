#include "dns/nsec3.h"

#include <string.h>

/* RFC 5155, section 5: H(H(... H(name || salt) ... || salt) || salt). */
static void hash(const struct nsec3_params *p, const uint8_t *name, size_t len,
	uint8_t out[SHA1_OCTETS])
{
	uint8_t octets[NAME_MAX_LEN + NSEC3_SALT_MAX];

	memcpy(octets, name, len);
	for (unsigned i = 0; i <= p->iterations; i++) {
		if (p->salt_len > 0)
			memcpy(octets + len, p->salt, p->salt_len);
		sha1(octets, len + p->salt_len, out);
		memcpy(octets, out, SHA1_OCTETS);
		len = SHA1_OCTETS;
	}
}

/* RFC 4648, section 7: five octets are eight digits. */
static void write_digits(const uint8_t hash[SHA1_OCTETS], uint8_t out[NSEC3_LABEL_LEN])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

	for (unsigned i = 0; i < SHA1_OCTETS / 5; i++, hash += 5) {
		uint64_t v = 0;

		for (unsigned k = 0; k < 5; k++)
			v = v << 8 | hash[k];
		for (unsigned k = 0; k < 8; k++)
			*out++ = (uint8_t)digits[v >> (35 - 5 * k) & 31];
	}
}

bool nsec3_owner(const struct nsec3_params *p, const uint8_t *name, size_t len,
	const struct name *zone, struct name *out)
{
	uint8_t digest[SHA1_OCTETS];

	if (1 + NSEC3_LABEL_LEN + zone->len > NAME_MAX_LEN)
		return false;
	hash(p, name, len, digest);
	out->wire[0] = NSEC3_LABEL_LEN;
	write_digits(digest, out->wire + 1);
	memcpy(out->wire + 1 + NSEC3_LABEL_LEN, zone->wire, zone->len);
	out->len = (uint8_t)(1 + NSEC3_LABEL_LEN + zone->len);
	return true;
}
