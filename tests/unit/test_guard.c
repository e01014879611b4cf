/*
 * test_guard.c - namespaces that are named like a top-level domain (AC-07)
 */
#include "controller/records/guard.h"

#include "support.h"

START_TEST(public_names)
{
	static const char *const names[] = {"com", "net", "org", "io", "dev", "arpa",
		"zone", "academy", "de", "ac", "zw", "uk", "eu", "xn--p1ai"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_msg(guard_is_public(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(other_names)
{
	static const char *const names[] = {"default", "kube-system", "co-m", "comm",
		"om-", "c", "k8s", "d e", "aa", "a1", "zz", "cademy", "one-zone",
		"monitoring", "1", "ac-ad", "xn-", " ", " academy", " zone "};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_msg(!guard_is_public(names[i]), "%s", names[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("core");

	tcase_add_test(tc, public_names);
	tcase_add_test(tc, other_names);
	return run_case("guard", tc);
}
