#include "base/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The larger number of "{m,n}" at `s`, behind the bracket; "{m,}" is m and a star. */
static unsigned long count_at(const char *s)
{
	char *end;
	unsigned long least = strtoul(s, &end, 10), most;

	if (*end != ',')
		return least;
	if (end[1] == '}')
		return least < PATTERN_COUNT_MAX ? least + 1 : least;
	most = strtoul(end + 1, &end, 10);
	return most > least ? most : least;
}

/* Behind the bracket expression that begins at `s`: "[]a]", "[^[:digit:]]". */
static const char *skip_bracket(const char *s)
{
	s += s[1] == '^' ? 2 : 1;
	if (*s == ']')
		s++;
	for (; *s != '\0' && *s != ']'; s++) {
		const char kind = *s == '[' ? s[1] : '\0';

		if (kind != ':' && kind != '.' && kind != '=')
			continue;
		for (s += 2; *s != '\0' && !(s[0] == kind && s[1] == ']'); s++)
			continue;
		if (*s == '\0')
			break;
		s++;
	}
	return *s == ']' ? s + 1 : s;
}

/*
 * How large it becomes when it is compiled: regcomp(3) writes what is counted as often as
 * it may stand there, and what has a "+" twice, groups in groups too.
 */
struct size {
	unsigned long sum[PATTERN_DEPTH_MAX]; /* of each open group, without `last` */
	unsigned long last;                   /* of what a count would repeat */
	unsigned depth;
};

static void next_atom(struct size *z, unsigned long size)
{
	z->sum[z->depth] += z->last;
	z->last = size;
}

/* What stands at `s` is a character, a bracket of a group, or a count. */
static const char *costly_at(struct size *z, const char *s)
{
	unsigned long n = *s == '+' ? 2 : *s == '{' ? count_at(s + 1) : 0;

	if (n > PATTERN_COUNT_MAX)
		return "counts in {} are too large";
	if (*s == '(') {
		if (z->depth + 1 == PATTERN_DEPTH_MAX)
			return "there are too many groups in groups";
		next_atom(z, 0);
		z->sum[++z->depth] = 0;
	} else if (*s == ')' && z->depth > 0) {
		unsigned long group = z->sum[z->depth--] + z->last + 1;

		z->last = 0;
		next_atom(z, group);
	} else if (n > 0) {
		z->last *= n;
	} else if (*s != '*' && *s != '?') {
		next_atom(z, 1);
	}
	return z->sum[z->depth] + z->last > PATTERN_SIZE_MAX
	               ? "it is too large with its counts written out (+ is two)"
	               : NULL;
}

static const char *costly(const char *text)
{
	struct size z = {.depth = 0};
	const char *fault = NULL;

	for (const char *s = text; *s != '\0' && fault == NULL;) {
		if (*s == '[') {
			s = skip_bracket(s);
			next_atom(&z, 1);
		} else if (*s == '\\' && s[1] != '\0') {
			if (s[1] >= '1' && s[1] <= '9')
				return "back-references are not offered";
			next_atom(&z, 1);
			s += 2;
		} else {
			const char *at = s;

			s += *s == '{' ? strcspn(s, "}") : 0;
			s += *s != '\0';
			fault = costly_at(&z, at);
		}
	}
	return fault;
}

static bool compile(const char *text, int flags, regex_t *re, char *why, size_t cap)
{
	const char *fault = costly(text);
	int error;

	if (fault != NULL) {
		snprintf(why, cap, "%s", fault);
		return false;
	}
	error = regcomp(re, text, REG_EXTENDED | flags);
	if (error != 0)
		regerror(error, NULL, why, cap);
	return error == 0;
}

bool pattern_compile(const char *text, regex_t *re, char *why, size_t cap)
{
	return compile(text, REG_NOSUB, re, why, cap);
}

bool pattern_groups(const char *text, regex_t *re, char *why, size_t cap)
{
	return compile(text, 0, re, why, cap);
}

bool pattern_matches(const regex_t *re, const char *s)
{
	return regexec(re, s, 0, NULL, 0) == 0;
}
