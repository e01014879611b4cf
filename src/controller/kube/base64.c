#include "controller/kube/base64.h"

#include <string.h>

#include "base/mem.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Digits up to padding or the end into `to`; false at any other octet. */
static bool take_digits(
	const char **p, const char *end, bool url, uint8_t *to, size_t *digits)
{
	uint32_t bits = 0;

	for (; *p < end && **p != '='; ++*p) {
		const int v = value(**p, url);

		if (v < 0 && !url && is_space(**p))
			continue;
		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		++*digits;
		if (*digits % 4 != 1)
			*to++ = (uint8_t)(bits >> (6 - 2 * ((*digits - 1) % 4)));
	}
	/* what the last digit has and no octet takes */
	const unsigned unused = *digits % 4 == 2 ? 0xf : *digits % 4 == 3 ? 0x3 : 0;
	return *digits % 4 != 1 && (bits & unused) == 0;
}

static bool decode(const char *text, size_t len, bool url, struct secret *out)
{
	struct secret room = {0};
	const char *p = text, *end = text + len;
	size_t digits = 0, padding = 0;

	secret_clear(out);
	bool ok = take_digits(&p, end, url, secret_make(&room, len / 4 * 3 + 3), &digits);
	for (; ok && !url && p < end; p++) {
		ok = *p == '=' || is_space(*p);
		padding += *p == '=';
	}
	if (!url)
		ok = ok && padding == (4 - digits % 4) % 4;
	if (ok && p == end)
		secret_set(out, room.data, digits * 3 / 4);
	secret_clear(&room);
	return ok && p == end;
}

bool base64_decode(const char *text, size_t len, struct secret *out)
{
	return decode(text, len, false, out);
}

bool base64_decode_url(const char *text, size_t len, struct secret *out)
{
	return decode(text, len, true, out);
}

char *base64_encode(const uint8_t *data, size_t len)
{
	char *out = mem_alloc((len + 2) / 3 * 4 + 1, 1), *to = out;

	for (size_t i = 0; i < len; i += 3) {
		const size_t n = len - i;
		const uint32_t bits = (uint32_t)data[i] << 16 |
		                      (n > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
		                      (n > 2 ? data[i + 2] : 0u);

		*to++ = alphabet[bits >> 18];
		*to++ = alphabet[bits >> 12 & 63];
		*to++ = n > 1 ? alphabet[bits >> 6 & 63] : '=';
		*to++ = n > 2 ? alphabet[bits & 63] : '=';
	}
	return out;
}
