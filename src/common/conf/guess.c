/* guess.c - what an unknown key or word was probably meant to be (CF-02) */
#include <string.h>

#include "base/base.h"
#include "conf/schema.h"

#define WORD_MAX 40 /* no key is as long */

unsigned schema_distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	const size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return 99;
	for (unsigned j = 0; j <= m; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *now = row[i % 3];
		const unsigned *before = row[(i + 2) % 3], *two_before = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned d = before[j - 1] + (a[i - 1] != b[j - 1]);

			d = MIN(d, MIN(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				d = MIN(d, two_before[j - 2] + 1);
			now[j] = d;
		}
	}
	return row[n % 3][m];
}

/* The last word of a path, and the octets before it with their dot. */
static const char *last_word(const char *path, size_t *before)
{
	const char *dot = strrchr(path, '.');
	const char *word = dot != NULL ? dot + 1 : path;

	*before = (size_t)(word - path);
	return word;
}

/* The word of key `i` in the group of `path`, be it a key or a group. False: none. */
static bool word_in_group(
	size_t i, const char *path, size_t before, char word[WORD_MAX + 1])
{
	const char *p = schema[i].path + before;

	if (strncmp(schema[i].path, path, before) != 0)
		return false;
	size_t n = strcspn(p, ".[");
	if (n > WORD_MAX)
		return false;
	memcpy(word, p, n);
	word[n] = '\0';
	return true;
}

/* A short word is like any other: half of it must be right. */
static bool near(const char *a, const char *b, unsigned *best)
{
	unsigned d = schema_distance(a, b);

	if (d > 2 || 2 * d > strlen(a) || d >= *best)
		return false;
	*best = d;
	return true;
}

/* A secret in the file: its key names a file that has it (OP-29). */
static bool guess_file(const char *path, char *out, size_t cap)
{
	snprintf(out, cap, "%s_file", path);
	return schema_find(out) != NULL;
}

bool schema_guess(const char *path, char *out, size_t cap)
{
	size_t before, unused;
	const char *asked = last_word(path, &before);
	char word[WORD_MAX + 1];
	unsigned best = 3;

	if (guess_file(path, out, cap))
		return true;
	for (size_t i = 0; i < schema_n; i++)
		if (word_in_group(i, path, before, word) && near(asked, word, &best))
			snprintf(out, cap, "%.*s%s", (int)before, path, word);
	for (size_t i = 0; i < schema_n && best == 3; i++) {
		if (strcmp(last_word(schema[i].path, &unused), asked) != 0)
			continue;
		snprintf(out, cap, "%s", schema[i].path);
		best = 0;
	}
	return best < 3;
}
