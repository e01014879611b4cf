/*
 * ctl.h - what the verbs of shmdnsctl share: the table, exit statuses, options
 *
 * One verb, one file, one row in the table of main.c. A verb gets its words, parses them
 * with options_parse() and returns an exit status (OP-02 to OP-04).
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status {
	EXIT_OK = 0,
	EXIT_NEGATIVE = 1,    /* asked and answered, and the answer is no */
	EXIT_USAGE = 2,       /* the words make no sense */
	EXIT_UNREACHABLE = 3, /* nobody and nothing there to ask */
};

/* A row of the table. `help` follows the line "usage: shmdnsctl NAME ARGUMENTS". */
struct verb {
	const char *name;
	const char *arguments;
	const char *summary; /* one line, for the list of verbs */
	const char *help;    /* of this verb's own options */
	int (*run)(const struct verb *v, int argc, char **argv);
};

/* All verbs, ended by a row without a name. */
extern const struct verb verbs[];

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
	unsigned timeout_ms;  /* 0: not given */
	char **arg;           /* what is no option, in its order */
	int nargs;
};

/*
 * Parse argv (argv[0] is the verb) into *o; `own` are the `n` options of this verb besides
 * those that each has. Words that begin with '+' or '@' are arguments. 0; 1: help was
 * asked for and printed; -EINVAL: a message went to stderr.
 */
int options_parse(const struct verb *v, int argc, char **argv,
	const struct option_spec *own, size_t n, struct options *o);

/* The number in `text`, within the bounds; false with a message that names `what`. */
bool options_number(const char *what, const char *text, unsigned long min,
	unsigned long max, unsigned long *out);

/* Exit status for what options_parse() returned if that is not 0. */
int options_exit(int ret);

/* A message on stderr, "shmdnsctl: ...". */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The verbs. */
int query_run(const struct verb *v, int argc, char **argv);
int status_run(const struct verb *v, int argc, char **argv);
int dump_run(const struct verb *v, int argc, char **argv);
int check_run(const struct verb *v, int argc, char **argv);
int gen_run(const struct verb *v, int argc, char **argv);
int completion_run(const struct verb *v, int argc, char **argv);
int version_run(const struct verb *v, int argc, char **argv);

extern const char query_help[], status_help[], dump_help[], check_help[], gen_help[];

#endif
