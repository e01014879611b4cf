/*
 * lex.h - the tokens of a configuration file, with their places (inside of conf/)
 *
 * Skips space and comments, follows @include within the bundle.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include "conf/bundle.h"
#include "conf/report.h"

#define LEX_INCLUDES_MAX 10 /* depth */

enum lex_type {
	LEX_END,    /* of the file that was begun with */
	LEX_NAME,   /* of a setting */
	LEX_STRING, /* with its quotes */
	LEX_WORD,   /* anything else without space: numbers, true, what lacks quotes */
	LEX_MARK,   /* one octet of = : ; , ( ) [ ] { } */
	LEX_FAULT,  /* a finding was added; the same again for ever after */
};

/* Names are told from words by where they stand, so the caller says what it expects. */
enum lex_mode { LEX_EXPECT_NAME, LEX_EXPECT_VALUE };

struct lex_token {
	enum lex_type type;
	const char *raw; /* borrowed from the bundle */
	size_t len;
	struct place at;
};

struct lex_source {
	struct bundle_record record;
	size_t pos, line_start;
	unsigned line;
};

struct lex {
	const uint8_t *bundle; /* borrowed */
	size_t bundle_len;
	struct conf_report *report; /* borrowed */
	struct lex_source source[LEX_INCLUDES_MAX + 1];
	unsigned depth;
	unsigned includes; /* in all: bounds what a file can make of itself */
	bool fault;
};

/* Begin with the record `file` of the bundle. Both and *report outlive *l. */
void lex_init(struct lex *l, const uint8_t *bundle, size_t len,
	const struct bundle_record *file, struct conf_report *report);

/* The next token. */
void lex_next(struct lex *l, enum lex_mode mode, struct lex_token *out);

/*
 * True if the line that begins at `line` (up to `end`) is `@include "target"`; *target
 * and *n are then what stands in the quotes. For conf_read(), which does not know tokens.
 */
bool lex_include(const char *line, const char *end, const char **target, size_t *n);

#endif
