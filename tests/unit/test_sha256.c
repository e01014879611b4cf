/* test_sha256.c - the examples of FIPS 180-4, and lengths around a block */
#include "base/sha256.h"

#include <stdio.h>

#include "support.h"

static const struct {
	const char *text;
	size_t times;
	const char *digest;
} examples[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000,
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(as_published)
{
	struct sha256 s;
	uint8_t digest[SHA256_OCTETS];
	char text[2 * SHA256_OCTETS + 1];

	sha256_init(&s);
	for (size_t i = 0; i < examples[_i].times; i++)
		sha256_add(&s, examples[_i].text, strlen(examples[_i].text));
	sha256_end(&s, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ck_assert_str_eq(text, examples[_i].digest);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sha256");

	tcase_add_loop_test(tc, as_published, 0, ARRAY_LEN(examples));
	return run_case("sha256", tc);
}
