/* addr.c - addresses as octets */
#include "dns/addr.h"

#include <stdio.h>

#include "base/base.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */

/* Decimal octets between `sep`; leading zeros only if `loose`. All of `s` is used. */
static bool parse_v4(const char *s, size_t len, char sep, bool loose, uint8_t out[4])
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		size_t from = at;
		unsigned v = 0;

		if (i > 0) {
			if (at >= len || s[at] != sep)
				return false;
			from = ++at;
		}
		for (; at < len && s[at] >= '0' && s[at] <= '9' && v <= 255; at++)
			v = v * 10 + (unsigned)(s[at] - '0');
		if (at == from || v > 255 || (!loose && at - from > 1 && s[from] == '0'))
			return false;
		out[i] = (uint8_t)v;
	}
	return at == len;
}

static void set(struct addr *out, const uint8_t *octets, size_t len)
{
	if (len == 16 && memcmp(octets, mapped, sizeof(mapped)) == 0) {
		octets += sizeof(mapped);
		len = 4;
	}
	*out = (struct addr){.len = (uint8_t)len};
	memcpy(out->octets, octets, len);
}

/* IPv6 in NUL-terminated text without dots. */
static bool parse_v6(const char *text, struct addr *out)
{
	uint8_t octets[16];

	if (inet_pton(AF_INET6, text, octets) != 1)
		return false;
	set(out, octets, 16);
	return true;
}

/* Give the last four octets, if written as IPv4, as two groups: 1.2.3.4 is 102:304. */
static bool untangle(char *text, size_t cap)
{
	char *tail = strrchr(text, ':');
	uint8_t v4[4];

	if (tail == NULL)
		return false;
	tail++;
	if (strchr(tail, '.') == NULL)
		return true;
	if (!parse_v4(tail, strlen(tail), '.', true, v4))
		return false;
	snprintf(tail, cap - (size_t)(tail - text), "%x:%x", (unsigned)load_u16(v4),
		(unsigned)load_u16(v4 + 2));
	return true;
}

bool addr_parse(const char *text, size_t len, struct addr *out)
{
	char copy[64]; /* 39 octets of groups; more only with zeros in a dotted tail */
	uint8_t v4[4];

	if (parse_v4(text, len, '.', true, v4)) {
		set(out, v4, 4);
		return true;
	}
	if (len >= sizeof(copy) - 10 || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return untangle(copy, sizeof(copy)) && parse_v6(copy, out);
}

bool addr_parse_dashed(const uint8_t *label, size_t len, struct addr *out)
{
	char text[64]; /* a label and a NUL */
	unsigned dashes = 0;
	bool pair = false;
	uint8_t v4[4];

	if (len >= sizeof(text))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (label[i] == ':' || label[i] == '.' || label[i] == '\0')
			return false;
		dashes += label[i] == '-';
		pair |= i > 0 && label[i] == '-' && label[i - 1] == '-';
		text[i] = label[i] == '-' ? ':' : (char)label[i];
	}
	text[len] = '\0';
	if (dashes != 3 || pair)
		return parse_v6(text, out);
	if (!parse_v4(text, len, ':', false, v4))
		return false;
	set(out, v4, 4);
	return true;
}

void addr_of_socket(const struct sockaddr *sa, struct addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct addr){0};
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		set(out, (const uint8_t *)&v4.sin_addr, 4);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		set(out, v6.sin6_addr.s6_addr, 16);
	}
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2). */
static void find_run(const uint8_t *octets, int *begin, int *end)
{
	*begin = *end = -1;
	for (int i = 0; i < 8; i++) {
		int j = i;

		while (j < 8 && load_u16(octets + 2 * j) == 0)
			j++;
		if (j - i >= 2 && j - i > *end - *begin) {
			*begin = i;
			*end = j;
		}
		if (j > i)
			i = j - 1;
	}
}

