#include "dns/privacy.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base.h"

/* A word of the key that follows from the instance's: no name is hashed to it. */
static uint64_t derive(const struct hash_key *instance, const char *of)
{
	return hash_name(instance, (const uint8_t *)of, strlen(of)).check;
}

void privacy_init(struct privacy *p, uint8_t mode, const struct hash_key *instance)
{
	p->mode = mode;
	p->key.k0 = derive(instance, "privacy of clients, first word");
	p->key.k1 = derive(instance, "privacy of clients, second word");
	p->key.mask = UINT64_MAX;
}

/* Its first `bits` bits, a multiple of 8. */
static size_t prefix_text(const struct addr *a, unsigned bits, char *out)
{
	struct addr net = {.len = a->len};

	memcpy(net.octets, a->octets, bits / 8);
	return addr_text(&net, out);
}

size_t privacy_text(const struct privacy *p, const struct addr *a, char *out)
{
	if (a->len != 4 && a->len != 16)
		return (size_t)snprintf(out, PRIVACY_TEXT_MAX, "-");
	switch (p->mode) {
	case PRIVACY_OFF:
		return addr_text(a, out);
	case PRIVACY_PREFIX:
		return prefix_text(
			a, a->len == 4 ? PRIVACY_BITS_V4 : PRIVACY_BITS_V6, out);
	default:
		return (size_t)snprintf(out, PRIVACY_TEXT_MAX, "%016" PRIx64,
			hash_name(&p->key, a->octets, a->len).check);
	}
}
