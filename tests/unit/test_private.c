/*
 * test_private.c - records of upstreams that lead into networks of ours (AC-09)
 */
#include "dns/type.h"
#include "support.h"
#include "worker/private.h"

static struct forward_settings settings(void)
{
	static const char *const nets[] = {"10.0.0.0/8", "fd00::/8"};
	struct forward_settings f = {.nprivate = ARRAY_LEN(nets)};

	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		ck_assert(
			addr_parse_prefix(nets[i], strlen(nets[i]), &f.private_nets[i]));
	return f;
}

static bool judged(uint16_t type, const void *rdata, size_t len)
{
	static struct forward_settings f;
	uint8_t *copy = malloc(
		len > 0 ? len : 1); /* a sanitizer sees what is read behind */

	f = settings();
	memcpy(copy, rdata, len);
	const bool out = private_rr(&f, type, copy, len);
	free(copy);
	return out;
}

START_TEST(addresses)
{
	static const uint8_t mapped[16] = {[10] = 255, 255, 10, 0, 0, 1};
	static const uint8_t other[16] = {[9] = 1, 255, 255, 10, 0, 0, 1};

	ck_assert(judged(TYPE_A, "\12\0\0\1", 4));
	ck_assert(!judged(TYPE_A, "\13\0\0\1", 4));
	ck_assert(!judged(TYPE_A, "\12\0\0", 3));
	ck_assert(!judged(TYPE_TXT, "\12\0\0\1", 4));
	ck_assert(judged(TYPE_AAAA, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16));
	ck_assert(!judged(TYPE_AAAA, "\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16));
	ck_assert(judged(TYPE_AAAA, mapped, 16));
	ck_assert(!judged(TYPE_AAAA, other, 16));
}
END_TEST

/* Priority 1, target "a.", alpn, two IPv4 hints, one IPv6 hint. */
static const uint8_t binding[] = {0, 1, 1, 'a', 0, 0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 8,
	192, 0, 2, 1, 192, 0, 2, 2, 0, 6, 0, 16, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 1};
enum { SECOND_V4 = 20, V6 = 28 };

START_TEST(hints)
{
	uint8_t copy[sizeof(binding)];

	ck_assert(!judged(TYPE_HTTPS, binding, sizeof(binding)));
	memcpy(copy, binding, sizeof(copy));
	copy[SECOND_V4] = 10;
	ck_assert(judged(TYPE_HTTPS, copy, sizeof(copy)));
	ck_assert(judged(TYPE_SVCB, copy, sizeof(copy)));
	memcpy(copy, binding, sizeof(copy));
	copy[V6] = 0xfd;
	ck_assert(judged(TYPE_HTTPS, copy, sizeof(copy)));
}
END_TEST

/* What cannot be read is for nobody: others might find an address in it. */
START_TEST(unreadable)
{
	static const uint8_t pointer[] = {
		0, 1, 0xc0, 12, 0, 4, 0, 4, 192, 0, 2, 1}; /* its target is one */
	static const uint8_t odd[] = {0, 1, 0, 0, 4, 0, 5, 192, 0, 2, 1, 10};
	static const uint8_t empty[] = {0, 1, 0, 0, 4, 0, 0};

	ck_assert(judged(TYPE_HTTPS, pointer, sizeof(pointer)));
	ck_assert(judged(TYPE_SVCB, odd, sizeof(odd)));
	ck_assert(!judged(TYPE_SVCB, empty, sizeof(empty)));
}
END_TEST

/* Cut anywhere, or with any octet changed, it is read to its end and no further. */
START_TEST(hostile)
{
	uint8_t copy[sizeof(binding)];

	for (size_t len = 0; len <= sizeof(binding); len++) {
		const bool whole = len == 5 || len == 12 || len == SECOND_V4 + 4 ||
		                   len == sizeof(binding); /* behind a key */

		memcpy(copy, binding, sizeof(copy));
		ck_assert_int_eq(judged(TYPE_HTTPS, copy, len), !whole);
		for (size_t i = 0; i < len; i++) {
			copy[i] ^= 0xff;
			(void)judged(TYPE_HTTPS, copy, len);
			copy[i] ^= 0xff;
		}
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("private");

	tcase_add_test(tc, addresses);
	tcase_add_test(tc, hints);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, hostile);
	return run_case("private", tc);
}
