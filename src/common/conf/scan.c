#include <stdarg.h>
#include <stdlib.h>

#include "base/base.h"
#include "conf/lex.h"
#include "conf/scan.h"
#include "conf/coredns.h"

#define DEPTH_MAX  16
#define ITEMS_MAX  65536
#define GROUP_MAX  1024 /* settings in one group: duplicates are searched for */
#define NUMBER_MAX 9    /* digits that always fit 32 bits */

struct scanner {
	struct lex lex;
	struct lex_token tok;
	struct conf_report *report;
	struct scan *out;
	char path[256];
	unsigned depth;
	bool in_list; /* what is read is an element of a list */
};

static void advance(struct scanner *s, enum lex_mode mode)
{
	lex_next(&s->lex, mode, &s->tok);
	if (s->tok.type == LEX_FAULT)
		s->out->failed = true;
}

static bool at_mark(const struct scanner *s, char c)
{
	return s->tok.type == LEX_MARK && s->tok.raw[0] == c;
}

static void emit(struct scanner *s, const char *text, size_t len)
{
	mem_buf_put(&s->out->text, text, len);
	mem_buf_put(&s->out->text, "\n", 1);
}

/* The token as messages show it. */
static const char *shown(const struct lex_token *t, char *quoted)
{
	if (t->type == LEX_END)
		return "the end of the file";
	return report_quote(t->raw, t->len, quoted);
}

/* One fault of syntax ends the reading of a file. */
static void stop(struct scanner *s, const char *expected, const char *hint)
{
	char quoted[REPORT_QUOTE_MAX];

	if (s->out->failed)
		return;
	s->out->failed = true;
	report_add(s->report, CONF_ERROR, &s->tok.at, s->path,
		"expected %s, found %s%s%s", expected, shown(&s->tok, quoted),
		hint[0] != '\0' ? " — " : "", hint);
}

/* A finding about a value: the reading goes on with something harmless in its place. */
__attribute__((format(printf, 3, 4))) static void bad(
	struct scanner *s, struct scan_item *item, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (item->bad)
		return;
	item->bad = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_add(s->report, CONF_ERROR, &item->value, s->path, "%s", text);
}

/* Items move when the array grows, so they are known by number. */
static size_t new_item(struct scanner *s, const struct place *name)
{
	struct scan *o = s->out;

	if ((o->n & (o->n - 1)) == 0) /* doubles at powers of two */
		o->item = mem_resize(o->item, MAX(2 * o->n, 1), sizeof(*o->item));
	if (o->n + 1 >= ITEMS_MAX)
		stop(s, "the end of the file after 65,536 values", "");
	o->item[o->n] = (struct scan_item){.name = name != NULL ? *name : s->tok.at,
		.value = s->tok.at,
		.raw = s->tok.raw,
		.raw_len = s->tok.len};
	return o->n++;
}

static size_t span(const char *s, size_t len, const char *of)
{
	size_t n = 0;

	while (n < len && s[n] != '\0' && strchr(of, s[n]) != NULL)
		n++;
	return n;
}

/* Is the whole of it [-+]digits, perhaps with L or LL, or 0x and hexadecimal digits? */
static bool is_integer(const char *s, size_t len, size_t *digits, bool *hex, bool *wide)
{
	size_t at = len > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;

	*hex = len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	if (*hex)
		at = 2;
	*digits = span(s + at, len - at, *hex ? "0123456789abcdefABCDEF" : "0123456789");
	at += *digits;
	size_t suffix = span(s + at, len - at, "L");
	*wide = suffix > 0;
	return *digits > 0 && suffix <= 2 && at + suffix == len;
}

