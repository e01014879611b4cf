/* canon.c - see canon.h */
#include "canon.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"

#define RR_MAX 256

struct slice {
	const uint8_t *at;
	size_t len;
};

/* Octets of the name at `at`, a pointer ends it; 0: it does not end in the message. */
static size_t name_octets(const uint8_t *msg, size_t len, size_t at)
{
	size_t from = at;

	while (at < len) {
		uint8_t c = msg[at];
		if (c == 0)
			return at + 1 - from;
		if (c >= 0xc0)
			return at + 2 <= len ? at + 2 - from : 0;
		at += 1u + c;
	}
	return 0;
}

/* Octets of the RR at `at`; 0: cut short. The serial of an SOA is made 0 in place. */
static size_t rr_octets(uint8_t *msg, size_t len, size_t at)
{
	size_t n = name_octets(msg, len, at);

	if (n == 0 || at + n + 10 > len)
		return 0;
	size_t rdlen = load_u16(msg + at + n + 8);
	if (at + n + 10 + rdlen > len)
		return 0;
	if (load_u16(msg + at + n) == TYPE_SOA && rdlen >= 22)
		memset(msg + at + n + 10 + rdlen - 20, 0, 4);
	return n + 10 + rdlen;
}

static int compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int d = memcmp(x->at, y->at, MIN(x->len, y->len));

	return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

/* Put the `count` RRs at `at` in order into `out`; returns where they end, 0 if cut. */
static size_t section(uint8_t *msg, size_t len, size_t at, unsigned count, uint8_t *out)
{
	struct slice rr[RR_MAX];

	if (count > RR_MAX)
		return 0;
	for (unsigned i = 0; i < count; i++) {
		rr[i] = (struct slice){msg + at, rr_octets(msg, len, at)};
		if (rr[i].len == 0)
			return 0;
		at += rr[i].len;
	}
	qsort(rr, count, sizeof(rr[0]), compare);
	for (unsigned i = 0; i < count; i++) {
		memcpy(out, rr[i].at, rr[i].len);
		out += rr[i].len;
	}
	return at;
}

size_t canon(const uint8_t *msg, size_t len, uint8_t *out)
{
	uint8_t copy[CANON_MAX];
	size_t at = 12;

	if (len < 12 || len > CANON_MAX)
		return 0;
	memcpy(copy, msg, len);
	for (unsigned i = load_u16(copy + 4); i > 0; i--) {
		size_t n = name_octets(copy, len, at);
		if (n == 0 || at + n + 4 > len)
			return 0;
		at += n + 4;
	}
	memcpy(out, copy + 2, at - 2);
	for (unsigned s = 6; s <= 10; s += 2) {
		at = section(copy, len, at, load_u16(copy + s), out + at - 2);
		if (at == 0)
			return 0;
	}
	memcpy(out + at - 2, copy + at, len - at); /* octets behind the end count too */
	return len - 2;
}
