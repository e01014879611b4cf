#include "worker/private.h"

#include "base/base.h"
#include "dns/name.h"
#include "dns/type.h"

enum { HINT_IPV4 = 4, HINT_IPV6 = 6 }; /* RFC 9460, section 14.3.2 */

static bool any_private(
	const struct forward_settings *f, const uint8_t *addrs, size_t len, size_t size)
{
	for (; len >= size; addrs += size, len -= size)
		if (forward_private(f, addrs, size))
			return true;
	return len > 0; /* less than an address */
}

/*
 * Behind a priority and a target stand keys, each with the length of its value. What is
 * not so written is of no use to who reads with care, and may say anything to others,
 * such as with a target that is a pointer: it counts as private.
 */
static bool hints(const struct forward_settings *f, const uint8_t *rdata, size_t len)
{
	size_t at = 2, target = len > 2 ? name_scan(rdata + 2, len - 2) : 0;

	if (target == 0)
		return true;
	for (at += target; len - at >= 4;) {
		const uint16_t key = load_u16(rdata + at);
		const size_t size = load_u16(rdata + at + 2);

		at += 4;
		if (size > len - at)
			return true;
		if ((key == HINT_IPV4 && any_private(f, rdata + at, size, 4)) ||
			(key == HINT_IPV6 && any_private(f, rdata + at, size, 16)))
			return true;
		at += size;
	}
	return at < len;
}

bool private_rr(
	const struct forward_settings *f, uint16_t type, const uint8_t *rdata, size_t len)
{
	switch (type) {
	case TYPE_A:
		return len == 4 && forward_private(f, rdata, 4);
	case TYPE_AAAA:
		return len == 16 && forward_private(f, rdata, 16);
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return hints(f, rdata, len);
	default:
		return false;
	}
}
