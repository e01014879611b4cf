/*
 * logtext.h - lines of the log as tests read them: "info test: worker ready slot=1"
 */
#ifndef TESTS_LOGTEXT_H
#define TESTS_LOGTEXT_H

#include <check.h>
#include <stdio.h>
#include <string.h>

/* The value behind `key`, which is cut off *line, without its quotes. */
static inline void logtext_take(const char **line, const char *key, char *out, size_t cap)
{
	const char *s = strstr(*line, key);
	size_t n = 0;

	ck_assert_ptr_nonnull(s);
	s += strlen(key);
	char end = *s == '"' ? '"' : ' ';
	for (s += end == '"'; *s != end && *s != '\n' && *s != '\0'; s++) {
		if (end == '"' && *s == '\\')
			s++;
		ck_assert_uint_lt(n + 1, cap);
		out[n++] = *s;
	}
	out[n] = '\0';
	*line = s + (end == '"');
}

/* Lines of key=value (logline.h), their heads in short. `out` has `cap` octets. */
static inline void logtext_plain(const char *text, char *out, size_t cap)
{
	char level[16], process[32], what[1000];
	size_t n = 0;

	out[0] = '\0';
	while (*text != '\0') {
		logtext_take(&text, "level=", level, sizeof(level));
		logtext_take(&text, "process=", process, sizeof(process));
		logtext_take(&text, "what=", what, sizeof(what));
		int rest = (int)strcspn(text, "\n");
		n += (size_t)snprintf(out + n, cap - n, "%s %s: %s%.*s\n", level, process,
			what, rest, text);
		ck_assert_uint_lt(n, cap);
		text += rest + (text[rest] == '\n');
	}
}

#endif
