#include "controller/records/zonescan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* True if a word ends in front of it. */
static bool ends_word(char c)
{
	return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')';
}

static int fail(struct zonescan *s, size_t at, const char *why)
{
	s->why = why;
	s->why_line = s->line + 1;
	s->why_column = (unsigned)(at - s->line_at) + 1;
	return -EINVAL;
}

static void skip_comment(struct zonescan *s)
{
	while (s->at < s->len && s->text[s->at] != '\n')
		s->at++;
}

static void pass_line(struct zonescan *s)
{
	s->at++;
	s->line++;
	s->line_at = s->at;
}

/* Behind the quotes that begin at s->at; they end in the same line. */
static int pass_quotes(struct zonescan *s)
{
	size_t begin = s->at++;

	for (; s->at < s->len && s->text[s->at] != '\n'; s->at++) {
		if (s->text[s->at] == '"') {
			s->at++;
			return 0;
		}
		if (s->text[s->at] == '\\' && s->at + 1 < s->len &&
			s->text[s->at + 1] != '\n')
			s->at++;
	}
	return fail(s, begin, "quotes without an end in this line");
}

/* The word at s->at; quotes may stand inside of one, as in key="value" (RFC 9460). */
static int take_word(struct zonescan *s)
{
	struct zonescan_word w = {.at = s->text + s->at,
		.line = s->line + 1,
		.column = (unsigned)(s->at - s->line_at) + 1,
		.quoted = s->text[s->at] == '"'};
	size_t begin = s->at;
	int ret = 0;

	while (ret == 0 && s->at < s->len && !ends_word(s->text[s->at])) {
		if (s->text[s->at] == '\0')
			return fail(s, s->at, "a NUL octet — this is no text");
		if (s->text[s->at] == '"') {
			ret = pass_quotes(s);
			if (w.quoted)
				break;
			continue;
		}
		if (s->text[s->at] == '\\') {
			if (s->at + 1 >= s->len || s->text[s->at + 1] == '\n')
				return fail(s, s->at, "a \"\\\" with nothing behind it");
			s->at++;
		}
		s->at++;
	}
	if (ret < 0)
		return ret;
	w.len = s->at - begin;
	if (s->n == ZONESCAN_WORDS_MAX)
		return fail(s, begin, "more words than an entry may have: 65600");
	if (s->n == s->room) {
		s->room = s->room == 0 ? 16 : s->room * 2;
		s->word = mem_resize(s->word, s->room, sizeof(*s->word));
	}
	s->word[s->n++] = w;
	return 0;
}

/* An entry from the line at s->at; without words if that has none. */
static int take_entry(struct zonescan *s)
{
	size_t open_at = 0, depth = 0;
	unsigned open_line = 0;
	int ret = 0;

	s->n = 0;
	s->blank = is_blank(s->text[s->at]);
	while (ret == 0 && s->at < s->len) {
		char c = s->text[s->at];

		if (c == '\n') {
			pass_line(s);
			if (depth == 0)
				return 0;
		} else if (is_blank(c)) {
			s->at++;
		} else if (c == ';') {
			skip_comment(s);
		} else if (c == '(') {
			if (depth++ == 0) {
				open_at = s->at - s->line_at;
				open_line = s->line;
			}
			s->at++;
		} else if (c == ')') {
			if (depth-- == 0)
				return fail(s, s->at, "a \")\" without its \"(\"");
			s->at++;
		} else {
			ret = take_word(s);
		}
	}
	if (ret == 0 && depth > 0) {
		ret = fail(s, s->at, "a \"(\" without its \")\"");
		s->why_line = open_line + 1;
		s->why_column = (unsigned)open_at + 1;
	}
	return ret;
}

int zonescan_next(struct zonescan *s)
{
	while (s->at < s->len) {
		int ret = take_entry(s);

		if (ret < 0)
			return ret;
		if (s->n > 0)
			return 1;
	}
	return 0;
}

void zonescan_fini(struct zonescan *s)
{
	free(s->word);
	s->word = NULL;
	s->n = s->room = 0;
}
