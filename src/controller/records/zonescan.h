/*
 * zonescan.h - the words of a master file (RFC 1035, section 5.1) (core)
 *
 * An entry is a line, or several within parentheses, cut into words at blanks; comments
 * are gone. Words are as the file has them: escapes are in them, and quotes are around
 * them. Nothing of the text is trusted.
 */
#ifndef RECORDS_ZONESCAN_H
#define RECORDS_ZONESCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Of an entry: 65535 octets, each in hex by itself, and what stands before them. */
#define ZONESCAN_WORDS_MAX 65600

struct zonescan_word {
	const char *at; /* borrowed from the text; with its quotes, if it is quoted */
	size_t len;
	unsigned line, column; /* both from 1 */
	bool quoted;           /* as a whole */
};

/* Zeroed, with text and len set, is valid; zonescan_fini() ends it. */
struct zonescan {
	const char *text; /* borrowed */
	size_t len, at;
	size_t line_at; /* where the line begins that `at` is in */
	unsigned line;  /* its number, from 0 */
	/* The entry that zonescan_next() found: */
	struct zonescan_word *word; /* owned; `n` of them, at least one */
	size_t n, room;
	bool blank; /* it begins with a blank: its owner is that of the entry before */
	/* What is wrong with it, and where, from 1: */
	const char *why;
	unsigned why_line, why_column;
};

/* Find the next entry. 1; 0: there are no more; -EINVAL: `why` is set. */
int zonescan_next(struct zonescan *s);

/* Free what it owns. */
void zonescan_fini(struct zonescan *s);

#endif