static bool is_float(const char *s, size_t len)
{
	size_t at = len > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
	size_t before = span(s + at, len - at, "0123456789");
	size_t after = 0;

	at += before;
	if (at < len && s[at] == '.') {
		at++;
		after = span(s + at, len - at, "0123456789");
		at += after;
	}
	if (before + after == 0)
		return false;
	if (at < len && (s[at] == 'e' || s[at] == 'E')) {
		at++;
		at += at < len && (s[at] == '-' || s[at] == '+') ? 1 : 0;
		size_t exponent = span(s + at, len - at, "0123456789");
		if (exponent == 0)
			return false;
		at += exponent;
	}
	return at == len;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(s, word, len) == 0;
}

/* CF-01, CF-07: what libconfig would cut to 32 bits, or some releases read as octal. */
static void check_integer(
	struct scanner *s, struct scan_item *item, size_t digits, bool hex, bool wide)
{
	char quoted[REPORT_QUOTE_MAX];
	const char *raw = item->raw;
	const size_t fit = wide ? (hex ? 15 : 18) : (hex ? 7 : NUMBER_MAX);
	const size_t sign = raw[0] == '-' || raw[0] == '+' ? 1 : 0;

	report_quote(raw, item->raw_len, quoted);
	if (digits > fit)
		bad(s, item, "%s does not fit %s bits — write it with a unit or suffix",
			quoted, wide ? "64" : "32");
	else if (!hex && digits > 1 && raw[sign] == '0')
		bad(s, item, "%s begins with a zero — write it without leading zeros",
			quoted);
}

/* A value without quotes: number, truth value, or what should have stood in quotes. */
static void take_word(struct scanner *s, struct scan_item *item)
{
	char quoted[REPORT_QUOTE_MAX];
	const char *raw = item->raw;
	size_t len = item->raw_len, digits;
	bool hex, wide;
	const bool integer = is_integer(raw, len, &digits, &hex, &wide);
	const bool fraction = !integer && is_float(raw, len);

	if (integer) {
		check_integer(s, item, digits, hex, wide);
	} else if (!fraction && !is_word(raw, len, "true") &&
		   !is_word(raw, len, "false")) {
		report_quote(raw, len, quoted);
		if (is_word(raw, len, "yes") || is_word(raw, len, "on"))
			bad(s, item, "%s is no truth value — write true", quoted);
		else if (is_word(raw, len, "no") || is_word(raw, len, "off"))
			bad(s, item, "%s is no truth value — write false", quoted);
		else
			bad(s, item,
				"%s is no number, true or false — put it in quotes: %s",
				quoted, quoted);
	}
	if (item->bad)
		emit(s, "0", 1);
	else if (fraction)
		emit(s, "0.0", 3);
	else
		emit(s, raw, len);
}

/* The escape that begins at p[0]; a closing quote follows somewhere. */
static void check_escape(struct scanner *s, struct scan_item *item, const char *p)
{
	char quoted[REPORT_QUOTE_MAX];

	if (p[1] != '\0' && strchr("\\\"nrtf", p[1]) != NULL)
		return;
	if (p[1] == 'x' && span(p + 2, 2, "0123456789abcdefABCDEF") == 2)
		return;
	report_quote(p, 2, quoted);
	bad(s, item, "no escape begins with %s — write a backslash as two", quoted);
}

/* CF-08, and escapes that libconfig's releases read in different ways. */
static void check_string(struct scanner *s, struct scan_item *item)
{
	const char *p = s->tok.raw;
	char escape[REPORT_QUOTE_MAX];

	for (size_t i = 1; i + 1 < s->tok.len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '\0' || (c == '\\' && p[i + 1] == 'x' && p[i + 2] == '0' &&
					 p[i + 3] == '0')) {
			bad(s, item, "a string cannot hold a NUL octet — take it out");
		} else if (c < 0x20 && c != '\t') {
			report_quote(p + i, 1, escape);
			bad(s, item, "a string cannot hold the octet %s — take it out",
				escape);
		} else if (c == '\\') {
			check_escape(s, item, p + i);
			i++;
		}
	}
}

