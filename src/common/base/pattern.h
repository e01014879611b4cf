/*
 * pattern.h - POSIX extended regular expressions of an operator's (SM-01)
 *
 * What is matched may be chosen by strangers, so what could take for ever is refused:
 * back-references, counts ("{2,9}") above PATTERN_COUNT_MAX, and what becomes larger than
 * PATTERN_SIZE_MAX when counts are written out: "((a+)+)+" doubles with each "+".
 * Pure but for memory: regex(3) allocates, in pattern_matches() too.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#define PATTERN_COUNT_MAX 256
#define PATTERN_SIZE_MAX  600 /* characters, with all that is counted written out */
#define PATTERN_DEPTH_MAX 32  /* groups in groups */

/*
 * Compile. True: regfree() it later. False: *why says in words what is wrong, and *re is
 * nothing to free.
 */
bool pattern_compile(const char *text, regex_t *re, char *why, size_t cap);

/* The same, so that groups are known of what it matches: re->re_nsub of them. */
bool pattern_groups(const char *text, regex_t *re, char *why, size_t cap);

/* True if it matches somewhere in `s`. */
bool pattern_matches(const regex_t *re, const char *s);

#endif
