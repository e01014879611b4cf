/* test_privacy.c - client addresses as they may be shown (LG-04) */
#include "dns/privacy.h"
#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};

static struct addr address(const char *text)
{
	struct addr a = {0};

	addr_parse(text, strlen(text), &a); /* "" is none */
	return a;
}

static const struct {
	const char *address;
	uint8_t mode;
	const char *shown;
} shown[] = {
	{"10.1.2.3", PRIVACY_OFF, "10.1.2.3"},
	{"2001:db8::1", PRIVACY_OFF, "2001:db8::1"},
	{"10.1.2.3", PRIVACY_PREFIX, "10.1.2.0"},
	{"255.255.255.255", PRIVACY_PREFIX, "255.255.255.0"},
	{"::ffff:10.1.2.3", PRIVACY_PREFIX, "10.1.2.0"},
	{"2001:db8:0:1ff:1:2:3:4", PRIVACY_PREFIX, "2001:db8:0:100::"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PRIVACY_PREFIX,
		"ffff:ffff:ffff:ff00::"},
	{"::1", PRIVACY_PREFIX, "::"},
	{"", PRIVACY_OFF, "-"},
	{"", PRIVACY_HASH, "-"},
	{"", PRIVACY_PREFIX, "-"},
};

START_TEST(shows) /* LG-04 */
{
	struct addr a = address(shown[_i].address);
	char out[PRIVACY_TEXT_MAX];
	struct privacy p;

	privacy_init(&p, shown[_i].mode, &key);
	ck_assert_uint_eq(privacy_text(&p, &a, out), strlen(shown[_i].shown));
	ck_assert_str_eq(out, shown[_i].shown);
}
END_TEST

static void word(const struct hash_key *k, uint8_t mode, const char *of, char *out)
{
	struct addr a = address(of);
	struct privacy p;

	privacy_init(&p, mode, k);
	ck_assert_uint_eq(privacy_text(&p, &a, out), 16);
	ck_assert_uint_eq(strspn(out, "0123456789abcdef"), 16);
}

/* The same word in every process of the instance, another in another one. */
START_TEST(word_is_of_the_instance) /* LG-04 */
{
	const struct hash_key weak = {1, 2, 0}, other = {1, 3, UINT64_MAX};
	char a[PRIVACY_TEXT_MAX], b[PRIVACY_TEXT_MAX];

	word(&key, PRIVACY_HASH, "10.1.2.3", a);
	word(&key, PRIVACY_HASH, "::ffff:10.1.2.3", b);
	ck_assert_str_eq(a, b);
	word(&weak, PRIVACY_HASH, "10.1.2.3", b);
	ck_assert_str_eq(a, b);
	word(&key, PRIVACY_HASH, "10.1.2.4", b);
	ck_assert_str_ne(a, b);
	word(&other, PRIVACY_HASH, "10.1.2.3", b);
	ck_assert_str_ne(a, b);
	word(&key, PRIVACY_HASH, "2001:db8::1", b);
	ck_assert_str_ne(a, b);
}
END_TEST

/* A mode that nobody knows never shows an address. */
START_TEST(unknown_mode_hides) /* LG-04 */
{
	char out[PRIVACY_TEXT_MAX];

	word(&key, 77, "10.1.2.3", out);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("privacy");

	tcase_add_loop_test(tc, shows, 0, ARRAY_LEN(shown));
	tcase_add_test(tc, word_is_of_the_instance);
	tcase_add_test(tc, unknown_mode_hides);
	return run_case("privacy", tc);
}