/* A string, or several that follow one another and are one. */
static void take_strings(struct scanner *s, size_t number)
{
	size_t mark = s->out->text.len;

	for (bool first = true; s->tok.type == LEX_STRING; first = false) {
		if (!first && s->in_list)
			report_add(s->report, CONF_WARNING, &s->tok.at, s->path,
				"is one string with the one before it — put a comma "
				"between them");
		check_string(s, &s->out->item[number]);
		emit(s, s->tok.raw, s->tok.len);
		advance(s, LEX_EXPECT_NAME);
	}
	if (s->out->item[number].bad) {
		s->out->text.len = mark;
		emit(s, "\"\"", 2);
	}
}

static void take_value(struct scanner *s, const struct place *name);
static void take_settings(struct scanner *s, bool in_group);

/* `[ ... ]` or `( ... )`: both go on as lists, types of elements are checked later. */
static void take_list(struct scanner *s)
{
	const char close = s->tok.raw[0] == '[' ? ']' : ')';
	const size_t path_len = strlen(s->path);
	const unsigned line = s->tok.at.line;
	char expected[16], hint[64];
	unsigned i = 0;

	emit(s, "(", 1);
	advance(s, LEX_EXPECT_VALUE);
	while (!s->out->failed && !at_mark(s, close)) {
		if (i > 0)
			emit(s, ",", 1);
		snprintf(s->path + path_len, sizeof(s->path) - path_len, "[%u]", i++);
		s->in_list = true;
		take_value(s, NULL);
		s->in_list = false;
		s->path[path_len] = '\0';
		if (s->out->failed || at_mark(s, close))
			break;
		if (!at_mark(s, ',')) {
			snprintf(expected, sizeof(expected), "\",\" or \"%c\"", close);
			snprintf(hint, sizeof(hint),
				"the \"%c\" of line %u is not closed",
				close == ']' ? '[' : '(', line);
			stop(s, expected, hint);
			break;
		}
		advance(s, LEX_EXPECT_VALUE);
	}
	emit(s, ")", 1);
	if (!s->out->failed)
		advance(s, LEX_EXPECT_NAME);
}

static void take_group(struct scanner *s)
{
	char hint[64];

	snprintf(
		hint, sizeof(hint), "the \"{\" of line %u is not closed", s->tok.at.line);
	emit(s, "{", 1);
	s->in_list = false;
	advance(s, LEX_EXPECT_NAME);
	take_settings(s, true);
	if (!s->out->failed && !at_mark(s, '}'))
		stop(s, "a setting or \"}\"", hint);
	emit(s, "}", 1);
	if (!s->out->failed)
		advance(s, LEX_EXPECT_NAME);
}

static void take_value(struct scanner *s, const struct place *name)
{
	size_t number = new_item(s, name);

	if (s->out->failed)
		return;
	if (s->tok.type == LEX_STRING) {
		take_strings(s, number);
	} else if (s->tok.type == LEX_WORD) {
		take_word(s, &s->out->item[number]);
		advance(s, LEX_EXPECT_NAME);
	} else if (!at_mark(s, '[') && !at_mark(s, '(') && !at_mark(s, '{')) {
		stop(s, "a value", "");
	} else if (s->depth == DEPTH_MAX) {
		stop(s, "a value that is not nested so deeply", "");
	} else {
		s->depth++;
		if (at_mark(s, '{'))
			take_group(s);
		else
			take_list(s);
		s->depth--;
	}
}

/* One hint instead of riddles: for a Corefile (OP-28), and for a key with its path. */
static const char *corefile_hint(const struct scanner *s, const char *name, size_t len)
{
	if (s->depth > 0)
		return "";
	bool dot = s->tok.type == LEX_WORD && s->tok.raw[0] == '.';
	if (name == NULL)
		return dot ? "Corefile syntax: use `shmdnsctl import corefile`" : "";
	if (dot && s->tok.len > 1) /* a dot alone is a zone */
		return "keys stand in their group: name = { key = value; };";
	return coredns_directive(name, len) && !at_mark(s, '{')
	               ? "Corefile syntax: use `shmdnsctl import corefile`"
	               : "";
}