static size_t text_v6(const uint8_t *octets, char *out)
{
	int begin, end, n = 0;

	find_run(octets, &begin, &end);
	for (int i = 0; i < 8; i++) {
		if (i == begin) {
			n += snprintf(out + n, ADDR_TEXT_MAX - (size_t)n, "::");
			i = end - 1;
			continue;
		}
		n += snprintf(out + n, ADDR_TEXT_MAX - (size_t)n, "%s%x",
			i == 0 || i == end ? "" : ":",
			(unsigned)load_u16(octets + 2 * i));
	}
	return (size_t)n;
}

size_t addr_text(const struct addr *a, char *out)
{
	const uint8_t *o = a->octets;

	out[0] = '\0';
	if (a->len == 16)
		return text_v6(o, out);
	if (a->len != 4)
		return 0;
	return (size_t)snprintf(
		out, ADDR_TEXT_MAX, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
}

size_t addr_dashed(const struct addr *a, char *out)
{
	size_t n = addr_text(a, out);

	for (size_t i = 0; i < n; i++)
		if (out[i] == '.' || out[i] == ':')
			out[i] = '-';
	if (a->len == 16 && n > 0 && out[n - 1] == '-') {
		out[n++] = '0';
		out[n] = '\0';
	}
	return n;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->len != b->len)
		return (int)a->len - (int)b->len;
	return memcmp(a->octets, b->octets, sizeof(a->octets));
}

/* One to three decimal digits without a leading zero, at most `max`; -1: none. */
static int parse_bits(const char *s, size_t len, int max)
{
	int v = 0;

	if (len == 0 || len > 3 || (len > 1 && s[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v <= max ? v : -1;
}

bool addr_parse_prefix(const char *text, size_t len, struct prefix *out)
{
	const char *slash = memchr(text, '/', len);
	struct addr a;

	if (slash == NULL || !addr_parse(text, (size_t)(slash - text), &a))
		return false;
	int bits = parse_bits(slash + 1, (size_t)(text + len - slash - 1), 8 * a.len);
	if (bits < 0)
		return false;
	for (unsigned i = (unsigned)bits; i < 8u * a.len; i++)
		a.octets[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	*out = (struct prefix){a, (uint8_t)bits};
	return true;
}

bool addr_in_prefix(const uint8_t *octets, size_t len, const struct prefix *p)
{
	const uint8_t *begin = p->addr.octets;
	size_t whole = p->bits / 8;
	unsigned rest = p->bits % 8;

	if (p->addr.len != len || memcmp(octets, begin, whole) != 0)
		return false;
	return rest == 0 || (octets[whole] ^ begin[whole]) >> (8 - rest) == 0;
}

bool addr_global(const struct addr *a)
{
	static const struct prefix not4[] = {
		{{4, {0}}, 8},
		{{4, {10}}, 8},
		{{4, {100, 64}}, 10},
		{{4, {127}}, 8},
		{{4, {169, 254}}, 16},
		{{4, {172, 16}}, 12},
		{{4, {192, 0, 0}}, 24},
		{{4, {192, 0, 2}}, 24},
		{{4, {192, 168}}, 16},
		{{4, {198, 18}}, 15},
		{{4, {198, 51, 100}}, 24},
		{{4, {203, 0, 113}}, 24},
		{{4, {224}}, 3},
	};
	static const struct prefix global6 = {{16, {0x20}}, 3};
	static const struct prefix documents6 = {{16, {0x20, 0x01, 0x0d, 0xb8}}, 32};

	if (a->len == 16)
		return addr_in_prefix(a->octets, 16, &global6) &&
		       !addr_in_prefix(a->octets, 16, &documents6);
	for (unsigned i = 0; i < ARRAY_LEN(not4); i++)
		if (addr_in_prefix(a->octets, a->len, &not4[i]))
			return false;
	return a->len == 4;
}

bool addr_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->len == 4)
		return a->octets[0] == 127;
	return a->len == 16 && memcmp(a->octets, one, sizeof(one)) == 0;
}
