/*
 * options.h - the words behind a verb: options that each has, and its own
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/ctl.h"

enum format { FORMAT_TABLE, FORMAT_WIDE, FORMAT_JSON };

/* An option of a verb: with `value` it takes one, else it sets `flag`. */
struct option_spec {
	const char *letter; /* "-p", or NULL */
	const char *word;   /* "--port" */
	const char **value;
	bool *flag;
};

/* What was on the command line; pointers are borrowed from argv. */
struct options {
	enum format format;
	const char *instance; /* NULL: not given */
	const char *config;   /* NULL: not given */
	const char *socket;   /* of the controller; NULL: not given */
	unsigned timeout_ms;  /* 0: not given */
	char **arg;           /* what is no option, in order */
	int nargs;
};

/*
 * Parse argv (argv[0] is the verb) into *o; `own` are the `n` options of this verb
 * besides those that each has. Words that begin with '+' or '@' are arguments. 0; 1: help
 * was asked for and printed; -EINVAL: a message went to stderr.
 */
int options_parse(const struct verb *v, int argc, char **argv,
	const struct option_spec *own, size_t n, struct options *o);

/*
 * Tell `on_option` of each option of a verb, its own first: the tables that
 * options_parse() reads. The verb is run for that, and ends where it would have parsed.
 */
typedef void (*options_on_option)(void *arg, const struct option_spec *s);
void options_describe(const struct verb *v, options_on_option on_option, void *arg);

/* The number in `text`, within the bounds; false with a message that names `what`. */
bool options_number(const char *what, const char *text, unsigned long min,
	unsigned long max, unsigned long *out);

/* Exit status for what options_parse() returned if that is not 0. */
int options_exit(int ret);

#endif
