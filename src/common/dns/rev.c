/* rev.c - reverse names */
#include "dns/rev.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"

static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa"; /* the NUL is the root label */
static const uint8_t ip6_arpa[] = "\3ip6\4arpa";
static const char hex[] = "0123456789abcdef";

/* The reverse name of the first `octets` octets of an IPv4 address. */
static void name_v4(const uint8_t *addr, unsigned octets, struct name *out)
{
	*out = (struct name){0};
	while (octets-- > 0) {
		char label[4];
		int n = snprintf(label, sizeof(label), "%u", addr[octets]);

		name_push(out, label, (size_t)n);
	}
	name_end(out, in_addr_arpa, sizeof(in_addr_arpa));
}

/* The reverse name of the first `nibbles` nibbles of an IPv6 address. */
static void name_v6(const uint8_t *addr, unsigned nibbles, struct name *out)
{
	*out = (struct name){0};
	while (nibbles-- > 0) {
		unsigned shift = nibbles % 2 == 0 ? 4 : 0;

		name_push(out, &hex[addr[nibbles / 2] >> shift & 0xf], 1);
	}
	name_end(out, ip6_arpa, sizeof(ip6_arpa));
}

void rev_name(const struct addr *a, struct name *out)
{
	if (a->len == 4)
		name_v4(a->octets, 4, out);
	else
		name_v6(a->octets, 32, out);
}

/* One label of one to three digits, value 0..255, no leading zero; -1 otherwise. */
static int parse_octet(const uint8_t *digits, size_t n)
{
	int v = 0;

	if (n == 0 || n > 3 || (n > 1 && digits[0] == '0'))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		v = v * 10 + (digits[i] - '0');
	}
	return v <= 255 ? v : -1;
}

static bool parse_v4(const uint8_t *wire, size_t len, struct addr *out)
{
	struct addr a = {.len = 4};
	size_t at = 0;

	for (int i = 3; i >= 0; i--) { /* least significant label comes first */
		if (at >= len || wire[at] >= len - at)
			return false;
		int v = parse_octet(wire + at + 1, wire[at]);
		if (v < 0)
			return false;
		a.octets[i] = (uint8_t)v;
		at += 1u + wire[at];
	}
	if (len - at != sizeof(in_addr_arpa))
		return false;
	if (memcmp(wire + at, in_addr_arpa, sizeof(in_addr_arpa)) != 0)
		return false;
	*out = a;
	return true;
}

static int parse_nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_v6(const uint8_t *wire, size_t len, struct addr *out)
{
	struct addr a = {.len = 16};

	if (len != 64 + sizeof(ip6_arpa))
		return false;
	for (int i = 31; i >= 0; i--, wire += 2) {
		int v = wire[0] == 1 ? parse_nibble(wire[1]) : -1;

		if (v < 0)
			return false;
		a.octets[i / 2] = (uint8_t)(a.octets[i / 2] | v << (i % 2 == 0 ? 4 : 0));
	}
	if (memcmp(wire, ip6_arpa, sizeof(ip6_arpa)) != 0)
		return false;
	*out = a;
	return true;
}

bool rev_parse(const uint8_t *wire, size_t len, struct addr *out)
{
	return parse_v4(wire, len, out) || parse_v6(wire, len, out);
}

/* Add what a label says to the end of the prefix: an octet, a nibble; false: neither. */
static bool extend(struct prefix *p, const uint8_t *label)
{
	uint8_t *octet = &p->addr.octets[p->bits / 8];
	int v = -1;

	if (p->bits == 8 * p->addr.len)
		return false;
	if (p->addr.len == 4)
		v = parse_octet(label + 1, label[0]);
	else if (label[0] == 1)
		v = parse_nibble(label[1]);
	if (v < 0)
		return false;
	if (p->addr.len == 16 && p->bits % 8 == 0)
		v <<= 4;
	*octet = (uint8_t)(*octet | v);
	p->bits = (uint8_t)(p->bits + (p->addr.len == 4 ? 8 : 4));
	return true;
}

bool rev_prefix(const uint8_t *wire, size_t len, struct prefix *out)
{
	uint8_t start[NAME_MAX_LEN / 2]; /* of each label in front of the tree's name */
	const bool v4 = name_under(wire, len, in_addr_arpa, sizeof(in_addr_arpa));
	struct prefix p = {.addr.len = v4 ? 4 : 16};
	unsigned n = 0;

	if (!v4 && !name_under(wire, len, ip6_arpa, sizeof(ip6_arpa)))
		return false;
	const size_t end = len - (v4 ? sizeof(in_addr_arpa) : sizeof(ip6_arpa));
	for (size_t at = 0; at < end; at += 1u + wire[at])
		start[n++] = (uint8_t)at;
	while (n > 0 && extend(&p, wire + start[n - 1]))
		n--;
	if (p.bits == 0)
		return false;
	*out = p;
	return true;
}

/* Add 1 to the number that the first `bits` bits make; `bits` ends an octet or nibble. */
static void step(struct addr *a, unsigned bits)
{
	unsigned i = (bits - 1) / 8;

	a->octets[i] = (uint8_t)(a->octets[i] + (bits % 8 == 0 ? 1 : 16));
}

int rev_zones(const char *cidr, struct name *out, int max)
{
	struct prefix p;
	unsigned border;

	if (!addr_parse_prefix(cidr, strlen(cidr), &p))
		return -EINVAL;
	struct addr a = p.addr;
	border = (unsigned)round_up(p.bits, a.len == 4 ? 8 : 4);
	int n = 1 << (border - p.bits);
	if (n > max)
		return -E2BIG;
	for (int i = 0; i < n; i++) {
		if (a.len == 4)
			name_v4(a.octets, border / 8, &out[i]);
		else
			name_v6(a.octets, border / 4, &out[i]);
		if (i + 1 < n) /* then border > 0, and no carry leaves the octet */
			step(&a, border);
	}
	return n;
}
