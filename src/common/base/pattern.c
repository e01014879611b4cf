#include "base/pattern.h"

#include <stdio.h>
#include <stdlib.h>

/* The larger number of "{m,n}" at `s`, behind the bracket. */
static unsigned long count_at(const char *s)
{
	char *end;
	unsigned long least = strtoul(s, &end, 10), most;

	if (*end != ',')
		return least;
	most = strtoul(end + 1, &end, 10);
	return most > least ? most : least;
}

static const char *costly(const char *text)
{
	unsigned long product = 1;

	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			if (*s >= '1' && *s <= '9')
				return "back-references are not offered";
		} else if (*s == '{') {
			unsigned long n = count_at(s + 1);

			if (n > PATTERN_COUNT_MAX / product)
				return "counts in {} are too large";
			product *= n > 1 ? n : 1;
		}
	}
	return NULL;
}

bool pattern_compile(const char *text, regex_t *re, char *why, size_t cap)
{
	const char *fault = costly(text);
	int error;

	if (fault != NULL) {
		snprintf(why, cap, "%s", fault);
		return false;
	}
	error = regcomp(re, text, REG_EXTENDED | REG_NOSUB);
	if (error != 0)
		regerror(error, NULL, why, cap);
	return error == 0;
}

bool pattern_matches(const regex_t *re, const char *s)
{
	return regexec(re, s, 0, NULL, 0) == 0;
}
