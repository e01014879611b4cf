/*
 * support.h - small things that unit tests share
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "dns/name.h"

/* Wire form of `text` into `buf` (255 octets or more); returns the length. */
static inline size_t name_wire(const char *text, uint8_t *buf)
{
	struct name n;

	ck_assert_msg(name_parse(text, &n) == 0, "no name: %s", text);
	memcpy(buf, n.wire, n.len);
	return n.len;
}

/* A copy of n octets that ends where its memory ends: sanitizers see one step too far. */
static inline uint8_t *exact_copy(const void *src, size_t n)
{
	uint8_t *p = malloc(n > 0 ? n : 1);

	ck_assert_ptr_nonnull(p);
	if (n > 0)
		memcpy(p, src, n);
	return p;
}

/* The next number of a sequence that is the same in each run (xorshift64*). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

/* Run one suite of one case: what main() returns. */
static inline int run_case(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *r;
	int failed;

	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
