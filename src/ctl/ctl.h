/*
 * ctl.h - what the verbs of shmdnsctl share: the table, exit statuses
 *
 * One verb, one file, one row in the table of main.c. A verb gets its words, parses them
 * with options_parse() and returns an exit status (OP-02 to OP-04).
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

enum exit_status {
	EXIT_OK = 0,
	EXIT_NEGATIVE = 1,    /* asked and answered, and the answer is no */
	EXIT_USAGE = 2,       /* the words make no sense */
	EXIT_UNREACHABLE = 3, /* nobody and nothing there to ask */
	EXIT_REFUSED = 4,     /* asked, and not permitted or not possible */
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

/* A message on stderr, "shmdnsctl: ...". */
void ctl_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The verbs: argv[0] is the verb's own name. Each returns an exit status. */
int ctl_query(const struct verb *v, int argc, char **argv);
int ctl_status(const struct verb *v, int argc, char **argv);
int ctl_workers(const struct verb *v, int argc, char **argv);
int ctl_upstreams(const struct verb *v, int argc, char **argv);
int ctl_flush(const struct verb *v, int argc, char **argv);
int ctl_dump(const struct verb *v, int argc, char **argv);
int ctl_explain(const struct verb *v, int argc, char **argv);
int ctl_history(const struct verb *v, int argc, char **argv);
int ctl_diff(const struct verb *v, int argc, char **argv);
int ctl_freeze(const struct verb *v, int argc, char **argv);
int ctl_thaw(const struct verb *v, int argc, char **argv);
int ctl_rollback(const struct verb *v, int argc, char **argv);
int ctl_reload(const struct verb *v, int argc, char **argv);
int ctl_check(const struct verb *v, int argc, char **argv);
int ctl_gen(const struct verb *v, int argc, char **argv);
int ctl_completion(const struct verb *v, int argc, char **argv);
int ctl_version(const struct verb *v, int argc, char **argv);

extern const char query_help[], status_help[], workers_help[], upstreams_help[],
	flush_help[], dump_help[], explain_help[], history_help[], diff_help[],
	freeze_help[], thaw_help[], rollback_help[], reload_help[], check_help[],
	gen_help[];

#endif
