/* test_sha1.c - the examples of FIPS 180-4 and RFC 3174, and lengths around a block */
#include "base/sha1.h"

#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const struct {
	const char *text;
	size_t times;
	const char *digest;
} examples[] = {
	{"", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{"abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	{"a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
	{"01234567012345670123456701234567", 20,
		"dea356a2cddd90c7a7ecedc5ebb563934f460452"},
	{"a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
	{"a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
	{"a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
};

START_TEST(as_published)
{
	size_t n = strlen(examples[_i].text);
	uint8_t *octets = malloc(n * examples[_i].times + 1), digest[SHA1_OCTETS];
	char text[2 * SHA1_OCTETS + 1] = "";

	ck_assert_ptr_nonnull(octets);
	for (size_t i = 0; i < examples[_i].times; i++)
		memcpy(octets + i * n, examples[_i].text, n);
	sha1(octets, n * examples[_i].times, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ck_assert_str_eq(text, examples[_i].digest);
	free(octets);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sha1");

	tcase_add_loop_test(tc, as_published, 0, ARRAY_LEN(examples));
	return run_case("sha1", tc);
}
