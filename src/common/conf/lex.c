#include <stdlib.h>

#include "base/base.h"
#include "conf/lex.h"

#define INCLUDES_MAX 1000

static struct lex_source *top(struct lex *l)
{
	return &l->source[l->depth];
}

static bool push(struct lex *l, const struct bundle_record *r)
{
	if (l->depth == LEX_INCLUDES_MAX || l->includes == INCLUDES_MAX)
		return false;
	l->includes++;
	l->source[++l->depth] = (struct lex_source){.record = *r, .line = 1};
	return true;
}

void lex_init(struct lex *l, const uint8_t *bundle, size_t len,
	const struct bundle_record *file, struct conf_report *report)
{
	*l = (struct lex){.bundle = bundle, .bundle_len = len, .report = report};
	l->source[0] = (struct lex_source){.record = *file, .line = 1};
}

static struct place place(const struct lex_source *s, size_t pos)
{
	return (struct place){.file = s->record.name,
		.order = s->record.order,
		.line = s->line,
		.column = (unsigned)(pos - s->line_start) + 1};
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n';
}

static bool is_mark(char c)
{
	return c != '\0' && strchr("=:;,()[]{}", c) != NULL;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool in_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Octet `ahead` of the position; NUL at the end, where pos tells it from a real one. */
static char peek(const struct lex_source *s, size_t ahead)
{
	return ahead < s->record.len - s->pos ? s->record.text[s->pos + ahead] : '\0';
}

static void step(struct lex_source *s)
{
	if (s->record.text[s->pos++] == '\n') {
		s->line++;
		s->line_start = s->pos;
	}
}

/* Behind the comment at the position; false: it has no end. */
static bool skip_block(struct lex_source *s)
{
	s->pos += 2;
	while (s->pos < s->record.len) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			s->pos += 2;
			return true;
		}
		step(s);
	}
	return false;
}

static void skip_line(struct lex_source *s)
{
	while (s->pos < s->record.len && peek(s, 0) != '\n')
		s->pos++;
}

static void fault(struct lex *l, const struct place *at, const char *text)
{
	report_add(l->report, CONF_ERROR, at, "", "%s", text);
	l->fault = true;
}

/* Spaces and comments of the topmost source. */
static void skip(struct lex *l)
{
	struct lex_source *s = top(l);

	while (s->pos < s->record.len) {
		char c = peek(s, 0);

		if (is_space(c)) {
			step(s);
		} else if (c == '#' || (c == '/' && peek(s, 1) == '/')) {
			skip_line(s);
		} else if (c == '/' && peek(s, 1) == '*') {
			const struct place at = place(s, s->pos);

			if (!skip_block(s))
				fault(l, &at,
					"comment without an end — close it with */");
		} else {
			return;
		}
	}
}

bool lex_include(const char *line, const char *end, const char **target, size_t *n)
{
	static const char word[] = "@include";
	const char *p = line;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(end - p) < sizeof(word) || memcmp(p, word, sizeof(word) - 1) != 0)
		return false;
	for (p += sizeof(word) - 1; p < end && (*p == ' ' || *p == '\t');)
		p++;
	if (p >= end || *p != '"')
		return false;
	const char *begin = ++p;
	while (p < end && *p != '"' && *p != '\n' && *p != '\0')
		p++;
	if (p >= end || *p != '"' || p == begin)
		return false;
	*target = begin;
	*n = (size_t)(p - begin);
	return true;
}

/* Why `target` cannot be included, or NULL and its text is now being read. */
static const char *include(struct lex *l, const char *target, size_t n)
{
	struct bundle_record r;

	if (memchr(target, '*', n) != NULL || memchr(target, '?', n) != NULL)
		return "patterns are not understood — put the files into conf.d";
	char *name = bundle_beside(top(l)->record.name, target, n);
	bool found = bundle_find(
		l->bundle, l->bundle_len, name, BUNDLE_INCLUDED, BUNDLE_FAILED, &r);
	free(name);
	if (!found)
		return "no such file was read — check the name";
	if (r.kind == BUNDLE_FAILED)
		return r.text;
	return push(l, &r) ? NULL : "files include one another too often or too deeply";
}

static bool blank(const char *s, size_t n)
{
	return strspn(s, " \t") >= n;
}

/* The position is at an '@'. */
static void take_include(struct lex *l)
{
	struct lex_source *s = top(l);
	const char *line = s->record.text + s->line_start;
	const char *target, *why;
	const struct place at = place(s, s->pos);
	char quoted[REPORT_QUOTE_MAX];
	size_t n;

	if (!blank(line, s->pos - s->line_start) ||
		!lex_include(line, s->record.text + s->record.len, &target, &n)) {
		fault(l, &at,
			"\"@\" begins no setting — to include a file, write "
			"@include \"FILE\" on a line of its own");
		return;
	}
	s->pos = (size_t)(target - s->record.text) + n + 1;
	why = include(l, target, n);
	if (why == NULL)
		return;
	report_add(l->report, CONF_ERROR, &at, "", "cannot include %s: %s",
		report_quote(target, n, quoted), why);
	l->fault = true;
}

/* The string at the position, up to its closing quote. */
static void take_string(struct lex *l, struct lex_token *out)
{
	struct lex_source *s = top(l);
	size_t from = s->pos++;

	while (s->pos < s->record.len && peek(s, 0) != '"' && peek(s, 0) != '\n') {
		if (peek(s, 0) == '\\' && peek(s, 1) != '\n')
			s->pos++;
		s->pos++;
	}
	if (s->pos >= s->record.len || peek(s, 0) != '"') {
		s->pos = MIN(s->pos, s->record.len);
		fault(l, &out->at,
			"the string that begins here is not closed on its line — "
			"add the closing quote");
		return;
	}
	s->pos++;
	out->type = LEX_STRING;
	out->raw = s->record.text + from;
	out->len = s->pos - from;
}

/* True for an octet that cannot belong to a number or to a word without quotes. */
static bool ends_word(char c)
{
	return is_space(c) || c == '"' || c == '#' || (c != ':' && is_mark(c));
}

static void take_run(struct lex_source *s, enum lex_mode mode, struct lex_token *out)
{
	const size_t from = s->pos;
	const bool name = mode == LEX_EXPECT_NAME && is_letter(peek(s, 0));

	while (s->pos < s->record.len) {
		char c = peek(s, 0);

		if (name ? !in_name(c) : ends_word(c))
			break;
		s->pos++;
	}
	out->type = name ? LEX_NAME : LEX_WORD;
	out->raw = s->record.text + from;
	out->len = s->pos - from;
}

/* To the next octet that is part of a token; false at the end of everything. */
static bool settle(struct lex *l)
{
	for (;;) {
		skip(l);
		if (l->fault)
			return false;
		if (top(l)->pos >= top(l)->record.len) {
			if (l->depth == 0)
				return false;
			l->depth--;
		} else if (peek(top(l), 0) == '@') {
			take_include(l);
		} else {
			return true;
		}
	}
}

void lex_next(struct lex *l, enum lex_mode mode, struct lex_token *out)
{
	bool more = !l->fault && settle(l);
	struct lex_source *s = top(l);

	*out = (struct lex_token){.type = LEX_END, .raw = "", .at = place(s, s->pos)};
	if (more && is_mark(peek(s, 0))) {
		out->type = LEX_MARK;
		out->raw = s->record.text + s->pos++;
		out->len = 1;
	} else if (more && peek(s, 0) == '"') {
		take_string(l, out);
	} else if (more) {
		take_run(s, mode, out);
	}
	if (l->fault)
		out->type = LEX_FAULT;
}