struct seen {
	const char *name;
	size_t len;
	struct place at;
};

/* CF-06: the same name twice in a group of one file. */
static const struct seen *twice(
	const struct seen *seen, size_t n, const struct lex_token *t)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i].len == t->len && memcmp(seen[i].name, t->raw, t->len) == 0)
			return &seen[i];
	return NULL;
}

/* The value of a name that is there already: said, and read under a name nobody knows. */
static void take_twice(
	struct scanner *s, const struct lex_token *name, const struct seen *first)
{
	char alias[32];
	const size_t number = s->out->n;

	report_add(s->report, CONF_ERROR, &name->at, s->path,
		"is set twice; the first stands at %s:%u:%u — keep one", first->at.file,
		first->at.line, first->at.column);
	snprintf(alias, sizeof(alias), "*%zu", number);
	emit(s, alias, strlen(alias));
	emit(s, "=", 1);
	take_value(s, &name->at);
	if (s->out->n > number)
		s->out->item[number].bad = true;
}

static void take_setting(
	struct scanner *s, const struct lex_token *name, const struct seen *first)
{
	if (!at_mark(s, '=') && !at_mark(s, ':')) {
		stop(s, "\"=\" behind the name", corefile_hint(s, name->raw, name->len));
		return;
	}
	advance(s, LEX_EXPECT_VALUE);
	if (s->out->failed)
		return;
	if (first != NULL) {
		take_twice(s, name, first);
	} else {
		emit(s, name->raw, name->len);
		emit(s, "=", 1);
		take_value(s, &name->at);
	}
	if (!s->out->failed && (at_mark(s, ';') || at_mark(s, ',')))
		advance(s, LEX_EXPECT_NAME);
}

/* Settings up to "}" or the end; the token there is left to the caller. */
static void take_settings(struct scanner *s, bool in_group)
{
	const size_t path_len = strlen(s->path);
	struct seen *seen = NULL;
	size_t n = 0;

	while (!s->out->failed && s->tok.type == LEX_NAME) {
		const struct lex_token name = s->tok;

		if (n == GROUP_MAX) {
			stop(s, "fewer than 1,024 settings in a group", "");
			break;
		}
		if ((n & (n - 1)) == 0)
			seen = mem_resize(seen, MAX(2 * n, 1), sizeof(*seen));
		const struct seen *first = twice(seen, n, &name);
		struct seen copy = first != NULL ? *first : (struct seen){0};
		seen[n++] = (struct seen){name.raw, name.len, name.at};
		snprintf(s->path + path_len, sizeof(s->path) - path_len, "%s%.*s",
			path_len > 0 ? "." : "", (int)MIN(name.len, 100), name.raw);
		advance(s, LEX_EXPECT_NAME);
		if (!s->out->failed)
			take_setting(s, &name, first != NULL ? &copy : NULL);
		s->path[path_len] = '\0';
	}
	free(seen);
	if (!s->out->failed && s->tok.type != LEX_END && !(in_group && at_mark(s, '}')))
		stop(s, in_group ? "a setting or \"}\"" : "a setting",
			corefile_hint(s, NULL, 0));
}

void scan_file(const uint8_t *bundle, size_t len, const struct bundle_record *file,
	struct conf_report *report, struct scan *out)
{
	struct scanner s = {.report = report, .out = out};

	*out = (struct scan){0};
	lex_init(&s.lex, bundle, len, file, report);
	advance(&s, LEX_EXPECT_NAME);
	take_settings(&s, false);
	mem_buf_put(&out->text, "", 1);
}

void scan_fini(struct scan *s)
{
	free(s->item);
	mem_buf_fini(&s->text);
	*s = (struct scan){0};
}
