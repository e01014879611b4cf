/*
 * completion.h - what can stand behind a verb, for completion in shells (OV-20)
 *
 * It is told by the tables that the verbs themselves parse with, so it cannot differ from
 * them.
 */
#ifndef CTL_COMPLETION_H
#define CTL_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/ctl.h"

#define COMPLETION_OPTIONS 32
#define COMPLETION_WORDS   16

enum completion_kind {
	COMPLETION_FLAG,  /* takes no value */
	COMPLETION_VALUE, /* one that cannot be guessed */
	COMPLETION_WORD,  /* one of some words */
	COMPLETION_FILE,
};

struct completion_option {
	const char *letter; /* "-o", or NULL */
	const char *word;   /* "--output" */
	enum completion_kind kind;
	const char *words; /* of COMPLETION_WORD, with spaces between */
};

struct completion {
	const struct verb *verb;
	struct completion_option option[COMPLETION_OPTIONS];
	size_t noptions;
	char word[COMPLETION_WORDS][16]; /* that can be arguments */
	size_t nwords;
	bool files, types, keys; /* arguments may be files, types of records, keys */
	bool leads; /* one of the words comes first: files stand behind it alone */
};

/* What can stand behind the verb. */
void completion_describe(const struct verb *v, struct completion *out);

/* The script for a shell: "bash", "zsh" or "fish"; false: there is none for it. */
bool completion_print(const char *shell, FILE *out);

/* Types of records that are completed, with spaces between. */
extern const char completion_types[];

/* All keys of a configuration, each behind a space. */
void completion_keys(FILE *out);

#endif
